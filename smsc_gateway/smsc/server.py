"""The SMSC simulator on TCP: lines of ESMEs around one :class:`MessageCentre`.

Deliveries run from queues in bounded pieces, never inside a read, so that a slow handset or a flood of one ESME
holds up nobody else. A phone that fails is logged and reported as a refusal.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from telecom_codecs.errors import LocalError

from ..line.driver import Line
from ..line.observers import Observer
from ..links.pace import Pace
from ..smpp import operations as op
from ..smpp.codec import COMPOSERS
from ..smpp.events import Answered, BindRequested, Bound, Event, Misbehaved, Requested, Unanswered
from ..smpp.session import Limits
from ..smpp.states import Role
from ..smpp.status import CommandStatus, RetryClass, named, retry_class
from .accounts import Account, check_bind
from .air import MobileStation, Refusal, StationRange
from .centre import MessageCentre, submission_of
from .guarded import Guarded, GuardedRange
from .mailbox import Mailbox, Message
from .outgoing import Delivery, Outgoing

log = structlog.get_logger(__name__)

_RTHROTTLED = CommandStatus.RTHROTTLED
_DELIVER_SM = op.DeliverSm.command_id
DELIVERIES_AT_ONCE = 64
SECONDS_PER_TURN = 0.004  #: of delivering before the lines get their turn again
MAX_UNBOUND = 50

SC_INTERFACE_VERSION = op.Tlv(op.Tag.SC_INTERFACE_VERSION, bytes((op.InterfaceVersion.V34,)))
SYSTEM_ID = b"ykt-smsc"


class SmscLine(Line):
    """One ESME's connection."""

    def __init__(self, server: SmscServer, number: int, limits: Limits) -> None:
        trace = (lambda inward, octets: server._trace(number, inward, octets)) if server.observers else None
        super().__init__(Role.SMSC, limits, clock=server.reactor, call_soon=server.loop.call_soon, trace=trace)
        self._server = server
        self.number = number
        self.account: Account | None = None
        self.moment: datetime | None = None  #: one time for everything that came in one read

    def opened(self) -> None:
        self._server._opened(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self.moment = self._server._clock()
        super().dataReceived(data)
        self.moment = None

    def on_event(self, event: Event) -> None:
        if type(event) is Requested:
            _REQUESTS[type(event.pdu)](self._server, self, event.pdu)
        else:
            _ACTIONS.get(type(event), SmscServer._ignored)(self._server, self, event)

    def closed(self, reason: str) -> None:
        self._server._closed(self, reason)

    def answer(self, response: op.Pdu) -> None:
        """Answer a request; written at the end of the turn."""
        events = self.session.respond(response, self._clock.seconds())
        if events:
            self.act(events)
        else:
            self.wake()

    def reply(self, octets: bytes) -> None:
        """The same with octets that are made already."""
        events = self.session.reply(octets)
        if events:
            self.act(events)
        elif not self._flushing:
            self.wake()

    @property
    def may_deliver(self) -> bool:
        session = self.session
        return not self._closing and session.has_room and session.may_send(_DELIVER_SM)


class SmscServer:
    """Accounts, phones and lines. :meth:`listen`, :meth:`attach` phones, :meth:`stop`.

    `reactor` is the installed asyncio reactor, `clock` gives aware wall time, `message_ids` unique ids.
    """

    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        reactor: Any,
        clock: Callable[[], datetime],
        message_ids: Iterator[str],
        deliver_before_resp: bool = False,
        observers: Sequence[Observer] = (),
        limits: Limits | None = None,
        mailbox: Mailbox | None = None,
        outgoing: Callable[[str], Outgoing] | None = None,
        validity: timedelta = timedelta(days=1),
    ) -> None:
        self.reactor = reactor
        self.loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        self.observers = tuple(observers)
        self.centre = MessageCentre(
            accounts, message_ids=message_ids, clock=clock, mailbox=mailbox, outgoing=outgoing, validity=validity
        )
        self.centre.on_work = self._soon
        self.counts: Counter[str] = Counter()
        self._limits = limits or Limits(enquire_link=30.0)
        self._clock = clock
        self._before = deliver_before_resp
        self._held: dict[Message, tuple[SmscLine, bytes]] = {}
        self._lines: dict[int, SmscLine] = {}
        self._unbound: dict[int, SmscLine] = {}
        self._by_account: dict[str, list[SmscLine]] = {system_id: [] for system_id in self.centre.accounts}
        self._paces = {one.system_id: Pace(one.rate, one.rate) for one in self.centre.accounts.values() if one.rate}
        self._numbers = 0
        self._working = False
        self._timer: Any = None
        self._port: Any = None
        self._gone = asyncio.Event()

    # -- life ----------------------------------------------------------------------------------------------------

    def listen(self, host: str = "127.0.0.1", port: int = 2775, *, tls: Any = None) -> int:
        """Listen and return the port (the one chosen for 0). `tls`: what :func:`..tls.server_options` makes."""
        if tls is None:
            self._port = self.reactor.listenTCP(port, _Lines(self), interface=host, backlog=512)
        else:
            self._port = self.reactor.listenSSL(port, _Lines(self), tls, interface=host, backlog=512)
        chosen: int = self._port.getHost().port
        return chosen

    async def outbind(self, endpoint: Any, system_id: str, password: str) -> None:
        """Connect to an ESME that listens and ask it to bind."""
        line = await endpoint.connect(_Lines(self)).asFuture(self.loop)
        pdu = op.Outbind(system_id=system_id.encode("latin-1"), password=password.encode("latin-1"))
        line.session.request(pdu, self.reactor.seconds())
        line.wake()

    def attach(self, station: MobileStation | StationRange) -> None:
        """Put a phone, or all phones of a range, into the network."""
        if isinstance(station, StationRange):
            self.centre.attach_range(GuardedRange(station))
        else:
            self.centre.attach(Guarded(station))

    async def stop(self) -> None:
        """Take no new lines, unbind the ESMEs, close; at most the drain timeout and the linger of their lines."""
        if self._port is not None:
            await _finished(self._port.stopListening())
        for line in list(self._lines.values()):
            if line.session.is_bound:
                line.act(line.session.unbind(self.reactor.seconds()))
            else:
                line.close("the centre stops")
        while self._lines:
            self._gone.clear()
            await self._gone.wait()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def drop_lines(self) -> None:
        """Cut every connection without a word, as a failing network does."""
        for line in list(self._lines.values()):
            transport: Any = line.transport
            transport.abortConnection()

    # -- lines ---------------------------------------------------------------------------------------------------

    def _new_line(self) -> SmscLine:
        self._numbers += 1
        return SmscLine(self, self._numbers, self._limits)

    def _opened(self, line: SmscLine) -> None:
        self._lines[line.number] = line
        self._unbound[line.number] = line
        self.counts["connections"] += 1
        if len(self._unbound) > MAX_UNBOUND:
            next(iter(self._unbound.values())).close("too many connections without a bind")
        if self.observers:
            transport: Any = line.transport
            peer, host = transport.getPeer(), transport.getHost()
            for observer in self.observers:
                observer.opened(line.number, (peer.host, peer.port), (host.host, host.port))

    def _closed(self, line: SmscLine, reason: str) -> None:
        self._lines.pop(line.number, None)
        stranger = self._unbound.pop(line.number, None) is not None
        if line.account is not None:
            self._by_account[line.account.system_id].remove(line)
        for observer in self.observers:
            observer.closed(line.number)
        self._gone.set()
        (log.warning if stranger else log.info)("line closed", line=line.number, reason=reason)

    def _trace(self, number: int, inward: bool, octets: bytes) -> None:
        for observer in self.observers:
            observer.pdu(number, inward, octets)

    def _ignored(self, line: SmscLine, event: Event) -> None:
        """Nothing to do."""

    def _misbehaved(self, line: SmscLine, event: Misbehaved) -> None:
        self.counts["refused PDUs"] += 1
        log.debug("PDU refused", line=line.number, reason=event.reason, status=repr(named(event.status)))

    # -- binds ---------------------------------------------------------------------------------------------------

    def _bind(self, line: SmscLine, event: BindRequested) -> None:
        pdu = event.pdu
        account, status = self._judge_bind(pdu)
        answer: Any = op.response_class(pdu.command_id)
        if account is None:
            log.warning("bind refused", line=line.number, status=repr(named(status)))
            line.answer(answer(sequence=pdu.sequence, status=status))
            return
        line.account = account
        self._by_account[account.system_id].append(line)
        self._unbound.pop(line.number, None)
        tlvs = (SC_INTERFACE_VERSION,) if pdu.interface_version >= op.InterfaceVersion.V34 else ()
        line.answer(answer(sequence=pdu.sequence, system_id=SYSTEM_ID, tlvs=tlvs))

    def _judge_bind(self, pdu: op.Bind) -> tuple[Account | None, int]:
        binds = {system_id: len(lines) for system_id, lines in self._by_account.items()}
        return check_bind(self.centre.accounts, pdu, binds)

    def _bound(self, line: SmscLine, event: Bound) -> None:
        assert line.account is not None
        log.info("bound", line=line.number, account=line.account.system_id, state=line.session.state.value)
        self._soon()

    # -- requests ------------------------------------------------------------------------------------------------

    def _submit_sm(self, line: SmscLine, pdu: op.SubmitSm) -> None:
        self._submit(line, pdu, op.SubmitSmResp, pdu)

    def _data_sm(self, line: SmscLine, pdu: op.DataSm) -> None:
        self._submit(line, pdu, op.DataSmResp, submission_of(pdu))

    def _submit(self, line: SmscLine, pdu: op.Pdu, answer: type[op.MessageIdResp], submission: op.SubmitSm) -> None:
        account = line.account
        assert account is not None
        if line.session.unanswered > account.window or not self._admits(account):
            line.answer(answer(sequence=pdu.sequence, status=_RTHROTTLED))
            return
        try:
            message = self.centre.submit(account, submission, line.moment or self._clock())
        except Refusal as refusal:
            self.counts["submissions refused"] += 1
            line.answer(answer(sequence=pdu.sequence, status=refusal.status))
            return
        self._taken(line, message, pdu, answer)
        if not self._working:
            self._soon()

    def _taken(self, line: SmscLine, message: Message, pdu: op.Pdu, answer: type[op.MessageIdResp]) -> None:
        """Answer a submission that was accepted, now or after its first attempt."""
        response = COMPOSERS[answer](pdu.sequence, 0, message.message_id.encode())
        if self._before and message.due <= message.accepted:
            self._held[message] = (line, response)
        else:
            line.reply(response)

    def _submit_multi(self, line: SmscLine, pdu: op.SubmitMulti) -> None:
        account = line.account
        assert account is not None
        if line.session.unanswered > account.window:
            line.answer(op.SubmitMultiResp(sequence=pdu.sequence, status=_RTHROTTLED))
            return
        line.answer(self.centre.submit_multi(account, pdu, self._clock(), admits=lambda: self._admits(account)))
        self._soon()

    def _admits(self, account: Account) -> bool:
        """Whether the account's rate allows one more message now; it is counted."""
        pace = self._paces.get(account.system_id)
        return pace is None or pace.take(self.reactor.seconds())

    def _query_sm(self, line: SmscLine, pdu: op.QuerySm) -> None:
        assert line.account is not None
        line.answer(self.centre.query(line.account, pdu))

    def _cancel_sm(self, line: SmscLine, pdu: op.CancelSm) -> None:
        assert line.account is not None
        status = self.centre.cancel(line.account, pdu, self._clock())
        line.answer(op.CancelSmResp(sequence=pdu.sequence, status=status))
        self._soon()

    def _replace_sm(self, line: SmscLine, pdu: op.ReplaceSm) -> None:
        assert line.account is not None
        status = self.centre.replace(line.account, pdu, self._clock())
        line.answer(op.ReplaceSmResp(sequence=pdu.sequence, status=status))
        self._soon()

    # -- deliveries ----------------------------------------------------------------------------------------------

    def _soon(self) -> None:
        """There is something to deliver: do it at the end of this turn."""
        if not self._working:
            self._working = True
            self.loop.call_soon(self._work)

    def _work(self) -> None:
        """A bounded piece of work; the rest in the next turn or when it is due."""
        self._working = False
        now = self._clock()
        if self._held:
            self._answer_finished()
        until = self.reactor.seconds() + SECONDS_PER_TURN
        while True:
            self._attempt_some(now)
            if not self.centre.mailbox.has_ready or self.reactor.seconds() > until:
                break
        self._pour()
        if self.centre.mailbox.has_ready:
            self._soon()
        else:
            self._arm(now)

    def _attempt_some(self, now: datetime) -> None:
        for message in self.centre.mailbox.take_due(now, DELIVERIES_AT_ONCE):
            self.centre.attempt(message, now)
            held = self._held.pop(message, None)
            if held is not None:
                self._pour()
                held[0].reply(held[1])

    def _answer_finished(self) -> None:
        """Answer held submissions whose message was cancelled or replaced before its first attempt."""
        for message in [message for message in self._held if not message.is_open]:
            line, response = self._held.pop(message)
            line.reply(response)

    def _pour(self) -> None:
        """Send what waits for accounts, as far as their windows allow, to their sessions in turn."""
        now = self.reactor.seconds()
        for system_id, queue in self.centre.outgoing.items():
            if not len(queue):
                continue
            lines = self._by_account[system_id]
            while room := [line for line in lines if line.may_deliver]:
                for line in room:
                    delivery = queue.take(now)
                    if delivery is None:
                        break
                    self._pour_one(line, queue, delivery, now)
                else:
                    continue
                break

    def _pour_one(self, line: SmscLine, queue: Outgoing, delivery: Delivery, now: float) -> None:
        old = line.session.peer_version < op.InterfaceVersion.V34 and delivery.pdu.tlvs
        try:
            line.session.request(replace(delivery.pdu, tlvs=()) if old else delivery.pdu, now, delivery)
        except LocalError as error:  # it fits no PDU: it never will
            self.counts["dropped: no PDU carries it"] += 1
            queue.done(delivery)
            log.warning("deliver_sm cannot be written", line=line.number, reason=str(error))
        else:
            line.wake()

    def _delivered(self, line: SmscLine, event: Answered) -> None:
        delivery: Delivery = event.token
        assert line.account is not None
        queue = self.centre.outgoing[line.account.system_id]
        status = event.response.status
        if event.late:
            return
        if status == 0:
            self.counts["delivered to accounts"] += 1
            queue.done(delivery)
        elif retry_class(status) is RetryClass.FINAL:
            self.counts["refused by accounts"] += 1
            queue.done(delivery)
            log.warning("deliver_sm refused for good", line=line.number, status=repr(named(status)))
        else:
            self.counts["deferred by accounts"] += 1
            queue.refused_for_now(delivery, self.reactor.seconds())
        if len(queue):
            self._soon()

    def _undelivered(self, line: SmscLine, event: Unanswered) -> None:
        assert line.account is not None
        self.counts["unanswered by accounts"] += 1
        self.centre.outgoing[line.account.system_id].unanswered(event.token)
        self._soon()

    def _arm(self, now: datetime) -> None:
        """One timer for the next retry, schedule or expiry."""
        waits: list[float] = []
        due = self.centre.mailbox.next_due
        if due is not None:
            waits.append((due - now).total_seconds())
        seconds = self.reactor.seconds()
        for system_id, queue in self.centre.outgoing.items():
            # where no line has room now, a bind or an answer wakes us
            if queue.next_due is not None and any(line.may_deliver for line in self._by_account[system_id]):
                waits.append(queue.next_due - seconds)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if waits:
            self._timer = self.reactor.callLater(max(0.001, min(waits)), self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._soon()


class _Lines(Factory):
    """Makes a line for each connection."""

    noisy = False

    def __init__(self, server: SmscServer) -> None:
        self._server = server

    def buildProtocol(self, addr: IAddress | None) -> SmscLine:  # noqa: N802 - Twisted's name
        return self._server._new_line()


async def _finished(deferred: Any) -> None:
    """Await what stopListening returned: a Deferred, or nothing."""
    if deferred is not None:
        await deferred.asFuture(asyncio.get_running_loop())


_ACTIONS: dict[type, Callable[[SmscServer, SmscLine, Any], None]] = {
    Answered: SmscServer._delivered,
    Unanswered: SmscServer._undelivered,
    BindRequested: SmscServer._bind,
    Bound: SmscServer._bound,
    Misbehaved: SmscServer._misbehaved,
}

_REQUESTS: dict[type, Callable[[SmscServer, SmscLine, Any], None]] = {
    op.SubmitSm: SmscServer._submit_sm,
    op.DataSm: SmscServer._data_sm,
    op.SubmitMulti: SmscServer._submit_multi,
    op.QuerySm: SmscServer._query_sm,
    op.CancelSm: SmscServer._cancel_sm,
    op.ReplaceSm: SmscServer._replace_sm,
}
