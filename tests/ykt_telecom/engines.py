"""A database for a test, on each engine: `ENGINES` is what a fixture is parametrised with.

`YKT_TEST_DATABASE_URL=postgresql://USER@HOST/NAME` names a PostgreSQL database of the tests. A test has a schema of its
own there while it runs; what else is in the database is left alone. It is
dropped after the test, and whatever is left at the end of the process: one that is lent on carries its owner's lock.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool, StaticPool

from ykt_telecom.storage.database import Location
from ykt_telecom.storage.schema import load_areas

SQLITE, POSTGRESQL = ENGINES = ("sqlite", "postgresql")

_VARIABLE = "YKT_TEST_DATABASE_URL"
_numbers = count(1)
_made: set[str] = set()


def server_url() -> str:
    """The tests' PostgreSQL database; skips the test when none is named."""
    url = os.environ.get(_VARIABLE)
    if not url:
        pytest.skip(f"postgres: set {_VARIABLE}=postgresql://USER@HOST/NAME to a database that tests may write to")
    return url


@contextmanager
def a_place(engine: str, folder: Path, *, empty: bool = False) -> Iterator[Location]:
    """Where a test may open a database without rows; on a server with its tables already, unless `empty`."""
    if engine == SQLITE:
        yield folder / "database" / "ykt.db"
        return
    schema = _new_schema()
    try:
        yield _at(schema)
    finally:
        _drop(schema)


class Worlds:
    """Connections to a database with all tables and no rows, without anything else of ours around them."""

    def __init__(self, place: Location | None) -> None:
        self._place = place
        self._engine: Engine | None = None

    def empty(self) -> Engine:
        """On a server the one database, emptied: who had it before has it no more."""
        if self._place is None:
            engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
            event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=ON"))
            load_areas().create_all(engine)
            return engine
        url = make_url(str(self._place)).set(drivername="postgresql+psycopg")
        if self._engine is not None:
            self._engine.dispose()
            _emptied(str(url.query["options"]).split("search_path=")[1].split()[0])
        self._engine = create_engine(url)
        load_areas().create_all(self._engine)
        return self._engine

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()


#: What the worlds of the running test are made from; the fixture `worlds` changes it.
worlds = Worlds(None)


@contextmanager
def worlds_on(engine: str) -> Iterator[None]:
    """Worlds are made on this engine while the block runs."""
    global worlds  # noqa: PLW0603 - a world is made deep inside of helpers that know no fixture
    if engine == SQLITE:
        yield
        return
    before = worlds
    with a_place(engine, Path()) as place:
        worlds = Worlds(place)
        try:
            yield
        finally:
            worlds.close()
            worlds = before


def _at(schema: str) -> str:
    # the tests' data need not outlive the server, and waiting for its disk is most of their time
    options = f"-c search_path={schema} -c synchronous_commit=off"
    return make_url(server_url()).update_query_dict({"options": options}).render_as_string(hide_password=False)


def _new_schema() -> str:
    schema = f"ykt_test_{os.getpid()}_{next(_numbers)}"
    with _server() as connection:
        connection.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    _made.add(schema)
    return schema


def _drop(schema: str) -> None:
    with _server() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    _made.discard(schema)


def _emptied(schema: str) -> bool:
    """Whether the schema had exactly our tables; then they have no rows any more, and numbers begin at 1."""
    metadata = load_areas()
    with _server() as connection:
        found = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = :schema"), {"schema": schema}
        )
        if set(found.scalars()) != set(metadata.tables):
            return False
        connection.exec_driver_sql(f"SET search_path = {schema}; SET lock_timeout = '5s'")
        emptied = [table.name for table in reversed(metadata.sorted_tables) if "version" not in table.name]
        tables = [f'DELETE FROM "{name}"' for name in emptied]  # noqa: S608 - names of our tables
        numbers = (
            "SELECT setval(sequencename::regclass, 1, false) FROM pg_sequences WHERE schemaname = current_schema()"
        )
        connection.exec_driver_sql("; ".join([*tables, numbers]))
    return True


@contextmanager
def _server() -> Iterator[Connection]:
    engine = create_engine(make_url(server_url()).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("SET synchronous_commit = off"))
        yield connection


@atexit.register
def _drop_all() -> None:
    for schema in sorted(_made):
        _drop(schema)
