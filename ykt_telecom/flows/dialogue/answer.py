"""What the platform answers on the card's screen: the data of an MT packet to TAR 594B54 (card-application.md §11).

version 1 | kind 1 | request number 4 | serial 6 | DCS 1 | text. At most 85 octets of text, so that one AES packet is
one segment. The card's PoR says *queued*, never *displayed*.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from telecom_codecs.errors import BadValue, LocalError
from telecom_codecs.octets import Cursor

from .request import SERIAL_OCTETS, VERSION

TEXT_OCTETS = 85
DCS_EIGHT_BIT = 0x04
DCS_UCS2 = 0x08
_CLAUSE = "card-application.md §11"


class AnswerKind(IntEnum):
    """Octet 2."""

    FINAL = 0x01
    INTERIM = 0x02
    CONFIRM = 0x03
    SILENT = 0x04


_KINDS = frozenset(map(int, AnswerKind))


class QueueStatus(IntEnum):
    """The one octet of PoR data that the menu applet gives."""

    QUEUED = 0x00
    REPLACED = 0x01
    UNKNOWN_REQUEST = 0x02


@dataclass(frozen=True, slots=True)
class MenuAnswer:
    """One answer. `number` echoes the request, `serial` is the platform's (u48); the DCS follows from the text.

    >>> MenuAnswer(AnswerKind.FINAL, 7, 1, "ok").encode().hex()
    '010100000007000000000001046f6b'
    """

    kind: AnswerKind
    number: int
    serial: int
    text: str

    def encode(self) -> bytes:
        octets = encode_text(self.text)
        if not 1 <= len(octets) <= TEXT_OCTETS:
            raise LocalError(f"text of {len(octets)} octets: 1 to {TEXT_OCTETS}", clause=_CLAUSE)
        if not 0 <= self.number < 1 << 32 or not 0 <= self.serial < 1 << 8 * SERIAL_OCTETS:
            raise LocalError("request number or serial out of range", clause=_CLAUSE)
        dcs = DCS_EIGHT_BIT if self.text.isascii() else DCS_UCS2
        numbers = self.number.to_bytes(4, "big") + self.serial.to_bytes(SERIAL_OCTETS, "big")
        return bytes((VERSION, self.kind)) + numbers + bytes((dcs,)) + octets

    @classmethod
    def decode(cls, octets: bytes) -> MenuAnswer:
        cursor = Cursor(octets)
        if (version := cursor.u8("version")) != VERSION:
            raise BadValue(f"answer version {version:02X}: {VERSION:02X} is known", offset=0, clause=_CLAUSE)
        kind = cursor.u8("kind")
        if kind not in _KINDS:
            raise BadValue(f"answer kind {kind:02X} is not known", offset=1, clause=_CLAUSE)
        number = cursor.u32("request number")
        serial = cursor.integer(SERIAL_OCTETS, "serial")
        dcs = cursor.u8("DCS")
        if not 1 <= cursor.remaining <= TEXT_OCTETS:
            raise BadValue(f"text of {cursor.remaining} octets: 1 to {TEXT_OCTETS}", offset=13, clause=_CLAUSE)
        return cls(AnswerKind(kind), number, serial, _decode_text(dcs, cursor.rest()))


def fits(text: str) -> bool:
    """One AES segment carries the text."""
    return len(encode_text(text)) <= TEXT_OCTETS


def encode_text(text: str) -> bytes:
    """ASCII as 8-bit data, everything else as UCS-2; length is not checked here."""
    if text.isascii():
        return text.encode("ascii")
    try:
        return text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise LocalError("the text has half a surrogate pair", clause=_CLAUSE) from None


def _decode_text(dcs: int, octets: bytes) -> str:
    try:
        if dcs == DCS_EIGHT_BIT:
            return octets.decode("ascii")
        if dcs == DCS_UCS2:
            text = octets.decode("utf-16-be")
            if text.isascii():
                raise BadValue("ASCII text is sent with DCS 04", offset=12, clause=_CLAUSE)
            return text
    except UnicodeDecodeError:
        raise BadValue(f"text does not fit DCS {dcs:02X}", offset=13, clause=_CLAUSE) from None
    raise BadValue(f"DCS {dcs:02X}: 04 or 08", offset=12, clause=_CLAUSE)
