"""Several links as one: routes, failover, balance, pace, throttling, order."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import pytest

from smsc_gateway.links.congestion import Congestion
from smsc_gateway.links.delivery import Delivery
from smsc_gateway.links.outcome import Certainty, SubmitResult, not_sent, result_of
from smsc_gateway.links.route import LinkPair, Links, Route
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.status import CommandStatus
from tests.tasks import in_task

from ..sender import Sender, accepted, certainties
from ..virtual import PHONE, VirtualReactor, World, a_text


class Near:
    """A link that answers in the next turn with the statuses given, then with 0."""

    def __init__(
        self, name: str, reactor: VirtualReactor, *statuses: int, bound: bool = True, window: int = 10
    ) -> None:
        self.name = name
        self.is_bound = True
        self.is_mute = False
        self.in_flight = 0
        self.window = 10
        self.counts: Counter[str] = Counter()
        self.statuses = deque(statuses)
        self.taken: list[int] = []
        self.on_answers: Callable[[list[tuple[int, SubmitResult]]], None] = lambda answers: None
        self.on_late: Callable[[int, SubmitResult], None] = lambda key, result: None
        self.on_room: Callable[[], None] = lambda: None
        self.on_deliver_many: Callable[[list[Delivery]], None] = lambda deliveries: None
        self.on_change: Callable[[], None] = lambda: None
        self._soon = reactor._asyncioEventloop.call_soon

    @property
    def room(self) -> int:
        return self.window - self.in_flight if self.is_bound else 0

    def submit_many(self, items: Any) -> None:
        self._soon(self._answer, list(items))

    def _answer(self, items: list[tuple[int, op.SubmitSm]]) -> None:
        answers = []
        for key, _ in items:
            status = self.statuses.popleft() if self.statuses else 0
            self.taken += [] if status else [key]
            answer = op.SubmitSmResp(status=status, message_id=b"" if status else b"A1")
            answers.append((key, result_of(answer, link=self.name) if self.is_bound else not_sent("", self.name)))
        self.on_answers(answers)
        self.on_room()

    def start(self) -> None:
        """It is bound or not, as it was told."""

    async def stop(self) -> None:
        """Nothing is open."""


class Pair:
    """Two near links under routes, and what was told."""

    def __init__(self, *routes: Route, first: tuple[int, ...] = (), second: tuple[int, ...] = ()) -> None:
        self.reactor = VirtualReactor()
        self.one = Near("one", self.reactor, *first)
        self.two = Near("two", self.reactor, *second)
        self.links = Links([self.one, self.two], routes, reactor=self.reactor)
        self.told: dict[int, SubmitResult] = {}
        self.links.on_answers = self.told.update

    async def sent(self, *numbers: str, first: int = 0) -> list[str]:
        """The links over which a list to these numbers went; "" for what was not sent."""
        items = [(first + place, a_text("x", number)) for place, number in enumerate(numbers)]
        self.links.submit_many(items)
        await self.reactor.run_until(lambda: all(key in self.told for key, _ in items))
        unsent = Certainty.NOT_SENT
        return ["" if self.told[key].certainty is unsent else self.told[key].link for key, _ in items]


OVER_BOTH = Route("", ("one", "two"))
BALANCED = Route("", ("one", "two"), balance=True)


@in_task
async def test_longest_prefix_chooses_the_link() -> None:
    """Numbers of one operator over its link, the rest over the other."""
    pair = Pair(Route("", ("two",)), Route("86138", ("one",)))
    assert await pair.sent("+8613800000001", "8613900000001", "8613800000002") == ["one", "two", "one"]
    assert pair.links.room == 20
    pair.one.in_flight = 10
    assert (pair.links.room, pair.links.room_for("8613800000001")) == (10, 0)


@in_task
async def test_full_route_holds_up_no_other() -> None:
    """What finds no room comes back to wait a little; the other route's numbers go."""
    pair = Pair(Route("", ("two",)), Route("86138", ("one",)))
    pair.one.in_flight = 10
    assert await pair.sent("8613800000001", "8613900000001") == ["", "two"]
    assert pair.told[0].wait == 0.25


@in_task
async def test_number_without_a_route_is_never_sent() -> None:
    """It is told, with a reason for the log."""
    pair = Pair(Route("86", ("one", "two")))
    assert await pair.sent("4917012345678") == [""]
    assert pair.told[0].reason == "no route takes this number"


@in_task
async def test_second_link_takes_over_when_the_first_is_not_bound() -> None:
    """And gives back when it is."""
    pair = Pair(OVER_BOTH)
    pair.one.is_bound = False
    assert await pair.sent(PHONE) == ["two"]
    pair.one.is_bound = True
    assert await pair.sent(PHONE, first=1) == ["one"]
    pair.one.is_mute = True
    assert await pair.sent(PHONE, first=2) == ["two"]
    pair.two.is_bound = False
    assert await pair.sent(PHONE, first=3) == ["one"]  # a mute one is better than none
    pair.one.is_bound = False
    assert await pair.sent(PHONE, first=4) == [""]
    assert (pair.told[4].reason, pair.told[4].wait) == ("no link of its route is bound", 1.0)


@in_task
async def test_link_that_refuses_everything_for_now_is_left_alone_for_a_while() -> None:
    """Five full queues in a row: the other one does it, and ten seconds later the first is tried again."""
    pair = Pair(OVER_BOTH, first=(CommandStatus.RMSGQFUL,) * 5)
    for number in range(5):
        assert await pair.sent(PHONE, first=number) == ["one"]
        assert pair.told[number].certainty is Certainty.REFUSED_RETRY
    assert await pair.sent(PHONE, first=5) == ["two"]
    pair.reactor.advance(10.0)
    assert await pair.sent(PHONE, first=6) == ["one"]


@in_task
async def test_balance_takes_the_link_with_the_most_room() -> None:
    """One list spreads over both; one number keeps to one link."""
    pair = Pair(BALANCED)
    pair.one.in_flight = 4
    numbers = [f"86138{number:08}" for number in range(14)]
    went = Counter(await pair.sent(*numbers))
    assert went == {"one": 5, "two": 9}
    assert len(set(await pair.sent(*[PHONE] * 5, first=20))) == 1


def test_route_to_a_link_that_is_not_there_is_refused() -> None:
    """At construction, by name."""
    with pytest.raises(ValueError, match="two"):
        Links([], [Route("", ("two",))], reactor=None)
    with pytest.raises(ValueError, match="no route"):
        Links([], [], reactor=None)


@pytest.mark.parametrize("window", [10, 50])
@in_task
async def test_centre_limited_to_50_a_second_is_served_at_45_with_few_refusals(window: int) -> None:
    """Nobody told us the limit; 1,500 texts, each once, the order of each number kept."""
    world = World(account={"rate": 50}, window=window)
    sender = Sender(world, [world.esme()])
    numbers = [f"86138{number:08}" for number in range(100)]
    sender.add(*(a_text(f"{number:05}", numbers[number % 100]) for number in range(1500)))
    await sender.done(60.0)
    assert 1500 / world.reactor.seconds() >= 45.0
    assert world.server.counts["throttled"] == 0
    refused = sum(sender.tries.values()) - 1500
    assert refused <= 75, refused
    assert len(accepted(sender)) == 1500
    taken = [message.sent for message in world.server.centre.mailbox._finished.values()]
    for number in numbers:
        texts = [pdu.short_message for pdu in taken if pdu.destination_addr == number.encode()]
        assert texts == sorted(texts)
    await sender.stop()


@in_task
async def test_text_behind_a_throttled_one_does_not_overtake_it() -> None:
    """Two numbers, a centre that throttles half of what it gets: order is kept on the phone."""
    world = World('seed = 3\n[[fault]]\nkind = "throttle"\nprobability = 0.5\n')
    sender = Sender(world, [world.esme()])
    sender.add(*(a_text(f"{number:02}", PHONE) for number in range(20)))
    await sender.done()
    await world.reactor.run_until(lambda: len(world.phone.inbox) == 20)
    assert [tpdu.user_data for tpdu in world.phone.inbox] == [b"%02d" % number for number in range(20)]
    await sender.stop()


@in_task
async def test_segments_a_second_are_kept() -> None:
    """100 segments at 20 a second take at least 4.5 seconds, claimed two at a time."""
    world = World(rate=20.0)
    sender = Sender(world, [world.esme()])
    sender.add(*(a_text(str(number), f"86138{number:08}") for number in range(100)))
    await sender.done()
    assert 4.5 <= world.reactor.seconds() <= 6.0
    assert max(sender.claims) <= 2
    await sender.stop()


@pytest.mark.parametrize(
    "fault",
    ['kind = "nack"\nstatus = 2', 'kind = "system_error"\nstatus = 0x450'],
    ids=["generic_nack", "vendor status"],
)
@in_task
async def test_refusal_of_unclear_cause_costs_no_text(fault: str) -> None:
    """Each text is refused twice, then taken: all 20 arrive."""
    phones = [f"86138{number:08}" for number in range(20)]
    faults = "".join(f'[[fault]]\n{fault}\ndestination = "{phone}"\ncount = 2\n' for phone in phones)
    world = World(faults)
    sender = Sender(world, [world.esme()])
    sender.add(*(a_text(str(number), phone) for number, phone in enumerate(phones)))
    await sender.done()
    assert certainties(sender) == {Certainty.ACCEPTED: 20}
    assert set(sender.tries.values()) == {3}
    await sender.stop()


@in_task
async def test_dropping_link_costs_no_text_beside_a_healthy_one() -> None:
    """400 texts over two links of which one is cut every two seconds: what has not left is no try."""
    world = World()
    sender = Sender(world, [world.esme("one", rate=40.0), world.esme("two", rate=40.0)], [BALANCED], resends=True)
    sender.add(*(a_text(str(number), f"86138{number:08}") for number in range(400)))
    for _ in range(4):
        await world.pass_by(2.0)
        line: Any = next(iter(world.server._lines.values()))
        line.transport.cut()
    await sender.done()
    assert certainties(sender) == {Certainty.ACCEPTED: 400}
    assert max(sender.tries.values()) <= 2  # one more where the line died with it on its way
    await sender.stop()


def test_throttled_link_falls_back_to_what_went_through_and_recovers() -> None:
    """100 went through in the last second: 95 a second, 100 again after six seconds, and no limit much later."""
    pace = Congestion()
    for moment in range(100):
        pace.accepted(10.0 + moment / 100, 1, 0)
    pace.throttled(11.0, 0)
    assert pace.room(11.1) == 0
    assert pace.room(11.2) == 1  # the one that asks
    pace.spent(1)
    assert pace.room(11.5) == 0
    pace.accepted(11.5, 1, pace.epoch)
    rate = pace.rate(11.5)
    assert rate is not None
    assert 95.0 <= rate <= 97.0
    assert pace.rate(17.0) == pytest.approx(100.0)
    assert pace.rate(100.0) is None


def test_refusals_of_one_congestion_count_once_and_those_of_the_question_double_the_pause() -> None:
    """50 were on their way when the first was refused."""
    pace = Congestion(100.0)
    for _ in range(50):
        pace.throttled(10.0, 0)
    assert (pace.room(10.1), pace.room(10.2)) == (0, 1)
    pace.spent(1)
    pace.throttled(10.3, pace.epoch)
    assert (pace.room(10.6), pace.room(10.71)) == (0, 1)
    assert pace.wait(10.5) == pytest.approx(0.2)
    pace.spent(1)
    pace.unanswered()
    assert pace.room(10.8) == 1


def test_rate_never_exceeds_what_is_configured() -> None:
    """After a congestion it comes back to the ceiling and stays."""
    pace = Congestion(20.0)
    pace.accepted(1.0, 20, 0)
    pace.throttled(1.0, 0)
    pace.spent(pace.room(1.2))
    pace.accepted(1.2, 1, pace.epoch)
    assert (pace.rate(1.2) or 0) < 20.0
    assert pace.rate(60.0) == 20.0


@in_task
async def test_transmitter_and_receiver_are_one_link() -> None:
    """Submissions over the one, receipts over the other."""
    world = World()
    out, back = world.esme("out", bind="transmitter"), world.esme("in", bind="receiver")
    sender = Sender(world, [LinkPair("pair", out, back)])
    sender.add(*(a_text(str(number)) for number in range(20)))
    await sender.done()
    await world.reactor.run_until(lambda: len(sender.book.told) == 20)
    assert (out.counts["deliveries"], back.counts["deliveries"]) == (0, 20)
    await sender.stop()


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
