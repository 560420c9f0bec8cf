"""The embedded database: SQLite in WAL with synchronous=FULL, one writer, one instance.

A checkpoint never runs in the committing thread: `Checkpointer` does it from the side.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, inspect, select, text
from sqlalchemy.pool import NullPool

from .faults import AlreadyRunning, SchemaMismatch
from .later import transaction
from .schema import SCHEMA_VERSION, load_areas, schema_version

_READ_ONLY = "ykt_read_only"
BUSY_TIMEOUT_MS = 5000


def _set_pragmas(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.isolation_level = None  # BEGIN is ours, see `_begin`
    cursor = dbapi_connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "wal_autocheckpoint=0",
        "temp_store=MEMORY",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get(_READ_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


@dataclass(frozen=True, slots=True)
class Database:
    """An open database. `writing()` and `reading()` give one transaction each."""

    engine: Engine
    path: Path
    lock: int

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that commits at the end and rolls back on an exception."""
        with transaction(self.engine) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; it does not wait for the writer. Nothing written here stays."""
        with self.engine.connect().execution_options(**{_READ_ONLY: True}) as connection:
            yield connection

    def checkpoint(self) -> None:
        """Move what is in the WAL to the database file without waiting for anyone."""
        with contextlib.closing(self.engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Empty the WAL, close every connection and release the lock."""
        with contextlib.suppress(OSError), contextlib.closing(self.engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.engine.dispose()
        os.close(self.lock)


def open_database(path: Path) -> Database:
    """Open (or create, 0600 in a folder 0700) the database file and lock it against a second instance.

    Raises :class:`AlreadyRunning` when somebody else holds it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = _take_lock(path.with_name(path.name + ".lock"))
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        engine = create_engine(f"sqlite:///{path}", pool_size=4, max_overflow=4, hide_parameters=True)
        event.listen(engine, "connect", _set_pragmas)
        event.listen(engine, "begin", _begin)
        with engine.connect().execution_options(**{_READ_ONLY: True}) as connection:
            verdict = connection.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if verdict != "ok":
            raise SchemaMismatch(f"{path}: integrity check says {verdict}; restore it from a backup")
    except BaseException:
        os.close(lock)
        raise
    return Database(engine, path, lock)


def open_for_reading(path: Path) -> Database:
    """Open an existing database without the lock, beside the instance that holds it; writing is refused by SQLite."""
    if not path.is_file():
        raise FileNotFoundError(f"no database at {path}: run `ykt init`, or name another --data or --config")
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _refuse_writes)
    event.listen(engine, "begin", _begin)
    return Database(engine, path, -1)


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


def create_all(database: Database, now: datetime) -> None:
    """Create what is missing in an empty database; refuse one of another schema version."""
    metadata = load_areas()
    with database.writing() as connection:
        if not inspect(connection).has_table(schema_version.name):
            metadata.create_all(connection)
            connection.execute(insert(schema_version).values(version=SCHEMA_VERSION, applied_at=now))
            return
        found = connection.execute(select(schema_version.c.version)).scalar_one()
        if found != SCHEMA_VERSION:
            raise SchemaMismatch(f"{database.path}: schema version {found}, this program wants {SCHEMA_VERSION}")
        metadata.create_all(connection)  # tables of an area that was added without changing the others


class Checkpointer:
    """A side thread that checkpoints while the service runs, so that no commit has to."""

    def __init__(self, database: Database, interval: float = 1.0) -> None:
        self._database = database
        self._interval = interval
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        wal = self._database.path.with_name(self._database.path.name + "-wal")
        while not self._stopping.wait(self._interval):
            with contextlib.suppress(Exception):  # the writer meets the same fault and reports it
                if wal.stat().st_size > 0:
                    self._database.checkpoint()
