"""One SMPP session, either end, without a socket or a clock.

Three things drive it: octets from the peer (:meth:`Session.receive`), requests and answers of its owner
(:meth:`request`, :meth:`respond`, :meth:`unbind`) and time (:meth:`tick`, due at :attr:`next_wakeup`). It answers
with :mod:`.events`; octets to write wait in :meth:`take`. Times are monotonic seconds.

It answers by itself: enquire_link, unreadable and unknown PDUs, requests the state table forbids, unbind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from . import operations as op
from .codec import HEADER, READERS, RESPONSE, WRITERS, Reader
from .errors import NotAllowed, PduError, WindowFull
from .events import (
    Answered,
    BindRefused,
    BindRequested,
    Bound,
    Close,
    Event,
    Misbehaved,
    OutbindReceived,
    PeerUnbinds,
    Requested,
    Stray,
    Unanswered,
)
from .framer import MAX_PDU, FrameError, Framer
from .states import ALLOWED, BIND_STEPS, BOUND, REFUSED, TRANSITIONS, Role, State, Step, may_send
from .status import CommandStatus
from .window import Window

Trace = Callable[[bool, bytes], None]

unpack_header = HEADER.unpack_from
_CLOSED, _BINDING, _UNBINDING = State.CLOSED, State.BINDING, State.UNBINDING


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes and timers of a session, seconds."""

    window: int = 50  #: our requests without an answer
    response_timeout: float = 10.0
    bind_timeout: float = 10.0  #: session_init_timer: from the line to a bind that succeeded
    pdu_timeout: float = 10.0  #: from the first octet of a PDU to its last
    enquire_link: float = 15.0  #: silence after which we ask whether the peer lives; 0 never
    enquire_timeout: float = 7.0
    drain_timeout: float = 5.0  #: from unbind to closing, whatever is open
    pdu_size: int = MAX_PDU


class Session:
    """The state of one line. Not for two lines: after Close make a new one."""

    def __init__(
        self,
        role: Role,
        now: float,
        limits: Limits | None = None,
        *,
        first_sequence: int = 1,
        trace: Trace | None = None,
    ) -> None:
        self.role = role
        self.limits = limits or Limits()
        self._enter(State.OPEN)
        self.peer_version = 0  #: interface_version of the peer's bind or sc_interface_version of its answer; 0 unknown
        self.unanswered = 0  #: requests of the peer that our owner has not answered
        self.strays = 0
        self._trace = trace
        self._framer = Framer(self.limits.pdu_size)
        self._out: list[bytes] = []
        self._window = Window(self.limits.response_timeout, first_sequence)
        self._open = self._window.open
        self._bind: tuple[int, int] | None = None  # sequence and command_id
        self._bind_deadline: float | None = now + self.limits.bind_timeout
        self._enquiry: tuple[int, float] | None = None
        self._missed = 0
        self._heard = now
        self._partial_since: float | None = None
        self._unbind_sent: int | None = None
        self._unbind_owed: int | None = None
        self._unbound = False  # the peer answered our unbind
        self._peer_left = False  # we answered its unbind
        self._drain_deadline: float | None = None
        self._closing = False

    # -- what the owner asks for ---------------------------------------------------------------------------------

    @property
    def is_bound(self) -> bool:
        return self.state in BOUND

    @property
    def in_flight(self) -> int:
        """Our requests that are not answered."""
        return len(self._window)

    @property
    def has_room(self) -> bool:
        """Another request fits the window."""
        return len(self._open) < self.limits.window

    def may_send(self, command_id: int) -> bool:
        """The state allows this request; the window may still be full."""
        return command_id in self._sends and not self._closing

    def request(self, pdu: op.Pdu, now: float, token: Any = None) -> int:
        """Send a request and return its sequence; its end is one Answered or Unanswered with `token`.

        NotAllowed: the state forbids it. WindowFull: wait. LocalError: the PDU cannot be encoded.
        """
        command_id = pdu.command_id
        if command_id not in self._sends or self._closing:
            raise NotAllowed(f"{op.name_of(command_id)} may not be sent while {self.state.value}")
        if command_id in BIND_STEPS:
            return self._send_bind(pdu)
        window = self._window
        if len(self._open) >= self.limits.window:
            raise WindowFull(f"{self.limits.window} requests are unanswered")
        sequence = window.sequence()
        octets = WRITERS[type(pdu)](pdu, sequence)
        if self._trace is not None:
            self._trace(False, octets)
        self._out.append(octets)
        if command_id not in op.UNANSWERED:
            window.sent(sequence, now, token, command_id | RESPONSE)
        return sequence

    def respond(self, response: op.Pdu, now: float) -> list[Event]:
        """Send the answer to a Requested or BindRequested; its sequence is the request's."""
        events = self.reply(WRITERS[type(response)](response, response.sequence))
        if self.state is _BINDING and isinstance(response, op.BindResp) and not self._closing:
            self._bound(BIND_STEPS[response.command_id & ~RESPONSE], response, now, events)
        return events

    def reply(self, octets: bytes) -> list[Event]:
        """Send the answer to a Requested, made already: for those who compose octets without a value."""
        events: list[Event] = []
        state = self.state
        if state is _CLOSED or self._closing:
            return events
        if self.unanswered:
            self.unanswered -= 1
        if self._trace is not None:
            self._trace(False, octets)
        self._out.append(octets)
        if state is _UNBINDING:
            self._settle(events)
        return events

    def unbind(self, now: float) -> list[Event]:
        """Leave in good order: answers first, then unbind, then the line closes; all within drain_timeout."""
        events: list[Event] = []
        if self.state not in (State.UNBINDING, State.CLOSED):
            self._move(Step.UNBIND)
            self._drain_deadline = now + self.limits.drain_timeout
            self._settle(events)
        return events

    def line_lost(self, reason: str = "the line was lost") -> list[Event]:
        """The transport is gone: everything in flight is Unanswered."""
        self._move(Step.CLOSE)
        events: list[Event] = [Unanswered(token, reason) for token in self._window.clear()]
        return events

    def take(self) -> bytes:
        """The octets to write now; they are handed out once."""
        out = self._out
        if not out:
            return b""
        octets = out[0] if len(out) == 1 else b"".join(out)
        out.clear()
        return octets

    @property
    def has_output(self) -> bool:
        return bool(self._out)

    # -- time ----------------------------------------------------------------------------------------------------

    @property
    def next_wakeup(self) -> float | None:
        """When :meth:`tick` has something to do; None: nothing is awaited."""
        if self.state is State.CLOSED or self._closing:
            return None
        return min(self._deadlines(), default=None)

    def _deadlines(self) -> Iterator[float]:
        for deadline in (self._window.next_deadline, self._bind_deadline, self._drain_deadline):
            if deadline is not None:
                yield deadline
        if self._partial_since is not None:
            yield self._partial_since + self.limits.pdu_timeout
        if self._enquiry is not None:
            yield self._enquiry[1]
        elif self.limits.enquire_link and self.state in BOUND:
            yield self._heard + self.limits.enquire_link

    def tick(self, now: float) -> list[Event]:
        """Act on everything that is due."""
        events: list[Event] = []
        if self.state is State.CLOSED or self._closing:
            return events
        self._expire(now, events)
        if self._bind_deadline is not None and now >= self._bind_deadline:
            self._close("no bind was completed in time", events)
        elif self._partial_since is not None and now >= self._partial_since + self.limits.pdu_timeout:
            self._write(self._nack(CommandStatus.RINVCMDLEN, 0))
            self._close("a PDU began and did not end in time", events)
        elif self._drain_deadline is not None and now >= self._drain_deadline:
            self._settle(events, now_or_never=True)
        else:
            self._enquire(now, events)
        return events

    def _expire(self, now: float, events: list[Event]) -> None:
        events += [Unanswered(token, "no answer in time") for token in self._window.expire(now)]
        if self.state is State.UNBINDING:
            self._settle(events)

    def _enquire(self, now: float, events: list[Event]) -> None:
        if self._enquiry is not None:
            if now < self._enquiry[1]:
                return
            self._missed += 1
            self._enquiry = None
            if self._missed >= 2:
                self._close("two enquire_links went unanswered: the line is half-open", events)
                return
        elif not self.limits.enquire_link or not self.is_bound or now < self._heard + self.limits.enquire_link:
            return
        sequence = self._window.sequence()
        self._enquiry = (sequence, now + self.limits.enquire_timeout)
        self._write(WRITERS[op.EnquireLink](op.EnquireLink(), sequence))

    # -- octets from the peer ------------------------------------------------------------------------------------

    def receive(self, octets: bytes, now: float) -> list[Event]:
        """Act on what arrived, in whatever pieces."""
        events: list[Event] = []
        if self.state is State.CLOSED:
            return events
        self._heard = now
        self._missed = 0
        trace = self._trace
        unanswered = self._open
        for frame in self._framer.feed(octets):
            if self._closing:
                break
            if isinstance(frame, FrameError):
                self._lost_framing(frame, events)
                break
            if trace is not None:
                trace(True, frame)
            _, command_id, status, sequence = unpack_header(frame)
            if command_id >= RESPONSE:
                found = unanswered.get(sequence)
                if found is None:
                    self._other_response(frame, sequence, now, events)
                    continue
                if command_id != found[2] and not _is_refusal(command_id, status):
                    events.append(_wrong_answer(command_id, found[2]))
                    continue
                del unanswered[sequence]
                events.append(Answered(found[1], _read_response(frame, command_id)))
                if self.state is _UNBINDING:
                    self._settle(events)
                continue
            reader = self._takes.get(command_id)
            if reader is None:
                self._other_request(frame, command_id, sequence, now, events)
                continue
            try:
                events.append(Requested(reader(frame)))
            except PduError as error:
                self._refuse(command_id, sequence, error.status, events, str(error))
            else:
                self.unanswered += 1
        if not self._framer.is_partial:
            self._partial_since = None
        elif self._partial_since is None:
            self._partial_since = now
        return events

    def _lost_framing(self, frame: FrameError, events: list[Event]) -> None:
        self._write(self._nack(CommandStatus.RINVCMDLEN, frame.sequence))
        self._close(f"not SMPP: command_length {frame.command_length}, octets {frame.octets.hex()}", events)

    def _other_request(self, frame: bytes, command_id: int, sequence: int, now: float, events: list[Event]) -> None:
        """A request that the session answers itself: its own kinds, and those that this state forbids."""
        allowed = ALLOWED.get(command_id)
        if allowed is None:
            self._write(self._nack(CommandStatus.RINVCMDID, sequence))
            events.append(Misbehaved(f"unknown command_id {command_id:#010x}", CommandStatus.RINVCMDID))
            return
        if self.state not in allowed[self.role is Role.ESME]:
            self._refuse(command_id, sequence, self._why_not(command_id), events)
            return
        try:
            pdu = READERS[command_id](frame)
        except PduError as error:
            self._refuse(command_id, sequence, error.status, events, str(error))
            return
        _OWN[command_id](self, pdu, now, events)

    def _why_not(self, command_id: int) -> int:
        already = self.state is State.BINDING or self.state in BOUND
        return CommandStatus.RALYBND if command_id in BIND_STEPS and already else CommandStatus.RINVBNDSTS

    def _refuse(self, command_id: int, sequence: int, status: int, events: list[Event], why: str = "") -> None:
        """Answer a request that will not reach the owner."""
        answer = op.response_class(command_id)
        if answer is None:
            self._write(self._nack(status, sequence))
        else:
            self._write(HEADER.pack(16, answer.command_id, status, sequence))
        reason = why or f"{op.name_of(command_id)} is not allowed while {self.state.value}"
        events.append(Misbehaved(reason, status))

    def _take_bind(self, pdu: op.Bind, now: float, events: list[Event]) -> None:
        self._move(Step.BIND)
        self.peer_version = pdu.interface_version
        self.unanswered += 1
        events.append(BindRequested(pdu))

    def _take_outbind(self, pdu: op.Outbind, now: float, events: list[Event]) -> None:
        events.append(OutbindReceived(pdu))

    def _take_alert(self, pdu: op.AlertNotification, now: float, events: list[Event]) -> None:
        events.append(Requested(pdu))

    def _take_enquiry(self, pdu: op.EnquireLink, now: float, events: list[Event]) -> None:
        self._write(HEADER.pack(16, op.EnquireLinkResp.command_id, 0, pdu.sequence))

    def _take_unbind(self, pdu: op.Unbind, now: float, events: list[Event]) -> None:
        self._move(Step.UNBIND)
        self._unbind_owed = pdu.sequence
        if self._drain_deadline is None:
            self._drain_deadline = now + self.limits.drain_timeout
        events.append(PeerUnbinds())
        self._settle(events)

    # -- responses -----------------------------------------------------------------------------------------------

    def _other_response(self, frame: bytes, sequence: int, now: float, events: list[Event]) -> None:
        """A response to something that is not in the window: to the session's own requests, late, or to nothing."""
        if self._enquiry is not None and self._enquiry[0] == sequence:
            self._enquiry = None
        elif self._bind is not None and self._bind[0] == sequence:
            self._bind_answered(_read_response(frame, _command_id(frame)), now, events)
        elif self._unbind_sent == sequence:
            self._unbind_sent = None
            self._unbound = True
            self._settle(events)
        elif (late := self._window.overdue(sequence)) is not None:
            command_id, status = unpack_header(frame)[1:3]
            if command_id != late[1] and not _is_refusal(command_id, status):
                events.append(_wrong_answer(command_id, late[1]))
                return
            self._window.answered_late(sequence)
            events.append(Answered(late[0], _read_response(frame, command_id), late=True))
        else:
            self.strays += 1
            events.append(Stray(sequence))

    def _bind_answered(self, response: Any, now: float, events: list[Event]) -> None:
        assert self._bind is not None
        step = BIND_STEPS[self._bind[1]]
        self._bind = None
        if response.status == 0 and isinstance(response, op.BindResp):
            self.peer_version = op.sc_interface_version(response)
            self._bound(step, response, now, events)
        else:
            self._move(Step.REFUSED)
            events.append(BindRefused(response.status))

    # -- steps ---------------------------------------------------------------------------------------------------

    def _bound(self, step: Step, response: op.BindResp, now: float, events: list[Event]) -> None:
        if response.status != 0:
            self._move(Step.REFUSED)
            return
        self._move(step)
        self._bind_deadline = None
        self._heard = now
        events.append(Bound(response))

    def _send_bind(self, pdu: op.Pdu) -> int:
        sequence = self._window.sequence()
        self._write(WRITERS[type(pdu)](pdu, sequence))
        self._move(Step.BIND)
        self._bind = (sequence, pdu.command_id)
        return sequence

    def _settle(self, events: list[Event], *, now_or_never: bool = False) -> None:
        """While unbinding: say what is owed once nothing is open, or the time is up."""
        if self._closing or ((self._window or self.unanswered) and not now_or_never):
            return
        if self._unbind_owed is not None:
            self._write(HEADER.pack(16, op.UnbindResp.command_id, 0, self._unbind_owed))
            self._unbind_owed, self._peer_left = None, True
        if self._unbound:
            self._close("unbound", events)
        elif self._peer_left and (now_or_never or self.role is Role.SMSC):
            self._close("the peer unbound", events)
        elif self._peer_left:
            return  # it closes the line; until then its receipts are taken in
        elif now_or_never:
            self._close("unbinding took too long", events)
        elif self._unbind_sent is None:
            self._unbind_sent = self._window.sequence()
            self._write(HEADER.pack(16, op.Unbind.command_id, 0, self._unbind_sent))

    def _close(self, reason: str, events: list[Event]) -> None:
        self._closing = True
        events.append(Close(reason))

    def _move(self, step: Step) -> None:
        pair = (self.state, step)
        if pair in REFUSED:
            raise NotAllowed(f"{step.value} is impossible while {self.state.value}")
        self._enter(TRANSITIONS[pair])

    def _enter(self, state: State) -> None:
        self.state = state
        self._sends = _SENDS[self.role, state]
        self._takes = _TAKES[self.role, state]

    def _nack(self, status: int, sequence: int) -> bytes:
        return HEADER.pack(16, op.GenericNack.command_id, status, sequence)

    def _write(self, octets: bytes) -> None:
        if self._trace is not None:
            self._trace(False, octets)
        self._out.append(octets)


def _read_response(frame: bytes, command_id: int) -> Any:
    """The response as a value; one that cannot be read beyond its header counts by its status alone."""
    try:
        return READERS[command_id](frame)
    except KeyError:
        pass
    except PduError:
        _, _, status, sequence = unpack_header(frame)
        return op.CLASSES[command_id](status=status, sequence=sequence)
    _, _, status, sequence = unpack_header(frame)
    return op.GenericNack(status=status or CommandStatus.RUNKNOWNERR, sequence=sequence)


def _command_id(frame: bytes) -> int:
    return int(unpack_header(frame)[1])


def _is_refusal(command_id: int, status: int) -> bool:
    """A generic_nack that names our request and says why; without a status it says nothing."""
    return command_id == op.GenericNack.command_id and status != 0


def _wrong_answer(command_id: int, wanted: int) -> Misbehaved:
    """The request stays unanswered: what it became is not known."""
    return Misbehaved(f"{op.name_of(command_id)} where {op.name_of(wanted)} is due", 0)


#: requests the session answers or acts on itself
_OWN: dict[int, Callable[[Session, Any, float, list[Event]], None]] = {
    op.BindTransmitter.command_id: Session._take_bind,
    op.BindReceiver.command_id: Session._take_bind,
    op.BindTransceiver.command_id: Session._take_bind,
    op.Outbind.command_id: Session._take_outbind,
    op.AlertNotification.command_id: Session._take_alert,
    op.EnquireLink.command_id: Session._take_enquiry,
    op.Unbind.command_id: Session._take_unbind,
}

#: what each end may send in each state, and the readers of what it takes there for its owner: :data:`ALLOWED` looked
#: up once per step instead of once per PDU
_SENDS: dict[tuple[Role, State], frozenset[int]] = {
    (role, state): frozenset(command_id for command_id in ALLOWED if may_send(role, state, command_id))
    for role in Role
    for state in State
}
_TAKES: dict[tuple[Role, State], dict[int, Reader]] = {
    (role, state): {
        command_id: READERS[command_id] for command_id in _SENDS[role.peer, state] if command_id not in _OWN
    }
    for role in Role
    for state in State
}
#: what an SMSC that is leaving still brings is taken in: many do not bring it again
_TAKES[Role.ESME, _UNBINDING] |= {one: READERS[one] for one in (op.DeliverSm.command_id, op.DataSm.command_id)}
