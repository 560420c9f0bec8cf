"""Texts of the monthly statements: a ladder from long to compact, the signature first and once (domain.md §4.1, §4.2).

The rung that takes the fewest segments is sent; of several, the longest. Names are masked and cleaned, amounts never
cut, and every figure stands where it always stands: a name is a value in these texts, never a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from telecom_codecs.sms.concat import segment_count

from ...ledger.attendance.rules import Month
from ...texts.amount import format_yuan
from ...texts.names import clean_name, mask_name
from ...texts.signature import DEFAULT_SIGNATURE, signed


@dataclass(frozen=True, slots=True)
class Consumption:
    """A month of one purse. `late` of its transactions happened earlier and missed the cut-off of their own month."""

    purchases: int
    spent_fen: int
    loads: int
    loaded_fen: int
    closing_balance_fen: int
    valid_until: date | None
    late: int = 0


@dataclass(frozen=True, slots=True)
class StatementText:
    """What is sent, and the number of segments it takes (INV-20)."""

    text: str
    segments: int


def shortest(ladder: Sequence[str]) -> StatementText:
    """The first rung among those with the fewest segments."""
    counted = [StatementText(text, segment_count(text)) for text in ladder]
    return min(counted, key=lambda rung: rung.segments)


def consumption_text(
    member: str, enterprise: str, month: int, figures: Consumption, signature: str = DEFAULT_SIGNATURE
) -> StatementText:
    return shortest(consumption_ladder(member, enterprise, month, figures, signature))


def attendance_text(
    member: str, enterprise: str, month: int, figures: Month, signature: str = DEFAULT_SIGNATURE
) -> StatementText:
    return shortest(attendance_ladder(member, enterprise, month, figures, signature))


def consumption_ladder(
    member: str, enterprise: str, month: int, figures: Consumption, signature: str = DEFAULT_SIGNATURE
) -> tuple[str, ...]:
    """Long to compact; every rung tells the same figures."""
    name = clean_name(enterprise)
    spent, loaded = format_yuan(figures.spent_fen), format_yuan(figures.loaded_fen)
    left = format_yuan(figures.closing_balance_fen)
    until = figures.valid_until
    valid = "" if until is None else f"(有效期至{until.isoformat()})"
    short_valid = "" if until is None else f"(至{until:%y-%m-%d})"
    late = f"(含补记{figures.late}笔)" if figures.late else ""
    full = (
        f"{name}{month}月消费账单：消费{figures.purchases}笔共{spent}元{late}，充值{figures.loads}笔共{loaded}元，"
        f"月末余额{left}元{valid}。明细回复ZD，退订回TD2。"
    )
    compact = f"{name}{month}月消费{figures.purchases}笔{spent}元{late}，充值{figures.loads}笔{loaded}元，余额{left}元"
    return tuple(
        signed(body, signature)
        for body in (
            full,
            f"{compact}{valid}。明细回ZD，退订回TD2",
            f"{compact}{short_valid}。明细ZD，退订TD2",
            f"{compact}{short_valid}。退订TD2",
            f"{compact}{short_valid}",
        )
    )


def attendance_ladder(
    member: str, enterprise: str, month: int, figures: Month, signature: str = DEFAULT_SIGNATURE
) -> tuple[str, ...]:
    """Long to compact; every rung tells the same figures."""
    name = clean_name(enterprise)
    over = f"{figures.overtime_tenths // 10}.{figures.overtime_tenths % 10}"
    full = (
        f"{mask_name(member)}您好，{name}{month}月考勤：应出勤{figures.expected_days}天，实出勤{figures.attended_days}天，"
        f"迟到{figures.late}次，早退{figures.early}次，缺卡{figures.missing}次，请假{figures.leave_days}天，"
        f"加班{over}小时。明细回复KQ，退订本账单回TD1。"
    )
    compact = (
        f"{name}{month}月考勤：应到{figures.expected_days}天实到{figures.attended_days}天，"
        f"迟到{figures.late}早退{figures.early}缺卡{figures.missing}请假{figures.leave_days}，加班{over}时。明细回KQ"
    )
    return tuple(signed(body, signature) for body in (full, f"{compact}，退订回TD1", compact))
