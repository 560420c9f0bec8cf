"""Secure Channel Protocol 03: AES sessions with a security domain — GlobalPlatform Amendment D.

S8 and S16 mode (8 or 16 octets of challenge, cryptogram and MAC), random or pseudo-random card challenge, commands and
responses with MAC and ciphering. Each APDU gives the channel's next state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final, Self

from ..card.apdu import CommandApdu, ResponseApdu
from ..card.identities import Aid
from ..crypto.key_derivation import DomainKeys
from ..crypto.secret_key import BlockCipher, CryptoProvider, SecretKey
from ..errors import BadValue, CheckFailed, LocalError
from ..octets import Cursor
from .secure_messaging import (
    EXTERNAL_AUTHENTICATE_INS,
    REFUSED,
    SECURE_CLA,
    SecurityLevel,
    SessionKeys,
    checked_header,
    padded,
    plain_cla,
    secure_cla,
    split_mac,
    unpadded,
)

__all__ = [
    "InitializeUpdateResponse",
    "Scp03Channel",
    "SecurityLevel",
    "SessionKeys",
    "accept",
    "card_cryptogram",
    "derive_session",
    "establish",
    "host_cryptogram",
    "pseudo_random_challenge",
]

CLAUSE: Final = "GlobalPlatform Amd D §6.2"
_RESPONSE_CLAUSE: Final = "GlobalPlatform Amd D §7.1.1.6"
_CARD_CRYPTOGRAM, _HOST_CRYPTOGRAM, _CARD_CHALLENGE = 0x00, 0x01, 0x02  # derivation constants, Amd D §4.1.5
_S_ENC, _S_MAC, _S_RMAC = 0x04, 0x06, 0x07
_BLOCK: Final = 16
_ZERO: Final = bytes(_BLOCK)
_C_BOTH: Final = SecurityLevel.C_MAC | SecurityLevel.C_DECRYPTION
_LEVELS: Final = frozenset(
    {
        SecurityLevel.NONE,
        SecurityLevel.C_MAC,
        _C_BOTH,
        SecurityLevel.C_MAC | SecurityLevel.R_MAC,
        _C_BOTH | SecurityLevel.R_MAC,
        _C_BOTH | SecurityLevel.R_MAC | SecurityLevel.R_ENCRYPTION,
    }
)
_S16: Final = 0x01  # bits of the parameter i, Amd D §5.1
_PSEUDO_RANDOM: Final = 0x10


@dataclass(frozen=True, slots=True)
class InitializeUpdateResponse:
    """What the card answers to INITIALIZE UPDATE — Amd D §7.1.1.6."""

    diversification: bytes  #: key diversification data, 10 octets
    key_version: int
    parameter: int  #: i: which options the card has
    challenge: bytes  #: of the card, 8 or 16 octets
    cryptogram: bytes  #: of the card, 8 or 16 octets
    sequence: int | None = None  #: three octets, with a pseudo-random challenge only

    @property
    def mac_length(self) -> int:
        """Octets of challenge, cryptogram and MAC: 8, or 16 in S16 mode."""
        return 16 if self.parameter & _S16 else 8

    def encode(self) -> bytes:
        lengths = len(self.diversification), len(self.challenge), len(self.cryptogram)
        if (
            lengths != (10, self.mac_length, self.mac_length)
            or not (0 <= self.key_version <= 0xFF and 0 <= self.parameter <= 0xFF)
            or (self.sequence is not None) != bool(self.parameter & _PSEUDO_RANDOM)
            or not 0 <= (self.sequence or 0) <= 0xFFFFFF
        ):
            raise LocalError("a field does not fit the answer to INITIALIZE UPDATE", clause=_RESPONSE_CLAUSE)
        head = self.diversification + bytes((self.key_version, 0x03, self.parameter))
        sequence = b"" if self.sequence is None else self.sequence.to_bytes(3, "big")
        return head + self.challenge + self.cryptogram + sequence

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        diversification, version = cursor.take(10, "diversification data"), cursor.u8("key version")
        if (protocol := cursor.u8("protocol")) != 0x03:
            raise BadValue(f"secure channel protocol {protocol:02X} is not 03", offset=11, clause=_RESPONSE_CLAUSE)
        parameter = cursor.u8("parameter i")
        length = 16 if parameter & _S16 else 8
        challenge, cryptogram = cursor.take(length, "card challenge"), cursor.take(length, "card cryptogram")
        sequence = cursor.u24("sequence counter") if parameter & _PSEUDO_RANDOM else None
        cursor.expect_end("INITIALIZE UPDATE response")
        return cls(diversification, version, parameter, challenge, cryptogram, sequence)


def _derive(key: SecretKey, constant: int, context: bytes, octets: int, provider: CryptoProvider) -> bytes:
    """SP 800-108 counter mode with CMAC: eleven zeros, constant, 00, bits, counter, context — Amd D §4.1.5."""
    fixed = bytes(11) + bytes((constant, 0)) + (octets * 8).to_bytes(2, "big")
    blocks = (provider.cmac(key, fixed + bytes((i,)) + context) for i in range(1, -(-octets // _BLOCK) + 1))
    return b"".join(blocks)[:octets]


def derive_session(static: DomainKeys, host: bytes, card: bytes, provider: CryptoProvider) -> SessionKeys:
    """The session keys from both challenges, each as long as the static keys — Amd D §6.2.1."""

    def derived(key: SecretKey, constant: int) -> SecretKey:
        return SecretKey(_derive(key, constant, host + card, key.length, provider))

    return SessionKeys(
        derived(static.enc, _S_ENC), derived(static.mac, _S_MAC), derived(static.mac, _S_RMAC), static.dek
    )


def card_cryptogram(keys: SessionKeys, host: bytes, card: bytes, provider: CryptoProvider) -> bytes:
    """What proves the card to the host, as long as its challenge — Amd D §6.2.2.2."""
    return _derive(keys.mac, _CARD_CRYPTOGRAM, host + card, len(card), provider)


def host_cryptogram(keys: SessionKeys, host: bytes, card: bytes, provider: CryptoProvider) -> bytes:
    """What proves the host to the card, as long as its challenge — Amd D §6.2.2.3."""
    return _derive(keys.mac, _HOST_CRYPTOGRAM, host + card, len(card), provider)


def pseudo_random_challenge(
    enc: SecretKey, sequence: int, aid: Aid, provider: CryptoProvider, *, length: int = 8
) -> bytes:
    """The challenge of a card that counts its sessions; `aid` is that of the security domain — Amd D §6.2.2.1."""
    if not 0 <= sequence <= 0xFFFFFF or length not in (8, 16):
        raise LocalError("the sequence counter has three octets, the challenge 8 or 16", clause="Amd D §6.2.2.1")
    return _derive(enc, _CARD_CHALLENGE, sequence.to_bytes(3, "big") + aid.octets, length, provider)


@dataclass(frozen=True, slots=True)
class Scp03Channel:
    """A session after EXTERNAL AUTHENTICATE. Each APDU gives the next state; a failed one ends the session."""

    keys: SessionKeys
    level: SecurityLevel
    mac_length: int = 8
    chaining: bytes = _ZERO  #: the whole C-MAC of the last command — Amd D §6.2.3
    counter: int = 0  #: commands since EXTERNAL AUTHENTICATE: the ICV of ciphering — Amd D §6.2.6

    def __post_init__(self) -> None:
        if self.level not in _LEVELS or self.mac_length not in (8, 16):
            raise LocalError(
                f"security level {int(self.level):02X} with MACs of {self.mac_length}", clause="Amd D §7.1.2.1"
            )

    def wrap(self, apdu: CommandApdu, provider: CryptoProvider) -> tuple[CommandApdu, Self]:
        """The command as it goes to the card."""
        if not self.level & SecurityLevel.C_MAC:
            return apdu, self
        cla = secure_cla(apdu.cla)
        counter, data = self.counter + 1, apdu.data
        if data and self.level & SecurityLevel.C_DECRYPTION:
            icv = self._icv(counter, provider)
            data = provider.encrypt(BlockCipher.AES, "cbc", self.keys.enc, icv, padded(data, _BLOCK))
        mac = self._mac(apdu, data, provider)
        wrapped = replace(apdu, cla=cla, data=data + mac[: self.mac_length])
        return wrapped, replace(self, chaining=mac, counter=counter)

    def unwrap(self, apdu: CommandApdu, provider: CryptoProvider) -> tuple[CommandApdu, Self]:
        """The command as it was meant (the card's side); CheckFailed ends the session."""
        if not self.level & SecurityLevel.C_MAC:
            return apdu, self
        cla = plain_cla(apdu.cla)
        data, received = split_mac(apdu.data, self.mac_length)
        if len(apdu.data) > 0xFF:
            raise CheckFailed(REFUSED)
        mac = self._mac(apdu, data, provider)
        if not compare_digest(mac[: self.mac_length], received):
            raise CheckFailed(REFUSED)
        counter = self.counter + 1
        if data and self.level & SecurityLevel.C_DECRYPTION:
            data = self._deciphered(data, counter, provider)
        return replace(apdu, cla=cla, data=data), replace(self, chaining=mac, counter=counter)

    def seal_response(self, response: ResponseApdu, provider: CryptoProvider) -> ResponseApdu:
        """The answer to the last command as the card sends it — Amd D §6.2.5, §6.2.7."""
        if not self.level & SecurityLevel.R_MAC:
            return response
        if not _is_protected(response.sw):
            if response.data:
                raise LocalError(f"an answer with SW {response.sw:04X} carries no data", clause="Amd D §6.2.5")
            return response
        data = response.data
        if data and self.level & SecurityLevel.R_ENCRYPTION:
            icv = self._icv(self.counter | 0x80 << 120, provider)
            data = provider.encrypt(BlockCipher.AES, "cbc", self.keys.enc, icv, padded(data, _BLOCK))
        return replace(response, data=data + self._response_mac(data, response.sw, provider))

    def open_response(self, response: ResponseApdu, provider: CryptoProvider) -> ResponseApdu:
        """The answer to the last command as it was meant; CheckFailed ends the session.

        An error without data carries no MAC: it proves nothing but that the command was not executed by a friend.
        """
        if not self.level & SecurityLevel.R_MAC:
            return response
        if not _is_protected(response.sw):
            if response.data:
                raise CheckFailed(REFUSED)
            return response
        data, received = split_mac(response.data, self.mac_length)
        if not compare_digest(self._response_mac(data, response.sw, provider), received):
            raise CheckFailed(REFUSED)
        if data and self.level & SecurityLevel.R_ENCRYPTION:
            data = self._deciphered(data, self.counter | 0x80 << 120, provider)
        return replace(response, data=data)

    def _mac(self, apdu: CommandApdu, data: bytes, provider: CryptoProvider) -> bytes:
        header = checked_header(apdu, len(data) + self.mac_length)
        return provider.cmac(self.keys.mac, self.chaining + header + data)

    def _response_mac(self, data: bytes, sw: int, provider: CryptoProvider) -> bytes:
        covered = self.chaining + data + sw.to_bytes(2, "big")
        return provider.cmac(self.keys.rmac, covered)[: self.mac_length]

    def _icv(self, counter: int, provider: CryptoProvider) -> bytes:
        return provider.encrypt(BlockCipher.AES, "ecb", self.keys.enc, b"", counter.to_bytes(_BLOCK, "big"))

    def _deciphered(self, data: bytes, counter: int, provider: CryptoProvider) -> bytes:
        if len(data) % _BLOCK:
            raise CheckFailed(REFUSED)
        icv = self._icv(counter, provider)
        return unpadded(provider.decrypt(BlockCipher.AES, "cbc", self.keys.enc, icv, data), _BLOCK)


def _is_protected(sw: int) -> bool:
    """Whether an answer with this status word carries a MAC: success and warnings — Amd D §6.2.5."""
    return sw == 0x9000 or sw >> 8 in (0x62, 0x63)


def establish(
    static: DomainKeys,
    host_challenge: bytes,
    response: InitializeUpdateResponse,
    level: SecurityLevel,
    provider: CryptoProvider,
) -> tuple[CommandApdu, Scp03Channel]:
    """The host's side: check the card's cryptogram, give EXTERNAL AUTHENTICATE and the channel behind it.

    Raises CheckFailed if the card does not hold these keys.
    """
    if len(host_challenge) != response.mac_length:
        raise LocalError(f"a host challenge of {len(host_challenge)} octets", clause="Amd D §7.1.1.5")
    keys = derive_session(static, host_challenge, response.challenge, provider)
    expected = card_cryptogram(keys, host_challenge, response.challenge, provider)
    if not compare_digest(expected, response.cryptogram):
        raise CheckFailed("the card does not prove these keys: other key version or diversification", clause=CLAUSE)
    proof = host_cryptogram(keys, host_challenge, response.challenge, provider)
    opening = Scp03Channel(keys, SecurityLevel.C_MAC, response.mac_length)
    apdu, opened = opening.wrap(CommandApdu(0x80, EXTERNAL_AUTHENTICATE_INS, level, 0, proof), provider)
    return apdu, replace(opened, level=level, counter=0)


def accept(
    static: DomainKeys,
    host_challenge: bytes,
    response: InitializeUpdateResponse,
    authenticate: CommandApdu,
    provider: CryptoProvider,
) -> Scp03Channel:
    """The card's side: check EXTERNAL AUTHENTICATE; CheckFailed if the host does not hold these keys."""
    if (authenticate.cla, authenticate.ins) != (SECURE_CLA, EXTERNAL_AUTHENTICATE_INS):
        raise BadValue("not EXTERNAL AUTHENTICATE", offset=0, clause="Amd D §7.1.2")
    if authenticate.p1 not in _LEVELS:
        raise BadValue(f"security level {authenticate.p1:02X}", offset=2, clause="Amd D §7.1.2.1")
    keys = derive_session(static, host_challenge, response.challenge, provider)
    opening = Scp03Channel(keys, SecurityLevel.C_MAC, response.mac_length)
    plain, opened = opening.unwrap(authenticate, provider)
    expected = host_cryptogram(keys, host_challenge, response.challenge, provider)
    if not compare_digest(plain.data, expected):
        raise CheckFailed("the host does not prove these keys", clause=CLAUSE)
    return replace(opened, level=SecurityLevel(authenticate.p1), counter=0)
