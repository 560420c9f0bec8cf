"""What the delivery tells the business, as values."""

from __future__ import annotations

from dataclasses import dataclass
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
class TextSent:
    """A segment of a text changed its state. `status` is the SMSC's command_status; -1 when there was no answer.

    `state` QUEUED means: it will be sent again. `origin_id` names the text to whoever ordered it.
    """

    message: int
    segment: int
    segments: int
    state: OutboxState
    status: int | None
    possible_duplicate: bool
    origin: str
    origin_id: int | None


@dataclass(frozen=True, slots=True)
class TextReceipt:
    """The SMSC's word on a segment that it had accepted. `state` as in the receipt: DELIVRD, EXPIRED, UNDELIV…

    A receipt is no proof that the person has read it.
    """

    message: int
    segment: int
    segments: int
    state: str
    error: str | None
    origin: str
    origin_id: int | None
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
    inbox_id: int
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
    inbox_id: int

    def __repr__(self) -> str:
        return f"TextMo(inbox_id={self.inbox_id})"
