"""A database as everybody here sees it: transactions that write, views that read. Two engines have this shape.

A :class:`~pathlib.Path` or `sqlite:///PATH` names the embedded one (sqlite.py), `postgresql://…` a server's
(postgresql.py).
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from sqlalchemy import Connection, Engine, MetaData, insert, inspect, select

from . import postgresql, sqlite
from .faults import SchemaMismatch, storage_fault
from .schema import SCHEMA_VERSION, alembic_version, load_areas, revision_of, schema_version, version_of

#: Where a database is: a file, or a URL.
Location: TypeAlias = Path | str

_SQLITE = "sqlite:///"


class Database(Protocol):
    """An open database, held against a second instance. `writing()` and `reading()` give one transaction each."""

    @property
    def engine(self) -> Engine:
        """What `writing()` uses; writers of whole tables (later.py) are registered for it."""

    @property
    def address(self) -> str:
        """Where it is, for messages: never with a password."""

    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction that commits at the end and rolls back on an exception."""

    def reading(self) -> AbstractContextManager[Connection]:
        """One consistent view; it does not wait for the writer. Nothing written here stays."""

    def migrating(self) -> AbstractContextManager[Connection]:
        """As `writing()`, for moving tables: what refers to what is checked at the end, not on the way."""

    def checkpoint(self) -> None:
        """Give back what the log of the last transactions takes, without making a commit wait."""

    def close(self) -> None:
        """Close every connection and let another instance in."""


def open_database(location: Location) -> Database:
    """Open the database (a missing file is created) and hold it against a second instance.

    Raises :class:`AlreadyRunning` when somebody else holds it.
    """
    file = file_of(location)
    return sqlite.open_file(file) if file is not None else postgresql.open_server(str(location))


def open_for_reading(location: Location) -> Database:
    """Open an existing database beside the instance that holds it; writing is refused by the database itself."""
    file = file_of(location)
    return sqlite.open_file_for_reading(file) if file is not None else postgresql.open_server_for_reading(str(location))


def file_of(location: Location) -> Path | None:
    """The file of an embedded database, None when a server has it."""
    if isinstance(location, Path):
        return location
    return Path(location.removeprefix(_SQLITE)) if location.startswith(_SQLITE) else None


def is_there(location: Location) -> bool:
    """Whether there is something to open; a server is asked only when it is opened."""
    file = file_of(location)
    return file is None or file.is_file()


def address_of(location: Location) -> str:
    """Where it is, for people: never with a password."""
    file = file_of(location)
    return str(file) if file is not None else postgresql.address_of(str(location))


def create_all(database: Database, now: datetime) -> None:
    """Create every table in an empty database; refuse one whose tables are not those of this program.

    Raises :class:`SchemaMismatch`, which says what to do.
    """
    metadata = load_areas()
    with database.writing() as connection:
        found = version_of(connection)
        if found is None and not _foreign(connection):
            metadata.create_all(connection)
            connection.execute(insert(schema_version).values(version=SCHEMA_VERSION, applied_at=now))
            connection.execute(insert(alembic_version).values(version_num=revision_of(SCHEMA_VERSION)))
            return
        if (trouble := _trouble(connection, found, metadata)) is not None:
            raise SchemaMismatch(f"{database.address}: {trouble}")


def _foreign(connection: Connection) -> bool:
    return bool(inspect(connection).get_table_names())


def _trouble(connection: Connection, found: int | None, metadata: MetaData) -> str | None:
    """What is wrong with the schema and what to do about it, or None."""
    if found is None:
        return "the tables of some other program; name an empty database"
    if found < SCHEMA_VERSION:
        return (
            f"schema version {found}, this program wants {SCHEMA_VERSION}: stop the service, copy the database, then "
            "run `ykt db upgrade`"
        )
    if found > SCHEMA_VERSION:
        return (
            f"schema version {found} is newer than {SCHEMA_VERSION} of this program: install the program that has "
            "upgraded it, or put back the copy from before"
        )
    columns = inspect(connection).get_multi_columns()
    present = {name: {column["name"] for column in of} for (_, name), of in columns.items()}
    lacking = [
        table.name for table in metadata.sorted_tables if not set(table.c.keys()) <= present.get(table.name, set())
    ]
    reached = connection.execute(select(alembic_version)).scalars().all() if alembic_version.name in present else []
    if lacking or reached != [revision_of(SCHEMA_VERSION)]:
        what = f"tables that do not fit ({', '.join(lacking[:5])})" if lacking else "a migration that has not ended"
        return f"{what}: put back the copy from before the upgrade and run `ykt db upgrade` again"
    return None


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
        while not self._stopping.wait(self._interval):
            try:
                self._database.checkpoint()
            except Exception as error:
                if storage_fault(error) is None:  # the writer meets the storage's faults, too, and reports them
                    raise
