"""What a run and a statement can be, and what moves a statement. Domain: state machine G."""

from __future__ import annotations

from enum import StrEnum

from ...runtime.machine import REFUSE, Machine, refuse


class StatementKind(StrEnum):
    """What a statement tells."""

    CONSUMPTION = "CONSUMPTION"
    ATTENDANCE = "ATTENDANCE"


class RunState(StrEnum):
    """A run: pages are being written, or all of them are."""

    SENDING = "SENDING"
    SENT = "SENT"


class Suppression(StrEnum):
    """Why a member's statement is written down and not sent."""

    NO_APPLICATION = "NO_APPLICATION"  #: nothing to tell: no application with the right, and nothing happened
    OPTED_OUT = "OPTED_OUT"
    UNBALANCED = "UNBALANCED"  #: the figures do not add up to the balance of the purse: finance must look first


class StatementState(StrEnum):
    """One statement on its way."""

    SUPPRESSED = "SUPPRESSED"  #: end: written down, not sent; `reason` says why
    QUEUED = "QUEUED"  #: in the outbox
    ACCEPTED = "ACCEPTED"  #: the SMSC has every segment that was answered so far
    UNKNOWN = "UNKNOWN"  #: sent, and the SMSC never answered
    DELIVERED = "DELIVERED"  #: end: every segment has its receipt
    UNDELIVERED = "UNDELIVERED"  #: end: the SMSC gave up on a segment
    REFUSED = "REFUSED"  #: end: the SMSC would not take it


class StatementEvent(StrEnum):
    """What is heard of a statement's segments."""

    SEGMENT_ACCEPTED = "SEGMENT_ACCEPTED"
    SEGMENT_REFUSED = "SEGMENT_REFUSED"
    SEGMENT_UNANSWERED = "SEGMENT_UNANSWERED"
    SEGMENT_UNDELIVERED = "SEGMENT_UNDELIVERED"
    LAST_SEGMENT_DELIVERED = "LAST_SEGMENT_DELIVERED"


class OutOfTurn(ValueError):
    """What was heard does not fit the statement's state. It comes late or twice; leave the statement as it is."""


_S, _E = StatementState, StatementEvent
STATEMENT: Machine[StatementState, StatementEvent] = Machine(
    "statement",
    (_S.QUEUED, _S.SUPPRESSED),
    OutOfTurn,
    {
        _S.SUPPRESSED: refuse(*_E),
        _S.QUEUED: {
            _E.SEGMENT_ACCEPTED: _S.ACCEPTED,
            _E.SEGMENT_REFUSED: _S.REFUSED,
            _E.SEGMENT_UNANSWERED: _S.UNKNOWN,
            _E.SEGMENT_UNDELIVERED: _S.UNDELIVERED,
            _E.LAST_SEGMENT_DELIVERED: _S.DELIVERED,
        },
        _S.ACCEPTED: {
            _E.SEGMENT_ACCEPTED: REFUSE,
            _E.SEGMENT_REFUSED: _S.REFUSED,
            _E.SEGMENT_UNANSWERED: _S.UNKNOWN,
            _E.SEGMENT_UNDELIVERED: _S.UNDELIVERED,
            _E.LAST_SEGMENT_DELIVERED: _S.DELIVERED,
        },
        # a segment that nobody answered for leaves the whole in doubt, whatever is said of the others
        _S.UNKNOWN: {
            _E.SEGMENT_ACCEPTED: REFUSE,
            _E.SEGMENT_REFUSED: _S.REFUSED,
            _E.SEGMENT_UNANSWERED: REFUSE,
            _E.SEGMENT_UNDELIVERED: _S.UNDELIVERED,
            _E.LAST_SEGMENT_DELIVERED: _S.DELIVERED,
        },
        _S.DELIVERED: refuse(*_E),
        _S.UNDELIVERED: refuse(*_E),
        _S.REFUSED: refuse(*_E),
    },
)
