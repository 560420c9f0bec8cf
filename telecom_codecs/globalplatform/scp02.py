"""Secure Channel Protocol 02: 3DES sessions with a security domain — GlobalPlatform §E, options 15 and 55.

Explicit initiation, C-MAC over the modified APDU, ICV zero at first and ciphered after, three keys. MAC and ciphering
of commands; response MACs (R-MAC) are not offered. Nobody should open SCP02 over the air today: it is here for cards
that know nothing newer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final, Self

from ..card.apdu import CommandApdu
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
    "Scp02Channel",
    "SecurityLevel",
    "SessionKeys",
    "accept",
    "card_cryptogram",
    "derive_session",
    "establish",
    "host_cryptogram",
]

CLAUSE: Final = "GlobalPlatform §E.4"
_RESPONSE_CLAUSE: Final = "GlobalPlatform §E.5.1.3"
_LEVELS: Final = frozenset({SecurityLevel.NONE, SecurityLevel.C_MAC, SecurityLevel.C_MAC | SecurityLevel.C_DECRYPTION})
_ENC, _MAC, _RMAC, _DEK = 0x0182, 0x0101, 0x0102, 0x0181  # derivation constants, §E.4.1
_BLOCK: Final = 8
_ZERO: Final = bytes(_BLOCK)


@dataclass(frozen=True, slots=True)
class InitializeUpdateResponse:
    """What the card answers to INITIALIZE UPDATE, 28 octets — §E.5.1.3."""

    diversification: bytes  #: key diversification data, 10 octets
    key_version: int
    sequence: int  #: session counter of the card, two octets
    challenge: bytes  #: of the card, 6 octets
    cryptogram: bytes  #: of the card, 8 octets

    def encode(self) -> bytes:
        lengths = len(self.diversification), len(self.challenge), len(self.cryptogram)
        if lengths != (10, 6, 8) or not 0 <= self.key_version <= 0xFF or not 0 <= self.sequence <= 0xFFFF:
            raise LocalError("a field does not fit the answer to INITIALIZE UPDATE", clause=_RESPONSE_CLAUSE)
        head = self.diversification + bytes((self.key_version, 0x02))
        return head + self.sequence.to_bytes(2, "big") + self.challenge + self.cryptogram

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        diversification, version = cursor.take(10, "diversification data"), cursor.u8("key version")
        if (protocol := cursor.u8("protocol")) != 0x02:
            raise BadValue(f"secure channel protocol {protocol:02X} is not 02", offset=11, clause=_RESPONSE_CLAUSE)
        sequence = cursor.u16("sequence counter")
        challenge, cryptogram = cursor.take(6, "card challenge"), cursor.take(8, "card cryptogram")
        cursor.expect_end("INITIALIZE UPDATE response")
        return cls(diversification, version, sequence, challenge, cryptogram)


def derive_session(static: DomainKeys, sequence: int, provider: CryptoProvider) -> SessionKeys:
    """The keys of the session with this sequence counter: 3DES-CBC over constant | counter | zeros — §E.4.1."""
    if not 0 <= sequence <= 0xFFFF:
        raise LocalError(f"sequence counter {sequence}: two octets", clause="GlobalPlatform §E.4.1")

    def derived(key: SecretKey, constant: int) -> SecretKey:
        block = (constant << 16 | sequence).to_bytes(4, "big") + bytes(12)
        return SecretKey(provider.encrypt(BlockCipher.DES3, "cbc", key, _ZERO, block))

    return SessionKeys(
        derived(static.enc, _ENC), derived(static.mac, _MAC), derived(static.mac, _RMAC), derived(static.dek, _DEK)
    )


def card_cryptogram(keys: SessionKeys, host: bytes, sequence: int, card: bytes, provider: CryptoProvider) -> bytes:
    """What proves the card to the host — §E.4.2.1. `host` and `card` are the challenges."""
    return provider.cbc_mac(BlockCipher.DES3, keys.enc, padded(host + sequence.to_bytes(2, "big") + card, _BLOCK))


def host_cryptogram(keys: SessionKeys, host: bytes, sequence: int, card: bytes, provider: CryptoProvider) -> bytes:
    """What proves the host to the card — §E.4.2.2. `host` and `card` are the challenges."""
    return provider.cbc_mac(BlockCipher.DES3, keys.enc, padded(sequence.to_bytes(2, "big") + card + host, _BLOCK))


@dataclass(frozen=True, slots=True)
class Scp02Channel:
    """A session after EXTERNAL AUTHENTICATE. Each APDU gives the next state; a failed one ends the session."""

    keys: SessionKeys
    level: SecurityLevel
    chaining: bytes = _ZERO  #: C-MAC of the last command, the seed of the next ICV

    def __post_init__(self) -> None:
        if self.level not in _LEVELS:
            raise LocalError(f"security level {int(self.level):02X} is not offered", clause="GlobalPlatform §E.5.2.3")

    def wrap(self, apdu: CommandApdu, provider: CryptoProvider) -> tuple[CommandApdu, Self]:
        """The command as it goes to the card."""
        if not self.level & SecurityLevel.C_MAC:
            return apdu, self
        cla = secure_cla(apdu.cla)
        mac = self._mac(apdu, provider)
        data = apdu.data
        if data and self.level & SecurityLevel.C_DECRYPTION:
            data = provider.encrypt(BlockCipher.DES3, "cbc", self.keys.enc, _ZERO, padded(data, _BLOCK))
        checked_header(apdu, len(data) + len(mac))
        return replace(apdu, cla=cla, data=data + mac), replace(self, chaining=mac)

    def unwrap(self, apdu: CommandApdu, provider: CryptoProvider) -> tuple[CommandApdu, Self]:
        """The command as it was meant (the card's side); CheckFailed ends the session."""
        if not self.level & SecurityLevel.C_MAC:
            return apdu, self
        cla = plain_cla(apdu.cla)
        data, mac = split_mac(apdu.data, _BLOCK)
        if data and self.level & SecurityLevel.C_DECRYPTION:
            if len(data) % _BLOCK:
                raise CheckFailed(REFUSED)
            data = unpadded(provider.decrypt(BlockCipher.DES3, "cbc", self.keys.enc, _ZERO, data), _BLOCK)
        if len(data) > 0xFF - _BLOCK:
            raise CheckFailed(REFUSED)
        plain = replace(apdu, cla=cla, data=data)
        if not compare_digest(self._mac(plain, provider), mac):
            raise CheckFailed(REFUSED)
        return plain, replace(self, chaining=mac)

    def _mac(self, apdu: CommandApdu, provider: CryptoProvider) -> bytes:
        """Single DES CBC, the last block 3DES — ISO 9797-1 algorithm 3, §E.4.4; the ICV by §E.3.4."""
        text = padded(checked_header(apdu, len(apdu.data) + _BLOCK) + apdu.data, _BLOCK)
        half = SecretKey(self.keys.mac.octets()[:_BLOCK])
        state = self.chaining
        if state != _ZERO:
            state = provider.encrypt(BlockCipher.DES, "ecb", half, b"", state)
        if len(text) > _BLOCK:
            state = provider.encrypt(BlockCipher.DES, "cbc", half, state, text[:-_BLOCK])[-_BLOCK:]
        return provider.encrypt(BlockCipher.DES3, "cbc", self.keys.mac, state, text[-_BLOCK:])


def establish(
    static: DomainKeys,
    host_challenge: bytes,
    response: InitializeUpdateResponse,
    level: SecurityLevel,
    provider: CryptoProvider,
) -> tuple[CommandApdu, Scp02Channel]:
    """The host's side: check the card's cryptogram, give EXTERNAL AUTHENTICATE and the channel behind it.

    Raises CheckFailed if the card does not hold these keys.
    """
    keys = derive_session(static, response.sequence, provider)
    challenges = host_challenge, response.sequence, response.challenge
    if not compare_digest(card_cryptogram(keys, *challenges, provider), response.cryptogram):
        raise CheckFailed("the card does not prove these keys: other key version or diversification", clause=CLAUSE)
    apdu = CommandApdu(0x80, EXTERNAL_AUTHENTICATE_INS, level, 0, host_cryptogram(keys, *challenges, provider))
    wrapped, opening = Scp02Channel(keys, SecurityLevel.C_MAC).wrap(apdu, provider)
    return wrapped, Scp02Channel(keys, level, opening.chaining)


def accept(
    static: DomainKeys,
    host_challenge: bytes,
    response: InitializeUpdateResponse,
    authenticate: CommandApdu,
    provider: CryptoProvider,
) -> Scp02Channel:
    """The card's side: check EXTERNAL AUTHENTICATE; CheckFailed if the host does not hold these keys."""
    if (authenticate.cla, authenticate.ins) != (SECURE_CLA, EXTERNAL_AUTHENTICATE_INS):
        raise BadValue("not EXTERNAL AUTHENTICATE", offset=0, clause="GlobalPlatform §E.5.2")
    if authenticate.p1 not in _LEVELS:
        raise BadValue(f"security level {authenticate.p1:02X}", offset=2, clause="GlobalPlatform §E.5.2.3")
    keys = derive_session(static, response.sequence, provider)
    plain, opening = Scp02Channel(keys, SecurityLevel.C_MAC).unwrap(authenticate, provider)
    expected = host_cryptogram(keys, host_challenge, response.sequence, response.challenge, provider)
    if not compare_digest(plain.data, expected):
        raise CheckFailed("the host does not prove these keys", clause=CLAUSE)
    return Scp02Channel(keys, SecurityLevel(authenticate.p1), opening.chaining)
