"""Who is who: MSISDN, ICCID, IMSI, TAR and AID as distinct types, checked once at the door.

A wrong value raises :class:`BadValue` at construction, so whoever holds one may trust it. `str` is the whole number,
the repr shows it masked: a person's identities stand in no traceback (INV-17).
ITU-T E.118 and E.164, 3GPP TS 31.102 §4.2.2, ETSI TS 101 220 and TS 102 221 §13.2.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from ..errors import BadValue
from ..sms.address import decode_semi_octets, encode_semi_octets


def luhn_digit(digits: str) -> str:
    """The check digit that follows `digits` (ITU-T E.118, ISO/IEC 7812-1 annex B).

    >>> luhn_digit("7992739871")
    '3'
    """
    _require_digits("digits", digits, 1, 64)
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 - position % 2)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


#: What people write between the digits of a number: blanks, hyphens, parentheses, a spreadsheet's apostrophe.
_BETWEEN_DIGITS = re.compile(r"[\s\-\u2010-\u2015()'\u2019]+")
_SPREADSHEET = re.compile(r"[0-9][.,]?[0-9]*E[+]?[0-9]+", re.IGNORECASE | re.ASCII)
#: A Chinese mobile number as it is dialled at home; some write the trunk prefix 0 before it.
_NATIONAL = re.compile(r"0?(1[3-9][0-9]{9})", re.ASCII)
_CHINA = "86"


@dataclass(frozen=True, slots=True)
class Msisdn:
    """A subscriber's number in E.164 without the plus: ``8613800000001``."""

    digits: str

    def __post_init__(self) -> None:
        _require_digits("MSISDN", self.digits, 5, 15)

    def __repr__(self) -> str:
        return f"Msisdn({self.masked()})"

    def __str__(self) -> str:
        return self.digits

    @classmethod
    def of(cls, text: str) -> Self:
        """A number as people and national networks write it; raises :class:`BadValue` saying how to write it.

        >>> {str(Msisdn.of(text)) for text in ("13800000001", "+86 138-0000-0001", "008613800000001", "8613800000001")}
        {'8613800000001'}
        """
        digits = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
        if _SPREADSHEET.fullmatch(digits):
            raise BadValue(
                "MSISDN was shortened by a spreadsheet; format the column as text and enter the number again"
            )
        abroad = digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix("00")
        if (national := _NATIONAL.fullmatch(digits)) is not None:
            return cls(_CHINA + national[1])
        if abroad.startswith(_CHINA) and _NATIONAL.fullmatch(abroad[2:]) is None:
            raise BadValue("MSISDN: a mobile number has 11 digits, as 13800000001")
        if abroad.startswith("0") or (abroad == digits and not abroad.startswith(_CHINA)):
            raise BadValue(
                "MSISDN: 11 digits as 13800000001, or + and the country's code before another country's number"
            )
        return cls(abroad if not abroad.startswith(_CHINA) else _CHINA + abroad[-11:])

    def masked(self) -> str:
        """For logs: country code and operator prefix, then the last four digits at most."""
        return _masked(self.digits, 5, 4)


@dataclass(frozen=True, slots=True)
class Iccid:
    """A card's number, 19 or 20 digits. The check digit is part of it; who takes cards in asks for it (`checked`)."""

    digits: str

    def __post_init__(self) -> None:
        _require_digits("ICCID", self.digits, 19, 20)

    def __repr__(self) -> str:
        return f"Iccid({self.masked()})"

    def __str__(self) -> str:
        return self.digits

    def masked(self) -> str:
        """For logs: issuer and the last four digits, the middle hidden."""
        return _masked(self.digits, 6, 4)

    @property
    def has_check_digit(self) -> bool:
        """The last digit is the Luhn digit of those before it."""
        return luhn_digit(self.digits[:-1]) == self.digits[-1]

    @classmethod
    def checked(cls, text: str) -> Self:
        """The number of a real card; raises :class:`BadValue` naming the right check digit (ITU-T E.118)."""
        made = cls(_BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text)))
        if not made.has_check_digit:
            right = luhn_digit(made.digits[:-1])
            raise BadValue(f"ICCID ends in {made.digits[-1]}; its check digit is {right}: look for a misread digit")
        return made

    def octets(self) -> bytes:
        """EF.ICCID: ten octets, semi-octets swapped, filled with F (TS 102 221 §13.2)."""
        return encode_semi_octets(self.digits)

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """From the ten octets of EF.ICCID."""
        if len(octets) != 10:
            raise BadValue(f"EF.ICCID has 10 octets, not {len(octets)}", offset=0, clause="TS 102 221 13.2")
        return cls(decode_semi_octets(octets))


@dataclass(frozen=True, slots=True)
class Imsi:
    """A subscription's identity, 6 to 15 digits: MCC, MNC, MSIN."""

    digits: str

    def __post_init__(self) -> None:
        _require_digits("IMSI", self.digits, 6, 15)

    def __repr__(self) -> str:
        return f"Imsi({self.masked()})"

    def __str__(self) -> str:
        return self.digits

    def masked(self) -> str:
        """For logs: MCC and MNC, then the last four digits."""
        return _masked(self.digits, 5, 4)

    def octets(self) -> bytes:
        """EF.IMSI: length, then parity and digits as semi-octets, nine octets in all (TS 31.102 §4.2.2)."""
        parity = "9" if len(self.digits) % 2 else "1"
        value = encode_semi_octets(parity + self.digits)
        return (bytes((len(value),)) + value).ljust(9, b"\xff")

    @classmethod
    def from_octets(cls, octets: bytes) -> Self:
        """From the nine octets of EF.IMSI."""
        clause = "TS 31.102 4.2.2"
        if len(octets) != 9 or not 1 <= octets[0] <= 8:
            raise BadValue("EF.IMSI has 9 octets, the first a length of 1 to 8", offset=0, clause=clause)
        length = octets[0]
        if any(octet != 0xFF for octet in octets[1 + length :]):
            raise BadValue("octets after the IMSI are not FF", offset=1 + length, clause=clause)
        coded = decode_semi_octets(octets[1 : 1 + length])
        if coded[:1] != ("1" if len(coded) % 2 else "9"):
            raise BadValue(f"parity {coded[:1] or 'absent'} for {len(coded) - 1} digits", offset=1, clause=clause)
        return cls(coded[1:])


@dataclass(frozen=True, slots=True)
class Tar:
    """Toolkit application reference: three octets that name an application on the card (TS 101 220 §6)."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != 3:
            raise BadValue(f"a TAR has 3 octets, not {len(self.octets)}", clause="TS 101 220 6")

    def __str__(self) -> str:
        return self.octets.hex().upper()

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """For edges: ``B00010``."""
        return cls(_octets_of_hex("TAR", text))


@dataclass(frozen=True, slots=True)
class Aid:
    """Application identifier, 5 to 16 octets (ISO/IEC 7816-4 §8.2.1.2)."""

    octets: bytes

    def __post_init__(self) -> None:
        if not 5 <= len(self.octets) <= 16:
            raise BadValue(f"an AID has 5 to 16 octets, not {len(self.octets)}", clause="ISO 7816-4 8.2.1.2")

    def __str__(self) -> str:
        return self.octets.hex().upper()

    @classmethod
    def from_hex(cls, text: str) -> Self:
        """For edges: ``A000000151000000``."""
        return cls(_octets_of_hex("AID", text))


def _octets_of_hex(name: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadValue(f"{name} is not hexadecimal") from None


def _require_digits(name: str, digits: str, shortest: int, longest: int) -> None:
    if not (shortest <= len(digits) <= longest and digits.isascii() and digits.isdigit()):
        raise BadValue(f"{name} has {shortest} to {longest} decimal digits")


def _masked(digits: str, head: int, tail: int) -> str:
    """At least three digits are always hidden; the number of stars is the number of hidden digits."""
    tail = max(0, min(tail, len(digits) - head - 3))
    head = min(head, len(digits) - 3)
    hidden = len(digits) - head - tail
    return digits[:head] + "*" * hidden + digits[len(digits) - tail :]
