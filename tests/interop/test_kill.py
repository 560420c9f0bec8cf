"""The real thing, killed: three of the lives that `python -m scripts.kill_demo` gives the demo."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_is_lost_when_the_demo_is_killed() -> None:
    """SIGKILL during deletions and statement runs: every job ends once, no counter twice, no statement missing."""
    command = [sys.executable, "-m", "scripts.kill_demo", "--rounds", "3", "--cards", "6"]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    assert killed.returncode == 0, killed.stdout + killed.stderr
    assert "3 kills: nothing lost" in killed.stdout
