"""What the menu applet asks the platform and what it is answered: docs/wire/card-application.md §8 and §9.

Both are the plain octets inside the secured packets; sealing is the card's secured channel. A request carries a service
password at times, so its fields are not part of its repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

from telecom_codecs.card.identities import Iccid
from telecom_codecs.errors import BadValue, LimitExceeded, LocalError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms import ucs2
from telecom_codecs.sms.dcs import DCS_OCTET, DCS_UCS2

from .menu_tree import Language

VERSION = 0x01
#: Requests are filled to one of these, so that their length tells nothing.
SHORT_REQUEST, LONG_REQUEST = 66, 98
LONGEST_FAULT = 35  #: UCS-2 characters of a fault text beside its category
LONGEST_ANSWER = 240  #: octets of text: what one DISPLAY TEXT holds. 85 of them fit one segment under AES
SERIAL_OCTETS = 6

CLAUSE = "card-application 8"
ANSWER_CLAUSE = "card-application 9"


class Operation(IntEnum):
    """What a request asks for."""

    BALANCE = 0x01
    RECORDS = 0x02
    ATTENDANCE = 0x03
    APPLICATIONS = 0x04
    DELETE = 0x10
    FREEZE = 0x11
    FREEZE_OTHER = 0x12
    PASSWORD = 0x20
    SUBSCRIBE = 0x30
    SEND_STATEMENT = 0x31
    REPORT_FAULT = 0x40
    PROGRESS = 0x41
    REPLY = 0x50
    NOT_SHOWN = 0x7E


class AttendanceView(IntEnum):
    """What an attendance request wants, in its page field: the card has no calendar."""

    TODAY = 0x01
    YESTERDAY = 0x02
    THIS_MONTH = 0x03
    LAST_MONTH = 0x04
    DETAILS_BY_SMS = 0x05


class FaultCategory(IntEnum):
    """What a fault is about, in the class of tag 86."""

    CANNOT_TAP = 0x01
    WRONG_CHARGE = 0x02
    NO_MESSAGE = 0x03
    OTHER = 0x04


class RequestTag(IntEnum):
    """Tags of a request's fields."""

    PASSWORD = 0x81
    NEW_PASSWORD = 0x82
    MSISDN = 0x83
    PERIOD = 0x84
    PAGE = 0x85
    SUBSCRIPTION = 0x86
    TEXT = 0x87
    SERIAL = 0x88


class AnswerKind(IntEnum):
    """What an answer is."""

    FINAL = 0x01
    INTERIM = 0x02
    CONFIRM = 0x03
    SILENT = 0x04
    CONFIRM_WITH_PASSWORD = 0x05


QUESTIONS = (AnswerKind.CONFIRM, AnswerKind.CONFIRM_WITH_PASSWORD)


class AnswerStatus(IntEnum):
    """The card's word on an answer: the one octet of its response packet (§9). It proves queued, not displayed."""

    QUEUED = 0x00
    REPLACED = 0x01
    UNKNOWN_REQUEST = 0x02


@dataclass(frozen=True, slots=True)
class Request:
    """A mobile-originated request. `request` is the card's own number, u32; `enterprise` 0 = none."""

    operation: int
    request: int
    iccid: Iccid
    enterprise: int = 0
    language: Language = Language.CHINESE
    fields: tuple[tuple[int, bytes], ...] = field(default=(), repr=False)

    def encode(self) -> bytes:
        """66 octets, or 98 when the fields need them. Raises LocalError beyond that."""
        body = bytes((VERSION, self.operation)) + self.request.to_bytes(4, "big") + self.iccid.octets()
        body += self.enterprise.to_bytes(4, "big") + bytes((self.language,))
        body += b"".join(bytes((tag, len(value))) + value for tag, value in self.fields)
        sizes = (LONG_REQUEST,) if self.operation == Operation.REPORT_FAULT else (SHORT_REQUEST, LONG_REQUEST)
        for size in sizes:
            if len(body) <= size:
                return body.ljust(size, b"\x00")
        raise LocalError(f"request of {len(body)} octets: at most {LONG_REQUEST} fit one short message", clause=CLAUSE)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """The request without its filling. Raises RemoteError."""
        cursor = Cursor(octets)
        if (version := cursor.u8("version")) != VERSION:
            raise BadValue(f"request version {version:02X}", offset=0, clause=CLAUSE)
        operation, request = cursor.u8("operation"), cursor.u32("request number")
        iccid = Iccid.from_octets(cursor.take(10, "ICCID"))
        enterprise, language = cursor.u32("enterprise"), cursor.u8("language")
        fields: list[tuple[int, bytes]] = []
        while cursor.remaining and cursor.peek():
            tag = cursor.u8("tag")
            fields.append((tag, cursor.take(cursor.u8("length"), f"field {tag:02X}")))
        if any(cursor.rest()):
            raise BadValue("the filling is not zero", clause=CLAUSE)
        spoken = Language.ENGLISH if language == Language.ENGLISH else Language.CHINESE
        return cls(operation, request, iccid, enterprise, spoken, tuple(fields))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: `request` echoes the card's number (0: not asked for), `serial` (6 octets) names the notice."""

    kind: int
    request: int
    serial: bytes
    text: str = field(repr=False)

    def encode(self) -> bytes:
        """ASCII as 8-bit data, everything else as UCS-2."""
        if len(self.serial) != SERIAL_OCTETS:
            raise LocalError(f"a serial has {SERIAL_OCTETS} octets", clause=ANSWER_CLAUSE)
        latin = self.text.isascii()
        text = self.text.encode("ascii") if latin else ucs2.encode(self.text)
        if len(text) > LONGEST_ANSWER:
            raise LocalError(f"answer text of {len(text)} octets, at most {LONGEST_ANSWER}", clause=ANSWER_CLAUSE)
        head = bytes((VERSION, self.kind)) + self.request.to_bytes(4, "big") + self.serial
        return head + bytes((DCS_OCTET if latin else DCS_UCS2,)) + text

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Raises RemoteError for another version or coding, a missing part or too long a text."""
        cursor = Cursor(octets)
        if (version := cursor.u8("version")) != VERSION:
            raise BadValue(f"answer version {version:02X}", offset=0, clause=ANSWER_CLAUSE)
        kind, request, serial = cursor.u8("kind"), cursor.u32("request number"), cursor.take(SERIAL_OCTETS, "serial")
        dcs, text = cursor.u8("DCS"), cursor.rest()
        if len(text) > LONGEST_ANSWER:
            raise LimitExceeded(f"answer text of {len(text)} octets", offset=13, clause=ANSWER_CLAUSE)
        if dcs == DCS_UCS2:
            return cls(kind, request, serial, ucs2.decode(text))
        if dcs == DCS_OCTET and text.isascii():
            return cls(kind, request, serial, text.decode("ascii"))
        raise BadValue(f"answer coded {dcs:02X}: 08 (UCS-2) or 04 (ASCII)", offset=12, clause=ANSWER_CLAUSE)
