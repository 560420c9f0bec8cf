"""How long to wait before connecting again: exponential with jitter, long when credentials are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from ..smpp.status import BindFailure


@dataclass(slots=True)
class Backoff:
    """Counts failures of one link. Delays are seconds; `random` spreads links that failed together."""

    random: Random
    first: float = 0.5
    cap: float = 30.0
    credentials: float = 60.0  #: the least wait after a wrong system_id or password
    stable_after: float = 10.0  #: a session that was bound this long wipes the slate
    _failures: int = field(default=0, init=False)
    _refused: bool = field(default=False, init=False)

    def bind_refused(self, failure: BindFailure) -> None:
        """The SMSC said no to a bind."""
        self._refused = failure is BindFailure.CREDENTIALS

    def was_bound(self, seconds: float) -> None:
        """A session ended after having been bound for so long."""
        self._refused = False
        if seconds >= self.stable_after:
            self._failures = 0

    def delay(self) -> float:
        """The wait before the next attempt; grows with every call until a stable session."""
        wait = min(self.cap, self.first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        if self._refused:
            wait = max(wait, self.credentials)
        return wait * (1.0 + self.random.random() / 2)
