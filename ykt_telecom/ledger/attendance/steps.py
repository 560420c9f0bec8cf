"""Steps of attendance: take what the terminals saw, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select

from ...storage.context import StepContext
from ...storage.sql import Statement, instant
from ..money.steps import book_what_waited
from ..taps.rules import NotTaken, Taken, Tap, TapKind
from ..taps.steps import Accepted, Duplicate, take_taps
from .rules import DEFAULT_SHIFT, Shift
from .tables import attendance_event, leave_day, shift

_INSERT = Statement(
    insert(attendance_event), ("id", "iccid", "enterprise_id", "application_id", "counter", "kind", "occurred_at")
)


class Kind(StrEnum):
    """Where the card was held."""

    PUNCH = "PUNCH"  #: an attendance terminal
    DOOR = "DOOR"  #: a door; kept for the counter's sake, not counted as attendance


@dataclass(frozen=True, slots=True)
class AttendanceEvent:
    """One tap. `counter` is the card's offline counter after it."""

    iccid: str = field(repr=False)
    enterprise_id: int
    counter: int
    terminal: str
    occurred_at: datetime
    kind: Kind = Kind.PUNCH
    tac: bytes | None = None

    def tap(self) -> Tap:
        """As the rule book of taps knows it."""
        kind = TapKind(self.kind.value)
        return Tap(self.iccid, self.enterprise_id, kind, self.counter, self.terminal, self.occurred_at, tac=self.tac)


def post_events(
    conn: Connection, context: StepContext, events: Sequence[AttendanceEvent], *, origin: str
) -> list[Taken | NotTaken]:
    """Take what was reported; a result for each. What is not taken changes nothing."""
    verdicts = take_taps(conn, context, [one.tap() for one in events], origin=origin)
    results: list[Taken | NotTaken] = []
    rows: list[dict[str, Any]] = []
    for one, verdict in zip(events, verdicts, strict=True):
        if not isinstance(verdict, Accepted):
            results.append(Taken.DUPLICATE if isinstance(verdict, Duplicate) else verdict)
            continue
        results.append(Taken.POSTED)
        rows.append(
            {
                "id": context.next_number(),
                "iccid": one.iccid,
                "enterprise_id": one.enterprise_id,
                "application_id": verdict.application_id,
                "counter": one.counter,
                "kind": one.kind.value,
                "occurred_at": instant(one.occurred_at),
            }
        )
    _INSERT.many(conn, rows)
    if rows:  # a tap between a purchase and its undo was missing
        book_what_waited(conn, context, {(row["iccid"], row["enterprise_id"]) for row in rows})
    return results


def set_shift(connection: Connection, *, enterprise_id: int, hours: Shift) -> None:
    """Set the enterprise's working hours."""
    connection.execute(shift.delete().where(shift.c.enterprise_id == enterprise_id))
    connection.execute(
        insert(shift).values(
            enterprise_id=enterprise_id, starts_minute=hours.starts_minute, ends_minute=hours.ends_minute
        )
    )


def shift_of(connection: Connection, enterprise_id: int) -> Shift:
    """The enterprise's working hours, or the usual ones."""
    row = connection.execute(select(shift).where(shift.c.enterprise_id == enterprise_id)).one_or_none()
    return DEFAULT_SHIFT if row is None else Shift(row.starts_minute, row.ends_minute)


def note_leave(connection: Connection, *, member_id: int, day: date) -> None:
    """A day of leave; noting it twice changes nothing."""
    same = select(leave_day.c.day).where(leave_day.c.member_id == member_id, leave_day.c.day == day)
    if connection.execute(same).first() is None:
        connection.execute(insert(leave_day).values(member_id=member_id, day=day))
