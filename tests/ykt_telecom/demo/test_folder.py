"""The folder of `ykt demo --data`: whose it is, and what a kill during its set-up leaves behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from ykt_telecom.demo.world import MARK, DemoFolder, DemoShape, NotADemo

SHAPE = DemoShape(3, 1)


def test_a_finished_demo_goes_on_and_keeps_its_files(tmp_path: Path) -> None:
    """The second start finds the first one's world, and wants the same cards and seed."""
    folder = tmp_path / "demo"
    first = DemoFolder(folder, SHAPE)
    assert first.is_new
    (folder / "world").mkdir()
    first.finish()
    first.close()
    second = DemoFolder(folder, SHAPE)
    assert not second.is_new
    assert (folder / "world").is_dir()
    second.close()
    with pytest.raises(NotADemo, match="3 cards and seed 1"):
        DemoFolder(folder, DemoShape(4, 1))


def test_a_set_up_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    """Nobody has to clean up by hand; another number of cards is fine as well."""
    killed = DemoFolder(tmp_path, SHAPE)
    (tmp_path / "database").mkdir()
    killed.close()
    again = DemoFolder(tmp_path, DemoShape(5, 2))
    assert again.is_new
    assert not (tmp_path / "database").exists()
    again.close()


def test_the_folder_of_a_running_demo_is_left_alone(tmp_path: Path) -> None:
    """Two demos would fight over one world; one that is still being set up must not be cleared away."""
    running = DemoFolder(tmp_path, SHAPE)
    (tmp_path / "world").mkdir()
    with pytest.raises(NotADemo, match="another running demo"):
        DemoFolder(tmp_path, SHAPE)
    assert (tmp_path / "world").is_dir()
    running.close()


@pytest.mark.parametrize("mark", ["{bad", "[]", '{"cards": 3}', '{"cards": "x", "seed": 1}', "\xff"])
def test_a_damaged_mark_is_named(tmp_path: Path, mark: str) -> None:
    """One line, no traceback, nothing deleted."""
    (tmp_path / MARK).write_bytes(mark.encode("latin-1"))
    (tmp_path / "database").mkdir()
    with pytest.raises(NotADemo, match="damaged"):
        DemoFolder(tmp_path, SHAPE)
    assert (tmp_path / "database").is_dir()


def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    """A demo never moves in with other files."""
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(NotADemo, match="not empty and no demo"):
        DemoFolder(tmp_path, SHAPE)
