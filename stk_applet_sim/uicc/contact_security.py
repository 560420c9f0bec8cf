"""The card manager's secure channel by the contacts: SCP02 for 3DES key sets, SCP03 for AES — GlobalPlatform §10, D, E.

One key store serves SCP80 and these: set n is key version 2n to SCP02 and 3n to SCP03, the ranges that hosts expect,
and n to hosts that do not care; 00 is the first set. A session begins with a good EXTERNAL AUTHENTICATE and ends with
the first command whose MAC is wrong, with another INITIALIZE UPDATE, and with the selection of something else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.crypto.key_derivation import DomainKeys
from telecom_codecs.crypto.secret_key import BlockCipher, CryptoProvider, SecretKey
from telecom_codecs.errors import BadValue, CheckFailed
from telecom_codecs.globalplatform import scp02, scp03
from telecom_codecs.globalplatform.secure_messaging import (
    EXTERNAL_AUTHENTICATE_INS,
    INITIALIZE_UPDATE_INS,
    SecurityLevel,
)

from .key_store import KeyStore
from .memory import NonVolatile
from .profile import MO_KEY_SET, KeyEntry, KeyKind
from .status import (
    CONDITIONS_NOT_SATISFIED,
    DONE,
    REFERENCED_DATA_NOT_FOUND,
    SECURITY_NOT_SATISFIED,
    WRONG_LENGTH,
    WRONG_P1_P2,
    Refused,
    Reply,
)

HOST_CHALLENGE_OCTETS = 8
SCP02_CHALLENGE_OCTETS, SCP03_CHALLENGE_OCTETS = 6, 8
SCP03_PARAMETER = 0x60  #: i: random challenge, R-MAC and R-ENCRYPTION, Amd D §5.1
_RANGE_OF = {KeyKind.DES: 0x20, KeyKind.AES: 0x30}  #: key versions by protocol, GlobalPlatform UICC configuration
SEQUENCE_END = 0xFFFF  #: at this session counter a 3DES key set opens no more channels
SECURE_BIT = 0x04  #: of CLA: secure messaging, GlobalPlatform §11.1.4


@dataclass(frozen=True, slots=True)
class _Offered:
    """What INITIALIZE UPDATE began."""

    entry: KeyEntry
    host_challenge: bytes
    response: scp02.InitializeUpdateResponse | scp03.InitializeUpdateResponse


@dataclass(slots=True)
class ContactSecurity:
    """The secure channel of one selection of the card manager."""

    keys: KeyStore
    memory: NonVolatile
    provider: CryptoProvider
    random: Callable[[int], bytes]
    diversification: bytes  #: ten octets: the ICCID
    _offered: _Offered | None = field(default=None, repr=False)
    _entry: KeyEntry | None = field(default=None, repr=False)
    _channel: scp02.Scp02Channel | scp03.Scp03Channel | None = field(default=None, repr=False)

    @property
    def authentic(self) -> bool:
        """The host has proved the keys, and every command since carried a good MAC."""
        return self._channel is not None and bool(self._channel.level & SecurityLevel.C_MAC)

    @property
    def wrapping(self) -> tuple[SecretKey, BlockCipher]:
        """What ciphers keys in this session: SCP02's session DEK, SCP03's static one. Refused 6985 without one."""
        if self._channel is None or self._entry is None:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        return self._channel.keys.dek, BlockCipher.AES if self._entry.kind is KeyKind.AES else BlockCipher.DES3

    def begins(self, apdu: CommandApdu) -> Reply | None:
        """The answer to INITIALIZE UPDATE and EXTERNAL AUTHENTICATE; None for any other command."""
        if apdu.ins == INITIALIZE_UPDATE_INS and not apdu.cla & SECURE_BIT:
            return self._initialize_update(apdu)
        return self._external_authenticate(apdu) if apdu.ins == EXTERNAL_AUTHENTICATE_INS else None

    def open(self, apdu: CommandApdu) -> CommandApdu:
        """The command that was meant. Refused 6982 and the end of the session when its MAC is not good."""
        if self._channel is None:
            if apdu.cla & SECURE_BIT:
                raise Refused(SECURITY_NOT_SATISFIED)
            return apdu
        channel, self._channel = self._channel, None
        try:
            plain, self._channel = channel.unwrap(apdu, self.provider)
        except (CheckFailed, BadValue):
            raise Refused(SECURITY_NOT_SATISFIED) from None
        return plain

    def seal(self, reply: Reply) -> Reply:
        """The answer as it leaves the card."""
        if not isinstance(self._channel, scp03.Scp03Channel):
            return reply
        sealed = self._channel.seal_response(ResponseApdu(reply.response, reply.sw), self.provider)
        return Reply(sealed.data, sealed.sw)

    def _initialize_update(self, apdu: CommandApdu) -> Reply:
        self._offered = self._channel = self._entry = None
        if len(apdu.data) != HOST_CHALLENGE_OCTETS:
            raise Refused(WRONG_LENGTH)
        if apdu.p2:
            raise Refused(WRONG_P1_P2)
        entry = self._chosen(apdu.p1)
        version = apdu.p1 or entry.index
        of_kind = self._of_scp03 if entry.kind is KeyKind.AES else self._of_scp02
        response = of_kind(entry, version, apdu.data)
        self._offered = _Offered(entry, apdu.data, response)
        return Reply(response.encode())

    def _chosen(self, version: int) -> KeyEntry:
        entries = [
            entry for entry in self.keys.entries() if version in (0, entry.index, _RANGE_OF[entry.kind] | entry.index)
        ]
        if not entries or entries[0].index == MO_KEY_SET or entries[0].keys.key_encryption is None:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        entry = entries[0]
        if entry.kind is KeyKind.DES and (entry.keys.check.length != 16 or self._sequence(entry) >= SEQUENCE_END):
            raise Refused(CONDITIONS_NOT_SATISFIED)
        return entry

    def _of_scp02(self, entry: KeyEntry, version: int, host: bytes) -> scp02.InitializeUpdateResponse:
        sequence, card = self._sequence(entry), self.random(SCP02_CHALLENGE_OCTETS)
        session = scp02.derive_session(_domain_keys(entry), sequence, self.provider)
        cryptogram = scp02.card_cryptogram(session, host, sequence, card, self.provider)
        return scp02.InitializeUpdateResponse(self.diversification, version, sequence, card, cryptogram)

    def _of_scp03(self, entry: KeyEntry, version: int, host: bytes) -> scp03.InitializeUpdateResponse:
        card = self.random(SCP03_CHALLENGE_OCTETS)
        session = scp03.derive_session(_domain_keys(entry), host, card, self.provider)
        cryptogram = scp03.card_cryptogram(session, host, card, self.provider)
        return scp03.InitializeUpdateResponse(self.diversification, version, SCP03_PARAMETER, card, cryptogram)

    def _external_authenticate(self, apdu: CommandApdu) -> Reply:
        offered, self._offered = self._offered, None
        self._channel = self._entry = None
        if offered is None:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        try:
            self._channel = self._accepted(offered, apdu)
        except (CheckFailed, BadValue):
            raise Refused(SECURITY_NOT_SATISFIED) from None
        self._entry = offered.entry
        return DONE

    def _accepted(self, offered: _Offered, apdu: CommandApdu) -> scp02.Scp02Channel | scp03.Scp03Channel:
        keys, host, response = _domain_keys(offered.entry), offered.host_challenge, offered.response
        if isinstance(response, scp03.InitializeUpdateResponse):
            return scp03.accept(keys, host, response, apdu, self.provider)
        channel = scp02.accept(keys, host, response, apdu, self.provider)
        self.memory.write(_sequence_name(offered.entry), (response.sequence + 1).to_bytes(2, "big"))
        return channel

    def _sequence(self, entry: KeyEntry) -> int:
        return int.from_bytes(self.memory.read(_sequence_name(entry)), "big")


def _domain_keys(entry: KeyEntry) -> DomainKeys:
    """KIc, KID and KIK serve as ENC, MAC and DEK."""
    assert entry.keys.key_encryption is not None
    return DomainKeys(entry.keys.ciphering, entry.keys.check, entry.keys.key_encryption)


def _sequence_name(entry: KeyEntry) -> str:
    return f"key/{entry.index}/sequence"
