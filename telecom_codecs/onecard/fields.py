"""What every one-card format needs: numbers that fit, octets with a name in their table, errors with their clause."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from ..errors import BadValue, LocalError, TrailingOctets, Truncated
from ..octets import Cursor

E = TypeVar("E", bound=IntEnum)


def unsigned(value: int, count: int, name: str, clause: str) -> bytes:
    """`value` in `count` octets; LocalError where it does not fit."""
    if not 0 <= value < 1 << 8 * count:
        raise LocalError(f"{name} {value} does not fit {count} octets", clause=clause)
    return value.to_bytes(count, "big")


def known(table: type[E], value: int, name: str, offset: int, clause: str) -> E:
    """The member of `table` for an octet that was read; BadValue where there is none."""
    try:
        return table(value)
    except ValueError:
        raise BadValue(f"{name} {value:02X} is not known", offset=offset, clause=clause) from None


class ClauseCursor(Cursor):
    """A cursor whose errors name the clause of the contract that was broken."""

    __slots__ = ("_clause",)

    def __init__(self, data: bytes, clause: str, *, base: int = 0) -> None:
        super().__init__(data, base=base)
        self._clause = clause

    def take(self, count: int, name: str = "octets") -> bytes:
        try:
            return super().take(count, name)
        except Truncated as error:
            raise Truncated(error.message, offset=error.offset, clause=self._clause) from None

    def u8(self, name: str = "octet") -> int:
        return self.take(1, name)[0]

    def expect_end(self, name: str = "value") -> None:
        try:
            super().expect_end(name)
        except TrailingOctets as error:
            raise TrailingOctets(error.message, offset=error.offset, clause=self._clause) from None
