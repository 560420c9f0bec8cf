"""How fast a link may go, as one: the configured rate, and less of it after the SMSC has throttled. No clock.

After a refusal the rate falls to a little below what went through in the last second, and comes back along the curve
of CUBIC (RFC 9438 §4): quickly near to the old rate, slowly past it, then faster and faster. Before it goes on, one
segment after a pause asks whether the SMSC takes anything; each refusal of that one doubles the pause.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .pace import Pace

UNLIMITED = 1 << 30
FIRST_PAUSE = 0.2  #: seconds from a refusal to the segment that asks
LONGEST_PAUSE = 10.0
_LEAST = 1.0  #: segments a second, however often we are throttled
_BACK = 0.95  #: of what went through
_PLATEAU = 6.0  #: seconds until the rate is what went through again
_CURVE = (1 - _BACK) / _PLATEAU**3
_FORGOTTEN = 4.0  #: times what went through: without a ceiling there is no limit any more
_SPAN = 1.0  #: seconds over which what went through is counted
_SLICE = 0.05


@dataclass(slots=True)
class Congestion:
    """`ceiling`: segments a second as configured, None: none. Times are monotonic seconds.

    Every segment is sent under the :attr:`epoch` of its moment: refusals of an earlier one are part of a congestion
    that is known already.
    """

    ceiling: float | None = None
    epoch: int = field(default=0, init=False)
    _pace: Pace = field(init=False)
    _went: deque[tuple[float, int]] = field(default_factory=deque, init=False)  #: accepted lately: since, how many
    _through: float = field(default=0.0, init=False)  #: segments a second when it was throttled; 0: it is not
    _since: float = field(default=0.0, init=False)
    _pause: float = field(default=FIRST_PAUSE, init=False)
    _until: float = field(default=0.0, init=False)
    _asking: bool = field(default=False, init=False)  #: one segment at a time until one is accepted
    _asked: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.ceiling, burst=_burst(self.ceiling))

    def rate(self, now: float) -> float | None:
        """Segments a second now; None: unlimited."""
        if not self._through:
            return self.ceiling
        grown = _CURVE * (now - self._since - _PLATEAU) ** 3
        rate = max(_LEAST, self._through * (1.0 + grown))
        if rate >= (self._through * _FORGOTTEN if self.ceiling is None else self.ceiling):
            self._through = 0.0
            return self.ceiling
        return rate

    def room(self, now: float) -> int:
        """How many segments may leave now."""
        if now < self._until or (self._asking and self._asked):
            return 0
        if self._asking:
            return 1
        rate = self.rate(now)
        if rate is None:
            return UNLIMITED
        self._pace.change(rate, _burst(rate), now)
        return int(self._pace.tokens(now))

    def spent(self, segments: int) -> None:
        """So many left, at most :meth:`room` of them."""
        self._asked = self._asking
        self._pace.spend(segments)

    def wait(self, now: float) -> float | None:
        """Seconds until there is room again; None when only an answer makes some."""
        if now < self._until:
            return self._until - now
        return None if self._asking else self._pace.wait()

    def accepted(self, now: float, segments: int, epoch: int) -> None:
        """So many segments were accepted, the last one sent under `epoch`."""
        went = self._went
        if went and now - went[-1][0] < _SLICE:
            went[-1] = (went[-1][0], went[-1][1] + segments)
        else:
            went.append((now, segments))
        while went[0][0] < now - 2 * _SPAN:
            went.popleft()
        if self._asking and epoch == self.epoch:
            self._asking = self._asked = False
            self._pause = FIRST_PAUSE

    def throttled(self, now: float, epoch: int) -> None:
        """The SMSC refused a segment that was sent under `epoch`, because it has too much."""
        if self._asking:
            if epoch == self.epoch and self._asked:
                self._pause = min(LONGEST_PAUSE, self._pause * 2)
                self._ask_after(now)
            return
        if epoch != self.epoch:
            return
        through = sum(segments for since, segments in self._went if since > now - _SPAN - _SLICE / 2) / _SPAN
        again = bool(self._through) and now - self._since < 2 * _SPAN
        rate = self.rate(now)
        self._through = max(_LEAST, through)
        if again and rate is not None:  # too soon: what was counted was a burst
            self._through = max(_LEAST, min(self._through, rate * 0.7))
        self._since = now
        self._pace = Pace(self._through * _BACK, burst=_burst(self._through))
        self._ask_after(now)

    def unanswered(self) -> None:
        """A segment will not be answered: if it was the one that asked, another one may."""
        self._asked = False

    def _ask_after(self, now: float) -> None:
        self.epoch += 1
        self._asking, self._asked = True, False
        self._until = now + self._pause


def _burst(rate: float | None) -> float:
    """A tenth of a second: what is claimed for it waits no longer, and what is urgent not behind it."""
    return max(1.0, (rate or 0.0) / 10)
