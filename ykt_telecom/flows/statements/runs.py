"""Drives runs, batch after batch: in the service by its committer, on the command line on a database of its own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from ...storage.context import StepContext
from .period import Period
from .schedule import DueRun, due_runs
from .steps import BATCH_MEMBERS, BatchReport, StatementKind, enterprises_of, open_run, write_batch

T = TypeVar("T")
Step = Callable[[Connection, StepContext], T]


class Perform(Protocol):
    """`Committer.perform`: one step, one transaction."""

    def __call__(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> Awaitable[T]: ...


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run wrote this time; all zero when it had been finished before."""

    enterprise_id: int
    kind: StatementKind
    period: Period
    run_id: str
    written: int
    suppressed: int
    segments: int


async def run_statements(
    perform: Perform,
    period: Period,
    *,
    kinds: Sequence[StatementKind] = tuple(StatementKind),
    enterprise_id: int | None = None,
    batch: int = BATCH_MEMBERS,
) -> tuple[RunReport, ...]:
    """Run a period for one enterprise or all; what was already written is not written again."""
    tenants = await perform(lambda connection, _: enterprises_of(connection, enterprise_id))
    return tuple([await run_one(perform, tenant, kind, period, batch) for tenant in tenants for kind in kinds])


async def run_one(
    perform: Perform, enterprise_id: int, kind: StatementKind, period: Period, batch: int = BATCH_MEMBERS
) -> RunReport:
    """One run to its end."""
    run_id = await perform(
        lambda connection, context: open_run(
            connection, context, enterprise_id=enterprise_id, kind=kind, period=period
        ),
        bulk=True,
    )
    reports: list[BatchReport] = []
    while not reports or not reports[-1].is_last:
        reports.append(
            await perform(lambda connection, context: write_batch(connection, context, run_id, batch), bulk=True)
        )
    return RunReport(
        enterprise_id,
        kind,
        period,
        run_id,
        sum(report.written for report in reports),
        sum(report.suppressed for report in reports),
        sum(report.segments for report in reports),
    )


async def catch_up(perform: Perform, wanted: Callable[[DueRun], bool] = lambda _: True) -> tuple[RunReport, ...]:
    """Every period that fell due by its schedule and was never finished, once; of these the `wanted`."""
    due = await perform(lambda connection, context: due_runs(connection, context.now))
    return tuple([await run_one(perform, run.enterprise_id, run.kind, run.period) for run in due if wanted(run)])
