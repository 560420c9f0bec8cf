"""Vectors from foreign implementations: the large sets of YKT_VECTORS and our curated, sourced selection."""

from __future__ import annotations

import functools
import json
import os
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("YKT_VECTORS", ROOT.parent / "shared" / "vectors"))

needs_vectors = pytest.mark.skipif(
    not FOLDER.is_dir(), reason="vectors: no such folder; set YKT_VECTORS to the folder with ota.json and cat.json"
)


@functools.cache
def foreign(name: str) -> tuple[dict[str, Any], ...]:
    """The vectors of `<YKT_VECTORS>/<name>.json`; empty when the folder is not there (see `needs_vectors`)."""
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        return ()
    return tuple(json.loads(path.read_text(encoding="utf-8"))["vectors"])


@functools.cache
def curated(name: str) -> tuple[dict[str, Any], ...]:
    """The rows of `tests/vectors/<name>.toml`: [[vector]] tables, each with its `source`."""
    path = Path(__file__).with_name(f"{name}.toml")
    return tuple(tomllib.loads(path.read_text(encoding="utf-8"))["vector"])
