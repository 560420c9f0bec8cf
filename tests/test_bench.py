"""What the benches promise: they end in their time, say why the platform died, and hold their figures to the floors."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.__main__ import ALL_SECONDS, BRIEF, FIRST, LONG, SECONDS, benches, run
from bench.figures import Run, TooLate, in_time, line, percentile
from bench.filling import filled
from bench.sizes import FLOORS, LARGE, SMALL, objections, ratio
from tests.tasks import in_task

#: what other people's programs read of a line
KEYS = ("bench", "n", "rate", "unit", "p50_ms", "p99_ms", "rss_mb", "platform_cpu_us", "cards", "database")


def a_line(bench: str = "ota_round_trip", cpu: float = 0.2, **changes: Any) -> dict[str, Any]:
    figures = line(bench, "x/s", [Run(1000, 2.0, cpu, [0.01] * 98 + [0.5, 0.5])], cards=300, database="sqlite")
    return {**figures, "slowness": 1.0, **changes}


def test_a_line_has_the_keys_that_others_rely_on() -> None:
    """Names, order and units are those of the interface; spread and load of the machine stand behind them."""
    figures = a_line()
    assert tuple(figures)[: len(KEYS)] == KEYS
    assert (figures["rate"], figures["platform_cpu_us"], figures["p50_ms"], figures["p99_ms"]) == (
        500.0,
        200,
        10.0,
        500.0,
    )
    assert {"least", "most", "load", "slowness"} <= set(figures)


def test_percentiles_of_nothing_are_none() -> None:
    """A bench without latencies says so."""
    assert percentile([], 0.99) is None
    assert percentile([0.001], 0.99) == 1.0


@pytest.mark.parametrize("bench", sorted(FLOORS))
def test_cost_over_the_floor_is_an_objection(bench: str) -> None:
    """At the floor is good, one microsecond more is not, and a machine slowed down by neighbours is forgiven."""
    floor = FLOORS[bench]
    assert objections([a_line(bench, platform_cpu_us=floor)]) == []
    (words,) = objections([a_line(bench, platform_cpu_us=floor + 1)])
    assert words.startswith(f"{bench} at 300 cards: {floor + 1} us")
    assert objections([a_line(bench, platform_cpu_us=floor + 1, slowness=1.5)]) == []
    assert objections([a_line(bench, platform_cpu_us=floor + 1, slowness=0.5)]), "a fast machine is held to the floor"


def test_cost_that_grows_with_the_database_is_an_objection() -> None:
    """1.2 is the most."""
    small, large = a_line(platform_cpu_us=100), a_line(platform_cpu_us=121, cards=100_000)
    assert objections([small, large, ratio("ota_round_trip", [small, large])]) == [
        "ota_round_trip ratio: 1.21, at most 1.2: the cost grows with the database"
    ]
    assert (SMALL.cards, LARGE.cards, LARGE.ended_jobs) == (300, 100_000, 50_000)


def test_the_whole_of_it_ends_within_its_time() -> None:
    """The hot ones come first, every brief one exists, and `make bench` and `make bench-check` are there."""
    assert benches()[: len(FIRST)] == FIRST
    assert set(BRIEF) == set(FIRST) == set(FLOORS)
    assert set(LONG) <= set(benches())
    assert sum(SECONDS.values()) <= 450 < ALL_SECONDS <= 600
    makefile = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
    assert "\nbench:" in makefile
    assert "\nbench-check:" in makefile


def test_a_bench_gets_no_more_than_what_is_left_of_all(capfd: pytest.CaptureFixture[str]) -> None:
    """The ten minutes are over: it is ended, and said so."""
    assert run("codecs", capture=True, left=0.0) is None
    assert "codecs: not done after 0 s" in capfd.readouterr().err


def test_the_database_of_a_bench_fits_the_schema_of_today(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cards, keys, applications, ended and open jobs; the second copy is that of the first time."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made = [filled(tmp_path / name, 3, 4, 2) for name in ("first", "second")]
    assert made[0].read_bytes() == made[1].read_bytes()
    with closing(sqlite3.connect(made[0])) as conn:
        counted = "select (select count(*) from card), (select count(*) from card_key), (select count(*) from job)"
        counts = conn.execute(counted).fetchone()
        assert not conn.execute("pragma foreign_key_check").fetchall()
    assert counts == (3, 15, 6)


@in_task
async def test_a_bench_that_hangs_is_ended() -> None:
    """It says what was late."""
    with pytest.raises(TooLate, match="round trips: not done after 0 s"):
        await in_time(asyncio.Event().wait(), 0.01, "round trips")


@in_task
async def test_a_bench_whose_platform_dies_ends_with_the_reason() -> None:
    """Not after its deadline, but at once."""

    async def death() -> str:
        return "jobs: database is locked"

    with pytest.raises(TooLate, match="round trips: the platform stopped: jobs: database is locked"):
        await in_time(asyncio.Event().wait(), 60.0, "round trips", death())


@in_task
async def test_a_bench_in_time_gives_its_result_and_its_failure() -> None:
    """What the work returned or raised, untouched."""

    async def work() -> int:
        return 7

    async def fail() -> int:
        raise ValueError("a QUERY ended FAILED")

    assert await in_time(work(), 5.0, "x") == 7
    with pytest.raises(ValueError, match="ended FAILED"):
        await in_time(fail(), 5.0, "x")
