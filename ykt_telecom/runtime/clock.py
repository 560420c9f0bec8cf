"""Time as an argument: the wall clock for business dates, a monotonic one for waiting.

Only drivers and the wiring hold a clock; rules and steps get `now` handed in.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

BUSINESS_ZONE = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def from_microseconds(instant: int) -> datetime:
    """Microseconds since 1970 UTC as a moment in business time."""
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(BUSINESS_ZONE)


class Clock(Protocol):
    """Where the time comes from."""

    def now(self) -> datetime:
        """The wall clock, aware, in business time (Asia/Shanghai)."""

    def monotonic(self) -> float:
        """Seconds that never step; only differences mean something."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        return datetime.now(BUSINESS_ZONE)

    def monotonic(self) -> float:
        return time.monotonic()


class ManualClock:
    """A clock that stands still until it is moved: for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("a naive datetime has no place here: give it a time zone")
        self._now = start.astimezone(BUSINESS_ZONE)
        self._monotonic = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Move both clocks forward."""
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds
