"""Start of a platform with much to do: 100,000 cards and 50,000 open jobs, from the first line to the bind.

`python -m bench.startup`; exit status 1 above `--most` seconds. The open jobs are then worked on: how many have ended
after ten seconds is told beside.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from typing import Any

from .figures import in_time, resident_mb, slowness, tell
from .platform_lab import DATABASE, platform
from .reactor import run_in_reactor
from .sizes import LARGE

OPEN_JOBS = 50_000
WORKED_ON = 10.0  #: seconds


async def measure(reactor: Any, options: argparse.Namespace) -> None:
    cpu = time.process_time()
    async with platform(reactor, LARGE.cards, open_jobs=OPEN_JOBS) as running:
        cpu = time.process_time() - cpu
        seconds, at_once = running.started_in, resident_mb()
        ended = await in_time(_ended_after(running, WORKED_ON), WORKED_ON + 20, "startup", running.died())
    tell({
        "bench": "startup",
        "n": 1,
        "rate": round(1 / seconds, 2),
        "unit": "starts/s",
        "p50_ms": round(seconds * 1e3),
        "p99_ms": round(seconds * 1e3),
        "rss_mb": round(at_once, 1),
        "platform_cpu_us": round(cpu * 1e6),
        "cards": LARGE.cards,
        "database": DATABASE,
        "open_jobs": OPEN_JOBS,
        "ended_in_10_s": ended,
        "load": round(os.getloadavg()[0], 1),
        "slowness": slowness(),
    })  # fmt: skip
    if seconds > options.most:
        raise SystemExit(f"startup: {seconds:.1f} s, at most {options.most}")


async def _ended_after(running: Any, seconds: float) -> int:
    await asyncio.sleep(seconds)
    return OPEN_JOBS - int(await running.open_jobs())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=float, default=5.0, help="Seconds that a start may take.")
    options = parser.parse_args()
    run_in_reactor(lambda reactor: measure(reactor, options))


if __name__ == "__main__":
    main()
