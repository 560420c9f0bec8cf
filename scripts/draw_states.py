"""Draws every state machine of the platform: `make states` writes docs/states/ anew from the tables."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ykt_telecom.runtime.machine import Machine

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "states"


def machines() -> Iterator[Machine[Any, Any]]:
    """Every machine that a module of the platform declares."""
    seen: set[int] = set()
    for path in sorted((ROOT / "ykt_telecom").rglob("*.py")):
        if "= Machine(" not in path.read_text(encoding="utf-8"):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        for value in vars(module).values():
            if isinstance(value, Machine) and id(value) not in seen:
                seen.add(id(value))
                yield value


def pages() -> dict[str, str]:
    """File name → contents."""
    return {f"{machine.name}.md": machine.drawing() for machine in machines()}


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    drawn = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in drawn:
            path.unlink()
    for name, text in drawn.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(drawn)} drawings in {FOLDER.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
