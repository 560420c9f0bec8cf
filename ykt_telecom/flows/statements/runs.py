"""Drives runs, page after page: in the service by its committer, on the command line on a database of its own.

Pages are composed beside the writer, and a few of them wait for it: the next one is composed while the last is written.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from ...storage.committer import BatchStep
from ...storage.context import StepContext
from ...storage.faults import StorageUnavailable
from .composing import compose
from .period import Period
from .run import Run, enterprises_of, open_run, read_run
from .schedule import DueRun, due_runs
from .states import StatementKind
from .writing import Overtaken, Written, write_statements

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

PAGE_MEMBERS = 100
#: Pages that may wait for the writer. It is also how many of one run go to one transaction: dialogues wait behind it.
PAGES_AHEAD = 2


class Books(Protocol):
    """What a run needs of the committer."""

    def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> Awaitable[T]:
        """One step in a transaction."""

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        """The item in a transaction with the others that wait; it is begun before it is awaited."""

    def read(self, step: Callable[[Connection], T]) -> Awaitable[T]:
        """A step that only reads, beside the writer."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run wrote this time; all zero when it had been finished before."""

    enterprise_id: int
    kind: StatementKind
    period: Period
    run_id: int
    written: int
    suppressed: int
    segments: int


async def run_statements(
    books: Books,
    period: Period,
    *,
    kinds: Sequence[StatementKind] = tuple(StatementKind),
    enterprise_id: int | None = None,
    page: int = PAGE_MEMBERS,
) -> tuple[RunReport, ...]:
    """Run a period for one enterprise or all; what was already written is not written again."""
    tenants = await books.read(lambda connection: enterprises_of(connection, enterprise_id))
    return tuple([await run_one(books, tenant, kind, period, page) for tenant in tenants for kind in kinds])


async def run_one(
    books: Books, enterprise_id: int, kind: StatementKind, period: Period, page: int = PAGE_MEMBERS
) -> RunReport:
    """One run to its end, whoever else works on it."""
    run_id = await books.perform(
        lambda connection, context: open_run(
            connection, context, enterprise_id=enterprise_id, kind=kind, period=period
        ),
        bulk=True,
    )
    reports: list[Written] = []
    while (run := await books.read(partial(read_run, run_id=run_id))) is not None:
        await _write_pages(books, run, page, reports)
    return RunReport(
        enterprise_id,
        kind,
        period,
        run_id,
        sum(report.written for report in reports),
        sum(report.suppressed for report in reports),
        sum(report.segments for report in reports),
    )


async def _write_pages(books: Books, run: Run, limit: int, reports: list[Written]) -> None:
    """Compose and write until the run is closed or somebody else has gone on with it."""
    waiting: deque[Awaitable[Written | Overtaken]] = deque()
    place, more = run.members_up_to, True
    try:
        while more or waiting:
            if more:
                page = await books.read(partial(compose, run=run, after=place, limit=limit))
                waiting.append(books.together(write_statements, page, bulk=True))
                place, more = page.up_to, bool(page.bills)
            if not more or len(waiting) >= PAGES_AHEAD:
                report = await waiting.popleft()
                if isinstance(report, Overtaken):
                    more = False
                else:
                    reports.append(report)
    except StorageUnavailable:
        for rest in waiting:
            with suppress(StorageUnavailable):
                await rest
        raise


async def catch_up(books: Books, wanted: Callable[[DueRun], bool] = lambda _: True) -> tuple[RunReport, ...]:
    """Every period that fell due by its schedule and was never finished, once; of these the `wanted`."""
    due = await books.perform(lambda connection, context: due_runs(connection, context.now))
    return tuple([await run_one(books, run.enterprise_id, run.kind, run.period) for run in due if wanted(run)])
