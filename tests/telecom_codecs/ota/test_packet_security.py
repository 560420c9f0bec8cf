"""Sealing and opening: who may do what, and what a forger learns (nothing)."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.errors import BadValue, CheckFailed, CodecError, LocalError, RemoteError
from telecom_codecs.ota.packet_security import (
    CryptoProvider,
    KeySet,
    SecretKey,
    deciphered_command,
    deciphered_response,
    open_command,
    open_response,
    seal_command,
    seal_response,
)
from telecom_codecs.ota.secured_packet import CommandPacket, PorStatus, ResponsePacket, Spi

PROVIDER = OpenSslProvider()
BOTH: tuple[CryptoProvider, ...] = (PROVIDER, PycryptodomeProvider())
TAR = Tar.from_hex("594B54")
AES_KEYS = KeySet(SecretKey(bytes(range(16))), SecretKey(bytes(range(16, 32))))
FULL = Spi.decode(bytes.fromhex("1639"))


def key_of(length: int) -> SecretKey:
    return SecretKey(bytes(range(length)))


def a_command(**changes: object) -> CommandPacket:
    """An AES packet to the menu applet."""
    packet = CommandPacket(FULL, 0x12, 0x12, TAR, 7, b"\x01\x02\x03")
    return dataclasses.replace(packet, **changes)  # type: ignore[arg-type]


def a_response(**changes: object) -> ResponsePacket:
    packet = ResponsePacket(TAR, 7, PorStatus.OK, b"\x01\x90\x00")
    return dataclasses.replace(packet, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("mac_length", [4, 8])
@pytest.mark.parametrize("length", [16, 24, 32])
def test_aes_packets_are_opened_by_the_other_library(length: int, mac_length: int) -> None:
    """AES-128, 192 and 256, checks of four and eight octets: the length is told by CHL and RHL."""
    keys = KeySet(key_of(length), SecretKey(bytes(length)))
    sealed = seal_command(a_command(), keys, BOTH[0], mac_length=mac_length)
    opened = open_command(sealed, keys, BOTH[1])
    assert (opened.packet, opened.check_length) == (a_command(), mac_length)
    answer = seal_response(a_response(), FULL, 0x12, 0x12, keys, BOTH[1], mac_length=mac_length)
    assert open_response(answer, FULL, 0x12, 0x12, keys, BOTH[0]).packet == a_response()
    assert sealed[2] == 13 + mac_length
    assert answer[2] == 10 + mac_length


def test_a_check_of_another_length_is_the_callers_fault() -> None:
    """102 225 knows four and eight octets."""
    with pytest.raises(LocalError):
        seal_command(a_command(), AES_KEYS, PROVIDER, mac_length=16)


def test_changing_any_field_changes_the_octets() -> None:
    """A value holds no copy of what it was read from."""
    opened = open_command(seal_command(a_command(), AES_KEYS, PROVIDER), AES_KEYS, PROVIDER).packet
    seen = {seal_command(opened, AES_KEYS, PROVIDER)}
    for changes in (
        {"spi": Spi.decode(bytes.fromhex("1601"))},
        {"kic": 0x22},
        {"kid": 0x22},
        {"tar": Tar(bytes(3))},
        {"counter": 8},
        {"data": b"\x01\x02"},
    ):
        seen.add(seal_command(dataclasses.replace(opened, **changes), AES_KEYS, PROVIDER))
    assert len(seen) == 7


def test_every_flipped_bit_is_refused_the_same_way_behind_the_header() -> None:
    """A forger sees one error, whichever octet of ciphertext or check he touches."""
    sealed = seal_command(a_command(), AES_KEYS, PROVIDER)
    for position in range(10, len(sealed)):
        for bit in range(8):
            forged = bytearray(sealed)
            forged[position] ^= 1 << bit
            with pytest.raises(CheckFailed) as error:
                open_command(bytes(forged), AES_KEYS, PROVIDER)
            assert str(error.value) == "the packet does not open under these keys"


def test_a_flipped_bit_in_the_header_is_refused_too() -> None:
    """The check covers CPL to TAR, and CHL contradicts an SPI that no longer asks for one."""
    sealed = seal_command(a_command(), AES_KEYS, PROVIDER)
    for position in range(10):
        for bit in range(8):
            forged = bytearray(sealed)
            forged[position] ^= 1 << bit
            with pytest.raises(RemoteError):
                open_command(bytes(forged), AES_KEYS, PROVIDER)


def test_a_packet_cut_at_any_length_is_refused() -> None:
    """With the old length and with one that fits what is left."""
    sealed = seal_command(a_command(), AES_KEYS, PROVIDER)
    answer = seal_response(a_response(), FULL, 0x12, 0x12, AES_KEYS, PROVIDER)
    for whole, opens in (
        (sealed, lambda octets: open_command(octets, AES_KEYS, PROVIDER)),
        (answer, lambda octets: open_response(octets, FULL, 0x12, 0x12, AES_KEYS, PROVIDER)),
    ):
        for end in range(len(whole)):
            with pytest.raises(RemoteError):
                opens(whole[:end])
            if end >= 2:
                with pytest.raises(RemoteError):
                    opens((end - 2).to_bytes(2, "big") + whole[2:end])


def test_the_wrong_key_is_refused() -> None:
    """KIc or KID of another card."""
    sealed = seal_command(a_command(), AES_KEYS, PROVIDER)
    other = SecretKey(bytes(16))
    for keys in (KeySet(other, AES_KEYS.check), KeySet(AES_KEYS.ciphering, other)):
        with pytest.raises(CheckFailed):
            open_command(sealed, keys, PROVIDER)


def test_ciphering_without_a_check_still_finds_a_wrong_key_by_its_padding() -> None:
    """No proof, but no nonsense either."""
    command = a_command(spi=Spi.decode(bytes.fromhex("1400")))
    sealed = seal_command(command, AES_KEYS, PROVIDER)
    assert open_command(sealed, AES_KEYS, PROVIDER).packet == command
    with pytest.raises(CheckFailed):
        open_command(sealed, KeySet(SecretKey(bytes(16)), AES_KEYS.check), PROVIDER)


def test_padding_of_a_packet_that_is_not_ciphered_is_refused() -> None:
    """PCNTR is 0 without ciphering."""
    with pytest.raises(CheckFailed):
        open_command(bytes.fromhex("0010 0D 0000 00 00 594B54 0000000000 01 FF00".replace(" ", "")), None, PROVIDER)


WEAK = [
    ("14", 0x11, 0x11, 8, 8),  # single DES ciphers
    ("14", 0x1D, 0x11, 8, 8),  # and in ECB
    ("12", 0x11, 0x11, 8, 8),  # single DES checks
]


@pytest.mark.parametrize(("spi1", "kic", "kid", "kic_length", "kid_length"), WEAK)
def test_single_des_needs_an_explicit_word(spi1: str, kic: int, kid: int, kic_length: int, kid_length: int) -> None:
    """Old cards exist; nobody meets them by accident."""
    command = a_command(spi=Spi.decode(bytes.fromhex(spi1 + "00")), kic=kic, kid=kid)
    keys = KeySet(key_of(kic_length), key_of(kid_length))
    with pytest.raises(LocalError, match="weak"):
        seal_command(command, keys, PROVIDER)
    sealed = seal_command(command, keys, PROVIDER, weak_algorithms=True)
    with pytest.raises(BadValue, match="weak"):
        open_command(sealed, keys, PROVIDER)
    for provider in BOTH:
        assert open_command(sealed, keys, provider, weak_algorithms=True).packet == command


@pytest.mark.parametrize(("nibble", "length"), [(5, 16), (9, 24)])
def test_3des_keys_with_equal_parts_need_an_explicit_word(nibble: int, length: int) -> None:
    """They are single DES in disguise, as KIc and as KID."""
    good, bad = key_of(length), SecretKey(bytes(range(8)) * (length // 8))
    command = a_command(kic=0x10 | nibble, kid=0x10 | nibble)
    seal_command(command, KeySet(good, good), PROVIDER)
    for keys in (KeySet(bad, good), KeySet(good, bad)):
        with pytest.raises(LocalError, match="weak"):
            seal_command(command, keys, PROVIDER)
        sealed = seal_command(command, keys, PROVIDER, weak_algorithms=True)
        with pytest.raises(BadValue, match="weak"):
            open_command(sealed, keys, PROVIDER)
        for provider in BOTH:
            assert open_command(sealed, keys, provider, weak_algorithms=True).packet == command


@pytest.mark.parametrize(
    ("kic", "kid", "spi"),
    [
        (0x15, 0x12, "1600"),  # 3DES with two keys, and the key has 24 octets
        (0x12, 0x15, "1600"),
        (0x10, 0x12, "1600"),  # implicit
        (0x13, 0x12, "1600"),  # proprietary
        (0x12, 0x13, "1600"),
        (0x12, 0x12, "1100"),  # no RC of that number
        (0x12, 0x12, "1300"),  # DS
    ],
)
def test_algorithms_that_do_not_fit_are_refused(kic: int, kid: int, spi: str) -> None:
    """Ours to correct when sealing, theirs when opening."""
    keys = KeySet(key_of(24), key_of(24))
    command = a_command(spi=Spi.decode(bytes.fromhex(spi)), kic=kic, kid=kid)
    with pytest.raises(LocalError):
        seal_command(command, keys, PROVIDER)
    octets = bytes.fromhex("0025" + "15" + spi) + bytes((kic, kid)) + bytes(32)
    with pytest.raises(BadValue):
        open_command(octets, keys, PROVIDER)


def test_a_header_length_that_contradicts_the_spi_is_refused() -> None:
    """A CMAC of two octets, a check where none is asked for."""
    for octets in (
        "0016 0F 0200 12 12 594B54 000000000000 FFFF 010203040506",
        "0014 0F 0000 00 00 594B54 000000000000 FFFF 0102",
    ):
        packed = bytes.fromhex(octets.replace(" ", ""))
        fixed = (len(packed) - 2).to_bytes(2, "big") + packed[2:]
        with pytest.raises(BadValue, match="contradicts"):
            open_command(fixed, AES_KEYS, PROVIDER)


def test_keys_are_needed_only_where_the_spi_asks_for_them() -> None:
    """A packet without security opens without keys; others say what is missing."""
    plain = a_command(spi=Spi(), kic=0, kid=0)
    assert open_command(seal_command(plain, None, PROVIDER), None, PROVIDER).packet == plain
    with pytest.raises(LocalError):
        seal_command(a_command(), None, PROVIDER)
    with pytest.raises(BadValue):
        open_command(seal_command(a_command(), AES_KEYS, PROVIDER), None, PROVIDER)


def test_a_packet_is_not_longer_than_its_length_field() -> None:
    """CPL and RPL have two octets."""
    with pytest.raises(LocalError):
        seal_command(a_command(data=bytes(65_535)), AES_KEYS, PROVIDER)
    with pytest.raises(LocalError):
        seal_response(a_response(data=bytes(65_535)), FULL, 0x12, 0x12, AES_KEYS, PROVIDER)


def test_an_authentic_response_is_told_from_a_hint() -> None:
    """Only a good CC proves that the card did it."""
    answer = seal_response(a_response(), FULL, 0x12, 0x12, AES_KEYS, PROVIDER)
    assert open_response(answer, FULL, 0x12, 0x12, AES_KEYS, PROVIDER).authentic
    for spi2 in ("01", "05", "11"):  # nothing, RC, ciphered only
        spi = Spi.decode(bytes.fromhex("16" + spi2))
        sealed = seal_response(a_response(), spi, 0x12, 0x15, AES_KEYS, PROVIDER)
        opened = open_response(sealed, spi, 0x12, 0x15, AES_KEYS, PROVIDER)
        assert (opened.packet, opened.authentic) == (a_response(), False)


@pytest.mark.parametrize("spi2", ["09", "19", "11", "05"])
@pytest.mark.parametrize("status", range(0x0D))
def test_only_early_errors_may_come_unsecured(status: int, spi2: str) -> None:
    """01, 05, 06, 09 and 0A without data: read as a hint. Everything else unsecured is refused."""
    spi = Spi.decode(bytes.fromhex("16" + spi2))
    bare = a_response(status=status, data=b"")
    octets = seal_response(bare, spi, 0x12, 0x15, AES_KEYS, PROVIDER, secured=False)
    assert len(octets) == 13
    if status in (0x01, 0x05, 0x06, 0x09, 0x0A):
        opened = open_response(octets, spi, 0x12, 0x15, None, PROVIDER)
        assert (opened.packet, opened.authentic) == (bare, False)
    else:
        keys = KeySet(key_of(16), key_of(16))
        with pytest.raises(CheckFailed):
            open_response(octets, spi, 0x12, 0x15, keys, PROVIDER)
    talkative = seal_response(a_response(status=status), spi, 0x12, 0x15, AES_KEYS, PROVIDER, secured=False)
    with pytest.raises(CheckFailed):
        open_response(talkative, spi, 0x12, 0x15, KeySet(key_of(16), key_of(16)), PROVIDER)


def test_every_flipped_bit_of_a_response_is_refused() -> None:
    """RPL to the last octet, TAR and CNTR included: a PoR for another command proves nothing."""
    answer = seal_response(a_response(), FULL, 0x12, 0x12, AES_KEYS, PROVIDER)
    for position in range(len(answer)):
        for bit in range(8):
            forged = bytearray(answer)
            forged[position] ^= 1 << bit
            with pytest.raises(RemoteError):
                open_response(bytes(forged), FULL, 0x12, 0x12, AES_KEYS, PROVIDER)


@given(
    st.binary(max_size=80),
    st.sampled_from([0x11, 0x12, 0x15, 0x19, 0x1D, 0x10, 0x13]),
    st.sampled_from([8, 16, 24, 32]),
    st.booleans(),
)
def test_random_octets_are_opened_or_refused(tail: bytes, reference: int, length: int, weak: bool) -> None:
    """Whatever the packet, the keys and the policy: a value or a declared error, from both libraries the same."""
    keys = KeySet(key_of(length), key_of(length))
    packet = (len(tail) + 5).to_bytes(2, "big") + b"\x15\x16\x39" + bytes((reference, reference)) + tail
    answer = len(tail).to_bytes(2, "big") + tail
    seen = []
    for provider in BOTH:
        for octets in (packet, packet[2:], tail):
            try:
                opened = open_command(octets, keys, provider, weak_algorithms=weak)
            except RemoteError as error:
                seen.append(f"{type(error)} {error}")
                continue
            again = seal_command(
                opened.packet, keys, provider, mac_length=opened.check_length or 8, weak_algorithms=True
            )
            assert open_command(again, keys, provider, weak_algorithms=True).packet == opened.packet
            seen.append(repr(opened))
        try:
            seen.append(repr(open_response(answer, FULL, reference, reference, keys, provider, weak_algorithms=weak)))
        except CodecError as error:
            seen.append(f"{type(error)} {error}")
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]


def test_a_packet_is_shown_in_clear_octet_for_octet() -> None:
    """For people who look: header, counter, padding counter, check, data and padding, as long as the packet."""
    command = a_command(counter=42)
    octets = seal_command(command, AES_KEYS, PROVIDER)
    clear = deciphered_command(octets, AES_KEYS, PROVIDER)
    assert len(clear) == len(octets)
    assert clear[:15] == octets[:10] + (42).to_bytes(5, "big")
    assert clear[24:].startswith(command.data)
    response = a_response()
    answered = seal_response(response, FULL, 0x12, 0x12, AES_KEYS, PROVIDER)
    clear = deciphered_response(answered, FULL, 0x12, 0x12, AES_KEYS, PROVIDER)
    assert len(clear) == len(answered)
    assert clear[:11] == answered[:6] + response.counter.to_bytes(5, "big")
    assert clear[12] == response.status


def test_showing_a_packet_checks_nothing_but_its_form() -> None:
    """Another key shows other octets; half a block, and weak keys without a word, are refused."""
    octets = seal_command(a_command(), AES_KEYS, PROVIDER)
    shown = deciphered_command(octets, KeySet(key_of(32), AES_KEYS.check), PROVIDER)
    assert shown[:10] == octets[:10]
    assert shown != deciphered_command(octets, AES_KEYS, PROVIDER)
    cut = (len(octets) - 3).to_bytes(2, "big") + octets[2:-1]
    with pytest.raises(CheckFailed):
        deciphered_command(cut, AES_KEYS, PROVIDER)
    with pytest.raises(BadValue):
        deciphered_command(octets, None, PROVIDER)


def test_an_error_answered_without_security_is_shown_as_it_is() -> None:
    """A card that could not check the command answers in clear, whatever the SPI asked."""
    plain = seal_response(
        a_response(status=PorStatus.CHECK_FAILED, data=b""), FULL, 0x12, 0x12, None, PROVIDER, secured=False
    )
    assert deciphered_response(plain, FULL, 0x12, 0x12, AES_KEYS, PROVIDER) == plain
