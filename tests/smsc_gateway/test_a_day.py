"""A day of traffic in a moment: a disconnect every 30 to 300 seconds, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from random import Random

from smsc_gateway.smsc.handsets import PlainHandset
from tests.tasks import in_task

from .sender import Sender, accepted
from .virtual import World, a_text

MESSAGES = 10_000
DAY = 24 * 3600.0
WINDOW = 10
PHONES = [f"86138000{number:05}" for number in range(50)]


class Day:
    """Bursts of up to 40 messages to 50 phones, and a line that is cut: between bursts, and in the middle of some."""

    def __init__(self) -> None:
        self.world = World(window=WINDOW, enquire_link=15.0)
        self.phones = [PlainHandset(msisdn) for msisdn in PHONES]
        for phone in self.phones:
            self.world.server.attach(phone)
        self.sender = Sender(self.world, [self.world.esme()], resends=True)
        self.chance = Random(24)
        self.queued = 0
        self.disconnects = 0

    def burst(self) -> None:
        first = self.queued
        self.queued = min(first + self.chance.randint(1, 40), MESSAGES)
        for number in range(first, self.queued):
            self.sender.add(a_text(f"message {number}", PHONES[number % len(PHONES)]))
        if self.chance.random() < 0.3:
            self.cut_after(self.chance.randint(1, 12))
        if self.queued < MESSAGES:
            self.world.reactor.callLater(self.chance.uniform(0.0, 2 * DAY * 20 / MESSAGES), self.burst)

    def cut_after(self, turns: int) -> None:
        """Cut when the loop has turned so often: somewhere between submission, answer and receipt."""
        if turns:
            self.world.reactor._asyncioEventloop.call_soon(self.cut_after, turns - 1)
        else:
            self.cut()

    def cut(self) -> None:
        for line in list(self.world.server._lines.values()):
            self.disconnects += 1
            line.transport.cut()  # type: ignore[union-attr]

    def cut_now_and_then(self) -> None:
        self.cut()
        if self.world.reactor.seconds() < DAY:
            self.world.reactor.callLater(self.chance.uniform(30.0, 300.0), self.cut_now_and_then)

    async def pass_by(self) -> None:
        """The day, until every message is accepted and every receipt is here."""
        run_until = self.world.reactor.run_until
        self.burst()
        self.cut_now_and_then()
        await run_until(lambda: self.queued == MESSAGES and self.sender.is_done, 2 * DAY)
        await run_until(lambda: self.world.reactor.seconds() >= DAY, 2 * DAY)
        await run_until(lambda: self.sender.book.open == 0, 600.0)
        await self.sender.stop()


@in_task
async def test_day_of_disconnects_loses_nothing_and_repeats_little() -> None:
    """10,000 messages over 24 virtual hours: each reaches its phone and has its receipt; copies only where a line
    died with the submission on its way, all flagged, at most a window of them per disconnect."""
    day = Day()
    await day.pass_by()
    on_phones = Counter(tpdu.user_data.decode() for phone in day.phones for tpdu in phone.inbox)
    copies = {text: count - 1 for text, count in on_phones.items() if count > 1}
    assert day.disconnects > DAY / 300
    taken = accepted(day.sender)
    assert len(taken) == MESSAGES
    assert set(on_phones) == taken, "lost"
    assert copies, "no line was ever cut between a submission and its answer"
    assert all(day.sender.doubts[text] >= count for text, count in copies.items()), "a copy without its flag"
    assert sum(copies.values()) <= WINDOW * day.disconnects
    assert set(day.sender.book.told) >= taken
