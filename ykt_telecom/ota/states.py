"""What a job over the air can be, as a table: (state, event) → state. Domain: state machine C.

A job leaves its lane as soon as nobody can say whether the card acted (INDETERMINATE); it comes back with a new
attempt. Only authentic evidence, the certainty that nothing ever left, or the deadline end a job.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product


class JobState(StrEnum):
    """A job, from the order to its one terminal state."""

    QUEUED = "QUEUED"  #: waits for its card's lane
    BUILT = "BUILT"  #: counter taken, packet in the outbox
    SUBMITTED = "SUBMITTED"  #: at least one segment may have left
    RETRY_WAIT = "RETRY_WAIT"  #: every answer so far was an explicit refusal; the identical octets go again
    ACCEPTED = "ACCEPTED"  #: the SMSC has all segments
    DELIVERED = "DELIVERED"  #: the delivery receipt says so; the card's PoR is still out
    INDETERMINATE = "INDETERMINATE"  #: nobody can say whether the card acted
    RESYNC = "RESYNC"  #: the card's counter was ahead; the mark was raised
    AUDIT = "AUDIT"  #: waits for the lane to ask the card what it did
    POR_OK = "POR_OK"  #: an authentic PoR is here; its verdict follows in the same transaction
    APPLIED = "APPLIED"  #: end: the card did it
    FAILED = "FAILED"  #: end: authentic evidence, or nothing ever left
    CANCELLED = "CANCELLED"  #: end: withdrawn before anything left
    EXPIRED = "EXPIRED"  #: end: past its deadline without an answer
    SUPERSEDED = "SUPERSEDED"  #: end: a newer job took its place before anything left


class JobEvent(StrEnum):
    BUILD = "BUILD"
    HAND = "HAND"
    ACCEPT = "ACCEPT"
    REFUSE_FOR_NOW = "REFUSE_FOR_NOW"
    REFUSE_FOR_GOOD = "REFUSE_FOR_GOOD"
    LOSE_SIGHT = "LOSE_SIGHT"  #: timeout, link loss after sending, failed receipt, unauthenticated error PoR
    RECEIVE_RECEIPT = "RECEIVE_RECEIPT"
    RESEND = "RESEND"
    ASK = "ASK"
    COUNTER_LOW = "COUNTER_LOW"
    ANSWER = "ANSWER"
    CONFIRM = "CONFIRM"
    REJECT = "REJECT"
    CANCEL = "CANCEL"
    EXPIRE = "EXPIRE"
    SUPERSEDE = "SUPERSEDE"


_S, _E = JobState, JobEvent

#: In one of these a job holds its card's lane: one per (card, MT key set).
LANE_STATES = (_S.BUILT, _S.SUBMITTED, _S.RETRY_WAIT, _S.ACCEPTED, _S.DELIVERED)
#: In one of these a job waits for the lane.
WAITING_STATES = (_S.QUEUED, _S.AUDIT)
TERMINAL_STATES = (_S.APPLIED, _S.FAILED, _S.CANCELLED, _S.EXPIRED, _S.SUPERSEDED)
#: Something may have left: an authentic answer can come in any of these.
ANSWERABLE_STATES = (
    _S.QUEUED,
    _S.AUDIT,
    _S.BUILT,
    _S.SUBMITTED,
    _S.RETRY_WAIT,
    _S.ACCEPTED,
    _S.DELIVERED,
    _S.INDETERMINATE,
)

TRANSITIONS: Mapping[tuple[JobState, JobEvent], JobState] = {
    (_S.QUEUED, _E.BUILD): _S.BUILT,
    (_S.QUEUED, _E.ASK): _S.AUDIT,
    (_S.QUEUED, _E.CANCEL): _S.CANCELLED,
    (_S.QUEUED, _E.SUPERSEDE): _S.SUPERSEDED,
    (_S.QUEUED, _E.REFUSE_FOR_GOOD): _S.FAILED,
    (_S.AUDIT, _E.BUILD): _S.BUILT,
    (_S.AUDIT, _E.REFUSE_FOR_GOOD): _S.FAILED,
    (_S.BUILT, _E.LOSE_SIGHT): _S.INDETERMINATE,
    (_S.BUILT, _E.HAND): _S.SUBMITTED,
    (_S.BUILT, _E.CANCEL): _S.CANCELLED,
    (_S.SUBMITTED, _E.HAND): _S.SUBMITTED,
    (_S.SUBMITTED, _E.ACCEPT): _S.ACCEPTED,
    (_S.SUBMITTED, _E.REFUSE_FOR_NOW): _S.RETRY_WAIT,
    (_S.SUBMITTED, _E.REFUSE_FOR_GOOD): _S.FAILED,
    (_S.SUBMITTED, _E.LOSE_SIGHT): _S.INDETERMINATE,
    (_S.SUBMITTED, _E.RECEIVE_RECEIPT): _S.SUBMITTED,
    (_S.RETRY_WAIT, _E.HAND): _S.SUBMITTED,
    (_S.RETRY_WAIT, _E.LOSE_SIGHT): _S.INDETERMINATE,
    (_S.ACCEPTED, _E.RECEIVE_RECEIPT): _S.DELIVERED,
    (_S.ACCEPTED, _E.LOSE_SIGHT): _S.INDETERMINATE,
    (_S.DELIVERED, _E.RECEIVE_RECEIPT): _S.DELIVERED,
    (_S.DELIVERED, _E.LOSE_SIGHT): _S.INDETERMINATE,
    (_S.INDETERMINATE, _E.RESEND): _S.QUEUED,
    (_S.INDETERMINATE, _E.ASK): _S.AUDIT,
    (_S.RESYNC, _E.RESEND): _S.QUEUED,
    (_S.RESYNC, _E.ASK): _S.AUDIT,
    (_S.RESYNC, _E.REJECT): _S.FAILED,
    (_S.POR_OK, _E.CONFIRM): _S.APPLIED,
    (_S.POR_OK, _E.REJECT): _S.FAILED,
    (_S.POR_OK, _E.RESEND): _S.QUEUED,
    (_S.POR_OK, _E.ASK): _S.AUDIT,
    **{(state, _E.ANSWER): _S.POR_OK for state in ANSWERABLE_STATES},
    **{(state, _E.COUNTER_LOW): _S.RESYNC for state in ANSWERABLE_STATES},
    **{(state, _E.EXPIRE): _S.EXPIRED for state in ANSWERABLE_STATES},
}

REFUSED = frozenset(product(JobState, JobEvent)) - frozenset(TRANSITIONS)


class JobRefused(ValueError):
    """The job's state does not allow this event. Look at the job (`ykt ota job show`), then order what fits."""


def follow(state: JobState, event: JobEvent) -> JobState:
    """The next state; raises :class:`JobRefused` for a pair that the table does not list."""
    after = TRANSITIONS.get((state, event))
    if after is None:
        raise JobRefused(f"{event} does not fit the state {state}")
    return after
