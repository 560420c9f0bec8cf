"""What the platform answers on the card's screen: the data of an MT packet to TAR 594B54.

docs/wire/card-application.md §9: version 1 | kind 1 | request number 4 | serial 6 | DCS 1 | text. The card's PoR says
*queued*, never *seen*.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Self

from ..errors import BadValue, CodecError, LimitExceeded, LocalError
from ..sms import ucs2
from ..sms.dcs import DCS_OCTET, DCS_UCS2
from .fields import ClauseCursor, known, unsigned
from .names import VERSION
from .requests import SERIAL_OCTETS

CLAUSE: Final = "docs/wire/card-application.md §9"
SEGMENT_TEXT: Final = 85  #: octets of text that one AES segment carries
SCREEN_TEXT: Final = 240  #: octets of text that one screen (DISPLAY TEXT) holds
_TEXT_AT: Final = 13


class AnswerKind(IntEnum):
    """Octet 2."""

    FINAL = 0x01
    INTERIM = 0x02  #: news; the final answer follows and replaces it
    QUESTION = 0x03  #: yes or no, by operation 50
    SILENT = 0x04  #: the SMS has it
    PASSWORD_QUESTION = 0x05  #: behind a yes the service password


QUESTIONS: Final = frozenset({AnswerKind.QUESTION, AnswerKind.PASSWORD_QUESTION})


class QueueStatus(IntEnum):
    """The one octet of PoR data that the menu applet gives."""

    QUEUED = 0x00
    REPLACED = 0x01  #: queued, and an older text for the same request replaced
    UNKNOWN_REQUEST = 0x02


@dataclass(frozen=True, slots=True)
class MenuAnswer:
    """One answer. `number` echoes the request (0: not asked for), `serial` is the one the SMS would carry.

    The text stays out of the repr: it may be a balance. Its coding follows from it: ASCII as 8-bit, else UCS-2.

    >>> MenuAnswer(AnswerKind.FINAL, 7, 1, "ok").encode().hex()
    '010100000007000000000001046f6b'
    """

    kind: AnswerKind
    number: int
    serial: int
    text: str = field(repr=False)

    def encode(self) -> bytes:
        """The octets; LocalError for a text no screen holds, or none where the kind is shown."""
        octets = encode_text(self.text)
        _check_text(self.kind, len(octets), LocalError)
        dcs = DCS_OCTET if self.text.isascii() else DCS_UCS2
        number = unsigned(self.number, 4, "request number", CLAUSE)
        serial = unsigned(self.serial, SERIAL_OCTETS, "serial", CLAUSE)
        return bytes((VERSION, self.kind)) + number + serial + bytes((dcs,)) + octets

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From all of `octets`; a RemoteError names the octet that is wrong."""
        cursor = ClauseCursor(octets, CLAUSE)
        if (version := cursor.u8("version")) != VERSION:
            raise BadValue(f"answer version {version:02X}: {VERSION:02X} is known", offset=0, clause=CLAUSE)
        kind = known(AnswerKind, cursor.u8("kind"), "answer kind", 1, CLAUSE)
        number = cursor.u32("request number")
        serial = cursor.integer(SERIAL_OCTETS, "serial")
        dcs = cursor.u8("DCS")
        _check_text(kind, cursor.remaining, BadValue)
        return cls(kind, number, serial, decode_text(dcs, cursor.rest()))


def encode_text(text: str) -> bytes:
    """ASCII as 8-bit data, everything else as UCS-2; the length is not checked here."""
    if text.isascii():
        return text.encode("ascii")
    try:
        return ucs2.encode(text)
    except LocalError as error:
        raise LocalError(f"text: {error.message}", clause=CLAUSE) from None


def decode_text(dcs: int, octets: bytes) -> str:
    """The text of an answer by its DCS; BadValue for a coding beside 04 and 08 and for half a character."""
    if dcs == DCS_UCS2:
        try:
            return ucs2.decode(octets)
        except CodecError as error:
            raise BadValue(f"text: {error.message}", offset=_TEXT_AT, clause=CLAUSE) from None
    if dcs != DCS_OCTET:
        raise BadValue(f"DCS {dcs:02X}: 04 or 08", offset=_TEXT_AT - 1, clause=CLAUSE)
    if not octets.isascii():
        raise BadValue("8-bit text that is not ASCII", offset=_TEXT_AT, clause=CLAUSE)
    return octets.decode("ascii")


def fits(text: str) -> bool:
    """One AES segment carries the text."""
    return len(encode_text(text)) <= SEGMENT_TEXT


def _check_text(kind: AnswerKind, length: int, error: type[BadValue] | type[LocalError]) -> None:
    if length > SCREEN_TEXT:
        too_long = LimitExceeded if error is BadValue else error
        raise too_long(f"text of {length} octets: at most {SCREEN_TEXT}", offset=_TEXT_AT, clause=CLAUSE)
    if not length and kind is not AnswerKind.SILENT:
        raise error(f"an answer of kind {kind.name} without a text", offset=_TEXT_AT, clause=CLAUSE)
