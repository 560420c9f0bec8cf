"""One writer: every waiting step goes into one transaction, results are released after COMMIT.

No timer: a lone step commits at once, batches grow only while the writer is busy. A step that raises is isolated:
its batch is rolled back and every step of it is run again alone. When the storage itself fails (disk full, I/O
error), the waiting steps are rejected with :class:`StorageUnavailable`, `fault` says why, and the next commit that
succeeds clears it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sqlalchemy import Connection

from ..runtime.clock import Clock
from ..runtime.tokens import Tokens
from .context import StepContext
from .database import Checkpointer, Database
from .faults import StorageUnavailable, storage_fault
from .marks import take_marks

T = TypeVar("T")


@dataclass(slots=True)
class _Waiting:
    step: Callable[[Connection, StepContext], Any]
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    future: asyncio.Future[Any]
    result: Any
    error: BaseException | None
    effects: tuple[Callable[[], object], ...]


class Committer:
    """The one way to write. Owns the writer thread, the reader threads and the checkpoint thread."""

    def __init__(self, database: Database, clock: Clock, tokens: Tokens, *, largest_batch: int = 200) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._largest_batch = largest_batch
        self._condition = threading.Condition()
        self._urgent: deque[_Waiting] = deque()
        self._bulk: deque[_Waiting] = deque()
        self._closing = False
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="reader")
        self._checkpointer = Checkpointer(database)
        #: Called in the loop after a commit that marked the topic (see marks.py).
        self.listeners: dict[str, list[Callable[[], object]]] = {}
        #: Why the last transaction could not be stored, or None.
        self.fault: str | None = None
        #: Transactions and steps committed since start.
        self.transactions = 0
        self.steps = 0

    @property
    def is_ready(self) -> bool:
        """Runs, and the last transaction could be stored."""
        return self._thread is not None and not self._closing and self.fault is None

    def start(self) -> None:
        """Start the threads; call it inside the running loop that will use the committer."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._write, name="committer", daemon=True)
        self._thread.start()
        self._checkpointer.start()

    async def stop(self) -> None:
        """Commit what waits, then end the threads. Steps that come later are rejected."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)
            await asyncio.get_running_loop().run_in_executor(None, self._checkpointer.stop)
            await asyncio.sleep(0)  # the last outcomes are already queued in the loop
            self._thread = None
        self._readers.shutdown(wait=True)

    async def run(self, step: Callable[[Connection], T], *, bulk: bool = False) -> T:
        """Run the step in a transaction; its result comes after COMMIT. Raises what the step raised."""
        return await self.perform(lambda connection, _context: step(connection), bulk=bulk)

    async def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> T:
        """As :meth:`run` for a step that wants a :class:`StepContext`; its effects run after COMMIT.

        `bulk` steps wait behind dialogues and money.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        with self._condition:
            if self._closing or self._thread is None:
                raise StorageUnavailable("the database is closed for writes: the service is stopping")
            (self._bulk if bulk else self._urgent).append(_Waiting(step, future))
            self._condition.notify()
        return await future

    async def read(self, step: Callable[[Connection], T]) -> T:
        """Run a step that only reads, beside the writer."""

        def look() -> T:
            with self._database.reading() as connection:
                return step(connection)

        return await asyncio.get_running_loop().run_in_executor(self._readers, look)

    # --- the writer thread -------------------------------------------------------------------------------------

    def _take(self) -> list[_Waiting]:
        with self._condition:
            while not self._urgent and not self._bulk and not self._closing:
                self._condition.wait()
            batch: list[_Waiting] = []
            for queue in (self._urgent, self._bulk):
                while queue and len(batch) < self._largest_batch:
                    batch.append(queue.popleft())
            return batch

    def _write(self) -> None:
        while batch := self._take():
            outcomes = self._commit(batch)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_release, outcomes)

    def _commit(self, batch: list[_Waiting]) -> list[_Outcome]:
        """Commit the batch together; when a step raises, each of them alone."""
        try:
            outcomes = self._attempt(batch)
        except BaseException as error:  # noqa: BLE001 - every error goes to the step's caller
            if (fault := storage_fault(error)) is not None:
                return self._reject(batch, fault)
            if len(batch) == 1:
                return [_Outcome(batch[0].future, None, error, ())]
            return [outcome for waiting in batch for outcome in self._commit([waiting])]
        self.fault = None
        self.transactions += 1
        self.steps += len(batch)
        return outcomes

    def _attempt(self, batch: list[_Waiting]) -> list[_Outcome]:
        outcomes = []
        with self._database.writing() as connection:
            take_marks(connection)
            for waiting in batch:
                context = StepContext(self._clock.now(), self._tokens)
                result = waiting.step(connection, context)
                outcomes.append(_Outcome(waiting.future, result, None, tuple(context.effects)))
            marks = take_marks(connection)
        wakes = [listener for topic in sorted(marks) for listener in self.listeners.get(topic, ())]
        if wakes:
            outcomes[-1] = replace(outcomes[-1], effects=(*outcomes[-1].effects, *wakes))
        return outcomes

    def _reject(self, batch: list[_Waiting], fault: str) -> list[_Outcome]:
        """Nothing of the batch is stored; what waits behind it would meet the same fault."""
        self.fault = fault
        with self._condition:
            rejected = [*batch, *self._urgent, *self._bulk]
            self._urgent.clear()
            self._bulk.clear()
        return [_Outcome(waiting.future, None, StorageUnavailable(fault), ()) for waiting in rejected]


def _release(outcomes: list[_Outcome]) -> None:
    """In the loop, after COMMIT: effects first, then the callers."""
    for outcome in outcomes:
        for effect in outcome.effects:
            try:
                effect()
            except Exception as error:  # noqa: BLE001 - the transaction stands; the loop reports the rest
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "an effect after a commit failed", "exception": error}
                )
        if outcome.future.done():
            continue
        if outcome.error is not None:
            outcome.future.set_exception(outcome.error)
        else:
            outcome.future.set_result(outcome.result)
