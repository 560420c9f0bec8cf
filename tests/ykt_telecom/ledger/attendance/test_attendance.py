"""Attendance: taps taken once, days judged by the enterprise's hours."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.ykt_telecom.ledger.money.world import HUAXIN, NOON, a_world, iccid_of
from ykt_telecom.ledger.attendance.imports import import_events, read_events
from ykt_telecom.ledger.attendance.rules import DEFAULT_SHIFT, Month, Shift, judge_day, judge_month
from ykt_telecom.ledger.attendance.steps import AttendanceEvent, post_events, set_shift, shift_of
from ykt_telecom.ledger.taps.imports import ImportReport
from ykt_telecom.ledger.taps.rules import NotTaken, Taken
from ykt_telecom.runtime.clock import BUSINESS_ZONE

pytestmark = pytest.mark.usefixtures("worlds")


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 9, day, hour, minute, tzinfo=BUSINESS_ZONE)


@pytest.mark.parametrize(
    ("taps", "late", "early", "missing", "overtime"),
    [
        (["08:52", "18:07"], 0, 0, False, 0),
        (["09:00", "18:00"], 0, 0, False, 0),
        (["09:12", "18:00"], 12, 0, False, 0),
        (["08:50", "17:45"], 0, 15, False, 0),
        (["08:50", "12:00", "13:00", "18:29"], 0, 0, False, 0),
        (["08:50", "19:05"], 0, 0, False, 60),
        (["08:50"], 0, 0, True, 0),
        (["09:30"], 30, 0, True, 0),
        (["18:31"], 0, 0, True, 30),
    ],
)
def test_a_day_is_judged_by_its_first_and_last_tap(
    taps: list[str], late: int, early: int, missing: bool, overtime: int
) -> None:
    """The first tap is 上班, the last 下班; a single one is the nearer of the two."""
    day = judge_day(date(2026, 9, 1), [at(1, tap) for tap in taps], DEFAULT_SHIFT)
    assert (day.late_minutes, day.early_minutes, day.is_missing_a_tap, day.overtime_minutes) == (
        late,
        early,
        missing,
        overtime,
    )


def test_a_month_adds_its_working_days_up() -> None:
    """September 2026 has 22 working days; a Saturday's tap does not count."""
    taps = [at(1, "08:50"), at(1, "18:00"), at(2, "09:20"), at(2, "19:40"), at(3, "08:59"), at(5, "10:00")]
    month = judge_month(2026, 9, taps, [date(2026, 9, 4), date(2026, 9, 6)], DEFAULT_SHIFT)
    assert month == Month(
        expected_days=22, attended_days=3, late=1, early=0, missing=1, leave_days=1, overtime_tenths=15
    )


def test_the_same_tap_is_taken_once_and_another_at_its_counter_is_not() -> None:
    """An upload that is sent again does not make anybody late twice."""
    world = a_world()
    world.add_member(1, HUAXIN)
    tap = AttendanceEvent(iccid_of(1), HUAXIN, 5, "KQ01", NOON)

    def take(what: AttendanceEvent) -> Taken | NotTaken:
        [result] = world.run(lambda connection, context: post_events(connection, context, [what], origin="test"))
        return result

    assert [take(tap), take(tap)] == [Taken.POSTED, Taken.DUPLICATE]
    for wrong in (
        replace(tap, occurred_at=NOON + timedelta(seconds=1)),
        replace(tap, counter=0),
        replace(tap, terminal=""),
        replace(tap, iccid=iccid_of(2)),
    ):
        assert isinstance(take(wrong), NotTaken)


def test_a_file_of_taps_is_imported_once() -> None:
    """As for transactions."""
    world = a_world()
    world.add_member(1, HUAXIN)
    heading = "iccid,enterprise,kind,counter,terminal,time,tac"
    start = f"{iccid_of(1)},{HUAXIN}"
    text = f"{heading}\n{start},punch,1,考勤机,2026-09-01 08:52,\n{start},door,2,东门,2026-09-01 08:51,\n"
    upload = read_events(text.encode("gbk"), {str(HUAXIN): HUAXIN})
    reports = [world.run(lambda connection, context: import_events(connection, context, upload)) for _ in range(2)]
    assert reports == [ImportReport(2, 0, 0), ImportReport(0, 0, 0, is_repeated=True)]


def test_an_enterprise_may_have_its_own_hours() -> None:
    """9:00 to 18:00 unless it says otherwise."""
    world = a_world()
    with world.reading() as connection:
        assert shift_of(connection, HUAXIN) == DEFAULT_SHIFT
    early = Shift(7 * 60 + 30, 16 * 60)
    world.run(lambda connection, _: set_shift(connection, enterprise_id=HUAXIN, hours=early))
    with world.reading() as connection:
        assert shift_of(connection, HUAXIN) == early
    with pytest.raises(ValueError, match="starts before it ends"):
        Shift(600, 600)
