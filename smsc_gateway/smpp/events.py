"""What a session tells its driver. Values; the driver acts on them in order, then writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .operations import Bind, BindResp, Outbind
from .values import quick


@quick
@dataclass(frozen=True, slots=True)
class Requested:
    """The peer asks: answer with :meth:`Session.respond`."""

    pdu: Any  #: a request PDU; its owner dispatches on the class


@dataclass(frozen=True, slots=True)
class BindRequested:
    """An ESME wants to bind: answer with :meth:`Session.respond`."""

    pdu: Bind


@quick
@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to our request. It may be a GenericNack. `late`: :class:`Unanswered` was said before."""

    token: Any  #: what :meth:`Session.request` was given
    response: Any
    late: bool = False


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No answer in time, or the line went: the peer may or may not have acted on the request."""

    token: Any
    reason: str


@dataclass(frozen=True, slots=True)
class Bound:
    """Our bind succeeded, or we accepted the peer's."""

    response: BindResp


@dataclass(frozen=True, slots=True)
class BindRefused:
    """Our bind was refused with `status`."""

    status: int


@dataclass(frozen=True, slots=True)
class OutbindReceived:
    """The SMSC asks us to bind."""

    pdu: Outbind


@dataclass(frozen=True, slots=True)
class PeerUnbinds:
    """The peer said unbind: start nothing new; the session answers once everything open is answered."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A response that belongs to nothing (second, very late, or invented): ignored."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Misbehaved:
    """The peer sent something it may not; it was answered as the standard says. One line for the log."""

    reason: str
    status: int


@dataclass(frozen=True, slots=True)
class Close:
    """Write what is left, then close the line."""

    reason: str


Event = (
    Requested
    | BindRequested
    | Answered
    | Unanswered
    | Bound
    | BindRefused
    | OutbindReceived
    | PeerUnbinds
    | Stray
    | Misbehaved
    | Close
)
