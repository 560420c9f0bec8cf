"""Joins the statements to a running service: receipts, its scheduler, and what was missed while it was down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ..delivery.hooks import Hooks
from ..storage.committer import Committer
from .period import Period
from .runs import catch_up, run_one
from .schedule import ScheduledStatement, triggers
from .steps import StatementKind, on_receipt, on_submit


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
        _run_last_month,
        found.trigger,
        args=(host, found.enterprise_id, found.kind),
        id=found.job_id,
        replace_existing=True,
        coalesce=True,
        misfire_grace_time=None,
    )


async def _run_last_month(host: Host, enterprise_id: int, kind: StatementKind) -> None:
    """What a trigger runs: the month that has ended, by the clock of the commit."""
    period = await host.committer.perform(lambda _, context: Period.of(context.now).before())
    await run_one(host.committer.perform, enterprise_id, kind, period)
