"""Commands to a card and its answers: C-APDU, R-APDU.

ISO/IEC 7816-3 §12.1 (cases 1 to 4, short and extended) and TS 102 221 §10. Status words: :mod:`.status_word`,
whose names are offered here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from ..errors import BadValue, LocalError, TrailingOctets, Truncated
from .status_word import RetryClass, describe, is_ok, retry_class

__all__ = ["CommandApdu", "ResponseApdu", "RetryClass", "describe", "is_ok", "retry_class"]

CLAUSE = "ISO 7816-3 12.1.3"


@dataclass(frozen=True, slots=True)
class CommandApdu:
    """A command: `le` is the number of octets wanted back (256 or 65536 for "all"), None for none.

    The short form is written whenever it can carry `data` and `le`.

    >>> CommandApdu(0x00, 0xA4, 0x00, 0x04, bytes.fromhex("3F00"), le=256).encode().hex()
    '00a40004023f0000'
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    @property
    def case(self) -> int:
        """1 neither data nor answer, 2 answer, 3 data, 4 both."""
        return 1 + (self.le is not None) + 2 * bool(self.data)

    def encode(self) -> bytes:
        data, le = self.data, self.le
        if (self.cla | self.ins | self.p1 | self.p2) & ~0xFF:
            raise LocalError("CLA, INS, P1 and P2 are octets", clause=CLAUSE)
        if len(data) > 0xFFFF or (le is not None and not 1 <= le <= 0x10000):
            raise LocalError("data up to 65535 octets, Le 1 to 65536", clause=CLAUSE)
        header = bytes((self.cla, self.ins, self.p1, self.p2))
        if len(data) <= 0xFF and (le is None or le <= 0x100):
            lc = bytes((len(data),)) if data else b""
            return header + lc + data + (b"" if le is None else bytes((le & 0xFF,)))
        lc = b"\x00" + len(data).to_bytes(2, "big") if data else b"\x00"
        return header + lc + data + (b"" if le is None else (le & 0xFFFF).to_bytes(2, "big"))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From all of `octets`; the length fields must account for every one of them."""
        length = len(octets)
        if length < 4:
            raise Truncated(f"C-APDU of {length} octets", offset=length, clause=CLAUSE)
        cla, ins, p1, p2 = octets[:4]
        if length == 4:
            return cls(cla, ins, p1, p2)
        if length == 5:
            return cls(cla, ins, p1, p2, le=octets[4] or 0x100)
        lc = octets[4]
        if lc:
            data, le = _body(octets, 5, lc, 1)
            return cls(cla, ins, p1, p2, data, le)
        if length < 7:
            raise Truncated("extended length of one octet", offset=length, clause=CLAUSE)
        lc = octets[5] << 8 | octets[6]
        if length == 7:
            return cls(cla, ins, p1, p2, le=lc or 0x10000)
        if not lc:
            raise BadValue("extended Lc 0000", offset=5, clause=CLAUSE)
        data, le = _body(octets, 7, lc, 2)
        return cls(cla, ins, p1, p2, data, le)


def _body(octets: bytes, start: int, lc: int, width: int) -> tuple[bytes, int | None]:
    """Data and Le; Le, where present, has `width` octets."""
    end = start + lc
    left = len(octets) - end
    if left < 0:
        raise Truncated(f"data: {lc} octets announced, {len(octets) - start} left", offset=start, clause=CLAUSE)
    if left == 0:
        return octets[start:end], None
    if left < width:
        raise Truncated("Le of one octet after extended Lc", offset=end, clause=CLAUSE)
    if left > width:
        raise TrailingOctets(f"{left - width} octets after Le", offset=end + width, clause=CLAUSE)
    return octets[start:end], int.from_bytes(octets[end:], "big") or 1 << 8 * width


@dataclass(frozen=True, slots=True)
class ResponseApdu:
    """A card's answer: data, then SW1 SW2 as one number."""

    data: bytes
    sw: int

    @property
    def sw1(self) -> int:
        return self.sw >> 8

    @property
    def sw2(self) -> int:
        return self.sw & 0xFF

    @property
    def is_ok(self) -> bool:
        return is_ok(self.sw)

    def encode(self) -> bytes:
        if not 0 <= self.sw <= 0xFFFF or len(self.data) > 0x10000:
            raise LocalError("SW is two octets, data at most 65536", clause=CLAUSE)
        return self.data + self.sw.to_bytes(2, "big")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From all of `octets`, the last two of which are the status word."""
        if len(octets) < 2:
            raise Truncated("R-APDU without SW1 SW2", offset=len(octets), clause=CLAUSE)
        if len(octets) > 0x10002:
            raise TrailingOctets("R-APDU of more than 65538 octets", offset=0x10002, clause=CLAUSE)
        return cls(bytes(octets[:-2]), octets[-2] << 8 | octets[-1])
