"""A cursor over octets: every read says what it wanted and where it failed.

Reading past the end raises :class:`Truncated`, leftovers raise :class:`TrailingOctets`.
Offsets in errors count from the start of the outermost octets, nested cursors included.
"""

from __future__ import annotations

from typing import Self

from .errors import TrailingOctets, Truncated


class Cursor:
    """Reads big-endian fields one after the other.

    >>> cursor = Cursor(bytes.fromhex("0102 03"))
    >>> cursor.u16("CPL"), cursor.u8("CHL"), cursor.remaining
    (258, 3, 0)
    """

    __slots__ = ("_base", "_data", "_end", "_position")

    def __init__(self, data: bytes, *, base: int = 0) -> None:
        self._data = bytes(data)
        self._position = 0
        self._end = len(self._data)
        self._base = base

    @property
    def offset(self) -> int:
        """Offset of the next octet in the outermost octets."""
        return self._base + self._position

    @property
    def remaining(self) -> int:
        return self._end - self._position

    def take(self, count: int, name: str = "octets") -> bytes:
        """The next `count` octets."""
        start = self._position
        if count < 0 or count > self._end - start:
            raise Truncated(
                f"{name}: {count} octet{'s' * (count != 1)} wanted, {self._end - start} left", offset=self.offset
            )
        self._position = start + count
        return self._data[start : self._position]

    def integer(self, count: int, name: str) -> int:
        """The next `count` octets as an unsigned big-endian number."""
        return int.from_bytes(self.take(count, name), "big")

    def u8(self, name: str = "octet") -> int:
        start = self._position  # by itself, not through `take`: the most frequent read of all
        if start >= self._end:
            raise Truncated(f"{name}: 1 octet wanted, 0 left", offset=self.offset)
        self._position = start + 1
        return self._data[start]

    def u16(self, name: str = "u16") -> int:
        return self.integer(2, name)

    def u24(self, name: str = "u24") -> int:
        return self.integer(3, name)

    def u32(self, name: str = "u32") -> int:
        return self.integer(4, name)

    def peek(self, name: str = "octet") -> int:
        """The next octet, left in place."""
        if self._position >= self._end:
            raise Truncated(f"{name}: nothing left", offset=self.offset)
        return self._data[self._position]

    def rest(self) -> bytes:
        """Everything that is left."""
        return self.take(self.remaining)

    def sub(self, count: int, name: str = "octets") -> Self:
        """A cursor over the next `count` octets; its offsets stay those of the outermost octets."""
        base = self.offset
        return type(self)(self.take(count, name), base=base)

    def expect_end(self, name: str = "value") -> None:
        """Raise :class:`TrailingOctets` unless everything was read."""
        if self._position != self._end:
            raise TrailingOctets(f"{name}: {self.remaining} octets left over", offset=self.offset)
