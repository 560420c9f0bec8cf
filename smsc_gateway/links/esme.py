"""The platform's end of a link: an SMPP client that stays bound, knows what became of each submission, and
acknowledges a deliver_sm only when its owner says that it is stored.

Reconnecting is Twisted's ClientService; the protocol is :mod:`.smpp.session`. The owner lives in asyncio Tasks:
:meth:`EsmeLink.submit` returns an asyncio Future, `on_deliver` is awaited in a Task of the link.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import structlog
from twisted.application.internet import ClientService
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory

from telecom_codecs.errors import LocalError

from ..line.driver import CallSoon, Line
from ..line.tls import over_tls
from ..smpp import operations as op
from ..smpp.errors import NotAllowed
from ..smpp.events import (
    Answered,
    BindRefused,
    Bound,
    Event,
    Misbehaved,
    OutbindReceived,
    PeerUnbinds,
    Requested,
    Stray,
    Unanswered,
)
from ..smpp.receipt import canonical_ids
from ..smpp.session import Trace
from ..smpp.states import Role
from ..smpp.status import BindFailure, CommandStatus, RetryClass, bind_failure, named
from .backoff import Backoff
from .config import LinkConfig
from .outcome import NO_ANSWER, Certainty, SubmitResult, as_deliver_sm, not_sent, result_of
from .pace import Pace

__all__ = [
    "NO_ANSWER",
    "Certainty",
    "EsmeLink",
    "LinkConfig",
    "OnDeliver",
    "SubmitResult",
    "as_deliver_sm",
    "canonical_ids",
    "result_of",
]

log = structlog.get_logger(__name__)

OnDeliver = Callable[[op.DeliverSm], Awaitable[int | None]]


class EsmeLine(Line):
    """One connection of a link; everything it learns goes to the link."""

    def __init__(self, link: EsmeLink, *, clock: Any, call_soon: CallSoon, trace: Trace | None) -> None:
        super().__init__(Role.ESME, link.config.limits(), clock=clock, call_soon=call_soon, trace=trace)
        self._link = link
        self.bound_at: float | None = None

    def opened(self) -> None:
        self._link._opened(self)

    def on_event(self, event: Event) -> None:
        _ACTIONS[type(event)](self._link, self, event)

    def closed(self, reason: str) -> None:
        seconds = 0.0 if self.bound_at is None else self._clock.seconds() - self.bound_at
        self._link._line_closed(self, reason, seconds)

    def close(self, reason: str) -> None:
        self._link._line_closing(self)
        super().close(reason)

    def answer(self, response: op.Pdu) -> None:
        """Send an answer that took its time; nothing happens when the line is gone."""
        events = self.session.respond(response, self._clock.seconds())
        if events:
            self.act(events)
        else:
            self.wake()


class LinkLines(Factory):
    """Makes a line for each connection of a link."""

    noisy = False

    def __init__(self, link: EsmeLink) -> None:
        self._link = link

    def buildProtocol(self, addr: IAddress | None) -> EsmeLine | None:  # noqa: N802 - Twisted's name
        return self._link._new_line() if self._link.takes_calls else None


class EsmeLink:
    """A link to one SMSC: :meth:`start` it, :meth:`submit` through it, :meth:`stop` it.

    `reactor` is the installed asyncio reactor (its clock and TCP), `random` spreads reconnects, `on_pdu(inward,
    octets)` sees every PDU, `on_alarm(link, text)` is called when credentials are refused.
    `bound` is an asyncio.Event, set while bound. `counts` says what happened.
    """

    def __init__(
        self,
        config: LinkConfig,
        *,
        on_deliver: OnDeliver,
        reactor: Any,
        random: Random,
        on_pdu: Trace | None = None,
        endpoint: Any = None,
        backoff: Backoff | None = None,
        on_late: Callable[[op.SubmitSm, SubmitResult], None] | None = None,
        on_alarm: Callable[[str, str], None] | None = None,
    ) -> None:
        self.config = config
        self.bound = asyncio.Event()
        self.counts: Counter[str] = Counter()
        self._on_deliver = on_deliver
        self._on_late = on_late
        self._on_alarm = on_alarm
        self._reactor = reactor
        self._on_pdu = on_pdu
        self._backoff = backoff or Backoff(random)
        self._seconds: Callable[[], float] = reactor.seconds
        self._paced = config.rate is not None
        self._pace = Pace(config.rate, burst=max(1.0, (config.rate or 0.0) / 10))
        self._line: EsmeLine | None = None
        self._ready: EsmeLine | None = None  # the line while it takes submissions: bound, not stopping
        self._queue: deque[tuple[op.SubmitSm, asyncio.Future[SubmitResult]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._pace_timer: Any = None
        self._gone: asyncio.Event = asyncio.Event()
        self._gone.set()
        target = endpoint
        if target is None:
            target = HostnameEndpoint(reactor, config.host, config.port, timeout=config.connect_timeout)
            target = target if config.tls is None else over_tls(target, config.host, config.tls)
        self._service = ClientService(
            target, LinkLines(self), retryPolicy=lambda _: self._backoff.delay(), clock=reactor
        )

    @property
    def is_bound(self) -> bool:
        return self.bound.is_set()

    @property
    def takes_calls(self) -> bool:
        """Another connection would be used."""
        return True

    @property
    def in_flight(self) -> int:
        """Submissions sent and not answered."""
        return self._line.session.in_flight if self._line is not None else 0

    @property
    def waiting(self) -> int:
        """Submissions that wait for the window."""
        return len(self._queue)

    def start(self) -> None:
        """Connect, bind, and keep doing so."""
        self._loop = _loop_of(self._reactor)
        self._service.startService()

    async def stop(self) -> None:
        """Submit nothing new, wait for answers (at most drain_timeout), unbind, close."""
        self._stopping = True
        self._ready = None
        self._refuse_queue("the link is stopping")
        line = self._line
        if line is not None:
            line.act(line.session.unbind(self._reactor.seconds()))
            await self._gone.wait()
        await self._service.stopService().asFuture(asyncio.get_running_loop())
        if self._pace_timer is not None:
            self._pace_timer.cancel()
            self._pace_timer = None
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def submit(self, pdu: op.SubmitSm) -> asyncio.Future[SubmitResult]:
        """Send a submit_sm (its sequence is set here); the Future's result says what became of it.

        It never raises for what the network does; LocalError in the Future means the PDU cannot be encoded.
        Submissions go in the order of the calls.
        """
        future: asyncio.Future[SubmitResult] = self._loop.create_future()
        line = self._ready
        if line is None:
            future.set_result(not_sent("the link is not bound"))
        elif not self._queue and not self._paced and line.session.has_room:
            self._request(line, pdu, future)
            line.wake()
        elif len(self._queue) >= self.config.queue:
            future.set_result(not_sent("too many submissions wait for the window"))
        else:
            self._queue.append((pdu, future))
            self._pump(line)
        return future

    # -- sending -------------------------------------------------------------------------------------------------

    def _pump(self, line: EsmeLine) -> None:
        """Send what waits, as far as window and pace allow."""
        queue = self._queue
        session = line.session
        if not queue or not session.has_room or not session.is_bound:
            return
        now = self._reactor.seconds()
        while queue and session.has_room:
            if not self._pace.take(now):
                self._pump_later(line)
                break
            pdu, future = queue.popleft()
            if future.cancelled():
                continue
            self._request(line, pdu, future)
        line.wake()

    def _request(self, line: EsmeLine, pdu: op.SubmitSm, future: asyncio.Future[SubmitResult]) -> None:
        try:
            line.session.request(pdu, self._seconds(), (pdu, future))
        except NotAllowed as error:  # the line is going
            future.set_result(not_sent(str(error)))
        except LocalError as error:
            future.set_exception(error)

    def _pump_later(self, line: EsmeLine) -> None:
        if self._pace_timer is None:
            self._pace_timer = self._reactor.callLater(self._pace.wait(), self._pump_again, line)

    def _pump_again(self, line: EsmeLine) -> None:
        self._pace_timer = None
        if line is self._line:
            self._pump(line)

    def _refuse_queue(self, reason: str) -> None:
        while self._queue:
            _, future = self._queue.popleft()
            if not future.done():
                future.set_result(not_sent(reason))

    # -- what a line tells ---------------------------------------------------------------------------------------

    def _new_line(self) -> EsmeLine:
        line = EsmeLine(self, clock=self._reactor, call_soon=self._loop.call_soon, trace=self._on_pdu)
        self._line, self._ready = line, None
        self._gone.clear()
        return line

    def _answered(self, line: EsmeLine, event: Answered) -> None:
        pdu, future = event.token
        result = result_of(event.response)
        if event.late:
            self.counts["late answers"] += 1
            if self._on_late is not None:
                self._on_late(pdu, result)
            return
        if not future.done():
            future.set_result(result)
        if self._queue:
            self._pump(line)

    def _unanswered(self, line: EsmeLine, event: Unanswered) -> None:
        self.counts["unanswered"] += 1
        _, future = event.token
        if not future.done():
            future.set_result(SubmitResult(NO_ANSWER, None, Certainty.UNKNOWN, RetryClass.UNKNOWN, event.reason))
        if self._queue:
            self._pump(line)

    def _requested(self, line: EsmeLine, event: Requested) -> None:
        pdu = event.pdu
        if isinstance(pdu, op.AlertNotification):
            self.counts["alert_notifications"] += 1
            return
        answer = op.DataSmResp if isinstance(pdu, op.DataSm) else op.DeliverSmResp
        if len(self._tasks) >= self.config.deliveries:
            self.counts["deliveries refused"] += 1
            line.answer(answer(sequence=pdu.sequence, status=CommandStatus.RMSGQFUL))
            return
        message = as_deliver_sm(pdu) if isinstance(pdu, op.DataSm) else pdu
        task = self._loop.create_task(self._deliver(line, message, answer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, line: EsmeLine, message: op.DeliverSm, answer: type[op.MessageIdResp]) -> None:
        """Acknowledge only what is stored; anything else is a temporary refusal, so that the SMSC sends it again."""
        status: int | None = None
        try:
            status = await self._on_deliver(message)
        except Exception as error:  # noqa: BLE001 - whatever it was, the message is not stored
            log.error("deliver_sm not stored", link=self.config.name, sequence=message.sequence, error=repr(error))
        if status is None:
            status = CommandStatus.RX_T_APPN
        self.counts["deliveries stored" if status == 0 else "deliveries refused"] += 1
        line.answer(answer(sequence=message.sequence, status=status))

    def _was_bound(self, line: EsmeLine, event: Bound) -> None:
        line.bound_at = self._reactor.seconds()
        self._ready = None if self._stopping else line
        self.counts["binds"] += 1
        self.bound.set()
        log.info("bound", link=self.config.name, bind=self.config.bind, smsc=event.response.system_id.decode("latin-1"))

    def _bind_refused(self, line: EsmeLine, event: BindRefused) -> None:
        failure = bind_failure(event.status)
        self._backoff.bind_refused(failure)
        self.counts["binds refused"] += 1
        log.error("bind refused", link=self.config.name, status=repr(named(event.status)), kind=failure.value)
        if failure is BindFailure.CREDENTIALS and self._on_alarm is not None:
            self._on_alarm(self.config.name, f"{named(event.status)!r}: check system_id, password and system_type")
        line.close(f"bind refused: {named(event.status)!r}")

    def _peer_unbinds(self, line: EsmeLine, event: PeerUnbinds) -> None:
        self.bound.clear()
        self._ready = None
        self._refuse_queue("the SMSC unbound")

    def _outbind(self, line: EsmeLine, event: OutbindReceived) -> None:
        self.counts["outbinds"] += 1  # our bind is on its way already

    def _stray(self, line: EsmeLine, event: Stray) -> None:
        self.counts["stray answers"] += 1

    def _misbehaved(self, line: EsmeLine, event: Misbehaved) -> None:
        self.counts["refused PDUs"] += 1
        log.warning("PDU refused", link=self.config.name, reason=event.reason, status=repr(named(event.status)))

    def _opened(self, line: EsmeLine) -> None:
        line.session.request(self.config.bind_pdu(), self._seconds())

    def _line_closing(self, line: EsmeLine) -> None:
        """Nothing new over it, although its end may take a while."""
        if line is self._line:
            self._ready = None
            self.bound.clear()
            self._refuse_queue("the line is closing")

    def _line_closed(self, line: EsmeLine, reason: str, seconds: float) -> None:
        if line is not self._line:
            return
        self._line = self._ready = None
        self.bound.clear()
        self._gone.set()
        if line.bound_at is not None:
            self._backoff.was_bound(seconds)
        self.counts["lines lost"] += 1
        self._refuse_queue(f"the line closed: {reason}")
        log.info("line closed", link=self.config.name, reason=reason)


def _loop_of(reactor: Any) -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
    return loop


_ACTIONS: dict[type, Callable[[EsmeLink, EsmeLine, Any], None]] = {
    Answered: EsmeLink._answered,
    Unanswered: EsmeLink._unanswered,
    Requested: EsmeLink._requested,
    Bound: EsmeLink._was_bound,
    BindRefused: EsmeLink._bind_refused,
    PeerUnbinds: EsmeLink._peer_unbinds,
    OutbindReceived: lambda link, line, event: link._outbind(line, event),
    Stray: EsmeLink._stray,
    Misbehaved: EsmeLink._misbehaved,
}
