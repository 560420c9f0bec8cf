"""Whole worlds with every fault at once, from seeds: the rules that money stands on hold."""

from __future__ import annotations

import pytest

from ykt_telecom.simulation.faults import Fault
from ykt_telecom.simulation.world import run_seed

#: A sample of `make sim`, which plays thousands.
SEEDS = range(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_world_with_faults_breaks_no_rule(seed: int) -> None:
    """Links drop, disks fill, services die, somebody forges: afterwards everybody has what is theirs, once."""
    assert run_seed(seed).violation is None


def test_a_world_at_peace_has_no_faults() -> None:
    """Without faults nothing is hit, nothing is broken, nobody dies."""
    run = run_seed(0, ())
    assert (run.violation, run.lives, run.hits) == (None, 1, {})
    assert run.events > 50
    assert not any(run.hits[fault] for fault in Fault)
