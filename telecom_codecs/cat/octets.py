"""Values as octets, with the clause that wants them so."""

from __future__ import annotations

from ..errors import BadValue, LocalError


def to_octets(clause: str, *values: int) -> bytes:
    """The values as octets; LocalError for one that is none."""
    if not all(0 <= value <= 0xFF for value in values):
        raise LocalError(f"{values} are not octets", clause=clause)
    return bytes(values)


def exactly(value: bytes, count: int, clause: str) -> bytes:
    if len(value) != count:
        raise BadValue(f"{len(value)} octets instead of {count}", clause=clause)
    return value
