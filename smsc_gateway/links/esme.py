"""The platform's end of a link: an SMPP client that stays bound, knows what became of each submission, and
acknowledges a deliver_sm only when its owner says that it is stored.

Lists in, lists out: :meth:`EsmeLink.submit_many` takes what may leave now, and once per turn of the loop the link tells
what came, by four calls that its owner sets. They must be quick and must not raise. Reconnecting is Twisted's
ClientService; the protocol is :mod:`..smpp.session`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
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
from ..smpp.session import Trace
from ..smpp.states import Role
from ..smpp.status import BindFailure, CommandStatus, RetryClass, bind_failure, named
from .backoff import Backoff
from .config import LinkConfig
from .congestion import Congestion
from .delivery import Delivery, as_deliver_sm, refuse_for_now
from .outbind import Listening
from .outcome import Certainty, SubmitResult, never, not_sent, result_of, unanswered
from .profile import AS_SUBMITTED

log = structlog.get_logger(__name__)

Answers = list[tuple[int, SubmitResult]]

_DELIVER_RESP, _DATA_RESP = op.DeliverSmResp.command_id, op.DataSmResp.command_id
_THROTTLED = RetryClass.THROTTLED
_AWAY = 1.0  #: seconds before what was not sent because the link is not bound is worth another look


class EsmeLine(Line):
    """One connection of a link; everything it learns goes to the link."""

    def __init__(self, link: EsmeLink, *, clock: Any, call_soon: CallSoon, trace: Trace | None) -> None:
        super().__init__(Role.ESME, link.config.limits(), clock=clock, call_soon=call_soon, trace=trace)
        self._link = link
        self.name = link.config.name
        self.bound_at: float | None = None

    def opened(self) -> None:
        self._link._opened(self)

    def on_event(self, event: Event) -> None:
        _ACTIONS[type(event)](self._link, self, event)

    def act(self, events: list[Event]) -> None:
        super().act(events)
        self._link._tell()

    def closed(self, reason: str) -> None:
        seconds = 0.0 if self.bound_at is None else self._clock.seconds() - self.bound_at
        self._link._line_closed(self, reason, seconds)

    def close(self, reason: str) -> None:
        self._link._line_closing(self)
        super().close(reason)

    def reply(self, octets: bytes) -> None:
        """Send an answer that took its time; nothing happens when the line is gone."""
        events = self.session.reply(octets)
        if events:
            self.act(events)
        elif not self._flushing:
            self.wake()


class LinkLines(Factory):
    """Makes a line for each connection of a link."""

    noisy = False

    def __init__(self, link: EsmeLink) -> None:
        self._link = link

    def buildProtocol(self, addr: IAddress | None) -> EsmeLine | None:  # noqa: N802 - Twisted's name
        return self._link._new_line() if self._link.takes_calls else None


class EsmeLink:
    """A link to one SMSC: set the calls, :meth:`start` it, :meth:`submit_many` through it, :meth:`stop` it.

    `on_answers(list[(key, SubmitResult)])`: each submission's end, once. `on_late(key, SubmitResult)`: an answer to
    what was told UNKNOWN. `on_room()`: there is :attr:`room` again. `on_deliver_many(list[Delivery])`: what one read
    brought. `on_change()`: it is bound, or it is not any more.

    `reactor` is the installed asyncio reactor (its clock and TCP), `random` spreads reconnects, `on_pdu(inward,
    octets)` sees every PDU, `on_alarm(link, text)` is called when credentials are refused. `counts` says what happened.
    """

    def __init__(
        self,
        config: LinkConfig,
        *,
        reactor: Any,
        random: Random,
        on_pdu: Trace | None = None,
        endpoint: Any = None,
        backoff: Backoff | None = None,
        on_alarm: Callable[[str, str], None] | None = None,
    ) -> None:
        self.config = config
        self.bound = asyncio.Event()  #: set while bound
        self.counts: Counter[str] = Counter()
        self.on_answers: Callable[[Answers], None] = _nothing
        self.on_late: Callable[[int, SubmitResult], None] = _nothing
        self.on_room: Callable[[], None] = _nothing
        self.on_deliver_many: Callable[[list[Delivery]], None] = refuse_for_now
        self.on_change: Callable[[], None] = _nothing
        self.congestion = Congestion(config.rate)
        self._profile = config.profile if config.profile != AS_SUBMITTED else None
        self._on_alarm = on_alarm
        self._reactor = reactor
        self._on_pdu = on_pdu
        self._backoff = backoff or Backoff(random)
        self._seconds: Callable[[], float] = reactor.seconds
        self._loop: asyncio.AbstractEventLoop = reactor._asyncioEventloop
        self._line: EsmeLine | None = None
        self._ready: EsmeLine | None = None  # the line while it takes submissions: bound, not stopping
        self._answers: Answers = []
        self._deliveries: list[Delivery] = []
        self._accepted = 0  # of the answers that the congestion does not know yet
        self._passed: int | None = None  # the epoch of the last that was not throttled
        self._telling = False
        self._unheard = 0  # submissions without an answer since the last answer
        self._stopping = False
        self._timer: Any = None
        self._gone: asyncio.Event = asyncio.Event()
        self._gone.set()
        self._service = self._service_to(endpoint)

    def _service_to(self, endpoint: Any) -> Any:
        """What connects us and keeps us connected, or waits for the centre's call."""
        config, reactor, lines = self.config, self._reactor, LinkLines(self)
        if config.caller is not None:
            return Listening(reactor, config.host, config.port, lines)
        if endpoint is None:
            endpoint = HostnameEndpoint(reactor, config.host, config.port, timeout=config.connect_timeout)
            endpoint = endpoint if config.tls is None else over_tls(endpoint, config.host, config.tls)
        return ClientService(endpoint, lines, retryPolicy=lambda _: self._backoff.delay(), clock=reactor)

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def is_bound(self) -> bool:
        return self.bound.is_set()

    @property
    def is_mute(self) -> bool:
        """It is bound, and the last submissions were not answered in time: somebody behind the SMSC hangs."""
        return self._unheard > 0

    @property
    def takes_calls(self) -> bool:
        """Another connection would be used; of centres that call, the second would push the first one out."""
        return self.config.caller is None or self._line is None

    @property
    def port(self) -> int:
        """Where we wait for the centre's call, when it is to call."""
        chosen: int = self._service.port
        return chosen

    @property
    def in_flight(self) -> int:
        """Submissions sent and not answered."""
        return self._line.session.in_flight if self._line is not None else 0

    @property
    def room(self) -> int:
        """How many segments may leave now: 0 while it is not bound, the window is full or the pace says wait.

        While the SMSC is mute one at a time may, so that little is in doubt.
        """
        line = self._ready
        if line is None:
            return 0
        window = 1 if self._unheard else self.config.window
        return max(0, min(window - line.session.in_flight, self.congestion.room(self._seconds())))

    def start(self) -> None:
        """Connect, bind, and keep doing so."""
        self._service.startService()

    async def stop(self) -> None:
        """Submit nothing new, wait for answers (at most drain_timeout), unbind, close."""
        self._stopping = True
        self._ready = None
        line = self._line
        if line is not None:
            line.act(line.session.unbind(self._seconds()))
            await self._gone.wait()
        await self._service.stopService().asFuture(self._loop)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # -- sending -------------------------------------------------------------------------------------------------

    def submit_many(self, items: Sequence[tuple[int, op.SubmitSm]]) -> None:
        """Send submit_sm's in this order (their sequences are set here); :attr:`on_answers` tells what became of them.

        What is more than the :attr:`room`, or cannot be written, is told so at the end of the turn and never leaves.
        """
        room = self.room
        line = self._ready
        if line is None:
            self._put_back(items, "the link is not bound", _AWAY)
            return
        request, now, epoch, sent = line.session.request, self._seconds(), self.congestion.epoch, 0
        profile = self._profile
        for key, pdu in items[:room] if len(items) > room else items:
            pdu = pdu if profile is None else profile.applied(pdu)  # noqa: PLW2901
            try:
                request(pdu, now, (key, epoch))
            except NotAllowed as error:  # the line is going
                self._answered_here(key, not_sent(str(error), self.name, _AWAY))
            except LocalError as error:
                self._answered_here(key, never(str(error), self.name))
            else:
                sent += 1
        if sent:
            self.counts["submitted"] += sent
            self.congestion.spent(sent)
            line.wake()
        if len(items) > room:
            self._put_back(items[room:], "the link has no room", 0.0)
        self._arm()

    def _put_back(self, items: Sequence[tuple[int, op.SubmitSm]], reason: str, wait: float) -> None:
        result = not_sent(reason, self.name, wait)
        for key, _ in items:
            self._answered_here(key, result)

    def _answered_here(self, key: int, result: SubmitResult) -> None:
        """Something is known without the SMSC: told at the end of this turn, never inside the caller's call."""
        self.counts["not sent"] += 1
        self._answers.append((key, result))
        if not self._telling:
            self._telling = True
            self._loop.call_soon(self._tell)

    # -- telling -------------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Tell what came since the last time."""
        self._telling = False
        if self._deliveries:
            deliveries, self._deliveries = self._deliveries, []
            self.counts["deliveries"] += len(deliveries)
            self.on_deliver_many(deliveries)
        if self._answers:
            self._pass()
            answers, self._answers = self._answers, []
            self.on_answers(answers)
            self._offer()

    def _pass(self) -> None:
        """Tell the congestion what went through."""
        if self._passed is not None:
            self.counts["accepted"] += self._accepted
            self.congestion.accepted(self._seconds(), self._accepted, self._passed)
            self._accepted, self._passed = 0, None

    def _offer(self) -> None:
        """Say that there is room, or see to it that it will be said."""
        if self.room > 0:
            self.on_room()
        self._arm()

    def _arm(self) -> None:
        """One timer, of the link and not of a line: when the pace lets the next segment go."""
        if self._timer is not None or self._ready is None:
            return
        now = self._seconds()
        if self.congestion.room(now) > 0:
            return
        wait = self.congestion.wait(now)
        if wait is not None:
            self._timer = self._reactor.callLater(max(0.001, wait), self._fire)

    def _fire(self) -> None:
        self._timer = None
        self._offer()

    # -- what a line tells ---------------------------------------------------------------------------------------

    def _new_line(self) -> EsmeLine:
        line = EsmeLine(self, clock=self._reactor, call_soon=self._loop.call_soon, trace=self._on_pdu)
        self._line, self._ready = line, None
        self._gone.clear()
        return line

    def _answered(self, line: EsmeLine, event: Answered) -> None:
        key, epoch = event.token
        result = result_of(event.response, self.config.statuses, self.name)
        self._unheard = 0
        if result.certainty is Certainty.ACCEPTED:
            self._accepted += 1
            self._passed = epoch
        elif result.retry is _THROTTLED:
            self._pass()
            self.counts["throttled"] += 1
            self.congestion.throttled(self._seconds(), epoch)
        else:
            self.counts["refused"] += 1
            self._passed = epoch
        if event.late:
            self.counts["late answers"] += 1
            self.on_late(key, result)
        else:
            self._answers.append((key, result))

    def _unanswered(self, line: EsmeLine, event: Unanswered) -> None:
        self.counts["unanswered"] += 1
        self._unheard += 1
        self.congestion.unanswered()
        self._answers.append((event.token[0], unanswered(event.reason, self.name)))

    def _requested(self, line: EsmeLine, event: Requested) -> None:
        pdu = event.pdu
        if type(pdu) is op.DeliverSm:
            delivery = Delivery(pdu, line, _DELIVER_RESP)
        elif isinstance(pdu, op.DataSm):
            delivery = Delivery(as_deliver_sm(pdu), line, _DATA_RESP)
        else:
            self.counts["alert_notifications"] += 1
            return
        if line.session.unanswered > self.config.deliveries:
            self.counts["deliveries refused"] += 1
            delivery.answer(CommandStatus.RMSGQFUL)
        else:
            self._deliveries.append(delivery)

    def _was_bound(self, line: EsmeLine, event: Bound) -> None:
        line.bound_at = self._seconds()
        self._ready = None if self._stopping else line
        self.counts["binds"] += 1
        self.bound.set()
        log.info("bound", link=self.name, bind=self.config.bind, smsc=event.response.system_id.decode("latin-1"))
        self.on_change()
        self._offer()

    def _bind_refused(self, line: EsmeLine, event: BindRefused) -> None:
        failure = bind_failure(event.status)
        self._backoff.bind_refused(failure)
        self.counts["binds refused"] += 1
        log.error("bind refused", link=self.name, status=repr(named(event.status)), kind=failure.value)
        if failure is BindFailure.CREDENTIALS and self._on_alarm is not None:
            self._on_alarm(self.name, f"{named(event.status)!r}: check system_id, password and system_type")
        line.close(f"bind refused: {named(event.status)!r}")

    def _peer_unbinds(self, line: EsmeLine, event: PeerUnbinds) -> None:
        self._not_ready()

    def _outbind(self, line: EsmeLine, event: OutbindReceived) -> None:
        self.counts["outbinds"] += 1
        caller = self.config.caller
        if caller is None:
            return  # our bind is on its way already
        if not caller.is_meant(event.pdu):
            log.warning("outbind refused", link=self.name)
            line.close("outbind with wrong credentials")
            return
        line.session.request(self.config.bind_pdu(), self._seconds())
        line.wake()

    def _stray(self, line: EsmeLine, event: Stray) -> None:
        self.counts["stray answers"] += 1

    def _misbehaved(self, line: EsmeLine, event: Misbehaved) -> None:
        self.counts["refused PDUs"] += 1
        log.warning("PDU refused", link=self.name, reason=event.reason, status=repr(named(event.status)))

    def _opened(self, line: EsmeLine) -> None:
        """Bind; where the centre calls, its outbind comes first (the session's bind timer waits for it)."""
        if self.config.caller is None:
            line.session.request(self.config.bind_pdu(), self._seconds())

    def _line_closing(self, line: EsmeLine) -> None:
        """Nothing new over it, although its end may take a while."""
        if line is self._line:
            self._not_ready()

    def _not_ready(self) -> None:
        self._ready = None
        if self.bound.is_set():
            self.bound.clear()
            self.on_change()

    def _line_closed(self, line: EsmeLine, reason: str, seconds: float) -> None:
        if line is not self._line:
            return
        self._line = None
        self._unheard = 0
        self._not_ready()
        self._gone.set()
        if line.bound_at is not None:
            self._backoff.was_bound(seconds)
        self.counts["lines lost"] += 1
        log.info("line closed", link=self.name, reason=reason)
        self._tell()


def _nothing(*_: Any) -> None:
    """Nobody listens."""


_ACTIONS: dict[type, Callable[[EsmeLink, EsmeLine, Any], None]] = {
    Answered: EsmeLink._answered,
    Unanswered: EsmeLink._unanswered,
    Requested: EsmeLink._requested,
    Bound: EsmeLink._was_bound,
    BindRefused: EsmeLink._bind_refused,
    PeerUnbinds: EsmeLink._peer_unbinds,
    OutbindReceived: EsmeLink._outbind,
    Stray: EsmeLink._stray,
    Misbehaved: EsmeLink._misbehaved,
}
