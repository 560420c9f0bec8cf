"""The card manager: issuer security domain and registry (docs/wire/card-application.md §5, GlobalPlatform 2.3 §11).

Applications are installed into eight slots, personalised with their keys, listed and deleted. Loading of code is
not simulated: both modules are on the card from birth. Commands that change something come in authentic packets only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telecom_codecs.apdu import CommandApdu
from telecom_codecs.identities import Aid
from telecom_codecs.octets import Cursor
from telecom_codecs.secret_key import BlockCipher, CryptoProvider, SecretKey
from telecom_codecs.tlv import BerTlv, decode_ber_all, find_ber

from ..applet.enterprise import (
    ENTERPRISE_MODULE,
    KEY_OF_RIGHT,
    LOAD_FILE,
    MENU_AID,
    MENU_MODULE,
    SLOTS,
    EnterpriseApplication,
    KeyUsage,
    application_aid,
)
from ..applet.purse import DEFAULT_CAP, ApplicationState, Rights
from .memory import NonVolatile
from .packets import PacketContext
from .profile import CardProfile, KeyEntry, KeyKind
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

ISD_AID = Aid(bytes.fromhex("A000000151000000"))
SECURED = 0x0F  #: life cycle of the card, GP table 11-6
LOADED = 0x01  #: life cycle of a load file
PAGE_OCTETS = 200
KEYS_DGI = 0x8201
NAME_OCTETS = 16
_KEY_TYPE = {KeyKind.DES: 0x80, KeyKind.AES: 0x88}


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One row of GET STATUS."""

    aid: Aid
    life_cycle: int
    privileges: int = 0
    load_file: Aid | None = None
    modules: tuple[Aid, ...] = ()

    def template(self) -> bytes:
        """The E3 form, GP table 11-36."""
        parts = [BerTlv(0x4F, self.aid.octets), BerTlv(0x9F70, bytes([self.life_cycle]))]
        if self.modules or self.load_file is None:
            parts += [BerTlv(0x84, module.octets) for module in self.modules]
        if self.load_file is not None:
            parts += [BerTlv(0xC5, bytes([self.privileges, 0, 0])), BerTlv(0xC4, self.load_file.octets)]
        return BerTlv.of(0xE3, *parts).encode()

    def row(self) -> bytes:
        """The older form: length and AID, life cycle, privileges."""
        octets = bytes([len(self.aid.octets)]) + self.aid.octets + bytes([self.life_cycle, self.privileges])
        if self.modules:
            octets += bytes([len(self.modules)])
            octets += b"".join(bytes([len(module.octets)]) + module.octets for module in self.modules)
        return octets


@dataclass(frozen=True, slots=True)
class ApplicationParameters:
    """The value of C9 in INSTALL: version 1, enterprise 4, slot 1, rights 1, cap 4, length and UCS-2 name."""

    enterprise: int
    slot: int
    rights: int
    cap: int
    name: str

    @classmethod
    def decode(cls, octets: bytes) -> ApplicationParameters:
        """CodecError or Refused 6A80 for anything else."""
        cursor = Cursor(octets)
        version, enterprise, slot = cursor.u8("version"), cursor.u32("enterprise"), cursor.u8("slot")
        rights, cap = cursor.u8("rights"), cursor.u32("cap")
        name = cursor.take(cursor.u8("name length"), "name")
        cursor.expect_end("C9")
        if version != 1 or slot not in SLOTS or not 1 <= rights <= 7 or len(name) > NAME_OCTETS or len(name) % 2:
            raise Refused(WRONG_DATA)
        try:
            return cls(enterprise, slot, rights, cap or DEFAULT_CAP, name.decode("utf-16-be"))
        except UnicodeDecodeError:
            raise Refused(WRONG_DATA) from None


class CardManager:
    """RAM of one card. A `Session` of it lives for one script."""

    def __init__(
        self,
        profile: CardProfile,
        memory: NonVolatile,
        provider: CryptoProvider,
        application: Callable[[int], EnterpriseApplication | None],
    ) -> None:
        self._profile = profile
        self._memory = memory
        self._provider = provider
        self._application = application

    @property
    def has_menu(self) -> bool:
        """The menu applet is on the card."""
        return self._profile.has_menu

    def installed(self) -> tuple[EnterpriseApplication, ...]:
        """The enterprise applications, by slot."""
        found = (self._application(slot) for slot in SLOTS)
        return tuple(application for application in found if application is not None)

    def by_aid(self, aid: bytes) -> EnterpriseApplication | None:
        return next((application for application in self.installed() if application.aid.octets == aid), None)

    def registry(self, kind: int) -> list[RegistryEntry]:
        """The rows of GET STATUS with P1 `kind`; Refused 6A86 for an unknown one."""
        match kind:
            case 0x80:
                return [RegistryEntry(ISD_AID, SECURED, 0x9E, ISD_AID)]
            case 0x40:
                menu = [RegistryEntry(MENU_AID, 0x07, 0, LOAD_FILE)] if self.has_menu else []
                return menu + [RegistryEntry(a.aid, a.state.life_cycle, 0, LOAD_FILE) for a in self.installed()]
            case 0x20:
                return [RegistryEntry(LOAD_FILE, LOADED)]
            case 0x10:
                return [RegistryEntry(LOAD_FILE, LOADED, modules=(MENU_MODULE, ENTERPRISE_MODULE))]
        raise Refused(WRONG_P1_P2)

    def get_data(self, apdu: CommandApdu) -> Reply:
        """GET DATA: key information (00E0) and card resources (FF21)."""
        match (apdu.p1, apdu.p2):
            case (0x00, 0xE0):
                parts = [part for entry in self._profile.keys.values() for part in _key_information(entry)]
                return Reply(BerTlv.of(0xE0, *parts).encode())
            case (0xFF, 0x21):
                free = (len(SLOTS) - len(self.installed())) * 1024
                parts = [
                    BerTlv(0x81, bytes([len(self.installed())])),
                    BerTlv(0x82, free.to_bytes(4, "big")),
                    BerTlv(0x83, (2048).to_bytes(2, "big")),
                ]
                return Reply(BerTlv.of(0xFF21, *parts).encode())
        raise Refused(REFERENCED_DATA_NOT_FOUND)

    def session(self, context: PacketContext | None) -> ManagerSession:
        """For the commands of one script, or of the contacts (`context` None)."""
        return ManagerSession(self, self._memory, self._provider, context)


class ManagerSession:
    """What one script has begun: the application being personalised, the page of GET STATUS."""

    def __init__(
        self, manager: CardManager, memory: NonVolatile, provider: CryptoProvider, context: PacketContext | None
    ) -> None:
        self._manager = manager
        self._memory = memory
        self._provider = provider
        self._context = context
        self._personalising: EnterpriseApplication | None = None
        self._blocks: list[bytes] = []
        self._rows: list[bytes] = []

    def execute(self, apdu: CommandApdu) -> Reply:
        """One command; 6982 for everything but GET DATA unless the packet was authentic."""
        command = _COMMANDS.get(apdu.ins)
        if command is None:
            raise Refused(UNKNOWN_INS)
        if apdu.ins != GET_DATA and (self._context is None or not self._context.authentic):
            raise Refused(SECURITY_NOT_SATISFIED)
        return command(self, apdu)

    def get_data(self, apdu: CommandApdu) -> Reply:
        return self._manager.get_data(apdu)

    def install(self, apdu: CommandApdu) -> Reply:
        """INSTALL [for install and make selectable] and [for personalisation]."""
        cursor = Cursor(apdu.data)
        load_file, module, instance, privileges, parameters, token = (
            cursor.take(cursor.u8(f"length of {name}"), name)
            for name in ("load file", "module", "instance", "privileges", "parameters", "token")
        )
        cursor.expect_end("INSTALL")
        if apdu.p2 or token:
            raise Refused(WRONG_P1_P2 if apdu.p2 else WRONG_DATA)
        if apdu.p1 == 0x20:
            return self._begin_personalisation(instance)
        if apdu.p1 != 0x0C:
            raise Refused(WRONG_P1_P2)
        if load_file != LOAD_FILE.octets or module != ENTERPRISE_MODULE.octets:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        if privileges != b"\x00":
            raise Refused(WRONG_DATA)
        return self._install(instance, parameters)

    def _install(self, instance: bytes, parameters: bytes) -> Reply:
        application = find_ber(decode_ber_all(parameters), 0xC9)
        if application is None:
            raise Refused(WRONG_DATA)
        wanted = ApplicationParameters.decode(application.value)
        if instance != application_aid(wanted.enterprise, wanted.slot).octets or not wanted.enterprise:
            raise Refused(WRONG_DATA)
        if any(present.enterprise == wanted.enterprise for present in self._manager.installed()):
            raise Refused(CONDITIONS_NOT_SATISFIED)
        if EnterpriseApplication.is_installed(self._memory, wanted.slot):
            raise Refused(NO_SPACE)
        state = ApplicationState(wanted.enterprise, wanted.slot, wanted.rights, wanted.cap, wanted.name)
        EnterpriseApplication.install(self._memory, state)
        return DONE

    def _begin_personalisation(self, instance: bytes) -> Reply:
        self._personalising, self._blocks = None, []
        application = self._manager.by_aid(instance)
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
        if apdu.p1 & 0x7F != 0x68:
            raise Refused(WRONG_P1_P2)
        self._blocks.append(apdu.data)
        if not apdu.p1 & 0x80:
            return DONE
        application, self._personalising = self._personalising, None
        keys = self._keys_in(b"".join(self._blocks))
        rights = application.state.rights
        wanted = {KeyUsage.LOAD, KeyUsage.TAC} | {KEY_OF_RIGHT[right] for right in Rights if rights & right}
        if not wanted <= keys.keys():
            raise Refused(WRONG_DATA)
        application.personalise(keys)
        return DONE

    def _keys_in(self, octets: bytes) -> dict[KeyUsage, SecretKey]:
        """The keys of DGI 8201: version 1, then usage 1, cryptogram 16, check value 3 each."""
        keys: dict[KeyUsage, SecretKey] = {}
        cursor = Cursor(octets)
        while cursor.remaining:
            if cursor.u16("DGI") != KEYS_DGI:
                raise Refused(WRONG_DATA)
            entries = cursor.sub(cursor.u8("DGI length"), "DGI value")
            entries.u8("key version")
            while entries.remaining:
                usage, cryptogram, check = entries.u8("usage"), entries.take(16, "key"), entries.take(3, "check value")
                key = self._unwrapped(cryptogram)
                if usage not in KeyUsage._value2member_map_ or key.kcv(self._provider) != check:
                    raise Refused(WRONG_DATA)
                keys[KeyUsage(usage)] = key
        return keys

    def _unwrapped(self, cryptogram: bytes) -> SecretKey:
        entry = self._context.keys if self._context else None
        if entry is None or entry.keys.key_encryption is None:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        wrapping = entry.keys.key_encryption
        cipher = BlockCipher.AES if entry.kind is KeyKind.AES else BlockCipher.DES3
        return SecretKey(self._provider.decrypt(cipher, "ecb", wrapping, b"", cryptogram))

    def delete(self, apdu: CommandApdu) -> Reply:
        """DELETE of an application, AID in 4F."""
        if apdu.p1:
            raise Refused(WRONG_P1_P2)
        named = decode_ber_all(apdu.data)
        if len(named) != 1 or named[0].tag != 0x4F:
            raise Refused(WRONG_DATA)
        aid = named[0].value
        if aid in (ISD_AID.octets, LOAD_FILE.octets) or (aid == MENU_AID.octets and self._manager.has_menu):
            raise Refused(CONDITIONS_NOT_SATISFIED)
        application = self._manager.by_aid(aid)
        if application is None:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        application.delete()
        return DONE

    def get_status(self, apdu: CommandApdu) -> Reply:
        """GET STATUS, in pages: 6310 says that there is more."""
        if apdu.p2 & ~0x03:
            raise Refused(WRONG_P1_P2)
        if not apdu.p2 & 0x01:
            wanted = decode_ber_all(apdu.data)
            if not wanted or wanted[0].tag != 0x4F:
                raise Refused(WRONG_DATA)
            entries = [e for e in self._manager.registry(apdu.p1) if e.aid.octets.startswith(wanted[0].value)]
            self._rows = [entry.template() if apdu.p2 & 0x02 else entry.row() for entry in entries]
        if not self._rows:
            raise Refused(REFERENCED_DATA_NOT_FOUND)
        page = b""
        while self._rows and len(page) + len(self._rows[0]) <= PAGE_OCTETS:
            page += self._rows.pop(0)
        return Reply(page, MORE_TO_COME) if self._rows else Reply(page)


def _key_information(entry: KeyEntry) -> list[BerTlv]:
    keys = [entry.keys.ciphering, entry.keys.check, entry.keys.key_encryption]
    kind = _KEY_TYPE[entry.kind]
    return [
        BerTlv(0xC0, bytes([number, entry.index, kind, key.length]))
        for number, key in enumerate(keys, start=1)
        if key is not None
    ]


GET_DATA = 0xCA
_COMMANDS: dict[int, Callable[[ManagerSession, CommandApdu], Reply]] = {
    GET_DATA: ManagerSession.get_data,
    0xE6: ManagerSession.install,
    0xE2: ManagerSession.store_data,
    0xE4: ManagerSession.delete,
    0xF2: ManagerSession.get_status,
}
