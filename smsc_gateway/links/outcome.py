"""What became of a submission."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ..smpp import operations as op
from ..smpp.status import RetryClass, named, retry_class
from ..smpp.values import quick

#: SubmitResult.status when no answer came: not a value of the wire
NO_ANSWER = -1


class Certainty(Enum):
    """What is known about a submission."""

    __hash__ = object.__hash__  # members are single, and these are looked up for every submission

    ACCEPTED = "accepted"  #: the SMSC has it
    REFUSED_RETRY = "refused, may be sent again"  #: certainly not accepted; a try
    REFUSED_FINAL = "refused for good"  #: certainly not accepted, and the same octets never will be
    UNKNOWN = "unknown"  #: sent, no answer: it may have been accepted
    NOT_SENT = "not sent"  #: it certainly never left: not a try


_ACCEPTED = Certainty.ACCEPTED
_CERTAINTY = {
    RetryClass.THROTTLED: Certainty.REFUSED_RETRY,
    RetryClass.RETRY: Certainty.REFUSED_RETRY,
    RetryClass.UNCLEAR: Certainty.REFUSED_RETRY,
    RetryClass.FINAL: Certainty.REFUSED_FINAL,
}
NO_STATUSES: Mapping[int, RetryClass] = {}


@quick
@dataclass(frozen=True, slots=True)
class SubmitResult:
    """What became of one submit_sm.

    `message_id` is None when the SMSC gave none (accepted, but no receipt can be matched). `retry` refines a
    refusal; `reason` is a sentence for the log; `link` says over which link it went. `wait`: seconds before it makes
    sense to offer it again, beside :meth:`on_room` (what was not sent, or refused because the SMSC has too much).
    """

    status: int
    message_id: str | None
    certainty: Certainty
    retry: RetryClass = RetryClass.ACCEPTED
    reason: str = ""
    link: str = ""
    wait: float = 0.0


def result_of(response: op.Pdu, statuses: Mapping[int, RetryClass] = NO_STATUSES, link: str = "") -> SubmitResult:
    """What a submit_sm_resp or generic_nack says about the submission; `statuses` overrules the standard's classes."""
    status = response.status
    if status == 0:
        raw = response.message_id if isinstance(response, op.MessageIdResp) else b""
        return SubmitResult(0, raw.decode("latin-1") or None, _ACCEPTED, RetryClass.ACCEPTED, "", link)
    nacked = isinstance(response, op.GenericNack)
    retry = statuses.get(status) or retry_class(status, nacked=nacked)
    reason = f"the SMSC answered {'generic_nack ' if nacked else ''}{named(status)!r}"
    return SubmitResult(status, None, _CERTAINTY[retry], retry, reason, link)


def unanswered(reason: str, link: str = "") -> SubmitResult:
    """It left, and no answer came: it may have been accepted."""
    return SubmitResult(NO_ANSWER, None, Certainty.UNKNOWN, RetryClass.UNKNOWN, reason, link)


def not_sent(reason: str, link: str = "", wait: float = 0.0) -> SubmitResult:
    """It never left: certainly not accepted."""
    return SubmitResult(NO_ANSWER, None, Certainty.NOT_SENT, RetryClass.RETRY, reason, link, wait)


def never(reason: str, link: str = "") -> SubmitResult:
    """It cannot be written as a PDU: it never left, and never will."""
    return SubmitResult(NO_ANSWER, None, Certainty.REFUSED_FINAL, RetryClass.FINAL, reason, link)
