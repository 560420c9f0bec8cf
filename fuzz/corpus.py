"""Octets of strangers to start from: the curated rows of tests/vectors, and YKT_VECTORS where it is present."""

from __future__ import annotations

import functools
import json
import os
import tomllib
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
CURATED: Final = ROOT / "tests" / "vectors"
FOREIGN: Final = Path(os.environ.get("YKT_VECTORS", ROOT.parent / "shared" / "vectors"))
MOST: Final = 400  #: seeds of one kind; more only cost time


@functools.cache
def _rows() -> tuple[dict[str, Any], ...]:
    rows: list[dict[str, Any]] = []
    for path in sorted(CURATED.glob("*.toml")):
        rows += tomllib.loads(path.read_text(encoding="utf-8")).get("vector", [])
    for path in (FOREIGN / "ota.json", FOREIGN / "cat.json"):
        if path.is_file():
            rows += json.loads(path.read_text(encoding="utf-8"))["vectors"]
    return tuple(rows)


def octets(*kinds: str, field: str = "hex") -> tuple[bytes, ...]:
    """The octets in `field` of all rows of these kinds, each once."""
    found = [row[field] for row in _rows() if row.get("kind") in kinds and isinstance(row.get(field), str)]
    return tuple(dict.fromkeys(bytes.fromhex(text) for text in found))[:MOST]


def pdus() -> tuple[bytes, ...]:
    """SMPP PDUs."""
    return tuple(bytes.fromhex(row["octets"]) for row in _rows() if "pdu" in row and "octets" in row)
