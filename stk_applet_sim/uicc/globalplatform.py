"""The card manager: issuer security domain and registry (docs/wire/card-application.md §5, GlobalPlatform 2.3 §11).

Applications are installed into eight slots, personalised with their keys, listed and deleted. Loading of code is
not simulated: both modules are on the card from birth. Commands that change something come in authentic packets, or by
the contacts in a secure channel.
"""

from __future__ import annotations

from collections.abc import Callable

from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Aid, Iccid
from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.crypto.secret_key import BlockCipher, CryptoProvider, KeySet, SecretKey
from telecom_codecs.errors import BadValue, CheckFailed, CodecError
from telecom_codecs.globalplatform.commands import (
    CardLifeCycle,
    Delete,
    ExtendedCardResources,
    InstallForInstall,
    InstallForPersonalisation,
    KeyType,
    LoadFileLifeCycle,
    Privilege,
    PutKey,
    RegistryEntry,
    RegistryScope,
    StoreBlock,
    StoreFormat,
    decode_delete,
    decode_install,
    encode_key_template,
    registry_pages,
)
from telecom_codecs.onecard.install import KEYS_ENCRYPTION, ApplicationKeys, ApplicationParameters
from telecom_codecs.onecard.names import (
    APPLICATION_MODULE,
    CARD_MANAGER_AID,
    LOAD_FILE,
    MENU_AID,
    MENU_MODULE,
    SLOTS,
    application_aid,
)
from telecom_codecs.onecard.rights import LifeCycle, keys_of
from telecom_codecs.tlv import BerTlv, decode_ber_all, find_ber

from ..applet.enterprise import EnterpriseApplication
from ..applet.purse import ApplicationState
from .card_objects import card_recognition, key_rows
from .contact_security import ContactSecurity
from .key_store import KEY_SET_OCTETS, KeyStore
from .memory import NonVolatile
from .packets import PacketContext
from .profile import CardProfile, KeyEntry, KeyKind
from .secured_channel import MESSAGE_OCTETS
from .status import (
    CONDITIONS_NOT_SATISFIED,
    DONE,
    MORE_TO_COME,
    NO_SPACE,
    REFERENCED_DATA_NOT_FOUND,
    SECURITY_NOT_SATISFIED,
    UNKNOWN_INS,
    WRONG_DATA,
    WRONG_P1_P2,
    Refused,
    Reply,
)

PAGE_OCTETS = 200
LAST_KEY_SET = 15  #: key versions of SCP80, TS 102 226 §8.2.1.5
SLOT_OCTETS = 1024  #: what an application takes of the non-volatile memory, records and keys included
_NO_PRIVILEGES = bytes(3)


class CardManager:
    """RAM of one card. A `Session` of it lives for one script."""

    def __init__(
        self,
        profile: CardProfile,
        memory: NonVolatile,
        provider: CryptoProvider,
        keys: KeyStore,
        application: Callable[[int], EnterpriseApplication | None],
        *,
        random: Callable[[int], bytes],
        iccid: Callable[[], Iccid],
    ) -> None:
        self._profile = profile
        self._memory = memory
        self._provider = provider
        self.keys = keys
        self._application = application
        self._random = random
        self._iccid = iccid

    @property
    def has_menu(self) -> bool:
        """The menu applet is on the card."""
        return self._profile.has_menu

    def installed(self) -> tuple[EnterpriseApplication, ...]:
        """The enterprise applications, by slot."""
        found = (self._application(slot) for slot in SLOTS)
        return tuple(application for application in found if application is not None)

    def selectable(self) -> tuple[bytes, ...]:
        """The AIDs that SELECT finds here: card manager, menu applet, enterprise applications."""
        menu = (MENU_AID.octets,) if self.has_menu else ()
        return (CARD_MANAGER_AID.octets, *menu, *(application.aid.octets for application in self.installed()))

    def by_aid(self, aid: bytes) -> EnterpriseApplication | None:
        return next((application for application in self.installed() if application.aid.octets == aid), None)

    def registry(self, scope: int) -> list[RegistryEntry]:
        """The rows of GET STATUS with P1 `scope`; Refused 6A86 for an unknown one."""
        match scope:
            case RegistryScope.ISSUER_SECURITY_DOMAIN:
                privileges = bytes([Privilege.SECURITY_DOMAIN | Privilege.CARD_RESET, 0, 0])
                return [RegistryEntry(CARD_MANAGER_AID, CardLifeCycle.SECURED, privileges)]
            case RegistryScope.APPLICATIONS:
                rows = [(application.aid, application.state.life_cycle) for application in self.installed()]
                if self.has_menu:
                    rows.insert(0, (MENU_AID, LifeCycle.SELECTABLE))
                return [RegistryEntry(aid, life_cycle, _NO_PRIVILEGES, LOAD_FILE) for aid, life_cycle in rows]
            case RegistryScope.LOAD_FILES:
                return [RegistryEntry(LOAD_FILE, LoadFileLifeCycle.LOADED)]
            case RegistryScope.LOAD_FILES_AND_MODULES:
                modules = (MENU_MODULE, APPLICATION_MODULE)
                return [RegistryEntry(LOAD_FILE, LoadFileLifeCycle.LOADED, modules=modules)]
        raise Refused(WRONG_P1_P2)

    def get_data(self, apdu: CommandApdu) -> Reply:
        """GET DATA: key information, card recognition, key diversification, card resources; 6A88 for others."""
        match (apdu.p1, apdu.p2):
            case (0x00, 0xE0):
                keys = [row for entry in self.keys.entries() for row in key_rows(entry)]
                return Reply(encode_key_template(keys))
            case (0x00, 0x66):
                return Reply(card_recognition(entry.kind for entry in self.keys.entries()))
            case (0x00, 0xCF):
                return Reply(BerTlv(0xCF, self._iccid().octets()).encode())
            case (0xFF, 0x21):
                resources = ExtendedCardResources(len(self.installed()), self.free_octets, MESSAGE_OCTETS)
                return Reply(resources.encode())
        raise Refused(REFERENCED_DATA_NOT_FOUND)

    @property
    def free_octets(self) -> int:
        """Non-volatile memory for further applications and key sets."""
        return self._profile.memory_octets - len(self.installed()) * SLOT_OCTETS - self.keys.added_octets

    def session(self, context: PacketContext | None) -> ManagerSession:
        """For the commands of one script, or of the contacts (`context` None)."""
        security = None
        if context is None:
            diversification = self._iccid().octets()
            security = ContactSecurity(self.keys, self._memory, self._provider, self._random, diversification)
        return ManagerSession(self, self._memory, self._provider, context, security)


class ManagerSession:
    """What one script has begun: the application being personalised, the page of GET STATUS."""

    def __init__(
        self,
        manager: CardManager,
        memory: NonVolatile,
        provider: CryptoProvider,
        context: PacketContext | None,
        security: ContactSecurity | None,
    ) -> None:
        self._manager = manager
        self._memory = memory
        self._provider = provider
        self._context = context
        self._security = security
        self._personalising: EnterpriseApplication | None = None
        self._blocks: list[bytes] = []
        self._pages: list[bytes] = []

    def execute(self, apdu: CommandApdu) -> Reply:
        """One command; 6982 for everything but GET DATA unless the packet or the secure channel was authentic."""
        if self._security is None:
            return self._perform(apdu, authentic=self._context is not None and self._context.authentic)
        begun = self._security.begins(apdu)
        if begun is not None:
            return begun
        plain = self._security.open(apdu)
        return self._security.seal(self._perform(plain, authentic=self._security.authentic))

    def _perform(self, apdu: CommandApdu, *, authentic: bool) -> Reply:
        command = _COMMANDS.get(apdu.ins)
        if command is None:
            raise Refused(UNKNOWN_INS)
        if apdu.ins != GET_DATA and not authentic:
            raise Refused(SECURITY_NOT_SATISFIED)
        return command(self, apdu)

    def get_data(self, apdu: CommandApdu) -> Reply:
        return self._manager.get_data(apdu)

    def install(self, apdu: CommandApdu) -> Reply:
        """INSTALL [for install and make selectable] and [for personalisation]."""
        try:
            purpose = decode_install(apdu)
        except BadValue:
            raise Refused(WRONG_P1_P2 if apdu.p2 else WRONG_DATA) from None
        match purpose:
            case InstallForPersonalisation(application):
                return self._begin_personalisation(application)
            case InstallForInstall(package, module, instance, make_selectable=True, token=b"", privileges=b"\x00"):
                if (package, module) != (LOAD_FILE, APPLICATION_MODULE):
                    raise Refused(REFERENCED_DATA_NOT_FOUND)
                return self._install(instance, purpose.parameters)
            case InstallForInstall(make_selectable=True):
                raise Refused(WRONG_DATA)
        raise Refused(WRONG_P1_P2)

    def _install(self, instance: Aid, parameters: bytes) -> Reply:
        try:
            wanted = ApplicationParameters.decode(parameters)
        except CodecError:
            raise Refused(WRONG_DATA) from None
        if instance != application_aid(wanted.enterprise_id, wanted.slot):
            raise Refused(WRONG_DATA)
        if any(present.enterprise == wanted.enterprise_id for present in self._manager.installed()):
            raise Refused(CONDITIONS_NOT_SATISFIED)
        if EnterpriseApplication.is_installed(self._memory, wanted.slot) or self._manager.free_octets < SLOT_OCTETS:
            raise Refused(NO_SPACE)
        state = ApplicationState(wanted.enterprise_id, wanted.slot, wanted.rights, wanted.highest_fen, wanted.name)
        EnterpriseApplication.install(self._memory, state)
        return DONE

    def _begin_personalisation(self, instance: Aid) -> Reply:
        self._personalising, self._blocks = None, []
        application = self._manager.by_aid(instance.octets)
        if application is None:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        if application.state.is_personalised:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        self._personalising = application
        return DONE

    def store_data(self, apdu: CommandApdu) -> Reply:
        """STORE DATA in DGI format with ciphered keys; the last block makes the application ACTIVE."""
        if self._personalising is None or apdu.p2 != len(self._blocks):
            raise Refused(CONDITIONS_NOT_SATISFIED)
        block = StoreBlock.decode(apdu)
        if block.format is not StoreFormat.DGI or block.encryption != KEYS_ENCRYPTION:
            raise Refused(WRONG_P1_P2)
        self._blocks.append(block.content)
        if not block.last:
            return DONE
        application, self._personalising = self._personalising, None
        keys = self._keys_in(b"".join(self._blocks))
        if not set(keys_of(application.state.rights)) <= keys.keys():
            raise Refused(WRONG_DATA)
        application.personalise(keys)
        return DONE

    def _keys_in(self, octets: bytes) -> dict[KeyUsage, SecretKey]:
        """The keys of DGI 8201, unwrapped and checked."""
        try:
            wrapped = ApplicationKeys.decode(octets).keys
        except CodecError:
            raise Refused(WRONG_DATA) from None
        keys = {one.usage: self._unwrapped(one.cryptogram) for one in wrapped}
        if any(keys[one.usage].kcv(self._provider) != one.check_value for one in wrapped):
            raise Refused(WRONG_DATA)
        return keys

    def _unwrapped(self, cryptogram: bytes) -> SecretKey:
        wrapping, cipher = self._wrapping()
        return SecretKey(self._provider.decrypt(cipher, "ecb", wrapping, b"", cryptogram))

    def _wrapping(self) -> tuple[SecretKey, BlockCipher]:
        """The key-encryption key of the set that secured the command, and its cipher."""
        if self._security is not None:
            return self._security.wrapping
        entry = self._context.keys if self._context else None
        if entry is None or entry.keys.key_encryption is None:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        return entry.keys.key_encryption, BlockCipher.AES if entry.kind is KeyKind.AES else BlockCipher.DES3

    def put_key(self, apdu: CommandApdu) -> Reply:
        """PUT KEY (GP §11.8): a whole key set, all three keys in one command and one write; its check values."""
        wrapping, cipher = self._wrapping()
        try:
            wanted = PutKey.open(apdu, wrapping, self._provider, wrapping=cipher)
        except CheckFailed:
            raise Refused(WRONG_DATA) from None
        entry = _key_entry(wanted)
        store = self._manager.keys
        present = store.get(entry.index) is not None
        if wanted.replaced and store.get(wanted.replaced) is None:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        if present and wanted.replaced != entry.index:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        if not present and self._manager.free_octets < KEY_SET_OCTETS:
            raise Refused(NO_SPACE)
        store.put(entry, replaced=wanted.replaced)
        return Reply(wanted.confirmation(self._provider))

    def delete(self, apdu: CommandApdu) -> Reply:
        """DELETE of an application by its AID."""
        try:
            named = decode_delete(apdu)
        except BadValue:
            raise Refused(WRONG_P1_P2 if apdu.p1 or apdu.p2 else WRONG_DATA) from None
        if not isinstance(named, Delete):
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        if named.aid in (CARD_MANAGER_AID, LOAD_FILE) or (named.aid == MENU_AID and self._manager.has_menu):
            raise Refused(CONDITIONS_NOT_SATISFIED)
        application = self._manager.by_aid(named.aid.octets)
        if application is None:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        application.delete()
        return DONE

    def get_status(self, apdu: CommandApdu) -> Reply:
        """GET STATUS in TLV form, in pages: 6310 says that there is more."""
        if apdu.p2 not in (0x02, 0x03):
            raise Refused(WRONG_P1_P2)
        if apdu.p2 == 0x02:
            wanted = find_ber(decode_ber_all(apdu.data), 0x4F)
            if wanted is None:
                raise Refused(WRONG_DATA)
            rows = [row for row in self._manager.registry(apdu.p1) if row.aid.octets.startswith(wanted.value)]
            self._pages = list(registry_pages(rows, page_size=PAGE_OCTETS))
        if not self._pages:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        page = self._pages.pop(0)
        return Reply(page, MORE_TO_COME) if self._pages else Reply(page)


def _key_entry(wanted: PutKey) -> KeyEntry:
    """Three keys of one kind for SCP80; Refused 6A80 for anything else."""
    kinds = {new.type for new in wanted.keys}
    single = any(new.type == KeyType.DES and (new.key.length == 8 or new.key.is_degenerate) for new in wanted.keys)
    if wanted.first_key_id != 1 or len(wanted.keys) != 3 or len(kinds) != 1 or single:
        raise Refused(WRONG_DATA)
    if not 1 <= wanted.key_version <= LAST_KEY_SET:
        raise Refused(WRONG_DATA)
    kind = KeyKind.AES if kinds == {KeyType.AES} else KeyKind.DES
    return KeyEntry.of(wanted.key_version, KeySet(*(new.key for new in wanted.keys)), kind)


GET_DATA = 0xCA
_COMMANDS: dict[int, Callable[[ManagerSession, CommandApdu], Reply]] = {
    GET_DATA: ManagerSession.get_data,
    0xE6: ManagerSession.install,
    0xE2: ManagerSession.store_data,
    0xD8: ManagerSession.put_key,
    0xE4: ManagerSession.delete,
    0xF2: ManagerSession.get_status,
}
