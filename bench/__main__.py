"""`python -m bench [NAME…]`: every bench, one after the other, each in a process of its own; JSON lines on stdout.

A bench is a module of this folder with a function `main`. Exit status 1 when one of them failed.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def benches() -> tuple[str, ...]:
    """Names of the modules that have a `main`."""
    return tuple(
        path.stem
        for path in sorted(FOLDER.glob("*.py"))
        if not path.stem.startswith("__")
        and any(
            isinstance(node, ast.FunctionDef) and node.name == "main"
            for node in ast.parse(path.read_text(encoding="utf-8")).body
        )
    )


def main() -> int:
    chosen = [name for name in benches() if name in sys.argv[1:] or len(sys.argv) == 1]
    if not chosen:
        print(f"no such bench; there are: {', '.join(benches())}", file=sys.stderr)
        return 2
    failed = [
        name for name in chosen if subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False).returncode
    ]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
