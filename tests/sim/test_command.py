"""`ykt simulate`, as a person calls it."""

from __future__ import annotations

from click.testing import CliRunner

from ykt_telecom.simulation.cli import simulate


def test_a_seed_is_played_again_by_one_line() -> None:
    """Twice the same record, what it met, and that all rules held."""
    told = CliRunner().invoke(simulate, ["--seed", "2", "--replay"])
    assert told.exit_code == 0, told.output
    assert told.output.count("all rules held") == 2


def test_a_few_seeds_end_with_hits_and_a_verdict() -> None:
    """How often each fault was met, and one line for all."""
    told = CliRunner().invoke(simulate, ["--seeds", "1", "--processes", "1"])
    assert told.exit_code == 0, told.output
    assert "the same record" in told.output
    assert "clock_step" in told.output
