"""What the statements of a period look like from outside: counts by run, and rows with masked names."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from ...registry.directory.tables import enterprise, member
from ...texts.names import clean_name, mask_name, mask_tail
from .period import Period
from .states import StatementKind
from .tables import statement, statement_run


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One statement; the member is masked and the text left out."""

    enterprise: str
    kind: StatementKind
    member: str
    tail: str
    state: str
    reason: str | None
    segments: int
    possible_duplicate: bool


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run with the number of its statements by state."""

    enterprise: str
    kind: StatementKind
    period: str
    state: str
    states: tuple[tuple[str, int], ...]
    segments: int
    possible_duplicates: int


def statements_of(
    connection: Connection, period: Period, *, kind: StatementKind | None = None, enterprise_id: int | None = None
) -> tuple[StatementLine, ...]:
    """Every statement of the period, in the order of enterprises, kinds and members."""
    query = (
        select(
            statement, enterprise.c.name.label("enterprise_name"), member.c.name.label("member_name"), member.c.msisdn
        )
        .join(statement_run, statement_run.c.id == statement.c.run_id)
        .join(enterprise, enterprise.c.id == statement_run.c.enterprise_id)
        .join(member, member.c.id == statement.c.member_id)
        .where(statement_run.c.period == str(period))
        .order_by(statement_run.c.enterprise_id, statement_run.c.kind, statement.c.member_id)
    )
    if kind is not None:
        query = query.where(statement_run.c.kind == kind)
    if enterprise_id is not None:
        query = query.where(statement_run.c.enterprise_id == enterprise_id)
    return tuple(
        StatementLine(
            clean_name(row.enterprise_name),
            StatementKind(row.kind),
            mask_name(row.member_name),
            mask_tail(row.msisdn),
            row.state,
            row.reason,
            row.segments,
            row.possible_duplicate,
        )
        for row in connection.execute(query)
    )


def runs_of(
    connection: Connection,
    period: Period | None = None,
    *,
    kind: StatementKind | None = None,
    enterprise_id: int | None = None,
) -> tuple[RunLine, ...]:
    """Every run (of the period, the kind, the enterprise), the newest period first."""
    query = select(statement_run, enterprise.c.name).join(enterprise, enterprise.c.id == statement_run.c.enterprise_id)
    if period is not None:
        query = query.where(statement_run.c.period == str(period))
    if kind is not None:
        query = query.where(statement_run.c.kind == kind)
    if enterprise_id is not None:
        query = query.where(statement_run.c.enterprise_id == enterprise_id)
    query = query.order_by(statement_run.c.period.desc(), statement_run.c.enterprise_id, statement_run.c.kind)
    lines = []
    for run in connection.execute(query).all():
        rows = connection.execute(
            select(
                statement.c.state,
                func.count(),
                func.sum(statement.c.segments),
                func.count(case((statement.c.possible_duplicate, 1))),
            )
            .where(statement.c.run_id == run.id)
            .group_by(statement.c.state)
            .order_by(statement.c.state)
        ).all()
        states = tuple((state, count) for state, count, _, _ in rows)
        segments, doubtful = sum(int(row[2]) for row in rows), sum(row[3] for row in rows)
        name, kind = clean_name(run.name), StatementKind(run.kind)
        lines.append(RunLine(name, kind, run.period, run.state, states, segments, doubtful))
    return tuple(lines)
