"""What a month of taps means: days attended, late, early, one tap missing, overtime.

The first tap of a day is 上班, the last is 下班. A single tap is the one whose time is nearer. Times are business time.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

SATURDAY = 5
#: Overtime counts in half hours, and only whole ones.
OVERTIME_STEP_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Shift:
    """Working hours, in minutes after midnight."""

    starts_minute: int
    ends_minute: int

    def __post_init__(self) -> None:
        if not 0 <= self.starts_minute < self.ends_minute <= 24 * 60:
            raise ValueError("a shift starts before it ends, within one day")


DEFAULT_SHIFT = Shift(9 * 60, 18 * 60)


@dataclass(frozen=True, slots=True)
class Day:
    """One day of one member. `start` and `end` are minutes after midnight, None where the tap is missing."""

    day: date
    start: int | None
    end: int | None
    late_minutes: int
    early_minutes: int
    overtime_minutes: int

    @property
    def is_missing_a_tap(self) -> bool:
        return self.start is None or self.end is None


@dataclass(frozen=True, slots=True)
class Month:
    """One month of one member, as a statement tells it. `overtime_tenths` is in tenths of an hour."""

    expected_days: int
    attended_days: int
    late: int
    early: int
    missing: int
    leave_days: int
    overtime_tenths: int


def judge_day(day: date, taps: Iterable[datetime], hours: Shift) -> Day:
    """What the taps of one working day amount to; at least one is wanted."""
    minutes = [tap.hour * 60 + tap.minute for tap in taps]
    if not minutes:
        raise ValueError("a day without taps is an absence, not a day")
    return Day(day, *_judge(minutes, hours))


def judge_month(year: int, month: int, taps: Iterable[datetime], leave: Iterable[date], hours: Shift) -> Month:
    """Add the days up; taps on days off do not count."""
    by_day: dict[date, list[int]] = {}
    for tap in taps:
        by_day.setdefault(tap.date(), []).append(tap.hour * 60 + tap.minute)
    return judge_minutes(year, month, by_day, leave, hours)


def judge_minutes(
    year: int, month: int, taps: Mapping[date, Sequence[int]], leave: Iterable[date], hours: Shift
) -> Month:
    """As :func:`judge_month` for taps that are told by day, in minutes after its midnight."""
    working = working_days(year, month)
    days = [_judge(minutes, hours) for day, minutes in taps.items() if day in working]
    return Month(
        expected_days=len(working),
        attended_days=len(days),
        late=sum([late > 0 for _, _, late, _, _ in days]),
        early=sum([early > 0 for _, _, _, early, _ in days]),
        missing=sum([start is None or end is None for start, end, _, _, _ in days]),
        leave_days=len(working.intersection(leave)),
        overtime_tenths=sum([over for _, _, _, _, over in days]) // 6,
    )


def _judge(minutes: Sequence[int], hours: Shift) -> tuple[int | None, int | None, int, int, int]:
    """Start and end of a day with taps, then minutes late, early and of overtime."""
    if len(minutes) == 1:
        only = minutes[0]
        if abs(only - hours.starts_minute) <= abs(only - hours.ends_minute):
            return only, None, max(0, only - hours.starts_minute), 0, 0
        start, end = None, only
        late = 0
    else:
        start, end = min(minutes), max(minutes)
        late = max(0, start - hours.starts_minute)
    over = end - hours.ends_minute
    if over < 0:
        return start, end, late, -over, 0
    return start, end, late, 0, over - over % OVERTIME_STEP_MINUTES


@cache
def working_days(year: int, month: int) -> frozenset[date]:
    """Monday to Friday; holidays come with the enterprises' calendars."""
    days = (date(year, month, day) for day in range(1, calendar.monthrange(year, month)[1] + 1))
    return frozenset(day for day in days if day.weekday() < SATURDAY)
