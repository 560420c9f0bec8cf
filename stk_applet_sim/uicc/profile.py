"""What a card is born with: files, PINs, keys, security levels, and the identity that makes it one card of many.

Profiles are JSON files of stk_applet_sim/profiles (test keys only) or of your own; `extends` names the
shipped profile whose entries they take over. A tree and its contents are shared by all cards of a profile;
`with_identity` gives a card its own ICCID, IMSI, MSISDN and keys for a few hundred octets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from importlib import resources
from typing import Any, Self

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn, Tar
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.sms.address import Address

from .access import UNBLOCK_TRIES, Access, PinState
from .files import ElementaryFile, FileTree, build_tree
from .milenage import SubscriberKey

MT_KEY_SET = 1
MO_KEY_SET = 5

ICCID_PATH = (0x2FE2,)
IMSI_PATH = (0x7F20, 0x6F07)
ACC_PATH = (0x7F20, 0x6F78)
MSISDN_PATH = (0x7F10, 0x6F40)
SMSP_PATH = (0x7F10, 0x6F42)
MEMORY_OCTETS = 9216  #: for applications and further key sets: eight of each
NUMBER_OCTETS = 14  #: EF.ADN without its alpha identifier, TS 31.102 §4.4.2.3


class KeyKind(Enum):
    """What a key set's keys are keys of."""

    DES = "des"
    AES = "aes"


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key set of the card."""

    index: int
    kind: KeyKind
    keys: KeySet = field(repr=False)

    @classmethod
    def of(cls, index: int, keys: KeySet, kind: KeyKind = KeyKind.AES) -> Self:
        return cls(index, kind, keys)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the card is."""

    iccid: Iccid
    imsi: Imsi
    msisdn: Msisdn


@dataclass(frozen=True, slots=True)
class CardProfile:
    """All a :class:`~.card.Uicc` needs to know at birth."""

    name: str
    atr: bytes
    tree: FileTree = field(repr=False)
    identity: Identity
    keys: Mapping[int, KeyEntry] = field(repr=False)
    pins: Mapping[str, bytes] = field(repr=False)
    minimum_security: int
    minimum_security_of: Mapping[Tar, int]
    has_menu: bool
    weak_algorithms: bool
    smsc: Address | None = None
    memory_octets: int = MEMORY_OCTETS
    subscriber_key: SubscriberKey | None = field(default=None, repr=False)

    @classmethod
    def named(cls, name: str) -> CardProfile:
        """A shipped profile: ykt, plain or weak. FileNotFoundError for another name."""
        return _shipped(name)

    @classmethod
    def from_json(cls, text: str) -> CardProfile:
        """From the text of a profile; ValueError or KeyError tell what is wrong with it."""
        return _profile(_extended(json.loads(text)))

    def with_identity(
        self,
        *,
        iccid: Iccid | None = None,
        imsi: Imsi | None = None,
        msisdn: Msisdn | None = None,
        smsc: Address | None = None,
        keys: Mapping[int, KeySet] | None = None,
        subscriber_key: SubscriberKey | None = None,
    ) -> CardProfile:
        """The same card for another subscriber. `keys` replaces AES key sets by index (MT 1, MO 5)."""
        identity = Identity(iccid or self.identity.iccid, imsi or self.identity.imsi, msisdn or self.identity.msisdn)
        own = {index: KeyEntry.of(index, key_set) for index, key_set in (keys or {}).items()}
        return replace(
            self,
            identity=identity,
            keys={**self.keys, **own},
            smsc=smsc or self.smsc,
            subscriber_key=subscriber_key or self.subscriber_key,
        )

    def images(self) -> tuple[Mapping[str, bytes], ...]:
        """The contents of memory at birth: what is this card's own, then what all share."""
        own = {
            _at(self.tree, ICCID_PATH).key: self.identity.iccid.octets(),
            _at(self.tree, IMSI_PATH).key: self.identity.imsi.octets(),
            _at(self.tree, ACC_PATH).key: (1 << int(self.identity.imsi.digits[-1])).to_bytes(2, "big"),
            _at(self.tree, MSISDN_PATH).key: _dialling_number(self.identity.msisdn, _at(self.tree, MSISDN_PATH)),
        }
        if self.smsc is not None:
            own[_at(self.tree, SMSP_PATH).key] = _with_service_centre(self.tree, self.smsc)
        return own, self.pins, self.tree.contents

    def security_of(self, tar: Tar) -> int:
        """The minimum security level of a TAR, coded as SPI octet 1."""
        return self.minimum_security_of.get(tar, self.minimum_security)


def _at(tree: FileTree, path: tuple[int, ...]) -> ElementaryFile:
    node = tree.at(*path)
    if not isinstance(node, ElementaryFile):
        raise ValueError(f"the profile has no file {'/'.join(f'{fid:04X}' for fid in path)}")
    return node


def _dialling_number(msisdn: Msisdn, file: ElementaryFile) -> bytes:
    """One record of EF.MSISDN: no alpha identifier, international number (TS 31.102 §4.2.26)."""
    value = Address(msisdn.digits).encode_value()
    number = bytes([len(value)]) + value.ljust(NUMBER_OCTETS - 1, b"\xff")
    return (b"\xff" * (file.record_length - NUMBER_OCTETS) + number).ljust(file.size, b"\xff")


def _with_service_centre(tree: FileTree, smsc: Address) -> bytes:
    """EF.SMSP with another TS-service centre address: 12 octets, 15 before the end of a record (TS 31.102 §4.2.27)."""
    file = _at(tree, SMSP_PATH)
    record = tree.contents[file.key][: file.record_length]
    value = smsc.encode_rp().ljust(12, b"\xff")
    return (record[:-15] + value + record[-3:]).ljust(file.size, b"\xff")


@cache
def _shipped(name: str) -> CardProfile:
    return _profile(_extended(_shipped_table(name)))


def _shipped_table(name: str) -> dict[str, Any]:
    text = resources.files("stk_applet_sim.profiles").joinpath(f"{name}.json").read_text(encoding="utf-8")
    table: dict[str, Any] = json.loads(text)
    return table


def _extended(table: dict[str, Any]) -> dict[str, Any]:
    if "extends" not in table:
        return table
    return {**_extended(_shipped_table(table["extends"])), **table}


@cache
def _tree(text: str) -> FileTree:
    return build_tree(json.loads(text))


def _profile(table: Mapping[str, Any]) -> CardProfile:
    entries = [_key_entry(row) for row in table["keys"]]
    identity = table["identity"]
    return CardProfile(
        name=table["name"],
        atr=bytes.fromhex(table["atr"]),
        tree=_tree(json.dumps(table["mf"], sort_keys=True)),
        identity=Identity(Iccid(identity["iccid"]), Imsi(identity["imsi"]), Msisdn(identity["msisdn"])),
        keys={entry.index: entry for entry in entries},
        pins=dict(_pin(row) for row in table["pins"]),
        minimum_security=int(table["minimum_security"], 16),
        minimum_security_of={Tar.from_hex(tar): int(spi, 16) for tar, spi in table["minimum_security_of"].items()},
        has_menu=bool(table["menu"]),
        weak_algorithms=bool(table["weak_algorithms"]),
        memory_octets=int(table.get("memory_octets", MEMORY_OCTETS)),
        subscriber_key=_subscriber_key(table.get("milenage")),
    )


def _subscriber_key(row: Mapping[str, Any] | None) -> SubscriberKey | None:
    return None if row is None else SubscriberKey(*(SecretKey(bytes.fromhex(row[name])) for name in ("k", "opc")))


def _key_entry(row: Mapping[str, Any]) -> KeyEntry:
    names = ("ciphering", "check", "key_encryption")
    keys = KeySet(*(SecretKey(bytes.fromhex(row[name])) for name in names))
    return KeyEntry.of(int(row["index"]), keys, KeyKind(row["algorithm"]))


def _pin(row: Mapping[str, Any]) -> tuple[str, bytes]:
    def value(name: str) -> bytes:
        octets: bytes = row[name].encode("ascii").ljust(8, b"\xff")
        return octets

    tries = int(row["tries"])
    state = PinState(value("value"), bool(row["enabled"]), tries, tries, value("unblock"), UNBLOCK_TRIES)
    return Access.name(int(row["reference"], 16)), state.encode()
