"""What a deliver_sm carries, in the one form its receiver knows: DCS, UDHI and user data as a phone gave them.

Centres differ: concatenation in sar_* TLVs instead of a header (SMPP 3.4 §5.3.2.22), the text in message_payload, an
alphabet of SMPP's own in data_coding (§5.2.19).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from telecom_codecs.errors import CodecError
from telecom_codecs.sms import gsm7, ucs2
from telecom_codecs.sms.dcs import DCS_GSM7, DCS_OCTET, DCS_UCS2
from telecom_codecs.sms.udh import Concatenation, UserDataHeader, split_user_data

from .operations import DeliverSm, EsmClass, content
from .tlvs import Tag, Tlv, integer_of

#: data_coding values that name an 8-bit alphabet, as Python's codecs call them — SMPP 3.4 §5.2.19
ALPHABETS = {0x01: "ascii", 0x03: "latin-1", 0x06: "iso8859-5", 0x07: "iso8859-8"}
_OCTETS = 0x02
_UDHI = int(EsmClass.UDHI)


@dataclass(frozen=True, slots=True)
class UserData:
    """TP-DCS, TP-UDHI and TP-UD; GSM text is unpacked."""

    dcs: int
    udhi: bool
    octets: bytes = field(repr=False)


def user_data_of(pdu: DeliverSm) -> UserData:
    """The user data of a message; what cannot be read stays as it came, for the receiver to judge."""
    udhi, octets = bool(pdu.esm_class & _UDHI), content(pdu)
    if not pdu.tlvs and pdu.data_coding not in ALPHABETS and pdu.data_coding != _OCTETS:
        return UserData(pdu.data_coding, udhi, octets)
    try:
        header, body = split_user_data(udhi, octets)
    except CodecError:
        return UserData(pdu.data_coding, udhi, octets)
    dcs, body = _recoded(pdu.data_coding, body)
    header = with_sar(header, pdu.tlvs)
    return UserData(dcs, header is not None, body if header is None else header.encode() + body)


def with_sar(header: UserDataHeader | None, tlvs: tuple[Tlv, ...]) -> UserDataHeader | None:
    """The header with a concatenation made of sar_* TLVs, unless it has one."""
    if header is not None and header.concatenation is not None:
        return header
    reference = integer_of(tlvs, Tag.SAR_MSG_REF_NUM, size=2)
    total = integer_of(tlvs, Tag.SAR_TOTAL_SEGMENTS, size=1)
    sequence = integer_of(tlvs, Tag.SAR_SEGMENT_SEQNUM, size=1)
    if reference is None or total is None or sequence is None or not 1 <= sequence <= total or total == 1:
        return header
    element = Concatenation(reference, total, sequence, wide=reference > 0xFF).element()
    return UserDataHeader((element, *(header.elements if header is not None else ())))


def coded(text: str) -> tuple[int, bytes]:
    """A text's DCS and octets: the GSM alphabet where it suffices, else UCS-2."""
    if gsm7.can_encode(text):
        return DCS_GSM7, gsm7.encode(text)
    return DCS_UCS2, ucs2.encode(text)


def _recoded(data_coding: int, body: bytes) -> tuple[int, bytes]:
    if data_coding == _OCTETS:
        return DCS_OCTET, body
    alphabet = ALPHABETS.get(data_coding)
    return (data_coding, body) if alphabet is None else coded(body.decode(alphabet, "replace"))
