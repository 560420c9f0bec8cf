"""Layers as text for people and as values for JSON."""

from __future__ import annotations

from typing import Any

from .layer import Layer

WIDTH = 24  #: octets of a label shown on its line; the rest follows on lines of their own


def as_text(layer: Layer, *, depth: int = 0) -> str:
    """An indented listing: offset, octets, name, meaning."""
    indent = "  " * depth
    lines = [f"{indent}{layer.name}  ({len(layer.octets)} octets)"]
    for label in layer.labels:
        rows = [label.octets[at : at + WIDTH].hex() for at in range(0, len(label.octets), WIDTH)] or ["-"]
        meaning = f"  {label.meaning}" if label.meaning else ""
        under = "  " * label.depth
        lines.append(f"{indent}  {label.offset:4}  {under}{rows[0]}  {label.name}{meaning}")
        lines.extend(f"{indent}        {under}{row}" for row in rows[1:])
    if layer.fault:
        lines.append(f"{indent}  !! {layer.fault}")
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
