"""What leaves: the shape that whoever owns rows of outgoing segments offers, and the one rule for refusals.

Messaging knows no packets. It asks each :class:`Outgoing` of wiring's list for segments, brings it the SMSC's answers
and offers it the receipts; each is a function over lists, run in a transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol

from sqlalchemy import Connection

from smsc_gateway.links.outcome import Certainty, SubmitResult
from smsc_gateway.smpp.receipt import Receipt
from smsc_gateway.smpp.status import UNCLEAR_TRIES, RetryClass

from ..storage.context import StepContext

#: Smaller goes first: answers a member waits for, then jobs, then bills.
PRIORITY_DIALOGUE = 10
PRIORITY_JOB = 50
PRIORITY_BULK = 90

#: Seconds to wait after an explicit refusal; the last one repeats.
_WAITS = (1, 2, 5, 10, 30, 60)
#: Seconds to wait after throttling: the link itself slows down as one.
_THROTTLED = 1
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Handed:
    """A segment that is durably marked as handed over and may now leave. `validity`: its life at the SMSC, seconds."""

    row: int
    segment: int
    msisdn: str = field(repr=False)
    pid: int
    dcs: int
    udhi: bool
    user_data: bytes = field(repr=False)
    receipt: bool
    validity: int | None = None

    def __repr__(self) -> str:
        return f"Handed(row={self.row}, segment={self.segment})"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the SMSC, or the link, said about a handed segment."""

    row: int
    segment: int
    result: SubmitResult


@dataclass(frozen=True, slots=True)
class GotReceipt:
    """A delivery receipt for a message to `msisdn`."""

    msisdn: str = field(repr=False)
    receipt: Receipt


class Outgoing(Protocol):
    """Owner of rows that leave as segments. All functions run in a transaction and bear to be run again."""

    def claim(self, conn: Connection, context: StepContext, room: int, least: int) -> list[Handed]:
        """Mark up to `room` segments of priority `least` or more urgent as handed over."""

    def note_answers(self, conn: Connection, context: StepContext, answers: Sequence[Answer]) -> Sequence[None]:
        """Store what the SMSC said, with all that follows."""

    def note_receipts(self, conn: Connection, context: StepContext, items: Sequence[GotReceipt]) -> Sequence[bool]:
        """Take in the receipts that name a message of this owner; whether each did."""

    def settle(self, conn: Connection, context: StepContext) -> int:
        """At start: what was handed over without a stored answer is in doubt. How many there were."""


class Fate(Enum):
    """What becomes of a segment after an answer."""

    ACCEPTED = "accepted"
    AGAIN = "certainly not accepted: the identical octets go again"
    REFUSED = "refused for good"
    UNKNOWN = "may have been accepted"


@dataclass(frozen=True, slots=True)
class Judged:
    """The fate, how long to wait (microseconds; 0: at once), and whether it counts as a refusal."""

    fate: Fate
    wait: int = 0
    counts: bool = False


def judge(result: SubmitResult, refusals: int) -> Judged:
    """What an answer means for a segment that was refused `refusals` times before.

    What never left is no try; throttling is the link's affair; a refusal whose cause is unclear is tried a few times
    with growing waits before it counts as final.
    """
    if result.certainty is Certainty.ACCEPTED:
        return Judged(Fate.ACCEPTED)
    if result.certainty is Certainty.NOT_SENT:
        return Judged(Fate.AGAIN, int(result.wait * _SECOND))
    if result.certainty is Certainty.UNKNOWN:
        return Judged(Fate.UNKNOWN)
    if result.certainty is Certainty.REFUSED_FINAL:
        return Judged(Fate.REFUSED)
    if result.retry is RetryClass.THROTTLED:
        return Judged(Fate.AGAIN, int(max(result.wait, _THROTTLED) * _SECOND))
    if result.retry is RetryClass.UNCLEAR and refusals + 1 >= UNCLEAR_TRIES:
        return Judged(Fate.REFUSED, counts=True)
    return Judged(Fate.AGAIN, _WAITS[min(refusals, len(_WAITS) - 1)] * _SECOND, counts=True)


def each_alone(answers: Sequence[Any]) -> Sequence[None]:
    """The results of a step that has nothing to say."""
    return [None] * len(answers)
