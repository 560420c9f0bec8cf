"""`ykt simulate`: as many seeds as wanted, on two processes; what they met, and the first that broke a rule."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

import click
import structlog

from .faults import Fault
from .world import Run, run_seed

PROCESSES = 2
#: With fewer seeds than these a fault may be missing by chance; then it is only told.
ENOUGH_TO_HIT = 100


@click.command()
@click.option("--seeds", default=200, show_default=True, help="How many worlds.")
@click.option("--seed", "first", default=0, show_default=True, help="The first of them.")
@click.option("--replay", is_flag=True, help="Only the world of --seed, twice; tell what it met and compare.")
@click.option("--processes", default=PROCESSES, show_default=True)
def simulate(seeds: int, first: int, replay: bool, processes: int) -> None:
    """Play whole installations with faults on virtual time, and check what must hold after each.

    Exit status 1: a rule was broken, a fault was never met, or a seed played twice gave two records.
    """
    be_quiet()
    if replay:
        sys.exit(_replay(first))
    began = time.process_time()
    hits: Counter[Fault] = Counter()
    broken: list[Run] = []
    digests: dict[int, str] = {}
    events = lives = 0
    for run in _runs(range(first, first + seeds), processes):
        hits += run.hits
        events, lives = events + run.events, lives + run.lives
        digests[run.seed] = run.digest
        if run.violation is not None:
            broken.append(run)
            click.echo(f"seed {run.seed}: {run.violation}\n  replay: ykt simulate --seed {run.seed} --replay")
    again = run_seed(first)
    for fault in Fault:
        click.echo(f"{hits[fault]:>9} {fault.name.lower()}")
    missed = [fault.name.lower() for fault in Fault if not hits[fault]] if seeds >= ENOUGH_TO_HIT else []
    same = again.digest == digests[first]
    click.echo(
        f"{seeds} seeds, {events} PDUs, {lives} lives, {len(broken)} violations; seed {first} twice: "
        f"{'the same record' if same else 'TWO RECORDS'}; {time.process_time() - began:.0f} s CPU of this process"
    )
    if missed:
        click.echo(f"never met: {', '.join(missed)}")
    sys.exit(1 if broken or missed or not same else 0)


def _runs(seeds: Iterable[int], processes: int) -> Iterator[Run]:
    if processes < 2:
        yield from map(run_seed, seeds)
        return
    with ProcessPoolExecutor(processes, initializer=be_quiet) as pool:
        yield from pool.map(run_seed, seeds, chunksize=4)


def _replay(seed: int) -> int:
    runs = [run_seed(seed), run_seed(seed)]
    for run in runs:
        met = ", ".join(f"{fault.name.lower()} {run.hits[fault]}" for fault in Fault if run.hits[fault])
        click.echo(f"seed {seed}: {run.digest[:16]} {run.events} PDUs, {run.lives} lives; {met}")
        click.echo(f"  {run.violation or 'all rules held'}")
    same = runs[0].digest == runs[1].digest
    if not same:
        click.echo("two records of one seed: something takes its time or its chance from outside")
    return 0 if same and runs[0].violation is None else 1


def be_quiet() -> None:
    """Worlds of faults warn without end; what counts is told by the rules."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
