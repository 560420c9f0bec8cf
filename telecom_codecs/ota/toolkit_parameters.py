"""What INSTALL tells the card about a toolkit application — ETSI TS 102 226 §8.2.1.3.2, GlobalPlatform §11.5.2.3.7.

Three containers: C9 for the application itself, EF for the system (memory quotas C7 and C8, and CA, the
older SIM toolkit parameters), EA for the UICC (80 toolkit, 81 file access, 82 administrative access).
Reading is lenient, for live cards hold odd values; :meth:`InstallParameters.encode` checks first, because
a card answers every mistake with the same 6A80.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from ..card.identities import Tar
from ..errors import BadValue, LimitExceeded, LocalError
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber_all

CLAUSE: Final = "TS 102 226 §8.2.1.3.2.2"

_APPLICATION, _SYSTEM, _UICC = 0xC9, 0xEF, 0xEA
_CODE, _VOLATILE, _NON_VOLATILE, _SIM_TOOLKIT = 0xC6, 0xC7, 0xC8, 0xCA
_UICC_TOOLKIT, _UICC_ACCESS, _UICC_ADMINISTRATION = 0x80, 0x81, 0x82
_MSL_MINIMUM_SPI: Final = 0x01
_FILE_SYSTEMS_AT_MOST: Final = 85  #: three octets each in the 255 of an APDU


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Position 1 is first, 0 last; identifier 0 means "any", 1 to 127 are the issuer's."""

    position: int = 0
    identifier: int = 0


def minimum_security_level(spi1: int) -> bytes:
    """The MSL field that refuses packets whose SPI octet 1 is below `spi1` — §8.2.1.3.2.4."""
    return bytes((_MSL_MINIMUM_SPI, spi1))


@dataclass(frozen=True, slots=True)
class UiccToolkitParameters:
    """Toolkit resources of an application: object 80 of EA; the end of CA is the same.

    `msl` is the field without its length, empty for none. `tars` and `services` are None where the
    octets end before them (older coding).

    >>> tars = (Tar.from_hex("AF4D01"),)
    >>> UiccToolkitParameters(channels=1, msl=minimum_security_level(0x12), tars=tars).encode().hex()
    '010000000102011203af4d0100'
    """

    priority: int = 1
    timers: int = 0
    text_length: int = 0
    menu: tuple[MenuEntry, ...] = ()
    channels: int = 0
    msl: bytes = b""
    tars: tuple[Tar, ...] | None = ()
    services: int | None = 0

    @property
    def minimum_spi(self) -> int | None:
        """SPI octet 1 of the minimum security level, if it is given in the standard way."""
        return self.msl[1] if len(self.msl) == 2 and self.msl[0] == _MSL_MINIMUM_SPI else None

    def check(self) -> None:
        """Raise `LocalError` for what a card would answer with 6A80, or worse, accept."""
        if not 1 <= self.priority <= 0xFF:
            raise LocalError(f"priority {self.priority}: 1 (highest) to 255", clause=CLAUSE)
        if not (0 <= self.timers <= 8 and 0 <= self.channels <= 7 and 0 <= (self.services or 0) <= 8):
            raise LocalError("a card has 8 timers, 7 channels and 8 services to give", clause=CLAUSE)
        self._check_menu()
        if self.msl and (self.minimum_spi is None or self.minimum_spi >> 5):
            raise LocalError(f"MSL {self.msl.hex()}: 01 and SPI octet 1 expected", clause="TS 102 226 §8.2.1.3.2.4")
        tars = self.tars or ()
        if len(set(tars)) != len(tars) or Tar(b"\x00\x00\x00") in tars:
            raise LocalError("a TAR is given twice, or is the issuer security domain's", clause=CLAUSE)

    def _check_menu(self) -> None:
        if self.menu and not self.text_length:
            raise LocalError("menu entries without room for text", clause=CLAUSE)
        if len(self.menu) > 0xFF or not 0 <= self.text_length <= 0xFF:
            raise LocalError("at most 255 menu entries of 255 octets", clause=CLAUSE)
        for name, limit, numbers in (
            ("position", 0xFF, [entry.position for entry in self.menu]),
            ("identifier", 0x7F, [entry.identifier for entry in self.menu]),
        ):
            given = [number for number in numbers if number]
            if len(set(given)) != len(given) or any(not 0 < number <= limit for number in given):
                raise LocalError(f"a menu {name} is given twice or is above {limit}", clause=CLAUSE)

    def encode(self) -> bytes:
        """The value of the object, unchecked beyond what octets can hold."""
        if self.tars is None and self.services is not None:
            raise LocalError("services stand after the TARs", clause=CLAUSE)
        numbers = [self.priority, self.timers, self.text_length, len(self.menu)]
        for entry in self.menu:
            numbers += (entry.position, entry.identifier)
        head = _octets([*numbers, self.channels, len(self.msl)]) + self.msl
        if self.tars is None:
            return head
        tars = b"".join(tar.octets for tar in self.tars)
        return head + _octets([len(tars)]) + tars + (b"" if self.services is None else _octets([self.services]))

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        """From the rest of `cursor`."""
        priority, timers, text_length = cursor.take(3, "priority, timers, text length")
        entries = cursor.take(2 * cursor.u8("number of menu entries"), "menu entries")
        menu = tuple(MenuEntry(*entries[i : i + 2]) for i in range(0, len(entries), 2))
        channels = cursor.u8("channels")
        msl = cursor.take(cursor.u8("MSL length"), "MSL")
        tars: tuple[Tar, ...] | None = None
        services = None
        if cursor.remaining:
            offset = cursor.offset
            octets = cursor.take(cursor.u8("TAR length"), "TARs")
            if len(octets) % 3:
                raise BadValue(f"TARs of {len(octets)} octets", offset=offset, clause=CLAUSE)
            tars = tuple(Tar(octets[i : i + 3]) for i in range(0, len(octets), 3))
        if cursor.remaining:
            services = cursor.u8("services")
        cursor.expect_end("toolkit parameters")
        return cls(priority, timers, text_length, menu, channels, msl, tars, services)


@dataclass(frozen=True, slots=True)
class SimToolkitParameters:
    """Object CA: access domain, then the toolkit resources (without services) — §8.2.1.3.2.1."""

    access_domain: bytes = b"\xff"
    toolkit: UiccToolkitParameters = UiccToolkitParameters(services=None)

    def check(self) -> None:
        self.toolkit.check()
        if self.toolkit.services is not None:
            raise LocalError("CA says nothing of services", clause="TS 102 226 §8.2.1.3.2.1")

    def encode(self) -> bytes:
        return _octets([len(self.access_domain)]) + self.access_domain + self.toolkit.encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        cursor = Cursor(octets)
        return cls(
            cursor.take(cursor.u8("access domain length"), "access domain"), UiccToolkitParameters.decode(cursor)
        )


@dataclass(frozen=True, slots=True)
class FileAccess:
    """What an application may do in one file system: objects 81 and 82 of EA.

    `adf` is the AID of the ADF, empty for the files of the UICC itself; `domain` starts with its
    parameter (00 full access, FF none).
    """

    adf: bytes
    domain: bytes
    dap: bytes = b""

    def encode(self) -> bytes:
        return b"".join(_octets([len(part)]) + part for part in (self.adf, self.domain, self.dap))

    @classmethod
    def decode_all(cls, octets: bytes) -> tuple[Self, ...]:
        cursor = Cursor(octets)
        found: list[Self] = []
        while cursor.remaining:
            if len(found) == _FILE_SYSTEMS_AT_MOST:
                raise LimitExceeded("more file systems than one INSTALL can name", offset=cursor.offset, clause=CLAUSE)
            adf, domain, dap = (cursor.take(cursor.u8("length"), name) for name in ("ADF", "access domain", "DAP"))
            found.append(cls(adf, domain, dap))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class InstallParameters:
    """The install parameters field. None leaves an object out; `application` None leaves C9 out (not for install).

    Quotas are octets of memory. Objects we do not know are kept in `system_others`, `uicc_others` and `others`.

    >>> InstallParameters().encode().hex()
    'c900'
    """

    application: bytes | None = b""
    non_volatile: int | None = None
    volatile: int | None = None
    code_space: int | None = None
    sim_toolkit: SimToolkitParameters | None = None
    uicc_toolkit: UiccToolkitParameters | None = None
    uicc_access: tuple[FileAccess, ...] = ()
    uicc_administration: tuple[FileAccess, ...] = ()
    system_others: tuple[BerTlv, ...] = ()
    uicc_others: tuple[BerTlv, ...] = ()
    others: tuple[BerTlv, ...] = ()

    def check(self) -> None:
        """Raise `LocalError` for combinations a card refuses."""
        if self.sim_toolkit is not None and self.uicc_toolkit is not None:
            raise LocalError("CA and EA/80 exclude each other", clause="TS 102 226 §8.2.1.3.2")
        for toolkit in (self.sim_toolkit, self.uicc_toolkit):
            if toolkit is not None:
                toolkit.check()

    def encode(self, *, checked: bool = True) -> bytes:
        """The field's octets. `checked=False` writes values that were read from a card as they are."""
        if checked:
            self.check()
        objects = [] if self.application is None else [BerTlv(_APPLICATION, self.application)]
        quotas = ((_CODE, self.code_space), (_NON_VOLATILE, self.non_volatile), (_VOLATILE, self.volatile))
        system = [BerTlv(tag, _quota(octets)) for tag, octets in quotas if octets is not None]
        if self.sim_toolkit is not None:
            system.append(BerTlv(_SIM_TOOLKIT, self.sim_toolkit.encode()))
        uicc = [] if self.uicc_toolkit is None else [BerTlv(_UICC_TOOLKIT, self.uicc_toolkit.encode())]
        for tag, access in ((_UICC_ACCESS, self.uicc_access), (_UICC_ADMINISTRATION, self.uicc_administration)):
            if access:
                uicc.append(BerTlv(tag, b"".join(entry.encode() for entry in access)))
        for tag, inner in ((_SYSTEM, (*system, *self.system_others)), (_UICC, (*uicc, *self.uicc_others))):
            if inner:
                objects.append(BerTlv.of(tag, *inner))
        return b"".join(item.encode() for item in (*objects, *self.others))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the whole field; any order of objects, each at most once."""
        top, others = _split(decode_ber_all(octets), {_APPLICATION, _SYSTEM, _UICC})
        system, system_others = _split(_inside(top, _SYSTEM), {_CODE, _VOLATILE, _NON_VOLATILE, _SIM_TOOLKIT})
        uicc, uicc_others = _split(_inside(top, _UICC), {_UICC_TOOLKIT, _UICC_ACCESS, _UICC_ADMINISTRATION})
        sim, toolkit = system.get(_SIM_TOOLKIT), uicc.get(_UICC_TOOLKIT)
        return cls(
            application=top.get(_APPLICATION),
            non_volatile=_quota_of(system.get(_NON_VOLATILE)),
            volatile=_quota_of(system.get(_VOLATILE)),
            code_space=_quota_of(system.get(_CODE)),
            sim_toolkit=None if sim is None else SimToolkitParameters.decode(sim),
            uicc_toolkit=None if toolkit is None else UiccToolkitParameters.decode(Cursor(toolkit)),
            uicc_access=FileAccess.decode_all(uicc.get(_UICC_ACCESS, b"")),
            uicc_administration=FileAccess.decode_all(uicc.get(_UICC_ADMINISTRATION, b"")),
            system_others=system_others,
            uicc_others=uicc_others,
            others=others,
        )


def _split(objects: Iterable[BerTlv], known: set[int]) -> tuple[dict[int, bytes], tuple[BerTlv, ...]]:
    """Values of the known tags, and the other objects in their order."""
    found: dict[int, bytes] = {}
    others = []
    for item in objects:
        if item.tag not in known:
            others.append(item)
        elif item.tag in found:
            raise BadValue(f"object {item.tag:02X} twice", clause=CLAUSE)
        else:
            found[item.tag] = item.value
    return found, tuple(others)


def _inside(objects: dict[int, bytes], tag: int) -> tuple[BerTlv, ...]:
    return decode_ber_all(objects[tag]) if tag in objects else ()


def _quota(octets: int) -> bytes:
    if not 0 <= octets < 1 << 32:
        raise LocalError(f"a quota of {octets} octets", clause="GlobalPlatform §11.5.2.3.7")
    return octets.to_bytes(2 if octets < 1 << 16 else 4, "big")


def _quota_of(octets: bytes | None) -> int | None:
    if octets is None:
        return None
    if len(octets) not in (2, 4):
        raise BadValue(f"a quota of {len(octets)} octets", clause="GlobalPlatform §11.5.2.3.7")
    return int.from_bytes(octets, "big")


def _octets(numbers: list[int]) -> bytes:
    if any(not 0 <= number <= 0xFF for number in numbers):
        raise LocalError("a toolkit parameter is above 255", clause=CLAUSE)
    return bytes(numbers)
