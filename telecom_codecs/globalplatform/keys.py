"""Keys of a security domain: which ones a card has, and new ones — GlobalPlatform §11.3.3.1, §11.8, Amd D §7.2.

New keys travel encrypted under the key-encryption key (KIK, DEK) with a check value each, so that a
wrong DEK is noticed before an unusable key set replaces a good one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from hmac import compare_digest
from typing import Final, Self

from ..card.apdu import CommandApdu
from ..crypto.secret_key import BlockCipher, CryptoProvider, SecretKey
from ..errors import BadValue, CheckFailed, LimitExceeded, LocalError
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber_all

PUT_KEY_INS: Final = 0xD8
_INFORMATION, _TEMPLATE, _EXTENDED = 0xC0, 0xE0, 0xFF
_CLAUSE: Final = "GlobalPlatform §11.3.3.1"
_PUT_CLAUSE: Final = "GlobalPlatform §11.8.2.3"
_KEYS_AT_MOST: Final = 16


class KeyType(IntEnum):
    """§11.1.8, table 11-16."""

    DES = 0x80
    TLS_PSK = 0x85
    AES = 0x88
    HMAC_SHA1 = 0x90
    RSA_EXPONENT = 0xA0
    RSA_MODULUS = 0xA1


@dataclass(frozen=True, slots=True)
class KeyComponent:
    """Type (see :class:`KeyType`) and length in octets of a key or of a part of it."""

    type: int
    length: int


@dataclass(frozen=True, slots=True)
class KeyInformation:
    """Object C0: one key of the card. `usage` and `access` are given in the extended form only, else None."""

    key_id: int
    key_version: int
    components: tuple[KeyComponent, ...]
    usage: bytes | None = None
    access: bytes | None = None

    def encode(self) -> bytes:
        if not (0 <= self.key_id <= 0xFF and 0 <= self.key_version <= 0xFF):
            raise LocalError("key identifier and version are one octet each", clause=_CLAUSE)
        octets = bytearray((self.key_id, self.key_version))
        extended = self.usage is not None and self.access is not None
        width = 2 if extended else 1
        if extended:
            octets.append(_EXTENDED)
        for component in self.components:
            lowest, highest = (0x80, 0xFF) if extended else (0x00, 0xFE)  # FF says "extended", and ends are below 80
            if not (lowest <= component.type <= highest and 0 <= component.length < 1 << 8 * width):
                raise LocalError(f"key component {component} does not fit", clause=_CLAUSE)
            octets.append(component.type)
            octets += component.length.to_bytes(width, "big")
        if self.usage is not None and self.access is not None:
            octets += bytes((len(self.usage),)) + self.usage + bytes((len(self.access),)) + self.access
        return BerTlv(_INFORMATION, bytes(octets)).encode()

    @classmethod
    def decode_all(cls, octets: bytes) -> tuple[Self, ...]:
        """From one or more objects C0, or from template E0 around them (GET DATA 00E0)."""
        objects = decode_ber_all(octets)
        if len(objects) == 1 and objects[0].tag == _TEMPLATE:
            objects = objects[0].children()
        return tuple(cls._of(item) for item in objects)

    @classmethod
    def _of(cls, item: BerTlv) -> Self:
        if item.tag != _INFORMATION:
            raise BadValue(f"object {item.tag:02X} is no key information", clause=_CLAUSE)
        cursor = Cursor(item.value)
        key_id, version = cursor.u8("key identifier"), cursor.u8("key version")
        extended = cursor.peek("key type") == _EXTENDED
        if extended:
            cursor.u8()
        components = []
        while cursor.remaining and not (extended and cursor.peek() < 0x80):
            components.append(KeyComponent(cursor.u8("key type"), cursor.integer(2 if extended else 1, "key length")))
        usage = access = None
        if extended:
            usage = cursor.take(cursor.u8("key usage length"), "key usage")
            access = cursor.take(cursor.u8("key access length"), "key access")
            cursor.expect_end("key information")
        if not components or (not extended and any(part.type == _EXTENDED for part in components)):
            raise BadValue("key information without a key", clause=_CLAUSE)
        return cls(key_id, version, tuple(components), usage, access)


def encode_key_template(keys: Sequence[KeyInformation]) -> bytes:
    """Template E0 around the keys: the answer to GET DATA 00E0."""
    return BerTlv(_TEMPLATE, b"".join(key.encode() for key in keys)).encode()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to put: DES (also 2- and 3-key 3DES) or AES."""

    type: KeyType
    key: SecretKey

    @property
    def cipher(self) -> BlockCipher:
        return _cipher_of(self.type, self.key.length)


@dataclass(frozen=True, slots=True)
class PutKey:
    """Keys `first_key_id`, +1, … of version `key_version`; `replaced` is the version to give up, 0 for none."""

    keys: tuple[NewKey, ...]
    key_version: int
    replaced: int = 0
    first_key_id: int = 1

    def apdu(
        self,
        key_encryption: SecretKey,
        provider: CryptoProvider,
        *,
        wrapping: BlockCipher = BlockCipher.AES,
        le: int | None = None,
    ) -> CommandApdu:
        """Encrypted under `key_encryption`: 3DES in ECB, AES in CBC with IV zero."""
        if not (1 <= self.key_version <= 0x7F and 0 <= self.replaced <= 0x7F and 0 <= self.first_key_id <= 0x7F):
            raise LocalError("key versions and identifiers are below 128", clause=_PUT_CLAUSE)
        fields = b"".join(_key_field(new, key_encryption, wrapping, provider) for new in self.keys)
        if not self.keys or len(fields) > 254:
            raise LocalError("PUT KEY carries one to as many keys as fit one APDU", clause=_PUT_CLAUSE)
        multiple = 0x80 if len(self.keys) > 1 else 0
        data = bytes((self.key_version,)) + fields
        return CommandApdu(0x80, PUT_KEY_INS, self.replaced, multiple | self.first_key_id, data, le)

    @classmethod
    def open(
        cls,
        apdu: CommandApdu,
        key_encryption: SecretKey,
        provider: CryptoProvider,
        *,
        wrapping: BlockCipher = BlockCipher.AES,
    ) -> Self:
        """The card's side: decrypt and compare the check values; `CheckFailed` if one is wrong."""
        if apdu.ins != PUT_KEY_INS or apdu.p1 > 0x7F or len(apdu.data) > 255:
            raise BadValue(f"INS {apdu.ins:02X} P1 {apdu.p1:02X} is no single PUT KEY", clause=_PUT_CLAUSE)
        cursor = Cursor(apdu.data)
        version = cursor.u8("key version")
        keys: list[NewKey] = []
        while cursor.remaining:
            if len(keys) >= _KEYS_AT_MOST:
                raise LimitExceeded("too many keys", offset=cursor.offset, clause=_PUT_CLAUSE)
            keys.append(_take_key(cursor, key_encryption, wrapping, provider))
        if not 1 <= version <= 0x7F or not keys or (len(keys) > 1) != bool(apdu.p2 & 0x80):
            raise BadValue("key version or number of keys contradicts the header", clause=_PUT_CLAUSE)
        return cls(tuple(keys), version, apdu.p1, apdu.p2 & 0x7F)

    def confirmation(self, provider: CryptoProvider) -> bytes:
        """What the card answers: key version and check values — §11.8.3.1."""
        return bytes((self.key_version,)) + b"".join(new.key.kcv(provider, new.cipher) for new in self.keys)


def wrap_key(key: SecretKey, key_encryption: SecretKey, wrapping: BlockCipher, provider: CryptoProvider) -> bytes:
    """The key encrypted, zero-padded to whole blocks: 3DES in ECB, AES in CBC with IV zero."""
    octets = key.octets()
    padded = octets + bytes(-len(octets) % wrapping.block)
    mode: Final = "cbc" if wrapping is BlockCipher.AES else "ecb"
    return provider.encrypt(wrapping, mode, key_encryption, bytes(wrapping.block), padded)


def _cipher_of(key_type: int, length: int) -> BlockCipher:
    if key_type == KeyType.AES and length in BlockCipher.AES.key_lengths:
        return BlockCipher.AES
    if key_type == KeyType.DES and length in (8, 16, 24):
        return BlockCipher.DES if length == 8 else BlockCipher.DES3
    raise LocalError(f"no {length}-octet key of type {key_type:02X}", clause=_PUT_CLAUSE)


def _key_field(new: NewKey, key_encryption: SecretKey, wrapping: BlockCipher, provider: CryptoProvider) -> bytes:
    wrapped = wrap_key(new.key, key_encryption, wrapping, provider)
    if new.type == KeyType.AES:
        wrapped = bytes((new.key.length,)) + wrapped
    kcv = new.key.kcv(provider, new.cipher)
    return bytes((new.type, len(wrapped))) + wrapped + bytes((len(kcv),)) + kcv


def _take_key(cursor: Cursor, key_encryption: SecretKey, wrapping: BlockCipher, provider: CryptoProvider) -> NewKey:
    offset = cursor.offset
    key_type = cursor.u8("key type")
    field = cursor.sub(cursor.u8("key length"), "key")
    length = field.u8("length of the AES key") if key_type == KeyType.AES else field.remaining
    wrapped = field.rest()
    kcv = cursor.take(cursor.u8("check value length"), "check value")
    fits = length <= len(wrapped) < length + wrapping.block and not len(wrapped) % wrapping.block
    if key_type not in (KeyType.DES, KeyType.AES) or not fits or length not in (8, 16, 24, 32):
        raise BadValue(f"key of type {key_type:02X} and {length} octets", offset=offset, clause=_PUT_CLAUSE)
    if (key_type == KeyType.AES and length == 8) or (key_type == KeyType.DES and length == 32):
        raise BadValue(f"key of type {key_type:02X} and {length} octets", offset=offset, clause=_PUT_CLAUSE)
    mode: Final = "cbc" if wrapping is BlockCipher.AES else "ecb"
    octets = provider.decrypt(wrapping, mode, key_encryption, bytes(wrapping.block), wrapped)
    new = NewKey(KeyType(key_type), SecretKey(octets[:length]))
    if not compare_digest(kcv, new.key.kcv(provider, new.cipher)):
        raise CheckFailed("the key check value is wrong", offset=offset, clause=_PUT_CLAUSE)
    return new
