"""The second process of the platform's benches: SMSC and cards, and members who ask for their balance when told to.

`python -m bench.simulated --cards N` prints its port, then reads one JSON object a line and answers with one:
`{"do": "seal", "n": N}` seals N requests ahead, `{"do": "ask", "n": N, "window": W, "rate": R}` sends them (W at a
time, or R a second when R is not 0) and reports the latencies, `{"do": "cost"}` reports CPU seconds and memory.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import itertools
import json
import os
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from stk_applet_sim.handset.card_station import CardStation
from stk_applet_sim.load import CardRange, SilentMember, sealed_requests
from stk_applet_sim.population import SeededCards
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer
from telecom_codecs.onecard.requests import Operation
from telecom_codecs.sms.tpdu import SmsSubmit

from .figures import resident_mb
from .filling import SEED, application_of, enterprise_of
from .reactor import run_in_reactor

ACCESS_CODE, SYSTEM_ID, PASSWORD = "106572000", "platform", "bench"
SERVING = "listening on "
ASKING = 2000  #: members who ask, at most; each has one dialogue at a time
LATEST = 30.0  #: seconds until a dialogue counts as failed


class IssuedRange(CardRange):
    """Every card has the application of the enterprise its place falls to."""

    def station_of(self, msisdn: str) -> CardStation | None:
        new = msisdn not in self.made
        found = super().station_of(msisdn)
        if new and found is not None:
            number = self.cards.number_of(msisdn)
            assert number is not None
            application_of(number).put_on(found.card)
        return found


class Member:
    """One who asks: requests sealed ahead, and whoever waits for the answer."""

    def __init__(self, station: CardStation, enterprise: int, on_answered: Callable[[Member], None]) -> None:
        self.station = station
        self.requests: deque[tuple[int, SmsSubmit]] = deque()
        self.begun = 0.0
        self._enterprise = enterprise
        self._on_answered = on_answered
        self._sealed = 0
        self._asked = 0
        SilentMember(station, self._hear)

    def seal(self, count: int) -> None:
        """That many further requests, ready to leave."""
        first, self._sealed = self._sealed + 1, self._sealed + count
        card = self.station.card
        self.requests += sealed_requests(
            card, Operation.BALANCE, count, enterprise=self._enterprise, first=first, access_code=ACCESS_CODE
        )

    def ask(self, begun: float) -> None:
        self._asked, submit = self.requests.popleft()
        self.begun = begun
        self.station.submit(submit)

    def _hear(self, answer: MenuAnswer) -> None:
        if answer.number == self._asked and answer.kind in (AnswerKind.FINAL, AnswerKind.SILENT):
            self._asked = 0
            self._on_answered(self)


class Dialogues:
    """Members asking, so many at a time or so many a second."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members
        self.free = deque(members)
        self.latencies: list[float] = []
        self._left = 0
        self._open = 0
        self._steady = False
        self._done: asyncio.Future[None] | None = None

    def answered(self, member: Member) -> None:
        self.latencies.append(time.perf_counter() - member.begun)
        self._open -= 1
        self.free.append(member)
        if self._left and not self._steady:
            self._begin(time.perf_counter())
        elif not self._left and not self._open and self._done is not None and not self._done.done():
            self._done.set_result(None)

    async def ask(self, n: int, window: int, rate: float) -> float:
        """Seconds that `n` dialogues took; TimeoutError when answers do not come."""
        self._left, self._steady, self._done = n, rate > 0, asyncio.get_running_loop().create_future()
        self.latencies.clear()
        start = time.perf_counter()
        for number in range(n if rate else min(window, n, len(self.free))):
            due = start + number / rate if rate else time.perf_counter()
            while rate and (time.perf_counter() < due or not self.free):
                await asyncio.sleep(max(0.001, due - time.perf_counter()))
            self._begin(due)
        async with asyncio.timeout(LATEST + n / 50):
            await self._done
        return time.perf_counter() - start

    def _begin(self, begun: float) -> None:
        self._left -= 1
        self._open += 1
        self.free.popleft().ask(begun)


class Network:
    """What the commands of the other process are carried out on."""

    def __init__(self, server: Any, cards: IssuedRange) -> None:
        self._server = server
        self._cards = cards
        self._dialogues: Dialogues | None = None

    async def perform(self, command: dict[str, Any]) -> dict[str, Any]:
        commands: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {
            "seal": self._seal,
            "ask": self._ask,
            "cost": self._cost,
        }
        return await commands[command["do"]](command)

    async def _seal(self, command: dict[str, Any]) -> dict[str, Any]:
        dialogues = self._dialogues = self._dialogues or self._members()
        for member in dialogues.members:
            member.seal(-(-command["n"] // len(dialogues.members)))
        return {}

    def _members(self) -> Dialogues:
        dialogues = Dialogues([])
        for number in range(min(ASKING, len(self._cards))):
            msisdn = self._cards.cards[number].msisdn.digits
            self._server.centre.station_of(msisdn)
            station = self._cards.station_of(msisdn)
            assert station is not None
            dialogues.members.append(Member(station, enterprise_of(number), dialogues.answered))
        dialogues.free.extend(dialogues.members)
        return dialogues

    async def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._dialogues is not None, "seal the requests first"
        seconds = await self._dialogues.ask(command["n"], command["window"], command.get("rate", 0.0))
        return {"seconds": seconds, "latencies": [round(one, 5) for one in self._dialogues.latencies]}

    async def _cost(self, _command: dict[str, Any]) -> dict[str, Any]:
        return {"cpu": time.process_time(), "rss_mb": resident_mb()}


async def serve(reactor: Any, count: int) -> None:
    """Until stdin ends."""
    from smsc_gateway.smsc.accounts import Account  # noqa: PLC0415 - after the reactor
    from smsc_gateway.smsc.server import SmscServer  # noqa: PLC0415
    from ykt_telecom.runtime.clock import BUSINESS_ZONE  # noqa: PLC0415

    account = Account(SYSTEM_ID, PASSWORD, ACCESS_CODE)
    prefix = f"{time.time_ns() // 1_000_000_000:08X}"
    ids = (f"{prefix}{number:08X}" for number in itertools.count(1))
    server = SmscServer([account], reactor=reactor, clock=lambda: datetime.now(BUSINESS_ZONE), message_ids=ids)
    cards = IssuedRange(SeededCards(count, SEED), access_code=ACCESS_CODE, clock=time.monotonic)
    server.attach(cards)
    print(f"{SERVING}{server.listen(port=0)}", flush=True)
    network = Network(server, cards)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while command := await reader.readline():
        print(json.dumps(await network.perform(json.loads(command))), flush=True)
    await server.stop()


def live() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, required=True)
    options = parser.parse_args()
    profile = os.environ.get("YKT_BENCH_PROFILE")  # a file for cProfile's figures of this process
    if profile is None:
        run_in_reactor(lambda reactor: serve(reactor, options.cards))
    else:
        with cProfile.Profile() as taken:
            run_in_reactor(lambda reactor: serve(reactor, options.cards))
        taken.dump_stats(profile)


if __name__ == "__main__":
    live()
