"""Whole worlds with every fault at once, from seeds: the rules that money stands on hold."""

from __future__ import annotations

import pytest

from ykt_telecom.simulation.faults import Fault
from ykt_telecom.simulation.world import run_seed

#: A sample of `make sim`, which plays thousands.
SEEDS = range(8)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_with_faults_breaks_no_rule(seed: int) -> None:
    """Links drop, disks fill, services die, somebody forges: afterwards everybody has what is theirs, once."""
    assert run_seed(seed).violation is None


def test_a_world_is_the_same_every_time() -> None:
    """A seed that failed at night fails in the morning."""
    first, second = run_seed(1), run_seed(1)
    assert (first.digest, first.hits) == (second.digest, second.hits)


def test_a_world_at_peace_has_no_faults() -> None:
    """Without faults nothing is hit, nothing is broken, nobody dies."""
    run = run_seed(0, ())
    assert (run.violation, run.lives, run.hits) == (None, 1, {})
    assert run.events > 50
    assert not any(run.hits[fault] for fault in Fault)
