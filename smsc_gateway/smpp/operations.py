"""The PDUs of SMPP 3.4 §4, each declared once: fields in the order of its table, sizes as the table gives them.

Octet strings stay octets (peers put anything into them). `sequence` and `status` are the header's;
command_length, sm_length and counts are derived. `tlvs` keeps optional parameters in their order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar

from .codec import CLASSES, RESPONSE, decode, encode, pdu
from .fields import c_octets, items, octet, short_message
from .lists import Destination, DistributionList, Failure
from .status import CommandStatus as Status
from .tlvs import Tag, Tlv, find, integer_of

__all__ = [
    "CLASSES",
    "RESPONSE",
    "UNANSWERED",
    "AlertNotification",
    "Bind",
    "BindReceiver",
    "BindReceiverResp",
    "BindResp",
    "BindTransceiver",
    "BindTransceiverResp",
    "BindTransmitter",
    "BindTransmitterResp",
    "CancelSm",
    "CancelSmResp",
    "DataSm",
    "DataSmResp",
    "DeliverSm",
    "DeliverSmResp",
    "Destination",
    "DistributionList",
    "EnquireLink",
    "EnquireLinkResp",
    "EsmClass",
    "Failure",
    "GenericNack",
    "InterfaceVersion",
    "MessageIdResp",
    "MessageState",
    "Outbind",
    "Pdu",
    "QuerySm",
    "QuerySmResp",
    "ReplaceSm",
    "ReplaceSmResp",
    "ShortMessagePdu",
    "SubmitMulti",
    "SubmitMultiResp",
    "SubmitSm",
    "SubmitSmResp",
    "Tag",
    "Tlv",
    "Unbind",
    "UnbindResp",
    "content",
    "decode",
    "encode",
    "name_of",
    "response_class",
    "sc_interface_version",
]


class InterfaceVersion(IntEnum):
    """interface_version — §5.2.4."""

    V33 = 0x33
    V34 = 0x34
    V50 = 0x50


class EsmClass(IntFlag):
    """esm_class — §5.2.12. Mask it, never compare it whole."""

    DATAGRAM = 0x01
    FORWARD = 0x02
    STORE_AND_FORWARD = 0x03
    RECEIPT = 0x04
    DELIVERY_ACK = 0x08
    MANUAL_ACK = 0x10
    INTERMEDIATE = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80
    TYPE_MASK = 0x3C


class MessageState(IntEnum):
    """message_state — §5.2.28 (5.0 adds SCHEDULED and SKIPPED)."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Pdu:
    """What every PDU has: the header's status and sequence, and the optional parameters."""

    command_id: ClassVar[int]
    sequence: int = 0
    status: int = 0
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind(Pdu):
    """The fields of the three binds — §4.1.1."""

    system_id: bytes = c_octets(16, Status.RINVSYSID)
    password: bytes = c_octets(9, Status.RINVPASWD, secret=True)
    system_type: bytes = c_octets(13, Status.RINVSYSTYP)
    interface_version: int = octet(InterfaceVersion.V34)
    addr_ton: int = octet()
    addr_npi: int = octet()
    address_range: bytes = c_octets(41)


@pdu(0x00000001)
@dataclass(frozen=True, slots=True, kw_only=True)
class BindReceiver(Bind):
    """bind_receiver — §4.1.3."""


@pdu(0x00000002)
@dataclass(frozen=True, slots=True, kw_only=True)
class BindTransmitter(Bind):
    """bind_transmitter — §4.1.1."""


@pdu(0x00000009)
@dataclass(frozen=True, slots=True, kw_only=True)
class BindTransceiver(Bind):
    """bind_transceiver — §4.1.5."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindResp(Pdu):
    """The fields of the three bind answers — §4.1.2."""

    system_id: bytes = c_octets(16)


@pdu(0x80000001, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class BindReceiverResp(BindResp):
    """bind_receiver_resp — §4.1.4."""


@pdu(0x80000002, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class BindTransmitterResp(BindResp):
    """bind_transmitter_resp — §4.1.2."""


@pdu(0x80000009, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class BindTransceiverResp(BindResp):
    """bind_transceiver_resp — §4.1.6."""


@pdu(0x0000000B)
@dataclass(frozen=True, slots=True, kw_only=True)
class Outbind(Pdu):
    """outbind — §4.1.7: the SMSC asks an ESME to bind. It has no answer."""

    system_id: bytes = c_octets(16)
    password: bytes = c_octets(9, secret=True)


@pdu(0x00000006)
@dataclass(frozen=True, slots=True, kw_only=True)
class Unbind(Pdu):
    """unbind — §4.2.1."""


@pdu(0x80000006)
@dataclass(frozen=True, slots=True, kw_only=True)
class UnbindResp(Pdu):
    """unbind_resp — §4.2.2."""


@pdu(0x00000015)
@dataclass(frozen=True, slots=True, kw_only=True)
class EnquireLink(Pdu):
    """enquire_link — §4.11.1."""


@pdu(0x80000015)
@dataclass(frozen=True, slots=True, kw_only=True)
class EnquireLinkResp(Pdu):
    """enquire_link_resp — §4.11.2."""


@pdu(0x80000000)
@dataclass(frozen=True, slots=True, kw_only=True)
class GenericNack(Pdu):
    """generic_nack — §4.3.1: `status` says why; sequence 0 when the refused header was unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortMessagePdu(Pdu):
    """The fields that submit_sm and deliver_sm share — §4.4.1 and §4.6.1."""

    service_type: bytes = c_octets(6, Status.RINVSERTYP)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: bytes = c_octets(21, Status.RINVSRCADR)
    dest_addr_ton: int = octet()
    dest_addr_npi: int = octet()
    destination_addr: bytes = c_octets(21, Status.RINVDSTADR)
    esm_class: int = octet()
    protocol_id: int = octet()
    priority_flag: int = octet()
    schedule_delivery_time: bytes = c_octets(17, Status.RINVSCHED)
    validity_period: bytes = c_octets(17, Status.RINVEXPIRY)
    registered_delivery: int = octet()
    replace_if_present_flag: int = octet()
    data_coding: int = octet()
    sm_default_msg_id: int = octet()
    short_message: bytes = short_message()


@pdu(0x00000004)
@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitSm(ShortMessagePdu):
    """submit_sm — §4.4.1."""


@pdu(0x00000005)
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverSm(ShortMessagePdu):
    """deliver_sm — §4.6.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageIdResp(Pdu):
    """An answer that carries a message_id (unused, NUL, in deliver_sm_resp)."""

    message_id: bytes = c_octets(65)


@pdu(0x80000004, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitSmResp(MessageIdResp):
    """submit_sm_resp — §4.4.2."""


@pdu(0x80000005, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverSmResp(MessageIdResp):
    """deliver_sm_resp — §4.6.2."""


@pdu(0x00000021)
@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitMulti(Pdu):
    """submit_multi — §4.5.1."""

    service_type: bytes = c_octets(6, Status.RINVSERTYP)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: bytes = c_octets(21, Status.RINVSRCADR)
    destinations: tuple[Destination | DistributionList, ...] = items("read_destinations", "write_destinations")
    esm_class: int = octet()
    protocol_id: int = octet()
    priority_flag: int = octet()
    schedule_delivery_time: bytes = c_octets(17, Status.RINVSCHED)
    validity_period: bytes = c_octets(17, Status.RINVEXPIRY)
    registered_delivery: int = octet()
    replace_if_present_flag: int = octet()
    data_coding: int = octet()
    sm_default_msg_id: int = octet()
    short_message: bytes = short_message()


@pdu(0x80000021, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitMultiResp(Pdu):
    """submit_multi_resp — §4.5.2."""

    message_id: bytes = c_octets(65)
    failures: tuple[Failure, ...] = items("read_failures", "write_failures")


@pdu(0x00000103)
@dataclass(frozen=True, slots=True, kw_only=True)
class DataSm(Pdu):
    """data_sm — §4.7.1: the text travels in message_payload."""

    service_type: bytes = c_octets(6, Status.RINVSERTYP)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: bytes = c_octets(65, Status.RINVSRCADR)
    dest_addr_ton: int = octet()
    dest_addr_npi: int = octet()
    destination_addr: bytes = c_octets(65, Status.RINVDSTADR)
    esm_class: int = octet()
    registered_delivery: int = octet()
    data_coding: int = octet()


@pdu(0x80000103, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class DataSmResp(MessageIdResp):
    """data_sm_resp — §4.7.2."""


@pdu(0x00000003)
@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySm(Pdu):
    """query_sm — §4.8.1."""

    message_id: bytes = c_octets(65, Status.RINVMSGID)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: bytes = c_octets(21, Status.RINVSRCADR)


@pdu(0x80000003, optional_body=True)
@dataclass(frozen=True, slots=True, kw_only=True)
class QuerySmResp(Pdu):
    """query_sm_resp — §4.8.2."""

    message_id: bytes = c_octets(65)
    final_date: bytes = c_octets(17)
    message_state: int = octet()
    error_code: int = octet()


@pdu(0x00000008)
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSm(Pdu):
    """cancel_sm — §4.9.1."""

    service_type: bytes = c_octets(6, Status.RINVSERTYP)
    message_id: bytes = c_octets(65, Status.RINVMSGID)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: bytes = c_octets(21, Status.RINVSRCADR)
    dest_addr_ton: int = octet()
    dest_addr_npi: int = octet()
    destination_addr: bytes = c_octets(21, Status.RINVDSTADR)


@pdu(0x80000008)
@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSmResp(Pdu):
    """cancel_sm_resp — §4.9.2."""


@pdu(0x00000007)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceSm(Pdu):
    """replace_sm — §4.10.1."""

    message_id: bytes = c_octets(65, Status.RINVMSGID)
    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: bytes = c_octets(21, Status.RINVSRCADR)
    schedule_delivery_time: bytes = c_octets(17, Status.RINVSCHED)
    validity_period: bytes = c_octets(17, Status.RINVEXPIRY)
    registered_delivery: int = octet()
    sm_default_msg_id: int = octet()
    short_message: bytes = short_message()


@pdu(0x80000007)
@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceSmResp(Pdu):
    """replace_sm_resp — §4.10.2."""


@pdu(0x00000102)
@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNotification(Pdu):
    """alert_notification — §4.12.1: a handset is reachable again. It has no answer."""

    source_addr_ton: int = octet()
    source_addr_npi: int = octet()
    source_addr: bytes = c_octets(65)
    esme_addr_ton: int = octet()
    esme_addr_npi: int = octet()
    esme_addr: bytes = c_octets(65)


#: requests that are never answered
UNANSWERED = frozenset({Outbind.command_id, AlertNotification.command_id})


def response_class(command_id: int) -> type[Pdu] | None:
    """The class that answers a request of this command_id; None when nothing does."""
    return CLASSES.get(command_id | RESPONSE) if command_id not in UNANSWERED and command_id in CLASSES else None


def content(message: ShortMessagePdu | DataSm | SubmitMulti) -> bytes:
    """The user data wherever it travels: short_message, or message_payload when sm_length is 0 (§5.3.2.32)."""
    text: bytes = b"" if isinstance(message, DataSm) else message.short_message
    return text or find(message.tlvs, Tag.MESSAGE_PAYLOAD) or b""


def name_of(command_id: int) -> str:
    """The standard's name ("submit_sm_resp") or the command_id in hex."""
    found = CLASSES.get(command_id)
    if found is None:
        return f"0x{command_id:08X}"
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in found.__name__).lstrip("_")


def sc_interface_version(response: BindResp) -> int:
    """The sc_interface_version of a bind answer; 0 when the SMSC does not say."""
    return integer_of(response.tlvs, Tag.SC_INTERFACE_VERSION, size=1) or 0
