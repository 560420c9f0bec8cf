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

    def take(self, now: float) -> bool:
        """One submission may go now, and is counted."""
        if self.rate is None:
            return True
        if self._filled is None:
            self._tokens = self.burst
        else:
            self._tokens = min(self.burst, self._tokens + (now - self._filled) * self.rate)
        self._filled = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def wait(self) -> float:
        """Seconds from the last :meth:`take` until the next one may succeed."""
        return 0.0 if self.rate is None else max(0.0, (1.0 - self._tokens) / self.rate)
