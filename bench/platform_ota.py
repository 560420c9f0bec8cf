"""OTA round trips, durable: order → counter and packet → submit_sm → card → authentic PoR → APPLIED.

`python -m bench.platform_ota`: QUERY jobs on N cards, SQLite with synchronous=FULL, loopback
SMPP; simulator and cards in the same process, then in a second one.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from .platform_lab import Platform, Run, closed_loop, platform, report, run_in_reactor


async def round_trips(running: Platform, n: int, window: int) -> Run:
    """`n` QUERY jobs, `window` open at a time."""
    from ykt_telecom.demo.people import WORK  # noqa: PLC0415 - after the reactor
    from ykt_telecom.ota.outcome import JobKind  # noqa: PLC0415

    cards = running.world.cards

    async def one(number: int) -> None:
        outcome = await running.order(JobKind.QUERY, cards[number % len(cards)], WORK.number)
        if outcome.state != "APPLIED":
            raise RuntimeError(f"a QUERY ended {outcome.state}: {outcome.reason}")

    return await closed_loop(n, window, one)


async def measure(reactor: Any, options: argparse.Namespace, *, distant: bool) -> None:
    async with platform(reactor, options.cards, distant=distant) as running:
        await round_trips(running, options.cards, options.window)  # warm
        before, committer = time.process_time(), running.service.committer
        transactions = committer.transactions
        runs = [await round_trips(running, options.n, options.window) for _ in range(options.repeat)]
        total = options.n * options.repeat
        report(
            "platform_ota: " + ("simulator and cards in a second process" if distant else "one process"),
            "round trips/s",
            runs,
            cards=options.cards,
            window=options.window,
            cpu_us=round((time.process_time() - before) / total * 1e6),
            transactions=round((committer.transactions - transactions) / total, 2),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=600)
    parser.add_argument("--cards", type=int, default=300)
    parser.add_argument("--window", type=int, default=200)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--only", choices=("one", "two"), help="One arrangement instead of both.")
    options = parser.parse_args()

    async def both(reactor: Any) -> None:
        if options.only != "two":
            await measure(reactor, options, distant=False)
        if options.only != "one":
            await measure(reactor, options, distant=True)

    run_in_reactor(both)


if __name__ == "__main__":
    main()
