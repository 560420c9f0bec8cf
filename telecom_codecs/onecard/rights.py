"""What an application is good for and how far it came — docs/wire/card-application.md §5."""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final

from ..crypto.key_derivation import KeyUsage


class Rights(IntFlag):
    """What the application is good for."""

    DOOR = 0x01
    ATTENDANCE = 0x02
    PURSE = 0x04


#: The right without which an application gets no such key; load and TAC keys it always has.
RIGHT_OF_KEY: Final = {
    KeyUsage.PURCHASE: Rights.PURSE,
    KeyUsage.ATTENDANCE: Rights.ATTENDANCE,
    KeyUsage.DOOR: Rights.DOOR,
}


def keys_of(rights: int) -> tuple[KeyUsage, ...]:
    """The keys an application with these rights must have, in the order of their usage octets.

    >>> [usage.name for usage in keys_of(Rights.DOOR)]
    ['LOAD', 'TAC', 'DOOR']
    """
    return tuple(usage for usage in KeyUsage if usage not in RIGHT_OF_KEY or rights & RIGHT_OF_KEY[usage])


class LifeCycle(IntEnum):
    """Life cycle octet of GET STATUS; frozen and closed are two independent marks."""

    SELECTABLE = 0x07  #: installed, no keys yet
    ACTIVE = 0x0F
    FROZEN = 0x1F
    CLOSED = 0x2F
    CLOSED_FROZEN = 0x3F


FROZEN_MARK: Final = 0x10
CLOSED_MARK: Final = 0x20
