"""What a round trip leaves on the disk: growth of the database, by round trip.

`python -m bench.disk`: QUERY jobs on 300 cards; exit status 1 above `--most` octets.
"""

from __future__ import annotations

import argparse
from typing import Any

from .figures import Run, in_time, line, tell
from .platform_lab import DATABASE, platform
from .reactor import run_in_reactor
from .sizes import SMALL

WINDOW = 400


async def measure(reactor: Any, options: argparse.Namespace) -> None:
    async with platform(reactor, SMALL.cards) as running:

        async def work() -> tuple[Run, int]:
            await running.round_trips(SMALL.cards, WINDOW)  # what a card needs once is not what a round trip costs
            before = await running.database_octets()
            run = await running.round_trips(options.n, WINDOW)
            return run, await running.database_octets() - before

        run, octets = await in_time(work(), options.deadline, "disk", running.died())
    each = round(octets / run.n)
    figures = line("disk", "round trips/s", [run], cards=SMALL.cards, database=DATABASE)
    tell({**figures, "octets_per_round_trip": each})
    if each > options.most:
        raise SystemExit(f"disk: {each} octets a round trip, at most {options.most}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--most", type=int, default=1400, help="Octets that a round trip may leave.")
    parser.add_argument("--deadline", type=float, default=60.0)
    options = parser.parse_args()
    run_in_reactor(lambda reactor: measure(reactor, options))


if __name__ == "__main__":
    main()
