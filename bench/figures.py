"""One JSON line for a bench: the keys every figure has, and the closing time no bench may miss."""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
REFERENCE = 0.0125  #: seconds of CPU for the piece of work of `slowness`, CPython 3.11 on an EPYC core of its own
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


class TooLate(RuntimeError):
    """The bench did not end in its time, or what it measures has died. The message says which, and why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One repetition: items done, seconds it took, CPU seconds of the platform's process, latencies in seconds."""

    n: int
    seconds: float
    cpu: float
    latencies: Sequence[float] = ()


def resident_mb(pid: int | str = "self") -> float:
    """What a process holds of the memory now."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * PAGE_MB


def slowness() -> float:
    """CPU time of a fixed piece of work, by what it takes on the quiet reference machine.

    CPU time is no constant: neighbours on the same core make the same work take twice of it.
    """
    taken = []
    for _ in range(5):
        begun, total = time.process_time(), 0
        for number in range(200_000):
            total += number
        taken.append(time.process_time() - begun)
    return round(statistics.median(taken) / REFERENCE, 2)


def percentile(latencies: Sequence[float], part: float) -> float | None:
    """Milliseconds below which this part of the latencies lies; None without any."""
    if not latencies:
        return None
    return round(sorted(latencies)[min(len(latencies) - 1, int(len(latencies) * part))] * 1e3, 1)


def line(bench: str, unit: str, runs: Sequence[Run], *, cards: int, database: str, **more: Any) -> dict[str, Any]:
    """The figures of some repetitions: medians with their spread, latencies of all."""
    rates = [run.n / run.seconds for run in runs]
    costs = [run.cpu / run.n * 1e6 for run in runs]
    latencies = [latency for run in runs for latency in run.latencies]
    return {
        "bench": bench,
        "n": sum(run.n for run in runs),
        "rate": round(statistics.median(rates), 1),
        "unit": unit,
        "p50_ms": percentile(latencies, 0.5),
        "p99_ms": percentile(latencies, 0.99),
        "rss_mb": round(resident_mb(), 1),
        "platform_cpu_us": round(statistics.median(costs)),
        "cards": cards,
        "database": database,
        "least": round(min(rates), 1),
        "most": round(max(rates), 1),
        "platform_cpu_us_least": round(min(costs)),
        "platform_cpu_us_most": round(max(costs)),
        "load": round(os.getloadavg()[0], 1),
        "slowness": slowness(),
        **more,
    }


def tell(figures: dict[str, Any]) -> None:
    """Print one line."""
    print(json.dumps(figures, ensure_ascii=False), flush=True)


async def in_time(work: Awaitable[T], seconds: float, what: str, death: Awaitable[str] | None = None) -> T:
    """The result of `work`; TooLate after `seconds`, or as soon as `death` says why there will be none."""
    working = asyncio.ensure_future(work)
    dying = None if death is None else asyncio.ensure_future(death)
    waiting = {working} if dying is None else {working, dying}
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if dying is not None and dying.done():
            raise TooLate(f"{what}: the platform stopped: {dying.result()}")
        raise TooLate(f"{what}: not done after {seconds:.0f} s")
    finally:
        for task in waiting:
            task.cancel()
