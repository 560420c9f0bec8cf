"""Inputs made from seeds: bits and octets changed, pieces cut, joined and repeated, lengths and depths that lie.

The same `random.Random` gives the same inputs. No input is longer than :data:`LONGEST`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Final

LONGEST: Final = 0x10000 + 64
ORDINARY: Final = 1024  #: only one input in a few hundred is longer

#: octets that mean something to a length, a tag, an address or a text
TELLING: Final = bytes.fromhex("000102031b1f7f808182838485a0a9aaaeafc0d0d1d3d6e0e1eaefff")
#: length fields that promise more than there is
LENGTHS: Final = tuple(
    bytes.fromhex(octets)
    for octets in (
        "80", "8180", "81ff", "820100", "82ffff", "83010000", "83ffffff", "8400000001", "847fffffff", "8480000000",
        "84ffffffff", "85ffffffffff", "88ffffffffffffffff", "ff", "7fffffff", "80000000", "ffff", "0000", "00000000",
    )
)  # fmt: skip


def _nested(tag: bytes, depth: int) -> bytes:
    """`depth` objects one inside the other, each with an honest length."""
    pieces: list[bytes] = []
    length = 0
    for _ in range(depth):
        count = (length.bit_length() + 7) // 8
        field = bytes((length,)) if length < 0x80 else bytes((0x80 | count,)) + length.to_bytes(count, "big")
        pieces.append(tag + field)
        length += len(tag) + len(field)
    return b"".join(reversed(pieces))


BOMBS: Final = tuple(
    _nested(bytes.fromhex(tag), depth)
    for tag in ("62", "a5", "d0", "e1", "ea", "22", "81", "7f21", "ff21")
    for depth in (4, 60, 1200)
) + tuple(bytes.fromhex(pair) * count for pair in ("ae80", "e080", "3080") for count in (20, 4000))

Step = Callable[[bytearray], None]


class Mutator:
    """Endless inputs for one target."""

    def __init__(self, seeds: Sequence[bytes], source: random.Random) -> None:
        self._seeds = list(seeds) or [b""]
        self._random = source
        self._steps: tuple[Step, ...] = (
            self._flip,
            self._flip,
            self._set,
            self._set,
            self._truncate,
            self._extend,
            self._delete,
            self._repeat,
            self._splice,
            self._length,
            self._swap,
            self._count,
        )

    def next(self) -> bytes:
        """The next input: mostly a seed with one to four changes, now and then the seed itself or pure chance."""
        chance = self._random.random()
        if chance < 0.04:
            return self._random.choice(self._seeds)
        if chance < 0.07:
            return self._random.randbytes(self._random.choice((0, 1, 2, 3, 5, 8, 16, 40, 200)))
        octets = bytearray(self._random.choice(self._seeds))
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 4))):
            self._random.choice(self._steps)(octets)
        if chance > 0.998:
            self._blow_up(octets)
        elif chance > 0.99:
            self._nest(octets)
        elif len(octets) > ORDINARY:
            del octets[ORDINARY:]
        return bytes(octets[:LONGEST])

    def _place(self, octets: bytearray) -> int:
        """A position; the front, where tags and lengths are, is tried more often."""
        if not octets:
            return 0
        end = len(octets) if self._random.random() < 0.6 else min(len(octets), 16)
        return self._random.randrange(end)

    def _flip(self, octets: bytearray) -> None:
        if octets:
            octets[self._place(octets)] ^= 1 << self._random.randrange(8)

    def _set(self, octets: bytearray) -> None:
        if octets:
            value = self._random.choice(TELLING) if self._random.random() < 0.6 else self._random.randrange(256)
            octets[self._place(octets)] = value

    def _count(self, octets: bytearray) -> None:
        """One more or one less: counters and lengths off by one."""
        if octets:
            at = self._place(octets)
            octets[at] = octets[at] + self._random.choice((1, -1)) & 0xFF

    def _truncate(self, octets: bytearray) -> None:
        del octets[self._place(octets) :]

    def _extend(self, octets: bytearray) -> None:
        octets += self._random.randbytes(self._random.choice((1, 1, 2, 4, 8, 32)))

    def _delete(self, octets: bytearray) -> None:
        at = self._place(octets)
        del octets[at : at + self._random.choice((1, 1, 2, 3, 8))]

    def _repeat(self, octets: bytearray) -> None:
        at = self._place(octets)
        piece = octets[at : at + self._random.choice((1, 2, 4, 8, 16))]
        octets[at:at] = piece * self._random.choice((1, 1, 2, 7))

    def _splice(self, octets: bytearray) -> None:
        other = self._random.choice(self._seeds)
        at = self._random.randrange(len(other) + 1)
        place = self._place(octets)
        octets[place : place + self._random.choice((0, 4, len(octets)))] = other[at:]

    def _length(self, octets: bytearray) -> None:
        field = self._random.choice(LENGTHS)
        at = self._place(octets)
        octets[at : at + self._random.choice((0, 1, len(field)))] = field

    def _swap(self, octets: bytearray) -> None:
        if octets:
            a, b = self._place(octets), self._place(octets)
            octets[a], octets[b] = octets[b], octets[a]

    def _nest(self, octets: bytearray) -> None:
        at = self._place(octets)
        octets[at:at] = self._random.choice(BOMBS)

    def _blow_up(self, octets: bytearray) -> None:
        """Many times the same: as long as a segment, a packet or a PDU can be, and a little longer."""
        size = self._random.choice((2000, 0x4000, LONGEST))
        at = self._place(octets)
        piece = bytes(octets[at : at + self._random.choice((1, 2, 3, 4, 16))]) or b"\x00"
        octets[at:at] = piece * (size // len(piece))
