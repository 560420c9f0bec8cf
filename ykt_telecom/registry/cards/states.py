"""What a card and an enterprise application on it can be, as tables: (state, event) → state.

`*_REFUSED` lists every pair that is refused on purpose; a test asserts that each pair is in exactly one of the two.
Domain: state machines A (card) and B (application).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from typing import TypeVar

from ...runtime.errors import Refusal


class CardState(StrEnum):
    """A card from the stock to its end."""

    STOCK = "STOCK"  #: not yet washed
    WASHED = "WASHED"  #: carries the operator's keys
    ISSUED = "ISSUED"  #: bound to an MSISDN, without applications
    ACTIVE = "ACTIVE"  #: carries at least one confirmed application
    LOST = "LOST"  #: reported lost: blacklisted, no install
    SUSPENDED = "SUSPENDED"  #: frozen by arrears or the enterprise
    DAMAGED = "DAMAGED"  #: out of order, waits for its replacement
    CANCELLING = "CANCELLING"  #: its purses are being disposed of
    REPLACED = "REPLACED"  #: end: another card took over
    CANCELLED = "CANCELLED"  #: end
    SCRAPPED = "SCRAPPED"  #: end: never issued


class CardEvent(StrEnum):
    WASH = "WASH"
    BIND = "BIND"
    APPLICATION_CONFIRMED = "APPLICATION_CONFIRMED"
    LAST_APPLICATION_GONE = "LAST_APPLICATION_GONE"
    REPORT_LOST = "REPORT_LOST"
    LIFT_LOSS = "LIFT_LOSS"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    REPORT_DAMAGED = "REPORT_DAMAGED"
    REPLACE = "REPLACE"
    CANCEL = "CANCEL"
    PURSES_DISPOSED = "PURSES_DISPOSED"
    SCRAP = "SCRAP"


_C, _CE = CardState, CardEvent
CARD_TRANSITIONS: Mapping[tuple[CardState, CardEvent], CardState] = {
    (_C.STOCK, _CE.WASH): _C.WASHED,
    (_C.STOCK, _CE.SCRAP): _C.SCRAPPED,
    (_C.WASHED, _CE.BIND): _C.ISSUED,
    (_C.WASHED, _CE.SCRAP): _C.SCRAPPED,
    (_C.ISSUED, _CE.APPLICATION_CONFIRMED): _C.ACTIVE,
    # an application that nobody knew about for sure turned out not to be there
    (_C.ISSUED, _CE.LAST_APPLICATION_GONE): _C.ISSUED,
    (_C.ISSUED, _CE.CANCEL): _C.CANCELLING,
    (_C.ACTIVE, _CE.APPLICATION_CONFIRMED): _C.ACTIVE,
    (_C.ACTIVE, _CE.LAST_APPLICATION_GONE): _C.ISSUED,
    (_C.ACTIVE, _CE.REPORT_LOST): _C.LOST,
    (_C.ACTIVE, _CE.SUSPEND): _C.SUSPENDED,
    (_C.ACTIVE, _CE.REPORT_DAMAGED): _C.DAMAGED,
    (_C.ACTIVE, _CE.REPLACE): _C.REPLACED,
    (_C.ACTIVE, _CE.CANCEL): _C.CANCELLING,
    (_C.LOST, _CE.LIFT_LOSS): _C.ACTIVE,
    (_C.LOST, _CE.REPLACE): _C.REPLACED,
    (_C.LOST, _CE.CANCEL): _C.CANCELLING,
    # an order sent before the loss was reported may still be confirmed: the card stays what it is
    (_C.LOST, _CE.APPLICATION_CONFIRMED): _C.LOST,
    (_C.LOST, _CE.LAST_APPLICATION_GONE): _C.LOST,
    (_C.SUSPENDED, _CE.RESUME): _C.ACTIVE,
    (_C.SUSPENDED, _CE.CANCEL): _C.CANCELLING,
    (_C.SUSPENDED, _CE.APPLICATION_CONFIRMED): _C.SUSPENDED,
    (_C.SUSPENDED, _CE.LAST_APPLICATION_GONE): _C.SUSPENDED,
    (_C.DAMAGED, _CE.REPLACE): _C.REPLACED,
    (_C.DAMAGED, _CE.APPLICATION_CONFIRMED): _C.DAMAGED,
    (_C.DAMAGED, _CE.LAST_APPLICATION_GONE): _C.DAMAGED,
    (_C.CANCELLING, _CE.PURSES_DISPOSED): _C.CANCELLED,
    (_C.CANCELLING, _CE.APPLICATION_CONFIRMED): _C.CANCELLING,
    (_C.CANCELLING, _CE.LAST_APPLICATION_GONE): _C.CANCELLING,
}

#: A card in one of these is bound to its MSISDN, and no other card may be (INV-1).
LIVE_CARD_STATES = (_C.ISSUED, _C.ACTIVE, _C.LOST, _C.SUSPENDED, _C.DAMAGED, _C.CANCELLING)


class ApplicationState(StrEnum):
    """An enterprise application on a card. `NONE` is never stored: it is the absence of a row."""

    NONE = "NONE"
    PENDING_INSTALL = "PENDING_INSTALL"  #: ordered, not confirmed
    INSTALLED = "INSTALLED"  #: on the card, without keys
    PERSONALISED = "PERSONALISED"  #: on the card with its keys
    ACTIVE = "ACTIVE"  #: usable
    FROZEN = "FROZEN"  #: taps refused, contents kept
    PENDING_DELETE = "PENDING_DELETE"  #: being closed or deleted
    UNKNOWN = "UNKNOWN"  #: the card did not answer in time; audit it
    DELETED = "DELETED"  #: end: the card confirmed
    FAILED = "FAILED"  #: end: the card refused the install for good


class ApplicationEvent(StrEnum):
    ORDER_INSTALL = "ORDER_INSTALL"
    INSTALLED = "INSTALLED"
    PERSONALISED = "PERSONALISED"
    ACTIVATED = "ACTIVATED"
    FREEZE = "FREEZE"
    UNFREEZE = "UNFREEZE"
    ORDER_DELETE = "ORDER_DELETE"
    REOPENED = "REOPENED"
    DELETED = "DELETED"
    REFUSED = "REFUSED"
    NO_ANSWER = "NO_ANSWER"
    FOUND = "FOUND"
    ABSENT = "ABSENT"


_A, _AE = ApplicationState, ApplicationEvent
APPLICATION_TRANSITIONS: Mapping[tuple[ApplicationState, ApplicationEvent], ApplicationState] = {
    (_A.NONE, _AE.ORDER_INSTALL): _A.PENDING_INSTALL,
    (_A.PENDING_INSTALL, _AE.INSTALLED): _A.INSTALLED,
    (_A.PENDING_INSTALL, _AE.REFUSED): _A.FAILED,
    (_A.PENDING_INSTALL, _AE.NO_ANSWER): _A.UNKNOWN,
    (_A.PENDING_INSTALL, _AE.ABSENT): _A.FAILED,
    (_A.INSTALLED, _AE.PERSONALISED): _A.PERSONALISED,
    (_A.INSTALLED, _AE.NO_ANSWER): _A.UNKNOWN,
    (_A.INSTALLED, _AE.ORDER_DELETE): _A.PENDING_DELETE,
    (_A.PERSONALISED, _AE.ACTIVATED): _A.ACTIVE,
    (_A.PERSONALISED, _AE.ORDER_DELETE): _A.PENDING_DELETE,
    (_A.ACTIVE, _AE.FREEZE): _A.FROZEN,
    (_A.ACTIVE, _AE.ORDER_DELETE): _A.PENDING_DELETE,
    (_A.FROZEN, _AE.UNFREEZE): _A.ACTIVE,
    (_A.FROZEN, _AE.ORDER_DELETE): _A.PENDING_DELETE,
    (_A.PENDING_DELETE, _AE.ORDER_DELETE): _A.PENDING_DELETE,
    (_A.PENDING_DELETE, _AE.REOPENED): _A.ACTIVE,
    (_A.PENDING_DELETE, _AE.DELETED): _A.DELETED,
    (_A.PENDING_DELETE, _AE.ABSENT): _A.DELETED,
    (_A.PENDING_DELETE, _AE.REFUSED): _A.PENDING_DELETE,
    (_A.PENDING_DELETE, _AE.NO_ANSWER): _A.UNKNOWN,
    (_A.UNKNOWN, _AE.FOUND): _A.ACTIVE,
    (_A.UNKNOWN, _AE.ABSENT): _A.DELETED,
    (_A.UNKNOWN, _AE.INSTALLED): _A.INSTALLED,
    (_A.UNKNOWN, _AE.DELETED): _A.DELETED,
    (_A.UNKNOWN, _AE.REOPENED): _A.ACTIVE,
    (_A.UNKNOWN, _AE.ORDER_DELETE): _A.PENDING_DELETE,
}

#: There is no such row on the card any more: its slot and its enterprise are free again (INV-4).
ENDED_APPLICATION_STATES = (_A.DELETED, _A.FAILED)

CARD_REFUSED = frozenset(product(CardState, CardEvent)) - frozenset(CARD_TRANSITIONS)
APPLICATION_REFUSED = frozenset(product(ApplicationState, ApplicationEvent)) - frozenset(APPLICATION_TRANSITIONS)

S = TypeVar("S", bound=StrEnum)
V = TypeVar("V", bound=StrEnum)


class Refused(Refusal, ValueError):
    """The object is in a state that does not allow this. Look at its state, then order what fits."""


def follow(table: Mapping[tuple[S, V], S], state: S, event: V) -> S:
    """The next state; raises :class:`Refused` for a pair the table does not list."""
    after = table.get((state, event))
    if after is None:
        raise Refused(f"{event} does not fit the state {state}")
    return after
