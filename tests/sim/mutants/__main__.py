"""Plants one bug after the other in a copy of the tree and plays worlds until a rule is broken.

    python -m tests.sim.mutants [--seeds N] [NAME…]

Each patch beside this file is such a bug. One that no seed catches says that the simulation looks away: exit status 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PACKAGES = ("telecom_codecs", "smsc_gateway", "stk_applet_sim", "ykt_telecom")
LONGEST = 600  #: seconds for one bug
PLAY = """
import sys
from ykt_telecom.simulation.cli import be_quiet
from ykt_telecom.simulation.world import run_seed
be_quiet()
for seed in range(int(sys.argv[1])):
    try:
        why = run_seed(seed).violation
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
    if why:
        print(seed, why.splitlines()[0][:160])
        break
"""


def caught(patch: Path, seeds: int) -> str | None:
    """The seed that broke a rule and which; None when all of them held."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        for package in PACKAGES:
            shutil.copytree(ROOT / package, Path(folder, package), ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["patch", "-s", "-p1", "-i", str(patch)], cwd=folder, check=True)
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        try:
            played = subprocess.run(
                [sys.executable, "-c", PLAY, str(seeds)],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None  # a slow machine looks the same: it proves nothing
    if played.returncode:
        raise RuntimeError(f"{patch.name} does not start: {played.stderr[-2000:]}")
    return played.stdout.strip() or None


def main() -> int:
    """Every bug, two at a time."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--seeds", type=int, default=40)
    asked.add_argument("names", nargs="*")
    given = asked.parse_args()
    patches = [path for path in sorted(HERE.glob("*.patch")) if not given.names or path.stem in given.names]
    missed = 0
    with ThreadPoolExecutor(2) as pool:
        for patch, seen in zip(patches, pool.map(lambda patch: caught(patch, given.seeds), patches), strict=True):
            missed += seen is None
            told = f"NOT CAUGHT by {given.seeds} seeds" if seen is None else f"seed {seen}"
            sys.stdout.write(f"{patch.stem}: {told}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(patches) - missed} of {len(patches)} caught\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
