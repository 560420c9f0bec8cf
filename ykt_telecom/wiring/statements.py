"""Joins the statements to a running service: receipts, its scheduler, and what was missed while it was down."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ..flows.statements.runs import Perform, catch_up
from ..flows.statements.schedule import ScheduledStatement, triggers
from ..flows.statements.steps import StatementKind, on_receipt, on_submit
from ..messaging.receivers import Hooks
from ..storage.committer import Committer
from ..storage.faults import StorageUnavailable

#: Seconds until a run that the storage refused is tried again.
STORAGE_PATIENCE = 10.0


class Host(Protocol):
    """What the service offers to those who join it."""

    hooks: Hooks
    schedules: list[Callable[[AsyncIOScheduler], None]]
    on_start: list[Callable[[], Awaitable[object]]]

    @property
    def committer(self) -> Committer: ...


def join_statements(host: Host) -> None:
    """Hang the hooks in; at start, add a job for each schedule and run what was missed."""
    host.hooks.on_receipt.append(on_receipt)
    host.hooks.on_submit.append(on_submit)
    schedulers: list[AsyncIOScheduler] = []
    host.schedules.append(schedulers.append)

    async def begin() -> None:
        for found in await host.committer.read(triggers):
            for scheduler in schedulers:
                _add(scheduler, host, found)
        await catch_up(host.committer.perform)

    host.on_start.append(begin)


def _add(scheduler: AsyncIOScheduler, host: Host, found: ScheduledStatement) -> None:
    scheduler.add_job(
        run_due,
        found.trigger,
        args=(host.committer.perform, found.enterprise_id, found.kind),
        id=found.job_id,
        replace_existing=True,
        coalesce=True,
        misfire_grace_time=None,
    )


async def run_due(
    perform: Perform,
    enterprise_id: int,
    kind: StatementKind,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """What a trigger runs: each period its schedule owes by now, and none before the first that it covers.

    While the database takes no writes it waits: the next trigger is a month away.
    """
    while True:
        try:
            await catch_up(perform, lambda run: (run.enterprise_id, run.kind) == (enterprise_id, kind))
        except StorageUnavailable:
            await sleep(STORAGE_PATIENCE)
        else:
            return
