"""UCS-2 texts and the alpha codings of a card.

UTF-16BE as in 3GPP TS 23.038 §6.2.3 (surrogate pairs whole or refused), and the four forms of an alpha
identifier of ETSI TS 102 221 annex A: GSM alphabet in octets, 80 (UCS-2), 81 and 82 (one half page).
"""

from __future__ import annotations

from typing import Final

from . import gsm7
from .errors import BadValue, LocalError, TrailingOctets, Truncated

CLAUSE = "TS 23.038 6.2.3"
ALPHA_CLAUSE = "TS 102 221 annex A"
FULL: Final = 0x80
PAGE: Final = 0x81
BASE: Final = 0x82
FILL: Final = 0xFF

_FIRST_IDEOGRAPHIC = 0x2E80


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


def encode_alpha(text: str) -> bytes:
    """The shortest alpha identifier for `text`: GSM alphabet, else 81 or 82 where they are shorter than 80.

    Ideographic texts always take 80: half pages are meant for alphabets, and many MEs show nothing else.
    """
    if gsm7.can_encode(text):
        return gsm7.encode(text)
    if text.endswith("\uffff"):
        raise LocalError("U+FFFF at the end reads as padding", offset=len(text) - 1, clause=ALPHA_CLAUSE)
    candidates = [bytes((FULL,)) + encode(text)]
    if len(text) <= 0xFF and all(character < chr(_FIRST_IDEOGRAPHIC) for character in text):
        candidates += _half_page_forms(text)
    return min(candidates, key=len)


def _half_page_forms(text: str) -> list[bytes]:
    """The 81 and the 82 form, as far as one half page of 128 characters holds what GSM does not."""
    foreign = [ord(character) for character in text if not gsm7.can_encode(character)]
    forms = []
    page = foreign[0] & ~0x7F
    bases = [(PAGE, page, bytes((page >> 7,)))] if page < 0x8000 else []
    lowest = min(foreign)
    bases.append((BASE, lowest, lowest.to_bytes(2, "big")))
    for form, base, pointer in bases:
        if all(base <= code < base + 0x80 for code in foreign):
            octets = b"".join([_half_page_character(character, base) for character in text])
            if len(octets) <= 0xFF:
                forms.append(bytes((form, len(octets))) + pointer + octets)
    return forms


def _half_page_character(character: str, base: int) -> bytes:
    if gsm7.can_encode(character):
        return gsm7.encode(character)
    return bytes((0x80 | ord(character) - base,))


def decode_alpha(octets: bytes) -> str:
    """The text of an alpha identifier in any of the four forms; padding FF at the end is dropped."""
    first = octets[0] if octets else FILL
    if first == FULL:
        return decode(_without_wide_fill(octets[1:]))
    if first in (PAGE, BASE):
        return _decode_half_page(octets)
    text = octets.rstrip(b"\xff")
    try:
        return gsm7.decode(text)
    except BadValue as error:
        raise BadValue("not a character of the GSM alphabet", offset=error.offset, clause=ALPHA_CLAUSE) from None


def _without_wide_fill(octets: bytes) -> bytes:
    """UCS-2 octets without trailing FFFF, and without the single FF that an odd field leaves."""
    if len(octets) % 2 and octets[-1] == FILL:
        octets = octets[:-1]
    while octets[-2:] == b"\xff\xff":
        octets = octets[:-2]
    return octets


def _decode_half_page(octets: bytes) -> str:
    start = 3 if octets[0] == PAGE else 4
    if len(octets) < start:
        raise Truncated("alpha identifier ends in its header", offset=len(octets), clause=ALPHA_CLAUSE)
    base = octets[2] << 7 if octets[0] == PAGE else octets[2] << 8 | octets[3]
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
    return "".join(parts)
