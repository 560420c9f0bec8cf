"""INSTALL and LOAD: bringing an application onto a card — GlobalPlatform Card Specification §11.5, §11.6.

Each variant is a value; `apdu()` writes it, :func:`decode_install` tells them apart again. All but the
combined process fit one short APDU; what does not fit is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..card.apdu import CommandApdu
from ..card.identities import Aid
from ..errors import BadValue, LocalError
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber_length, encode_ber_length

INSTALL_INS: Final = 0xE6
LOAD_INS: Final = 0xE8
NO_PARAMETERS: Final = b"\xc9\x00"
_CLAUSE: Final = "GlobalPlatform §11.5.2"

_LOAD, _INSTALL, _SELECTABLE = 0x02, 0x04, 0x08
_EXTRADITION, _PERSONALISATION, _REGISTRY = 0x10, 0x20, 0x40
_COMBINED: Final = _LOAD | _INSTALL | _SELECTABLE
_COMBINED_FIRST, _COMBINED_LAST = 0x01, 0x03


@dataclass(frozen=True, slots=True)
class InstallForLoad:
    """A load file is about to come. `combined` starts the process [for load, install and make selectable]."""

    package: Aid
    security_domain: Aid | None = None
    digest: bytes = b""
    parameters: bytes = b""
    token: bytes = b""
    combined: bool = False

    def apdu(self, le: int | None = None) -> CommandApdu:
        data = _aids(self.package, self.security_domain) + _short(self.digest) + _long(self.parameters, self.token)
        if self.combined:
            return _install(_COMBINED, data, le, _COMBINED_FIRST)
        return _install(_LOAD, data, le)


@dataclass(frozen=True, slots=True)
class InstallForInstall:
    """An application from a module of a loaded package; selectable at once unless told otherwise."""

    package: Aid
    module: Aid
    application: Aid
    privileges: bytes = b"\x00"
    parameters: bytes = NO_PARAMETERS
    token: bytes = b""
    make_selectable: bool = True
    combined: bool = False

    def apdu(self, le: int | None = None) -> CommandApdu:
        aids = _aids(self.package, self.module, self.application)
        data = aids + _short(_privileges(self.privileges)) + _long(self.parameters, self.token)
        if self.combined:
            return _install(_COMBINED, data, le, _COMBINED_LAST)
        return _install(_INSTALL | (_SELECTABLE if self.make_selectable else 0), data, le)


@dataclass(frozen=True, slots=True)
class InstallForMakeSelectable:
    """An application that was installed before becomes selectable."""

    application: Aid
    privileges: bytes = b"\x00"
    parameters: bytes = b""
    token: bytes = b""

    def apdu(self, le: int | None = None) -> CommandApdu:
        data = _aids(None, None, self.application) + _short(_privileges(self.privileges))
        return _install(_SELECTABLE, data + _long(self.parameters, self.token), le)


@dataclass(frozen=True, slots=True)
class InstallForExtradition:
    """An application goes over to another security domain."""

    security_domain: Aid
    application: Aid
    parameters: bytes = b""
    token: bytes = b""

    def apdu(self, le: int | None = None) -> CommandApdu:
        data = _aids(self.security_domain, None, self.application) + b"\x00" + _long(self.parameters, self.token)
        return _install(_EXTRADITION, data, le)


@dataclass(frozen=True, slots=True)
class InstallForPersonalisation:
    """The STORE DATA that follow are for this application."""

    application: Aid

    def apdu(self, le: int | None = None) -> CommandApdu:
        return _install(_PERSONALISATION, _aids(None, None, self.application) + bytes(3), le)


@dataclass(frozen=True, slots=True)
class InstallForRegistryUpdate:
    """New privileges, parameters or security domain for an application (None: the card itself)."""

    security_domain: Aid | None = None
    application: Aid | None = None
    privileges: bytes = b""
    parameters: bytes = b""
    token: bytes = b""

    def apdu(self, le: int | None = None) -> CommandApdu:
        privileges = _privileges(self.privileges) if self.privileges else b""
        data = _aids(self.security_domain, None, self.application) + _short(privileges)
        return _install(_REGISTRY, data + _long(self.parameters, self.token), le)


Install = (
    InstallForLoad
    | InstallForInstall
    | InstallForMakeSelectable
    | InstallForExtradition
    | InstallForPersonalisation
    | InstallForRegistryUpdate
)


def decode_install(apdu: CommandApdu) -> Install:
    """Which INSTALL it is; `BadValue` for combinations of purposes the specification does not name."""
    if apdu.ins != INSTALL_INS:
        raise BadValue(f"INS {apdu.ins:02X} is not INSTALL", clause=_CLAUSE)
    purpose, position = apdu.p1, apdu.p2
    combined = purpose == _COMBINED and position in (_COMBINED_FIRST, _COMBINED_LAST)
    if position and not combined:
        raise BadValue(f"INSTALL P1 {purpose:02X} P2 {position:02X}", clause=_CLAUSE)
    if len(apdu.data) > 255:
        raise BadValue(f"INSTALL data of {len(apdu.data)} octets", clause=_CLAUSE)
    cursor = Cursor(apdu.data)
    if purpose == _LOAD or (combined and position == _COMBINED_FIRST):
        first, second = _take_aid(cursor), _take_aid(cursor)
        digest, parameters, token = _take_short(cursor), _take_long(cursor), _take_long(cursor)
        cursor.expect_end("INSTALL [for load]")
        return InstallForLoad(_needed(first), second, digest, parameters, token, combined)
    first, second, third = _take_aid(cursor), _take_aid(cursor), _take_aid(cursor)
    privileges, parameters, token = _take_short(cursor), _take_long(cursor), _take_long(cursor)
    cursor.expect_end("INSTALL")
    if len(privileges) not in (0, 1, 3):
        raise BadValue(f"privileges of {len(privileges)} octets", clause="GlobalPlatform §11.1.2")
    if privileges and (purpose in (_INSTALL, _INSTALL | _SELECTABLE) or combined):
        selectable = bool(purpose & _SELECTABLE)
        return InstallForInstall(
            _needed(first), _needed(second), _needed(third), privileges, parameters, token, selectable, combined
        )
    if second is not None:
        raise BadValue("an executable module where none belongs", clause=_CLAUSE)
    return _other(purpose, first, third, privileges, parameters, token)


def _other(  # noqa: PLR0917 - the fields in the order of the specification
    purpose: int, first: Aid | None, third: Aid | None, privileges: bytes, parameters: bytes, token: bytes
) -> Install:
    if purpose == _REGISTRY:
        return InstallForRegistryUpdate(first, third, privileges, parameters, token)
    application = _needed(third)
    if purpose == _EXTRADITION and not privileges:
        return InstallForExtradition(_needed(first), application, parameters, token)
    if purpose == _SELECTABLE and first is None and privileges:
        return InstallForMakeSelectable(application, privileges, parameters, token)
    if purpose == _PERSONALISATION and first is None and not privileges + parameters + token:
        return InstallForPersonalisation(application)
    raise BadValue(f"INSTALL P1 {purpose:02X} with these fields", clause=_CLAUSE)


def load_blocks(load_file: bytes, *, block_size: int = 255, le: int | None = None) -> tuple[CommandApdu, ...]:
    """LOAD commands for a load file data block (the components of a CAP file one after the other) — §11.6."""
    if not 1 <= block_size <= 255:
        raise LocalError(f"a block of {block_size} octets", clause="GlobalPlatform §11.6.2")
    octets = BerTlv(0xC4, load_file).encode()
    starts = range(0, len(octets), block_size)
    if len(starts) > 256:
        raise LocalError(f"{len(starts)} LOAD blocks: at most 256", clause="GlobalPlatform §11.6.2")
    last = len(starts) - 1
    return tuple(
        CommandApdu(0x80, LOAD_INS, 0x80 if number == last else 0, number, octets[start : start + block_size], le)
        for number, start in enumerate(starts)
    )


def _install(purpose: int, data: bytes, le: int | None, position: int = 0) -> CommandApdu:
    if len(data) > 255:
        raise LocalError(f"INSTALL data of {len(data)} octets does not fit one APDU", clause=_CLAUSE)
    return CommandApdu(0x80, INSTALL_INS, purpose, position, data, le)


def _privileges(octets: bytes) -> bytes:
    if len(octets) not in (1, 3):
        raise LocalError(f"privileges have 1 or 3 octets, not {len(octets)}", clause="GlobalPlatform §11.1.2")
    return octets


def _aids(*aids: Aid | None) -> bytes:
    return b"".join(_short(b"" if aid is None else aid.octets) for aid in aids)


def _short(octets: bytes) -> bytes:
    if len(octets) > 0x7F:
        raise LocalError(f"a field of {len(octets)} octets: at most 127", clause=_CLAUSE)
    return bytes((len(octets),)) + octets


def _long(*fields: bytes) -> bytes:
    return b"".join(encode_ber_length(len(octets)) + octets for octets in fields)


def _take_short(cursor: Cursor) -> bytes:
    offset = cursor.offset
    length = cursor.u8("length")
    if length > 0x7F:
        raise BadValue(f"a field of {length} octets: at most 127", offset=offset, clause=_CLAUSE)
    return cursor.take(length, "INSTALL field")


def _take_long(cursor: Cursor) -> bytes:
    return cursor.take(decode_ber_length(cursor), "INSTALL field")


def _take_aid(cursor: Cursor) -> Aid | None:
    octets = _take_short(cursor)
    return Aid(octets) if octets else None


def _needed(aid: Aid | None) -> Aid:
    if aid is None:
        raise BadValue("an AID is missing", clause=_CLAUSE)
    return aid
