"""Secured packets, scripts and APDUs as layers — TS 102 225, TS 102 226, ISO 7816-4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from telecom_codecs.apdu import describe
from telecom_codecs.errors import CodecError
from telecom_codecs.packet_security import open_command, open_response
from telecom_codecs.providers.openssl import OpenSslProvider
from telecom_codecs.secret_key import CryptoProvider, KeySet
from telecom_codecs.secured_packet import (
    COMMAND_HEADER,
    RESPONSE_HEADER,
    CipherAlgorithm,
    KeyReference,
    PacketCheck,
    PorRequest,
    PorStatus,
    Spi,
)

from .applet import applet_answer, applet_request
from .layer import Layer, Walk, layer

#: what the TARs of this service mean (docs/wire/card-application.md §1)
TARS = {
    "000000": "card manager (RAM)",
    "B00000": "files of the UICC (RFM)",
    "B00010": "files of the UICC (RFM)",
    "B00001": "files of the USIM (RFM)",
    "B00011": "files of the USIM (RFM)",
    "594B54": "menu applet",
    "594B80": "platform",
} | {f"594B{slot:02X}": f"enterprise application in slot {slot}" for slot in range(1, 9)}

INSTRUCTIONS = {
    0x20: "VERIFY",
    0x5A: "NUMBERED LOAD",
    0x5C: "QUERY",
    0x5E: "CLOSE / REOPEN / FREEZE / UNFREEZE",
    0x84: "GET CHALLENGE",
    0xA4: "SELECT",
    0xB0: "READ BINARY",
    0xB2: "READ RECORD",
    0xC0: "GET RESPONSE",
    0xCA: "GET DATA",
    0xD6: "UPDATE BINARY",
    0xD8: "PUT KEY",
    0xDC: "UPDATE RECORD",
    0xE2: "STORE DATA",
    0xE4: "DELETE",
    0xE6: "INSTALL",
    0xF2: "GET STATUS / STATUS",
    0x10: "TERMINAL PROFILE",
    0x12: "FETCH",
    0x14: "TERMINAL RESPONSE",
    0xC2: "ENVELOPE",
}


@dataclass(frozen=True, slots=True)
class DecodeKeys:
    """Key sets by index (0: for any index) to open packets with; the rest says how a response was asked for."""

    key_sets: Mapping[int, KeySet] = field(repr=False)
    provider: CryptoProvider
    spi: Spi = Spi.decode(bytes.fromhex("1639"))  # noqa: RUF009 - Spi is immutable
    kic: int = 0x12
    kid: int = 0x12

    def of(self, kic: int) -> KeySet | None:
        """The key set that a KIc octet names."""
        return self.key_sets.get(kic >> 4) or self.key_sets.get(0)


def tar_meaning(octets: bytes) -> str:
    return TARS.get(octets.hex().upper(), "unknown application")


def _spi_meaning(octets: bytes) -> str:
    spi = Spi.decode(octets)
    por = {
        PorRequest.NONE: "no PoR",
        PorRequest.ALWAYS: "PoR always",
        PorRequest.ON_ERROR: "PoR on error",
        PorRequest.RFU: "PoR 11 (reserved)",
    }[spi.por]
    words = [spi.check.name if spi.check else "no check", "ciphered" if spi.ciphered else "in clear"]
    words.append(f"counter {spi.counter.name.lower()}")
    if spi.por:
        how = "SMS-SUBMIT" if spi.por_in_submit else "DELIVER-REPORT"
        secured = f"{spi.por_check.name if spi.por_check else 'no check'}{', ciphered' if spi.por_ciphered else ''}"
        por = f"{por} in {how} ({secured})"
    return f"{', '.join(words)}; {por}"


def _kic_meaning(octet: int) -> str:
    reference = KeyReference.decode(octet)
    try:
        name = CipherAlgorithm(reference.algorithm).name
    except ValueError:
        name = f"algorithm {reference.algorithm:X}"
    return f"key set {reference.index}, {name}"


def _kid_meaning(octet: int, check: PacketCheck) -> str:
    reference = KeyReference.decode(octet)
    try:
        name = reference.check(check).name
    except CodecError:
        name = "not used" if check is PacketCheck.NONE else f"algorithm {reference.algorithm:X}"
    return f"key set {reference.index}, {name}"


def command_packet(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """A command packet that starts at CPL."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(2, "CPL", lambda value: f"{value} octets follow")
        check_length = walk.number(1, "CHL", lambda value: f"header of {value} octets") - COMMAND_HEADER
        spi = Spi.decode(walk.take(2, "SPI", _spi_meaning))
        kic = walk.number(1, "KIc", _kic_meaning)
        walk.number(1, "KID", lambda octet: _kid_meaning(octet, spi.check))
        tar = walk.take(3, "TAR", tar_meaning)
        if spi.ciphered:
            walk.rest("CNTR PCNTR RC/CC/DS data", "ciphered")
        else:
            walk.number(5, "CNTR")
            walk.number(1, "PCNTR", lambda value: f"{value} padding octets")
            walk.take(max(check_length, 0), "RC/CC/DS", spi.check.name)
            walk.rest("secured data")
        if spi.ciphered and keys is None:
            return ()
        try:
            opened = open_command(
                octets,
                keys.of(kic) if keys else None,
                keys.provider if keys else OpenSslProvider(),
                weak_algorithms=True,
            )
        except CodecError as error:
            return (Layer("command packet, opened", b"", fault=f"does not open: {error}"),)
        return (_opened("command", opened.packet.counter, None, script(opened.packet.data, tar)),)

    return layer("command packet (TS 102 225 §5.1)", octets, read)


def response_packet(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """A response packet that starts at RPL; keys say how the command asked for it to be secured."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(2, "RPL", lambda value: f"{value} octets follow")
        check_length = walk.number(1, "RHL", lambda value: f"header of {value} octets") - RESPONSE_HEADER
        tar = walk.take(3, "TAR", tar_meaning)
        if keys is None:
            walk.rest("CNTR PCNTR status RC/CC/DS data", f"ciphered or not; RC/CC/DS of {check_length} octets")
            return ()
        walk.rest("CNTR PCNTR status RC/CC/DS data", "ciphered" if keys.spi.por_ciphered else "in clear")
        try:
            opened = open_response(
                octets, keys.spi, keys.kic, keys.kid, keys.of(keys.kic), keys.provider, weak_algorithms=True
            )
        except CodecError as error:
            return (Layer("response packet, opened", b"", fault=f"does not open: {error}"),)
        packet = opened.packet
        inside = compact_response(packet.data) if packet.data and tar.hex() != "594b54" else None
        return (_opened("response", packet.counter, packet.status, inside, authentic=opened.authentic),)

    return layer("response packet (TS 102 225 §5.2)", octets, read)


def _opened(kind: str, counter: int, status: int | None, inside: Layer | None, *, authentic: bool = True) -> Layer:
    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(5, "CNTR")
        if status is not None:
            walk.number(1, "status", por_meaning)
        return (inside,) if inside else ()

    octets = counter.to_bytes(5, "big") + (b"" if status is None else bytes((status,)))
    name = f"{kind} packet, opened: {'check good' if authentic else 'NOT authentic'}"
    return layer(name, octets, read)


def por_meaning(status: int) -> str:
    try:
        known = PorStatus(status)
    except ValueError:
        return f"status {status:02X} is unknown"
    return f"{known.name}: {known.remedy}"


def script(octets: bytes, tar: bytes) -> Layer:
    """Secured data of a command packet: C-APDUs for card manager, files and enterprise applications."""
    if tar.hex() == "594b80":
        return applet_request(octets)
    if tar.hex() == "594b54":
        return applet_answer(octets)

    def read(walk: Walk) -> tuple[Layer, ...]:
        found = []
        while walk.remaining:
            header = walk.take(5, "C-APDU header")
            data = b""
            if header[1] not in {0xC0, 0xB0, 0xB2, 0xCA, 0xF2} or (header[1] == 0xF2 and header[4]):
                data = walk.take(header[4], "data")
            found.append(command_apdu(header + data))
        return tuple(found)

    return layer("script, compact format (TS 102 226 §5.2.1)", octets, read)


def command_apdu(octets: bytes, carried: Callable[[int, bytes], Layer] | None = None) -> Layer:
    """A C-APDU, with status word behind it or not; `carried` reads what ENVELOPE and TERMINAL RESPONSE hold."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "CLA", lambda value: f"{value:02X}")
        ins = walk.number(1, "INS", lambda value: INSTRUCTIONS.get(value, f"{value:02X}"))
        walk.number(1, "P1", lambda value: f"{value:02X}")
        walk.number(1, "P2", lambda value: f"{value:02X}")
        if not walk.remaining:
            return ()
        last = walk.number(1, "P3", lambda value: f"{value} octets" if value else "Le 256, or none")
        if not walk.remaining:
            return ()
        data = walk.take(min(last, walk.remaining), "data")
        if walk.remaining == 1:
            walk.number(1, "Le")
        elif walk.remaining == 2:
            walk.number(2, "status word", describe)
        return (carried(ins, data),) if carried and ins in {0xC2, 0x14} else ()

    return layer("C-APDU", octets, read)


def response_apdu(octets: bytes) -> Layer:
    def read(walk: Walk) -> tuple[Layer, ...]:
        if walk.remaining > 2:
            walk.take(walk.remaining - 2, "data")
        walk.number(2, "status word", describe)
        return ()

    return layer("R-APDU", octets, read)


def compact_response(octets: bytes) -> Layer:
    """The card's answer to a compact script — TS 102 226 §5.2.2."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "commands executed")
        walk.number(2, "last status word", describe)
        if walk.remaining:
            walk.rest("data of the last command")
        return ()

    return layer("response of the script (TS 102 226 §5.2.2)", octets, read)
