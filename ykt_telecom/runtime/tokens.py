"""Where ids and chance come from, so that rules and steps never make their own.

A token source may be called from the event loop and from the writer thread.
"""

from __future__ import annotations

import hashlib
import itertools
import secrets
import threading
import time
from typing import Protocol


class Tokens(Protocol):
    """A source of ids and random octets."""

    def next_id(self) -> str:
        """A new id, 32 hexadecimal digits; later ids usually sort after earlier ones."""

    def next_number(self) -> int:
        """A new number for a row, below 2^63: greater than all before it of this source."""

    def at_least(self, number: int) -> None:
        """Give numbers above `number` from now on."""

    def octets(self, count: int) -> bytes:
        """`count` unpredictable octets."""


class Numbers:
    """Row numbers: 42 bits of milliseconds, 9 bits for this process, 12 bits that count within the millisecond.

    They rise even when the clock is set back; `at_least` lifts them above what a database already holds. Rows get
    their number before they are written, so that a batch needs no answer from the database.
    """

    def __init__(self, process: int) -> None:
        self._process = (process & 0x1FF) << 12
        self._last = 0
        self._lock = threading.Lock()

    def at_least(self, number: int) -> None:
        """Go on above `number`."""
        with self._lock:
            self._last = max(self._last, number)

    def next(self, milliseconds: int) -> int:
        with self._lock:
            self._last = max(self._last + 1, milliseconds << 21 | self._process)
            return self._last


class SystemTokens:
    """Ids of time (48 bits of milliseconds) and chance (80 bits); octets from the operating system, by the kilobyte."""

    def __init__(self) -> None:
        self.numbers = Numbers(int.from_bytes(secrets.token_bytes(2), "big"))
        self._lock = threading.Lock()
        self._pool = memoryview(b"")

    def next_id(self) -> str:
        milliseconds = time.time_ns() // 1_000_000
        return f"{milliseconds & 0xFFFFFFFFFFFF:012x}{secrets.token_hex(10)}"

    def next_number(self) -> int:
        return self.numbers.next(time.time_ns() // 1_000_000)

    def at_least(self, number: int) -> None:
        self.numbers.at_least(number)

    def octets(self, count: int) -> bytes:
        with self._lock:  # a call to the system costs 4 us and the interpreter's lock: one for many packets
            if len(self._pool) < count:
                self._pool = memoryview(secrets.token_bytes(max(count, 4096)))
            taken, self._pool = bytes(self._pool[:count]), self._pool[count:]
            return taken


class SeededTokens:
    """The same ids and octets for the same seed: for tests and simulations, never for keys."""

    def __init__(self, seed: str = "") -> None:
        self._seed = hashlib.sha256(seed.encode()).digest()
        self._numbers = itertools.count(1)
        self._rows = 0

    def next_number(self) -> int:
        self._rows += 1
        return self._rows

    def at_least(self, number: int) -> None:
        self._rows = max(self._rows, number)

    def next_id(self) -> str:
        number = next(self._numbers)
        return f"{number:012x}{hashlib.sha256(self._seed + number.to_bytes(8, 'big')).hexdigest()[:20]}"

    def octets(self, count: int) -> bytes:
        return hashlib.shake_256(self._seed + next(self._numbers).to_bytes(8, "big")).digest(count)
