"""Texts of the monthly statements: a ladder from long to compact, the signature first and once.

The rung that takes the fewest segments is sent; of several, the longest. Names are masked and cleaned, amounts never
cut, and every figure stands where it always stands: a name is a value in these texts, never a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from telecom_codecs.sms.concat import segment_count

from ...ledger.attendance.rules import Month
from ...texts.amount import format_yuan
from ...texts.names import clean_name, mask_name
from ...texts.signature import DEFAULT_SIGNATURE, bracketed

#: Characters that fit at most: the signature's brackets are in UCS-2 only, where a character takes a unit or two.
_SINGLE, _SEGMENT = 70, 67


@dataclass(frozen=True, slots=True)
class Heading:
    """What the texts of a run have in common, made once: signature in its brackets, cleaned enterprise, month."""

    signature: str
    enterprise: str
    month: int

    @classmethod
    def of(cls, enterprise: str, month: int, signature: str = DEFAULT_SIGNATURE) -> Self:
        """Raises `BadSignature` when the signature cannot stand first; a cleaned name brings no second one."""
        return cls(bracketed(signature), clean_name(enterprise), month)


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

    text: str = field(repr=False)
    segments: int


def shortest(ladder: Sequence[str]) -> StatementText:
    """The first rung among those with the fewest segments; each rung is shorter than the one before it."""
    fewest = segment_count(ladder[-1])
    room = _SINGLE if fewest == 1 else _SEGMENT * fewest
    for text in ladder[:-1]:
        if len(text) <= room and segment_count(text) == fewest:
            return StatementText(text, fewest)
    return StatementText(ladder[-1], fewest)


def consumption_text(heading: Heading, figures: Consumption) -> StatementText:
    return shortest(consumption_ladder(heading, figures))


def attendance_text(heading: Heading, member: str, figures: Month) -> StatementText:
    return shortest(attendance_ladder(heading, member, figures))


def consumption_ladder(heading: Heading, figures: Consumption) -> tuple[str, ...]:
    """Long to compact; every rung tells the same figures."""
    spent, loaded = format_yuan(figures.spent_fen), format_yuan(figures.loaded_fen)
    left = format_yuan(figures.closing_balance_fen)
    until = figures.valid_until
    valid = short_valid = ""
    if until is not None:
        day = until.isoformat()
        valid, short_valid = f"(有效期至{day})", f"(至{day[2:]})"
    late = f"(含补记{figures.late}笔)" if figures.late else ""
    begins = f"{heading.signature}{heading.enterprise}{heading.month}月消费"
    full = (
        f"{begins}账单：消费{figures.purchases}笔共{spent}元{late}，充值{figures.loads}笔共{loaded}元，"
        f"月末余额{left}元{valid}。明细回复ZD，退订回TD2。"
    )
    compact = f"{begins}{figures.purchases}笔{spent}元{late}，充值{figures.loads}笔{loaded}元，余额{left}元"
    shorter = f"{compact}{short_valid}"
    return (
        full,
        f"{compact}{valid}。明细回ZD，退订回TD2",
        f"{shorter}。明细ZD，退订TD2",
        f"{shorter}。退订TD2",
        shorter,
    )


def attendance_ladder(heading: Heading, member: str, figures: Month) -> tuple[str, ...]:
    """Long to compact; every rung tells the same figures."""
    name = f"{heading.enterprise}{heading.month}月考勤"
    over = f"{figures.overtime_tenths // 10}.{figures.overtime_tenths % 10}"
    full = (
        f"{heading.signature}{mask_name(member)}您好，{name}：应出勤{figures.expected_days}天，"
        f"实出勤{figures.attended_days}天，迟到{figures.late}次，早退{figures.early}次，缺卡{figures.missing}次，"
        f"请假{figures.leave_days}天，加班{over}小时。明细回复KQ，退订本账单回TD1。"
    )
    compact = (
        f"{heading.signature}{name}：应到{figures.expected_days}天实到{figures.attended_days}天，"
        f"迟到{figures.late}早退{figures.early}缺卡{figures.missing}请假{figures.leave_days}，加班{over}时。明细回KQ"
    )
    return (full, f"{compact}，退订回TD1", compact)
