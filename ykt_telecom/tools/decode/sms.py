"""TPDUs and user data as layers — 3GPP TS 23.040."""

from __future__ import annotations

from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms import gsm7, ucs2
from telecom_codecs.sms.address import decode_semi_octets
from telecom_codecs.sms.dcs import PID_DATA_DOWNLOAD, PID_PLAIN, Alphabet, DataCoding
from telecom_codecs.sms.time import Scts
from telecom_codecs.sms.udh import Concatenation, Element, UserDataHeader

from .layer import Layer, Walk, layer
from .secured import DecodeKeys, command_packet, response_packet

ELEMENTS = {
    0x00: "concatenation, 8-bit reference",
    0x04: "application ports, 8-bit",
    0x05: "application ports, 16-bit",
    0x08: "concatenation, 16-bit reference",
    0x24: "national single shift",
    0x25: "national locking shift",
    0x70: "command packet follows (CPI)",
    0x71: "response packet follows (RPI)",
}


def dcs_meaning(octet: int) -> str:
    coding = DataCoding.decode(octet)
    words = [coding.alphabet.name]
    if coding.message_class is not None:
        words.append(f"class {coding.message_class}")
    return ", ".join(words)


def _pid_meaning(octet: int) -> str:
    return {PID_PLAIN: "plain short message", PID_DATA_DOWNLOAD: "(U)SIM data download"}.get(octet, f"{octet:02X}")


def _time_meaning(octets: bytes) -> str:
    moment = Scts.decode(octets).moment()
    return moment.isoformat() if moment else "no valid time"


def _address(walk: Walk, name: str) -> None:
    digits = walk.number(1, f"{name} length", lambda value: f"{value} digits")
    kind = walk.number(1, f"{name} type", lambda value: f"TON {value >> 4 & 7}, NPI {value & 15}")
    count = (digits + 1) // 2
    if kind >> 4 & 7 == 5:
        walk.take(count, name, "alphanumeric")
    else:
        walk.take(count, name, lambda octets: decode_semi_octets(octets, count=digits))


def _element_meaning(element: Element) -> str:
    name = ELEMENTS.get(element.iei, f"element {element.iei:02X}")
    if element.iei in {0x00, 0x08}:
        found = Concatenation.decode(element)
        return f"{name} {found.reference}: segment {found.sequence} of {found.total}"
    if element.iei in {0x24, 0x25} and len(element.value) == 1:
        return f"{name}, language {element.value[0]}"
    return name


def user_data(octets: bytes, *, udhi: bool, dcs: int, septets: int | None, keys: DecodeKeys | None) -> Layer:
    """TP-UD as octets; `septets` says how many of them are packed in it (GSM 7-bit), None for octets."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        header = UserDataHeader()
        if udhi:
            length = walk.peek("UDHL") + 1
            header = UserDataHeader.decode(Cursor(octets[:length]))
            walk.number(1, "UDHL", lambda value: f"{value} octets")
            for element in header.elements:
                walk.take(2 + len(element.value), "element", _element_meaning(element))
        body = walk.rest("body", lambda body: _body_meaning(body, header, dcs, septets))
        return _packets(header, body, keys)

    return layer("user data (TS 23.040 §9.2.3.24)", octets, read)


def _body_meaning(body: bytes, header: UserDataHeader, dcs: int, septets: int | None) -> str:
    if header.find(0x70) or header.find(0x71):
        return "secured packet"
    alphabet = DataCoding.decode(dcs).alphabet
    try:
        if alphabet is Alphabet.UCS2:
            return f"“{ucs2.decode(body)}”"
        if alphabet is Alphabet.GSM7 and septets is not None:
            header_octets = len(header.encode()) if header.elements else 0
            fill = -header_octets * 8 % 7
            count = septets - (header_octets * 8 + fill) // 7
            return f"“{_in_language(gsm7.unpack(body, count, fill), header)}”"
        if alphabet is Alphabet.GSM7:
            return f"“{_in_language(body, header)}”"
    except CodecError as error:
        return f"not text: {error}"
    return "octets"


def _in_language(septets: bytes, header: UserDataHeader) -> str:
    return gsm7.decode(septets, single_shift=header.single_shift, locking_shift=header.locking_shift)


def joined_text(body: bytes, header: UserDataHeader, dcs: int, segments: int) -> Layer:
    """The text of several messages in one piece; septets stand one an octet."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.rest("text", lambda octets: _body_meaning(octets, header, dcs, None))
        return ()

    return layer(f"text, joined from {segments} segments", body, read)


def _packets(header: UserDataHeader, body: bytes, keys: DecodeKeys | None) -> tuple[Layer, ...]:
    part = header.concatenation
    if part is not None and part.total > 1:
        return ()  # a piece: the whole is shown once all segments are there
    if header.find(0x70):
        return (command_packet(body, keys),)
    if header.find(0x71):
        return (response_packet(body, keys),)
    return ()


def _sized_user_data(walk: Walk, *, udhi: bool, dcs: int, keys: DecodeKeys | None) -> tuple[Layer, ...]:
    alphabet = DataCoding.decode(dcs).alphabet
    packed = alphabet is Alphabet.GSM7
    length = walk.number(1, "TP-UDL", lambda value: f"{value} {'septets' if packed else 'octets'}")
    data = walk.take((length * 7 + 7) // 8 if packed else length, "TP-UD")
    return (user_data(data, udhi=udhi, dcs=dcs, septets=length if packed else None, keys=keys),)


def deliver(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """SMS-DELIVER — §9.2.2.1."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        first = walk.number(1, "first octet", lambda v: f"SMS-DELIVER{', UDHI' if v & 0x40 else ''}")
        _address(walk, "TP-OA")
        walk.number(1, "TP-PID", _pid_meaning)
        dcs = walk.number(1, "TP-DCS", dcs_meaning)
        walk.take(7, "TP-SCTS", _time_meaning)
        return _sized_user_data(walk, udhi=bool(first & 0x40), dcs=dcs, keys=keys)

    return layer("SMS-DELIVER (TS 23.040 §9.2.2.1)", octets, read)


def submit(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """SMS-SUBMIT — §9.2.2.2."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        first = walk.number(1, "first octet", lambda v: f"SMS-SUBMIT{', UDHI' if v & 0x40 else ''}")
        walk.number(1, "TP-MR", lambda value: f"reference {value}")
        _address(walk, "TP-DA")
        walk.number(1, "TP-PID", _pid_meaning)
        dcs = walk.number(1, "TP-DCS", dcs_meaning)
        validity = first >> 3 & 3
        if validity:
            walk.take(1 if validity == 2 else 7, "TP-VP", "validity period")
        return _sized_user_data(walk, udhi=bool(first & 0x40), dcs=dcs, keys=keys)

    return layer("SMS-SUBMIT (TS 23.040 §9.2.2.2)", octets, read)


def _optional_fields(walk: Walk, *, udhi: bool, keys: DecodeKeys | None) -> tuple[Layer, ...]:
    """TP-PI and what it announces: TP-PID, TP-DCS, TP-UDL and TP-UD — §9.2.3.27."""
    indicator = walk.number(1, "TP-PI", lambda value: f"{value:08b}")
    if indicator & 1:
        walk.number(1, "TP-PID", _pid_meaning)
    dcs = walk.number(1, "TP-DCS", dcs_meaning) if indicator & 2 else 0
    return _sized_user_data(walk, udhi=udhi, dcs=dcs, keys=keys) if indicator & 4 else ()


def _report(octets: bytes, name: str, clause: str, keys: DecodeKeys | None, *, timed: bool) -> Layer:
    def read(walk: Walk) -> tuple[Layer, ...]:
        first = walk.number(1, "first octet", lambda v: f"{name}{', UDHI' if v & 0x40 else ''}")
        if walk.remaining and walk.peek("TP-FCS") & 0x80:
            walk.number(1, "TP-FCS", lambda value: f"failure cause {value:02X}")
        if timed:
            # TP-PI comes before the time, and says what comes after it
            indicator = walk.number(1, "TP-PI", lambda value: f"{value:08b}")
            walk.take(7, "TP-SCTS", _time_meaning)
            if indicator & 1:
                walk.number(1, "TP-PID", _pid_meaning)
            dcs = walk.number(1, "TP-DCS", dcs_meaning) if indicator & 2 else 0
            udhi = bool(first & 0x40)
            return _sized_user_data(walk, udhi=udhi, dcs=dcs, keys=keys) if indicator & 4 else ()
        return _optional_fields(walk, udhi=bool(first & 0x40), keys=keys)

    return layer(f"{name} (TS 23.040 §{clause})", octets, read)


def deliver_report(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """SMS-DELIVER-REPORT — §9.2.2.1a; the PoR of a card rides in it."""
    return _report(octets, "SMS-DELIVER-REPORT", "9.2.2.1a", keys, timed=False)


def submit_report(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """SMS-SUBMIT-REPORT — §9.2.2.2a."""
    return _report(octets, "SMS-SUBMIT-REPORT", "9.2.2.2a", keys, timed=True)


def status_report(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """SMS-STATUS-REPORT — §9.2.2.3."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        first = walk.number(1, "first octet", lambda v: f"SMS-STATUS-REPORT{', UDHI' if v & 0x40 else ''}")
        walk.number(1, "TP-MR", lambda value: f"reference {value}")
        _address(walk, "TP-RA")
        walk.take(7, "TP-SCTS", _time_meaning)
        walk.take(7, "TP-DT", _time_meaning)
        walk.number(1, "TP-ST", _status_meaning)
        return _optional_fields(walk, udhi=bool(first & 0x40), keys=keys) if walk.remaining else ()

    return layer("SMS-STATUS-REPORT (TS 23.040 §9.2.2.3)", octets, read)


def _status_meaning(status: int) -> str:
    kind = ("delivered or done", "still trying", "failed, not tried again", "still tried, then failed")[status >> 5 & 3]
    return f"{status:02X} {kind}" if status < 0x80 else f"{status:02X} reserved"


def sms_command(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """SMS-COMMAND — §9.2.2.4."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "first octet", lambda v: f"SMS-COMMAND{', UDHI' if v & 0x40 else ''}")
        walk.number(1, "TP-MR", lambda value: f"reference {value}")
        walk.number(1, "TP-PID", _pid_meaning)
        walk.number(1, "TP-CT", lambda value: f"command type {value:02X}")
        walk.number(1, "TP-MN", lambda value: f"message {value}")
        _address(walk, "TP-DA")
        count = walk.number(1, "TP-CDL", lambda value: f"{value} octets")
        if count:
            walk.take(count, "TP-CD")
        return ()

    return layer("SMS-COMMAND (TS 23.040 §9.2.2.4)", octets, read)


def modem(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """A short message as a modem shows it, the SMSC's address before the TPDU — TS 27.005 §3.1 (<pdu>)."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        count = walk.number(1, "SMSC address length", lambda value: f"{value} octets" if value else "the phone's own")
        if count:
            walk.number(1, "SMSC address type", lambda value: f"TON {value >> 4 & 7}, NPI {value & 15}")
            walk.take(count - 1, "SMSC address", decode_semi_octets)
        inner = walk.ahead()
        walk.rest("TPDU")
        return (tpdu(inner, keys),)

    return layer("short message in a modem's form (TS 27.005 §3.1)", octets, read)


def tpdu(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """DELIVER, SUBMIT or STATUS-REPORT by TP-MTI; those of the other direction share the numbers and are named."""
    kind = octets[0] & 3 if octets else 0
    if kind == 2:
        return status_report(octets, keys)
    return submit(octets, keys) if kind == 1 else deliver(octets, keys)
