"""How fast a link may go when its SMSC throttles: half at once, then slowly up again. No clock: `now` is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field

from .pace import Pace

_LEAST = 1.0  #: segments a second, however often we are throttled


@dataclass(slots=True)
class Aimd:
    """Additive increase, multiplicative decrease of the segments a second. `ceiling`: as configured, None: none.

    A refusal within `pause` seconds of the last one belongs to the same congestion and does not halve again.
    """

    ceiling: float | None = None
    pause: float = 1.0
    step: float = 0.1  #: of the rate at which we were throttled, added each second
    _pace: Pace = field(init=False)
    _until: float = field(default=0.0, init=False)
    _throttled_at: float = field(default=0.0, init=False)  #: the rate
    _raised: float = field(default=0.0, init=False)
    _answers: int = field(default=0, init=False)
    _since: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._pace = self._paced(self.ceiling)

    @property
    def rate(self) -> float | None:
        """Segments a second now; None: unlimited."""
        return self._pace.rate

    def accepted(self, now: float) -> None:
        """A segment was accepted."""
        if self._since is None or now - self._since > 1.0:
            self._since, self._answers = now, 0
        self._answers += 1
        rate = self._pace.rate
        if rate is None or not self._throttled_at or now - self._raised < 1.0:
            return
        rate += self.step * self._throttled_at
        self._raised = now
        if self.ceiling is not None and rate >= self.ceiling:
            self._pace = self._paced(self.ceiling)
            self._throttled_at = 0.0
        elif self.ceiling is None and rate > 2 * self._throttled_at:
            self._pace = self._paced(None)
            self._throttled_at = 0.0
        else:
            self._pace.rate = rate

    def throttled(self, now: float) -> None:
        """The SMSC said RTHROTTLED: nothing for a while, then half as fast as it was."""
        if now < self._until:
            return
        rate = self._pace.rate
        if rate is None:  # what went through lately
            seconds = 1.0 if self._since is None else max(1.0, now - self._since)
            rate = max(2.0, self._answers / seconds)
        self._throttled_at = rate
        self._pace = self._paced(max(_LEAST, rate / 2))
        self._until = self._raised = now + self.pause

    def wait(self, now: float) -> float:
        """Seconds until the next segment may go; 0: now, and it is counted."""
        if now < self._until:
            return self._until - now
        return 0.0 if self._pace.take(now) else max(0.001, self._pace.wait())

    def _paced(self, rate: float | None) -> Pace:
        return Pace(rate, burst=max(1.0, (rate or 0.0) / 10))
