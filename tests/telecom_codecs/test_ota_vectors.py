"""The OTA vectors of other programs: opened to what they state, and sealed to the same octets again."""

from __future__ import annotations

from typing import Any

import pytest

from telecom_codecs.crc import crc16, crc32
from telecom_codecs.errors import CheckFailed
from telecom_codecs.identities import Tar
from telecom_codecs.packet_security import (
    CryptoProvider,
    KeySet,
    SecretKey,
    open_command,
    open_response,
    seal_command,
    seal_response,
)
from telecom_codecs.providers.openssl import OpenSslProvider
from telecom_codecs.providers.pycryptodome import PycryptodomeProvider
from telecom_codecs.secured_packet import CommandHeader, CommandPacket, ResponseHeader, ResponsePacket, Spi
from tests.vectors import foreign, needs_vectors

PROVIDERS: tuple[CryptoProvider, ...] = (OpenSslProvider(), PycryptodomeProvider())


@pytest.fixture(params=PROVIDERS, ids=lambda provider: type(provider).__name__)
def provider(request: pytest.FixtureRequest) -> CryptoProvider:
    """Each crypto library in turn: both must agree with the vector and so with each other."""
    chosen: CryptoProvider = request.param
    return chosen


def octets(row: dict[str, Any], name: str) -> bytes:
    return bytes.fromhex(row[name] or "")


def rows(*kinds: str) -> list[Any]:
    """The foreign vectors of these kinds, each under its own name."""
    return [pytest.param(row, id=row["name"]) for row in foreign("ota") if row["kind"] in kinds]


def keys_of(row: dict[str, Any]) -> KeySet | None:
    """The key set of a vector; None when it has no keys."""
    if not row.get("kic_key") and not row.get("kid_key"):
        return None
    check = octets(row, "kid_key")
    return KeySet(SecretKey(bytes.fromhex(row.get("kic_key") or "") or check), SecretKey(check))


def is_weak(row: dict[str, Any]) -> bool:
    """Whether the vector uses single DES somewhere, or a 3DES key that is worth no more."""
    keys = keys_of(row)
    single = {1, 0xD} & {int(row["kic"], 16) & 15, int(row["kid"], 16) & 15}
    return bool(single) or (keys is not None and (keys.ciphering.is_degenerate or keys.check.is_degenerate))


def command_of(row: dict[str, Any]) -> CommandPacket:
    spi = Spi.decode(bytes.fromhex(row["spi1"] + row["spi2"]))
    return CommandPacket(
        spi,
        int(row["kic"], 16),
        int(row["kid"], 16),
        Tar(octets(row, "tar")),
        int(row["cntr"], 16),
        octets(row, "plaintext"),
    )


def check_command(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Open the packet to the stated meaning, then seal that meaning to the same octets."""
    packet, keys, weak = octets(row, "packet"), keys_of(row), is_weak(row)
    opened = open_command(packet, keys, provider, weak_algorithms=weak)
    assert opened.packet == command_of(row)
    assert not opened.chl_start
    sealed = seal_command(command_of(row), keys, provider, mac_length=opened.check_length or 8, weak_algorithms=weak)
    assert sealed == packet


@needs_vectors
@pytest.mark.parametrize("row", rows("command"))
def test_command_packets_of_strangers_open_and_seal_to_the_same_octets(
    row: dict[str, Any], provider: CryptoProvider
) -> None:
    """What pySim, gsm0348 and the cards' makers write, we read; and we write it just like that."""
    check_command(row, provider)
    opened = open_command(octets(row, "packet"), keys_of(row), provider, weak_algorithms=True)
    assert opened.check_length == len(octets(row, "rc_cc_ds"))
    meaning, spi = row["spi"], opened.packet.spi
    assert (spi.ciphered, spi.por_ciphered) == (meaning["ciphering"], meaning["por_ciphered"])
    assert spi.check.name.lower() == meaning["rc_cc_ds"].replace("dds", "ds")
    assert spi.por_in_submit == (meaning["por_via"] == "sms_submit")


@needs_vectors
@pytest.mark.parametrize("row", rows("command"))
def test_a_packet_without_cpl_is_read_unless_it_is_ciphered(row: dict[str, Any], provider: CryptoProvider) -> None:
    """pySim leaves CPL out of unciphered packets: same meaning, and the value is sealed with CPL again."""
    short = octets(row, "packet")[2:]
    if Spi.decode(bytes.fromhex(row["spi1"] + row["spi2"])).ciphered:
        with pytest.raises(ValueError):
            CommandHeader.peek(short)
        return
    opened = open_command(short, keys_of(row), provider, weak_algorithms=is_weak(row))
    assert opened.chl_start
    assert opened.packet == command_of(row)


def check_response(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Open the response to the stated meaning, then seal that meaning to the same octets."""
    spi = Spi.decode(b"\x00" + octets(row, "spi2"))
    kic, kid, keys, weak = int(row["kic"], 16), int(row["kid"], 16), keys_of(row), is_weak(row)
    stated = ResponsePacket(
        Tar(octets(row, "tar")), int(row["cntr"], 16), int(row["status_code"], 16), octets(row, "response_data")
    )
    packet = octets(row, "packet")
    opened = open_response(packet, spi, kic, kid, keys, provider, weak_algorithms=weak)
    assert opened.packet == stated
    assert opened.authentic == (bool(row["rc_cc_ds"]) and spi.por_check.name == "CC")
    secured = packet[2] != 0x0A or spi.por_check.value == 0
    length = len(octets(row, "rc_cc_ds")) or 8
    assert packet == seal_response(
        stated, spi, kic, kid, keys, provider, secured=secured, mac_length=length, weak_algorithms=weak
    )


@needs_vectors
@pytest.mark.parametrize("row", rows("response"))
def test_responses_of_real_cards_open_and_seal_to_the_same_octets(
    row: dict[str, Any], provider: CryptoProvider
) -> None:
    """A proof of receipt from another maker's card is believed exactly when its CC is good."""
    check_response(row, provider)


@needs_vectors
@pytest.mark.parametrize("row", rows("response_negative"))
def test_a_response_with_a_wrong_cc_is_refused(row: dict[str, Any], provider: CryptoProvider) -> None:
    """A proof of receipt that somebody touched proves nothing."""
    spi = Spi.decode(b"\x02" + octets(row, "spi2"))
    with pytest.raises(CheckFailed):
        open_response(
            octets(row, "packet_with_udh")[3:], spi, int(row["kic"], 16), int(row["kid"], 16), keys_of(row), provider
        )


@needs_vectors
@pytest.mark.parametrize("row", rows("concat_command"))
def test_long_commands_are_sealed_before_they_are_cut(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The packet of a long message is one packet; cutting it into segments is the user data header's affair."""
    base = next((other for other in foreign("ota") if other["name"] == row.get("base")), row)
    check_command(base, provider)
    first, *others = (bytes.fromhex(segment) for segment in row["user_data_segments"])
    assert first[8:] + b"".join(segment[6:] for segment in others) == octets(base, "packet")


@needs_vectors
@pytest.mark.parametrize("row", rows("concat_response"))
def test_a_long_response_without_key_has_a_readable_header(row: dict[str, Any]) -> None:
    """Structure only: the vector names no key."""
    first, *others = (bytes.fromhex(segment) for segment in row["user_data_segments"])
    packet = octets(row, "packet")
    assert first[8:] + b"".join(segment[6:] for segment in others) == packet
    assert ResponseHeader.peek(packet).tar == Tar(bytes.fromhex("b00011"))


@needs_vectors
@pytest.mark.parametrize("row", rows("crc"))
def test_redundancy_checks_agree(row: dict[str, Any]) -> None:
    """CRC-16 and CRC-32 as the cards compute them."""
    check = crc16 if "16" in row["name"] else crc32
    assert check(octets(row, "data")) == octets(row, "result")
