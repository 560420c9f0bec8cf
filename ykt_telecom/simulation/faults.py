"""What goes wrong on the way, by name. A script decides from a seed, or from a list, which message it happens to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
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
    RESPONSE_LATE = "submit_sm_resp came after we had given it up"
    QUEUE_FULL = "the SMSC said ESME_RMSGQFUL"
    RECEIPT_LOST = "a delivery receipt vanished"
    RECEIPT_DOUBLED = "a delivery receipt came twice"
    RECEIPT_RESPELT = "a delivery receipt names its message in decimal, in its text alone"
    # what the world does by itself, from the seed; asked by the nemesis and the committer, not by a message
    LINK_DOWN = "the link dropped, and came back after a while"
    PHONE_OFF = "a phone was switched off, and on after a while"
    STORAGE_FAULT = "the database took no writes for a while"
    DEATH_BEFORE = "the service died before a commit"
    DEATH_AFTER = "the service died after a commit, before anybody heard of it"
    CLOCK_STEP = "the wall clock was set"
    FORGED_PROOF = "a response packet under somebody else's key, with the right counter"
    FORGED_COUNTER_LOW = "the same, saying that the counter is low"
    UNSECURED_PROOF = "an error PoR in clear, as anyone can write it"
    REPLAYED_PROOF = "a response packet of earlier"
    SPOOFED_REQUEST = "a request of a menu that nobody opened: foreign keys"
    REPLAYED_REQUEST = "a request of earlier, acknowledged then"


#: Happen to messages on their way.
ON_THE_WIRE = tuple(Fault)[: list(Fault).index(Fault.LINK_DOWN)]
#: The greatest chance of a fault for each occasion; 0.4 where nothing is said. A nemesis has one every few seconds.
_HIGHEST = {
    Fault.LINK_DOWN: 0.1,
    Fault.PHONE_OFF: 0.1,
    Fault.STORAGE_FAULT: 0.1,
    Fault.CLOCK_STEP: 0.06,
    Fault.DEATH_BEFORE: 0.01,
    Fault.DEATH_AFTER: 0.01,
}


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
    def swarm(cls, seed: int, faults: Iterable[Fault] = ON_THE_WIRE) -> Script:
        """Each fault is off in half of the seeds, else as frequent as the seed says."""
        chance = Random(seed)  # noqa: S311
        rates = {one: chance.uniform(0.0, _HIGHEST.get(one, 0.4)) for one in faults if chance.random() < 0.5}
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
