"""What goes to a card and comes back: APDUs, FCP, scripts, GlobalPlatform, SCP81, captures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from telecom_codecs import pcap
from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.card.fcp import ArrReference, Fcp, FileDescriptor, FileStructure, PinReference
from telecom_codecs.card.identities import Aid
from telecom_codecs.globalplatform import install as gp_install
from telecom_codecs.globalplatform import keys as gp_keys
from telecom_codecs.globalplatform import registry as gp_registry
from telecom_codecs.globalplatform.commands import Dgi, ExtendedCardResources, StoreBlock, key_information
from telecom_codecs.octets import Cursor
from telecom_codecs.ota import remote_command, scp81
from telecom_codecs.ota.toolkit_parameters import (
    FileAccess,
    InstallParameters,
    SimToolkitParameters,
    UiccToolkitParameters,
)
from telecom_codecs.tlv import BerTlv

from . import corpus
from .target import Target, hexes, named

PACKAGE, MODULE, APPLICATION = (Aid.from_hex(f"A00000015100{number:02X}") for number in (1, 2, 3))


def _fcps() -> tuple[bytes, ...]:
    """A transparent EF, a linear fixed one, the MF."""
    files = (
        Fcp(FileDescriptor(FileStructure.TRANSPARENT), 0x2FE2, life_cycle=5, security=ArrReference(0x2F06, ((0, 1),)),
            file_size=10, total_size=10, short_file_id=2),
        Fcp(FileDescriptor(FileStructure.LINEAR_FIXED, record_length=38, record_count=3), 0x2F00, life_cycle=5,
            security_compact=b"\x01\x00", file_size=114),
        Fcp(FileDescriptor(FileStructure.DF), 0x7FF0, Aid.from_hex("A0000000871002FFFFFFFF8907090000"),
            (BerTlv(0x80, b"\x71"),), 5, pins=(PinReference(1, True), PinReference(0x81, False, 8)), total_size=5),
    )  # fmt: skip
    return tuple(file.encode() for file in files)


def _installs() -> tuple[bytes, ...]:
    """Every INSTALL."""
    orders = (
        gp_install.InstallForLoad(PACKAGE, APPLICATION, bytes(20), b"\xef\x00"),
        gp_install.InstallForLoad(PACKAGE, combined=True),
        gp_install.InstallForInstall(PACKAGE, MODULE, APPLICATION),
        gp_install.InstallForInstall(PACKAGE, MODULE, APPLICATION, b"\x80\x00\x00", make_selectable=False),
        gp_install.InstallForInstall(PACKAGE, MODULE, APPLICATION, combined=True),
        gp_install.InstallForMakeSelectable(APPLICATION),
        gp_install.InstallForExtradition(PACKAGE, APPLICATION),
        gp_install.InstallForPersonalisation(APPLICATION),
        gp_install.InstallForRegistryUpdate(PACKAGE, APPLICATION, b"\x00"),
    )
    return tuple(order.apdu().encode() for order in orders)


def _registry() -> tuple[bytes, ...]:
    """Entries of a registry, one page and one alone."""
    entries = (
        gp_registry.RegistryEntry(APPLICATION, 7, b"\x00", PACKAGE, PACKAGE),
        gp_registry.RegistryEntry(PACKAGE, 1, version=b"\x01\x00", modules=(MODULE,)),
    )
    return (_all(entries), entries[1].encode())


def _queries() -> tuple[bytes, ...]:
    orders = (gp_registry.GetStatus(0x40), gp_registry.GetStatus(0x20, APPLICATION.octets, b"\x4f\xc5", True))
    return tuple(order.apdu().encode() for order in orders)


def _deletes() -> tuple[bytes, ...]:
    orders = (
        gp_registry.Delete(PACKAGE, True),
        gp_registry.Delete(APPLICATION, token=b"token"),
        gp_registry.DeleteKey(1, 2),
        gp_registry.DeleteKey(key_id=3),
    )
    return tuple(order.apdu().encode() for order in orders)


def _apdu(decode: Callable[[CommandApdu], Any]) -> Callable[[bytes], Any]:
    """Reads with a decoder of C-APDUs."""

    def read(octets: bytes) -> Any:
        return decode(CommandApdu.decode(octets))

    return read


def _octets_of(value: Any) -> bytes:
    octets: bytes = value.apdu().encode()
    return octets


def _all(values: Any) -> bytes:
    return b"".join(value.encode() for value in values)


def _toolkit(octets: bytes) -> UiccToolkitParameters:
    return UiccToolkitParameters.decode(Cursor(octets))


def _capture_octets(packets: tuple[tuple[float, bytes], ...]) -> bytes:
    return pcap.file_header() + b"".join(pcap.packet_record(frame, at) for at, frame in packets)


def _text_octets(value: tuple[int, str]) -> bytes:
    return scp81.encode_text(*value)


def _unchecked(value: InstallParameters) -> bytes:
    return value.encode(checked=False)


def targets() -> tuple[Target, ...]:
    """One for each public decoder of these modules."""
    apdus = corpus.octets("apdu") + corpus.octets("command", field="plaintext")
    apdus += hexes(
        "00a40004023f0000", "00b0000000", "00d60000000005aabbccddee", "00a4000400000 23f000000".replace(" ", "")
    )
    compact = corpus.octets("response", field="response_data")
    keys = corpus.octets("key_information")
    expanded = corpus.octets("expanded_command") + hexes("aa0a8301012205 00a4000400".replace(" ", ""))
    answers = corpus.octets("expanded_response")
    install = corpus.octets("install_parameters")
    trigger = hexes("811b8319840101850501aa0201408602000289098a01688b01618c012f")
    frame = pcap.gsmtap_sim_frame(bytes.fromhex("00a40004023f00"), b"\x90\x00")
    capture = (_capture_octets(((1.5, frame), (2.0, b""))),)
    toolkit = hexes("010000000102011203af4d0100", "01001505000000000000000000000000")
    return (
        named("apdu.CommandApdu", CommandApdu.decode, CommandApdu.encode, *apdus, weight=8),
        named("apdu.ResponseApdu", ResponseApdu.decode, ResponseApdu.encode, *hexes("9000", "62026b00", "910f")),
        named("fcp.Fcp", Fcp.decode, Fcp.encode, *_fcps(), weight=12),
        named("fcp.FileDescriptor", FileDescriptor.decode, FileDescriptor.encode, *hexes("7821", "4221002601", "4121")),
        named("fcp.ArrReference", ArrReference.decode, ArrReference.encode, *hexes("2f0601", "6f06000100020103")),
        named("script.compact", remote_command.decode_compact, remote_command.encode_compact, *apdus, weight=8),
        named("script.CompactResponse", remote_command.CompactResponse.decode, remote_command.CompactResponse.encode,
              *compact),
        named("script.CommandScript", remote_command.CommandScript.decode, remote_command.CommandScript.encode,
              *expanded, weight=8),
        named("script.expanded", remote_command.decode_expanded, remote_command.encode_expanded, *expanded),
        named("script.ResponseScript", remote_command.ResponseScript.decode, remote_command.ResponseScript.encode,
              *answers, weight=8),
        named("gp.install", gp_install.decode_install, _octets_of, *_installs(),
              read=_apdu(gp_install.decode_install), weight=8),
        named("gp.delete", gp_registry.decode_delete, _octets_of, *_deletes(), read=_apdu(gp_registry.decode_delete)),
        named("gp.GetStatus", gp_registry.GetStatus.decode, _octets_of, *_queries(),
              read=_apdu(gp_registry.GetStatus.decode)),
        named("gp.SetStatus", gp_registry.SetStatus.decode, _octets_of, *hexes("80f0400707a0000000871002"),
              read=_apdu(gp_registry.SetStatus.decode)),
        named("gp.RegistryEntry", gp_registry.RegistryEntry.decode_all, _all, *_registry(), weight=8),
        named("gp.StoreBlock", StoreBlock.decode, _octets_of, *hexes("80e2910006bf3e035c015a"),
              read=_apdu(StoreBlock.decode)),
        named("gp.Dgi", Dgi.decode_all, _all, *hexes("0001 02aabb 8f01 03010203")),
        named("gp.ExtendedCardResources", ExtendedCardResources.decode, ExtendedCardResources.encode,
              *hexes("ff210d8101058204000186a083020400")),
        named("gp.KeyInformation", gp_keys.KeyInformation.decode_all, gp_keys.encode_key_template, *keys),
        named("gp.key_information", key_information, gp_keys.encode_key_template, *keys),
        named("install.InstallParameters", InstallParameters.decode, _unchecked, *install, weight=8),
        named("install.UiccToolkit", UiccToolkitParameters.decode, UiccToolkitParameters.encode, *toolkit,
              read=_toolkit),
        named("install.SimToolkit", SimToolkitParameters.decode, SimToolkitParameters.encode,
              *hexes("01000100150500000000000000000000000 0".replace(" ", ""))),
        named("install.FileAccess", FileAccess.decode_all, _all, *hexes("000100 00", "07a0000000871002 0100 00")),
        named("scp81.SessionTrigger", scp81.SessionTrigger.decode, scp81.SessionTrigger.encode, *trigger),
        named("scp81.SecurityParameters", scp81.SecurityParameters.decode, scp81.SecurityParameters.encode,
              *hexes("850804deadbeef020040")),
        named("scp81.HttpPostParameters", scp81.HttpPostParameters.decode, scp81.HttpPostParameters.encode,
              *hexes("89098a01688b01618c012f")),
        named("scp81.text", scp81.decode_text, _text_octets, *hexes("8a0a61646d696e2e686f7374")),
        named("pcap.decode_file", pcap.decode_file, _capture_octets, *capture),
    )  # fmt: skip
