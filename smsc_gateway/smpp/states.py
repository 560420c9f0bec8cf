"""The session's state table — SMPP 3.4 §2.2 and table 2-1. All transitions live here, for both ends of a line.

The table does not know which end it serves: a bind "begins" at both when bind_* is sent or received.
"""

from __future__ import annotations

from enum import Enum

from . import operations as op


class Role(Enum):
    """Which end of the line we are."""

    ESME = "ESME"
    SMSC = "SMSC"

    @property
    def peer(self) -> Role:
        """The other end."""
        return Role.SMSC if self is Role.ESME else Role.ESME


class State(Enum):
    """Where a session stands."""

    OPEN = "open"  #: the line is up, nobody has bound
    BINDING = "binding"  #: a bind is on its way or being judged
    BOUND_TX = "bound as transmitter"  #: the ESME may submit
    BOUND_RX = "bound as receiver"  #: the SMSC may deliver
    BOUND_TRX = "bound as transceiver"  #: both
    UNBINDING = "unbinding"  #: an unbind was sent or received: answers only, no new requests
    CLOSED = "closed"  #: the line is down or must go down; nothing more is said


class Step(Enum):
    """What moves a session from state to state."""

    BIND = "bind begins"
    BOUND_TX = "bind_transmitter succeeds"
    BOUND_RX = "bind_receiver succeeds"
    BOUND_TRX = "bind_transceiver succeeds"
    REFUSED = "bind fails"
    UNBIND = "unbind begins"
    CLOSE = "the line closes"


S, T = State, Step

TRANSITIONS: dict[tuple[State, Step], State] = {
    (S.OPEN, T.BIND): S.BINDING,
    (S.OPEN, T.UNBIND): S.UNBINDING,
    (S.BINDING, T.BOUND_TX): S.BOUND_TX,
    (S.BINDING, T.BOUND_RX): S.BOUND_RX,
    (S.BINDING, T.BOUND_TRX): S.BOUND_TRX,
    (S.BINDING, T.REFUSED): S.OPEN,
    (S.BINDING, T.UNBIND): S.UNBINDING,
    (S.BOUND_TX, T.UNBIND): S.UNBINDING,
    (S.BOUND_RX, T.UNBIND): S.UNBINDING,
    (S.BOUND_TRX, T.UNBIND): S.UNBINDING,
    (S.UNBINDING, T.UNBIND): S.UNBINDING,  # both ends at once
    (S.OPEN, T.CLOSE): S.CLOSED,
    (S.BINDING, T.CLOSE): S.CLOSED,
    (S.BOUND_TX, T.CLOSE): S.CLOSED,
    (S.BOUND_RX, T.CLOSE): S.CLOSED,
    (S.BOUND_TRX, T.CLOSE): S.CLOSED,
    (S.UNBINDING, T.CLOSE): S.CLOSED,
    (S.CLOSED, T.CLOSE): S.CLOSED,
}

#: pairs that mean a mistake of the caller or of the peer; together with TRANSITIONS this is every pair
REFUSED: frozenset[tuple[State, Step]] = frozenset(
    [(state, step) for state in (S.OPEN,) for step in (T.BOUND_TX, T.BOUND_RX, T.BOUND_TRX, T.REFUSED)]
    + [(S.BINDING, T.BIND)]
    + [
        (state, step)
        for state in (S.BOUND_TX, S.BOUND_RX, S.BOUND_TRX, S.UNBINDING)
        for step in (T.BIND, T.BOUND_TX, T.BOUND_RX, T.BOUND_TRX, T.REFUSED)
    ]
    + [(S.CLOSED, step) for step in Step if step is not T.CLOSE]
)

BOUND = frozenset({S.BOUND_TX, S.BOUND_RX, S.BOUND_TRX})
_ALIVE = frozenset(State) - {S.CLOSED}
_SUBMITTING = frozenset({S.BOUND_TX, S.BOUND_TRX})
_DELIVERING = frozenset({S.BOUND_RX, S.BOUND_TRX})
_NEVER: frozenset[State] = frozenset()

#: command_id → (states in which the ESME may send it, states in which the SMSC may) — table 2-1
ALLOWED: dict[int, tuple[frozenset[State], frozenset[State]]] = {
    op.BindTransmitter.command_id: (frozenset({S.OPEN}), _NEVER),
    op.BindReceiver.command_id: (frozenset({S.OPEN}), _NEVER),
    op.BindTransceiver.command_id: (frozenset({S.OPEN}), _NEVER),
    op.Outbind.command_id: (_NEVER, frozenset({S.OPEN})),
    op.Unbind.command_id: (_ALIVE, _ALIVE),
    op.EnquireLink.command_id: (_ALIVE, _ALIVE),
    op.SubmitSm.command_id: (_SUBMITTING, _NEVER),
    op.SubmitMulti.command_id: (_SUBMITTING, _NEVER),
    op.DataSm.command_id: (BOUND, BOUND),
    op.DeliverSm.command_id: (_NEVER, _DELIVERING),
    op.QuerySm.command_id: (_SUBMITTING, _NEVER),
    op.CancelSm.command_id: (_SUBMITTING, _NEVER),
    op.ReplaceSm.command_id: (_SUBMITTING, _NEVER),
    op.AlertNotification.command_id: (_NEVER, _DELIVERING),
}

#: the step that a successful bind of this command_id takes
BIND_STEPS: dict[int, Step] = {
    op.BindTransmitter.command_id: T.BOUND_TX,
    op.BindReceiver.command_id: T.BOUND_RX,
    op.BindTransceiver.command_id: T.BOUND_TRX,
}


def may_send(role: Role, state: State, command_id: int) -> bool:
    """Whether the end `role` may send this request now."""
    esme, smsc = ALLOWED[command_id]
    return state in (esme if role is Role.ESME else smsc)
