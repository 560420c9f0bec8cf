"""Submissions per second: a token bucket without a clock."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """At most `rate` a second with bursts of `burst`; a rate of None never waits. Times are monotonic seconds."""

    rate: float | None = None
    burst: float = 1.0
    _tokens: float = field(default=0.0, init=False)
    _filled: float | None = field(default=None, init=False)

    def tokens(self, now: float) -> float:
        """How many may go now; without a rate as many as the burst."""
        if self.rate is None or self._filled is None:
            self._tokens = self.burst
        else:
            self._tokens = min(self.burst, self._tokens + (now - self._filled) * self.rate)
        self._filled = now
        return self._tokens + 1e-9  # so that a wait that was slept to its end suffices

    def spend(self, count: int) -> None:
        """So many went."""
        self._tokens -= count

    def take(self, now: float) -> bool:
        """One submission may go now, and is counted."""
        if self.rate is None:
            return True
        if self.tokens(now) < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def change(self, rate: float, burst: float, now: float) -> None:
        """Another rate from now on."""
        if rate != self.rate:
            self.tokens(now)
            self.rate, self.burst = rate, burst

    def wait(self) -> float:
        """Seconds from the last :meth:`tokens` or :meth:`take` until the next one may succeed."""
        return 0.0 if self.rate is None else max(0.0, (1.0 - self._tokens) / self.rate)
