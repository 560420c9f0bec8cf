"""Card management as labels: INSTALL, STORE DATA, DELETE, GET STATUS, PUT KEY and the answers — GlobalPlatform §11."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telecom_codecs.globalplatform.commands import StoreFormat
from telecom_codecs.octets import Cursor
from telecom_codecs.tlv import decode_ber_length

from .enterprise import parameters
from .layer import Walk
from .objects import Known, Names, ber_objects, number_of


def _hex(value: bytes) -> str:
    return value.hex().upper()


def _length(walk: Walk, name: str) -> int:
    return walk.number(1, f"length of {name}")


def _aid(walk: Walk, name: str) -> None:
    count = _length(walk, name)
    if count:
        walk.take(count, name, _hex)


def _sized(walk: Walk, name: str) -> int:
    """A length in BER form, labelled."""
    cursor = Cursor(walk.ahead())
    length = decode_ber_length(cursor)
    walk.take(cursor.offset, f"length of {name}", str(length))
    return length


def _toolkit(walk: Walk, count: int) -> None:
    """UICC toolkit parameters — TS 102 226 §8.2.1.3.2.2.1; the end of CA is the same."""
    end = walk.offset + count
    walk.number(1, "priority")
    walk.number(1, "timers")
    walk.number(1, "longest text of a menu entry")
    for _ in range(walk.number(1, "menu entries")):
        walk.number(1, "position")
        walk.number(1, "identifier")
    walk.number(1, "channels")
    level = walk.number(1, "length of MSL")
    if level:
        walk.number(1, "MSL parameter", lambda value: "minimum SPI octet 1" if value == 1 else f"{value:02X}")
        if level > 1:
            walk.take(level - 1, "MSL", _hex)
    if walk.offset < end:
        tars = walk.number(1, "length of TARs")
        for _ in range(tars // 3):
            walk.take(3, "TAR", _hex)
        if tars % 3:
            walk.take(tars % 3, "no TAR")
    if walk.offset < end:
        walk.number(1, "services")


def _sim_toolkit(walk: Walk, count: int) -> None:
    end = walk.offset + count
    domain = walk.number(1, "length of access domain")
    if domain:
        walk.take(domain, "access domain", _hex)
    _toolkit(walk, end - walk.offset)


def _access(walk: Walk, count: int) -> None:
    end = walk.offset + count
    while walk.offset < end:
        _aid(walk, "ADF")
        domain = _length(walk, "access domain")
        if domain:
            walk.take(domain, "access domain", lambda value: "full access" if value == b"\0" else _hex(value))
        dap = _length(walk, "DAP")
        if dap:
            walk.take(dap, "DAP")


PARAMETERS: Final[Names] = {
    0xC9: Known("application specific parameters", fields=parameters),
    0xEF: Known(
        "system specific parameters",
        inside={
            0xC6: Known("code space", number_of),
            0xC7: Known("volatile memory quota", number_of),
            0xC8: Known("non-volatile memory quota", number_of),
            0xCA: Known("SIM toolkit parameters", fields=_sim_toolkit),
        },
    ),
    0xEA: Known(
        "UICC system specific parameters (TS 102 226 §8.2.1.3.2.2)",
        inside={
            0x80: Known("toolkit parameters", fields=_toolkit),
            0x81: Known("file access parameters", fields=_access),
            0x82: Known("administrative access parameters", fields=_access),
        },
    ),
}

#: what the three AIDs of INSTALL are, by P1 (§11.5.2.3); [for load] has two, then a hash
PURPOSES: Final = {
    0x02: "for load",
    0x04: "for install",
    0x08: "for make selectable",
    0x0C: "for install and make selectable",
    0x0E: "for load, install and make selectable",
    0x10: "for extradition",
    0x20: "for personalization",
    0x40: "for registry update",
}


def install(walk: Walk, count: int, p1: int, p2: int) -> None:
    """The data field of INSTALL — GlobalPlatform §11.5.2.3."""
    end = walk.offset + count
    if p1 == 0x02 or (p1 == 0x0E and p2 == 0x01):
        _aid(walk, "load file AID")
        _aid(walk, "security domain AID")
        digest = _length(walk, "load file data block hash")
        if digest:
            walk.take(digest, "load file data block hash")
    else:
        first = {0x10: "security domain AID", 0x40: "security domain AID"}.get(p1, "load file AID")
        _aid(walk, first)
        _aid(walk, "module AID")
        _aid(walk, "application AID")
        privileges = _length(walk, "privileges")
        if privileges:
            walk.take(privileges, "privileges", _hex)
    ber_objects(walk, _sized(walk, "parameters"), PARAMETERS)
    token = _sized(walk, "token")
    if token:
        walk.take(token, "token")
    if walk.offset < end:
        walk.take(end - walk.offset, "left over")


def store_data(walk: Walk, count: int, p1: int) -> None:
    """The data field of STORE DATA — §11.11.2.3."""
    kind = p1 >> 3 & 3
    end = walk.offset + count
    if kind == StoreFormat.BER_TLV:
        ber_objects(walk, count, {})
        return
    while kind == StoreFormat.DGI and walk.offset < end:
        walk.take(2, "DGI", _hex)
        length = walk.number(1, "length of DGI")
        if length == 0xFF:
            length = walk.number(2, "length of DGI")
        walk.take(length, "value")
    if walk.offset < end:
        walk.take(end - walk.offset, "data")


def put_key(walk: Walk, count: int) -> None:
    """The data field of PUT KEY — §11.8.2.3; the keys in it are encrypted."""
    end = walk.offset + count
    walk.number(1, "new key version")
    while walk.offset < end:
        walk.number(1, "key type", lambda value: {0x80: "DES", 0x88: "AES"}.get(value, f"{value:02X}"))
        walk.take(_sized(walk, "key"), "key, encrypted")
        check = walk.number(1, "length of key check value")
        if check:
            walk.take(check, "key check value", _hex)


DELETE: Final[Names] = {
    0x4F: Known("AID", _hex),
    0xD0: Known("key identifier", _hex),
    0xD2: Known("key version", _hex),
    0xB6: Known("control reference template for digital signature"),
    0x9E: Known("delete token"),
}
GET_STATUS: Final[Names] = {0x4F: Known("AID searched for", _hex), 0x5C: Known("tag list", _hex)}
REGISTRY: Final[Names] = {
    0xE3: Known(
        "registry entry (GlobalPlatform §11.4.3)",
        inside={
            0x4F: Known("AID", _hex),
            0x9F70: Known("life cycle state", _hex),
            0xC5: Known("privileges", _hex),
            0xC4: Known("load file AID", _hex),
            0xCC: Known("security domain AID", _hex),
            0xCE: Known("load file version", _hex),
            0x84: Known("module AID", _hex),
        },
    ),
    0xE0: Known("key information template", inside={0xC0: Known("key: identifier, version, type and length", _hex)}),
    0xFF21: Known(
        "extended card resources",
        inside={
            0x81: Known("installed applications", number_of),
            0x82: Known("free non-volatile memory", number_of),
            0x83: Known("free volatile memory", number_of),
        },
    ),
}

Fields = Callable[[Walk, int, int, int], None]

#: data fields by INS of CLA 8x and 0x; the last two numbers are P1 and P2
DATA_FIELDS: Final[dict[int, Fields]] = {
    0xE6: install,
    0xE2: lambda walk, count, p1, p2: store_data(walk, count, p1),
    0xE4: lambda walk, count, p1, p2: ber_objects(walk, count, DELETE),
    0xF2: lambda walk, count, p1, p2: ber_objects(walk, count, GET_STATUS),
    0xD8: lambda walk, count, p1, p2: put_key(walk, count),
}
