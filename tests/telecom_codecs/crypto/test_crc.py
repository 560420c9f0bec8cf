"""Redundancy checks against the catalogue value of "123456789"."""

from __future__ import annotations

from telecom_codecs.crypto.crc import crc16, crc32


def test_the_check_values_of_the_catalogue() -> None:
    """CRC-16/X-25 gives 906E and CRC-32 gives CBF43926 for the digits 1 to 9; both have a value for nothing."""
    assert crc16(b"123456789").hex() == "906e"
    assert crc32(b"123456789").hex() == "cbf43926"
    assert (crc16(b"").hex(), crc32(b"").hex()) == ("0000", "00000000")
