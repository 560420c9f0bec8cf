"""The words for an octet, from the table that declares it."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum


def word_of(table: type[IntEnum]) -> Callable[[int], str]:
    """What an octet means by its table; the octet itself where the table does not know it."""

    def say(value: int) -> str:
        known = next((member for member in table if member == value), None)
        return f"{value:02X}" if known is None else known.name.lower().replace("_", " ")

    return say
