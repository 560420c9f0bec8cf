"""The sliding window of 64 counters by which a repeated MO request is recognised. Pure."""

from __future__ import annotations

from dataclasses import dataclass

WIDTH = 64


@dataclass(frozen=True, slots=True)
class ReplayWindow:
    """The highest counter seen, and a bit for each of the 64 up to it (bit 0 is the highest itself)."""

    highest: int = 0
    seen: int = 0

    def admit(self, counter: int) -> ReplayWindow | None:
        """The window with the counter marked; None when it was seen, or is too old to tell."""
        if counter > self.highest:
            shift = min(counter - self.highest, WIDTH)
            return ReplayWindow(counter, (self.seen << shift | 1) & ((1 << WIDTH) - 1))
        bit = 1 << (self.highest - counter)
        if counter <= self.highest - WIDTH or self.seen & bit:
            return None
        return ReplayWindow(self.highest, self.seen | bit)

    def to_hex(self) -> str:
        return f"{self.seen:016x}"

    @classmethod
    def from_row(cls, highest: int, seen: str) -> ReplayWindow:
        return cls(highest, int(seen, 16))
