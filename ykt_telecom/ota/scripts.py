"""The octets of each order: what goes into a command packet, for which TAR — docs/wire/card-application.md.

Pure: keys, challenge and facts come in, octets come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Aid, Iccid, Tar
from telecom_codecs.crypto.key_derivation import KeyUsage, derive_application_key
from telecom_codecs.crypto.secret_key import BlockCipher, CryptoProvider, SecretKey
from telecom_codecs.errors import LocalError
from telecom_codecs.globalplatform.commands import (
    Dgi,
    RegistryScope,
    StoreFormat,
    delete,
    get_status,
    install_for_install,
    install_for_personalisation,
    store_data,
)
from telecom_codecs.ota.remote_command import encode_compact
from telecom_codecs.sms import ucs2

from ..registry.cards.names import APPLICATION_MODULE, LOAD_FILE, TAR_CARD_MANAGER, TAR_MENU, application_tar
from .outcome import JobKind

GET_RESPONSE = CommandApdu(0x00, 0xC0, 0x00, 0x00, le=256)
ANSWER_TEXT_OCTETS = 85
#: The name of wire §5 and the text of wire §9 in 8-bit coding: ASCII only, else UCS-2.
DCS_8BIT, DCS_UCS2 = 0x04, 0x08
_VERSION = 0x01
_DGI_KEYS = 0x8201
#: Encryption bits of STORE DATA P1 (GlobalPlatform §11.11.2.1): the keys are ciphered.
_CIPHERED = 3


#: The right an application needs to be given the key (wire §5): door 01, attendance 02, purse 04.
_RIGHT_OF_KEY = {
    KeyUsage.PURCHASE: 0x04,
    KeyUsage.ATTENDANCE: 0x02,
    KeyUsage.DOOR: 0x01,
}


@dataclass(frozen=True, slots=True)
class Application:
    """The application an order is about, and the keys that the platform derives for it."""

    iccid: Iccid
    aid: Aid
    enterprise_id: int
    slot: int
    name: str
    rights: int
    cap_fen: int
    key_version: int
    mother: SecretKey

    def key(self, usage: KeyUsage, provider: CryptoProvider) -> SecretKey:
        return derive_application_key(self.mother, usage, self.key_version, self.iccid, self.aid, provider)

    def mac(self, usage: KeyUsage, told: bytes, provider: CryptoProvider) -> bytes:
        """CMAC-64 over AID, ICCID and what is told: the inner MAC of an order, or a TAC."""
        covered = self.aid.octets + self.iccid.octets() + told
        return provider.cmac(self.key(usage, provider), covered)[:8]


@dataclass(frozen=True, slots=True)
class Script:
    """Secured data for a TAR. `commands` is how many C-APDUs a good card executes, GET RESPONSE included."""

    tar: Tar
    octets: bytes = field(repr=False)
    commands: int


def _compact(tar: Tar, *commands: CommandApdu) -> Script:
    return Script(tar, encode_compact(commands), len(commands))


def install_script(application: Application, dek: SecretKey, provider: CryptoProvider) -> Script:
    """INSTALL, then the keys: the whole of an issue."""
    return _compact(
        TAR_CARD_MANAGER,
        install_for_install(
            LOAD_FILE, APPLICATION_MODULE, application.aid, parameters=_install_parameters(application)
        ),
        *_personalisation(application, dek, provider),
    )


def personalise_script(application: Application, dek: SecretKey, provider: CryptoProvider) -> Script:
    """Only the keys: for an application that is installed and has none."""
    return _compact(TAR_CARD_MANAGER, *_personalisation(application, dek, provider))


def _install_parameters(application: Application) -> bytes:
    name = ucs2.encode(application.name)
    value = (
        bytes((_VERSION,))
        + application.enterprise_id.to_bytes(4, "big")
        + bytes((application.slot, application.rights))
        + application.cap_fen.to_bytes(4, "big")
        + bytes((len(name),))
        + name
    )
    return b"\xc9" + bytes((len(value),)) + value


def _personalisation(application: Application, dek: SecretKey, provider: CryptoProvider) -> tuple[CommandApdu, ...]:
    value = bytes((application.key_version,))
    cipher = BlockCipher.AES
    for usage in KeyUsage:
        if usage in _RIGHT_OF_KEY and not application.rights & _RIGHT_OF_KEY[usage]:
            continue
        key = application.key(usage, provider)
        value += bytes((usage,)) + provider.encrypt(cipher, "ecb", dek, b"", key.octets()) + key.kcv(provider, cipher)
    blocks = store_data(Dgi(_DGI_KEYS, value).encode(), format=StoreFormat.DGI, encryption=_CIPHERED)
    return install_for_personalisation(application.aid), *blocks


def delete_script(aid: Aid) -> Script:
    return _compact(TAR_CARD_MANAGER, delete(aid))


def audit_script(aid: Aid) -> Script:
    """GET STATUS of one AID: is it there, and how far did it come?"""
    return _compact(TAR_CARD_MANAGER, get_status(RegistryScope.APPLICATIONS, aid=aid.octets), GET_RESPONSE)


_ORDER_P1 = {JobKind.CLOSE: 0x01, JobKind.REOPEN: 0x02}


def administration_script(kind: JobKind, application: Application, reference: int, provider: CryptoProvider) -> Script:
    """CLOSE or REOPEN (wire §6.4), idempotent by the job reference."""
    told = reference.to_bytes(4, "big") + bytes(4)
    header = bytes((0x80, 0x5E, _ORDER_P1[kind], 0x00, 0x10))
    mac = application.mac(KeyUsage.LOAD, header + told, provider)
    command = CommandApdu(0x80, 0x5E, _ORDER_P1[kind], 0x00, told + mac)
    return _compact(application_tar(application.slot), command, GET_RESPONSE)


def query_script(slot: int, challenge: bytes) -> Script:
    """QUERY (wire §6.3); the TAC of its answer covers the challenge."""
    return _compact(application_tar(slot), CommandApdu(0x80, 0x5C, 0x00, 0x01, challenge), GET_RESPONSE)


def answer_script(payload: Mapping[str, Any]) -> Script:
    """The MT answer to the menu applet (wire §9). Raises `LocalError` when the text does not fit one segment."""
    text = str(payload["text"])
    dcs = DCS_8BIT if text.isascii() else DCS_UCS2
    coded = text.encode("ascii") if dcs == DCS_8BIT else ucs2.encode(text)
    if len(coded) > ANSWER_TEXT_OCTETS:
        raise LocalError(
            f"an answer's text takes {len(coded)} octets, at most {ANSWER_TEXT_OCTETS} fit", clause="wire §9"
        )
    serial = bytes.fromhex(str(payload["serial"]))
    if len(serial) != 6:
        raise LocalError("an answer's serial has 6 octets", clause="wire §9")
    head = bytes((_VERSION, int(payload["kind"]))) + int(payload["request"]).to_bytes(4, "big")
    return Script(TAR_MENU, head + serial + bytes((dcs,)) + coded, 1)
