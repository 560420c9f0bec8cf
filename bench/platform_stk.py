"""STK balance dialogues, key press → answer text on the phone's screen; and monthly statements, run → receipt stored.

`python -m bench.platform_stk`: N phones in the same process, SQLite with synchronous=FULL, loopback SMPP. Dialogues run
as fast as they can, `--window` phones at a time, then at a steady rate below that.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .platform_lab import Platform, Run, closed_loop, open_loop, platform, report, run_in_reactor

BALANCE_LINE = 1
LATEST = 30.0  #: seconds until a dialogue counts as failed


@dataclass
class Member:
    """A phone and whoever waits for its next text."""

    handset: Any
    free: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: asyncio.Future[None] | None = None

    def watch(self, screen: Any) -> None:
        if getattr(screen, "high_priority", False) and self.waiting is not None and not self.waiting.done():
            self.waiting.set_result(None)

    async def ask_balance(self) -> None:
        """余额查询: three keys, the answer, and a key to put it away."""
        async with self.free:
            self.waiting = asyncio.get_running_loop().create_future()
            self.handset.press("ok")
            self.handset.select(BALANCE_LINE)
            await asyncio.wait_for(self.waiting, LATEST)
            self.handset.press("ok")


async def dialogues(running: Platform, options: argparse.Namespace) -> None:
    members = [Member(station.handset) for station in running.world.stations]
    for member in members:
        member.handset.watchers.append(member.watch)

    async def one(number: int) -> None:
        await members[number % len(members)].ask_balance()

    await closed_loop(len(members), options.window, one)  # warm
    before = time.process_time()
    runs = [await closed_loop(options.n, options.window, one) for _ in range(options.repeat)]
    cpu = round((time.process_time() - before) / options.n / options.repeat * 1e6)
    extra = {"phones": len(members), "cpu_us": cpu}
    report("platform_stk: balance, closed loop", "dialogues/s", runs, window=options.window, **extra)
    sustained = sorted(run.n / run.seconds for run in runs)[len(runs) // 2]
    rate = options.rate or max(1.0, sustained / 2)
    steady = [await open_loop(options.n, rate, one) for _ in range(options.repeat)]
    report("platform_stk: balance, steady rate", "dialogues/s", steady, offered=round(rate, 1), **extra)


async def statements(running: Platform, options: argparse.Namespace) -> None:
    """One run is one month of consumption statements for every member, until every receipt is stored."""
    from sqlalchemy import func, select  # noqa: PLC0415 - after the reactor

    from ykt_telecom.demo.people import WORK  # noqa: PLC0415
    from ykt_telecom.flows.statements.period import Period  # noqa: PLC0415
    from ykt_telecom.flows.statements.runs import run_one  # noqa: PLC0415
    from ykt_telecom.flows.statements.states import StatementKind  # noqa: PLC0415
    from ykt_telecom.flows.statements.tables import statement  # noqa: PLC0415

    period = Period.of(datetime.now(running.service.clock.now().tzinfo))
    runs, segments = [], 0
    for _ in range(options.repeat):
        period = period.before()
        undelivered = (select(func.count()).select_from(statement).where(statement.c.period == str(period))).where(
            statement.c.state.not_in(("DELIVERED", "SUPPRESSED"))
        )
        start = time.perf_counter()
        done = await run_one(running.service.committer, WORK.number, StatementKind.CONSUMPTION, period)
        while await running.service.committer.read(lambda conn, query=undelivered: conn.execute(query).scalar_one()):
            await asyncio.sleep(0.02)
        runs.append(Run(done.written, time.perf_counter() - start, []))
        segments = done.segments
    report("platform_stk: statements", "statements/s", runs, segments=segments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=300, help="Dialogues in a repetition.")
    parser.add_argument("--phones", type=int, default=200)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--rate", type=float, default=0.0, help="Dialogues begun a second; 0: half the rate reached.")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()

    async def live(reactor: Any) -> None:
        async with platform(reactor, options.phones) as running:
            await dialogues(running, options)
            await statements(running, options)

    run_in_reactor(live)


if __name__ == "__main__":
    main()
