"""Steps on the command line, one after the other, while the service does not run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from ...runtime.clock import Clock, SystemClock
from ...runtime.tokens import SystemTokens, Tokens
from ...storage.committer import BatchStep
from ...storage.context import StepContext
from ...storage.database import Database
from .access import held, settings_of

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


class OfflineWriter:
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

        async def at_once() -> T:
            return self.run(step)

        return at_once()

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        """As `Committer.together`: done when it returns."""
        return Settled(self.run(lambda connection, context: step(connection, context, [item]))[0])

    def read(self, step: Callable[[Connection], T]) -> Awaitable[T]:
        """As `Committer.read`."""

        async def at_once() -> T:
            with self._database.reading() as connection:
                return step(connection)

        return at_once()


@dataclass(frozen=True, slots=True)
class Settled(Awaitable[T]):
    """What is there already, for whoever awaits it, now or never."""

    value: T

    def __await__(self) -> Generator[Any, None, T]:
        return self.value
        yield  # makes it a generator: nothing is waited for


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine whose every step is done at once, as those of :class:`OfflineWriter` are; no loop is needed."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("the work waits for something; run it in a loop")


@contextmanager
def offline_writer(config: Path | None, data: Path | None) -> Iterator[OfflineWriter]:
    """Open the database for this command; ends the command with one line when the service holds it."""
    with held(settings_of(config, data)) as database:
        yield OfflineWriter(database, SystemClock(), SystemTokens())
