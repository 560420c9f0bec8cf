"""What goes over the socket beside a running service: frames of a length and a JSON text, and where the socket is.

    request  {"version": 1, "use_case": name, "token": text or null, "key": text, "orders": [...]}
    answer   {"progress": [done, all]} any number of times, then {"results": [...]} or {"trouble": text, "status": n}

The length is four octets, the most significant first.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

VERSION = 1
LENGTH_OCTETS = 4
#: An import of 64 MiB in base64, and what is around it.
LARGEST_FRAME = 96 * 1024 * 1024
#: `sun_path` of Linux, with its NUL.
_LONGEST_PATH = 107


class BadFrame(ValueError):
    """The other side does not speak this protocol, or another version of it. Use the `ykt` of the same installation."""


def frame(told: Mapping[str, Any]) -> bytes:
    """The frame of a JSON object."""
    return framed(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())


def framed(text: bytes) -> bytes:
    """The frame of a JSON text."""
    if len(text) > LARGEST_FRAME:
        raise BadFrame(f"a frame of {len(text)} octets: at most {LARGEST_FRAME}")
    return len(text).to_bytes(LENGTH_OCTETS, "big") + text


def length_of(octets: bytes) -> int:
    """How long the text behind these four octets is."""
    length = int.from_bytes(octets, "big")
    if not 2 <= length <= LARGEST_FRAME:
        raise BadFrame(f"a frame of {length} octets: 2 to {LARGEST_FRAME}")
    return length


def parse(text: bytes) -> dict[str, Any]:
    """The JSON object of a frame."""
    try:
        told = json.loads(text)
    except ValueError as error:
        raise BadFrame(f"no JSON: {error}") from None
    if not isinstance(told, dict):
        raise BadFrame("a JSON object is wanted")
    return told


@contextlib.contextmanager
def short_name(path: Path) -> Iterator[str]:
    """A name of the socket that the kernel takes, however deep the data folder lies."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
