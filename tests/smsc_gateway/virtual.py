"""Both ends in one process without sockets, on a clock that the test turns: hours pass in a moment.

`VirtualReactor` is Twisted's test clock with the running asyncio loop and in-memory connections; :meth:`run_until`
lets everything that is due happen, then moves the clock to whatever is due next.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from twisted.internet import defer
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from zope.interface import implementer

from smsc_gateway.links.awaited import AwaitedLink
from smsc_gateway.links.backoff import Backoff
from smsc_gateway.links.config import LinkConfig
from smsc_gateway.links.delivery import Delivery
from smsc_gateway.links.esme import EsmeLink
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.receipt import find_receipt
from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.faults import FaultScript
from smsc_gateway.smsc.faulty import FaultyServer
from smsc_gateway.smsc.handsets import PlainHandset

from .book import Book

PHONE = "8613800000001"
START = datetime(2026, 7, 25, 8, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


class VirtualReactor(Clock):
    """Time and connections. `latency` is added to every write."""

    def __init__(self) -> None:
        super().__init__()
        self._asyncioEventloop = asyncio.get_running_loop()

    async def run_until(self, claim: Callable[[], bool], seconds: float = 3600.0) -> None:
        """Let things happen until the claim holds; AssertionError when it does not within so many seconds."""
        end = self.seconds() + seconds
        loop: Any = self._asyncioEventloop
        while True:
            await asyncio.sleep(0)
            while loop._ready:  # until nothing is left for this moment
                await asyncio.sleep(0)
            if claim():
                return
            calls = [call.getTime() for call in self.getDelayedCalls()]
            assert calls, "nothing is due any more"
            assert min(calls) <= end, "too late"
            self.advance(max(0.0, min(calls) - self.seconds()))


class Wire:
    """One end's transport: octets reach the other end in the loop's next turn."""

    def __init__(self, reactor: VirtualReactor) -> None:
        self.connected = True
        self.disconnecting = False
        self.peer: Wire
        self.protocol: Protocol
        self._reactor = reactor
        self._pending: list[bytes] = []

    def write(self, octets: bytes) -> None:
        if self.connected and not self.disconnecting:
            self._pending.append(octets)
            if len(self._pending) == 1:
                self._reactor._asyncioEventloop.call_soon(self._carry)

    def _carry(self) -> None:
        octets = b"".join(self._pending)
        self._pending.clear()
        if octets and self.peer.connected:
            self.peer.protocol.dataReceived(octets)
        if self.disconnecting:
            self.cut()

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's names
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            self._reactor._asyncioEventloop.call_soon(self._carry)

    def abortConnection(self) -> None:  # noqa: N802
        self.cut()

    def cut(self) -> None:
        """Both ends lose the line; what was not carried is lost."""
        for end in (self, self.peer):
            if end.connected:
                end.connected = False
                self._reactor._asyncioEventloop.call_soon(end.protocol.connectionLost, Failure(ConnectionDone()))

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: N802
        """Never asks to pause."""

    def unregisterProducer(self) -> None:  # noqa: N802
        """Nothing to forget."""


@implementer(IStreamClientEndpoint)
class Near:
    """An endpoint that connects to the server in memory; `refuses` makes it fail."""

    def __init__(self, reactor: VirtualReactor, new_line: Callable[[], Protocol]) -> None:
        self._reactor = reactor
        self._new_line = new_line
        self.refuses = False

    def connect(self, factory: Any) -> defer.Deferred[Any]:
        if self.refuses:
            return defer.fail(ConnectionRefusedError())
        client, server = factory.buildProtocol(None), self._new_line()
        near, far = Wire(self._reactor), Wire(self._reactor)
        near.peer, far.peer = far, near
        near.protocol, far.protocol = client, server
        for wire in (far, near):
            wire.protocol.makeConnection(wire)
        return defer.succeed(client)


class World:
    """A faulty centre, a phone, and links to it. `account` changes the account at the centre."""

    def __init__(self, script: str = "", *, account: dict[str, Any] | None = None, **config: Any) -> None:
        self.reactor = VirtualReactor()
        ids = (f"{number:08X}" for number in itertools.count(0xA1))
        limits: dict[str, Any] = {"max_binds": 1000, **(account or {})}
        self.server = FaultyServer(
            [Account("ykt", "secret", "10086", **limits)],
            script=FaultScript.parse(script),
            reactor=self.reactor,
            clock=lambda: START + timedelta(seconds=self.reactor.seconds()),
            message_ids=ids,
        )
        self.phone = PlainHandset(PHONE)
        self.server.attach(self.phone)
        self.near = Near(self.reactor, self.server._new_line)
        self.book = Book()
        self.received: list[op.DeliverSm] = []
        self.alarms: list[str] = []
        self.config = {"system_id": "ykt", "password": "secret", **config}

    def esme(self, name: str = "one", **changes: Any) -> EsmeLink:
        """A link that is not started."""
        return EsmeLink(self._config(name, changes), **self._options())

    def link(self, name: str = "one", **changes: Any) -> AwaitedLink:
        """A started link with a Future for each submission."""
        link = AwaitedLink(self._config(name, changes), on_deliver=self._store, **self._options())
        link.start()
        return link

    def _config(self, name: str, changes: dict[str, Any]) -> LinkConfig:
        return LinkConfig("virtual", 2775, **{"name": name, **self.config, **changes})

    def _options(self) -> dict[str, Any]:
        return {
            "reactor": self.reactor,
            "random": Random(1),
            "endpoint": self.near,
            "backoff": Backoff(Random(1), first=0.5),
            "on_alarm": lambda link, text: self.alarms.append(f"{link}: {text}"),
        }

    def store(self, book: Book) -> Callable[[list[Delivery]], None]:
        """Take in what a link brings: receipts to the book, the rest to `received`."""

        def take(deliveries: list[Delivery]) -> None:
            for delivery in deliveries:
                receipt = find_receipt(delivery.pdu)
                if receipt is None:
                    self.received.append(delivery.pdu)
                else:
                    book.receipt(receipt, delivery.pdu.source_addr)
                delivery.answer(0)

        return take

    async def _store(self, pdu: op.DeliverSm) -> int:
        receipt = find_receipt(pdu)
        if receipt is None:
            self.received.append(pdu)
        else:
            self.book.receipt(receipt, pdu.source_addr)
        return 0

    async def bound(self, link: EsmeLink) -> None:
        """Until it is."""
        await self.reactor.run_until(lambda: link.is_bound)

    async def pass_by(self, seconds: float) -> None:
        """Let so much time go by."""
        end = self.reactor.seconds() + seconds
        self.reactor.callLater(seconds, lambda: None)
        await self.reactor.run_until(lambda: self.reactor.seconds() >= end, seconds + 1.0)

    def cut(self) -> None:
        """The centre is gone without a word, and back at once."""
        for line in list(self.server._lines.values()):
            wire: Any = line.transport
            wire.cut()

    async def stop(self, *links: EsmeLink) -> None:
        """Unbind and stop everything, in virtual time."""
        for link in links:
            await self.finish(link.stop())
        await self.finish(self.server.stop())

    async def finish(self, work: Any) -> None:
        """Await something whose end needs time to pass."""
        task = asyncio.ensure_future(work)
        await self.reactor.run_until(task.done)
        task.result()


def a_text(text: str, number: str = PHONE, **changes: Any) -> op.SubmitSm:
    """A submission with a receipt wanted; its text tells it from the others."""
    return op.SubmitSm(
        source_addr=b"10086",
        destination_addr=number.encode(),
        registered_delivery=1,
        short_message=text.encode(),
        **changes,
    )
