"""Free text of people and enterprises made safe for a short message: one line, visible characters, no link.

Texts are composed in code with a fixed field order; a name is only ever a value in them, never a template.
"""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://|www\.)\S*"
    r"|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|cn|net|org|info|top|xyz|vip|cc|io|me|app|link|site|shop)(?![a-z0-9])\S*",
    re.IGNORECASE | re.ASCII,
)
#: Signature brackets belong to the platform; a name shows look-alikes instead.
_BRACKETS = str.maketrans({"【": "〔", "】": "〕"})
#: Letters, marks, numbers, punctuation, symbols and the plain space; no controls, formats or private use.
_VISIBLE = frozenset("LMNPS")
NAME_UNITS = 24
#: Most names: ideographs, of which nothing is composed, hidden, cut out or counted twice.
_IDEOGRAPHS = re.compile("[\u4e00-\u9fff]+")


def clean_name(text: str, limit: int = NAME_UNITS) -> str:
    """The text on one line, composed (NFC), at most `limit` UTF-16 units; "?" when nothing is left.

    >>> clean_name("Jo\\nBAL 9999999"), clean_name("{0.__class__}")
    ('Jo BAL 9999999', '{0.__class__}')
    """
    if len(text) <= limit and _IDEOGRAPHS.fullmatch(text):
        return text
    composed = unicodedata.normalize("NFC", text).translate(_BRACKETS)
    shown = "".join(_visible(character) for character in composed)
    line = " ".join(_LINK.sub("", shown).split())
    return _cut(line, limit) or "?"


def mask_name(text: str) -> str:
    """The first character of a name and a star.

    >>> mask_name("张三丰")
    '张*'
    """
    return clean_name(text)[0] + "*"


def mask_tail(digits: str) -> str:
    """The last four digits of a number."""
    return digits[-4:]


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in _VISIBLE:
        return character
    return "" if category in ("Cf", "Cs", "Co", "Cn") else " "


def _cut(line: str, limit: int) -> str:
    kept: list[str] = []
    units = 0
    for character in line:
        units += 2 if ord(character) > 0xFFFF else 1
        if units > limit:
            break
        kept.append(character)
    return "".join(kept).rstrip()
