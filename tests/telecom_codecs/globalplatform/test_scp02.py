"""SCP02 against a session of a real card, and its two ends against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.crypto.key_derivation import DomainKeys
from telecom_codecs.crypto.secret_key import BlockCipher, CryptoProvider
from telecom_codecs.errors import BadValue, CheckFailed, LocalError, RemoteError, TrailingOctets, Truncated
from telecom_codecs.globalplatform.scp02 import (
    InitializeUpdateResponse,
    Scp02Channel,
    SecurityLevel,
    accept,
    card_cryptogram,
    derive_session,
    establish,
    host_cryptogram,
)
from telecom_codecs.globalplatform.secure_messaging import initialize_update
from tests.vectors import needs_vectors

from .secure_channels import EACH_PROVIDER, PROVIDERS, curated_rows, domain_keys, foreign_rows, host_challenge, key

BOTH = SecurityLevel.C_MAC | SecurityLevel.C_DECRYPTION
STATIC = DomainKeys(*(key(octets) for octets in ("404142434445464748494a4b4c4d4e4f",) * 3))
HOST, CARD = bytes(range(8)), bytes(range(6))


def a_response(provider: CryptoProvider, **changes: Any) -> InitializeUpdateResponse:
    """The answer of a card with STATIC keys."""
    cryptogram = card_cryptogram(derive_session(STATIC, 7, provider), HOST, 7, CARD, provider)
    return replace(InitializeUpdateResponse(bytes(10), 0x20, 7, CARD, cryptogram), **changes)


def both_ends(level: SecurityLevel) -> tuple[Scp02Channel, Scp02Channel]:
    """A channel as the host and as the card see it."""
    provider = PROVIDERS[0]
    apdu, host = establish(STATIC, HOST, a_response(provider), level, provider)
    return host, accept(STATIC, HOST, a_response(provider), apdu, provider)


def check_session(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Cryptograms, session keys, EXTERNAL AUTHENTICATE and every wrapped command, octet by octet."""
    static, host = domain_keys(row), host_challenge(row)
    octets = bytes.fromhex(row["init_update_resp"])
    response = InitializeUpdateResponse.decode(octets)
    assert response.encode() == octets
    assert initialize_update(host, key_version=0x20).encode().hex() == row["init_update"]
    apdu, channel = establish(static, host, response, SecurityLevel.C_MAC, provider)
    assert apdu.encode().hex() == row["ext_auth"]
    keys = channel.keys
    assert {f"s_{name}": getattr(keys, name).octets().hex() for name in ("enc", "mac", "rmac", "dek")} == row[
        "session_keys"
    ]
    assert host_cryptogram(keys, host, response.sequence, response.challenge, provider).hex() == row["host_cryptogram"]
    assert response.cryptogram.hex() == row["card_cryptogram"]
    card = accept(static, host, response, apdu, provider)
    for step in row["wrapped"]:
        plain = CommandApdu.decode(bytes.fromhex(step["plain"]))
        wrapped, channel = channel.wrap(plain, provider)
        assert wrapped.encode().hex() == step["wrapped"]
        assert card.unwrap(wrapped, provider) == (plain, channel)
        card = channel


@EACH_PROVIDER
@needs_vectors
@pytest.mark.parametrize("row", foreign_rows("scp02"))
def test_a_session_of_a_real_card_is_repeated(row: dict[str, Any], provider: CryptoProvider) -> None:
    """What another program exchanged with a card of another maker."""
    check_session(row, provider)


@EACH_PROVIDER
@pytest.mark.parametrize("row", curated_rows("scp02"))
def test_a_session_of_a_real_card_is_repeated_in_every_clone(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The same without any further download."""
    check_session(row, provider)


@EACH_PROVIDER
@needs_vectors
@pytest.mark.parametrize("row", foreign_rows("scp02_session"))
def test_session_keys_and_their_check_values_agree(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Keys of sequence 0 under the test keys everybody knows, from a third program."""
    check_session_keys(row, provider)


@EACH_PROVIDER
@pytest.mark.parametrize("row", curated_rows("scp02_session"))
def test_session_keys_agree_in_every_clone(row: dict[str, Any], provider: CryptoProvider) -> None:
    """The same without any further download."""
    check_session_keys(row, provider)


def check_session_keys(row: dict[str, Any], provider: CryptoProvider) -> None:
    static = DomainKeys(*(key(row["static"]) for _ in range(3)))
    keys = derive_session(static, int(row["seq"], 16), provider)
    for name in ("enc", "mac", "rmac", "dek"):
        derived = getattr(keys, name)
        assert derived.octets().hex() == row["session"][f"s_{name}"]
        assert derived.kcv(provider, BlockCipher.DES3).hex() == row["kcv"][f"s_{name}"]


APDUS = st.builds(
    CommandApdu,
    st.sampled_from([0x00, 0x80, 0x83, 0xC0]),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 255),
    st.binary(max_size=239),
    st.one_of(st.none(), st.integers(1, 256)),
)


@given(st.sampled_from([SecurityLevel.NONE, SecurityLevel.C_MAC, BOTH]), st.lists(APDUS, max_size=4))
def test_what_the_host_wraps_the_card_unwraps(level: SecurityLevel, apdus: list[CommandApdu]) -> None:
    """Any commands, one after the other, at every level."""
    host, card = both_ends(level)
    assert host == card
    for apdu in apdus:
        wrapped, host = host.wrap(apdu, PROVIDERS[1])
        assert (wrapped == apdu) == (level == 0)
        assert CommandApdu.decode(wrapped.encode()) == wrapped
        plain, card = card.unwrap(wrapped, PROVIDERS[0])
        assert (plain, card) == (apdu, host)


@pytest.mark.parametrize("level", [SecurityLevel.C_MAC, BOTH])
def test_a_touched_command_is_refused(level: SecurityLevel) -> None:
    """Every bit of a wrapped command; a repeated one; one cut to less than a MAC."""
    host, card = both_ends(level)
    wrapped, _ = host.wrap(CommandApdu(0x80, 0xE2, 0x91, 0x00, b"abc"), PROVIDERS[0])
    octets = wrapped.encode()
    for bit in range(2, len(octets) * 8):  # the first two name the logical channel: no part of the MAC
        touched = bytearray(octets)
        touched[bit // 8] ^= 1 << bit % 8
        with pytest.raises(RemoteError):
            card.unwrap(CommandApdu.decode(bytes(touched)), PROVIDERS[0])
    _, after = card.unwrap(wrapped, PROVIDERS[0])
    with pytest.raises(CheckFailed):
        after.unwrap(wrapped, PROVIDERS[0])
    for length in range(8):
        with pytest.raises(CheckFailed):
            card.unwrap(replace(wrapped, data=wrapped.data[:length]), PROVIDERS[0])


def test_neither_end_believes_a_stranger() -> None:
    """Other keys on the card, other keys at the host, another command than EXTERNAL AUTHENTICATE, a level of no use."""
    provider = PROVIDERS[0]
    with pytest.raises(CheckFailed):
        establish(STATIC, HOST, a_response(provider, cryptogram=bytes(8)), SecurityLevel.C_MAC, provider)
    apdu, _ = establish(STATIC, HOST, a_response(provider), BOTH, provider)
    other = DomainKeys(*(key(f"{number:032x}") for number in (1, 2, 3)))
    for keys, challenge, command in (
        (other, HOST, apdu),
        (STATIC, bytes(8), apdu),
        (STATIC, HOST, replace(apdu, p2=1)),
        (STATIC, HOST, replace(apdu, data=apdu.data[:-1])),
    ):
        with pytest.raises(CheckFailed):
            accept(keys, challenge, a_response(provider), command, provider)
    for command in (replace(apdu, ins=0x50), replace(apdu, cla=0x80), replace(apdu, p1=0x33)):
        with pytest.raises(BadValue):
            accept(STATIC, HOST, a_response(provider), command, provider)


def test_an_answer_of_the_wrong_shape_is_refused() -> None:
    """Cut anywhere, one octet too long, another protocol."""
    octets = a_response(PROVIDERS[0]).encode()
    for length in range(len(octets)):
        with pytest.raises(Truncated):
            InitializeUpdateResponse.decode(octets[:length])
    with pytest.raises(TrailingOctets):
        InitializeUpdateResponse.decode(octets + b"\x00")
    with pytest.raises(BadValue):
        InitializeUpdateResponse.decode(octets[:11] + b"\x03" + octets[12:])


def test_what_the_protocol_cannot_carry_is_our_fault() -> None:
    """A level without its MAC, an APDU already wrapped, one too long, fields of a wrong size."""
    host, _ = both_ends(BOTH)
    with pytest.raises(LocalError):
        replace(host, level=SecurityLevel.C_DECRYPTION)
    for apdu in (CommandApdu(0x84, 0, 0, 0), CommandApdu(0, 0, 0, 0, bytes(240)), CommandApdu(0, 0, 0, 0, bytes(250))):
        with pytest.raises(LocalError):
            host.wrap(apdu, PROVIDERS[0])
    changes: list[dict[str, Any]] = [
        {"challenge": b""},
        {"sequence": 0x10000},
        {"key_version": -1},
        {"diversification": bytes(9)},
    ]
    for change in changes:
        with pytest.raises(LocalError):
            a_response(PROVIDERS[0], **change).encode()
    with pytest.raises(LocalError):
        derive_session(STATIC, -1, PROVIDERS[0])


def test_a_channel_shows_no_key() -> None:
    """Logs may hold the channel."""
    host, _ = both_ends(BOTH)
    assert host.keys.mac.octets().hex() not in repr(host)
    assert "<16 octets>" in repr(host)
