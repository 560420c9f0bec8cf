"""The redundancy checks (RC) of secured packets — ETSI TS 102 225 §5.1.3.2, ISO/IEC 13239.

Both take octets and give the check as octets, most significant first.
"""

from __future__ import annotations

import zlib


def _x25_table() -> tuple[int, ...]:
    """One entry per octet: the reflected polynomial x^16 + x^12 + x^5 + 1."""
    table = []
    for octet in range(256):
        register = octet
        for _ in range(8):
            register = register >> 1 ^ 0x8408 if register & 1 else register >> 1
        table.append(register)
    return tuple(table)


_X25 = _x25_table()


def crc16(octets: bytes) -> bytes:
    """CRC-16 (X.25): start FFFF, reflected, complemented; 2 octets.

    >>> crc16(bytes.fromhex("0102030405")).hex()
    '22ec'
    """
    register = 0xFFFF
    for octet in octets:
        register = register >> 8 ^ _X25[(register ^ octet) & 0xFF]
    return (register ^ 0xFFFF).to_bytes(2, "big")


def crc32(octets: bytes) -> bytes:
    """CRC-32 (V.42, the one of zlib); 4 octets.

    >>> crc32(bytes.fromhex("0102030405")).hex()
    '470b99f4'
    """
    return zlib.crc32(octets).to_bytes(4, "big")
