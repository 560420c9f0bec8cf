"""Memory of platform and simulator over a million round trips, in ten slices; it must not grow.

`python -m bench.memory [--n N]`; a line a slice. Exit status 1 when the platform holds `--most` MB more after the last
slice than after the first.
"""

from __future__ import annotations

import argparse
from typing import Any

from .figures import in_time, line, resident_mb, tell
from .platform_lab import DATABASE, platform
from .reactor import run_in_reactor
from .sizes import SMALL

SLICES = 10
WINDOW = 400


async def measure(reactor: Any, options: argparse.Namespace) -> None:
    held: list[float] = []
    async with platform(reactor, SMALL.cards) as running:
        for number in range(1, SLICES + 1):
            work = running.round_trips(options.n // SLICES, WINDOW)
            run = await in_time(work, options.deadline / SLICES, f"slice {number}", running.died())
            held.append(resident_mb())
            simulator = (await running.simulated.tell(do="cost"))["rss_mb"]
            figures = line("memory", "round trips/s", [run], cards=SMALL.cards, database=DATABASE, slice=number)
            tell({**figures, "simulator_rss_mb": round(simulator, 1)})
    growth = held[-1] - held[0]
    tell({"bench": "memory growth", "n": options.n, "growth_mb": round(growth, 1)})
    if growth > options.most:
        raise SystemExit(f"memory: {growth:.1f} MB more after the last slice than after the first")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--most", type=float, default=20.0, help="MB of growth that are allowed.")
    parser.add_argument("--deadline", type=float, default=7200.0)
    options = parser.parse_args()
    run_in_reactor(lambda reactor: measure(reactor, options))


if __name__ == "__main__":
    main()
