"""The two sizes at which the platform is measured, what an item may cost, and what the larger size may cost more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .figures import tell


@dataclass(frozen=True, slots=True)
class Size:
    """How many cards the database has, and how many jobs that ended."""

    cards: int
    ended_jobs: int


SMALL, LARGE = Size(300, 0), Size(100_000, 50_000)
SIZES: Final = (SMALL, LARGE)

#: CPU microseconds of the platform that one item may cost, by bench; and the ratio of the two sizes.
FLOORS: Final = {"ota_round_trip": 300, "statement": 200, "stk_balance": 500}
MOST_RATIO: Final = 1.2


def ratio(bench: str, lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What an item costs at the larger size, by what it costs at the smaller."""
    small, large = (figures["platform_cpu_us"] for figures in lines)
    return {
        "bench": f"{bench} ratio",
        "cards": [figures["cards"] for figures in lines],
        "ratio": round(large / small, 2),
    }


async def at_both_sizes(bench: str, measure: Callable[[Size], Awaitable[dict[str, Any]]]) -> None:
    """Print the figures of both sizes, and the ratio of their costs."""
    found = []
    for size in SIZES:
        found.append(await measure(size))
        tell(found[-1])
    tell(ratio(bench, found))


def objections(lines: Sequence[dict[str, Any]]) -> list[str]:
    """What of these figures is over a floor, in words.

    A machine that is slowed down by neighbours is forgiven as much as it was slow; a faster one is held to the floor.
    """
    found = []
    for figures in lines:
        bench = str(figures["bench"])
        if "ratio" in figures and figures["ratio"] > MOST_RATIO:
            found.append(f"{bench}: {figures['ratio']}, at most {MOST_RATIO}: the cost grows with the database")
        cost, floor = figures.get("platform_cpu_us"), FLOORS.get(bench)
        if cost is None or floor is None:
            continue
        slow = max(1.0, figures.get("slowness", 1.0))
        if cost > floor * slow:
            found.append(f"{bench} at {figures['cards']} cards: {cost} us of CPU an item, at most {floor} (x {slow})")
    return found
