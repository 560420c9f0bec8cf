"""The simulator calls, the platform binds."""

from __future__ import annotations

from random import Random

import pytest
from twisted.internet import reactor
from twisted.internet.endpoints import HostnameEndpoint

from smsc_gateway.links.awaited import AwaitedLink
from smsc_gateway.links.config import LinkConfig
from smsc_gateway.links.outbind import Caller
from smsc_gateway.smpp import operations as op
from smsc_gateway.smsc.handsets import PlainHandset
from tests.tasks import in_task

from ..loopback import PHONE, Lab, a_server, a_submit


async def called(password: str) -> Lab:
    """A server that has called a listening link."""
    server, phone = a_server(), PlainHandset(PHONE)
    server.attach(phone)

    async def on_deliver(pdu: op.DeliverSm) -> int:
        made.received.append(pdu)
        return 0

    config = LinkConfig("127.0.0.1", 0, "ykt", "secret", bind="receiver", caller=Caller("smsc", "calling"))
    link = AwaitedLink(config, on_deliver=on_deliver, reactor=reactor, random=Random(1))
    made = Lab(server, link, phone, 0)
    link.start()
    await server.outbind(HostnameEndpoint(reactor, "127.0.0.1", link.port), "smsc", password)
    return made


@in_task
async def test_link_binds_when_it_is_called() -> None:
    """Receiver bind on the centre's own connection; the phone's message arrives."""
    made = await called("calling")
    await made.until(lambda: made.link.is_bound)
    made.phone.send("10086", "balance")
    await made.until(lambda: len(made.received) == 1)
    await made.link.stop()
    await made.server.stop()


@pytest.mark.parametrize("password", ["guessing", ""])
@in_task
async def test_stranger_that_calls_gets_no_bind(password: str) -> None:
    """And does not see our password."""
    made = await called(password)
    await made.until(lambda: made.server.counts["connections"] == 1 and not made.server._lines)
    assert not made.link.is_bound
    assert (await made.link.submit(a_submit())).message_id is None
    await made.link.stop()
    await made.server.stop()
