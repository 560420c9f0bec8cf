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
    RegistryScope,
    StoreFormat,
    delete,
    get_status,
    install_for_install,
    install_for_personalisation,
    store_data,
)
from telecom_codecs.onecard.answers import SEGMENT_TEXT, AnswerKind, MenuAnswer, fits
from telecom_codecs.onecard.install import KEYS_ENCRYPTION, ApplicationKeys, ApplicationParameters, WrappedKey
from telecom_codecs.onecard.macs import application_mac
from telecom_codecs.onecard.names import APPLICATION_MODULE, LOAD_FILE, TAR_CARD_MANAGER, TAR_MENU, application_tar
from telecom_codecs.onecard.orders import GET_RESPONSE, Administration, Order, Query
from telecom_codecs.onecard.rights import keys_of
from telecom_codecs.ota.remote_command import encode_compact

from .outcome import JobKind


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
        return application_mac(self.key(usage, provider), self.aid, self.iccid, told, provider)


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
    parameters = ApplicationParameters(
        application.enterprise_id,
        application.slot,
        application.rights,
        application.name,
        application.cap_fen,
    )
    return _compact(
        TAR_CARD_MANAGER,
        install_for_install(LOAD_FILE, APPLICATION_MODULE, application.aid, parameters=parameters.encode()),
        *_personalisation(application, dek, provider),
    )


def personalise_script(application: Application, dek: SecretKey, provider: CryptoProvider) -> Script:
    """Only the keys: for an application that is installed and has none."""
    return _compact(TAR_CARD_MANAGER, *_personalisation(application, dek, provider))


def _personalisation(application: Application, dek: SecretKey, provider: CryptoProvider) -> tuple[CommandApdu, ...]:
    wrapped = tuple(_wrapped(application, usage, dek, provider) for usage in keys_of(application.rights))
    keys = ApplicationKeys(application.key_version, wrapped)
    blocks = store_data(keys.encode(), format=StoreFormat.DGI, encryption=KEYS_ENCRYPTION)
    return install_for_personalisation(application.aid), *blocks


def _wrapped(application: Application, usage: KeyUsage, dek: SecretKey, provider: CryptoProvider) -> WrappedKey:
    key = application.key(usage, provider)
    cryptogram = provider.encrypt(BlockCipher.AES, "ecb", dek, b"", key.octets())
    return WrappedKey(usage, cryptogram, key.kcv(provider, BlockCipher.AES))


def delete_script(aid: Aid) -> Script:
    return _compact(TAR_CARD_MANAGER, delete(aid))


def audit_script(aid: Aid) -> Script:
    """GET STATUS of one AID: is it there, and how far did it come?"""
    return _compact(TAR_CARD_MANAGER, get_status(RegistryScope.APPLICATIONS, aid=aid.octets), GET_RESPONSE)


_ORDERS = {JobKind.CLOSE: Order.CLOSE, JobKind.REOPEN: Order.REOPEN}


def administration_script(kind: JobKind, application: Application, reference: int, provider: CryptoProvider) -> Script:
    """CLOSE or REOPEN (docs/wire/card-application.md §6.4), idempotent by the job reference."""
    order = Administration(_ORDERS[kind], reference)
    command = order.apdu(lambda covered: application.mac(KeyUsage.LOAD, covered, provider))
    return _compact(application_tar(application.slot), command, GET_RESPONSE)


def query_script(slot: int, challenge: bytes) -> Script:
    """QUERY (docs/wire/card-application.md §6.3); the TAC of its answer covers the challenge."""
    return _compact(application_tar(slot), Query(challenge).apdu(), GET_RESPONSE)


def answer_script(payload: Mapping[str, Any]) -> Script:
    """The MT answer to the menu applet (docs/wire/card-application.md §9).

    Raises `LocalError` when the text is none or does not fit one segment.
    """
    text, kind = str(payload["text"]), int(payload["kind"])
    if not fits(text):
        raise LocalError(f"an answer's text takes more than the {SEGMENT_TEXT} octets of one segment")
    if kind not in AnswerKind.__members__.values():
        raise LocalError(f"{kind} is no kind of answer")
    answer = MenuAnswer(AnswerKind(kind), int(payload["request"]), int(str(payload["serial"]), 16), text)
    return Script(TAR_MENU, answer.encode(), 1)
