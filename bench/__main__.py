"""`python -m bench [NAME…]`: the benches, one after the other, each in a process of its own; JSON lines on stdout.

A bench is a module of this folder with a function `main`. Each has its time; one that takes longer is ended. Exit
status 1 when one of them failed. All of them together have ten minutes, unless some were named.

`python -m bench --check` runs the platform's hot ones briefly and fails when an item costs more CPU than its floor, or
more at the larger size than at the smaller.
"""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from .sizes import objections

FOLDER = Path(__file__).parent
#: First the platform's hot paths, then the rest by name.
FIRST: Final = ("ota_round_trip", "stk_balance", "statement")
#: Benches that take longer than all others together may; they run when they are named.
LONG: Final = ("memory",)
SECONDS: Final = {"ota_round_trip": 150.0, "stk_balance": 180.0, "statement": 120.0}
OTHERS_SECONDS: Final = 90.0
ALL_SECONDS: Final = 600.0
BRIEF: Final = {
    "ota_round_trip": ("--n", "1500", "--repeat", "3"),
    "stk_balance": ("--n", "500", "--repeat", "3", "--brief"),
    "statement": ("--n", "1000", "--repeat", "3"),
}


def benches() -> tuple[str, ...]:
    """Names of the modules that have a `main`, in the order they run."""
    found = [
        path.stem
        for path in sorted(FOLDER.glob("*.py"))
        if not path.stem.startswith("__")
        and any(
            isinstance(node, ast.FunctionDef) and node.name == "main"
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    ]
    return (*FIRST, *(name for name in found if name not in FIRST))


def run(
    name: str, *options: str, capture: bool = False, left: float | None = ALL_SECONDS
) -> subprocess.CompletedProcess[str] | None:
    """One bench; None when it did not end in its time, or in what is `left` of that of all. `left` None: no bound."""
    command = [sys.executable, "-m", f"bench.{name}", *options]
    seconds = None if left is None else max(0.0, min(SECONDS.get(name, OTHERS_SECONDS), left))
    try:
        output = subprocess.PIPE if capture else None
        return subprocess.run(command, check=False, timeout=seconds, stdout=output, text=True)
    except subprocess.TimeoutExpired:
        print(f"{name}: not done after {seconds:.0f} s, ended", file=sys.stderr)
        return None


def check() -> int:
    """The hot ones briefly, held to their floors."""
    lines: list[dict[str, Any]] = []
    for name in FIRST:
        done = run(name, *BRIEF[name], capture=True)
        if done is None or done.returncode:
            print(f"{name} failed", file=sys.stderr)
            return 1
        print(done.stdout, end="", flush=True)
        lines += map(json.loads, done.stdout.splitlines())
    found = objections(lines)
    for words in found:
        print(words, file=sys.stderr)
    return 1 if found else 0


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        return check()
    named = sys.argv[1:]
    chosen = [name for name in benches() if name in named or (not named and name not in LONG)]
    if not chosen:
        print(f"no such bench; there are: {', '.join(benches())}", file=sys.stderr)
        return 2
    failed = []
    begun = time.monotonic()
    for name in chosen:
        left = None if named else ALL_SECONDS - (time.monotonic() - begun)
        done = run(name, left=left)
        if done is None or done.returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
