"""A dialogue from the request to its one final notice, as a table: (state, event) → state.

    RECEIVED ─► VERIFYING ─► CLOSING ─► DELETING ─► ANSWERING ─► DONE
        │                        └─► REOPENING ─┘       └─► TEXTED (not shown: the SMS is the notice)
        └─► REFUSED (nobody we answer)

Every pair that `NEXT` does not list is refused: :func:`follow` raises :class:`OutOfTurn` and nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product


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


_S, _E = State, Event
NEXT: Mapping[tuple[State, Event], State] = {
    (_S.RECEIVED, _E.ANSWER): _S.ANSWERING,
    (_S.RECEIVED, _E.ASK): _S.VERIFYING,
    (_S.RECEIVED, _E.NOTE): _S.DONE,
    (_S.RECEIVED, _E.REJECT): _S.REFUSED,
    (_S.VERIFYING, _E.RIGHT): _S.CLOSING,
    (_S.VERIFYING, _E.NOT_RIGHT): _S.ANSWERING,
    (_S.CLOSING, _E.EMPTY): _S.DELETING,
    (_S.CLOSING, _E.OWING): _S.REOPENING,
    (_S.CLOSING, _E.CLOSE_FAILED): _S.REOPENING,
    (_S.DELETING, _E.DELETED): _S.ANSWERING,
    (_S.DELETING, _E.DELETE_FAILED): _S.REOPENING,
    (_S.REOPENING, _E.REOPEN_ENDED): _S.ANSWERING,
    (_S.ANSWERING, _E.QUEUED): _S.DONE,
    (_S.ANSWERING, _E.NOT_QUEUED): _S.TEXTED,
    (_S.ANSWERING, _E.NOT_SHOWN): _S.TEXTED,
    # the answer may or may not be on the card: the SMS carries the same serial, so a reader sees that it is one notice
    (_S.ANSWERING, _E.IN_DOUBT): _S.TEXTED,
    (_S.DONE, _E.NOT_SHOWN): _S.TEXTED,
    # late news about an answer that the SMS has already replaced
    (_S.TEXTED, _E.QUEUED): _S.TEXTED,
    (_S.TEXTED, _E.NOT_QUEUED): _S.TEXTED,
    (_S.TEXTED, _E.NOT_SHOWN): _S.TEXTED,
    (_S.TEXTED, _E.IN_DOUBT): _S.TEXTED,
}

REFUSED_PAIRS = frozenset(product(State, Event)) - frozenset(NEXT)

#: The platform owes these a final notice (INV-22).
OPEN_STATES = (_S.VERIFYING, _S.CLOSING, _S.DELETING, _S.REOPENING, _S.ANSWERING)

#: A deletion that is judged or carried out: another one of the same application has to wait (E106).
DELETING_STATES = (_S.VERIFYING, _S.CLOSING, _S.DELETING, _S.REOPENING)


class OutOfTurn(ValueError):
    """The event does not fit the dialogue's state. It is a late or doubled report; leave the dialogue as it is."""


def follow(state: State, event: Event) -> State:
    """The next state; raises :class:`OutOfTurn` for a pair that is refused."""
    after = NEXT.get((state, event))
    if after is None:
        raise OutOfTurn(f"{event} does not fit the state {state}")
    return after
