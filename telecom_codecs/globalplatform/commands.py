"""Card content management over the air, the commands of RAM — GlobalPlatform 2.3, ETSI TS 102 226 §8.

Functions that write one command each, and names of the values behind them. The formats live in
:mod:`.gp_install`, :mod:`.gp_registry`, :mod:`.gp_keys` and :mod:`.toolkit_parameters`; GET DATA and STORE
DATA are here. Commands are case 3 (no Le) unless `le` is given: the compact format has no room for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from ..card.apdu import CommandApdu
from ..card.identities import Aid
from ..crypto.secret_key import BlockCipher, CryptoProvider, SecretKey
from ..errors import BadValue, LocalError
from ..octets import Cursor
from ..ota.toolkit_parameters import (
    FileAccess,
    InstallParameters,
    MenuEntry,
    SimToolkitParameters,
    UiccToolkitParameters,
    minimum_security_level,
)
from ..tlv import BerTlv, decode_ber
from .install import (
    NO_PARAMETERS,
    Install,
    InstallForExtradition,
    InstallForInstall,
    InstallForLoad,
    InstallForMakeSelectable,
    InstallForPersonalisation,
    InstallForRegistryUpdate,
    decode_install,
    load_blocks,
)
from .keys import KeyComponent, KeyInformation, KeyType, NewKey, PutKey, encode_key_template, wrap_key
from .registry import (
    ApplicationLifeCycle,
    CardLifeCycle,
    Delete,
    DeleteKey,
    GetStatus,
    LoadFileLifeCycle,
    Privilege,
    RegistryEntry,
    RegistryReading,
    RegistryScope,
    SetStatus,
    decode_delete,
    registry_pages,
)

__all__ = [
    "ApplicationLifeCycle",
    "CardLifeCycle",
    "Delete",
    "DeleteKey",
    "Dgi",
    "ExtendedCardResources",
    "FileAccess",
    "GetStatus",
    "Install",
    "InstallForExtradition",
    "InstallForInstall",
    "InstallForLoad",
    "InstallForMakeSelectable",
    "InstallForPersonalisation",
    "InstallForRegistryUpdate",
    "InstallParameters",
    "KeyComponent",
    "KeyInformation",
    "KeyType",
    "LoadFileLifeCycle",
    "MenuEntry",
    "NewKey",
    "Privilege",
    "PutKey",
    "RegistryEntry",
    "RegistryReading",
    "RegistryScope",
    "SetStatus",
    "SimToolkitParameters",
    "StoreBlock",
    "StoreFormat",
    "UiccToolkitParameters",
    "decode_delete",
    "decode_install",
    "delete",
    "delete_key",
    "encode_key_template",
    "get_data",
    "get_status",
    "install_for_extradition",
    "install_for_install",
    "install_for_load",
    "install_for_make_selectable",
    "install_for_personalisation",
    "install_for_registry_update",
    "kcv",
    "key_information",
    "load_blocks",
    "minimum_security_level",
    "put_key",
    "registry_pages",
    "set_status",
    "store_data",
    "wrap_key",
]

GET_DATA_INS: Final = 0xCA
STORE_DATA_INS: Final = 0xE2
KEY_INFORMATION_TEMPLATE: Final = 0x00E0  #: GET DATA tag
EXTENDED_CARD_RESOURCES: Final = 0xFF21  #: GET DATA tag — TS 102 226 §8.2.1.7.2

_STORE_CLAUSE: Final = "GlobalPlatform §11.11"


def install_for_load(
    package: Aid,
    security_domain: Aid | None = None,
    *,
    digest: bytes = b"",
    parameters: InstallParameters | bytes = b"",
    token: bytes = b"",
    le: int | None = None,
) -> CommandApdu:
    """INSTALL [for load] — §11.5.2.3.1."""
    return InstallForLoad(package, security_domain, digest, _parameters(parameters), token).apdu(le)


def install_for_install(
    package: Aid,
    module: Aid,
    application: Aid,
    *,
    privileges: bytes = b"\x00",
    parameters: InstallParameters | bytes = NO_PARAMETERS,
    token: bytes = b"",
    make_selectable: bool = True,
    le: int | None = None,
) -> CommandApdu:
    """INSTALL [for install], by default [and make selectable] — §11.5.2.3.2."""
    octets = _parameters(parameters)
    return InstallForInstall(package, module, application, privileges, octets, token, make_selectable).apdu(le)


def install_for_make_selectable(
    application: Aid, *, privileges: bytes = b"\x00", token: bytes = b"", le: int | None = None
) -> CommandApdu:
    """INSTALL [for make selectable] — §11.5.2.3.3."""
    return InstallForMakeSelectable(application, privileges, token=token).apdu(le)


def install_for_extradition(
    security_domain: Aid, application: Aid, *, token: bytes = b"", le: int | None = None
) -> CommandApdu:
    """INSTALL [for extradition] — §11.5.2.3.4."""
    return InstallForExtradition(security_domain, application, token=token).apdu(le)


def install_for_personalisation(application: Aid, *, le: int | None = None) -> CommandApdu:
    """INSTALL [for personalisation] — §11.5.2.3.6."""
    return InstallForPersonalisation(application).apdu(le)


def install_for_registry_update(
    security_domain: Aid | None = None,
    application: Aid | None = None,
    *,
    privileges: bytes = b"",
    parameters: InstallParameters | bytes = b"",
    token: bytes = b"",
    le: int | None = None,
) -> CommandApdu:
    """INSTALL [for registry update] — §11.5.2.3.5."""
    octets = _parameters(parameters)
    return InstallForRegistryUpdate(security_domain, application, privileges, octets, token).apdu(le)


def delete(aid: Aid, *, related: bool = False, token: bytes = b"", le: int | None = None) -> CommandApdu:
    """DELETE of a load file or application — §11.2."""
    return Delete(aid, related, token).apdu(le)


def delete_key(key_version: int | None = None, key_id: int | None = None, *, le: int | None = None) -> CommandApdu:
    """DELETE of keys — §11.2.2.3.2."""
    return DeleteKey(key_version, key_id).apdu(le)


def get_status(
    scope: RegistryScope, *, aid: bytes = b"", tags: bytes = b"", next_page: bool = False, le: int | None = None
) -> CommandApdu:
    """GET STATUS in TLV form — §11.4; :class:`RegistryReading` asks for all pages."""
    return GetStatus(scope, aid, tags, next_page).apdu(le)


def set_status(scope: int, state: int, aid: Aid | None = None) -> CommandApdu:
    """SET STATUS — §11.10."""
    return SetStatus(scope, state, aid).apdu()


def get_data(tag: int, *, le: int = 256) -> CommandApdu:
    """GET DATA of a tag of one or two octets — §11.3."""
    if not 0 <= tag <= 0xFFFF:
        raise LocalError(f"tag {tag:X} does not fit P1 P2", clause="GlobalPlatform §11.3.2")
    return CommandApdu(0x80, GET_DATA_INS, tag >> 8, tag & 0xFF, le=le)


def put_key(
    keys: tuple[NewKey, ...],
    key_version: int,
    key_encryption: SecretKey,
    provider: CryptoProvider,
    *,
    replaced: int = 0,
    first_key_id: int = 1,
    wrapping: BlockCipher = BlockCipher.AES,
    le: int | None = None,
) -> CommandApdu:
    """PUT KEY — §11.8; :class:`PutKey` reads it on the card's side."""
    return PutKey(keys, key_version, replaced, first_key_id).apdu(key_encryption, provider, wrapping=wrapping, le=le)


def key_information(octets: bytes) -> tuple[KeyInformation, ...]:
    """The keys a card says it has: the answer to GET DATA 00E0, or objects C0 alone."""
    return KeyInformation.decode_all(octets)


def kcv(key: SecretKey, algorithm: BlockCipher, provider: CryptoProvider) -> bytes:
    """Key check value, 3 octets."""
    return key.kcv(provider, algorithm)


class StoreFormat(IntEnum):
    """STORE DATA P1 bits 5-4 — §11.11.2.1."""

    NONE = 0b00
    DGI = 0b01
    BER_TLV = 0b10
    RFU = 0b11


@dataclass(frozen=True, slots=True)
class StoreBlock:
    """One STORE DATA. `encryption` is P1 bits 7-6: 0 nothing said, 1 application dependent, 3 encrypted."""

    number: int
    last: bool
    content: bytes
    format: StoreFormat = StoreFormat.NONE
    encryption: int = 0
    answer_expected: bool = False

    def apdu(self, le: int | None = None) -> CommandApdu:
        if not (0 <= self.number <= 0xFF and 0 <= self.encryption <= 3 and len(self.content) <= 255):
            raise LocalError("block number, encryption or length of STORE DATA does not fit", clause=_STORE_CLAUSE)
        p1 = self.last << 7 | self.encryption << 5 | self.format << 3 | self.answer_expected
        return CommandApdu(0x80, STORE_DATA_INS, p1, self.number, self.content, le)

    @classmethod
    def decode(cls, apdu: CommandApdu) -> Self:
        if apdu.ins != STORE_DATA_INS or apdu.p1 & 0b110 or len(apdu.data) > 255:
            raise BadValue(f"INS {apdu.ins:02X} P1 {apdu.p1:02X} is no STORE DATA", clause=_STORE_CLAUSE)
        p1 = apdu.p1
        return cls(apdu.p2, bool(p1 & 0x80), apdu.data, StoreFormat(p1 >> 3 & 3), p1 >> 5 & 3, bool(p1 & 1))


def store_data(
    content: bytes,
    *,
    format: StoreFormat = StoreFormat.NONE,
    encryption: int = 0,
    block_size: int = 255,
    le: int | None = None,
) -> tuple[CommandApdu, ...]:
    """STORE DATA blocks for `content`, numbered from 0, the last one flagged — §11.11."""
    if not 1 <= block_size <= 255 or len(content) > 256 * block_size:
        raise LocalError(f"{len(content)} octets in blocks of {block_size}", clause=_STORE_CLAUSE)
    starts = range(0, max(1, len(content)), block_size)
    last = len(starts) - 1
    return tuple(
        StoreBlock(number, number == last, content[start : start + block_size], format, encryption).apdu(le)
        for number, start in enumerate(starts)
    )


@dataclass(frozen=True, slots=True)
class Dgi:
    """A data grouping of STORE DATA: identifier and value — EMV CPS §2.2."""

    identifier: int
    value: bytes

    def encode(self) -> bytes:
        if not 0 <= self.identifier <= 0xFFFF or len(self.value) > 0xFFFF:
            raise LocalError(f"DGI {self.identifier:X} of {len(self.value)} octets", clause="EMV CPS §2.2")
        length = len(self.value)
        octets = bytes((length,)) if length < 0xFF else b"\xff" + length.to_bytes(2, "big")
        return self.identifier.to_bytes(2, "big") + octets + self.value

    @classmethod
    def decode_all(cls, octets: bytes) -> tuple[Self, ...]:
        cursor = Cursor(octets)
        found = []
        while cursor.remaining:
            identifier, length = cursor.u16("DGI"), cursor.u8("DGI length")
            found.append(
                cls(identifier, cursor.take(cursor.u16("DGI length") if length == 0xFF else length, "DGI value"))
            )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class ExtendedCardResources:
    """Object FF21: applications installed, free non-volatile and volatile octets — TS 102 226 §8.2.1.7.2."""

    applications: int
    free_non_volatile: int
    free_volatile: int

    def encode(self) -> bytes:
        numbers = (self.applications, self.free_non_volatile, self.free_volatile)
        if any(not 0 <= number < 1 << 32 for number in numbers):
            raise LocalError("a card resource has at most four octets", clause="TS 102 226 §8.2.1.7.2")
        objects = [
            BerTlv(tag, number.to_bytes(max(1 if tag == 0x81 else 2, (number.bit_length() + 7) // 8), "big"))
            for tag, number in zip((0x81, 0x82, 0x83), numbers, strict=True)
        ]
        return BerTlv.of(EXTENDED_CARD_RESOURCES, *objects).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        item = decode_ber(octets)
        objects = {child.tag: child.value for child in item.children()} if item.tag == EXTENDED_CARD_RESOURCES else {}
        if objects.keys() != {0x81, 0x82, 0x83} or any(not 1 <= len(value) <= 4 for value in objects.values()):
            raise BadValue("not the extended card resources", clause="TS 102 226 §8.2.1.7.2")
        return cls(*(int.from_bytes(objects[tag], "big") for tag in (0x81, 0x82, 0x83)))


def _parameters(parameters: InstallParameters | bytes) -> bytes:
    return parameters if isinstance(parameters, bytes) else parameters.encode()
