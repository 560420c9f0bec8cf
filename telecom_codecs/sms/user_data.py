"""TP-UDL and TP-UD: how user data stands in a TPDU and how our values hold it.

3GPP TS 23.040 §9.2.3.16, §9.2.3.24. A value holds octets for 8-bit data and UCS2; for the GSM alphabet it
holds the UDH in octets and behind it the septets, one an octet. Packing, fill bits and TP-UDL are made here.
"""

from __future__ import annotations

from typing import Final

from ..errors import BadValue, LimitExceeded, LocalError, TrailingOctets, Truncated
from ..octets import Cursor
from . import gsm7, ucs2
from .dcs import Alphabet, DataCoding
from .udh import UserDataHeader, split_user_data

CLAUSE = "TS 23.040 9.2.3.16"
MAX_OCTETS: Final = 140  #: SMS-DELIVER and SMS-SUBMIT
MAX_SEPTETS: Final = 160


def encode_user_data(dcs: int, udhi: bool, user_data: bytes, limit: int = MAX_OCTETS) -> bytes:
    """TP-UDL and TP-UD; LocalError where the octets on the air are more than `limit`."""
    if not DataCoding.decode(dcs).counts_septets:
        if len(user_data) > limit:
            raise LocalError(f"{len(user_data)} octets of user data, at most {limit}", clause=CLAUSE)
        return bytes((len(user_data),)) + user_data
    header = _header_octets(user_data) if udhi else b""
    septets = user_data[len(header) :]
    fill_bits = -8 * len(header) % 7
    octets = header + gsm7.pack(septets, fill_bits)
    count = (8 * len(header) + fill_bits) // 7 + len(septets)
    if len(octets) > limit:
        raise LocalError(f"{count} septets of user data, at most {limit * 8 // 7}", clause=CLAUSE)
    return bytes((count,)) + octets


def decode_user_data(cursor: Cursor, dcs: int, udhi: bool, limit: int = MAX_OCTETS) -> bytes:
    """The user data to the end of `cursor`, in the form the module docstring tells.

    TP-UDL must agree with the octets there are; the UDH is checked to lie inside them.
    """
    start = cursor.offset
    length = cursor.u8("TP-UDL")
    septets = DataCoding.decode(dcs).counts_septets
    octets = (length * 7 + 7) // 8 if septets else length
    if octets > limit:
        raise LimitExceeded(f"TP-UDL {length}, at most {limit} octets", offset=start, clause=CLAUSE)
    at = cursor.offset
    if octets > cursor.remaining:
        raise Truncated(f"TP-UDL {length}: {octets} octets wanted, {cursor.remaining} left", offset=at, clause=CLAUSE)
    if octets < cursor.remaining:
        raise TrailingOctets(f"{cursor.remaining - octets} octets behind TP-UD", offset=at + octets, clause=CLAUSE)
    user_data = cursor.rest()
    if not udhi:
        return gsm7.unpack(user_data, length) if septets else user_data
    inner = Cursor(user_data, base=at)
    UserDataHeader.decode(inner)
    if not septets:
        return user_data
    header = user_data[: inner.offset - at]
    fill_bits = -8 * len(header) % 7
    count = length - (8 * len(header) + fill_bits) // 7
    if count < 0:
        raise BadValue(f"TP-UDL {length} ends inside the UDH", offset=start, clause=CLAUSE)
    return header + gsm7.unpack(user_data[len(header) :], count, fill_bits)


def text_of(dcs: int, udhi: bool, user_data: bytes) -> str | None:
    """The text of a message as its DCS and language elements say; None for 8-bit or compressed data."""
    coding = DataCoding.decode(dcs)
    if coding.compressed or coding.alphabet is Alphabet.OCTET:
        return None
    header, body = split_user_data(udhi, user_data)
    if coding.alphabet is Alphabet.UCS2:
        return ucs2.decode(body)
    if header is None:
        return gsm7.decode(body)
    return gsm7.decode(body, single_shift=header.single_shift, locking_shift=header.locking_shift)


def _header_octets(user_data: bytes) -> bytes:
    """UDHL and what it covers; LocalError where the user data is no UDH."""
    if not user_data or len(user_data) <= user_data[0]:
        raise LocalError("UDHI is set but the user data holds no header", clause=CLAUSE)
    return user_data[: 1 + user_data[0]]
