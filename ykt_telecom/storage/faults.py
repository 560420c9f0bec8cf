"""Which database errors are the storage's fault (disk full, I/O, locked, connection) and which are the step's own."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from ..runtime.errors import Trouble

_SQLITE_STORAGE_CODES = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)

#: SQLSTATE classes and codes (PostgreSQL manual, appendix A): connection, resources (disk, memory, connections),
#: shut down by somebody, system error, corrupted data or index; read-only server, lock not to be had, asked to stop.
_STORAGE_STATES = ("08", "53", "57P", "58", "XX001", "XX002", "25006", "55P03", "57014")

#: SERIALIZATION_FAILURE and DEADLOCK_DETECTED: nothing is wrong with the step, and it works when it is run again.
_TRANSIENT_STATES = ("40001", "40P01")

#: The session is gone, whatever it was doing.
_LOST_STATES = ("08", "57P01", "57P02", "57P03", "57P05")


class StorageUnavailable(Trouble, RuntimeError):
    """The database cannot take writes now (disk full, I/O error, locked). Free space or repair it; intake resumes."""


class OutcomeUnknown(StorageUnavailable):
    """The connection was lost while committing: it may be stored or not. Look before it is done again."""


class SchemaMismatch(Trouble, RuntimeError):
    """The database belongs to another version of the platform. Use that version, or start with a new data folder."""


class AlreadyRunning(Trouble, RuntimeError):
    """Another instance holds the database. Stop it first, or use another data folder."""


def storage_fault(error: BaseException) -> str | None:
    """One line naming the storage's fault, or None when the error is the step's own."""
    if isinstance(error, (StorageUnavailable, AlreadyRunning)):
        return str(error)
    original = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _SQLITE_STORAGE_CODES:
            return f"{original} ({getattr(original, 'sqlite_errorname', code)})"
    if not isinstance(error, DBAPIError):
        return None
    state = _state(error)
    if state.startswith((*_STORAGE_STATES, *_TRANSIENT_STATES)):
        return f"{str(original).strip().splitlines()[0]} (SQLSTATE {state})"
    if connection_lost(error):
        return f"database connection lost: {type(original).__name__}"
    return None


def is_transient(error: BaseException) -> bool:
    """Another session came in between: the same transaction, run again, may well succeed."""
    return isinstance(error, DBAPIError) and _state(error) in _TRANSIENT_STATES


def connection_lost(error: DBAPIError) -> bool:
    """The session with the database is gone."""
    return error.connection_invalidated or _state(error).startswith(_LOST_STATES)


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""
