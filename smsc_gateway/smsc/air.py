"""Between SMPP and the radio side: submit_sm → SMS-DELIVER, SMS-SUBMIT → deliver_sm, DELIVER-REPORT → deliver_sm.

3GPP TS 23.040 (TPDUs, concatenation §9.2.3.24.1), TS 23.038 (alphabets), SMPP 3.4 §5.2.19 (data_coding),
§5.3.2.22 (sar_*), §5.3.2.32 (message_payload). User data, PID and DCS of secured packets pass untouched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, runtime_checkable

from telecom_codecs.errors import CodecError
from telecom_codecs.sms import gsm7
from telecom_codecs.sms.address import TON_ALPHANUMERIC, Address
from telecom_codecs.sms.dcs import DCS_GSM7, DCS_OCTET, DCS_OTA, PID_DATA_DOWNLOAD, DataCoding
from telecom_codecs.sms.tpdu import DeliverReport, Scts, SmsDeliver, SmsSubmit, SubmitReport
from telecom_codecs.sms.udh import Concatenation, UserDataHeader, split_user_data

from ..smpp import operations as op
from ..smpp.operations import EsmClass
from ..smpp.status import CommandStatus
from ..smpp.user_data import ALPHABETS, coded, with_sar
from ..smpp.values import quick

MAX_OCTETS = 140
MAX_SEPTETS = 160
MAX_SEGMENTS = 255

#: TP-FCS that a centre tries again: (U)SIM storage full, ME memory exceeded, toolkit busy — TS 23.040 §9.2.3.22
TEMPORARY_CAUSES = frozenset({0xD0, 0xD3, 0xD4})
#: TP-FCS of a SUBMIT-REPORT for a number nobody has: invalid SME address
INVALID_SME_ADDRESS = 0xC3


_UDHI = int(EsmClass.UDHI)  # plain ints: an IntFlag's & costs a microsecond
_REPLY_PATH = int(EsmClass.REPLY_PATH)


class MobileStation(Protocol):
    """A phone as the centre sees it. Its methods are synchronous and short."""

    msisdn: str

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        """Take a short message and report; None when the phone cannot be reached: it is kept and tried again."""
        ...

    def attach(self, submit: Callable[[SmsSubmit], SubmitReport]) -> None:
        """Remember how to send: `submit` takes a message of this phone and returns the centre's report."""
        ...


@runtime_checkable
class StationRange(Protocol):
    """Phones that are in the network without an object for each: the centre asks for the one of a number."""

    def station_of(self, msisdn: str) -> MobileStation | None:
        """The phone of this number, the same every time; None when the number is not of the range."""
        ...


class Refusal(CodecError):
    """A submission cannot be carried; `status` answers it."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@quick
@dataclass(frozen=True, slots=True)
class Content:
    """What goes over the air: one user data per short message, as :class:`SmsDeliver` wants it."""

    pid: int
    dcs: int
    segments: tuple[tuple[bool, bytes], ...]  #: UDHI and user data of each
    reply_path: bool = False

    def tpdu(self, index: int, originating: Address, scts: Scts) -> SmsDeliver:
        """The SMS-DELIVER of one segment."""
        udhi, user_data = self.segments[index]
        return SmsDeliver(
            originating,
            self.pid,
            self.dcs,
            scts,
            user_data,
            udhi,
            more_messages=index + 1 < len(self.segments),
            reply_path=self.reply_path,
        )


@lru_cache(maxsize=4096)
def originating_address(addr: bytes, ton: int, npi: int) -> Address:
    """A source address for TP-OA; Refusal RINVSRCADR when no TPDU can carry it."""
    try:
        digits = addr.decode("ascii").strip()
        if ton != TON_ALPHANUMERIC and not digits.lstrip("+").isdecimal():
            ton, npi = TON_ALPHANUMERIC, 0
        address = Address(digits.lstrip("+") if ton != TON_ALPHANUMERIC else digits, ton & 7, npi & 15)
        address.encode_tp()
    except ValueError as error:
        raise Refusal(f"source address: {error}", CommandStatus.RINVSRCADR) from error
    return address


def msisdn_of(addr: bytes) -> str:
    """The digits of a destination address: blanks and + or 00 in front do not count."""
    digits = addr.decode("latin-1")
    if not digits.isdecimal():
        digits = digits.strip().lstrip("+")
    return digits[2:] if digits.startswith("00") else digits


def content_of(pdu: op.SubmitSm | op.SubmitMulti | op.DataSm, reference: Callable[[], int]) -> Content:
    """The short messages that a submission asks for; Refusal when it cannot be carried.

    `reference` gives a concatenation reference when a long payload must be cut. A UDH wins over sar_* TLVs.
    """
    udhi = bool(pdu.esm_class & _UDHI)
    reply_path = bool(pdu.esm_class & _REPLY_PATH)
    if not pdu.tlvs and not isinstance(pdu, op.DataSm):
        octets = pdu.short_message  # the ordinary case: octets or UCS2 whose data_coding is its DCS, any header inside
        fits = len(octets) <= MAX_OCTETS and (not udhi or (octets != b"" and octets[0] < len(octets)))
        if fits and pdu.data_coding in _CARRIED:
            return Content(pdu.protocol_id, pdu.data_coding, ((udhi, octets),), reply_path)
    pid = 0 if isinstance(pdu, op.DataSm) else pdu.protocol_id
    octets = op.content(pdu)
    try:
        header, body = split_user_data(udhi, octets)
    except CodecError as error:
        raise Refusal(f"UDHI is set, but {error}", CommandStatus.RINVMSGLEN) from error
    dcs, body = _coded(pdu.data_coding, body)
    header = with_sar(header, pdu.tlvs)
    segments = _segments(dcs, header, body, reference)
    return Content(pid, dcs, segments, reply_path)


#: data_coding values that are the DCS of octets or UCS2 themselves
_CARRIED = frozenset({0x04, 0x08}) | {
    octet for octet in range(0x10, 0x100) if not DataCoding.decode(octet).counts_septets
}


def _coded(data_coding: int, body: bytes) -> tuple[int, bytes]:
    """TP-DCS and the body in its alphabet. 0, 8 and the GSM groups from 0x10 up keep their octets."""
    if data_coding == 0x00 and body.isascii():
        return DCS_GSM7, body
    if data_coding in (0x02, 0x04):
        return DCS_OCTET, body
    if data_coding >= 0x10 and DataCoding.decode(data_coding).counts_septets and not body.isascii():
        text = body.decode("latin-1")
        if not gsm7.can_encode(text):
            raise Refusal(f"octets above 7F in data_coding {data_coding:#04x}", CommandStatus.RINVDCS)
        return data_coding, gsm7.encode(text)
    if data_coding == 0x08 or data_coding >= 0x10:
        return data_coding, body
    alphabet = "latin-1" if data_coding == 0x00 else ALPHABETS.get(data_coding)
    if alphabet is None:
        raise Refusal(f"data_coding {data_coding:#04x} is not supported", CommandStatus.RINVDCS)
    return coded(body.decode(alphabet, "replace"))


def _room(header: UserDataHeader | None, *, septets: bool) -> int:
    """How many octets or septets of text fit beside the header."""
    length = len(header.encode()) if header is not None else 0
    return (MAX_OCTETS - length) * 8 // 7 if septets else MAX_OCTETS - length


def _segments(
    dcs: int, header: UserDataHeader | None, body: bytes, reference: Callable[[], int]
) -> tuple[tuple[bool, bytes], ...]:
    septets = DataCoding.decode(dcs).counts_septets
    if len(body) <= _room(header, septets=septets):
        return ((header is not None, header.encode() + body if header is not None else body),)
    if header is not None and header.concatenation is not None:
        raise Refusal("a segment is longer than a short message", CommandStatus.RINVMSGLEN)
    own = header.elements if header is not None else ()
    number = reference() & 0xFF
    pieces: list[bytes] = []
    rest = body
    while rest:
        elements = (Concatenation(number, MAX_SEGMENTS, MAX_SEGMENTS).element(), *(own if not pieces else ()))
        size = _cut(rest, _room(UserDataHeader(elements), septets=septets), dcs, septets=septets)
        pieces.append(rest[:size])
        rest = rest[size:]
        if len(pieces) > MAX_SEGMENTS:
            raise Refusal("the payload takes more than 255 short messages", CommandStatus.RINVMSGLEN)
    made: list[tuple[bool, bytes]] = []
    for index, piece in enumerate(pieces):
        first = own if index == 0 else ()
        whole = UserDataHeader((Concatenation(number, len(pieces), index + 1).element(), *first))
        made.append((True, whole.encode() + piece))
    return tuple(made)


def _cut(rest: bytes, room: int, dcs: int, *, septets: bool) -> int:
    """Where to cut: never inside an escape pair, a UCS2 character or a surrogate pair."""
    if len(rest) <= room:
        return len(rest)
    if septets:
        return room - 1 if rest[room - 1] == gsm7.ESCAPE else room
    if DataCoding.decode(dcs).alphabet.name != "UCS2":
        return room
    room -= room % 2
    return room - 2 if 0xD8 <= rest[room - 2] <= 0xDB else room


def mo_pdu(msisdn: str, submit: SmsSubmit) -> op.DeliverSm:
    """The deliver_sm of a phone's message, in the PID, DCS and octets the phone gave it."""
    return op.DeliverSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr=msisdn.encode("ascii"),
        dest_addr_ton=submit.destination.ton,
        dest_addr_npi=submit.destination.npi,
        destination_addr=submit.destination.digits.encode("latin-1"),
        esm_class=(EsmClass.UDHI if submit.udhi else 0) | (EsmClass.REPLY_PATH if submit.reply_path else 0),
        protocol_id=submit.pid,
        data_coding=submit.dcs,
        short_message=submit.user_data,
    )


def report_pdu(msisdn: str, report: DeliverReport, sent: op.SubmitSm) -> op.DeliverSm:
    """The deliver_sm that carries a DELIVER-REPORT's user data (a card's PoR) to whoever sent the message."""
    return op.DeliverSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr=msisdn.encode("ascii"),
        dest_addr_ton=sent.source_addr_ton,
        dest_addr_npi=sent.source_addr_npi,
        destination_addr=sent.source_addr,
        esm_class=EsmClass.UDHI if report.udhi else 0,
        protocol_id=PID_DATA_DOWNLOAD if report.pid is None else report.pid,
        data_coding=DCS_OTA if report.dcs is None else report.dcs,
        short_message=report.user_data,
    )
