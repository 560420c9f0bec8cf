"""Steps of attendance: take what a terminal saw, once. Identity: (application, offline counter)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import Connection, insert, select

from ..money import steps as money
from ..taps.uploads import application_at
from .rules import DEFAULT_SHIFT, Shift
from .tables import attendance_event, leave_day, shift

LARGEST_COUNTER = 0xFFFF_FFFF


class Kind(StrEnum):
    """Where the card was held."""

    PUNCH = "PUNCH"  #: an attendance terminal
    DOOR = "DOOR"  #: a door; kept for the counter's sake, not counted as attendance


class Taken(StrEnum):
    """What became of a reported event."""

    POSTED = "POSTED"
    DUPLICATE = "DUPLICATE"


class NotTaken(money.NotTaken):
    """The event is not stored; the message says why. Correct the upload, then send it again."""


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


def post_event(connection: Connection, what: AttendanceEvent, *, now: datetime, origin: str) -> Taken:
    """Take one event; raises :class:`NotTaken` and changes nothing when it cannot be taken."""
    if not 0 < what.counter <= LARGEST_COUNTER:
        raise NotTaken(f"counter {what.counter}: 1 to {LARGEST_COUNTER} are taken")
    if not 0 < len(what.terminal) <= 20:
        raise NotTaken("a terminal's name has 1 to 20 characters")
    application_id = application_at(connection, what.iccid, what.enterprise_id, what.occurred_at)
    if application_id is None:
        raise NotTaken(f"the card ending {what.iccid[-4:]} has no application of enterprise {what.enterprise_id}")
    same = connection.execute(
        select(attendance_event.c.kind, attendance_event.c.terminal, attendance_event.c.occurred_at).where(
            attendance_event.c.application_id == application_id, attendance_event.c.counter == what.counter
        )
    ).one_or_none()
    if same is not None:
        if tuple(same) == (what.kind, what.terminal, what.occurred_at):
            return Taken.DUPLICATE
        raise NotTaken(f"counter {what.counter} of the card ending {what.iccid[-4:]} is taken")
    connection.execute(
        insert(attendance_event).values(
            iccid=what.iccid,
            enterprise_id=what.enterprise_id,
            application_id=application_id,
            kind=what.kind,
            counter=what.counter,
            terminal=what.terminal,
            tac=what.tac,
            occurred_at=what.occurred_at,
            accepted_at=now,
            origin=origin,
        )
    )
    return Taken.POSTED


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
