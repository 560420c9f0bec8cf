"""What the delivery tells the business, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: States of receipts about a message that is still on its way.
INTERMEDIATE = frozenset({"ENROUTE", "ACCEPTD", "UNKNOWN", "SCHEDULED"})


class OutboxState(StrEnum):
    """A segment on its way out."""

    QUEUED = "QUEUED"  #: saved, not sent
    HANDED = "HANDED"  #: may have left; no answer stored
    ACCEPTED = "ACCEPTED"  #: the SMSC has it
    REFUSED = "REFUSED"  #: the SMSC refused it for good
    UNKNOWN = "UNKNOWN"  #: sent, and nobody will ever say
    WITHDRAWN = "WITHDRAWN"  #: must not be sent any more


@dataclass(frozen=True, slots=True)
class SubmitFact:
    """A segment changed its state. `status` is the SMSC's command_status; -1 when there was no answer.

    `state` QUEUED means: refused for now, it will be sent again (`final` is False).
    """

    outbox_id: str
    segment: int
    segments: int
    msisdn: str = field(repr=False)
    state: OutboxState
    status: int | None
    possible_duplicate: bool
    origin: str
    origin_id: str | None


@dataclass(frozen=True, slots=True)
class ReceiptFact:
    """The SMSC's word on a segment that it had accepted. `state` as in the receipt: DELIVRD, EXPIRED, UNDELIV…

    A receipt is no proof that the card or the person has acted.
    """

    outbox_id: str
    segment: int
    segments: int
    msisdn: str = field(repr=False)
    state: str
    error: str | None
    origin: str
    origin_id: str | None
    at: datetime

    @property
    def is_delivered(self) -> bool:
        return self.state == "DELIVRD"

    @property
    def is_final(self) -> bool:
        """False for the intermediate states of a message still on its way."""
        return self.state not in INTERMEDIATE


@dataclass(frozen=True, slots=True)
class MoRequest:
    """An authentic request of a card's menu applet. Its octets may hold a password.

    `is_repeat`: its counter was seen before, or is too old to tell; at most the stored answer may be given again.
    """

    iccid: str
    counter: int
    request_octets: bytes
    source_msisdn: str
    inbox_id: str
    digest: str
    is_repeat: bool = False

    def __repr__(self) -> str:
        return f"MoRequest(iccid=…{self.iccid[-4:]}, counter={self.counter}, inbox_id={self.inbox_id})"


@dataclass(frozen=True, slots=True)
class TextMo:
    """A plain text from a phone. Its source is a claim: answer harmless things only, and to the member's number."""

    source_msisdn: str
    destination: str
    text: str
    inbox_id: str

    def __repr__(self) -> str:
        return f"TextMo(inbox_id={self.inbox_id})"
