"""What became of a submission, and messages from the SMSC in the one form that owners know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..smpp import operations as op
from ..smpp.status import RetryClass, named, retry_class
from ..smpp.values import quick

#: SubmitResult.status when no answer came: not a value of the wire
NO_ANSWER = -1


class Certainty(Enum):
    """What is known about a submission."""

    ACCEPTED = "accepted"  #: the SMSC has it
    REFUSED_RETRY = "refused, may be sent again"  #: certainly not accepted, or never sent
    REFUSED_FINAL = "refused for good"  #: certainly not accepted, and the same octets never will be
    UNKNOWN = "unknown"  #: sent, no answer: it may have been accepted


_ACCEPTED = Certainty.ACCEPTED
_CERTAINTY = {
    RetryClass.THROTTLED: Certainty.REFUSED_RETRY,
    RetryClass.RETRY: Certainty.REFUSED_RETRY,
    RetryClass.RETRY_ONCE: Certainty.REFUSED_RETRY,
    RetryClass.FINAL: Certainty.REFUSED_FINAL,
}


@quick
@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What became of one submit_sm.

    `message_id` is None when the SMSC gave none (accepted, but no receipt can be matched). `retry` refines a
    refusal; `reason` is a sentence for the log.
    """

    status: int
    message_id: str | None
    certainty: Certainty
    retry: RetryClass = RetryClass.ACCEPTED
    reason: str = ""


def result_of(response: op.Pdu) -> SubmitResult:
    """What a submit_sm_resp or generic_nack says about the submission."""
    status = response.status
    if status == 0:
        raw = response.message_id if isinstance(response, op.MessageIdResp) else b""
        return SubmitResult(0, raw.decode("latin-1") or None, _ACCEPTED)
    retry = retry_class(status)
    reason = f"the SMSC answered {named(response.status)!r}"
    return SubmitResult(response.status, None, _CERTAINTY[retry], retry, reason)


def as_deliver_sm(pdu: op.DataSm) -> op.DeliverSm:
    """A data_sm from the SMSC in the form owners know; the text stays in message_payload."""
    return op.DeliverSm(
        sequence=pdu.sequence,
        tlvs=pdu.tlvs,
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
    )


def not_sent(reason: str) -> SubmitResult:
    """It never left: certainly not accepted."""
    return SubmitResult(NO_ANSWER, None, Certainty.REFUSED_RETRY, RetryClass.RETRY, reason)
