"""SMS-DELIVER-REPORT, SMS-SUBMIT-REPORT, SMS-STATUS-REPORT and SMS-COMMAND.

3GPP TS 23.040 §9.2.2.1a, §9.2.2.2a, §9.2.2.3, §9.2.2.4. TP-PI is derived from the fields that are there; its
reserved bits are kept in `reserved_parameters`. Whether a report answers RP-ACK or RP-ERROR is not in the TPDU: the
octet after the first is TP-FCS if it is 80 or more, because TP-PI never is without its extension bit (§9.2.3.22, 27).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from ..errors import BadValue, LocalError
from ..octets import Cursor
from .address import Address
from .time import Scts
from .udh import UserDataHeader, split_user_data
from .user_data import decode_user_data, encode_user_data, text_of

PI_CLAUSE = "TS 23.040 9.2.3.27"
FCS_CLAUSE = "TS 23.040 9.2.3.22"
_MTI_CLAUSE = "TS 23.040 9.2.3.1"

_PI_PID: Final = 0x01
_PI_DCS: Final = 0x02
_PI_UDL: Final = 0x04
_PI_RESERVED: Final = 0x78
_PI_EXTENSION: Final = 0x80

MAX_ACK_OCTETS: Final = 159  #: TP-UD of an SMS-DELIVER-REPORT on RP-ACK; one less on RP-ERROR
MAX_REPORT_OCTETS: Final = 152
MAX_COMMAND_OCTETS: Final = 157


def octet(name: str, value: int) -> int:
    """`value` itself; LocalError where it is no octet."""
    if not 0 <= value <= 0xFF:
        raise LocalError(f"{name} {value} is not an octet")
    return value


def first_octet_of(cursor: Cursor, message_type: int, name: str) -> int:
    """The first octet; BadValue where its TP-MTI is not `message_type`."""
    start = cursor.offset
    first = cursor.u8("first octet")
    if first & 3 != message_type:
        raise BadValue(f"TP-MTI {first & 3} is not {name}", offset=start, clause=_MTI_CLAUSE)
    return first


def _encode_optional(
    pid: int | None, dcs: int | None, udhi: bool, user_data: bytes, *, reserved: int, between: bytes, limit: int
) -> bytes:
    """TP-PI, what stands `between` it and the optional fields, and those fields."""
    if reserved & ~_PI_RESERVED:
        raise LocalError(f"reserved parameters {reserved:02X} outside bits 3 to 6", clause=PI_CLAUSE)
    if udhi and not user_data:
        raise LocalError("UDHI is set but there is no user data", clause=PI_CLAUSE)
    indicator = reserved
    fields = b""
    if pid is not None:
        indicator |= _PI_PID
        fields += bytes((octet("TP-PID", pid),))
    if dcs is not None:
        indicator |= _PI_DCS
        fields += bytes((octet("TP-DCS", dcs),))
    if user_data:
        indicator |= _PI_UDL
        fields += encode_user_data(dcs or 0, udhi, user_data, limit)
    return bytes((indicator,)) + between + fields


def _read_indicator(cursor: Cursor) -> int:
    start = cursor.offset
    indicator = cursor.u8("TP-PI")
    if indicator & _PI_EXTENSION:
        raise BadValue(f"TP-PI {indicator:02X} announces an extension", offset=start, clause=PI_CLAUSE)
    return indicator


def _read_optional(cursor: Cursor, indicator: int, udhi: bool, limit: int) -> tuple[int | None, int | None, bytes]:
    """TP-PID, TP-DCS and user data, as far as `indicator` says they are there; then nothing may be left."""
    pid = cursor.u8("TP-PID") if indicator & _PI_PID else None
    dcs = cursor.u8("TP-DCS") if indicator & _PI_DCS else None
    user_data = decode_user_data(cursor, dcs or 0, udhi, limit) if indicator & _PI_UDL else b""
    cursor.expect_end("report")
    if udhi and not user_data:
        raise BadValue("UDHI without user data", offset=0, clause=PI_CLAUSE)
    return pid, dcs, user_data


def _read_cause(cursor: Cursor) -> int | None:
    return cursor.u8("TP-FCS") if cursor.peek("TP-PI") & 0x80 else None


def _cause(failure_cause: int | None) -> bytes:
    if failure_cause is None:
        return b""
    if not 0x80 <= failure_cause <= 0xFF:
        raise LocalError(f"TP-FCS {failure_cause:02X} is reserved", clause=FCS_CLAUSE)
    return bytes((failure_cause,))


@dataclass(frozen=True, slots=True)
class DeliverReport:
    """SMS-DELIVER-REPORT (§9.2.2.1a): the phone's answer to SMS-DELIVER; carries a PoR as user data.

    `failure_cause` (TP-FCS, 80 to FF) is there on RP-ERROR only.
    """

    user_data: bytes = b""
    pid: int | None = None
    dcs: int | None = None
    failure_cause: int | None = None
    udhi: bool = False
    reserved_parameters: int = 0

    @property
    def is_ack(self) -> bool:
        """The message was taken: the report goes in RP-ACK."""
        return self.failure_cause is None

    def encode(self) -> bytes:
        limit = MAX_ACK_OCTETS - (not self.is_ack)
        optional = _encode_optional(
            self.pid, self.dcs, self.udhi, self.user_data, reserved=self.reserved_parameters, between=b"", limit=limit
        )
        return bytes((self.udhi << 6,)) + _cause(self.failure_cause) + optional

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        udhi = bool(first_octet_of(cursor, 0, "SMS-DELIVER-REPORT") & 0x40)
        cause = _read_cause(cursor)
        indicator = _read_indicator(cursor)
        limit = MAX_ACK_OCTETS - (cause is not None)
        pid, dcs, user_data = _read_optional(cursor, indicator, udhi, limit)
        return cls(user_data, pid, dcs, cause, udhi, indicator & _PI_RESERVED)

    @property
    def header(self) -> UserDataHeader | None:
        """The user data header, if there is one."""
        return split_user_data(self.udhi, self.user_data)[0]

    @property
    def body(self) -> bytes:
        """The user data behind the header."""
        return split_user_data(self.udhi, self.user_data)[1]


@dataclass(frozen=True, slots=True)
class SubmitReport:
    """SMS-SUBMIT-REPORT (§9.2.2.2a): the service centre's answer to SMS-SUBMIT or SMS-COMMAND."""

    scts: Scts
    user_data: bytes = b""
    pid: int | None = None
    dcs: int | None = None
    failure_cause: int | None = None
    udhi: bool = False
    reserved_parameters: int = 0

    @property
    def is_ack(self) -> bool:
        """The message was taken: the report goes in RP-ACK."""
        return self.failure_cause is None

    def encode(self) -> bytes:
        optional = _encode_optional(
            self.pid,
            self.dcs,
            self.udhi,
            self.user_data,
            reserved=self.reserved_parameters,
            between=self.scts.encode(),
            limit=MAX_REPORT_OCTETS - (not self.is_ack),
        )
        return bytes((1 | self.udhi << 6,)) + _cause(self.failure_cause) + optional

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        udhi = bool(first_octet_of(cursor, 1, "SMS-SUBMIT-REPORT") & 0x40)
        cause = _read_cause(cursor)
        indicator = _read_indicator(cursor)
        scts = Scts.decode(cursor)
        limit = MAX_REPORT_OCTETS - (cause is not None)
        pid, dcs, user_data = _read_optional(cursor, indicator, udhi, limit)
        return cls(scts, user_data, pid, dcs, cause, udhi, indicator & _PI_RESERVED)


@dataclass(frozen=True, slots=True)
class StatusReport:
    """SMS-STATUS-REPORT (§9.2.2.3): what became of an SMS-SUBMIT or SMS-COMMAND.

    `status` is TP-ST (§9.2.3.15): 00 to 1F done, 20 to 3F still trying, 40 to 5F given up for good,
    60 to 7F given up after trying. TP-PI and what follows may be missing: `has_parameters` says so.
    """

    reference: int
    recipient: Address
    scts: Scts
    discharge: Scts
    status: int
    user_data: bytes = b""
    pid: int | None = None
    dcs: int | None = None
    udhi: bool = False
    more_messages: bool = False
    loop_prevention: bool = False
    answers_command: bool = False
    has_parameters: bool = False
    reserved_parameters: int = 0

    @property
    def is_delivered(self) -> bool:
        """The transaction is complete (TP-ST 00 to 1F)."""
        return self.status < 0x20

    @property
    def is_final(self) -> bool:
        """The service centre makes no more attempts."""
        return not 0x20 <= self.status < 0x40

    def encode(self) -> bytes:
        flags = (
            2 | (not self.more_messages) << 2 | self.loop_prevention << 3 | self.answers_command << 5 | self.udhi << 6
        )
        optional = _encode_optional(
            self.pid,
            self.dcs,
            self.udhi,
            self.user_data,
            reserved=self.reserved_parameters,
            between=b"",
            limit=MAX_REPORT_OCTETS,
        )
        return b"".join(
            (
                bytes((flags, octet("TP-MR", self.reference))),
                self.recipient.encode_tp(),
                self.scts.encode(),
                self.discharge.encode(),
                bytes((octet("TP-ST", self.status),)),
                optional if self.has_parameters or optional != b"\x00" else b"",
            )
        )

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        first = first_octet_of(cursor, 2, "SMS-STATUS-REPORT")
        reference = cursor.u8("TP-MR")
        recipient = Address.decode_tp(cursor)
        scts, discharge = Scts.decode(cursor), Scts.decode(cursor)
        status = cursor.u8("TP-ST")
        indicator = _read_indicator(cursor) if cursor.remaining else None
        udhi = bool(first & 0x40)
        pid, dcs, user_data = _read_optional(cursor, indicator or 0, udhi, MAX_REPORT_OCTETS)
        return cls(
            reference,
            recipient,
            scts,
            discharge,
            status,
            user_data,
            pid,
            dcs,
            udhi,
            more_messages=not first & 0x04,
            loop_prevention=bool(first & 0x08),
            answers_command=bool(first & 0x20),
            has_parameters=indicator is not None,
            reserved_parameters=(indicator or 0) & _PI_RESERVED,
        )

    def text(self) -> str | None:
        """The text, or None for 8-bit and compressed data."""
        return text_of(self.dcs or 0, self.udhi, self.user_data)


@dataclass(frozen=True, slots=True)
class Command:
    """SMS-COMMAND (§9.2.2.4): the phone asks about, or for the deletion of, message `message_number`.

    `command` is TP-CT (§9.2.3.19): 0 enquiry, 1 cancel status report, 2 delete, 3 enable status report.
    """

    destination: Address
    pid: int
    command: int
    message_number: int
    command_octets: bytes = b""
    reference: int = 0
    udhi: bool = False
    status_report_request: bool = False

    def encode(self) -> bytes:
        if len(self.command_octets) > MAX_COMMAND_OCTETS:
            raise LocalError(f"{len(self.command_octets)} octets of TP-CD", clause="TS 23.040 9.2.3.20")
        return b"".join(
            (
                bytes((2 | self.status_report_request << 5 | self.udhi << 6, octet("TP-MR", self.reference))),
                bytes((octet("TP-PID", self.pid), octet("TP-CT", self.command))),
                bytes((octet("TP-MN", self.message_number),)),
                self.destination.encode_tp(),
                bytes((len(self.command_octets),)),
                self.command_octets,
            )
        )

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        first = first_octet_of(cursor, 2, "SMS-COMMAND")
        reference, pid = cursor.u8("TP-MR"), cursor.u8("TP-PID")
        command, number = cursor.u8("TP-CT"), cursor.u8("TP-MN")
        destination = Address.decode_tp(cursor)
        command_octets = decode_user_data(cursor, 4, bool(first & 0x40), MAX_COMMAND_OCTETS)
        return cls(
            destination,
            pid,
            command,
            number,
            command_octets,
            reference,
            udhi=bool(first & 0x40),
            status_report_request=bool(first & 0x20),
        )
