"""What is on a card and how it lives: GET STATUS, SET STATUS, DELETE — GlobalPlatform §11.4, §11.10, §11.2.

A registry is read page by page (SW 6310 says that there is more); :class:`RegistryReading` asks until all
is there. Entries are read in the TLV form (P2 bit 2), which every card since GP 2.2 has.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Final, Self

from ..card.apdu import CommandApdu, ResponseApdu
from ..card.identities import Aid
from ..errors import BadValue, LimitExceeded, LocalError
from ..tlv import BerTlv, decode_ber_all

GET_STATUS_INS: Final = 0xF2
SET_STATUS_INS: Final = 0xF0
DELETE_INS: Final = 0xE4
MORE_FOLLOWS: Final = 0x6310
NOTHING_FOUND: Final = 0x6A88

_CLAUSE: Final = "GlobalPlatform §11.4"
_NEXT, _TLV_FORM = 0x01, 0x02
_AID, _LIFE_CYCLE, _PRIVILEGES, _MODULE = 0x4F, 0x9F70, 0xC5, 0x84
_PACKAGE, _DOMAIN, _VERSION, _ENTRY, _TAG_LIST = 0xC4, 0xCC, 0xCE, 0xE3, 0x5C
_TOKEN, _KEY_ID, _KEY_VERSION = 0x9E, 0xD0, 0xD2
_PAGES_AT_MOST: Final = 512


class RegistryScope(IntEnum):
    """GET STATUS P1 — §11.4.2.1."""

    ISSUER_SECURITY_DOMAIN = 0x80
    APPLICATIONS = 0x40  #: security domains other than the issuer's included
    LOAD_FILES = 0x20
    LOAD_FILES_AND_MODULES = 0x10


class ApplicationLifeCycle(IntEnum):
    """§11.1.1, table 11-4; bits 4-7 of the states above SELECTABLE belong to the application."""

    INSTALLED = 0x03
    SELECTABLE = 0x07
    PERSONALISED = 0x0F  #: of security domains; applications define theirs
    LOCKED = 0x83


class LoadFileLifeCycle(IntEnum):
    """§11.1.1, table 11-3."""

    LOADED = 0x01


class CardLifeCycle(IntEnum):
    """§11.1.1, table 11-6."""

    OP_READY = 0x01
    INITIALIZED = 0x07
    SECURED = 0x0F
    CARD_LOCKED = 0x7F
    TERMINATED = 0xFF


class Privilege(IntFlag):
    """First privilege octet — §11.1.2, table 11-7."""

    SECURITY_DOMAIN = 0x80
    DAP_VERIFICATION = 0xC0
    DELEGATED_MANAGEMENT = 0xA0
    CARD_LOCK = 0x10
    CARD_TERMINATE = 0x08
    CARD_RESET = 0x04
    CVM_MANAGEMENT = 0x02
    MANDATED_DAP = 0xC1


@dataclass(frozen=True, slots=True)
class GetStatus:
    """One GET STATUS: entries of `scope` whose AID starts with `aid`; `tags` limits what is told of each."""

    scope: int
    aid: bytes = b""
    tags: bytes = b""
    next_page: bool = False

    def apdu(self, le: int | None = None) -> CommandApdu:
        data = BerTlv(_AID, self.aid).encode()
        if self.tags:
            data += BerTlv(_TAG_LIST, self.tags).encode()
        if len(data) > 255 or not 0 <= self.scope <= 0xFF:
            raise LocalError("GET STATUS does not fit one APDU", clause=_CLAUSE)
        return CommandApdu(0x80, GET_STATUS_INS, self.scope, _TLV_FORM | self.next_page, data, le)

    @classmethod
    def decode(cls, apdu: CommandApdu) -> Self:
        if apdu.ins != GET_STATUS_INS or apdu.p2 not in (_TLV_FORM, _TLV_FORM | _NEXT):
            raise BadValue(f"INS {apdu.ins:02X} P2 {apdu.p2:02X} is no GET STATUS in TLV form", clause=_CLAUSE)
        found = _by_tag(decode_ber_all(apdu.data), {_AID, _TAG_LIST})
        if _AID not in found or len(apdu.data) > 255:
            raise BadValue("GET STATUS without 4F", clause=_CLAUSE)
        return cls(apdu.p1, found[_AID], found.get(_TAG_LIST, b""), bool(apdu.p2 & _NEXT))


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """One application, security domain or load file: template E3 — §11.4.3, table 11-36.

    What the card did not say is None or empty; `life_cycle` is a number of the enum that fits the scope.
    """

    aid: Aid
    life_cycle: int
    privileges: bytes = b""
    package: Aid | None = None
    security_domain: Aid | None = None
    version: bytes = b""
    modules: tuple[Aid, ...] = ()
    others: tuple[BerTlv, ...] = ()

    def encode(self) -> bytes:
        if not 0 <= self.life_cycle <= 0xFF:
            raise LocalError(f"life cycle {self.life_cycle}", clause="GlobalPlatform §11.1.1")
        objects = [BerTlv(_AID, self.aid.octets), BerTlv(_LIFE_CYCLE, bytes((self.life_cycle,)))]
        if self.privileges:
            objects.append(BerTlv(_PRIVILEGES, self.privileges))
        for tag, aid in ((_PACKAGE, self.package), (_DOMAIN, self.security_domain)):
            if aid is not None:
                objects.append(BerTlv(tag, aid.octets))
        if self.version:
            objects.append(BerTlv(_VERSION, self.version))
        objects.extend(BerTlv(_MODULE, module.octets) for module in self.modules)
        return BerTlv.of(_ENTRY, *objects, *self.others).encode()

    @classmethod
    def decode_all(cls, octets: bytes) -> tuple[Self, ...]:
        """Every entry of a response (or of all pages of it)."""
        return tuple(cls._of(item) for item in decode_ber_all(octets))

    @classmethod
    def _of(cls, template: BerTlv) -> Self:
        if template.tag != _ENTRY:
            raise BadValue(f"object {template.tag:02X} is no registry entry", clause="GlobalPlatform §11.4.3.1")
        single = {_AID, _LIFE_CYCLE, _PRIVILEGES, _PACKAGE, _DOMAIN, _VERSION}
        objects = template.children()
        found = _by_tag([item for item in objects if item.tag in single], single)
        if _AID not in found or len(found.get(_LIFE_CYCLE, b"")) != 1:
            raise BadValue("a registry entry without AID or life cycle state", clause="GlobalPlatform §11.4.3.1")
        package, domain = found.get(_PACKAGE), found.get(_DOMAIN)
        return cls(
            Aid(found[_AID]),
            found[_LIFE_CYCLE][0],
            found.get(_PRIVILEGES, b""),
            None if package is None else Aid(package),
            None if domain is None else Aid(domain),
            found.get(_VERSION, b""),
            tuple(Aid(item.value) for item in objects if item.tag == _MODULE),
            tuple(item for item in objects if item.tag not in single | {_MODULE}),
        )


@dataclass(slots=True)
class RegistryReading:
    """Asks for page after page. Send `command`, give the answer to :meth:`feed`, until `command` is None.

    Pages are joined before they are read: some cards cut entries in two.
    """

    scope: RegistryScope
    aid: bytes = b""
    le: int | None = 256
    command: CommandApdu | None = field(init=False)
    entries: tuple[RegistryEntry, ...] = field(init=False, default=())
    _octets: bytearray = field(init=False, repr=False, default_factory=bytearray)
    _pages: int = field(init=False, repr=False, default=0)

    def __post_init__(self) -> None:
        self.command = GetStatus(self.scope, self.aid).apdu(self.le)

    def feed(self, response: ResponseApdu) -> None:
        """Take one page; `BadValue` for a status word that is no page, `LimitExceeded` for a registry without end."""
        if response.sw == NOTHING_FOUND and not self._pages:
            self.command = None
            return
        if response.sw not in (0x9000, MORE_FOLLOWS):
            raise BadValue(f"GET STATUS answered {response.sw:04X}", clause="GlobalPlatform §11.4.3.2")
        self._pages += 1
        self._octets += response.data
        if response.sw == 0x9000:
            self.command = None
            self.entries = RegistryEntry.decode_all(bytes(self._octets))
        elif self._pages >= _PAGES_AT_MOST:
            raise LimitExceeded(f"a registry of more than {_PAGES_AT_MOST} pages", clause="GlobalPlatform §11.4")
        else:
            self.command = GetStatus(self.scope, self.aid, next_page=True).apdu(self.le)


def registry_pages(entries: Iterable[RegistryEntry], *, page_size: int = 255) -> tuple[bytes, ...]:
    """The card's side: whole entries per page, at most `page_size` octets; no page for no entry."""
    pages: list[bytes] = []
    for entry in entries:
        octets = entry.encode()
        if len(octets) > page_size:
            raise LocalError(f"a registry entry of {len(octets)} octets on a page of {page_size}", clause=_CLAUSE)
        if pages and len(pages[-1]) + len(octets) <= page_size:
            pages[-1] += octets
        else:
            pages.append(octets)
    return tuple(pages)


@dataclass(frozen=True, slots=True)
class SetStatus:
    """SET STATUS — §11.10. `scope` is 80 (card), 40 (application) or 60 (security domain and all in it)."""

    scope: int
    state: int
    aid: Aid | None = None

    def apdu(self) -> CommandApdu:
        return CommandApdu(0x80, SET_STATUS_INS, self.scope, self.state, b"" if self.aid is None else self.aid.octets)

    @classmethod
    def decode(cls, apdu: CommandApdu) -> Self:
        if apdu.ins != SET_STATUS_INS:
            raise BadValue(f"INS {apdu.ins:02X} is not SET STATUS", clause="GlobalPlatform §11.10")
        return cls(apdu.p1, apdu.p2, Aid(apdu.data) if apdu.data else None)


@dataclass(frozen=True, slots=True)
class Delete:
    """DELETE of a load file or application — §11.2. `related` takes the applications of a load file along."""

    aid: Aid
    related: bool = False
    token: bytes = b""

    def apdu(self, le: int | None = None) -> CommandApdu:
        data = BerTlv(_AID, self.aid.octets).encode()
        if self.token:
            data += BerTlv(_TOKEN, self.token).encode()
        if len(data) > 255:
            raise LocalError("DELETE does not fit one APDU", clause="GlobalPlatform §11.2.2")
        return CommandApdu(0x80, DELETE_INS, 0x00, 0x80 if self.related else 0x00, data, le)


@dataclass(frozen=True, slots=True)
class DeleteKey:
    """DELETE of keys — §11.2.2.3.2: one key, all of a version (`key_id` None) or all of an identifier."""

    key_version: int | None = None
    key_id: int | None = None

    def apdu(self, le: int | None = None) -> CommandApdu:
        numbers = ((_KEY_ID, self.key_id), (_KEY_VERSION, self.key_version))
        given = [(tag, number) for tag, number in numbers if number is not None]
        if not given or any(not 0 <= number <= 0x7F for _, number in given):
            raise LocalError("a key to delete has a version or an identifier, below 128", clause="GlobalPlatform §11.2")
        data = b"".join(BerTlv(tag, bytes((number,))).encode() for tag, number in given)
        return CommandApdu(0x80, DELETE_INS, 0x00, 0x00, data, le)


def decode_delete(apdu: CommandApdu) -> Delete | DeleteKey:
    """Which DELETE it is."""
    if apdu.ins != DELETE_INS or apdu.p1 or apdu.p2 not in (0x00, 0x80) or len(apdu.data) > 255:
        raise BadValue(
            f"INS {apdu.ins:02X} P1 {apdu.p1:02X} P2 {apdu.p2:02X} is no DELETE", clause="GlobalPlatform §11.2"
        )
    found = _by_tag(decode_ber_all(apdu.data), {_AID, _TOKEN, _KEY_ID, _KEY_VERSION})
    if _AID in found and not found.keys() & {_KEY_ID, _KEY_VERSION}:
        return Delete(Aid(found[_AID]), bool(apdu.p2), found.get(_TOKEN, b""))
    version, key_id = found.get(_KEY_VERSION), found.get(_KEY_ID)
    if (
        apdu.p2
        or _TOKEN in found
        or not found
        or any(octets is not None and (len(octets) != 1 or octets[0] > 0x7F) for octets in (version, key_id))
        or _AID in found
    ):
        raise BadValue("DELETE names neither an AID nor a key", clause="GlobalPlatform §11.2.2.3")
    return DeleteKey(None if version is None else version[0], None if key_id is None else key_id[0])


def _by_tag(objects: Iterable[BerTlv], known: set[int]) -> dict[int, bytes]:
    """Values by tag; unknown and repeated objects are refused."""
    found: dict[int, bytes] = {}
    for item in objects:
        if item.tag not in known or item.tag in found:
            raise BadValue(f"object {item.tag:02X} does not belong here, or twice", clause="GlobalPlatform §11")
        found[item.tag] = item.value
    return found
