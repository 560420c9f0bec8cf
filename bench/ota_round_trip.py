"""OTA round trips, durable: order → counter and packet → submit_sm → card → authentic PoR → APPLIED.

`python -m bench.ota_round_trip`: QUERY jobs, the platform in this process, SMSC and cards in a second one; at 300 cards
and at 100,000 with 50,000 ended jobs, and the ratio of the two costs.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

from .figures import Run, in_time, line
from .platform_lab import DATABASE, platform
from .reactor import run_in_reactor
from .sizes import Size, at_both_sizes


async def measure(reactor: Any, size: Size, *, options: argparse.Namespace) -> dict[str, Any]:
    """The figures at one size."""
    async with platform(reactor, size.cards, ended_jobs=size.ended_jobs) as running:

        async def work() -> tuple[list[Run], float]:
            await running.round_trips(max(300, options.n // 10), options.window)  # warm
            before = (await running.simulated.tell(do="cost"))["cpu"]
            runs = [await running.round_trips(options.n, options.window) for _ in range(options.repeat)]
            return runs, (await running.simulated.tell(do="cost"))["cpu"] - before

        runs, cpu = await in_time(work(), options.deadline, "ota_round_trip", running.died())
        simulator = round(cpu / options.n / options.repeat * 1e6)
    return line(
        "ota_round_trip",
        "round trips/s",
        runs,
        cards=size.cards,
        database=DATABASE,
        ended_jobs=size.ended_jobs,
        simulator_cpu_us=simulator,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=6000)
    parser.add_argument("--window", type=int, default=400)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--deadline", type=float, default=60.0, help="Seconds for one size.")
    options = parser.parse_args()

    run_in_reactor(lambda reactor: at_both_sizes("ota_round_trip", partial(measure, reactor, options=options)))


if __name__ == "__main__":
    main()
