"""UCS-2 texts and the alpha codings of a card.

UTF-16BE as in 3GPP TS 23.038 §6.2.3 (surrogate pairs whole or refused), and the four forms of an alpha
identifier of ETSI TS 102 221 annex A: GSM alphabet in octets, 80 (UCS-2), 81 and 82 (one half page).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ..errors import BadValue, LocalError, TrailingOctets, Truncated
from . import gsm7

CLAUSE = "TS 23.038 6.2.3"
ALPHA_CLAUSE = "TS 102 221 annex A"
FILL: Final = 0xFF

_FIRST_IDEOGRAPHIC: Final = "\u2e80"  #: far above every character of the GSM alphabet


def encode(text: str) -> bytes:
    """UTF-16BE without a byte order mark; LocalError for half a surrogate pair."""
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError as error:
        raise LocalError("half a surrogate pair", offset=error.start, clause=CLAUSE) from None


def decode(octets: bytes) -> str:
    """The text of UTF-16BE octets; BadValue for half a surrogate pair, Truncated for half a character."""
    if len(octets) % 2:
        raise Truncated("half a UCS2 character at the end", offset=len(octets) - 1, clause=CLAUSE)
    try:
        return octets.decode("utf-16-be")
    except UnicodeDecodeError as error:
        raise BadValue("half a surrogate pair", offset=error.start, clause=CLAUSE) from None


def unit_count(text: str) -> int:
    """UTF-16 units of `text`: what a short message counts."""
    return len(text) + sum(character > "\uffff" for character in text)


class AlphaForm(IntEnum):
    """How an alpha identifier is coded (TS 102 221 annex A)."""

    GSM = 0x00  #: GSM default alphabet, one septet an octet
    UCS2 = 0x80
    PAGE = 0x81  #: one half page, base pointer in one octet
    BASE = 0x82  #: one half page, base pointer in two octets


@dataclass(frozen=True, slots=True)
class AlphaText:
    """A text and the form it is coded in; `base` is the first character of the half page (81, 82).

    >>> AlphaText("余额", AlphaForm.UCS2).encode().hex()
    '804f59989d'
    """

    text: str
    form: AlphaForm = AlphaForm.GSM
    base: int = 0

    @classmethod
    def of(cls, text: str) -> AlphaText:
        """The shortest form for `text`: GSM alphabet, else 81 or 82 where they are shorter than 80.

        Ideographic texts always take 80: half pages are meant for alphabets, and some MEs show nothing else.
        """
        if gsm7.can_encode(text):
            return cls(text)
        best = cls(text, AlphaForm.UCS2)
        if max(text) >= _FIRST_IDEOGRAPHIC:
            return best
        foreign = [ord(character) for character in text if not gsm7.can_encode(character)]
        lowest = min(foreign)
        length = len(best.encode())
        for form, base in ((AlphaForm.PAGE, lowest & ~0x7F), (AlphaForm.BASE, lowest)):
            header = 3 if form is AlphaForm.PAGE else 4
            octets = header + sum(_half_page_width(character) for character in text)
            if max(foreign) < base + 0x80 and octets - header <= 0xFF and octets < length:
                return cls(text, form, base)
        return best

    def encode(self) -> bytes:
        """The octets; LocalError where the form cannot carry the text."""
        text = self.text
        if self.form is AlphaForm.GSM:
            return gsm7.encode(text)
        if self.form is AlphaForm.UCS2:
            if text.endswith("\uffff"):
                raise LocalError("U+FFFF at the end reads as padding", offset=len(text) - 1, clause=ALPHA_CLAUSE)
            return bytes((AlphaForm.UCS2,)) + encode(text)
        octets = b"".join([_half_page_character(character, self.base) for character in text])
        wide = self.form is AlphaForm.BASE
        if len(octets) > 0xFF or self.base >> 16 or (not wide and self.base & 0x807F):
            raise LocalError(f"{len(octets)} characters, base {self.base:X}", clause=ALPHA_CLAUSE)
        pointer = self.base.to_bytes(2, "big") if wide else bytes((self.base >> 7,))
        return bytes((self.form, len(octets))) + pointer + octets

    @classmethod
    def decode(cls, octets: bytes) -> AlphaText:
        """From any of the four forms; padding FF at the end is dropped."""
        first = octets[0] if octets else FILL
        if first == AlphaForm.UCS2:
            return cls(decode(_without_wide_fill(octets[1:])), AlphaForm.UCS2)
        if first in (AlphaForm.PAGE, AlphaForm.BASE):
            return _decode_half_page(octets)
        try:
            return cls(gsm7.decode(octets.rstrip(b"\xff")))
        except BadValue as error:
            raise BadValue("not a character of the GSM alphabet", offset=error.offset, clause=ALPHA_CLAUSE) from None


def encode_alpha(text: str) -> bytes:
    """The octets of the shortest alpha identifier for `text`, see :meth:`AlphaText.of`."""
    return AlphaText.of(text).encode()


def decode_alpha(octets: bytes) -> str:
    """The text of an alpha identifier in any of the four forms."""
    return AlphaText.decode(octets).text


def _half_page_width(character: str) -> int:
    return gsm7.septet_count(character) if gsm7.can_encode(character) else 1


def _half_page_character(character: str, base: int) -> bytes:
    if gsm7.can_encode(character):
        return gsm7.encode(character)
    if not base <= ord(character) < base + 0x80:
        raise LocalError(f"U+{ord(character):04X} is outside the half page", clause=ALPHA_CLAUSE)
    return bytes((0x80 | ord(character) - base,))


def _without_wide_fill(octets: bytes) -> bytes:
    """UCS-2 octets without trailing FFFF, and without the single FF that an odd field leaves."""
    if len(octets) % 2 and octets[-1] == FILL:
        octets = octets[:-1]
    while octets[-2:] == b"\xff\xff":
        octets = octets[:-2]
    return octets


def _decode_half_page(octets: bytes) -> AlphaText:
    form = AlphaForm(octets[0])
    start = 3 if form is AlphaForm.PAGE else 4
    if len(octets) < start:
        raise Truncated("alpha identifier ends in its header", offset=len(octets), clause=ALPHA_CLAUSE)
    base = octets[2] << 7 if form is AlphaForm.PAGE else octets[2] << 8 | octets[3]
    end = start + octets[1]
    if len(octets) < end:
        raise Truncated(f"{octets[1]} characters announced", offset=len(octets), clause=ALPHA_CLAUSE)
    if octets[end:].strip(b"\xff"):
        raise TrailingOctets("octets other than FF after the text", offset=end, clause=ALPHA_CLAUSE)
    parts: list[str] = []
    at = start
    while at < end:
        if octets[at] & 0x80:
            code = base + (octets[at] & 0x7F)
            if code > 0xFFFF or 0xD800 <= code <= 0xDFFF:
                raise BadValue(f"character {code:X}", offset=at, clause=ALPHA_CLAUSE)
            parts.append(chr(code))
            at += 1
            continue
        run = at
        while at < end and octets[at] < 0x80:
            at += 1
        parts.append(gsm7.decode(octets[run:at]))
    return AlphaText("".join(parts), form, base)
