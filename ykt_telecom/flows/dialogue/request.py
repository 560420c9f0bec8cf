"""What the menu applet asks: the secured data of an MO packet (card-application.md §6-9).

version 1 | operation 1 | request number 4 | ICCID 10 | enterprise 4 (0 = none) | language 1 | TLVs (tag 1, length 1),
zero-filled to 66 octets (98 for a reported fault), so that the length tells nothing. Strict both ways: a TLV that the
operation does not know, a missing one, a doubled one or a filler that is not zero refuses the whole request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from telecom_codecs.card.identities import Iccid
from telecom_codecs.errors import BadValue, LocalError
from telecom_codecs.octets import Cursor

from ...texts.notices import Language
from .password import DIGITS, ServicePassword

E = TypeVar("E", bound=IntEnum)

VERSION = 0x01
LENGTH = 66
FAULT_LENGTH = 98
SERIAL_OCTETS = 6
FAULT_TEXT_UNITS = 37
MSISDN_DIGITS = (5, 20)


class Operation(IntEnum):
    """Octet 2 (§8)."""

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
    NOT_SHOWN = 0x7E


class Field(IntEnum):
    """TLV tags (§9)."""

    PASSWORD = 0x81
    NEW_PASSWORD = 0x82
    MSISDN = 0x83
    PERIOD = 0x84
    PAGE = 0x85
    SWITCH = 0x86
    TEXT = 0x87
    SERIAL = 0x88


#: Per operation: the TLVs it must bring and those it may bring.
FIELDS: dict[Operation, tuple[frozenset[Field], frozenset[Field]]] = {
    Operation.BALANCE: (frozenset(), frozenset()),
    Operation.RECORDS: (frozenset(), frozenset({Field.PAGE})),
    Operation.ATTENDANCE: (frozenset(), frozenset({Field.PERIOD, Field.PAGE})),
    Operation.APPLICATIONS: (frozenset(), frozenset({Field.PAGE})),
    Operation.DELETE: (frozenset({Field.PASSWORD}), frozenset()),
    Operation.FREEZE: (frozenset({Field.PASSWORD}), frozenset()),
    Operation.FREEZE_OTHER: (frozenset({Field.PASSWORD, Field.MSISDN}), frozenset()),
    Operation.PASSWORD: (frozenset({Field.PASSWORD, Field.NEW_PASSWORD}), frozenset()),
    Operation.SUBSCRIBE: (frozenset({Field.SWITCH}), frozenset()),
    Operation.BILL_AGAIN: (frozenset({Field.PERIOD}), frozenset({Field.SWITCH})),
    Operation.FAULT: (frozenset(), frozenset({Field.SWITCH, Field.TEXT})),
    Operation.PROGRESS: (frozenset(), frozenset({Field.SERIAL})),
    Operation.NOT_SHOWN: (frozenset({Field.SERIAL}), frozenset()),
}


@dataclass(frozen=True, slots=True)
class CardRequest:
    """One request. `number` is the applet's own; `enterprise_id` 0 means none; `fields` in the order they came."""

    operation: Operation
    number: int
    iccid: Iccid
    enterprise_id: int
    language: Language
    password: ServicePassword | None = None
    new_password: ServicePassword | None = None
    msisdn: str | None = None
    period: tuple[int, int] | None = None  #: year, month
    page: int | None = None
    switch: tuple[int, int] | None = None  #: message class, 0 off or 1 on
    text: str | None = None
    serial: int | None = None


def encode_request(request: CardRequest) -> bytes:
    """The octets the card puts into its packet; :class:`LocalError` for a value the format cannot carry."""
    present = {field: value for field, value in _values(request).items() if value is not None}
    _check_fields(request.operation, frozenset(present), LocalError)
    body = bytearray(
        _unsigned(VERSION, 1, "version")
        + _unsigned(request.operation, 1, "operation")
        + _unsigned(request.number, 4, "request number")
        + request.iccid.octets()
        + _unsigned(request.enterprise_id, 4, "enterprise")
        + _unsigned(request.language, 1, "language")
    )
    for field, value in present.items():
        body += bytes((field, len(value))) + value
    length = _length(request.operation)
    if len(body) > length:
        raise LocalError(f"request of {len(body)} octets: at most {length}", clause="card-application.md §6")
    return bytes(body).ljust(length, b"\0")


def decode_request(octets: bytes) -> CardRequest:
    """The request in the decrypted data of an MO packet; a :class:`RemoteError` names the octet that is wrong."""
    cursor = Cursor(octets)
    if (version := cursor.u8("version")) != VERSION:
        raise BadValue(f"request version {version:02X}: {VERSION:02X} is known", offset=0, clause=_CLAUSE)
    operation = _enum(Operation, cursor, "operation")
    number = cursor.u32("request number")
    iccid = Iccid.from_octets(cursor.take(10, "ICCID"))
    enterprise_id = cursor.u32("enterprise")
    language = _enum(Language, cursor, "language")
    if len(octets) != _length(operation):
        raise BadValue(f"request of {len(octets)} octets: {_length(operation)} are wanted", clause="§6")
    fields = _read_fields(cursor)
    _check_fields(operation, frozenset(fields), BadValue)
    return CardRequest(
        operation,
        number,
        iccid,
        enterprise_id,
        language,
        password=_password(fields.get(Field.PASSWORD)),
        new_password=_password(fields.get(Field.NEW_PASSWORD)),
        msisdn=_msisdn(fields.get(Field.MSISDN)),
        period=_period(fields.get(Field.PERIOD)),
        page=_page(fields.get(Field.PAGE)),
        switch=_switch(fields.get(Field.SWITCH)),
        text=_text(fields.get(Field.TEXT)),
        serial=_serial(fields.get(Field.SERIAL)),
    )


_CLAUSE = "card-application.md §7"
_FIELD_CLAUSE = "card-application.md §9"


def _length(operation: Operation) -> int:
    return FAULT_LENGTH if operation is Operation.FAULT else LENGTH


def _unsigned(value: int, count: int, name: str) -> bytes:
    if not 0 <= value < 1 << 8 * count:
        raise LocalError(f"{name} {value} does not fit {count} octets", clause=_CLAUSE)
    return value.to_bytes(count, "big")


def _enum(kind: type[E], cursor: Cursor, name: str) -> E:
    offset = cursor.offset
    value = cursor.u8(name)
    try:
        return kind(value)
    except ValueError:
        raise BadValue(f"{name} {value:02X} is not known", offset=offset, clause=_CLAUSE) from None


def _check_fields(operation: Operation, present: frozenset[Field], error: type[BadValue] | type[LocalError]) -> None:
    required, optional = FIELDS[operation]
    if missing := required - present:
        raise error(f"{operation.name}: TLV {min(missing):02X} is missing", clause=_FIELD_CLAUSE)
    if strange := present - required - optional:
        raise error(f"{operation.name}: TLV {min(strange):02X} has no place here", clause=_FIELD_CLAUSE)


def _read_fields(cursor: Cursor) -> dict[Field, bytes]:
    fields: dict[Field, bytes] = {}
    while cursor.remaining and cursor.peek("tag"):
        offset = cursor.offset
        field = _enum(Field, cursor, "tag")
        if field in fields:
            raise BadValue(f"TLV {field:02X} comes twice", offset=offset, clause=_FIELD_CLAUSE)
        fields[field] = cursor.take(cursor.u8("length"), f"TLV {field:02X}")
    offset = cursor.offset
    if any(cursor.rest()):
        raise BadValue("the filler is not zero", offset=offset, clause="card-application.md §6")
    return fields


def _values(request: CardRequest) -> dict[Field, bytes | None]:
    """Every TLV's value in tag order, None where the request has none."""
    return {
        Field.PASSWORD: None if request.password is None else request.password.octets(),
        Field.NEW_PASSWORD: None if request.new_password is None else request.new_password.octets(),
        Field.MSISDN: None if request.msisdn is None else _msisdn_octets(request.msisdn),
        Field.PERIOD: None if request.period is None else _period_octets(request.period),
        Field.PAGE: None if request.page is None else _unsigned(request.page, 1, "page"),
        Field.SWITCH: None if request.switch is None else _switch_octets(request.switch),
        Field.TEXT: None if request.text is None else _text_octets(request.text),
        Field.SERIAL: None if request.serial is None else _unsigned(request.serial, SERIAL_OCTETS, "serial"),
    }


def _password(octets: bytes | None) -> ServicePassword | None:
    if octets is None:
        return None
    if len(octets) != DIGITS or not octets.isdigit():
        raise BadValue(f"a service password has {DIGITS} ASCII digits", clause=_FIELD_CLAUSE)
    return ServicePassword(octets)


def _msisdn_octets(digits: str) -> bytes:
    if not (MSISDN_DIGITS[0] <= len(digits) <= MSISDN_DIGITS[1] and digits.isascii() and digits.isdigit()):
        raise LocalError(f"MSISDN: {MSISDN_DIGITS[0]} to {MSISDN_DIGITS[1]} digits are wanted", clause=_FIELD_CLAUSE)
    padded = digits + "F" * (len(digits) % 2)
    return bytes.fromhex("".join(padded[i + 1] + padded[i] for i in range(0, len(padded), 2)))


def _msisdn(octets: bytes | None) -> str | None:
    if octets is None:
        return None
    swapped = octets.hex().upper()
    digits = "".join(swapped[i + 1] + swapped[i] for i in range(0, len(swapped), 2))
    digits = digits.removesuffix("F")
    if not (MSISDN_DIGITS[0] <= len(digits) <= MSISDN_DIGITS[1] and digits.isdigit()):
        raise BadValue("MSISDN: digits in semi-octets are wanted", clause=_FIELD_CLAUSE)
    return digits


def _period_octets(period: tuple[int, int]) -> bytes:
    year, month = period
    if not (2000 <= year <= 2099 and 1 <= month <= 12):
        raise LocalError(f"period {year}-{month}: a month of 2000 to 2099 is wanted", clause=_FIELD_CLAUSE)
    return bytes.fromhex(f"{year:04d}{month:02d}")


def _period(octets: bytes | None) -> tuple[int, int] | None:
    if octets is None:
        return None
    digits = octets.hex()
    if len(digits) != 6 or not digits.isdigit():
        raise BadValue("period: YYYYMM in BCD is wanted", clause=_FIELD_CLAUSE)
    year, month = int(digits[:4]), int(digits[4:])
    if not (2000 <= year <= 2099 and 1 <= month <= 12):
        raise BadValue(f"period {digits}: a month of 2000 to 2099 is wanted", clause=_FIELD_CLAUSE)
    return year, month


def _page(octets: bytes | None) -> int | None:
    if octets is None:
        return None
    if len(octets) != 1:
        raise BadValue(f"page of {len(octets)} octets: 1 is wanted", clause=_FIELD_CLAUSE)
    return octets[0]


def _switch_octets(switch: tuple[int, int]) -> bytes:
    if switch[1] not in (0, 1):
        raise LocalError("a switch is 0 (off) or 1 (on)", clause=_FIELD_CLAUSE)
    return _unsigned(switch[0], 1, "class") + bytes((switch[1],))


def _switch(octets: bytes | None) -> tuple[int, int] | None:
    if octets is None:
        return None
    if len(octets) != 2 or octets[1] > 1:
        raise BadValue("class and switch: two octets, the second 00 or 01", clause=_FIELD_CLAUSE)
    return octets[0], octets[1]


def _text_octets(text: str) -> bytes:
    try:
        octets = text.encode("utf-16-be")
    except UnicodeEncodeError:
        raise LocalError("the text has half a surrogate pair", clause=_FIELD_CLAUSE) from None
    if not 1 <= len(octets) // 2 <= FAULT_TEXT_UNITS:
        raise LocalError(f"text of {len(octets) // 2} units: 1 to {FAULT_TEXT_UNITS}", clause="card-application.md §6")
    return octets


def _text(octets: bytes | None) -> str | None:
    if octets is None:
        return None
    if len(octets) % 2 or not 1 <= len(octets) // 2 <= FAULT_TEXT_UNITS:
        raise BadValue(f"text of {len(octets)} octets: UCS-2 of 1 to {FAULT_TEXT_UNITS} units", clause=_FIELD_CLAUSE)
    try:
        return octets.decode("utf-16-be")
    except UnicodeDecodeError:
        raise BadValue("the text has half a surrogate pair", clause=_FIELD_CLAUSE) from None


def _serial(octets: bytes | None) -> int | None:
    if octets is None:
        return None
    if len(octets) != SERIAL_OCTETS:
        raise BadValue(f"serial of {len(octets)} octets: {SERIAL_OCTETS} are wanted", clause=_FIELD_CLAUSE)
    return int.from_bytes(octets, "big")
