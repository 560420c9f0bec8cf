"""Where use cases find their transactions: in the service's committer, or in a database that a command holds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from ..runtime.clock import Clock
from ..runtime.tokens import Tokens
from ..storage.committer import BatchStep, Committer
from ..storage.context import StepContext
from ..storage.database import Database

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


class Host(Protocol):
    """The running service, as far as transactions want it."""

    clock: Clock
    tokens: Tokens

    @property
    def committer(self) -> Committer: ...


class ServiceTransactions:
    """Beside everything else that the service does: imports wait behind dialogues, long work leaves the loop."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> T:
        return await self._host.committer.perform(step, bulk=bulk)

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        return self._host.committer.together(step, item, bulk=bulk)

    async def read(self, step: Callable[[Connection], T]) -> T:
        return await self._host.committer.read(step)

    async def look(self, step: Callable[[Connection, StepContext], T]) -> T:
        host = self._host
        return await host.committer.read(lambda conn: step(conn, StepContext(host.clock.now(), host.tokens)))

    async def apart(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(None, work)


class HeldDatabase:
    """Steps one after the other, each a transaction; effects have nobody to wake and are left out."""

    def __init__(self, database: Database, clock: Clock, tokens: Tokens) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens

    def run(self, step: Callable[[Connection, StepContext], T]) -> T:
        """The step in a transaction of its own."""
        with self._database.writing() as connection:
            return step(connection, StepContext(self._clock.now(), self._tokens))

    def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> Awaitable[T]:
        """As `Committer.perform`."""
        return _at_once(lambda: self.run(step))

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        """As `Committer.together`: done when it returns."""
        return Settled(self.run(lambda connection, context: step(connection, context, [item]))[0])

    def read(self, step: Callable[[Connection], T]) -> Awaitable[T]:
        """As `Committer.read`."""
        return self.look(lambda connection, _context: step(connection))

    def look(self, step: Callable[[Connection, StepContext], T]) -> Awaitable[T]:
        def at_once() -> T:
            with self._database.reading() as connection:
                return step(connection, StepContext(self._clock.now(), self._tokens))

        return _at_once(at_once)

    def apart(self, work: Callable[[], T]) -> Awaitable[T]:
        return _at_once(work)


@dataclass(frozen=True, slots=True)
class Settled(Awaitable[T]):
    """What is there already, for whoever awaits it, now or never."""

    value: T

    def __await__(self) -> Generator[Any, None, T]:
        return self.value
        yield  # makes it a generator: nothing is waited for


async def _at_once(work: Callable[[], T]) -> T:
    return work()


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine whose every step is done at once, as those of :class:`HeldDatabase` are; no loop is needed."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("the work waits for something; run it in a loop")
