"""Proactive commands, envelopes and terminal responses as layers — ETSI TS 102 223, 3GPP TS 31.111."""

from __future__ import annotations

from telecom_codecs import gsm7, ucs2
from telecom_codecs.address import Address
from telecom_codecs.dcs import Alphabet, DataCoding
from telecom_codecs.errors import CodecError
from telecom_codecs.tlv import ComprehensionTlv, decode_ber, decode_comprehension_all

from .layer import Layer, Walk, layer
from .secured import DecodeKeys
from .sms import deliver, submit

TEMPLATES = {
    0xD0: "proactive command",
    0xD1: "ENVELOPE: SMS-PP DOWNLOAD",
    0xD3: "ENVELOPE: MENU SELECTION",
    0xD4: "ENVELOPE: CALL CONTROL",
    0xD5: "ENVELOPE: MO SHORT MESSAGE CONTROL",
    0xD6: "ENVELOPE: EVENT DOWNLOAD",
    0xD7: "ENVELOPE: TIMER EXPIRATION",
}
COMMANDS = {
    0x01: "REFRESH",
    0x02: "MORE TIME",
    0x03: "POLL INTERVAL",
    0x05: "SET UP EVENT LIST",
    0x10: "SET UP CALL",
    0x13: "SEND SHORT MESSAGE",
    0x21: "DISPLAY TEXT",
    0x22: "GET INKEY",
    0x23: "GET INPUT",
    0x24: "SELECT ITEM",
    0x25: "SET UP MENU",
    0x26: "PROVIDE LOCAL INFORMATION",
    0x27: "TIMER MANAGEMENT",
    0x28: "SET UP IDLE MODE TEXT",
}
DEVICES = {0x01: "keypad", 0x02: "display", 0x81: "UICC", 0x82: "terminal", 0x83: "network"}
OBJECTS = {
    0x01: "command details",
    0x02: "device identities",
    0x03: "result",
    0x04: "duration",
    0x05: "alpha identifier",
    0x06: "address",
    0x0B: "SMS TPDU",
    0x0D: "text string",
    0x0F: "item",
    0x10: "item identifier",
    0x11: "response length",
    0x15: "help request",
}


def _text(octets: bytes) -> str:
    if not octets:
        return "no text"
    alphabet = DataCoding.decode(octets[0]).alphabet
    body = octets[1:]
    if alphabet is Alphabet.UCS2:
        return f"“{ucs2.decode(body)}”"
    if alphabet is Alphabet.GSM7:
        return f"“{gsm7.decode(gsm7.unpack(body, len(body) * 8 // 7))}”"
    return f"“{gsm7.decode(body)}”"


def _is_yes_or_no(details: bytes) -> bool:
    """GET INKEY with qualifier bit 3: the answer is one octet, 01 yes or 00 no (TS 102 223 §8.6)."""
    return details[1] == 0x22 and bool(details[2] & 4)


def _meaning(tlv: ComprehensionTlv, details: bytes, *, answers: bool) -> str:
    value = tlv.value
    hidden = answers and details[1] == 0x23 and bool(details[2] & 4)  # the answer to a hidden GET INPUT
    match tlv.tag:
        case 0x0D if answers and _is_yes_or_no(details) and len(value) == 2:
            return "yes" if value[1] else "no"
        case 0x01 if len(value) == 3:
            return f"{COMMANDS.get(value[1], f'type {value[1]:02X}')}, number {value[0]}, qualifier {value[2]:02X}"
        case 0x02 if len(value) == 2:
            return " → ".join(DEVICES.get(octet, f"{octet:02X}") for octet in value)
        case 0x03 if value:
            return f"general result {value[0]:02X}"
        case 0x05:
            return f"“{ucs2.decode_alpha(value)}”"
        case 0x06:
            return Address.decode_value(value).digits
        case 0x0D:
            return "(hidden entry)" if hidden else _text(value)
        case 0x0F if value:
            return f"{value[0]}: “{ucs2.decode_alpha(value[1:])}”"
        case 0x10 if len(value) == 1:
            return f"item {value[0]}"
        case 0x11 if len(value) == 2:
            return f"{value[0]} to {value[1]} characters"
    return ""


def _objects(walk: Walk, tlvs: tuple[ComprehensionTlv, ...], octets: bytes, start: int, *, mobile: bool,
             keys: DecodeKeys | None) -> tuple[Layer, ...]:  # fmt: skip
    details = next((tlv.value for tlv in tlvs if tlv.tag == 0x01 and len(tlv.value) == 3), b"\0\0\0")
    inside: list[Layer] = []
    for tlv in tlvs:
        encoded = tlv.encode()
        try:
            meaning = _meaning(tlv, details, answers=not mobile)
        except CodecError as error:
            meaning = f"not understood: {error}"
        walk.take(len(encoded), OBJECTS.get(tlv.tag, f"object {tlv.tag:02X}"), meaning)
        if tlv.tag == 0x0B:
            inside.append(submit(tlv.value, keys) if mobile else deliver(tlv.value, keys))
    return tuple(inside)


def toolkit_octets(octets: bytes, *, response: bool = False, keys: DecodeKeys | None = None) -> Layer:
    """What FETCH returned, or the data field of ENVELOPE; with `response` that of TERMINAL RESPONSE."""
    if response:
        return layer(
            "TERMINAL RESPONSE (TS 102 223 §6.8)",
            octets,
            lambda walk: _objects(walk, decode_comprehension_all(octets), octets, 0, mobile=False, keys=keys),
        )

    def read(walk: Walk) -> tuple[Layer, ...]:
        template = decode_ber(octets)
        head = len(octets) - len(template.value)
        walk.take(head, "template", TEMPLATES.get(template.tag, f"{template.tag:02X}"))
        tlvs = decode_comprehension_all(template.value)
        return _objects(walk, tlvs, octets, head, mobile=template.tag == 0xD0, keys=keys)

    tag = octets[0] if octets else 0
    return layer(f"{TEMPLATES.get(tag, 'toolkit objects')} (TS 102 223)", octets, read)
