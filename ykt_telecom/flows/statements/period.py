"""A statement's period: one calendar month in business time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ...runtime.clock import BUSINESS_ZONE
from ...runtime.errors import Refusal

_SHAPE = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class BadPeriod(Refusal, ValueError):
    """The text is no month. Write it as 2026-10."""


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One month.

    >>> str(Period.parse("2026-01").before())
    '2025-12'
    """

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise BadPeriod(f"{text[:20]!r} is no month; write it as 2026-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, moment: datetime) -> Self:
        local = moment.astimezone(BUSINESS_ZONE)
        return cls(local.year, local.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def after(self) -> Period:
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def before(self) -> Period:
        return Period(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def starts(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=BUSINESS_ZONE)

    def ends(self) -> datetime:
        """The first moment that is no longer in it."""
        return self.after().starts()
