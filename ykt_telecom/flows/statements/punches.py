"""The figures of a month's attendance for a run, out of the taps of a page of cards."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias

from sqlalchemy import Connection, bindparam, select

from ...ledger.attendance.rules import Month, judge_minutes
from ...ledger.attendance.steps import Kind, shift_of
from ...ledger.attendance.tables import attendance_event, leave_day
from ...runtime.clock import BUSINESS_ZONE
from ...storage.sql import Statement, in_list, instant
from .run import Run

_MINUTE = 60_000_000

_PUNCHES = Statement(
    select(attendance_event.c.iccid, attendance_event.c.occurred_at).where(
        in_list(attendance_event.c.iccid, "iccids"),
        attendance_event.c.enterprise_id == bindparam("enterprise"),
        attendance_event.c.kind == bindparam("kind"),
        attendance_event.c.occurred_at >= bindparam("starts"),
        attendance_event.c.occurred_at < bindparam("ends"),
        attendance_event.c.id <= bindparam("cutoff"),
    )
)
_LEAVE = select(leave_day).where(
    leave_day.c.member_id.in_(bindparam("members", expanding=True)),
    leave_day.c.day >= bindparam("first"),
    leave_day.c.day < bindparam("after"),
)


#: Of one card: the minutes after midnight of its punches, by day.
_Days: TypeAlias = Mapping[date, Sequence[int]]


@dataclass(frozen=True, slots=True)
class Presence:
    """What was seen of one member: the cards that count as theirs, each with or without a punch."""

    member_id: int
    iccids: Sequence[str]


def attendance_months(connection: Connection, run: Run, asked: Sequence[Presence]) -> Mapping[int, tuple[Month, bool]]:
    """By member id: the judged month, and whether anything was seen of the member at all."""
    punches = _punches(connection, run, [iccid for one in asked for iccid in one.iccids])
    leave = _leave(connection, run, [one.member_id for one in asked])
    hours = shift_of(connection, run.enterprise_id)
    found = {}
    for one in asked:
        seen = _together([punches[iccid] for iccid in one.iccids if iccid in punches])
        month = judge_minutes(run.period.year, run.period.month, seen, leave.get(one.member_id, ()), hours)
        found[one.member_id] = (month, bool(seen))
    return found


def _together(cards: Sequence[_Days]) -> _Days:
    """The days of all cards of a member as those of one."""
    if len(cards) == 1:
        return cards[0]
    days: dict[date, list[int]] = {}
    for seen in cards:
        for day, minutes in seen.items():
            days.setdefault(day, []).extend(minutes)
    return days


def _punches(connection: Connection, run: Run, iccids: Sequence[str]) -> Mapping[str, _Days]:
    """By ICCID: the minutes of the punches of each day, in business time."""
    days = _days(run)
    midnights = [instant(midnight) for _, midnight in days]
    found: dict[str, dict[date, list[int]]] = {}
    for iccid, moment in _PUNCHES.rows(
        connection,
        iccids=iccids,
        enterprise=run.enterprise_id,
        kind=Kind.PUNCH,
        starts=instant(run.period.starts()),
        ends=instant(run.period.ends()),
        cutoff=run.cutoff,
    ):
        at = bisect_right(midnights, moment) - 1
        minute = (moment - midnights[at]) // _MINUTE
        seen = found.get(iccid)
        if seen is None:
            seen = found[iccid] = {}
        seen.setdefault(days[at][0], []).append(minute)
    return found


def _days(run: Run) -> list[tuple[date, datetime]]:
    """The days of the period with the moment at which each begins."""
    first, after = run.period.starts().date(), run.period.ends().date()
    days = [first + timedelta(days=number) for number in range((after - first).days)]
    return [(day, datetime(day.year, day.month, day.day, tzinfo=BUSINESS_ZONE)) for day in days]


def _leave(connection: Connection, run: Run, members: Sequence[int]) -> Mapping[int, list[date]]:
    found: dict[int, list[date]] = {}
    first, after = run.period.starts().date(), run.period.ends().date()
    for row in connection.execute(_LEAVE, {"members": list(members), "first": first, "after": after}):
        found.setdefault(row.member_id, []).append(row.day)
    return found
