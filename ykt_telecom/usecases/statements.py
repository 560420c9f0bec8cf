"""Statements: run for a month, planned, and looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from ..flows.statements.overview import runs_of, statements_of
from ..flows.statements.period import Period
from ..flows.statements.run import enterprises_of, open_run
from ..flows.statements.runs import run_one
from ..flows.statements.schedule import BadSchedule, set_schedule
from ..flows.statements.states import StatementKind
from ..flows.statements.tables import statement_run
from ..registry.audit.subject import Subject
from ..registry.people.principals import Principal
from ..storage.context import StepContext
from ..texts.refusals import Code, Refused, refuse
from .means import Context
from .results import Done, Result
from .runner import UseCase, Work, note_changes
from .subjects import Enterprise, enterprise_codes, enterprises_named

#: What a statement tells: consumption or attendance.
KINDS = tuple(StatementKind)


@dataclass(frozen=True, slots=True)
class RunStatements:
    """Write a month's statements into the outbox, each exactly once: of one enterprise and kind, or of all."""

    period: Period
    enterprise: str | None = None
    kind: StatementKind | None = None


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run wrote this time; all zero when it had been finished before."""

    enterprise: str
    kind: StatementKind
    period: Period
    written: int
    suppressed: int
    segments: int


@dataclass(frozen=True, slots=True)
class ScheduleStatements:
    """Set when an enterprise's statements of a kind are sent; `since` is the first month that it covers."""

    enterprise: str
    kind: StatementKind
    day: int
    hour: int
    since: Period
    is_on: bool = True


@dataclass(frozen=True, slots=True)
class Scheduled:
    enterprise: str
    kind: StatementKind


@dataclass(frozen=True, slots=True)
class ShowStatements:
    """Runs, and with a period its statements: of one enterprise and kind, or of all that the principal may see."""

    period: Period | None = None
    enterprise: str | None = None
    kind: StatementKind | None = None


@dataclass(frozen=True, slots=True)
class RunLine:
    """A run with the number of its statements by state."""

    enterprise: str
    kind: StatementKind
    period: str
    state: str
    states: tuple[tuple[str, int], ...]
    segments: int
    possible_duplicates: int


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A statement; the member is masked and the text left out."""

    enterprise: str
    kind: StatementKind
    member: str
    tail: str
    state: str
    reason: str | None
    segments: int
    possible_duplicate: bool


@dataclass(frozen=True, slots=True)
class Overview:
    runs: tuple[RunLine, ...]
    statements: tuple[StatementLine, ...]


async def run_statements(
    work: Work, who: Principal, orders: Sequence[RunStatements]
) -> list[Result[tuple[RunReport, ...]]]:
    """Run after run, each in batches of its own transactions; what was written is not written again."""
    return [await _run(work, who, order) for order in orders]


async def _run(work: Work, who: Principal, order: RunStatements) -> Result[tuple[RunReport, ...]]:
    covered = await work.transactions.look(lambda conn, context: _covered(conn, context, who, order))
    if isinstance(covered, Refused):
        return covered
    kinds = tuple(StatementKind) if order.kind is None else (order.kind,)
    wanted = [(number, code, kind) for number, code in covered.items() for kind in kinds]
    reports = []
    for count, (number, code, kind) in enumerate(wanted, start=1):
        await work.transactions.perform(_opening(work, who, number, kind, order.period), bulk=True)
        report = await run_one(work.transactions, number, kind, order.period)
        reports.append(RunReport(code, kind, order.period, report.written, report.suppressed, report.segments))
        work.progress(count, len(wanted))
    return Done(tuple(reports))


def _covered(conn: Connection, context: StepContext, who: Principal, order: RunStatements) -> dict[int, str] | Refused:
    """The enterprises that the run covers, with their codes."""
    if context.now < order.period.ends():
        return refuse(Code.PERIOD, period=order.period, day=f"{order.period.ends():%Y-%m-%d}")
    if order.enterprise is None:
        return enterprise_codes(conn, enterprises_of(conn) if who.tenant is None else (who.tenant,))
    owner = enterprises_named(conn, who, [order.enterprise])[order.enterprise]
    return owner if isinstance(owner, Refused) else {owner.id: owner.code}


def _opening(
    work: Work, who: Principal, enterprise_id: int, kind: StatementKind, period: Period
) -> Callable[[Connection, StepContext], None]:
    """The step that opens the run, with its audit row in the same transaction."""

    def step(conn: Connection, context: StepContext) -> None:
        mine = (statement_run.c.enterprise_id == enterprise_id) & (statement_run.c.kind == kind)
        known = conn.execute(select(statement_run.c.id).where(mine, statement_run.c.period == str(period))).first()
        open_run(conn, context, enterprise_id=enterprise_id, kind=kind, period=period)
        subject = Subject.enterprise(enterprise_id) if known is None else None
        changed = Done(None, subject, {"kind": kind, "period": str(period)})
        note_changes(conn, Context(context, work.means), who, RUN_STATEMENTS, [changed])

    return step


def schedule_statements(
    conn: Connection, context: Context, who: Principal, orders: Sequence[ScheduleStatements]
) -> list[Result[Scheduled]]:
    """Set or replace each schedule."""
    owners = enterprises_named(conn, who, (order.enterprise for order in orders))
    results: list[Result[Scheduled]] = []
    for order in orders:
        owner = owners[order.enterprise]
        results.append(owner if isinstance(owner, Refused) else _schedule(conn, order, owner))
    return results


def _schedule(conn: Connection, order: ScheduleStatements, owner: Enterprise) -> Result[Scheduled]:
    try:
        set_schedule(
            conn,
            enterprise_id=owner.id,
            kind=order.kind,
            day=order.day,
            hour=order.hour,
            since=order.since,
            enabled=order.is_on,
        )
    except BadSchedule:
        return refuse(Code.SCHEDULE)
    facts = {"kind": order.kind, "day": order.day, "hour": order.hour, "since": str(order.since), "on": order.is_on}
    return Done(Scheduled(owner.code, order.kind), Subject.enterprise(owner.id), facts)


def show_statements(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[ShowStatements]
) -> list[Result[Overview]]:
    """Of one enterprise when it is named, and of its own for a tenant."""
    owners = enterprises_named(conn, who, (order.enterprise for order in orders if order.enterprise))
    results: list[Result[Overview]] = []
    for order in orders:
        owner = owners[order.enterprise] if order.enterprise else None
        if isinstance(owner, Refused):
            results.append(owner)
        else:
            results.append(Done(_overview(conn, order, who.tenant if owner is None else owner.id)))
    return results


def _overview(conn: Connection, order: ShowStatements, enterprise_id: int | None) -> Overview:
    runs = runs_of(conn, order.period, kind=order.kind, enterprise_id=enterprise_id)
    lines = statements_of(conn, order.period, kind=order.kind, enterprise_id=enterprise_id) if order.period else ()
    return Overview(
        tuple(
            RunLine(one.enterprise, one.kind, one.period, one.state, one.states, one.segments, one.possible_duplicates)
            for one in runs
        ),
        tuple(
            StatementLine(
                one.enterprise,
                one.kind,
                one.member,
                one.tail,
                one.state,
                one.reason,
                one.segments,
                one.possible_duplicate,
            )
            for one in lines
        ),
    )


RUN_STATEMENTS: UseCase[RunStatements, tuple[RunReport, ...]] = UseCase(
    "run_statements", RunStatements, tuple[RunReport, ...], action="statement.run", work=run_statements
)
SCHEDULE_STATEMENTS: UseCase[ScheduleStatements, Scheduled] = UseCase(
    "schedule_statements", ScheduleStatements, Scheduled, schedule_statements, action="statement.schedule"
)
SHOW_STATEMENTS: UseCase[ShowStatements, Overview] = UseCase(
    "show_statements", ShowStatements, Overview, show_statements
)
