"""Secured packets as layers — ETSI TS 102 225 §5, 3GPP TS 31.115 §4."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import CryptoProvider, KeySet
from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.names import SLOTS, TAR_MENU, TAR_PLATFORM, application_tar, slot_of
from telecom_codecs.ota.packet_security import deciphered_command, deciphered_response, open_command, open_response
from telecom_codecs.ota.secured_packet import (
    COMMAND_HEADER,
    RESPONSE_HEADER,
    CommandHeader,
    KeyReference,
    PacketCheck,
    PorRequest,
    PorStatus,
    ResponseHeader,
    Spi,
)

from . import apdus
from .applet import applet_answer, applet_request
from .enterprise import application_response, menu_response
from .layer import Layer, Walk, layer

#: what the TARs of this service mean (docs/wire/card-application.md §1)
TARS: Final = {
    "000000": "card manager (RAM)",
    "B00000": "files of the UICC (RFM)",
    "B00010": "files of the UICC (RFM)",
    "B00001": "files of the USIM (RFM)",
    "B00011": "files of the USIM (RFM)",
    str(TAR_MENU): "menu applet",
    str(TAR_PLATFORM): "platform",
} | {str(application_tar(slot)): f"enterprise application in slot {slot}" for slot in SLOTS}

_COMMAND: Final = "command packet (TS 102 225 §5.1)"
_RESPONSE: Final = "response packet (TS 102 225 §5.2)"


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
        name = _of_no_name(reference) or reference.cipher.name
    except CodecError:
        name = f"algorithm {reference.algorithm:X} (reserved)"
    return f"key set {reference.index}, {name}"


def _of_no_name(reference: KeyReference) -> str:
    """The words for an algorithm that the octet does not name — TS 102 225 §5.1.2, §5.1.3."""
    if reference.is_implicit:
        return "algorithm known implicitly"
    return "proprietary algorithm" if reference.is_proprietary else ""


def _kid_meaning(octet: int, check: PacketCheck) -> str:
    reference = KeyReference.decode(octet)
    try:
        name = "not used" if check is PacketCheck.NONE else _of_no_name(reference) or reference.check(check).name
    except CodecError:
        name = f"algorithm {reference.algorithm:X} (reserved)"
    return f"key set {reference.index}, {name}"


def por_meaning(status: int) -> str:
    try:
        known = PorStatus(status)
    except ValueError:
        return f"status {status:02X} is unknown"
    return f"{known.name}: {known.remedy}"


def _in_clear(walk: Walk, check_length: int, check: str, *, response: bool) -> bytes:
    """Label the part behind the TAR, in clear: counter, padding counter, (status,) check, data, padding."""
    walk.number(5, "CNTR")
    padding = walk.number(1, "PCNTR", lambda value: f"{value} padding octets")
    if response:
        walk.number(1, "status", por_meaning)
    if check_length:
        walk.take(check_length, "RC/CC/DS", check)
    padding = min(padding, walk.remaining)
    data = b""
    if walk.remaining > padding:
        data = walk.take(walk.remaining - padding, "secured data")
    if padding:
        walk.take(padding, "padding")
    return data


def _whole(name: str, segments: int) -> str:
    return f"{name}, joined from {segments} segments" if segments > 1 else name


def command_packet(octets: bytes, keys: DecodeKeys | None = None, *, segments: int = 1) -> Layer:
    """A command packet that starts at CPL (or, unciphered, at CHL)."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        if not _starts_at_chl(octets):
            walk.number(2, "CPL", lambda value: f"{value} octets follow")
        check_length = walk.number(1, "CHL", lambda value: f"header of {value} octets") - COMMAND_HEADER
        spi = Spi.decode(walk.take(2, "SPI", _spi_meaning))
        kic = walk.number(1, "KIc", _kic_meaning)
        walk.number(1, "KID", lambda octet: _kid_meaning(octet, spi.check))
        tar = walk.take(3, "TAR", tar_meaning)
        CommandHeader.peek(octets)  # lengths that contradict each other are this layer's fault
        key_set = keys.of(kic) if keys else None
        provider = keys.provider if keys else OpenSslProvider()
        if spi.ciphered:
            walk.rest("CNTR PCNTR RC/CC/DS data padding", "ciphered")
            if keys is None:
                return ()
            try:
                open_command(octets, key_set, provider, weak_algorithms=True)
                clear = deciphered_command(octets, key_set, provider, weak_algorithms=True)[10:]
            except CodecError as error:
                return (Layer("command packet, deciphered", b"", fault=f"does not open: {error}"),)
            return (_deciphered("command", clear, check_length, f"{spi.check.name}, good", response=False,
                                inside=lambda data: (script(data, tar),)),)  # fmt: skip
        verdict = _verdict(
            spi, key_set, lambda: open_command(octets, key_set, provider, weak_algorithms=True), spi.check
        )
        data = _in_clear(walk, check_length, verdict, response=False)
        faults = (Layer("command packet, checked", b"", fault=verdict),) if verdict.startswith("does not") else ()
        return (*faults, *((script(data, tar),) if data else ()))

    return layer(_whole(_COMMAND, segments), octets, read)


def _starts_at_chl(octets: bytes) -> bool:
    try:
        return CommandHeader.peek(octets).chl_start
    except CodecError:
        return False


def _verdict(spi: Spi, key_set: KeySet | None, verify: Callable[[], object], check: PacketCheck) -> str:
    """What is to be said of the check of a packet in clear."""
    if check is PacketCheck.NONE:
        return "no check"
    if check is not PacketCheck.RC and key_set is None:
        return f"{check.name}, not checked without keys"
    try:
        verify()
    except CodecError as error:
        return f"does not open: {error}"
    return f"{check.name}, good"


def _deciphered(
    kind: str,
    clear: bytes,
    check_length: int,
    check: str,
    *,
    response: bool,
    inside: Callable[[bytes], tuple[Layer, ...]],
) -> Layer:
    def read(walk: Walk) -> tuple[Layer, ...]:
        data = _in_clear(walk, check_length, check, response=response)
        return inside(data) if data else ()

    return layer(f"{kind} packet, deciphered", clear, read)


def response_packet(octets: bytes, keys: DecodeKeys | None = None, *, segments: int = 1) -> Layer:
    """A response packet that starts at RPL; keys say how the command asked for it to be secured."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(2, "RPL", lambda value: f"{value} octets follow")
        check_length = walk.number(1, "RHL", lambda value: f"header of {value} octets") - RESPONSE_HEADER
        tar = walk.take(3, "TAR", tar_meaning)
        ResponseHeader.peek(octets)
        if keys is None:
            walk.rest("CNTR PCNTR status RC/CC/DS data padding", f"ciphered or not; RC/CC/DS of {check_length} octets")
            return ()
        how = (octets, keys.spi, keys.kic, keys.kid, keys.of(keys.kic), keys.provider)
        try:
            opened = open_response(*how, weak_algorithms=True)
            clear = deciphered_response(*how, weak_algorithms=True)[6:]
        except CodecError as error:
            walk.rest("CNTR PCNTR status RC/CC/DS data padding")
            return (Layer("response packet, deciphered", b"", fault=f"does not open: {error}"),)
        check = f"{keys.spi.por_check.name}, good" if opened.authentic else "NOT authentic"

        def inside(data: bytes) -> tuple[Layer, ...]:
            return (response(data, tar),)

        if clear == octets[6:]:
            if not check_length:
                walk_name = "NOT authentic: no check"
                data = _in_clear(walk, 0, walk_name, response=True)
            else:
                data = _in_clear(walk, check_length, check, response=True)
            return inside(data) if data else ()
        walk.rest("CNTR PCNTR status RC/CC/DS data padding", "ciphered")
        return (_deciphered("response", clear, check_length, check, response=True, inside=inside),)

    return layer(_whole(_RESPONSE, segments), octets, read)


def script(octets: bytes, tar: bytes) -> Layer:
    """Secured data of a command packet: menu messages, or C-APDUs for everything else."""
    if tar == TAR_PLATFORM.octets:
        return applet_request(octets)
    if tar == TAR_MENU.octets:
        return applet_answer(octets)
    return apdus.script(octets)


def response(octets: bytes, tar: bytes) -> Layer:
    """Secured data of a response packet, by whose answer it is."""
    if tar == TAR_MENU.octets:
        return menu_response(octets)
    expanded = octets[:1] in {b"\xab", b"\xaf"}
    return apdus.script_response(octets) if slot_of(Tar(tar)) is None or expanded else application_response(octets)
