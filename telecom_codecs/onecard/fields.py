"""Two checks that every one-card format makes: a number fits its octets, an octet has a name in its table."""

from __future__ import annotations

from enum import IntEnum
from typing import TypeVar

from ..errors import BadValue, LocalError

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
