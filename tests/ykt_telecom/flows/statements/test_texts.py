"""The ladder of statement texts: the forms the service design shows, with their units and segments."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_codecs.sms.concat import segment_count
from ykt_telecom.flows.statements.period import BadPeriod, Period
from ykt_telecom.flows.statements.texts import (
    Consumption,
    Heading,
    attendance_ladder,
    attendance_text,
    consumption_ladder,
    consumption_text,
)
from ykt_telecom.ledger.attendance.rules import Month
from ykt_telecom.texts.amount import format_yuan

MONTH = Month(expected_days=21, attended_days=20, late=1, early=0, missing=1, leave_days=1, overtime_tenths=65)
NINE = Heading.of("华信科技", 9)
SPENT = Consumption(38, 51_250, 2, 60_000, 12_830, date(2010, 12, 31))


def test_the_samples_of_the_design_are_rungs_of_the_ladder() -> None:
    """Character for character, with the unit and segment counts of the table."""
    attendance = attendance_ladder(NINE, "张三", MONTH)
    consumption = consumption_ladder(NINE, SPENT)
    for text, sample, units, segments in (
        (
            attendance[0],
            "【移动一卡通】张*您好，华信科技9月考勤：应出勤21天，实出勤20天，迟到1次，早退0次，缺卡1次，请假1天，"
            "加班6.5小时。明细回复KQ，退订本账单回TD1。",
            80,
            2,
        ),
        (
            attendance[-1],
            "【移动一卡通】华信科技9月考勤：应到21天实到20天，迟到1早退0缺卡1请假1，加班6.5时。明细回KQ",
            52,
            1,
        ),
        (
            consumption[0],
            "【移动一卡通】华信科技9月消费账单：消费38笔共512.50元，充值2笔共600.00元，"
            "月末余额128.30元(有效期至2010-12-31)。明细回复ZD，退订回TD2。",
            87,
            2,
        ),
    ):
        assert text == sample
        assert (len(text), segment_count(text)) == (units, segments)


@pytest.mark.parametrize(
    ("enterprise", "units", "segments"),
    [("华信科技", 59, 1), ("华" * 15, 70, 1), ("华" * 16, 64, 1), ("华" * 22, 70, 1), ("华" * 24, 100, 2)],
)
def test_attendance_is_sent_on_the_longest_rung_of_the_fewest_segments(
    enterprise: str, units: int, segments: int
) -> None:
    """Long where it costs nothing, compact where that saves a segment."""
    heading = Heading.of(enterprise, 9)
    told = attendance_text(heading, "张三", MONTH)
    assert (len(told.text), told.segments) == (units, segments)
    assert told.segments == min(map(segment_count, attendance_ladder(heading, "张三", MONTH)))


@pytest.mark.parametrize(
    ("changes", "expected", "segments"),
    [
        (
            {},
            "【移动一卡通】华信科技9月消费38笔512.50元，充值2笔600.00元，余额128.30元(至10-12-31)。明细ZD，退订TD2",
            1,
        ),
        (
            {"valid_until": None},
            "【移动一卡通】华信科技9月消费38笔512.50元，充值2笔600.00元，余额128.30元。明细回ZD，退订回TD2",
            1,
        ),
        (
            {"spent_fen": 5_125_000, "late": 2},
            "【移动一卡通】华信科技9月消费38笔51250.00元(含补记2笔)，充值2笔600.00元，余额128.30元(至10-12-31)",
            1,
        ),
    ],
)
def test_consumption_is_sent_in_one_segment_where_it_fits(
    changes: dict[str, object], expected: str, segments: int
) -> None:
    """The same figures in fewer segments."""
    told = consumption_text(NINE, replace(SPENT, **changes))  # type: ignore[arg-type]
    assert (told.text, told.segments) == (expected, segments)


@given(
    st.text(max_size=30),
    st.integers(1, 12),
    st.builds(
        Consumption,
        st.integers(0, 999),
        st.integers(0, 10**8),
        st.integers(0, 99),
        st.integers(0, 10**8),
        st.integers(0, 10**8),
        st.none() | st.dates(date(2000, 1, 1), date(2099, 12, 31)),
        st.integers(0, 9),
    ),
)
@settings(max_examples=100, deadline=None)
def test_no_name_changes_a_figure(enterprise: str, month: int, figures: Consumption) -> None:
    """T16, INV-20: amounts stand in every rung, one line, one signature, and the segments told are those it takes."""
    for text in consumption_ladder(Heading.of(enterprise, month), figures):
        for amount in (figures.spent_fen, figures.loaded_fen, figures.closing_balance_fen):
            assert f"{format_yuan(amount)}元" in text
        assert text.startswith("【移动一卡通】")
        assert text.count("【") == 1
        assert "\n" not in text
    told = consumption_text(Heading.of(enterprise, month), figures)
    assert told.segments == segment_count(told.text)


def test_periods_are_months() -> None:
    """And nothing else."""
    assert Period.parse("2026-12").after() == Period(2027, 1)
    assert Period(2027, 1).before() == Period(2026, 12)
    assert Period(2026, 1).ends() == Period(2026, 2).starts()
    for text in ("2026-13", "2026-1", "202610", "", "1999-01", "2026-10 "):
        with pytest.raises(BadPeriod):
            Period.parse(text)
