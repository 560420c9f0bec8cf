"""SCP03 against sessions of real eUICCs, and its two ends against each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.card.identities import Aid
from telecom_codecs.crypto.key_derivation import DomainKeys
from telecom_codecs.crypto.secret_key import CryptoProvider
from telecom_codecs.errors import BadValue, CheckFailed, LocalError, RemoteError, TrailingOctets, Truncated
from telecom_codecs.globalplatform.scp03 import (
    InitializeUpdateResponse,
    Scp03Channel,
    SecurityLevel,
    accept,
    card_cryptogram,
    derive_session,
    establish,
    pseudo_random_challenge,
)
from telecom_codecs.globalplatform.secure_messaging import initialize_update
from tests.vectors import needs_vectors

from .secure_channels import EACH_PROVIDER, PROVIDERS, curated_rows, domain_keys, foreign_rows, host_challenge, key
from .test_scp02 import APDUS

ISD_R = Aid.from_hex("A0000005591010FFFFFFFF8900000100")  #: SGP.02: the eUICC these sessions were held with
STATIC = DomainKeys(key("40" * 16), key("41" * 16), key("42" * 16))
ALL = SecurityLevel.C_MAC | SecurityLevel.C_DECRYPTION | SecurityLevel.R_MAC | SecurityLevel.R_ENCRYPTION
LEVELS = [SecurityLevel(level) for level in (0x00, 0x01, 0x03, 0x11, 0x13, 0x33)]


def a_response(provider: CryptoProvider, parameter: int = 0x70, **changes: Any) -> InitializeUpdateResponse:
    """The answer of a card with STATIC keys to a challenge of zeros."""
    length = 16 if parameter & 1 else 8
    sequence = 5 if parameter & 0x10 else None
    challenge = pseudo_random_challenge(STATIC.enc, 5, ISD_R, provider, length=length)
    keys = derive_session(STATIC, bytes(length), challenge, provider)
    cryptogram = card_cryptogram(keys, bytes(length), challenge, provider)
    plain = InitializeUpdateResponse(bytes(10), 0x30, parameter, challenge, cryptogram, sequence)
    return replace(plain, **changes)


def both_ends(level: SecurityLevel, parameter: int = 0x70) -> tuple[Scp03Channel, Scp03Channel]:
    """A channel as the host and as the card see it."""
    provider, response = PROVIDERS[0], a_response(PROVIDERS[0], parameter)
    challenge = bytes(response.mac_length)
    apdu, host = establish(STATIC, challenge, response, level, provider)
    return host, accept(STATIC, challenge, response, apdu, provider)


def check_session(row: dict[str, Any], provider: CryptoProvider) -> None:
    """Challenge, cryptograms, session keys, EXTERNAL AUTHENTICATE, commands and responses, octet by octet."""
    static, host = domain_keys(row), host_challenge(row)
    octets = bytes.fromhex(row["init_update_resp"])
    response = InitializeUpdateResponse.decode(octets)
    assert response.encode() == octets
    assert initialize_update(host, key_version=response.key_version).encode().hex() == row["init_update"]
    assert (f"{response.parameter:02x}", response.mac_length) == (row["i_param"], row["s_mode"])
    assert response.sequence is not None
    assert pseudo_random_challenge(static.enc, response.sequence, ISD_R, provider) == response.challenge
    level = SecurityLevel(int(row["security_level"], 16))
    apdu, channel = establish(static, host, response, level, provider)
    assert apdu.encode().hex() == row["ext_auth"]
    keys = {f"s_{name}": getattr(channel.keys, name).octets().hex() for name in ("enc", "mac", "rmac")}
    assert keys == row["session_keys"]
    card = accept(static, host, response, apdu, provider)
    for step in row["sequence"]:
        plain = CommandApdu.decode(bytes.fromhex(step["plain"]))
        wrapped, channel = channel.wrap(plain, provider)
        assert wrapped.encode().hex() == step["wrapped"]
        unwrapped, card = card.unwrap(wrapped, provider)
        assert (unwrapped, card) == (plain, channel)
        if "response_wrapped" in step:
            answer = ResponseApdu(bytes.fromhex(step["response_plain"]), 0x9000)
            sealed = card.seal_response(answer, provider)
            assert sealed.data.hex() == step["response_wrapped"]
            assert channel.open_response(sealed, provider) == answer


@EACH_PROVIDER
@needs_vectors
@pytest.mark.parametrize("row", foreign_rows("scp03"))
def test_a_session_of_a_real_card_is_repeated(row: dict[str, Any], provider: CryptoProvider) -> None:
    """AES-128, 192 and 256 at three levels, as another program exchanged them with a real eUICC."""
    check_session(row, provider)


@EACH_PROVIDER
@pytest.mark.parametrize("row", curated_rows("scp03"))
def test_a_session_of_a_real_card_is_repeated_in_every_clone(row: dict[str, Any], provider: CryptoProvider) -> None:
    """A choice of them without any further download."""
    check_session(row, provider)


@given(
    st.sampled_from(LEVELS),
    st.sampled_from([0x00, 0x01, 0x70, 0x71]),
    st.lists(st.tuples(APDUS, st.binary(max_size=120)), max_size=4),
)
def test_what_one_end_wraps_the_other_unwraps(
    level: SecurityLevel, parameter: int, talk: list[tuple[CommandApdu, bytes]]
) -> None:
    """Any commands and answers, one after the other, at every level, in S8 and S16 mode."""
    host, card = both_ends(level, parameter)
    assert host == card
    for command, answer in talk:
        apdu = replace(command, data=command.data[:223])  # with padding and a MAC of 16 still a short APDU
        wrapped, host = host.wrap(apdu, PROVIDERS[1])
        plain, card = card.unwrap(wrapped, PROVIDERS[0])
        assert (plain, card) == (apdu, host)
        response = ResponseApdu(answer, 0x9000)
        sealed = card.seal_response(response, PROVIDERS[1])
        assert (sealed == response) == (not level & SecurityLevel.R_MAC)
        assert host.open_response(sealed, PROVIDERS[0]) == response


def test_a_touched_command_is_refused() -> None:
    """Every bit of a wrapped command but its logical channel; a repeated one."""
    host, card = both_ends(ALL)
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


def test_a_touched_response_is_refused() -> None:
    """Every bit of data, MAC and a status word that claims success or a warning; data behind an error."""
    host, card = both_ends(ALL)
    wrapped, host = host.wrap(CommandApdu(0x80, 0xCA, 0, 0x66, le=256), PROVIDERS[0])
    _, card = card.unwrap(wrapped, PROVIDERS[0])
    sealed = card.seal_response(ResponseApdu(b"answer", 0x9000), PROVIDERS[0])
    for bit in range(len(sealed.data) * 8):
        touched = bytearray(sealed.data)
        touched[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CheckFailed):
            host.open_response(replace(sealed, data=bytes(touched)), PROVIDERS[0])
    for sw in (0x6200, 0x6310, 0x6A80):
        with pytest.raises(CheckFailed):
            host.open_response(replace(sealed, sw=sw), PROVIDERS[0])
    for length in range(8):
        with pytest.raises(CheckFailed):
            host.open_response(replace(sealed, data=sealed.data[:length]), PROVIDERS[0])


def test_an_error_of_the_card_needs_no_mac() -> None:
    """Nothing to protect: no data, and no success either."""
    host, card = both_ends(ALL)
    refusal = ResponseApdu(b"", 0x6A80)
    assert card.seal_response(refusal, PROVIDERS[0]) == refusal
    assert host.open_response(refusal, PROVIDERS[0]) == refusal
    with pytest.raises(LocalError):
        card.seal_response(ResponseApdu(b"x", 0x6A80), PROVIDERS[0])
    assert len(card.seal_response(ResponseApdu(b"", 0x9000), PROVIDERS[0]).data) == 8


def test_neither_end_believes_a_stranger() -> None:
    """Other keys on the card, other keys at the host, another command than EXTERNAL AUTHENTICATE, a level of no use."""
    provider = PROVIDERS[0]
    with pytest.raises(CheckFailed):
        establish(STATIC, bytes(8), a_response(provider, cryptogram=bytes(8)), ALL, provider)
    with pytest.raises(LocalError):
        establish(STATIC, bytes(16), a_response(provider), ALL, provider)
    apdu, _ = establish(STATIC, bytes(8), a_response(provider), ALL, provider)
    other = DomainKeys(STATIC.mac, STATIC.enc, STATIC.dek)
    for keys, challenge, command in (
        (other, bytes(8), apdu),
        (STATIC, bytes(7) + b"\x01", apdu),
        (STATIC, bytes(8), replace(apdu, data=apdu.data[:-1])),
    ):
        with pytest.raises(CheckFailed):
            accept(keys, challenge, a_response(provider), command, provider)
    for command in (replace(apdu, ins=0x50), replace(apdu, cla=0x80), replace(apdu, p1=0x30)):
        with pytest.raises(BadValue):
            accept(STATIC, bytes(8), a_response(provider), command, provider)


@pytest.mark.parametrize("parameter", [0x00, 0x01, 0x10, 0x70, 0x71])
def test_an_answer_of_the_wrong_shape_is_refused(parameter: int) -> None:
    """With and without a sequence counter, S8 and S16: cut anywhere, too long, another protocol."""
    response = a_response(PROVIDERS[0], parameter)
    octets = response.encode()
    assert InitializeUpdateResponse.decode(octets) == response
    for length in range(len(octets)):
        with pytest.raises(Truncated):
            InitializeUpdateResponse.decode(octets[:length])
    with pytest.raises(TrailingOctets):
        InitializeUpdateResponse.decode(octets + b"\x00")
    with pytest.raises(BadValue):
        InitializeUpdateResponse.decode(octets[:11] + b"\x02" + octets[12:])


def test_what_the_protocol_cannot_carry_is_our_fault() -> None:
    """A level without its MAC, an APDU already wrapped, one too long, fields of a wrong size."""
    host, _ = both_ends(ALL)
    for level, length in ((SecurityLevel.R_ENCRYPTION, 8), (ALL, 4)):
        with pytest.raises(LocalError):
            replace(host, level=level, mac_length=length)
    for apdu in (CommandApdu(0x84, 0, 0, 0), CommandApdu(0, 0, 0, 0, bytes(240)), CommandApdu(0x60, 0, 0, 0)):
        with pytest.raises(LocalError):
            host.wrap(apdu, PROVIDERS[0])
    changes: list[dict[str, Any]] = [{"challenge": b""}, {"sequence": None}, {"sequence": 1 << 24}, {"key_version": -1}]
    for change in changes:
        with pytest.raises(LocalError):
            a_response(PROVIDERS[0], **change).encode()
    with pytest.raises(LocalError):
        pseudo_random_challenge(STATIC.enc, -1, ISD_R, PROVIDERS[0])
    with pytest.raises(LocalError):
        pseudo_random_challenge(STATIC.enc, 0, ISD_R, PROVIDERS[0], length=9)
