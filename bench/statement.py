"""Statements of a month, written → submitted → receipt stored, the SMSC in a second process.

`python -m bench.statement`: one enterprise's members, month after month into the past, at both sizes.
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

        async def work() -> list[Run]:
            await running.statements(1)  # warm
            runs: list[Run] = []
            done, months = 0, 1
            while done < options.n or len(runs) < options.repeat:
                months += 1
                runs.append(await running.statements(months))
                done += runs[-1].n
            return runs

        runs = await in_time(work(), options.deadline, "statement", running.died())
    return line("statement", "statements/s", runs, cards=size.cards, database=DATABASE, ended_jobs=size.ended_jobs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=3000, help="At least so many in all.")
    parser.add_argument("--repeat", type=int, default=3, help="At least so many months.")
    parser.add_argument("--deadline", type=float, default=60.0, help="Seconds for one size.")
    options = parser.parse_args()
    run_in_reactor(lambda reactor: at_both_sizes("statement", partial(measure, reactor, options=options)))


if __name__ == "__main__":
    main()
