"""Lists in, lists out: what the platform hands to a link and what it is told, in virtual time."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from smsc_gateway.links.backoff import Backoff
from smsc_gateway.links.config import LinkConfig
from smsc_gateway.links.delivery import Delivery
from smsc_gateway.links.esme import EsmeLink
from smsc_gateway.links.outcome import NO_ANSWER, Certainty, SubmitResult
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.receipt import find_receipt
from smsc_gateway.smpp.status import RetryClass
from tests.tasks import in_task

from ..virtual import PHONE, World, a_text


class Owner:
    """Keeps what its link tells; stores every delivery unless `status` says otherwise."""

    def __init__(self, world: World, **config: Any) -> None:
        self.reactor = world.reactor
        self.link = EsmeLink(
            LinkConfig("virtual", 2775, **{**world.config, **config}),
            reactor=world.reactor,
            random=Random(1),
            endpoint=world.near,
            backoff=Backoff(Random(1), first=0.5),
        )
        self.turns: list[list[tuple[int, SubmitResult]]] = []
        self.late: list[tuple[int, SubmitResult]] = []
        self.reads: list[list[Delivery]] = []
        self.rooms: list[int] = []
        self.status: int | None = 0
        self.link.on_answers = self.turns.append
        self.link.on_late = lambda key, result: self.late.append((key, result))
        self.link.on_room = lambda: self.rooms.append(self.link.room)
        self.link.on_deliver_many = self._store
        self.link.start()

    def _store(self, deliveries: list[Delivery]) -> None:
        self.reads.append(deliveries)
        for delivery in deliveries:
            if self.status is not None:
                delivery.answer(self.status)

    @property
    def answers(self) -> dict[int, SubmitResult]:
        told = [answer for turn in self.turns for answer in turn]
        assert len({key for key, _ in told}) == len(told), "a submission ends once"
        return dict(told)

    async def bound(self) -> None:
        await self.reactor.run_until(lambda: self.link.is_bound)

    async def answered(self, count: int) -> list[Certainty]:
        await self.reactor.run_until(lambda: len(self.answers) >= count)
        return [self.answers[key].certainty for key in sorted(self.answers)]


def texts(count: int, first: int = 0) -> list[tuple[int, op.SubmitSm]]:
    return [(number, a_text(f"{number:04}")) for number in range(first, first + count)]


@in_task
async def test_list_goes_out_and_its_answers_come_back_in_one_call() -> None:
    """One call for what one read brought, answers with their keys; receipts come with a way to answer them."""
    world = World()
    owner = Owner(world)
    await owner.bound()
    owner.link.submit_many(texts(20))
    assert owner.turns == []  # never inside the call
    assert set(await owner.answered(20)) == {Certainty.ACCEPTED}
    assert [key for turn in owner.turns for key, _ in turn] == list(range(20))
    assert len(owner.turns) == 1
    await world.reactor.run_until(lambda: sum(map(len, owner.reads)) == 20)
    receipts = {find_receipt(delivery.pdu) for read in owner.reads for delivery in read}
    assert {receipt.message_id for receipt in receipts if receipt} == {
        result.message_id for result in owner.answers.values()
    }
    await world.reactor.run_until(lambda: world.server.counts["delivered to accounts"] == 20)
    assert {delivery.link for read in owner.reads for delivery in read} == {"smsc"}
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_room_is_what_the_window_has_left() -> None:
    """What is more than the room comes back as not sent, in the order it was given."""
    world = World()
    owner = Owner(world, window=5)
    assert owner.link.room == 0
    await owner.bound()
    assert owner.link.room == 5
    assert owner.rooms == [5]
    owner.link.submit_many(texts(8))
    assert owner.link.room == 0
    assert await owner.answered(8) == [Certainty.ACCEPTED] * 5 + [Certainty.NOT_SENT] * 3
    assert owner.link.room == 5
    assert owner.rooms[-1] == 5
    assert len(world.phone.inbox) == 5
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_submission_to_a_link_that_is_not_bound_certainly_never_left() -> None:
    """It is no try, and worth another look in a moment."""
    world = World()
    owner = Owner(world)
    owner.link.submit_many(texts(2))
    assert await owner.answered(2) == [Certainty.NOT_SENT] * 2
    assert owner.answers[0].wait == 1.0
    await owner.bound()
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_text_that_cannot_be_written_is_refused_for_good_and_holds_up_nobody() -> None:
    """255 octets of short_message between two good ones."""
    world = World()
    owner = Owner(world)
    await owner.bound()
    owner.link.submit_many([(1, a_text("a")), (2, a_text("x" * 255)), (3, a_text("b"))])
    assert await owner.answered(3) == [Certainty.ACCEPTED, Certainty.REFUSED_FINAL, Certainty.ACCEPTED]
    assert "short_message" in owner.answers[2].reason
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_killed_centre_leaves_at_most_a_window_in_doubt() -> None:
    """Doubles after a kill -9 of the SMSC are bounded by what was on its way."""
    world = World('[[fault]]\nkind = "silence"\n')
    owner = Owner(world, window=10)
    await owner.bound()
    owner.link.submit_many(texts(60))
    await world.reactor.run_until(lambda: len(world.phone.inbox) == 10)
    world.cut()
    certainties = await owner.answered(60)
    assert certainties == [Certainty.UNKNOWN] * 10 + [Certainty.NOT_SENT] * 50
    assert owner.answers[0].status == NO_ANSWER
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_answer_after_its_time_is_adopted() -> None:
    """UNKNOWN first, then the late word, once."""
    world = World('[[fault]]\nkind = "late_answer"\nseconds = 15\n')
    owner = Owner(world)
    await owner.bound()
    owner.link.submit_many(texts(3))
    assert await owner.answered(3) == [Certainty.UNKNOWN] * 3
    assert owner.link.is_mute
    await world.reactor.run_until(lambda: len(owner.late) == 3)
    assert [(key, result.certainty) for key, result in owner.late] == [(key, Certainty.ACCEPTED) for key in range(3)]
    assert all(result.message_id for _, result in owner.late)
    assert not owner.link.is_mute
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_centre_that_answers_nothing_gets_one_submission_at_a_time() -> None:
    """Its enquire_links are answered, so the line stays; little is put in doubt, and all goes on when it recovers."""
    world = World('[[fault]]\nkind = "silence"\nuntil = 60\n')
    owner = Owner(world, window=10)
    await owner.bound()
    owner.link.submit_many(texts(10))
    assert set(await owner.answered(10)) == {Certainty.UNKNOWN}
    for number in range(10, 16):
        await world.reactor.run_until(lambda: owner.link.room > 0)
        assert owner.link.room == 1
        owner.link.submit_many(texts(2, first=number * 10))
        await owner.answered(len(owner.answers) + 2)
    doubtful = sum(result.certainty is Certainty.UNKNOWN for result in owner.answers.values())
    assert doubtful <= 10 + 5
    assert owner.link.room == 10
    await world.finish(owner.link.stop())
    await world.stop()


@pytest.mark.parametrize("table", [{}, {0x450: RetryClass.FINAL}, {0x450: RetryClass.THROTTLED}], ids=repr)
@in_task
async def test_link_has_its_own_table_of_statuses(table: dict[int, RetryClass]) -> None:
    """A vendor's status is unclear until its operator says what it means."""
    world = World('[[fault]]\nkind = "system_error"\nstatus = 0x450\ncount = 1\n')
    owner = Owner(world, statuses=table)
    await owner.bound()
    owner.link.submit_many(texts(1))
    await owner.answered(1)
    assert owner.answers[0].retry is table.get(0x450, RetryClass.UNCLEAR)
    assert owner.answers[0].status == 0x450
    await world.finish(owner.link.stop())
    await world.stop()


@pytest.mark.parametrize("status", [0x64, None], ids=["refused", "never answered"])
@in_task
async def test_delivery_that_is_not_stored_comes_again(status: int | None) -> None:
    """A message of the phone is acknowledged only by its owner's word."""
    world = World()
    owner = Owner(world)
    await owner.bound()
    owner.status = status
    world.phone.send("10086", "balance")
    await world.reactor.run_until(lambda: len(owner.reads) == 1)
    owner.status = 0
    await world.reactor.run_until(lambda: len(owner.reads) == 2)
    await world.reactor.run_until(lambda: world.server.counts["delivered to accounts"] == 1)
    pdu = owner.reads[1][0].pdu
    assert (pdu.source_addr, pdu.short_message) == (PHONE.encode(), b"balance")
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_half_a_segment_a_second_goes_on_after_a_reconnect() -> None:
    """The timer of the pace is the link's, not that of a line that is gone."""
    world = World()
    owner = Owner(world, rate=0.5)
    await owner.bound()
    for number in range(6):
        await world.reactor.run_until(lambda: owner.link.room > 0)
        owner.link.submit_many(texts(1, first=number))
        if number == 2:
            world.cut()
    await owner.answered(6)
    began = world.reactor.seconds()
    await world.reactor.run_until(lambda: owner.link.room > 0)
    assert world.reactor.seconds() - began <= 2.1
    assert 10.0 <= world.reactor.seconds() <= 15.0
    await world.finish(owner.link.stop())
    await world.stop()


@in_task
async def test_paced_link_offers_little_at_a_time() -> None:
    """At 10 a second what is urgent waits for nothing that was claimed before it: the room is one segment."""
    world = World()
    owner = Owner(world, rate=10.0)
    await owner.bound()
    sent: list[int] = []
    while len(sent) < 30:
        await world.reactor.run_until(lambda: owner.link.room > 0)
        assert owner.link.room == 1
        owner.link.submit_many(texts(1, first=len(sent)))
        sent.append(len(sent))
    await owner.answered(30)
    assert 2.8 <= world.reactor.seconds() <= 3.2
    await world.finish(owner.link.stop())
    await world.stop()
