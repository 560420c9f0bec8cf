"""From hex of unknown kind to layers: tells the formats apart, joins segments of one message."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from smsc_gateway.smpp.operations import CLASSES, DeliverSm, SubmitSm
from smsc_gateway.smpp.operations import decode as decode_pdu
from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import Joined, Reassembly
from telecom_codecs.sms.dcs import DCS_OTA
from telecom_codecs.sms.tpdu import SmsDeliver, SmsSubmit
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, IEI_RESPONSE_PACKET, UserDataHeader

from .apdus import command_apdu, is_status_word, response_apdu, script, script_response
from .layer import Layer, without_secrets
from .secured import DecodeKeys, command_packet, response_packet
from .smpp import pdu
from .sms import deliver_report, joined_text, modem, sms_command, status_report, submit_report, tpdu, user_data
from .toolkit import is_template, toolkit_octets

__all__ = ["KINDS", "DecodeKeys", "decode_layers", "kind_of"]

Reader = Callable[[bytes, DecodeKeys | None], Layer]


def _user_data(octets: bytes, keys: DecodeKeys | None) -> Layer:
    return user_data(octets, udhi=True, dcs=DCS_OTA, septets=None, keys=keys)


def _command_packet(octets: bytes, keys: DecodeKeys | None) -> Layer:
    return (
        _user_data(octets, keys) if octets[:1] == b"\x02" and octets[1:2] == b"\x70" else command_packet(octets, keys)
    )


def _response_packet(octets: bytes, keys: DecodeKeys | None) -> Layer:
    return _user_data(octets, keys) if octets[:3] == b"\x02\x71\x00" else response_packet(octets, keys)


def _apdu(octets: bytes, keys: DecodeKeys | None) -> Layer:
    if (len(octets) == 2 and is_status_word(octets)) or (
        len(octets) > 2 and octets[-2] in {0x90, 0x91, 0x61, 0x9F} and octets[0] not in {0, 0x80, 0xA0}
    ):
        return response_apdu(octets, lambda ins, body: toolkit_octets(body, keys=keys))
    return command_apdu(octets, lambda ins, body: toolkit_octets(body, response=ins == 0x14, keys=keys))


KINDS: dict[str, Reader] = {
    "smpp": pdu,
    "tpdu": tpdu,
    "modem": modem,
    "user-data": _user_data,
    "command-packet": _command_packet,
    "response-packet": _response_packet,
    "deliver-report": deliver_report,
    "submit-report": submit_report,
    "status-report": status_report,
    "sms-command": sms_command,
    "script": lambda octets, keys: script(octets),
    "response": lambda octets, keys: script_response(octets),
    "apdu": _apdu,
    "proactive": lambda octets, keys: toolkit_octets(octets, keys=keys),
    "terminal-response": lambda octets, keys: toolkit_octets(octets, response=True, keys=keys),
}


def kind_of(octets: bytes) -> str:
    """The format the octets look like; "apdu" when nothing else fits."""
    length = len(octets)
    if length >= 16 and int.from_bytes(octets[:4], "big") == length and int.from_bytes(octets[4:8], "big") in CLASSES:
        return "smpp"
    if octets[:1] and is_template(octets[0]):
        return "proactive"
    if octets[:2] == b"\x81\x03" and length >= 12:
        return "terminal-response"
    if octets[:3] in {b"\x02\x70\x00", b"\x02\x71\x00"} or octets[:3] in {b"\x07\x00\x03", b"\x05\x00\x03"}:
        return "user-data"
    if length >= 16 and int.from_bytes(octets[:2], "big") == length - 2:
        return "command-packet" if octets[2] in {0x0D, 0x0F, 0x11, 0x15} else "response-packet"
    if _is_tpdu(octets):
        return "tpdu"
    return "modem" if _is_tpdu(_behind_smsc(octets)) else "apdu"


def _is_tpdu(octets: bytes) -> bool:
    """All of the octets are a SUBMIT or a DELIVER."""
    for decoder in (SmsSubmit.decode, SmsDeliver.decode) if octets[:1] and octets[0] & 3 == 1 else (SmsDeliver.decode,):
        try:
            decoder(octets)
        except CodecError:
            continue
        return True
    return False


def _behind_smsc(octets: bytes) -> bytes:
    """What follows an SMSC address in front of a TPDU; nothing where there is none."""
    cursor = Cursor(octets)
    try:
        Address.decode_rp(cursor)
    except CodecError:
        return b""
    return cursor.rest()


def _segment_of(octets: bytes, kind: str) -> tuple[UserDataHeader, bytes, int] | None:
    """Header, body and DCS of one segment, whatever it came in; None where it has no header."""
    dcs = DCS_OTA
    if kind == "modem":
        octets, kind = _behind_smsc(octets), "tpdu"
    if kind == "tpdu":
        value = SmsSubmit.decode(octets) if octets[0] & 3 == 1 else SmsDeliver.decode(octets)
        octets, dcs = value.user_data, value.dcs
        if not value.udhi:
            return None
    elif kind == "smpp":
        message = decode_pdu(octets)
        if not isinstance(message, SubmitSm | DeliverSm) or not message.esm_class & 0x40:
            return None
        octets, dcs = message.short_message, message.data_coding
    elif kind != "user-data":
        return None
    cursor = Cursor(octets)
    header = UserDataHeader.decode(cursor)
    return header, cursor.rest(), dcs


def _whole(joined: Joined, keys: DecodeKeys | None) -> Layer:
    """What the segments of one message are together."""
    header = joined.header_of_first
    if header.find(IEI_COMMAND_PACKET):
        return command_packet(joined.body, keys, segments=joined.segments)
    if header.find(IEI_RESPONSE_PACKET):
        return response_packet(joined.body, keys, segments=joined.segments)
    return joined_text(joined.body, header, joined.dcs or 0, joined.segments)


def decode_layers(messages: Sequence[bytes], kind: str = "auto", keys: DecodeKeys | None = None) -> tuple[Layer, ...]:
    """The layers of each message; where the last segment of one came, in any order, the whole behind it.

    `kind` is one of :data:`KINDS` or "auto". Never raises for bad octets: the fault is in the layer. Passwords and PINs
    are stars, in every layer.
    """
    layers: list[Layer] = []
    box = Reassembly()
    for octets in messages:
        this = kind_of(octets) if kind == "auto" else kind
        layers.append(KINDS[this](octets, keys))
        try:
            found = _segment_of(octets, this)
        except (CodecError, IndexError):
            continue
        joined = box.add("", found[0], found[1], 0.0, dcs=found[2]) if found else None
        if joined is not None and joined.segments > 1:
            layers.append(_whole(joined, keys))
    return without_secrets(tuple(layers))
