"""Layers as text for people and as values for JSON.

What a packet brings must not steer the terminal that shows it: control characters and those that turn the direction of
writing stand as escapes.
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from .layer import Layer

WIDTH = 24  #: octets of a label shown on its line; the rest follows on lines of their own


def as_text(layer: Layer, *, depth: int = 0) -> str:
    """An indented listing: offset, octets, name, meaning."""
    indent = "  " * depth
    lines = [f"{indent}{layer.name}  ({len(layer.octets)} octets)"]
    for label in layer.labels:
        rows = [label.octets[at : at + WIDTH].hex() for at in range(0, len(label.octets), WIDTH)] or ["-"]
        meaning = f"  {harmless(label.meaning)}" if label.meaning else ""
        under = "  " * label.depth
        lines.append(f"{indent}  {label.offset:4}  {under}{rows[0]}  {label.name}{meaning}")
        lines.extend(f"{indent}        {under}{row}" for row in rows[1:])
    if layer.fault:
        lines.append(f"{indent}  !! {harmless(layer.fault)}")
    lines.extend(as_text(inner, depth=depth + 1) for inner in layer.inside)
    return "\n".join(lines)


def as_json(layer: Layer) -> dict[str, Any]:
    """The same as plain values; octets as hex."""
    return {
        "layer": layer.name,
        "octets": layer.octets.hex(),
        "fields": [
            {
                "offset": label.offset,
                "octets": label.octets.hex(),
                "name": label.name,
                "meaning": label.meaning,
                "depth": label.depth,
            }
            for label in layer.labels
        ],
        "fault": layer.fault,
        "inside": [as_json(inner) for inner in layer.inside],
    }


def harmless(text: str) -> str:
    r"""The text with an escape for everything that does not print.

    >>> harmless("余额\x1b[2J")
    '余额\\u001b[2J'
    """
    return "".join([one if _prints(one) else json.dumps(one)[1:-1] for one in text])


def _prints(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"
