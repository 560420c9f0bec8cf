"""Telephone numbers in semi-octets: TP addresses, RP addresses and the CAT address value.

3GPP TS 23.040 §9.1.2.3 (semi-octets) and §9.1.2.5 (address fields), TS 24.011 §8.2.5 (SMSC address),
ETSI TS 102 223 §8.1 (CAT). One value, three envelopes: they differ only in how the length is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Self

from ..errors import BadValue, LimitExceeded, LocalError, Truncated
from ..octets import Cursor
from . import gsm7

TON_UNKNOWN: Final = 0
TON_INTERNATIONAL: Final = 1
TON_NATIONAL: Final = 2
TON_NETWORK: Final = 3
TON_SUBSCRIBER: Final = 4
TON_ALPHANUMERIC: Final = 5
TON_ABBREVIATED: Final = 6
TON_RESERVED: Final = 7
NPI_UNKNOWN: Final = 0
NPI_ISDN: Final = 1  #: E.164

CLAUSE = "TS 23.040 9.1.2.5"
SEMI_OCTET_CLAUSE = "TS 23.040 9.1.2.3"
MAX_TP_SEMI_OCTETS = 20  #: an address field is at most 12 octets

#: Semi-octets 0 to E. In dialling numbers (TS 31.102 table 4.4) a is the DTMF pause and b the wild digit.
SEMI_OCTET_DIGITS: Final = "0123456789*#abc"
NO_RP_ADDRESS: Final = b"\x00"  #: the SMSC address that the phone's own setting replaces
_NIBBLE = {ord(digit): f"{value:x}" for value, digit in enumerate(SEMI_OCTET_DIGITS)}
_DIGIT = {f"{value:x}": digit for value, digit in enumerate(SEMI_OCTET_DIGITS)}
_ALLOWED = frozenset(SEMI_OCTET_DIGITS)
_TO_DIGITS = str.maketrans(_DIGIT)


def encode_semi_octets(digits: str) -> bytes:
    """Two digits an octet, the first in the low half; an odd end is filled with F.

    >>> encode_semi_octets("12345").hex()
    '2143f5'
    """
    if not _ALLOWED.issuperset(digits):
        raise LocalError("digits are 0 to 9, *, #, a, b and c", clause=SEMI_OCTET_CLAUSE)
    nibbles = digits.translate(_NIBBLE)
    if len(nibbles) % 2:
        nibbles += "f"
    swapped = bytearray(len(nibbles))
    swapped[0::2] = nibbles[1::2].encode()
    swapped[1::2] = nibbles[0::2].encode()
    return bytes.fromhex(swapped.decode())


def decode_semi_octets(octets: bytes, *, count: int | None = None, offset: int = 0) -> str:
    """The digits of `octets`; a single F may end them, and must if `count` is odd.

    `count` is the number of digits where a length told it. `offset` shifts the offset in errors.
    """
    plain = octets.hex()
    swapped = "".join([plain[at + 1] + plain[at] for at in range(0, len(plain), 2)])
    fill_wanted = swapped.endswith("f") if count is None else count % 2 == 1
    if fill_wanted:
        if not swapped.endswith("f"):
            raise BadValue("odd number of digits without F at the end", offset=offset, clause=SEMI_OCTET_CLAUSE)
        swapped = swapped[:-1]
    at = swapped.find("f")
    if at >= 0:
        raise BadValue("F among the digits", offset=offset + at // 2, clause=SEMI_OCTET_CLAUSE)
    return swapped.translate(_TO_DIGITS)


@dataclass(frozen=True, slots=True)
class Address:
    """A number with type and plan; with `ton` 5 `digits` is a text in the GSM alphabet.

    The last two keep what a sender did beside the standard; they change no meaning and take no part in comparison:
    `counts_fill`, a text's empty last semi-octet was counted; `no_extension`, bit 8 of the type, which is always 1
    but has been seen as 0.

    >>> Address("12345").encode_tp().hex()
    '05912143f5'
    """

    digits: str
    ton: int = TON_INTERNATIONAL
    npi: int = NPI_ISDN
    counts_fill: bool = field(default=False, compare=False, repr=False)
    no_extension: bool = field(default=True, compare=False, repr=False)

    def encode_tp(self) -> bytes:
        """TP-OA, TP-DA, TP-RA: length in semi-octets, type, value (TS 23.040 §9.1.2.5)."""
        value = self._value()
        count = len(self.digits)
        if self.ton == TON_ALPHANUMERIC:
            septets = gsm7.septet_count(self.digits)
            count = (7 * septets + 3) // 4
            if self.counts_fill and (count + 1) * 4 // 7 == septets:
                count += 1
        if count > MAX_TP_SEMI_OCTETS:
            raise LocalError(f"{count} semi-octets; an address has at most {MAX_TP_SEMI_OCTETS}", clause=CLAUSE)
        return bytes((count, self._type())) + value.ljust((count + 1) // 2, b"\x00")

    @classmethod
    def decode_tp(cls, cursor: Cursor) -> Self:
        """The next address field of a TPDU."""
        start = cursor.offset
        count = cursor.u8("address length")
        if count > MAX_TP_SEMI_OCTETS:
            raise LimitExceeded(f"{count} semi-octets in an address", offset=start, clause=CLAUSE)
        kind = cursor.u8("type of address")
        ton, npi, no_extension = kind >> 4 & 7, kind & 0xF, kind >= 0x80
        at = cursor.offset
        value = cursor.take((count + 1) // 2, "address value")
        if ton != TON_ALPHANUMERIC:
            return cls(decode_semi_octets(value, count=count, offset=at), ton, npi, no_extension=no_extension)
        septets = count * 4 // 7
        text = gsm7.decode(gsm7.unpack(value, septets))
        counts_fill = count != (7 * septets + 3) // 4
        return cls(text, ton, npi, counts_fill, no_extension)

    def encode_rp(self) -> bytes:
        """The SMSC address: length in octets, type, value (TS 24.011 §8.2.5); for none write NO_RP_ADDRESS."""
        value = self.encode_value()
        return bytes((len(value),)) + value

    @classmethod
    def decode_rp(cls, cursor: Cursor) -> Self | None:
        """The next SMSC address; None where the length is 0."""
        length = cursor.u8("RP address length")
        if not length:
            return None
        inner = cursor.sub(length, "RP address")
        return cls._decode_value(inner)

    def encode_value(self) -> bytes:
        """Type and digits without a length, as in the CAT address object (TS 102 223 §8.1).

        A text that fills its octets to the last bit with @ is refused: a reader would take the @ for fill.
        """
        if self.ton == TON_ALPHANUMERIC and _ends_in_fill(self.digits):
            raise LocalError("the last @ reads as fill", clause=CLAUSE)
        return bytes((self._type(),)) + self._value()

    @classmethod
    def decode_value(cls, octets: bytes) -> Self:
        """From type and digits that fill all of `octets`."""
        if not octets:
            raise Truncated("address: no type of number", offset=0, clause="TS 102 223 8.1")
        return cls._decode_value(Cursor(octets))

    @classmethod
    def _decode_value(cls, cursor: Cursor) -> Self:
        kind = cursor.u8("type of address")
        ton, npi, no_extension = kind >> 4 & 7, kind & 0xF, kind >= 0x80
        at = cursor.offset
        value = cursor.rest()
        if ton == TON_ALPHANUMERIC:
            text = gsm7.decode(gsm7.unpack(value, len(value) * 8 // 7))
            if _ends_in_fill(text):
                text = text[:-1]
            return cls(text, ton, npi, no_extension=no_extension)
        return cls(decode_semi_octets(value, offset=at), ton, npi, no_extension=no_extension)

    def _type(self) -> int:
        if not (0 <= self.ton <= 7 and 0 <= self.npi <= 15):
            raise LocalError(f"ton {self.ton} (0 to 7), npi {self.npi} (0 to 15)", clause=CLAUSE)
        return self.no_extension << 7 | self.ton << 4 | self.npi

    def _value(self) -> bytes:
        if self.ton == TON_ALPHANUMERIC:
            return gsm7.pack(gsm7.encode(self.digits))
        return encode_semi_octets(self.digits)


def _ends_in_fill(text: str) -> bool:
    """The last character is @ (septet 0) and fills the seven bits that seven septets leave over."""
    return text.endswith("@") and gsm7.septet_count(text) % 8 == 0
