"""Amounts: integers of fen inside, yuan with two decimals at the edges."""

from __future__ import annotations

import re

_YUAN = re.compile(r"([+-]?)([0-9]{1,10})(?:\.([0-9]{1,2}))?", re.ASCII)


class BadAmount(ValueError):
    """The text is no amount in yuan. Write it as 12 or 12.50, without a currency sign or separators."""


def format_yuan(fen: int) -> str:
    """Two decimals, no separators.

    >>> format_yuan(11630), format_yuan(-5)
    ('116.30', '-0.05')
    """
    yuan, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}{yuan}.{rest:02d}"


def parse_yuan(text: str) -> int:
    """Fen of an amount in yuan; :class:`BadAmount` for anything else.

    >>> parse_yuan("116.3"), parse_yuan("12")
    (11630, 1200)
    """
    match = _YUAN.fullmatch(text.strip())
    if match is None:
        raise BadAmount(f"{text[:20]!r} is no amount in yuan")
    sign, yuan, fraction = match.groups()
    fen = int(yuan) * 100 + int((fraction or "").ljust(2, "0"))
    return -fen if sign == "-" else fen
