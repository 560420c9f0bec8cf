"""The embedded database: SQLite in WAL with synchronous=FULL, one writer, one instance.

A checkpoint never runs in the committing thread while it has much to do: `Checkpointer` copies the pages from the
side. What is left for the writer, once the log has grown large, is to begin it anew.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .faults import AlreadyRunning, SchemaMismatch
from .later import transaction

_READ_ONLY = "ykt_read_only"
_FAULTS = (OSError, sqlite3.Error, DBAPIError)
BUSY_TIMEOUT_MS = 5000

#: Octets of log from which on it is begun anew in a pause between two transactions.
LARGEST_LOG = 16 << 20

#: How long the writer waits for readers of the old log when it begins it anew; else the next transaction tries.
_PAUSE_MS = 10


def set_pragmas(dbapi_connection: Any, _record: object) -> None:
    """What makes a connection durable and strict."""
    dbapi_connection.isolation_level = None  # BEGIN is ours, see `begin`
    cursor = dbapi_connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "wal_autocheckpoint=0",
        "temp_store=MEMORY",
        "secure_delete=FAST",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin(connection: Connection) -> None:
    """Writers queue at the start of their transaction, not in the middle of it."""
    reads = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@dataclass(frozen=True, slots=True)
class SqliteDatabase:
    """An open database file; see :class:`~ykt_telecom.storage.database.Database`."""

    engine: Engine
    path: Path
    #: descriptor of the lock file, -1 for one that is only read
    lock: int
    _log_is_large: Event = field(default_factory=Event)

    @property
    def address(self) -> str:
        return str(self.path)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        if self._log_is_large.is_set():
            self._begin_log_anew()
        with transaction(self.engine) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect().execution_options(**{_READ_ONLY: True}) as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        engine = create_engine(f"sqlite:///{self.path}", poolclass=NullPool, hide_parameters=True)
        event.listen(engine, "connect", set_pragmas)
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
        event.listen(engine, "begin", begin)
        with engine.begin() as connection:
            yield connection
            if dangling := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise SchemaMismatch(f"{self.path}: a row of {dangling[0]} refers to a {dangling[2]} that is not there")

    def checkpoint(self) -> None:
        """Copy what is in the log to the file without waiting for anyone; a large log is begun anew by the writer."""
        if self._log_size() == 0:
            return
        self._pragma("wal_checkpoint(PASSIVE)")
        if self._log_size() > LARGEST_LOG:
            self._log_is_large.set()

    def close(self) -> None:
        """Empty the log, close every connection and release the lock. A log that cannot be emptied stays, whole."""
        if self.lock >= 0:
            with contextlib.suppress(*_FAULTS):
                self._pragma("wal_checkpoint(TRUNCATE)")
        self.engine.dispose()
        if self.lock >= 0:
            os.close(self.lock)

    def _begin_log_anew(self) -> None:
        """Commits without a pause would let the log grow for ever: it can only be begun anew between two of them."""
        self._log_is_large.clear()
        with contextlib.suppress(*_FAULTS), contextlib.closing(self.engine.raw_connection()) as raw:
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_PAUSE_MS}")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            finally:
                cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")

    def _log_size(self) -> int:
        try:
            return self.path.with_name(self.path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def _pragma(self, pragma: str) -> None:
        with contextlib.closing(self.engine.raw_connection()) as raw:
            raw.cursor().execute(f"PRAGMA {pragma}").fetchall()


def open_file(path: Path) -> SqliteDatabase:
    """Open (or create, 0600 in a folder 0700) the database file and lock it against a second instance.

    Raises :class:`AlreadyRunning` when somebody else holds it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _take_lock(path.with_name(path.name + ".lock"))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        engine = create_engine(f"sqlite:///{path}", pool_size=4, max_overflow=4, hide_parameters=True)
        event.listen(engine, "connect", set_pragmas)
        event.listen(engine, "begin", begin)
        with engine.connect().execution_options(**{_READ_ONLY: True}) as connection:
            verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if verdict != "ok":
            raise SchemaMismatch(f"{path}: integrity check says {verdict}; restore it from a backup")
    except BaseException:
        os.close(lock)
        raise
    return SqliteDatabase(engine, path, lock)


def open_file_for_reading(path: Path) -> SqliteDatabase:
    """Open an existing file without the lock, beside the instance that holds it; writing is refused by SQLite."""
    if not path.is_file():
        raise FileNotFoundError(f"no database at {path}: run `ykt init`, or name another --data or --config")
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _refuse_writes)
    event.listen(engine, "begin", begin)
    return SqliteDatabase(engine, path, -1)


def _refuse_writes(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None
    dbapi_connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    dbapi_connection.execute("PRAGMA query_only=ON")


def _take_lock(path: Path) -> int:
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise AlreadyRunning(f"another instance uses {path.parent}; stop it first") from None
    return lock
