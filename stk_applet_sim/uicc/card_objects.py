"""What the card manager tells by GET DATA of itself and its keys — GlobalPlatform §11.3.3.1, annex H.2."""

from __future__ import annotations

from collections.abc import Iterable

from telecom_codecs.globalplatform.commands import KeyComponent, KeyInformation, KeyType
from telecom_codecs.tlv import BerTlv

from .contact_security import SCP03_PARAMETER
from .profile import KeyEntry, KeyKind

_GLOBALPLATFORM = bytes.fromhex("2A864886FC6B")  #: OID 1.2.840.114283
_PROTOCOL = {KeyKind.DES: b"\x02\x15", KeyKind.AES: bytes((0x03, SCP03_PARAMETER))}
_KEY_TYPE = {KeyKind.DES: KeyType.DES, KeyKind.AES: KeyType.AES}


def card_recognition(kinds: Iterable[KeyKind]) -> bytes:
    """Card recognition data, GlobalPlatform annex H.2: version 2.3, and a secure channel protocol per kind of keys."""
    present = set(kinds)
    protocols = [_PROTOCOL[kind] for kind in KeyKind if kind in present]
    fields = [
        BerTlv(0x06, _GLOBALPLATFORM + b"\x01"),
        BerTlv.of(0x60, BerTlv(0x06, _GLOBALPLATFORM + b"\x02\x02\x03")),
        BerTlv.of(0x63, BerTlv(0x06, _GLOBALPLATFORM + b"\x03")),
        *(BerTlv.of(0x64, BerTlv(0x06, _GLOBALPLATFORM + b"\x04" + protocol)) for protocol in protocols),
    ]
    return BerTlv.of(0x66, BerTlv.of(0x73, *fields)).encode()


def key_rows(entry: KeyEntry) -> list[KeyInformation]:
    keys = [entry.keys.ciphering, entry.keys.check, entry.keys.key_encryption]
    kind = _KEY_TYPE[entry.kind]
    return [
        KeyInformation(number, entry.index, (KeyComponent(kind, key.length),))
        for number, key in enumerate(keys, start=1)
        if key is not None
    ]
