"""Digits and nibbles in the order of the card: the low half of an octet first."""

from __future__ import annotations

from ..errors import BadValue, LocalError


def swapped(octets: bytes) -> str:
    """The nibbles of `octets` as hex digits, low half first."""
    plain = octets.hex().upper()
    return "".join([plain[at + 1] + plain[at] for at in range(0, len(plain), 2)])


def unswapped(nibbles: str, clause: str) -> bytes:
    try:
        return bytes.fromhex("".join([nibbles[at + 1] + nibbles[at] for at in range(0, len(nibbles), 2)]))
    except (ValueError, IndexError) as error:
        raise LocalError("digits in pairs wanted", clause=clause) from error


def two_digits(octet: int, name: str, clause: str) -> int:
    low, high = octet >> 4, octet & 0xF
    if low > 9 or high > 9:
        raise BadValue(f"{name} {octet:02X} is not two digits", clause=clause)
    return high * 10 + low


def semi_octet(value: int, name: str, clause: str) -> int:
    if not 0 <= value <= 99:
        raise LocalError(f"{name} {value} is not two digits", clause=clause)
    return value // 10 | value % 10 << 4
