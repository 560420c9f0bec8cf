"""Which database errors are the storage's fault (disk full, I/O, locked) and which are the step's own."""

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


class StorageUnavailable(Trouble, RuntimeError):
    """The database cannot take writes now (disk full, I/O error, locked). Free space or repair it; intake resumes."""


class SchemaMismatch(Trouble, RuntimeError):
    """The database belongs to another version of the platform. Use that version, or start with a new data folder."""


class AlreadyRunning(Trouble, RuntimeError):
    """Another instance holds the database. Stop it first, or use another data folder."""


def storage_fault(error: BaseException) -> str | None:
    """One line naming the storage's fault, or None when the error is the step's own."""
    if isinstance(error, StorageUnavailable):
        return str(error)
    if not isinstance(error, DBAPIError):
        return None
    original = error.orig
    if isinstance(original, sqlite3.Error):
        code = getattr(original, "sqlite_errorcode", None)
        if code is not None and code & 0xFF in _SQLITE_STORAGE_CODES:
            return f"{original} ({getattr(original, 'sqlite_errorname', code)})"
    if error.connection_invalidated:
        return f"database connection lost: {type(original).__name__}"
    return None
