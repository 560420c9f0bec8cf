"""What a job over the air can be, as a table: (state, event) → state. Domain: state machine C.

A job leaves its lane as soon as nobody can say whether the card acted (INDETERMINATE); it comes back with a new
packet. Only authentic evidence, the certainty that nothing ever left, or the deadline end a job. How far the packet
has come (accepted, delivered) stands in the packet, not here: it proves nothing about the card.
"""

from __future__ import annotations

from enum import StrEnum

from ..runtime.errors import Refusal
from ..runtime.machine import Machine, refuse


class JobState(StrEnum):
    """A job, from the order to its one terminal state."""

    QUEUED = "QUEUED"  #: waits for its card's lane, or for its time
    SUBMITTED = "SUBMITTED"  #: its packet may have left
    RETRY_WAIT = "RETRY_WAIT"  #: every answer so far was an explicit refusal; the identical octets go again
    INDETERMINATE = "INDETERMINATE"  #: nobody can say whether the card acted
    AUDIT = "AUDIT"  #: waits for the lane to ask the card what it did
    RESYNC = "RESYNC"  #: never stored: the card's counter was ahead, the mark was raised
    POR_OK = "POR_OK"  #: never stored: an authentic PoR is here, its verdict follows
    APPLIED = "APPLIED"  #: end: the card did it
    FAILED = "FAILED"  #: end: authentic evidence, or nothing ever left
    CANCELLED = "CANCELLED"  #: end: withdrawn before anything left
    EXPIRED = "EXPIRED"  #: end: past its deadline without an answer
    SUPERSEDED = "SUPERSEDED"  #: end: a newer job took its place before anything left


class JobEvent(StrEnum):
    HAND = "HAND"  #: counter, packet and state in one commit; it leaves after that
    REFUSE_FOR_NOW = "REFUSE_FOR_NOW"
    REFUSE_FOR_GOOD = "REFUSE_FOR_GOOD"
    LOSE_SIGHT = "LOSE_SIGHT"  #: timeout, link loss after sending, failed receipt, unauthenticated error PoR
    RESEND = "RESEND"
    ASK = "ASK"
    COUNTER_LOW = "COUNTER_LOW"
    ANSWER = "ANSWER"
    CONFIRM = "CONFIRM"
    REJECT = "REJECT"
    CANCEL = "CANCEL"
    EXPIRE = "EXPIRE"
    SUPERSEDE = "SUPERSEDE"


class JobRefused(Refusal, ValueError):
    """The job's state does not allow this event. Look at the job (`ykt ota job show`), then order what fits."""


_S, _E = JobState, JobEvent

#: In one of these a job holds its card's lane: one per (card, MT key set).
LANE_STATES = (_S.SUBMITTED, _S.RETRY_WAIT)
#: In one of these a job waits for the lane.
WAITING_STATES = (_S.QUEUED, _S.AUDIT)
TERMINAL_STATES = (_S.APPLIED, _S.FAILED, _S.CANCELLED, _S.EXPIRED, _S.SUPERSEDED)
#: Something may have left: an authentic answer can come in any of these.
ANSWERABLE_STATES = (_S.QUEUED, _S.AUDIT, _S.SUBMITTED, _S.RETRY_WAIT, _S.INDETERMINATE)

_PROOF = {_E.ANSWER: _S.POR_OK, _E.COUNTER_LOW: _S.RESYNC}
_VERDICT = (_E.CONFIRM, _E.REJECT)

JOB: Machine[JobState, JobEvent] = Machine(
    "job",
    (_S.QUEUED,),
    JobRefused,
    {
        _S.QUEUED: {
            _E.HAND: _S.SUBMITTED,
            _E.REFUSE_FOR_GOOD: _S.FAILED,
            _E.LOSE_SIGHT: _S.INDETERMINATE,
            _E.ASK: _S.AUDIT,
            _E.CANCEL: _S.CANCELLED,
            _E.SUPERSEDE: _S.SUPERSEDED,
            _E.EXPIRE: _S.EXPIRED,
            **_PROOF,
            **refuse(_E.REFUSE_FOR_NOW, _E.RESEND, *_VERDICT),
        },
        _S.AUDIT: {
            _E.HAND: _S.SUBMITTED,
            _E.REFUSE_FOR_GOOD: _S.FAILED,
            _E.LOSE_SIGHT: _S.INDETERMINATE,
            _E.EXPIRE: _S.EXPIRED,
            **_PROOF,
            **refuse(_E.REFUSE_FOR_NOW, _E.RESEND, _E.ASK, _E.CANCEL, _E.SUPERSEDE, *_VERDICT),
        },
        _S.SUBMITTED: {
            _E.REFUSE_FOR_NOW: _S.RETRY_WAIT,
            _E.REFUSE_FOR_GOOD: _S.FAILED,
            _E.LOSE_SIGHT: _S.INDETERMINATE,
            _E.EXPIRE: _S.EXPIRED,
            **_PROOF,
            **refuse(_E.HAND, _E.RESEND, _E.ASK, _E.CANCEL, _E.SUPERSEDE, *_VERDICT),
        },
        _S.RETRY_WAIT: {
            _E.HAND: _S.SUBMITTED,
            _E.REFUSE_FOR_GOOD: _S.FAILED,
            _E.LOSE_SIGHT: _S.INDETERMINATE,
            _E.CANCEL: _S.CANCELLED,
            _E.EXPIRE: _S.EXPIRED,
            **_PROOF,
            **refuse(_E.REFUSE_FOR_NOW, _E.RESEND, _E.ASK, _E.SUPERSEDE, *_VERDICT),
        },
        _S.INDETERMINATE: {
            _E.RESEND: _S.QUEUED,
            _E.ASK: _S.AUDIT,
            _E.EXPIRE: _S.EXPIRED,
            **_PROOF,
            **refuse(_E.HAND, _E.REFUSE_FOR_NOW, _E.REFUSE_FOR_GOOD, _E.LOSE_SIGHT, _E.CANCEL, _E.SUPERSEDE, *_VERDICT),
        },
        _S.RESYNC: {
            _E.RESEND: _S.QUEUED,
            _E.ASK: _S.AUDIT,
            _E.REJECT: _S.FAILED,
            **refuse(_E.HAND, _E.REFUSE_FOR_NOW, _E.REFUSE_FOR_GOOD, _E.LOSE_SIGHT, _E.COUNTER_LOW, _E.ANSWER),
            **refuse(_E.CONFIRM, _E.CANCEL, _E.EXPIRE, _E.SUPERSEDE),
        },
        _S.POR_OK: {
            _E.CONFIRM: _S.APPLIED,
            _E.REJECT: _S.FAILED,
            _E.RESEND: _S.QUEUED,
            _E.ASK: _S.AUDIT,
            **refuse(_E.HAND, _E.REFUSE_FOR_NOW, _E.REFUSE_FOR_GOOD, _E.LOSE_SIGHT, _E.COUNTER_LOW, _E.ANSWER),
            **refuse(_E.CANCEL, _E.EXPIRE, _E.SUPERSEDE),
        },
        **{state: refuse(*_E) for state in TERMINAL_STATES},
    },
)
