"""The GSM 7 bit alphabet: texts to septets, septets to octets.

3GPP TS 23.038 §6.1.2 (packing), §6.2.1 (default alphabet and extension), annex A (national languages:
:mod:`.gsm7_languages`). Septets are `bytes` with one septet an octet, the form SMPP carries; `pack` makes the
octets of a TPDU. An escaped character takes two septets and is never split here.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from ..errors import BadValue, LocalError, Truncated
from .gsm7_languages import DEFAULT, EXTENSION, LOCKING_SHIFT, SINGLE_SHIFT

CLAUSE = "TS 23.038 6.2.1"
PACKING_CLAUSE = "TS 23.038 6.1.2.1"
ESCAPE: Final = 0x1B
CARRIAGE_RETURN: Final = 0x0D


@dataclass(frozen=True, slots=True)
class _Alphabet:
    to_septets: dict[str, bytes]
    characters: frozenset[str]  #: the keys of the above
    plain: str  #: 128 characters; a code without one shows as a space
    escaped: dict[int, str]


@functools.cache
def _alphabet(single_shift: int, locking_shift: int) -> _Alphabet:
    """The alphabet of two language identifiers; identifiers without a table mean the default one (§6.2.1.2.4)."""
    plain = LOCKING_SHIFT.get(locking_shift, DEFAULT)
    escaped = SINGLE_SHIFT.get(single_shift, EXTENSION)
    to_septets = {character: bytes((ESCAPE, code)) for code, character in escaped.items()}
    to_septets |= {character: bytes((code,)) for code, character in enumerate(plain) if code != ESCAPE}
    to_septets[" "] = b" "  # codes without a character show as spaces, too
    return _Alphabet(to_septets, frozenset(to_septets), plain, escaped)


def encode(text: str, *, single_shift: int = 0, locking_shift: int = 0) -> bytes:
    """The septets of `text`, one an octet; LocalError names the first character outside the alphabet.

    >>> encode("1€").hex()
    '311b65'
    """
    table = _alphabet(single_shift, locking_shift).to_septets
    try:
        return b"".join([table[character] for character in text])
    except KeyError:
        at, character = next((at, found) for at, found in enumerate(text) if found not in table)
        raise LocalError(f"U+{ord(character):04X} is not in the alphabet", offset=at, clause=CLAUSE) from None


def decode(septets: bytes, *, single_shift: int = 0, locking_shift: int = 0) -> str:
    """The text of `septets`. An escape without a meaning shows the plain character, a last one a space (§6.2.1)."""
    alphabet = _alphabet(single_shift, locking_shift)
    plain = alphabet.plain
    if septets and max(septets) > 0x7F:
        at = next(at for at, septet in enumerate(septets) if septet > 0x7F)
        raise BadValue(f"{septets[at]:02X} is not a septet", offset=at, clause=CLAUSE)
    if ESCAPE not in septets:
        return "".join([plain[septet] for septet in septets])
    escaped = alphabet.escaped
    text: list[str] = []
    after_escape = False
    for septet in septets:
        if after_escape:
            after_escape = False
            text.append(escaped.get(septet) or (" " if septet == ESCAPE else plain[septet]))
        elif septet == ESCAPE:
            after_escape = True
        else:
            text.append(plain[septet])
    if after_escape:
        text.append(" ")
    return "".join(text)


def can_encode(text: str, *, single_shift: int = 0, locking_shift: int = 0) -> bool:
    """Every character of `text` is in the alphabet."""
    return _alphabet(single_shift, locking_shift).characters.issuperset(text)


def septet_count(text: str, *, single_shift: int = 0, locking_shift: int = 0) -> int:
    """How many septets `text` takes; LocalError if it cannot be encoded."""
    return len(encode(text, single_shift=single_shift, locking_shift=locking_shift))


def pack(septets: bytes, fill_bits: int = 0) -> bytes:
    """Septets as octets, the first one lowest, after `fill_bits` zero bits (0 to 6, behind a UDH).

    >>> pack(encode("hello")).hex()
    'e8329bfd06'
    """
    if not 0 <= fill_bits <= 6:
        raise LocalError(f"{fill_bits} fill bits", clause=PACKING_CLAUSE)
    if septets and max(septets) > 0x7F:
        raise LocalError("a septet is 00 to 7F", clause=PACKING_CLAUSE)
    packed = b"".join([_gathered(septets[at : at + _RUN]) for at in range(0, len(septets), _RUN)])
    if not fill_bits:
        return packed
    window = int.from_bytes(packed, "little") << fill_bits
    return window.to_bytes((fill_bits + 7 * len(septets) + 7) // 8, "little")


def unpack(octets: bytes, count: int, fill_bits: int = 0) -> bytes:
    """`count` septets of `octets` after `fill_bits` bits; Truncated where the octets do not hold them.

    Bits and octets after the last septet are ignored, as the standard wants of a receiver.
    """
    if not (0 <= fill_bits <= 6 and count >= 0):
        raise BadValue(f"{count} septets after {fill_bits} fill bits", clause=PACKING_CLAUSE)
    if fill_bits + 7 * count > 8 * len(octets):
        raise Truncated(f"{count} septets wanted, {len(octets)} octets left", offset=len(octets), clause=PACKING_CLAUSE)
    if fill_bits:
        octets = (int.from_bytes(octets, "little") >> fill_bits).to_bytes(len(octets), "little")
    runs = [_spread(octets[at : at + _RUN_OCTETS]) for at in range(0, (7 * count + 7) // 8, _RUN_OCTETS)]
    return b"".join(runs)[:count]


_RUN: Final = 256  #: septets that are moved together, as one number of 224 octets
_RUN_OCTETS: Final = 224


def _halvings() -> tuple[tuple[int, int, int], ...]:
    """The steps that spread the septets of a run over octets; backwards they gather them.

    Each step halves every group of septets and moves the upper halves up: (by how many bits, mask of the lower
    halves, mask of the upper halves before the move). Eight steps serve a whole message.
    """
    steps = []
    group = _RUN
    while group > 1:
        half = group // 2
        low = sum((1 << 7 * half) - 1 << at for at in range(0, 8 * _RUN, 8 * group))
        steps.append((half, low, low << 7 * half))
        group = half
    return tuple(steps)


_SPREADING: Final = _halvings()
_GATHERING: Final = _SPREADING[::-1]


def _spread(octets: bytes) -> bytes:
    """The 256 septets of up to 224 octets, zeros where those end."""
    window = int.from_bytes(octets, "little")
    for width, low, high in _SPREADING:
        window = window & low | (window & high) << width
    return window.to_bytes(_RUN, "little")


def _gathered(septets: bytes) -> bytes:
    """The octets of up to 256 septets."""
    window = int.from_bytes(septets, "little")
    for width, low, high in _GATHERING:
        window = window & low | (window >> width) & high
    return window.to_bytes((7 * len(septets) + 7) // 8, "little")
