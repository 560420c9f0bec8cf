"""Joins the statements to a running service: what is heard of their texts, its scheduler, and what was missed.

Runs are worked off beside everything else, one after the other: a start does not wait for them, and a run that fails is
told in the log and left as it stands, for the next trigger or start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol, TypeVar

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ..flows.statements.following import on_receipts, on_sent
from ..flows.statements.runs import Books, run_one
from ..flows.statements.schedule import DueRun, ScheduledStatement, due_runs, triggers
from ..flows.statements.states import StatementKind
from ..flows.statements.writing import ORIGIN
from ..messaging.texts import TextFollowers
from ..storage.committer import Committer
from ..storage.faults import StorageUnavailable

T = TypeVar("T")

#: Seconds until a run that the storage refused is tried again.
STORAGE_PATIENCE = 10.0

Sleep = Callable[[float], Awaitable[None]]


class Owner(Protocol):
    """`Supervisor`: looks at how the Tasks that it spawned end."""

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str) -> asyncio.Task[Any]: ...


class Host(Protocol):
    """What the service offers to those who join it."""

    texts: TextFollowers
    schedules: list[Callable[[AsyncIOScheduler], None]]
    on_start: list[Callable[[], Awaitable[object]]]
    on_stop: list[Callable[[], Awaitable[object]]]

    @property
    def committer(self) -> Committer: ...

    @property
    def supervisor(self) -> Owner: ...


class DueWork:
    """Works off the runs that are due, one at a time, whoever asks for it."""

    def __init__(self, books: Books, owner: Owner, *, sleep: Sleep = asyncio.sleep) -> None:
        self._books = books
        self._owner = owner
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self) -> None:
        """Work off every schedule, without anybody waiting for it."""
        self._spawn(self.run(), "statements that were missed")

    async def end(self) -> None:
        """Leave the runs where they stand."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def run(self, enterprise_id: int | None = None, kind: StatementKind | None = None) -> None:
        """Each period that the schedules (of one enterprise and kind) owe by now, and none before the first they cover.

        While the database takes no writes it waits: the next trigger is a month away.
        """
        async with self._turn:
            due = await self._when_stored(
                lambda: self._books.perform(lambda connection, context: due_runs(connection, context.now))
            )
            for one in due:
                if (enterprise_id or one.enterprise_id, kind or one.kind) == (one.enterprise_id, one.kind):
                    # a Task of its own: its owner tells what it raises, and the other runs go on
                    name = f"statements {one.enterprise_id} {one.kind} {one.period}"
                    await asyncio.wait({self._spawn(self._run(one), name)})

    async def _run(self, due: DueRun) -> None:
        await self._when_stored(lambda: run_one(self._books, due.enterprise_id, due.kind, due.period))

    def _spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        task = self._owner.spawn(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _when_stored(self, work: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                return await work()
            except StorageUnavailable:
                await self._sleep(STORAGE_PATIENCE)


def join_statements(host: Host) -> None:
    """Hang the followers in; at start, add a job for each schedule and begin with what was missed."""
    host.texts.sent[ORIGIN] = on_sent
    host.texts.receipts[ORIGIN] = on_receipts
    schedulers: list[AsyncIOScheduler] = []
    host.schedules.append(schedulers.append)

    async def begin() -> None:
        work = DueWork(host.committer, host.supervisor)
        for found in await host.committer.read(triggers):
            for scheduler in schedulers:
                _add(scheduler, work, found)
        host.on_stop.append(work.end)
        work.begin()

    host.on_start.append(begin)


def _add(scheduler: AsyncIOScheduler, work: DueWork, found: ScheduledStatement) -> None:
    scheduler.add_job(
        work.run,
        found.trigger,
        args=(found.enterprise_id, found.kind),
        id=found.job_id,
        replace_existing=True,
        coalesce=True,
        misfire_grace_time=None,
    )
