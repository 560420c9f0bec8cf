"""What goes wrong on the way, by name. A script decides from a seed, or from a list, which message it happens to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import Enum
from random import Random

LONGEST_WAY = 0.4  #: seconds a message may take


class Fault(Enum):
    """One kind of mishap."""

    SUBMIT_LOST = "submit_sm never reached the SMSC, and nobody knows"
    RESPONSE_LOST = "submit_sm_resp lost: the SMSC has the message, and nobody knows"
    THROTTLED = "the SMSC said ESME_RTHROTTLED"
    POR_LOST = "the card's response packet vanished"
    POR_DOUBLED = "the card's response packet came twice"
    DELIVER_REPEATED = "a deliver_sm came again under a new sequence number"
    DELIVER_RESP_LOST = "our deliver_sm_resp was lost, so the SMSC sends it again"


class Script:
    """Asked at every message whether the fault happens now. `rates` are chances; `exactly` counts occasions from 1."""

    def __init__(
        self,
        seed: int = 0,
        rates: Mapping[Fault, float] | None = None,
        exactly: Mapping[Fault, frozenset[int]] | None = None,
    ) -> None:
        self._random = Random(seed)  # noqa: S311 - repeatable mishaps, nothing secret
        self._rates = dict(rates or {})
        self._exactly = dict(exactly or {})
        self._occasions: Counter[Fault] = Counter()
        #: How often each has happened.
        self.happened: Counter[Fault] = Counter()

    @classmethod
    def swarm(cls, seed: int) -> Script:
        """Each fault is off in half of the seeds, else as frequent as the seed says."""
        chance = Random(seed)  # noqa: S311
        rates = {fault: chance.uniform(0.0, 0.4) for fault in Fault if chance.random() < 0.5}
        return cls(seed, rates)

    def happens(self, fault: Fault) -> bool:
        self._occasions[fault] += 1
        chosen = self._occasions[fault] in self._exactly.get(fault, ())
        if not chosen and self._random.random() >= self._rates.get(fault, 0.0):
            return False
        self.happened[fault] += 1
        return True

    def way(self) -> float:
        """How long a message takes, in seconds: later ones may overtake."""
        return self._random.uniform(0.01, LONGEST_WAY)

    def heal(self) -> None:
        """From now on everything works."""
        self._rates.clear()
        self._exactly.clear()
