"""Tokens: 256 bits of chance that name a principal. The text is shown once; the database holds a keyed hash of it.

    ykt_<kind>_<43 base62 of the chance>_<6 base62 of a CRC>

The CRC tells a mistyped token from a wrong one without asking the database, and lets scanners find leaked ones.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import zlib

CHANCE_OCTETS = 32
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"ykt_(person|program)_([0-9A-Za-z]{43})_([0-9A-Za-z]{6})", re.ASCII)


class Token:
    """A token's text; it does not print."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def make(cls, kind: str, chance: bytes) -> Token:
        """A new token of 32 unpredictable octets."""
        if len(chance) != CHANCE_OCTETS:
            raise ValueError(f"a token wants {CHANCE_OCTETS} octets of chance")
        body = f"ykt_{kind.lower()}_{_base62(int.from_bytes(chance, 'big'), 43)}"
        return cls(f"{body}_{_checksum(body)}")

    def __repr__(self) -> str:
        return "Token(…)"

    def text(self) -> str:
        """The text itself, for the one who gets it; never for a log."""
        return self._text

    @property
    def is_well_formed(self) -> bool:
        """The shape and the checksum are those of a token."""
        found = _SHAPE.fullmatch(self._text)
        return found is not None and _checksum(self._text[: found.end(2)]) == found[3]

    def digest(self, key: bytes) -> bytes:
        """What the database keeps; `key` is derived from the KEK."""
        return hmac.new(key, self._text.encode(), hashlib.sha256).digest()


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), 6)


def _base62(number: int, width: int) -> str:
    digits = []
    for _ in range(width):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
