"""What a card and an enterprise application on it can be, as two machines."""

from __future__ import annotations

from enum import StrEnum

from ...runtime.errors import Refusal
from ...runtime.machine import Machine, refuse


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


class Refused(Refusal, ValueError):
    """The object is in a state that does not allow this. Look at its state, then order what fits."""


_C, _CE = CardState, CardEvent
CARD: Machine[CardState, CardEvent] = Machine(
    "card",
    (_C.STOCK,),
    Refused,
    {
        _C.STOCK: {
            _CE.WASH: _C.WASHED,
            _CE.SCRAP: _C.SCRAPPED,
            **refuse(_CE.BIND, _CE.APPLICATION_CONFIRMED, _CE.LAST_APPLICATION_GONE, _CE.REPORT_LOST),
            **refuse(_CE.LIFT_LOSS, _CE.SUSPEND, _CE.RESUME, _CE.REPORT_DAMAGED, _CE.REPLACE, _CE.CANCEL),
            **refuse(_CE.PURSES_DISPOSED),
        },
        _C.WASHED: {
            _CE.BIND: _C.ISSUED,
            _CE.SCRAP: _C.SCRAPPED,
            **refuse(_CE.WASH, _CE.APPLICATION_CONFIRMED, _CE.LAST_APPLICATION_GONE, _CE.REPORT_LOST),
            **refuse(_CE.LIFT_LOSS, _CE.SUSPEND, _CE.RESUME, _CE.REPORT_DAMAGED, _CE.REPLACE, _CE.CANCEL),
            **refuse(_CE.PURSES_DISPOSED),
        },
        _C.ISSUED: {
            _CE.APPLICATION_CONFIRMED: _C.ACTIVE,
            _CE.LAST_APPLICATION_GONE: _C.ISSUED,
            _CE.CANCEL: _C.CANCELLING,
            **refuse(_CE.WASH, _CE.BIND, _CE.REPORT_LOST, _CE.LIFT_LOSS, _CE.SUSPEND, _CE.RESUME),
            **refuse(_CE.REPORT_DAMAGED, _CE.REPLACE, _CE.PURSES_DISPOSED, _CE.SCRAP),
        },
        _C.ACTIVE: {
            _CE.APPLICATION_CONFIRMED: _C.ACTIVE,
            _CE.LAST_APPLICATION_GONE: _C.ISSUED,
            _CE.REPORT_LOST: _C.LOST,
            _CE.SUSPEND: _C.SUSPENDED,
            _CE.REPORT_DAMAGED: _C.DAMAGED,
            _CE.REPLACE: _C.REPLACED,
            _CE.CANCEL: _C.CANCELLING,
            **refuse(_CE.WASH, _CE.BIND, _CE.LIFT_LOSS, _CE.RESUME, _CE.PURSES_DISPOSED, _CE.SCRAP),
        },
        _C.LOST: {
            # an order sent before the loss was reported may still be confirmed: the card stays what it is
            _CE.APPLICATION_CONFIRMED: _C.LOST,
            _CE.LAST_APPLICATION_GONE: _C.LOST,
            _CE.LIFT_LOSS: _C.ACTIVE,
            _CE.REPLACE: _C.REPLACED,
            _CE.CANCEL: _C.CANCELLING,
            **refuse(_CE.WASH, _CE.BIND, _CE.REPORT_LOST, _CE.SUSPEND, _CE.RESUME, _CE.REPORT_DAMAGED),
            **refuse(_CE.PURSES_DISPOSED, _CE.SCRAP),
        },
        _C.SUSPENDED: {
            _CE.APPLICATION_CONFIRMED: _C.SUSPENDED,
            _CE.LAST_APPLICATION_GONE: _C.SUSPENDED,
            _CE.RESUME: _C.ACTIVE,
            _CE.CANCEL: _C.CANCELLING,
            **refuse(_CE.WASH, _CE.BIND, _CE.REPORT_LOST, _CE.LIFT_LOSS, _CE.SUSPEND, _CE.REPORT_DAMAGED),
            **refuse(_CE.REPLACE, _CE.PURSES_DISPOSED, _CE.SCRAP),
        },
        _C.DAMAGED: {
            _CE.APPLICATION_CONFIRMED: _C.DAMAGED,
            _CE.LAST_APPLICATION_GONE: _C.DAMAGED,
            _CE.REPLACE: _C.REPLACED,
            **refuse(_CE.WASH, _CE.BIND, _CE.REPORT_LOST, _CE.LIFT_LOSS, _CE.SUSPEND, _CE.RESUME),
            **refuse(_CE.REPORT_DAMAGED, _CE.CANCEL, _CE.PURSES_DISPOSED, _CE.SCRAP),
        },
        _C.CANCELLING: {
            _CE.APPLICATION_CONFIRMED: _C.CANCELLING,
            _CE.LAST_APPLICATION_GONE: _C.CANCELLING,
            _CE.PURSES_DISPOSED: _C.CANCELLED,
            **refuse(_CE.WASH, _CE.BIND, _CE.REPORT_LOST, _CE.LIFT_LOSS, _CE.SUSPEND, _CE.RESUME),
            **refuse(_CE.REPORT_DAMAGED, _CE.REPLACE, _CE.CANCEL, _CE.SCRAP),
        },
        _C.REPLACED: refuse(*CardEvent),
        _C.CANCELLED: refuse(*CardEvent),
        _C.SCRAPPED: refuse(*CardEvent),
    },
)

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
APPLICATION: Machine[ApplicationState, ApplicationEvent] = Machine(
    "application",
    (_A.NONE,),
    Refused,
    {
        _A.NONE: {
            _AE.ORDER_INSTALL: _A.PENDING_INSTALL,
            **refuse(_AE.INSTALLED, _AE.PERSONALISED, _AE.ACTIVATED, _AE.FREEZE, _AE.UNFREEZE, _AE.ORDER_DELETE),
            **refuse(_AE.REOPENED, _AE.DELETED, _AE.REFUSED, _AE.NO_ANSWER, _AE.FOUND, _AE.ABSENT),
        },
        _A.PENDING_INSTALL: {
            _AE.INSTALLED: _A.INSTALLED,
            _AE.REFUSED: _A.FAILED,
            _AE.NO_ANSWER: _A.UNKNOWN,
            _AE.ABSENT: _A.FAILED,
            **refuse(_AE.ORDER_INSTALL, _AE.PERSONALISED, _AE.ACTIVATED, _AE.FREEZE, _AE.UNFREEZE),
            **refuse(_AE.ORDER_DELETE, _AE.REOPENED, _AE.DELETED, _AE.FOUND),
        },
        _A.INSTALLED: {
            _AE.PERSONALISED: _A.PERSONALISED,
            _AE.ORDER_DELETE: _A.PENDING_DELETE,
            _AE.NO_ANSWER: _A.UNKNOWN,
            **refuse(_AE.ORDER_INSTALL, _AE.INSTALLED, _AE.ACTIVATED, _AE.FREEZE, _AE.UNFREEZE, _AE.REOPENED),
            **refuse(_AE.DELETED, _AE.REFUSED, _AE.FOUND, _AE.ABSENT),
        },
        _A.PERSONALISED: {
            _AE.ACTIVATED: _A.ACTIVE,
            _AE.ORDER_DELETE: _A.PENDING_DELETE,
            **refuse(_AE.ORDER_INSTALL, _AE.INSTALLED, _AE.PERSONALISED, _AE.FREEZE, _AE.UNFREEZE, _AE.REOPENED),
            **refuse(_AE.DELETED, _AE.REFUSED, _AE.NO_ANSWER, _AE.FOUND, _AE.ABSENT),
        },
        _A.ACTIVE: {
            _AE.FREEZE: _A.FROZEN,
            _AE.ORDER_DELETE: _A.PENDING_DELETE,
            **refuse(_AE.ORDER_INSTALL, _AE.INSTALLED, _AE.PERSONALISED, _AE.ACTIVATED, _AE.UNFREEZE),
            **refuse(_AE.REOPENED, _AE.DELETED, _AE.REFUSED, _AE.NO_ANSWER, _AE.FOUND, _AE.ABSENT),
        },
        _A.FROZEN: {
            _AE.UNFREEZE: _A.ACTIVE,
            _AE.ORDER_DELETE: _A.PENDING_DELETE,
            **refuse(_AE.ORDER_INSTALL, _AE.INSTALLED, _AE.PERSONALISED, _AE.ACTIVATED, _AE.FREEZE, _AE.REOPENED),
            **refuse(_AE.DELETED, _AE.REFUSED, _AE.NO_ANSWER, _AE.FOUND, _AE.ABSENT),
        },
        _A.PENDING_DELETE: {
            _AE.ORDER_DELETE: _A.PENDING_DELETE,
            _AE.REOPENED: _A.ACTIVE,
            _AE.DELETED: _A.DELETED,
            _AE.REFUSED: _A.PENDING_DELETE,
            _AE.NO_ANSWER: _A.UNKNOWN,
            _AE.ABSENT: _A.DELETED,
            **refuse(_AE.ORDER_INSTALL, _AE.INSTALLED, _AE.PERSONALISED, _AE.ACTIVATED, _AE.FREEZE, _AE.UNFREEZE),
            **refuse(_AE.FOUND),
        },
        _A.UNKNOWN: {
            _AE.INSTALLED: _A.INSTALLED,
            _AE.ORDER_DELETE: _A.PENDING_DELETE,
            _AE.REOPENED: _A.ACTIVE,
            _AE.DELETED: _A.DELETED,
            _AE.FOUND: _A.ACTIVE,
            _AE.ABSENT: _A.DELETED,
            **refuse(_AE.ORDER_INSTALL, _AE.PERSONALISED, _AE.ACTIVATED, _AE.FREEZE, _AE.UNFREEZE, _AE.REFUSED),
            **refuse(_AE.NO_ANSWER),
        },
        _A.DELETED: refuse(*ApplicationEvent),
        _A.FAILED: refuse(*ApplicationEvent),
    },
)

#: There is no such row on the card any more: its slot and its enterprise are free again (INV-4).
ENDED_APPLICATION_STATES = (_A.DELETED, _A.FAILED)
