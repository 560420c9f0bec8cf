"""The simulator under pressure: nothing lost when lines end, limits hold, memory and timers are bounded."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.status import CommandStatus
from smsc_gateway.smsc import handsets
from smsc_gateway.smsc.handsets import PlainHandset
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import Scts, SmsDeliver
from tests.tasks import in_task

from ..sender import Sender
from ..virtual import PHONE, World, a_text


def on_reactor_turn(world: World) -> int:
    """How many calls of the centre are due within the next tenth of a second."""
    now = world.reactor.seconds()
    return sum(call.getTime() <= now + 0.1 for call in world.reactor.getDelayedCalls())


@in_task
async def test_no_receipt_is_lost_when_sessions_end_while_they_are_poured() -> None:
    """The line is closed by the centre in the middle of 200 receipts, three times; each receipt comes."""
    world = World(window=200)
    sender = Sender(world, [world.esme()])
    sender.add(*(a_text(str(number), f"86138{number:08}") for number in range(200)))
    for _ in range(3):
        await world.reactor.run_until(lambda: world.server.counts["delivered to accounts"] > 0)
        for line in list(world.server._lines.values()):
            line.close("fault: closed while pouring")
        world.server._soon()
        await asyncio.sleep(0)
    await sender.done()
    await world.reactor.run_until(lambda: sender.book.open == 0, 600.0)
    await sender.stop()


@in_task
async def test_rate_counts_each_destination_of_a_submit_multi() -> None:
    """Ten destinations at five a second: five are refused as throttled."""
    world = World(account={"rate": 5})
    centre = world.server.centre
    many = op.SubmitMulti(
        source_addr=b"10086",
        destinations=tuple(op.Destination(f"86138{number:08}".encode()) for number in range(10)),
        short_message=b"hello",
    )
    account = centre.accounts["ykt"]
    answer = centre.submit_multi(account, many, datetime.now(UTC), admits=lambda: world.server._admits(account))
    assert [failure.status for failure in answer.failures] == [CommandStatus.RTHROTTLED] * 5
    await world.stop()


def test_phone_forgets_the_oldest_of_very_many_messages(monkeypatch: Any) -> None:
    """A load test fills no memory."""
    monkeypatch.setattr(handsets, "INBOX", 100)
    phone = PlainHandset(PHONE)
    scts = Scts.of(datetime.now(UTC))
    for number in range(1000):
        phone.deliver(SmsDeliver(Address("10086"), 0, 4, scts, b"%d" % number))
    assert 90 <= len(phone.inbox) <= 100
    assert phone.inbox[-1].user_data == b"999"


@in_task
async def test_centre_with_nothing_to_do_has_no_busy_timer() -> None:
    """A receipt that waits for an account whose only line is a transmitter, or whose window is full, costs no turns."""
    world = World(bind="transmitter")
    link = world.link()
    await world.bound(link)
    future = link.submit(a_text("a"))
    await world.reactor.run_until(future.done)
    queue = world.server.centre.outgoing["ykt"]
    delivery = queue.take(world.reactor.seconds())
    assert delivery is not None
    queue.refused_for_now(delivery, world.reactor.seconds())
    world.server._soon()
    await world.pass_by(5.0)
    assert queue.next_due is not None
    assert queue.next_due <= world.reactor.seconds()
    assert on_reactor_turn(world) == 0
    await world.stop(link)
