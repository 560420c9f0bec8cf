"""Several links as one: routes, failover, balance, pace, throttling, order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import pytest

from smsc_gateway.links.aimd import Aimd
from smsc_gateway.links.outcome import Certainty, SubmitResult, not_sent, result_of
from smsc_gateway.links.route import LinkPair, Links, Retries, Route
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.status import CommandStatus
from tests.tasks import in_task

from ..virtual import PHONE, VirtualReactor, World, a_text


class Near:
    """A link that answers at once with the statuses given, then with 0, and remembers the order."""

    def __init__(self, *statuses: int, bound: bool = True) -> None:
        self.is_bound = bound
        self.in_flight = 0
        self.waiting = 0
        self.statuses = deque(statuses)
        self.taken: list[op.SubmitSm] = []

    def submit(self, pdu: op.SubmitSm) -> asyncio.Future[SubmitResult]:
        future: asyncio.Future[SubmitResult] = asyncio.get_running_loop().create_future()
        status = self.statuses.popleft() if self.statuses else 0
        if not self.is_bound:
            future.set_result(not_sent("not bound"))
        else:
            if status == 0:
                self.taken.append(pdu)
            future.set_result(result_of(op.SubmitSmResp(status=status, message_id=b"" if status else b"A1")))
        return future


async def outcome(links: Links, reactor: VirtualReactor, pdu: op.SubmitSm) -> Any:
    future = links.submit(pdu)
    await reactor.run_until(future.done)
    return future.result()


@in_task
async def test_longest_prefix_chooses_the_link() -> None:
    """Numbers of one operator over its link, the rest over the other."""
    reactor, mobile, other = VirtualReactor(), Near(), Near()
    routes = [Route("", ("other",)), Route("86138", ("mobile",))]
    links = Links({"mobile": mobile, "other": other}, routes, reactor=reactor)
    assert (await outcome(links, reactor, a_text("a", "+8613800000001"))).link == "mobile"
    assert (await outcome(links, reactor, a_text("b", "8613900000001"))).link == "other"


@in_task
async def test_second_link_takes_over_when_the_first_is_not_bound() -> None:
    """And gives back when it is."""
    reactor, first, second = VirtualReactor(), Near(bound=False), Near()
    links = Links({"first": first, "second": second}, [Route("", ("first", "second"))], reactor=reactor)
    assert (await outcome(links, reactor, a_text("a"))).link == "second"
    first.is_bound = True
    assert (await outcome(links, reactor, a_text("b"))).link == "first"


@in_task
async def test_refusal_for_now_goes_over_the_other_link() -> None:
    """A full queue at one SMSC is no reason to wait."""
    reactor, first, second = VirtualReactor(), Near(CommandStatus.RMSGQFUL), Near()
    links = Links({"first": first, "second": second}, [Route("", ("first", "second"))], reactor=reactor)
    sent = await outcome(links, reactor, a_text("a"))
    assert (sent.link, sent.attempts, reactor.seconds()) == ("second", 2, 0.0)


@in_task
async def test_balance_takes_the_link_with_the_least_to_do() -> None:
    """By what is unanswered and waits."""
    reactor, busy, idle = VirtualReactor(), Near(), Near()
    busy.in_flight, idle.waiting = 20, 3
    links = Links({"busy": busy, "idle": idle}, [Route("", ("busy", "idle"), balance=True)], reactor=reactor)
    assert (await outcome(links, reactor, a_text("a"))).link == "idle"


@in_task
async def test_throttled_message_goes_first_when_the_pause_is_over() -> None:
    """The segments of one number keep their order, and throttling counts no attempt."""
    reactor = VirtualReactor()
    link = Near(0, CommandStatus.RTHROTTLED, CommandStatus.RTHROTTLED)
    links = Links({"one": link}, [Route("", ("one",))], reactor=reactor, retries=Retries(attempts=1))
    futures = [links.submit(a_text(str(number))) for number in range(6)]
    await reactor.run_until(lambda: all(future.done() for future in futures))
    assert [pdu.short_message for pdu in link.taken] == [b"0", b"1", b"2", b"3", b"4", b"5"]
    assert {future.result().attempts for future in futures} == {1}
    assert links.counts["throttled"] == 2
    assert reactor.seconds() >= 2.0


@in_task
async def test_segments_a_second_are_kept() -> None:
    """100 segments at 20 a second take at least 4.5 seconds."""
    reactor, link = VirtualReactor(), Near()
    links = Links({"one": link}, [Route("", ("one",))], reactor=reactor, rates={"one": 20.0})
    futures = [links.submit(a_text("x", f"86138{number:08}")) for number in range(100)]
    await reactor.run_until(lambda: all(future.done() for future in futures))
    assert 4.5 <= reactor.seconds() <= 6.0


@pytest.mark.parametrize(
    ("statuses", "attempts", "certainty"),
    [
        ([CommandStatus.RSYSERR] * 9, 5, Certainty.REFUSED_RETRY),
        ([0x0444] * 9, 4, Certainty.REFUSED_RETRY),
        ([CommandStatus.RINVDSTADR], 1, Certainty.REFUSED_FINAL),
        ([CommandStatus.RSYSERR, 0], 2, Certainty.ACCEPTED),
    ],
)
@in_task
async def test_retries_end(statuses: list[int], attempts: int, certainty: Certainty) -> None:
    """As the class of the answer allows."""
    reactor = VirtualReactor()
    links = Links({"one": Near(*statuses)}, [Route("", ("one",))], reactor=reactor)
    sent = await outcome(links, reactor, a_text("a"))
    assert (sent.attempts, sent.result.certainty) == (attempts, certainty)


@in_task
async def test_patience_ends_when_no_link_is_ever_bound() -> None:
    """It was certainly not sent."""
    reactor = VirtualReactor()
    links = Links({"one": Near(bound=False)}, [Route("", ("one",))], reactor=reactor, retries=Retries(patience=10.0))
    sent = await outcome(links, reactor, a_text("a"))
    assert (sent.result.certainty, sent.attempts) == (Certainty.NOT_SENT, 0)
    assert reactor.seconds() <= 10.0


@in_task
async def test_stop_tells_everything_that_waits() -> None:
    """No Future is left open."""
    reactor = VirtualReactor()
    links = Links({"one": Near(bound=False)}, [Route("", ("one",))], reactor=reactor)
    futures = [links.submit(a_text(str(number))) for number in range(3)]
    await asyncio.sleep(0)
    await links.stop()
    assert {future.result().result.certainty for future in futures} == {Certainty.NOT_SENT}


def test_route_to_a_link_that_is_not_there_is_refused() -> None:
    """At construction, by name."""
    with pytest.raises(ValueError, match="two"):
        Links({"one": Near()}, [Route("", ("two",))], reactor=None)


def test_throttling_halves_and_recovers_to_the_ceiling() -> None:
    """Multiplicative down, additive up; one congestion halves once."""
    pace = Aimd(100.0)
    pace.throttled(10.0)
    pace.throttled(10.5)
    assert pace.rate == 50.0
    assert pace.wait(10.5) == 0.5
    rates = []
    for second in range(12, 20):
        pace.accepted(float(second))
        rates.append(pace.rate)
    assert rates == [60.0, 70.0, 80.0, 90.0, 100.0, 100.0, 100.0, 100.0]
    pace.throttled(30.0)
    pace.throttled(32.0)
    assert pace.rate == 25.0


def test_link_without_a_rate_gets_one_when_throttled() -> None:
    """Half of what went through, until twice as much goes again."""
    pace = Aimd()
    for _ in range(200):
        pace.accepted(1.0)
    pace.throttled(1.5)
    assert pace.rate == 100.0
    for second in range(3, 60):
        pace.accepted(float(second))
    assert pace.rate is None


@in_task
async def test_transmitter_and_receiver_are_one_link() -> None:
    """Submissions over the one, receipts over the other."""
    world = World()
    pair = [world.link("out", bind="transmitter"), world.link("in", bind="receiver")]
    links = Links({"pair": LinkPair(*pair)}, [Route("", ("pair",))], reactor=world.reactor)
    futures = [links.submit(a_text(f"{number}")) for number in range(20)]
    await world.reactor.run_until(lambda: all(future.done() for future in futures))
    for future in futures:
        world.accepted(a_text("x"), future.result().result.message_id)
    await world.reactor.run_until(lambda: len(world.receipts) == 20)
    assert pair[0].counts["deliveries stored"] == 0
    assert pair[1].counts["deliveries stored"] == 20
    await world.stop(*pair)


@in_task
async def test_refused_credentials_raise_an_alarm() -> None:
    """The text names what to check; the next bind is a minute away."""
    world = World(password="wrong")
    link = world.link()
    await world.reactor.run_until(lambda: bool(world.alarms))
    assert world.alarms == ["one: <CommandStatus.RINVPASWD: 14>: check system_id, password and system_type"]
    before = world.reactor.seconds()
    await world.reactor.run_until(lambda: len(world.alarms) == 2)
    assert world.reactor.seconds() - before >= 60.0
    await world.stop(link)


@in_task
async def test_link_drives_a_real_session_through_throttling() -> None:
    """Two numbers, five messages each, a centre that throttles half of them: order is kept on the phone."""
    world = World('seed = 3\n[[fault]]\nkind = "throttle"\nprobability = 0.5\n')
    link = world.link()
    links = Links({"one": link}, [Route("", ("one",))], reactor=world.reactor)
    futures = [links.submit(a_text(f"{number:02}", PHONE)) for number in range(20)]
    await world.reactor.run_until(lambda: all(future.done() for future in futures))
    await world.reactor.run_until(lambda: len(world.phone.inbox) == 20)
    assert [tpdu.user_data for tpdu in world.phone.inbox] == [b"%02d" % number for number in range(20)]
    await world.stop(link)
