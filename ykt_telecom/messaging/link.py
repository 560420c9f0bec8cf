"""What the delivery needs of a link to an SMSC; `smsc_gateway.links.esme.EsmeLink` is one, tests bring their own."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from smsc_gateway.smpp.operations import EsmClass, SubmitSm

from .facts import OutboxState
from .sending import ClaimedSegment, SegmentResult


class Link(Protocol):
    """A bound (or not) connection to an SMSC."""

    @property
    def is_bound(self) -> bool:
        """Submissions can go out now."""

    def submit(self, pdu: SubmitSm) -> Awaitable[SubmitResult]:
        """Send one submit_sm; its answer. Never raises for what the SMSC or the line does."""


class SubmitResult(Protocol):
    """What came of a submission. `certainty` is one of ACCEPTED, REFUSED_RETRY, REFUSED_FINAL, UNKNOWN, NOT_SENT."""

    @property
    def status(self) -> int: ...

    @property
    def message_id(self) -> str | None: ...

    @property
    def certainty(self) -> object: ...


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """The access code that stands as source of everything we send."""

    digits: str
    ton: int = 0
    npi: int = 1


_STATES = {
    "ACCEPTED": OutboxState.ACCEPTED,
    "REFUSED_RETRY": OutboxState.QUEUED,
    "REFUSED_FINAL": OutboxState.REFUSED,
    "UNKNOWN": OutboxState.UNKNOWN,
    "NOT_SENT": OutboxState.QUEUED,
}


def submit_sm_of(segment: ClaimedSegment, source: SourceAddress) -> SubmitSm:
    """The submit_sm of a segment."""
    return SubmitSm(
        source_addr_ton=source.ton,
        source_addr_npi=source.npi,
        source_addr=source.digits.encode("ascii"),
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=segment.msisdn.encode("ascii"),
        esm_class=EsmClass.UDHI if segment.udhi else 0,
        protocol_id=segment.pid,
        registered_delivery=1 if segment.receipt_wanted else 0,
        data_coding=segment.dcs,
        short_message=segment.user_data,
    )


def result_of(segment: ClaimedSegment, answer: SubmitResult) -> SegmentResult:
    """The link's answer as the outbox keeps it. An unknown certainty counts as unknown."""
    name = getattr(answer.certainty, "name", str(answer.certainty))
    state = _STATES.get(name, OutboxState.UNKNOWN)
    if name == "NOT_SENT":  # it waits as if nobody had claimed it
        return SegmentResult(segment.seq, state)
    return SegmentResult(segment.seq, state, answer.status, answer.message_id)
