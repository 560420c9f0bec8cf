"""What the menu applet asks: the data of an MO packet — docs/wire/card-application.md §8.

version 1 | operation 1 | request number 4 | ICCID 10 | enterprise 4 (0 = none) | language 1 | TLVs (tag 1, length 1),
zero-filled to 66 octets (98 for a reported fault), so that the length tells nothing. Strict both ways: a TLV that the
operation does not know, a missing one, a doubled one, a value beside its table or a filler that is not zero refuses
the whole request.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple, Self, TypedDict, cast

from ..card.identities import Iccid, Msisdn
from ..errors import BadValue, CodecError, LocalError, TrailingOctets, Truncated
from ..octets import Cursor
from ..sms import ucs2
from ..sms.address import decode_semi_octets, encode_semi_octets
from .fields import ClauseCursor, known, unsigned
from .language import Language
from .names import VERSION
from .password import ServicePassword

CLAUSE: Final = "docs/wire/card-application.md §8"
LENGTH: Final = 66
FAULT_LENGTH: Final = 98
SERIAL_OCTETS: Final = 6
#: version, operation, request number, ICCID, enterprise, language
_HEAD: Final = struct.Struct(">BBI10sIB")
_ICCID_AT: Final = 6
FAULT_TEXT_UNITS: Final = 35  #: UCS-2 characters that fit 98 octets beside the category


class Operation(IntEnum):
    """Octet 2: what is asked for."""

    BALANCE = 0x01
    RECORDS = 0x02
    ATTENDANCE = 0x03
    APPLICATIONS = 0x04
    DELETE = 0x10
    FREEZE = 0x11
    FREEZE_OTHER = 0x12
    PASSWORD = 0x20
    SUBSCRIBE = 0x30
    BILL_AGAIN = 0x31
    FAULT = 0x40
    PROGRESS = 0x41
    REPLY = 0x50
    NOT_SHOWN = 0x7E


class Tag(IntEnum):
    """Tags of the TLVs."""

    PASSWORD = 0x81
    NEW_PASSWORD = 0x82
    MSISDN = 0x83
    PERIOD = 0x84
    PAGE = 0x85
    SWITCH = 0x86
    TEXT = 0x87
    SERIAL = 0x88


class RecordsPage(IntEnum):
    """Tag 85 of operation 02."""

    NEWEST = 0x01
    BEFORE_THE_CARDS = 0x02  #: those before the ones on the card


class AttendanceView(IntEnum):
    """Tag 85 of operation 03: the card has no calendar."""

    TODAY = 0x01
    YESTERDAY = 0x02
    THIS_MONTH = 0x03
    LAST_MONTH = 0x04
    DETAILS_BY_SMS = 0x05


class MessageClass(IntEnum):
    """Class in tag 86 of operations 30 and 31; bit n-1 of EF 6F06 (§10)."""

    ATTENDANCE_BILL = 0x01
    SPENDING_BILL = 0x02
    SPENDING_ALERTS = 0x03
    LOW_BALANCE = 0x04


class FaultCategory(IntEnum):
    """Class in tag 86 of operation 40."""

    CANNOT_TAP = 0x01
    WRONG_CHARGE = 0x02
    NO_MESSAGE = 0x03
    OTHER = 0x04


class Switch(NamedTuple):
    """Tag 86: a class (of messages, a fault's category, 0 for an answer) and a position, 1 on or yes, 0 off or no."""

    message_class: int
    position: int


class Period(NamedTuple):
    """Tag 84: a month of 2000 to 2099."""

    year: int
    month: int


_ON_OFF: Final = (0, 1)
_SWITCHES: Final = frozenset(Switch(number, position) for number in MessageClass for position in _ON_OFF)
_CATEGORIES: Final = frozenset(Switch(category, 1) for category in FaultCategory)
_WORDS: Final = frozenset(Switch(0, position) for position in _ON_OFF)


@dataclass(frozen=True, slots=True)
class Form:
    """One line of the table of operations: whether an enterprise is named, and the TLVs in the order of that line."""

    enterprise: bool
    tags: tuple[Tag, ...] = ()
    optional: frozenset[Tag] = frozenset()
    pages: frozenset[int] = frozenset()
    switches: frozenset[Switch] = frozenset()


FORMS: Final = {
    Operation.BALANCE: Form(True),
    Operation.RECORDS: Form(True, (Tag.PAGE,), pages=frozenset(RecordsPage)),
    Operation.ATTENDANCE: Form(True, (Tag.PAGE,), pages=frozenset(AttendanceView)),
    Operation.APPLICATIONS: Form(False),
    Operation.DELETE: Form(True, (Tag.PASSWORD,)),
    Operation.FREEZE: Form(False, (Tag.PASSWORD,)),
    Operation.FREEZE_OTHER: Form(False, (Tag.MSISDN, Tag.PASSWORD)),
    Operation.PASSWORD: Form(False, (Tag.PASSWORD, Tag.NEW_PASSWORD)),
    Operation.SUBSCRIBE: Form(False, (Tag.SWITCH,), switches=_SWITCHES),
    Operation.BILL_AGAIN: Form(False, (Tag.PERIOD, Tag.SWITCH), frozenset({Tag.SWITCH}), switches=_SWITCHES),
    Operation.FAULT: Form(False, (Tag.SWITCH, Tag.TEXT), frozenset({Tag.TEXT}), switches=_CATEGORIES),
    Operation.PROGRESS: Form(False),
    Operation.REPLY: Form(False, (Tag.SWITCH, Tag.SERIAL, Tag.PASSWORD), frozenset({Tag.PASSWORD}), switches=_WORDS),
    Operation.NOT_SHOWN: Form(False, (Tag.SERIAL,)),
}


_REQUIRED: Final = {operation: frozenset(form.tags) - form.optional for operation, form in FORMS.items()}
_ALLOWED: Final = {operation: frozenset(form.tags) for operation, form in FORMS.items()}


class Fields(TypedDict, total=False):
    """The TLVs of a request by name."""

    password: ServicePassword
    new_password: ServicePassword
    msisdn: Msisdn
    period: Period
    page: int
    switch: Switch
    text: str
    serial: int


@dataclass(frozen=True, slots=True, repr=False)
class CardRequest:
    """One request. `number` is the applet's own; `enterprise_id` 0 means none in particular.

    Whose card it is, whom it names and what was written stay out of its repr.
    """

    operation: Operation
    number: int
    iccid: Iccid
    enterprise_id: int = 0
    language: Language = Language.ZH
    password: ServicePassword | None = None
    new_password: ServicePassword | None = None
    msisdn: Msisdn | None = None
    period: Period | None = None
    page: int | None = None
    switch: Switch | None = None
    text: str | None = None
    serial: int | None = None

    def __repr__(self) -> str:
        return f"CardRequest({self.operation.name}, number={self.number}, iccid={self.iccid.masked()})"

    def encode(self) -> bytes:
        """66 octets, 98 for a fault; LocalError for what the format cannot carry."""
        _check(self, LocalError)
        head = (VERSION, self.operation, self.number, self.iccid.octets(), self.enterprise_id, self.language)
        try:
            body = _HEAD.pack(*head)
        except struct.error as error:
            raise LocalError(f"request number or enterprise: {error}", clause=CLAUSE) from None
        for tag in FORMS[self.operation].tags:
            coding = _CODINGS[tag]
            value = getattr(self, coding.name)
            if value is not None:
                octets = coding.write(value)
                body += bytes((tag, len(octets))) + octets
        return body.ljust(length_of(self.operation), b"\0")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """The request in the data of an MO packet; a RemoteError names the octet that is wrong, never a password."""
        if len(octets) < _HEAD.size:
            raise Truncated(f"request of {len(octets)} octets: no whole head", offset=len(octets), clause=CLAUSE)
        version, asked, number, iccid, enterprise_id, language = _HEAD.unpack_from(octets)
        if version != VERSION:
            raise BadValue(f"request version {version:02X}: {VERSION:02X} is known", offset=0, clause=CLAUSE)
        operation = known(Operation, asked, "operation", 1, CLAUSE)
        spoken = known(Language, language, "language", _HEAD.size - 1, CLAUSE)
        _check_length(octets, operation)
        fields = _read_fields(ClauseCursor(octets[_HEAD.size :], CLAUSE, base=_HEAD.size))
        request = cls(operation, number, _iccid(iccid), enterprise_id, spoken, **fields)
        _check(request, BadValue)
        return request


def length_of(operation: Operation) -> int:
    """How many octets a request of this operation has."""
    return FAULT_LENGTH if operation is Operation.FAULT else LENGTH


def _check_length(octets: bytes, operation: Operation) -> None:
    wanted = length_of(operation)
    if len(octets) < wanted:
        raise Truncated(f"request of {len(octets)} octets: {wanted} are wanted", offset=len(octets), clause=CLAUSE)
    if len(octets) > wanted:
        raise TrailingOctets(f"request of {len(octets)} octets: {wanted} are wanted", offset=wanted, clause=CLAUSE)


def _check(request: CardRequest, error: type[BadValue] | type[LocalError]) -> None:
    """What the line of the operation says of enterprise, TLVs and their values."""
    form, name = FORMS[request.operation], request.operation.name
    present = {tag for tag, field in _NAMES if getattr(request, field) is not None}
    if bool(request.enterprise_id) is not form.enterprise:
        raise error(f"{name} names {'an' if form.enterprise else 'no'} enterprise", clause=CLAUSE)
    if missing := _REQUIRED[request.operation] - present:
        raise error(f"{name}: TLV {min(missing):02X} is missing", clause=CLAUSE)
    if strange := present - _ALLOWED[request.operation]:
        raise error(f"{name}: TLV {min(strange):02X} has no place here", clause=CLAUSE)
    if request.page is not None and request.page not in form.pages:
        raise error(f"{name}: page {request.page:02X} is not known", clause=CLAUSE)
    if request.switch is not None and request.switch not in form.switches:
        raise error(f"{name}: class {request.switch[0]}, position {request.switch[1]} is not known", clause=CLAUSE)


def _iccid(octets: bytes) -> Iccid:
    try:
        return Iccid.from_octets(octets)
    except CodecError as error:
        raise BadValue(f"ICCID: {error.message}", offset=_ICCID_AT, clause=CLAUSE) from None


def _read_fields(cursor: Cursor) -> Fields:
    fields: dict[str, Any] = {}
    while cursor.remaining and cursor.peek("tag"):
        offset = cursor.offset
        tag = known(Tag, cursor.u8("tag"), "tag", offset, CLAUSE)
        coding = _CODINGS[tag]
        octets = cursor.take(cursor.u8("length"), f"TLV {tag:02X}")
        if coding.name in fields:
            raise BadValue(f"TLV {tag:02X} comes twice", offset=offset, clause=CLAUSE)
        try:
            fields[coding.name] = coding.read(octets)
        except CodecError as error:
            raise BadValue(f"TLV {tag:02X}: {error.message}", offset=offset, clause=CLAUSE) from None
    offset = cursor.offset
    if any(cursor.rest()):
        raise BadValue("the filler is not zero", offset=offset, clause=CLAUSE)
    return cast(Fields, fields)  # the names are those of _CODINGS


class _Coding(NamedTuple):
    """How a TLV's value stands in octets: the field of the request, and both ways."""

    name: str
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]


def _sized(octets: bytes, count: int) -> bytes:
    if len(octets) != count:
        raise BadValue(f"{len(octets)} octets, {count} are wanted")
    return octets


def _write_period(period: Period) -> bytes:
    year, month = period
    if not (2000 <= year <= 2099 and 1 <= month <= 12):
        raise LocalError(f"period {year}-{month}: a month of 2000 to 2099 is wanted", clause=CLAUSE)
    return bytes.fromhex(f"{year:04d}{month:02d}")


def _read_period(octets: bytes) -> Period:
    digits = _sized(octets, 3).hex()
    if not (digits.isdigit() and digits[:2] == "20" and 1 <= int(digits[4:]) <= 12):
        raise BadValue("period YYYYMM in BCD, a month of 2000 to 2099, is wanted")
    return Period(int(digits[:4]), int(digits[4:]))


def _write_text(text: str) -> bytes:
    if not 1 <= ucs2.unit_count(text) <= FAULT_TEXT_UNITS:
        raise LocalError(f"text of {ucs2.unit_count(text)} units: 1 to {FAULT_TEXT_UNITS}", clause=CLAUSE)
    return ucs2.encode(text)


def _read_text(octets: bytes) -> str:
    if not octets:
        raise BadValue("no text")
    return ucs2.decode(octets)  # 98 octets hold no longer one


_CODINGS: Final = {
    Tag.PASSWORD: _Coding("password", ServicePassword.octets, ServicePassword),
    Tag.NEW_PASSWORD: _Coding("new_password", ServicePassword.octets, ServicePassword),
    Tag.MSISDN: _Coding(
        "msisdn", lambda msisdn: encode_semi_octets(msisdn.digits), lambda octets: Msisdn(decode_semi_octets(octets))
    ),
    Tag.PERIOD: _Coding("period", _write_period, _read_period),
    Tag.PAGE: _Coding("page", lambda page: unsigned(page, 1, "page", CLAUSE), lambda octets: _sized(octets, 1)[0]),
    Tag.SWITCH: _Coding("switch", bytes, lambda octets: Switch(*_sized(octets, 2))),
    Tag.TEXT: _Coding("text", _write_text, _read_text),
    Tag.SERIAL: _Coding(
        "serial",
        lambda serial: unsigned(serial, SERIAL_OCTETS, "serial", CLAUSE),
        lambda octets: int.from_bytes(_sized(octets, SERIAL_OCTETS), "big"),
    ),
}
_NAMES: Final = tuple((tag, coding.name) for tag, coding in _CODINGS.items())
