"""One run: opened with its cut-off, and read as a value. Its figures depend on nothing else that changes.

A row belongs to the period in which it happened if it was booked before the cut-off, else to the next run (补记): a run
tells what was booked up to its cut-off and happened before its period ended, without what the run before it told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from ...ledger.attendance.tables import attendance_event
from ...ledger.money.tables import posting
from ...registry.directory.tables import enterprise
from ...runtime.errors import Refusal
from ...storage.context import StepContext
from ...texts.signature import signature_or_default
from .period import BadPeriod, Period
from .states import RunState, StatementKind
from .tables import statement_run
from .texts import Heading


class NoSuchEnterprise(Refusal, LookupError):
    """There is no such enterprise. `ykt enterprise list` shows those there are."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the run before has told: numbers up to `cutoff` of what happened before `until`.

    Without a run before it (`run_id` 0), everything from before the period: that is history, nobody is told of it late.
    """

    run_id: int
    cutoff: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Run:
    """A run that is not finished."""

    id: int
    enterprise_id: int
    kind: StatementKind
    period: Period
    cutoff: int
    told: Told
    members_up_to: int
    heading: Heading


def enterprises_of(connection: Connection, enterprise_id: int | None = None) -> tuple[int, ...]:
    """The enterprises a run covers; raises :class:`NoSuchEnterprise`."""
    query = select(enterprise.c.id).order_by(enterprise.c.id)
    if enterprise_id is None:
        return tuple(connection.execute(query).scalars())
    found = tuple(connection.execute(query.where(enterprise.c.id == enterprise_id)).scalars())
    if not found:
        raise NoSuchEnterprise(f"no enterprise {enterprise_id}; `ykt enterprise list` shows those there are")
    return found


def open_run(
    connection: Connection, context: StepContext, *, enterprise_id: int, kind: StatementKind, period: Period
) -> int:
    """The run of this enterprise, kind and period: the one there is, or a new one with the cut-off of now.

    A period that is run after a later one gets the cut-off of that one: what was booked since is told next (补记).
    Raises `BadPeriod` before the period has ended: a run is final, and what came later would never be told.
    """
    if context.now < period.ends():
        raise BadPeriod(f"{period} has not ended: its statements can be written from {period.ends():%Y-%m-%d} on")
    run = statement_run.c
    mine = (run.enterprise_id == enterprise_id) & (run.kind == kind) & (run.revision == 0)
    same = connection.execute(select(run.id).where(mine, run.period == str(period))).scalar()
    if same is not None:
        return int(same)
    earlier = select(run.id).where(mine, run.period < str(period)).order_by(run.period.desc()).limit(1)
    later = connection.execute(select(func.min(run.cutoff)).where(mine, run.period > str(period))).scalar()
    numbers = posting.c.id if kind is StatementKind.CONSUMPTION else attendance_event.c.id
    newest = connection.execute(select(func.coalesce(func.max(numbers), 0))).scalar_one()
    run_id = context.next_number()
    connection.execute(
        insert(statement_run).values(
            id=run_id,
            enterprise_id=enterprise_id,
            kind=kind,
            period=str(period),
            revision=0,
            state=RunState.SENDING,
            cutoff=newest if later is None else min(newest, later),
            earlier_run_id=connection.execute(earlier).scalar(),
            members_up_to=0,
            opened_at=context.now,
        )
    )
    return run_id


def read_run(connection: Connection, run_id: int) -> Run | None:
    """The run as it stands, or None when it is finished."""
    run, earlier = statement_run, statement_run.alias()
    row = connection.execute(
        select(
            run,
            enterprise.c.name,
            enterprise.c.signature,
            earlier.c.cutoff.label("told_cutoff"),
            earlier.c.period.label("told_period"),
        )
        .join(enterprise, enterprise.c.id == run.c.enterprise_id)
        .outerjoin(earlier, earlier.c.id == run.c.earlier_run_id)
        .where(run.c.id == run_id)
    ).one()
    if row.state == RunState.SENT:
        return None
    period = Period.parse(row.period)
    if row.earlier_run_id is None:
        told = Told(0, row.cutoff, period.starts())
    else:
        told = Told(row.earlier_run_id, row.told_cutoff, Period.parse(row.told_period).ends())
    heading = Heading.of(row.name, period.month, signature_or_default(row.signature))
    kind = StatementKind(row.kind)
    return Run(row.id, row.enterprise_id, kind, period, row.cutoff, told, row.members_up_to, heading)
