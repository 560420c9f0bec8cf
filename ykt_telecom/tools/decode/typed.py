r"""Octets as people type and paste them: pairs, spaces, commas, `0x`, `\x`, hex dumps with offsets. Pure.

A text holds one message a line; the lines of a dump are one message, and a dump that starts again at offset 0 is the
next. What is no hex digit is named, with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

PIECE: Final = 4  #: octets; arguments that are all this short or shorter are pieces of one message
DUMP_WIDTH: Final = 16  #: octets of a line, where the next line does not tell

_PREFIX: Final = re.compile(r"\\x|0x", re.IGNORECASE)
_LONELY: Final = re.compile(r"(?:\\x|0x)([0-9a-f])(?![0-9a-f])", re.IGNORECASE)
_BETWEEN: Final = frozenset(" \t\r\n,;:'\"{}[]()\u00a0\u3000")
_DUMP_LINE: Final = re.compile(r"\s*(?:0x)?([0-9a-f]{4,8})(:?)(?:\s+(.*))?$", re.IGNORECASE)
_GROUP: Final = re.compile(r"(?:[0-9a-f]{2})+", re.IGNORECASE)
#: where the characters of a dump begin: behind a bar or an angle, or three blanks
_CHARACTERS: Final = re.compile(r"\||\s>|\s{3,}")


class NotOctets(ValueError):
    """The text is not octets in hex; the message names the character or the missing digit."""


def octets_of(text: str) -> bytes:
    """The octets of one message, in any of these spellings.

    >>> [octets_of(text).hex() for text in ("00A4", "00 a4", "0x00, 0xA4", "00:a4", "\\\\x00\\\\xa4", "{0x0, 0xA4}")]
    ['00a4', '00a4', '00a4', '00a4', '00a4', '00a4']
    """
    digits = _digits_of(text)
    for one in digits:
        if one not in "0123456789abcdefABCDEF":
            raise NotOctets(f"not hex: {one!r} at character {text.find(one) + 1}; give pairs of 0-9 A-F")
    if not digits:
        raise NotOctets("empty; give pairs of 0-9 A-F")
    if len(digits) % 2:
        raise NotOctets(f"{len(digits)} hex digits: one is missing or too many; give pairs of 0-9 A-F")
    return bytes.fromhex(digits)


def _digits_of(text: str) -> str:
    """What is left without prefixes and what stands between octets."""
    plain = _PREFIX.sub(" ", _LONELY.sub(r" 0\1 ", text))
    return "".join([one for one in plain if one not in _BETWEEN])


def messages_of_text(text: str) -> tuple[bytes, ...]:
    """Every message of a text: dumps with offsets, else one a line. Blank lines and those after a # say nothing."""
    found: list[bytes] = []
    for block in _blocks(text):
        found += _dumps(block) or [octets_of(line) for line in block]
    if not found:
        raise NotOctets("empty; give pairs of 0-9 A-F")
    return tuple(found)


def messages_of_arguments(arguments: Sequence[str]) -> tuple[bytes, ...]:
    """A message an argument; arguments that are all short are the pieces of one, which somebody did not quote."""
    if len(arguments) > 1 and all(len(_digits_of(argument)) <= 2 * PIECE for argument in arguments):
        return (octets_of(" ".join(arguments)),)
    return tuple(octets for argument in arguments for octets in messages_of_text(argument))


def _blocks(text: str) -> Iterable[list[str]]:
    """Lines up to a blank one."""
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.strip() and not line.lstrip().startswith("#"):
            block.append(line)
        elif block and not line.strip():
            yield block
            block = []


def _dumps(lines: list[str]) -> list[bytes]:
    """The messages of hex dumps, empty where the lines are none: every offset must be the octets before it."""
    read = [_DUMP_LINE.match(line) for line in lines]
    offsets = [int(line[1], 16) for line in read if line is not None]
    if len(offsets) < len(lines) or offsets[0] or (len(lines) == 1 and not _is_single_dump(lines[0])):
        return []
    found: list[bytes] = []
    for at, line in enumerate(read):
        assert line is not None
        follows = offsets[at + 1] - offsets[at] if at + 1 < len(offsets) and offsets[at + 1] else None
        octets = _octets_of_dump(line[3] or "", follows)
        if offsets[at] == 0:
            found.append(b"")
        if offsets[at] != len(found[-1]) or (follows is not None and len(octets) != follows):
            return []
        found[-1] += octets
    return found


def _is_single_dump(line: str) -> bool:
    """One line alone counts as a dump when its offset is set apart: by a colon, or by two blanks."""
    return re.match(r"\s*(?:0x)?0{4,8}(:|\s{2})", line, re.IGNORECASE) is not None


def _octets_of_dump(rest: str, wanted: int | None) -> bytes:
    """The octets behind an offset, without the characters behind them; `wanted` is how many there are, if known."""
    most = DUMP_WIDTH if wanted is None else wanted
    octets = b""
    for group in _CHARACTERS.split(rest.strip())[0].split():
        if not _GROUP.fullmatch(group) or len(octets) + len(group) // 2 > most:
            break
        octets += bytes.fromhex(group)
    return octets
