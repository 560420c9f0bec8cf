"""What waits for an account: receipts, phones' messages and PoRs, until the ESME says that it has them.

At least once: a deliver_sm without an answer is sent again. No clock: times are monotonic seconds.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from dataclasses import dataclass

from ..smpp.operations import DeliverSm

RETRY_AFTER = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0)  #: seconds after each temporary refusal; the last one repeats


@dataclass(slots=True, eq=False)
class Delivery:
    """One deliver_sm for an account."""

    pdu: DeliverSm
    attempts: int = 0


class Outgoing:
    """One account's queue, bounded; in order except for what had to be tried again."""

    def __init__(self, capacity: int = 100_000, *, retry_after: tuple[float, ...] = RETRY_AFTER) -> None:
        self._capacity = capacity
        self._retry_after = retry_after
        self._ready: deque[Delivery] = deque()
        self._later: list[tuple[float, int, Delivery]] = []
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._ready) + len(self._later)

    @property
    def next_due(self) -> float | None:
        return self._later[0][0] if self._later else None

    def put(self, pdu: DeliverSm) -> bool:
        """Queue a deliver_sm; False when the queue is full and it is dropped."""
        if len(self) >= self._capacity:
            return False
        self.again(self.new(pdu))
        return True

    def new(self, pdu: DeliverSm) -> Delivery:
        """A delivery of `pdu`; a kept queue writes it down here."""
        return Delivery(pdu)

    def again(self, delivery: Delivery) -> None:
        """Put a known delivery at the end."""
        self._ready.append(delivery)

    def done(self, delivery: Delivery) -> None:
        """The ESME has it, or refused it for good; a kept queue forgets it here."""

    def take(self, now: float) -> Delivery | None:
        """The next one to send."""
        while self._later and self._later[0][0] <= now:
            self._ready.append(heapq.heappop(self._later)[2])
        return self._ready.popleft() if self._ready else None

    def refused_for_now(self, delivery: Delivery, now: float) -> None:
        """The ESME cannot store it at present: later again."""
        delay = self._retry_after[min(delivery.attempts, len(self._retry_after) - 1)]
        delivery.attempts += 1
        heapq.heappush(self._later, (now + delay, next(self._order), delivery))

    def unanswered(self, delivery: Delivery) -> None:
        """The line went or no answer came: first in the queue again."""
        delivery.attempts += 1
        self._ready.appendleft(delivery)
