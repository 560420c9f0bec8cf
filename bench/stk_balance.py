"""STK balance dialogues: sealed request → deliver_sm → answer packet → queued on the card, SMSC and cards in a second
process. The requests are sealed before the measurement.

`python -m bench.stk_balance`: at both sizes as fast as a window allows; then, at the small one, at a steady rate, and
beside a stream of jobs at full speed.
"""

from __future__ import annotations

import argparse
import asyncio
from functools import partial
from typing import Any

from .figures import Run, in_time, line, tell
from .platform_lab import DATABASE, Platform, platform
from .reactor import run_in_reactor
from .sizes import SMALL, Size, at_both_sizes

ENDLESS = 10_000_000
JOBS_OPEN = 400


async def measure(reactor: Any, size: Size, *, options: argparse.Namespace) -> dict[str, Any]:
    """The figures at one size, `window` at a time."""
    async with platform(reactor, size.cards, ended_jobs=size.ended_jobs) as running:

        async def work() -> list[Run]:
            await running.dialogues(options.n // 3, window=options.window)  # warm
            return [await running.dialogues(options.n, window=options.window) for _ in range(options.repeat)]

        runs = await in_time(work(), options.deadline, "stk_balance", running.died())
    return line(
        "stk_balance",
        "dialogues/s",
        runs,
        cards=size.cards,
        database=DATABASE,
        ended_jobs=size.ended_jobs,
        window=options.window,
    )


async def beside_others(reactor: Any, options: argparse.Namespace) -> None:
    """At a steady rate, alone and beside jobs; the CPU of the second counts the jobs, so it is left out."""
    async with platform(reactor, SMALL.cards) as running:

        async def alone() -> Run:
            await running.dialogues(options.n // 3, window=options.window)
            return await running.dialogues(options.n, rate=options.rate)

        quiet = await in_time(alone(), options.deadline, "stk_balance steady", running.died())
        common: dict[str, Any] = {"cards": SMALL.cards, "database": DATABASE, "offered": options.rate}
        tell(line("stk_balance steady", "dialogues/s", [quiet], **common))
        busy, jobs = await in_time(_both(running, options), options.deadline, "stk_balance beside jobs", running.died())
        figures = line("stk_balance beside jobs", "dialogues/s", [busy], **common)
        del figures["platform_cpu_us"], figures["platform_cpu_us_least"], figures["platform_cpu_us_most"]
        tell({**figures, "jobs_rate": round(jobs.n / jobs.seconds, 1)})


async def _both(running: Platform, options: argparse.Namespace) -> tuple[Run, Run]:
    stream = asyncio.ensure_future(running.round_trips(ENDLESS, JOBS_OPEN))
    try:
        dialogues = await running.dialogues(options.n, rate=options.rate)
    finally:
        running.stop_ordering()
    return dialogues, await stream


async def everything(reactor: Any, options: argparse.Namespace) -> None:
    await at_both_sizes("stk_balance", partial(measure, reactor, options=options))
    if not options.brief:
        await beside_others(reactor, options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1500, help="Dialogues in a repetition.")
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--rate", type=float, default=200.0, help="Dialogues begun a second in the steady parts.")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--deadline", type=float, default=60.0, help="Seconds for one part.")
    parser.add_argument("--brief", action="store_true", help="Both sizes only.")
    options = parser.parse_args()
    run_in_reactor(lambda reactor: everything(reactor, options))


if __name__ == "__main__":
    main()
