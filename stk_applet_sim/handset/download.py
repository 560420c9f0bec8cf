"""Short messages for the card: which ones, and what the network is told of its answer (TS 31.111 §7.1.1)."""

from __future__ import annotations

from typing import Final

from telecom_codecs.card.apdu import ResponseApdu
from telecom_codecs.sms.dcs import DCS_OCTET, PID_DATA_DOWNLOAD, DataCoding
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver
from telecom_codecs.sms.udh import IEI_RESPONSE_PACKET

SIM_CLASS: Final = 2
FCS_TOOLKIT_BUSY, FCS_DOWNLOAD_ERROR, FCS_UNSPECIFIED = 0xD4, 0xD5, 0xFF  #: TP-FCS, TS 23.040 §9.2.3.22

SW_TOOLKIT_BUSY: Final = 0x9300
SW_WITH_ERROR: Final = (0x62, 0x63)  #: SW1: the card processed the packet and reports an error in its answer


def is_for_card(deliver: SmsDeliver, *, strict: bool) -> bool:
    """PID 7F with class 2; with DCS 04 too unless `strict`, as some networks rewrite the DCS."""
    if deliver.pid != PID_DATA_DOWNLOAD:
        return False
    by_class = DataCoding.decode(deliver.dcs).message_class == SIM_CLASS
    return by_class or (deliver.dcs == DCS_OCTET and not strict)


def report_of(answer: ResponseApdu, deliver: SmsDeliver) -> DeliverReport:
    """RP-ACK with the card's octets, or RP-ERROR: D4 when the toolkit is busy, D5 when the card refused."""
    if answer.sw == SW_TOOLKIT_BUSY:
        return DeliverReport(failure_cause=FCS_TOOLKIT_BUSY)
    if not answer.is_ok and answer.sw1 not in SW_WITH_ERROR:
        return DeliverReport(failure_cause=FCS_DOWNLOAD_ERROR)
    cause = None if answer.is_ok else FCS_DOWNLOAD_ERROR
    if not answer.data:
        return DeliverReport(failure_cause=cause)
    return DeliverReport(answer.data, deliver.pid, deliver.dcs, cause, udhi=_starts_with_header(answer.data))


def _starts_with_header(octets: bytes) -> bool:
    """A PoR starts with a UDH: 02 71 00, or a concatenation and 71 (TS 31.115 §4.4)."""
    return len(octets) > octets[0] >= 2 and IEI_RESPONSE_PACKET in octets[1 : 1 + octets[0]]
