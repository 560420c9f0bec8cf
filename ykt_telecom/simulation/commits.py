"""A committer that commits in the loop, and dies at the commit it is told to; a database in memory that outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.pool import StaticPool

from ..runtime.clock import Clock
from ..runtime.tokens import Tokens
from ..storage.committer import BatchStep, Committer, Done, _release, _Waiting
from ..storage.context import StepContext
from ..storage.database import Database
from ..storage.faults import StorageUnavailable
from ..storage.sqlite import SqliteDatabase, begin, set_pragmas

T = TypeVar("T")


class Death(Enum):
    """Where a life ends."""

    BEFORE = "before the transaction: everything since the last one is lost"
    AFTER = "after COMMIT, before anybody heard of it"


def empty_database() -> Database:
    """A new database in memory with our pragmas."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    event.listen(engine, "connect", set_pragmas)
    event.listen(engine, "begin", begin)
    return SqliteDatabase(engine, Path(":memory:"), -1)


_the_one = cache(empty_database)


def database_of(image: bytes) -> Database:
    """The one database, filled from an image: who had it before has it no more, and its SQL is compiled already."""
    found = _the_one()
    # not by `deserialize` of its own: a connection that has used json_each crashes after it (SQLite 3.40.1)
    with contextlib.closing(sqlite3.connect(":memory:")) as source:
        source.deserialize(image)
        source.backup(_raw(found))
    return found


def image_of(database: Database) -> bytes:
    """What :func:`database_of` fills one from."""
    octets: bytes = _raw(database).serialize()
    return octets


def _raw(database: Database) -> Any:
    with database.engine.connect() as connection:
        return connection.connection.dbapi_connection


def _take_no_more(_conn: Connection, _context: StepContext, _items: Sequence[None]) -> list[None]:
    """The last step of a transaction whose COMMIT fails: everything before it has been written, and is undone."""
    raise StorageUnavailable("database or disk is full")


class LoopCommitter(Committer):
    """`on_death` is called when commit number `dies_at` (from 1) comes; from then on nothing is stored or answered.

    `alone` commits every step in a transaction of its own, so that there are more places to die at.
    """

    def __init__(self, database: Database, clock: Clock, tokens: Tokens, *, alone: bool = False) -> None:
        super().__init__(database, clock, tokens, largest_batch=1 if alone else 200)
        self.dies_at: tuple[int, Death] | None = None
        self.on_death: Callable[[], None] = lambda: None
        self.commits = 0
        #: numbers of the commits that changed something
        self.changing: list[int] = []
        self.is_dead = False
        #: asked at every commit: does the service die here, can the storage not take it?
        self.fate: Callable[[], Death | None] = lambda: None
        self.is_full: Callable[[], bool] = lambda: False
        self._called = False

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.current_thread()

    async def stop(self) -> None:
        while self._urgent or self._bulk:
            self._flush()
        self._closing = True

    def together_all(
        self, step: BatchStep[Any, Any], items: Sequence[Any], done: Done | None = None, *, bulk: bool = False
    ) -> None:
        if items:
            (self._bulk if bulk else self._urgent).append(_Waiting(step, items, done))
            self._call()

    async def read(self, step: Callable[[Connection], T]) -> T:
        if self.is_dead:
            await asyncio.get_running_loop().create_future()
        with self._database.reading() as connection:
            return step(connection)

    def _call(self) -> None:
        if not self._called and not self.is_dead:
            self._called = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._called = False
        if self.is_dead or not (self._urgent or self._bulk):
            return
        self.commits += 1
        death = self.dies_at[1] if self.dies_at is not None and self.dies_at[0] == self.commits else self.fate()
        before = _raw(self._database).total_changes
        if death is not Death.BEFORE:
            batch = self._take()
            outcomes = self._commit([*batch, _Waiting(_take_no_more, (None,), None)] if self.is_full() else batch)
        if _raw(self._database).total_changes != before:
            self.changing.append(self.commits)
        if death is not None:
            self.is_dead = True
            self.on_death()
            return
        _release(outcomes)
        if self._urgent or self._bulk:
            self._call()
