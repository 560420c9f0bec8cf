"""SMS-DELIVER and SMS-SUBMIT: the short message itself, to the phone and from it.

3GPP TS 23.040 §9.2.2.1, §9.2.2.2. The reports and SMS-COMMAND are in :mod:`.sms_reports` and offered here
too. Which TPDU an octet string is depends on its direction: :func:`decode_from_network` and
:func:`decode_from_station`. User data is held as :mod:`.sms_user_data` tells. Unused bits of the first octet
are written as 0 and ignored when read (§9.2.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from ..errors import BadValue
from ..octets import Cursor
from .address import Address
from .reports import (
    Command,
    DeliverReport,
    StatusReport,
    SubmitReport,
    first_octet_of,
    octet,
)
from .time import EnhancedValidity, RelativeValidity, Scts, Validity
from .udh import UserDataHeader, split_user_data
from .user_data import decode_user_data, encode_user_data, text_of

__all__ = [
    "Command",
    "DeliverReport",
    "EnhancedValidity",
    "FromNetwork",
    "FromStation",
    "RelativeValidity",
    "Scts",
    "SmsDeliver",
    "SmsSubmit",
    "StatusReport",
    "SubmitReport",
    "Validity",
    "decode_from_network",
    "decode_from_station",
]

_DELIVER: Final = 0
_SUBMIT: Final = 1
_VPF_ENHANCED: Final = 1
_VPF_RELATIVE: Final = 2
_VPF_ABSOLUTE: Final = 3


@dataclass(frozen=True, slots=True)
class SmsDeliver:
    """SMS-DELIVER (§9.2.2.1): from the service centre to the phone.

    `more_messages` is the meaning, not the bit (TP-MMS 0 says more are waiting).
    """

    originating: Address
    pid: int
    dcs: int
    scts: Scts
    user_data: bytes
    udhi: bool = False
    more_messages: bool = False
    status_report_indication: bool = False
    reply_path: bool = False
    loop_prevention: bool = False

    def encode(self) -> bytes:
        flags = (
            (not self.more_messages) << 2
            | self.loop_prevention << 3
            | self.status_report_indication << 5
            | self.udhi << 6
            | self.reply_path << 7
        )
        return b"".join(
            (
                bytes((_DELIVER | flags,)),
                self.originating.encode_tp(),
                bytes((octet("TP-PID", self.pid), octet("TP-DCS", self.dcs))),
                self.scts.encode(),
                encode_user_data(self.dcs, self.udhi, self.user_data),
            )
        )

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        first = first_octet_of(cursor, _DELIVER, "SMS-DELIVER")
        originating = Address.decode_tp(cursor)
        pid, dcs = cursor.u8("TP-PID"), cursor.u8("TP-DCS")
        scts = Scts.decode(cursor)
        udhi = bool(first & 0x40)
        return cls(
            originating,
            pid,
            dcs,
            scts,
            decode_user_data(cursor, dcs, udhi),
            udhi,
            more_messages=not first & 0x04,
            status_report_indication=bool(first & 0x20),
            reply_path=bool(first & 0x80),
            loop_prevention=bool(first & 0x08),
        )

    @property
    def header(self) -> UserDataHeader | None:
        """The user data header, if there is one."""
        return split_user_data(self.udhi, self.user_data)[0]

    @property
    def body(self) -> bytes:
        """The user data behind the header."""
        return split_user_data(self.udhi, self.user_data)[1]

    def text(self) -> str | None:
        """The text, or None for 8-bit and compressed data."""
        return text_of(self.dcs, self.udhi, self.user_data)


@dataclass(frozen=True, slots=True)
class SmsSubmit:
    """SMS-SUBMIT (§9.2.2.2): from the phone to the service centre. `reference` is TP-MR."""

    destination: Address
    pid: int
    dcs: int
    user_data: bytes
    udhi: bool = False
    reference: int = 0
    validity: Validity | None = None
    reject_duplicates: bool = False
    status_report_request: bool = False
    reply_path: bool = False

    def encode(self) -> bytes:
        validity = self.validity
        flags = (
            self.reject_duplicates << 2
            | _validity_format(validity) << 3
            | self.status_report_request << 5
            | self.udhi << 6
            | self.reply_path << 7
        )
        return b"".join(
            (
                bytes((_SUBMIT | flags, octet("TP-MR", self.reference))),
                self.destination.encode_tp(),
                bytes((octet("TP-PID", self.pid), octet("TP-DCS", self.dcs))),
                b"" if validity is None else validity.encode(),
                encode_user_data(self.dcs, self.udhi, self.user_data),
            )
        )

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        first = first_octet_of(cursor, _SUBMIT, "SMS-SUBMIT")
        reference = cursor.u8("TP-MR")
        destination = Address.decode_tp(cursor)
        pid, dcs = cursor.u8("TP-PID"), cursor.u8("TP-DCS")
        validity = _read_validity(cursor, first >> 3 & 3)
        udhi = bool(first & 0x40)
        return cls(
            destination,
            pid,
            dcs,
            decode_user_data(cursor, dcs, udhi),
            udhi,
            reference,
            validity,
            reject_duplicates=bool(first & 0x04),
            status_report_request=bool(first & 0x20),
            reply_path=bool(first & 0x80),
        )

    @property
    def header(self) -> UserDataHeader | None:
        """The user data header, if there is one."""
        return split_user_data(self.udhi, self.user_data)[0]

    @property
    def body(self) -> bytes:
        """The user data behind the header."""
        return split_user_data(self.udhi, self.user_data)[1]

    def text(self) -> str | None:
        """The text, or None for 8-bit and compressed data."""
        return text_of(self.dcs, self.udhi, self.user_data)


def _validity_format(validity: Validity | None) -> int:
    if validity is None:
        return 0
    if isinstance(validity, RelativeValidity):
        return _VPF_RELATIVE
    return _VPF_ABSOLUTE if isinstance(validity, Scts) else _VPF_ENHANCED


def _read_validity(cursor: Cursor, form: int) -> Validity | None:
    if form == _VPF_RELATIVE:
        return RelativeValidity(cursor.u8("TP-VP"))
    if form == _VPF_ABSOLUTE:
        return Scts.decode(cursor)
    return EnhancedValidity.decode(cursor) if form == _VPF_ENHANCED else None


FromNetwork = SmsDeliver | SubmitReport | StatusReport
FromStation = SmsSubmit | DeliverReport | Command

_FROM_NETWORK: Final = (SmsDeliver, SubmitReport, StatusReport)
_FROM_STATION: Final = (DeliverReport, SmsSubmit, Command)


def decode_from_network(octets: bytes) -> FromNetwork:
    """A TPDU on its way from the service centre to the phone."""
    found: FromNetwork = _FROM_NETWORK[_message_type(octets)].decode(octets)
    return found


def decode_from_station(octets: bytes) -> FromStation:
    """A TPDU on its way from the phone to the service centre."""
    found: FromStation = _FROM_STATION[_message_type(octets)].decode(octets)
    return found


def _message_type(octets: bytes) -> int:
    mti = Cursor(octets).u8("TP-MTI") & 3
    if mti == 3:
        raise BadValue("TP-MTI 3 is reserved", offset=0, clause="TS 23.040 9.2.3.1")
    return mti
