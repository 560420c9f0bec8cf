"""A dialogue from the request to its one final notice, as a machine.

RECEIVED ─► VERIFYING ─► CLOSING ─► DELETING ─► ANSWERING ─► DONE
    │                        └─► REOPENING ─┘       └─► TEXTED (not shown: the SMS is the notice)
    └─► REFUSED (nobody we answer)
"""

from __future__ import annotations

from enum import StrEnum

from ...runtime.machine import Machine, refuse


class State(StrEnum):
    """Where a dialogue stands."""

    RECEIVED = "RECEIVED"  #: authentic and new; left again within the same transaction
    VERIFYING = "VERIFYING"  #: the try is counted; the verdict comes at the deadline
    CLOSING = "CLOSING"  #: CLOSE is ordered; the card will name the final balance
    DELETING = "DELETING"  #: closed with nothing left; DELETE is ordered
    REOPENING = "REOPENING"  #: something stands against the deletion; REOPEN is ordered
    ANSWERING = "ANSWERING"  #: the answer is on its way to the screen
    DONE = "DONE"  #: the card queued the answer: the screen is the notice
    TEXTED = "TEXTED"  #: the screen could not show it: the short message is the notice
    REFUSED = "REFUSED"  #: malformed, of another card or of nobody: stored, never answered


class Event(StrEnum):
    """What moves it."""

    ANSWER = "ANSWER"  #: the answer is known at once
    ASK = "ASK"  #: a password has to be judged first
    NOTE = "NOTE"  #: the request only reports something; it has no notice of its own
    REJECT = "REJECT"  #: not accepted
    RIGHT = "RIGHT"  #: the password is right
    NOT_RIGHT = "NOT_RIGHT"  #: wrong, locked, unknown, or the application is no longer there
    EMPTY = "EMPTY"  #: closed, balance zero, no upload missing
    OWING = "OWING"  #: closed, but money or an upload is outstanding
    CLOSE_FAILED = "CLOSE_FAILED"  #: the card did not close, or nobody will ever know
    DELETED = "DELETED"  #: the card deleted the application
    DELETE_FAILED = "DELETE_FAILED"  #: it did not, or nobody will ever know
    REOPEN_ENDED = "REOPEN_ENDED"  #: reopened, or refused for good
    IN_DOUBT = "IN_DOUBT"  #: no evidence whether the card has the answer
    QUEUED = "QUEUED"  #: the card has the answer for its screen
    NOT_QUEUED = "NOT_QUEUED"  #: it has not, and never will
    NOT_SHOWN = "NOT_SHOWN"  #: the card reports operation 7E


class OutOfTurn(ValueError):
    """The event does not fit the dialogue's state. It is a late or doubled report; leave the dialogue as it is."""


_S, _E = State, Event
DIALOGUE: Machine[State, Event] = Machine(
    "dialogue",
    (_S.RECEIVED,),
    OutOfTurn,
    {
        _S.RECEIVED: {
            _E.ANSWER: _S.ANSWERING,
            _E.ASK: _S.VERIFYING,
            _E.NOTE: _S.DONE,
            _E.REJECT: _S.REFUSED,
            **refuse(_E.RIGHT, _E.NOT_RIGHT, _E.EMPTY, _E.OWING, _E.CLOSE_FAILED, _E.DELETED, _E.DELETE_FAILED),
            **refuse(_E.REOPEN_ENDED, _E.IN_DOUBT, _E.QUEUED, _E.NOT_QUEUED, _E.NOT_SHOWN),
        },
        _S.VERIFYING: {
            _E.RIGHT: _S.CLOSING,
            _E.NOT_RIGHT: _S.ANSWERING,
            **refuse(_E.ANSWER, _E.ASK, _E.NOTE, _E.REJECT, _E.EMPTY, _E.OWING, _E.CLOSE_FAILED, _E.DELETED),
            **refuse(_E.DELETE_FAILED, _E.REOPEN_ENDED, _E.IN_DOUBT, _E.QUEUED, _E.NOT_QUEUED, _E.NOT_SHOWN),
        },
        _S.CLOSING: {
            _E.EMPTY: _S.DELETING,
            _E.OWING: _S.REOPENING,
            _E.CLOSE_FAILED: _S.REOPENING,
            **refuse(_E.ANSWER, _E.ASK, _E.NOTE, _E.REJECT, _E.RIGHT, _E.NOT_RIGHT, _E.DELETED, _E.DELETE_FAILED),
            **refuse(_E.REOPEN_ENDED, _E.IN_DOUBT, _E.QUEUED, _E.NOT_QUEUED, _E.NOT_SHOWN),
        },
        _S.DELETING: {
            _E.DELETED: _S.ANSWERING,
            _E.DELETE_FAILED: _S.REOPENING,
            **refuse(_E.ANSWER, _E.ASK, _E.NOTE, _E.REJECT, _E.RIGHT, _E.NOT_RIGHT, _E.EMPTY, _E.OWING),
            **refuse(_E.CLOSE_FAILED, _E.REOPEN_ENDED, _E.IN_DOUBT, _E.QUEUED, _E.NOT_QUEUED, _E.NOT_SHOWN),
        },
        _S.REOPENING: {
            _E.REOPEN_ENDED: _S.ANSWERING,
            **refuse(_E.ANSWER, _E.ASK, _E.NOTE, _E.REJECT, _E.RIGHT, _E.NOT_RIGHT, _E.EMPTY, _E.OWING),
            **refuse(_E.CLOSE_FAILED, _E.DELETED, _E.DELETE_FAILED, _E.IN_DOUBT, _E.QUEUED, _E.NOT_QUEUED),
            **refuse(_E.NOT_SHOWN),
        },
        _S.ANSWERING: {
            # the answer may or may not be on the card: the SMS carries the same serial, so a reader sees one notice
            _E.IN_DOUBT: _S.TEXTED,
            _E.QUEUED: _S.DONE,
            _E.NOT_QUEUED: _S.TEXTED,
            _E.NOT_SHOWN: _S.TEXTED,
            **refuse(_E.ANSWER, _E.ASK, _E.NOTE, _E.REJECT, _E.RIGHT, _E.NOT_RIGHT, _E.EMPTY, _E.OWING),
            **refuse(_E.CLOSE_FAILED, _E.DELETED, _E.DELETE_FAILED, _E.REOPEN_ENDED),
        },
        _S.DONE: {
            _E.NOT_SHOWN: _S.TEXTED,
            **refuse(_E.ANSWER, _E.ASK, _E.NOTE, _E.REJECT, _E.RIGHT, _E.NOT_RIGHT, _E.EMPTY, _E.OWING),
            **refuse(_E.CLOSE_FAILED, _E.DELETED, _E.DELETE_FAILED, _E.REOPEN_ENDED, _E.IN_DOUBT, _E.QUEUED),
            **refuse(_E.NOT_QUEUED),
        },
        _S.TEXTED: {
            # late news about an answer that the SMS has already replaced
            _E.IN_DOUBT: _S.TEXTED,
            _E.QUEUED: _S.TEXTED,
            _E.NOT_QUEUED: _S.TEXTED,
            _E.NOT_SHOWN: _S.TEXTED,
            **refuse(_E.ANSWER, _E.ASK, _E.NOTE, _E.REJECT, _E.RIGHT, _E.NOT_RIGHT, _E.EMPTY, _E.OWING),
            **refuse(_E.CLOSE_FAILED, _E.DELETED, _E.DELETE_FAILED, _E.REOPEN_ENDED),
        },
        _S.REFUSED: refuse(*Event),
    },
)

#: The platform owes these a final notice (INV-22).
OPEN_STATES = (_S.VERIFYING, _S.CLOSING, _S.DELETING, _S.REOPENING, _S.ANSWERING)

#: A deletion that is judged or carried out: another one of the same application has to wait (E106).
DELETING_STATES = (_S.VERIFYING, _S.CLOSING, _S.DELETING, _S.REOPENING)
