"""One writer: all steps that wait go into one transaction, results are released after COMMIT.

A step is one function over all items that wait for it: `step(conn, context, items) -> results`. The committer calls it
once a transaction, so that its statements are paid once for all of them. No timer: a lone item commits at once,
batches grow only while the writer is busy. A step that raises undoes the transaction, and every item of it is run
again alone; therefore a refusal is a value, never an exception. When the storage itself fails (disk full, I/O error),
everything that waits is rejected with :class:`StorageUnavailable`, `fault` says why, and the next commit that succeeds
clears it.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection

from ..runtime.clock import Clock
from ..runtime.tokens import Tokens
from .context import StepContext
from .database import Checkpointer, Database
from .faults import StorageUnavailable, storage_fault
from .marks import take_marks

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

#: One function over all items that wait for it; one result for each, in their order.
BatchStep: TypeAlias = Callable[[Connection, StepContext, Sequence[I]], Sequence[R]]


@dataclass(frozen=True, slots=True)
class Failed:
    """In the place of a result: the item alone raised this, and nothing of it is stored."""

    error: BaseException


#: Told once, in the loop, after COMMIT: a result for each item, or :class:`Failed`.
Done: TypeAlias = Callable[[Sequence[Any]], object]


@dataclass(frozen=True, slots=True)
class _Waiting:
    step: BatchStep[Any, Any]
    items: Sequence[Any]
    done: Done | None


@dataclass(frozen=True, slots=True)
class _Outcome:
    done: Done | None
    results: Sequence[Any]
    effects: Sequence[Callable[[], object]] = ()


class Committer:
    """The one way to write. Owns the writer thread, the reader threads and the checkpoint thread.

    `largest_batch` bounds the items of one transaction: it is how long a dialogue may have to wait for a campaign.
    """

    def __init__(self, database: Database, clock: Clock, tokens: Tokens, *, largest_batch: int = 300) -> None:
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
        #: Transactions and items committed since start.
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

        def alone(connection: Connection, context: StepContext, _items: Sequence[None]) -> list[T]:
            return [step(connection, context)]

        return await self.together(alone, None, bulk=bulk)

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> asyncio.Future[R]:
        """The item goes to one call of `step` with all others that wait for it; its own result, after COMMIT.

        The future raises what the step raised for this item alone, or :class:`StorageUnavailable`.
        """
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()

        def settle(results: Sequence[Any]) -> None:
            if future.done():
                return
            if isinstance(results[0], Failed):
                future.set_exception(results[0].error)
            else:
                future.set_result(results[0])

        self.together_all(step, (item,), settle, bulk=bulk)
        return future

    def together_all(
        self, step: BatchStep[I, Any], items: Sequence[I], done: Done | None = None, *, bulk: bool = False
    ) -> None:
        """As :meth:`together` for a list: `done` is told once, with a result or :class:`Failed` for each item.

        Raises :class:`StorageUnavailable` at once when the service is stopping.
        """
        if not items:
            return
        with self._condition:
            if self._closing or self._thread is None:
                raise StorageUnavailable("the database is closed for writes: the service is stopping")
            (self._bulk if bulk else self._urgent).append(_Waiting(step, items, done))
            self._condition.notify()

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
            room = self._largest_batch
            for queue in (self._urgent, self._bulk):
                while queue and room > 0:
                    batch.append(queue.popleft())
                    room -= len(batch[-1].items)
            return batch

    def _write(self) -> None:
        while batch := self._take():
            outcomes = self._commit(batch)
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(_release, outcomes)

    def _commit(self, batch: Sequence[_Waiting]) -> list[_Outcome]:
        """Commit the batch together; when a step raises, each item of it alone."""
        try:
            outcomes = self._attempt(batch)
        except BaseException as error:  # noqa: BLE001 - every error goes to the item's owner
            if (fault := storage_fault(error)) is not None:
                return self._reject(batch, fault)
            if len(batch) == 1 and len(batch[0].items) == 1:
                return [_Outcome(batch[0].done, (Failed(error),))]
            return [outcome for waiting in batch for outcome in self._each_alone(waiting)]
        self.fault = None
        self.transactions += 1
        self.steps += sum(len(waiting.items) for waiting in batch)
        return outcomes

    def _each_alone(self, waiting: _Waiting) -> list[_Outcome]:
        """Every item in a transaction of its own; one outcome at the end, the effects as they come."""
        results: list[Any] = []
        effects: list[Callable[[], object]] = []
        for item in waiting.items:
            for outcome in self._commit([_Waiting(waiting.step, (item,), None)]):
                results += outcome.results
                effects += outcome.effects
        return [_Outcome(waiting.done, results, effects)]

    def _attempt(self, batch: Sequence[_Waiting]) -> list[_Outcome]:
        groups: dict[BatchStep[Any, Any], list[_Waiting]] = {}
        for waiting in batch:
            groups.setdefault(waiting.step, []).append(waiting)
        outcomes = []
        with self._database.writing() as connection:
            take_marks(connection)
            for step, waiting_for_it in groups.items():
                context = StepContext(self._clock.now(), self._tokens)
                items = [item for waiting in waiting_for_it for item in waiting.items]
                results = step(connection, context, items)
                if len(results) != len(items):
                    raise RuntimeError(f"{step!r} gave {len(results)} results for {len(items)} items")
                done = 0
                for waiting in waiting_for_it:
                    mine = results[done : (done := done + len(waiting.items))]
                    outcomes.append(_Outcome(waiting.done, mine))
                outcomes.append(_Outcome(None, (), tuple(context.effects)))
            marks = take_marks(connection)
        wakes = [listener for topic in sorted(marks) for listener in self.listeners.get(topic, ())]
        if wakes:
            outcomes.append(_Outcome(None, (), tuple(wakes)))
        # effects first: whoever is told a result may already see what follows from it
        return sorted(outcomes, key=lambda outcome: not outcome.effects)

    def _reject(self, batch: Sequence[_Waiting], fault: str) -> list[_Outcome]:
        """Nothing of the batch is stored; what waits behind it would meet the same fault."""
        self.fault = fault
        with self._condition:
            rejected = [*batch, *self._urgent, *self._bulk]
            self._urgent.clear()
            self._bulk.clear()
        failed = Failed(StorageUnavailable(fault))
        return [_Outcome(waiting.done, [failed] * len(waiting.items)) for waiting in rejected]


def _release(outcomes: Sequence[_Outcome]) -> None:
    """In the loop, after COMMIT: effects first, then whoever waits."""
    for outcome in outcomes:
        for effect in outcome.effects:
            _call(effect)
        if outcome.done is not None:
            _call(outcome.done, outcome.results)


def _call(told: Callable[..., object], *arguments: Any) -> None:
    try:
        told(*arguments)
    except Exception as error:  # noqa: BLE001 - the transaction stands; the loop reports the rest
        asyncio.get_running_loop().call_exception_handler(
            {"message": "an effect after a commit failed", "exception": error}
        )
