"""When statements are sent: our own table, APScheduler's triggers made from it, and what was missed.

The statement of a month is due on the schedule's day of the next month. APScheduler keeps nothing: its triggers are
rebuilt from the table at every start, and a period that was never run is run once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection, Row, insert, select

from ...runtime.clock import BUSINESS_ZONE
from ...runtime.errors import Refusal
from .period import Period
from .states import RunState, StatementKind
from .tables import statement_run, statement_schedule


class BadSchedule(Refusal, ValueError):
    """The day is not 1 to 28 or the hour not 9 to 19. Statements go out by day, on a day every month has."""


@dataclass(frozen=True, slots=True)
class ScheduledStatement:
    """One schedule with its trigger."""

    enterprise_id: int
    kind: StatementKind
    trigger: CronTrigger

    @property
    def job_id(self) -> str:
        return f"statement-{self.enterprise_id}-{self.kind.lower()}"


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run that is due and not finished."""

    enterprise_id: int
    kind: StatementKind
    period: Period


def set_schedule(
    connection: Connection,
    *,
    enterprise_id: int,
    kind: StatementKind,
    day: int,
    hour: int,
    since: Period,
    minute: int = 0,
    enabled: bool = True,
) -> None:
    """Set or replace a schedule; `since` is the first period it covers."""
    if not (1 <= day <= 28 and 9 <= hour <= 19 and 0 <= minute <= 59):
        raise BadSchedule(f"day {day}, {hour:02d}:{minute:02d}: day 1 to 28, hour 9 to 19")
    table = statement_schedule
    connection.execute(table.delete().where(table.c.enterprise_id == enterprise_id, table.c.kind == kind))
    connection.execute(
        insert(table).values(
            enterprise_id=enterprise_id,
            kind=kind,
            day=day,
            hour=hour,
            minute=minute,
            enabled=enabled,
            since=str(since),
        )
    )


def triggers(connection: Connection) -> tuple[ScheduledStatement, ...]:
    """A trigger for each enabled schedule, in business time."""
    return tuple(
        ScheduledStatement(
            row.enterprise_id,
            StatementKind(row.kind),
            CronTrigger(day=row.day, hour=row.hour, minute=row.minute, timezone=BUSINESS_ZONE),
        )
        for row in _enabled(connection)
    )


def due_runs(connection: Connection, now: datetime) -> tuple[DueRun, ...]:
    """Every period of every schedule that is due by now and not finished, the oldest first."""
    finished = {
        (row.enterprise_id, row.kind, row.period)
        for row in connection.execute(select(statement_run).where(statement_run.c.state == RunState.SENT))
    }
    due = []
    for row in _enabled(connection):
        period, last = Period.parse(row.since), _last_due(row, now)
        while period <= last:
            if (row.enterprise_id, row.kind, str(period)) not in finished:
                due.append(DueRun(row.enterprise_id, StatementKind(row.kind), period))
            period = period.after()
    return tuple(sorted(due, key=lambda run: (run.period, run.enterprise_id, run.kind)))


def _last_due(row: Row[Any], now: datetime) -> Period:
    local = now.astimezone(BUSINESS_ZONE)
    has_fired = (local.day, local.hour, local.minute) >= (row.day, row.hour, row.minute)
    last = Period.of(local).before()
    return last if has_fired else last.before()


def _enabled(connection: Connection) -> list[Row[Any]]:
    query = select(statement_schedule).where(statement_schedule.c.enabled)
    return list(connection.execute(query.order_by(statement_schedule.c.enterprise_id, statement_schedule.c.kind)).all())
