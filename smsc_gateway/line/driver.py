"""One TCP connection around one session: octets in, events out, octets written once per turn, one timer.

Both ends use it: :mod:`.esme` for the client, :mod:`.smsc.server` for the simulator.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from twisted.internet import tcp
from twisted.internet.interfaces import IHandshakeListener, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from ..smpp.events import Close, Event
from ..smpp.session import Limits, Session, Trace
from ..smpp.states import Role

CallSoon = Callable[[Callable[[], None]], object]

_PLAIN = (tcp.Client, tcp.Server)
_LINGER = 5.0  #: seconds a peer has to read what is left after we closed
_PIECE = 25  #: answers of one read are written in pieces of so many: the peer works on them while we go on
_SLACK = 0.01  #: a timer this much too late is not worth moving


def write_now(transport: Any, octets: bytes) -> None:
    """Write at once when nothing is buffered: saves the reactor turn that an ordinary write waits for."""
    if (
        isinstance(transport, _PLAIN)
        and transport.connected
        and not transport.TLS
        and not transport.disconnecting
        and not transport.dataBuffer
        and not transport._tempDataBuffer
    ):
        try:
            sent = transport.socket.send(octets)
        except OSError:  # would block, or a broken line that the ordinary write will report
            sent = 0
        if sent == len(octets):
            return
        octets = octets[sent:]
    transport.write(octets)


@implementer(IHandshakeListener)
class Line(Protocol):
    """A session on a socket. Subclasses act on events; `clock` is IReactorTime, `call_soon` runs at the turn's end."""

    session: Session

    def __init__(
        self, role: Role, limits: Limits, *, clock: Any, call_soon: CallSoon, trace: Trace | None = None
    ) -> None:
        self._role = role
        self._limits = limits
        self._clock = clock
        self._call_soon = call_soon
        self._trace = trace
        self._timer: Any = None
        self._flushing = False
        self._closing = False
        self.close_reason = ""

    def opened(self) -> None:
        """The connection stands."""

    def on_event(self, event: Event) -> None:
        """The session tells something other than Close."""
        raise NotImplementedError

    def closed(self, reason: str) -> None:
        """The connection is gone; every request in flight has been told."""

    # -- the transport -------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        transport: Any = self.transport
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)
            transport.setTcpKeepAlive(True)
            if hasattr(socket, "TCP_USER_TIMEOUT"):  # under TLS the attribute is the inner transport's
                transport.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 20_000)
        if not ISSLTransport.providedBy(transport):
            transport.registerProducer(self, True)
        self.session = Session(self._role, self._clock.seconds(), self._limits, trace=self._trace)
        self.opened()
        self.flush()

    def handshakeCompleted(self) -> None:  # noqa: N802
        """TLS stands. Before that, a pause of the reading would keep the handshake from ending."""
        transport: Any = self.transport
        if not self._closing:
            transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        self.act(self.session.receive(data, self._clock.seconds()))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        why = self.close_reason or reason.getErrorMessage()
        for event in self.session.line_lost(why):
            self.on_event(event)
        self.closed(why)

    def pauseProducing(self) -> None:  # noqa: N802
        """The peer does not read: do not read from it either, so that answers cannot pile up."""
        transport: Any = self.transport
        transport.pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802
        transport: Any = self.transport
        if not self._closing:
            transport.resumeProducing()

    def stopProducing(self) -> None:  # noqa: N802
        """The transport is going; connectionLost follows."""

    # -- the session ---------------------------------------------------------------------------------------------

    def act(self, events: list[Event]) -> None:
        """Act on the session's events in their order, then write what it has to say."""
        reason: str | None = None
        self._flushing = True  # the flush below is the one that anything said meanwhile waits for
        for number, event in enumerate(events, 1):
            if type(event) is Close:
                reason = event.reason
            else:
                self.on_event(event)
            if number % _PIECE == 0 and self.session.has_output:
                self._write()
        self.flush()
        if reason is not None:
            self.close(reason)

    def wake(self) -> None:
        """Something was given to the session outside :meth:`act`: write it at the end of this turn."""
        if not self._flushing:
            self._flushing = True
            self._call_soon(self.flush)

    def flush(self) -> None:
        """Write what the session has to say, in one piece, and see to its timer."""
        self._flushing = False
        self._write()
        self._arm()

    def _write(self) -> None:
        octets = self.session.take()
        if octets and not self._closing:
            write_now(self.transport, octets)

    def close(self, reason: str) -> None:
        """Write what is buffered, then close; a peer that does not read is cut off."""
        if self._closing:
            return
        self._closing = True
        self.close_reason = reason
        transport: Any = self.transport
        if self._timer is not None:
            self._timer.cancel()
        transport.unregisterProducer()
        transport.loseConnection()
        if transport.connected:
            self._timer = self._clock.callLater(_LINGER, self._abort)

    def _abort(self) -> None:
        self._timer = None
        transport: Any = self.transport
        transport.abortConnection()

    def _arm(self) -> None:
        wakeup = self.session.next_wakeup
        if wakeup is None or self._closing:
            return
        if self._timer is None:
            self._timer = self._clock.callLater(max(0.0, wakeup - self._clock.seconds()), self._sweep)
        elif self._timer.getTime() > wakeup + _SLACK:
            self._timer.reset(max(0.0, wakeup - self._clock.seconds()))

    def _sweep(self) -> None:
        self._timer = None
        self.act(self.session.tick(self._clock.seconds()))
