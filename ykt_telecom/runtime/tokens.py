"""Where ids and chance come from, so that rules and steps never make their own.

A token source may be called from the event loop and from the writer thread.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import time
from typing import Protocol


class Tokens(Protocol):
    """A source of ids and random octets."""

    def next_id(self) -> str:
        """A new id, 32 hexadecimal digits; later ids usually sort after earlier ones."""

    def octets(self, count: int) -> bytes:
        """`count` unpredictable octets."""


class SystemTokens:
    """Ids of time (48 bits of milliseconds) and chance (80 bits); octets from the operating system."""

    def next_id(self) -> str:
        milliseconds = time.time_ns() // 1_000_000
        return f"{milliseconds & 0xFFFFFFFFFFFF:012x}{secrets.token_hex(10)}"

    def octets(self, count: int) -> bytes:
        return secrets.token_bytes(count)


class SeededTokens:
    """The same ids and octets for the same seed: for tests and simulations, never for keys."""

    def __init__(self, seed: str = "") -> None:
        self._seed = hashlib.sha256(seed.encode()).digest()
        self._numbers = itertools.count(1)

    def next_id(self) -> str:
        number = next(self._numbers)
        return f"{number:012x}{hashlib.sha256(self._seed + number.to_bytes(8, 'big')).hexdigest()[:20]}"

    def octets(self, count: int) -> bytes:
        return hashlib.shake_256(self._seed + next(self._numbers).to_bytes(8, "big")).digest(count)
