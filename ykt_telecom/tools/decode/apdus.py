"""APDUs and scripts of them as layers — ISO 7816-4, ETSI TS 102 221, TS 102 226, GlobalPlatform."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telecom_codecs.card.apdu import CommandApdu, describe
from telecom_codecs.errors import BadValue, CodecError, LimitExceeded
from telecom_codecs.globalplatform.commands import StoreFormat
from telecom_codecs.ota.remote_command import MAXIMUM_COMMANDS, CommandScript, ResponseScript, is_outgoing

from .enterprise import ORDER_FIELDS
from .files import FCP
from .layer import Layer, Walk, layer
from .management import DATA_FIELDS, PURPOSES, REGISTRY
from .objects import Names, ber_objects, next_ber, octet_count

INSTRUCTIONS: Final = {
    0x04: "DEACTIVATE FILE",
    0x10: "TERMINAL PROFILE",
    0x12: "FETCH",
    0x14: "TERMINAL RESPONSE",
    0x20: "VERIFY",
    0x24: "CHANGE PIN",
    0x26: "DISABLE PIN",
    0x28: "ENABLE PIN",
    0x2C: "UNBLOCK PIN",
    0x32: "INCREASE",
    0x44: "ACTIVATE FILE",
    0x50: "INITIALIZE UPDATE",
    0x5A: "NUMBERED LOAD",
    0x5C: "QUERY",
    0x5E: "CLOSE / REOPEN / FREEZE / UNFREEZE",
    0x70: "MANAGE CHANNEL",
    0x82: "EXTERNAL AUTHENTICATE",
    0x84: "GET CHALLENGE",
    0x88: "AUTHENTICATE",
    0xA2: "SEARCH RECORD",
    0xA4: "SELECT",
    0xB0: "READ BINARY",
    0xB2: "READ RECORD",
    0xC0: "GET RESPONSE",
    0xC2: "ENVELOPE",
    0xCA: "GET DATA",
    0xD6: "UPDATE BINARY",
    0xD8: "PUT KEY",
    0xDA: "PUT DATA",
    0xDC: "UPDATE RECORD",
    0xE2: "STORE DATA",
    0xE4: "DELETE",
    0xE6: "INSTALL",
    0xE8: "LOAD",
    0xF0: "SET STATUS",
    0xF2: "STATUS",
}
TOOLKIT: Final = frozenset({0xC2, 0x14})  #: ENVELOPE, TERMINAL RESPONSE: what they carry is shown by the caller
PIN_COMMANDS: Final = frozenset({0x20, 0x24, 0x26, 0x28, 0x2C})
SELECT_BY: Final = {0x00: "by file identifier", 0x03: "parent DF", 0x04: "by AID", 0x08: "by path from MF",
                    0x09: "by path from current DF"}  # fmt: skip

Carried = Callable[[int, bytes], Layer]


def _cla(octet: int) -> str:
    kind = "GlobalPlatform or ETSI" if octet & 0x80 else "interindustry"
    if octet & 0xF0 == 0xA0:
        kind = "GSM 11.11"
    secured = ", secure messaging" if octet & 0x0C and not octet & 0x40 and octet & 0xF0 != 0xA0 else ""
    return f"{octet:02X} {kind}{secured}"


def instruction(cla: int, ins: int, p1: int) -> str:
    """The name of a command; STATUS and GET STATUS share a code and are told apart by P1."""
    if ins == 0xF2 and cla & 0x80 and p1 & 0xF0:
        return "GET STATUS"
    return INSTRUCTIONS.get(ins, f"{ins:02X}")


def _p1(ins: int, octet: int) -> str:
    if ins == 0xA4:
        return f"{octet:02X} {SELECT_BY.get(octet, '')}".rstrip()
    if ins == 0xE6:
        return f"{octet:02X} [{PURPOSES.get(octet & 0x7F, 'for an unknown purpose')}]"
    if ins == 0xE2:
        words = StoreFormat(octet >> 3 & 3).name.replace("_", "-")
        return f"{octet:02X} {'last' if octet & 0x80 else 'more'} block, format {words}"
    return f"{octet:02X}"


def command_apdu(octets: bytes, carried: Carried | None = None) -> Layer:
    """A C-APDU, with status word behind it or not; `carried` reads what ENVELOPE and TERMINAL RESPONSE hold."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        cla = walk.number(1, "CLA", _cla)
        ins = walk.number(1, "INS", lambda value: instruction(cla, value, (walk.ahead(1) or b"\0")[0]))
        walk.number(1, "P1", lambda value: _p1(ins, value))
        walk.number(1, "P2", lambda value: f"{value:02X}")
        count = _length(walk)
        inside: tuple[Layer, ...] = ()
        if count:
            data = walk.ahead(min(count, walk.remaining))
            _data(walk, len(data), octets[:4])
            inside = (carried(ins, data),) if carried and ins in TOOLKIT else ()
        if walk.remaining == 1:
            walk.number(1, "Le", lambda value: f"{value or 256} octets wanted")
        elif walk.remaining == 2 and is_status_word(octets):
            walk.number(2, "status word", describe)
        elif not walk.remaining:
            CommandApdu.decode(octets)  # lengths that contradict each other are this layer's fault
        return inside

    return layer("C-APDU", octets, read)


def _length(walk: Walk) -> int:
    """P3 (or three octets of extended length), labelled; how many octets of data follow."""
    if not walk.remaining:
        return 0
    if walk.remaining == 1:
        walk.number(1, "Le", lambda value: f"{value or 256} octets wanted, if any")
        return 0
    if walk.peek("P3") or walk.remaining <= 3:
        return walk.number(1, "Lc", lambda value: f"{value} octets of data" if value else "no data")
    walk.take(1, "extended length")
    return walk.number(2, "Lc", lambda value: f"{value} octets of data")


def _data(walk: Walk, count: int, header: bytes) -> None:
    cla, ins, p1, p2 = header
    fields = (DATA_FIELDS | ORDER_FIELDS).get(ins) if cla & 0x80 else None
    if ins in PIN_COMMANDS:
        walk.take(count, "PIN", "(hidden)", secret=True)
    elif fields is None or cla & 0x04 or (ins == 0xF2 and not p1 & 0xF0):
        walk.take(count, "data", lambda value: value.hex().upper() if ins == 0xA4 else "")
    else:
        labelled = _try(walk.ahead(count), lambda inner: fields(inner, count, p1, p2))
        _copy(walk, count, labelled)


def _try(octets: bytes, read: Callable[[Walk], None]) -> Walk | None:
    """A walk over `octets` that labelled all of them, or None where they do not follow the standard."""
    walk = Walk(octets)
    try:
        read(walk)
    except CodecError:
        return None
    return walk if not walk.remaining else None


def _copy(walk: Walk, count: int, labelled: Walk | None) -> None:
    """The labels of another walk over the next `count` octets, below a heading; one label where there is none."""
    if labelled is None:
        walk.take(count, "data")
        return
    walk.adopt(labelled)


def _response_fields(octets: bytes) -> Names | None:
    """How to read the answer of a command by its first object."""
    for names in (FCP, REGISTRY):
        try:
            item, _ = next_ber(octets)
        except CodecError:
            return None
        if item.tag in names:
            return names
    return None


def response_fields(walk: Walk, count: int) -> None:
    """Label the data a card answered: FCP, registry entries and the like by their objects."""
    octets = walk.ahead(count)
    names = _response_fields(octets)
    _copy(walk, count, _try(octets, lambda inner: ber_objects(inner, count, names)) if names else None)


def response_apdu(octets: bytes, carried: Carried | None = None) -> Layer:
    """An R-APDU; `carried` reads the proactive command that FETCH brought."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        inside: tuple[Layer, ...] = ()
        if walk.remaining > 2:
            data = walk.ahead()[:-2]
            if carried is not None and data[0] == 0xD0:
                walk.take(len(data), "data")
                inside = (carried(0x12, data),)
            else:
                response_fields(walk, len(data))
        walk.number(2, "status word", describe)
        if not is_status_word(octets):
            raise BadValue("no status word: SW1 is 6X or 9X", offset=len(octets) - 2, clause="ISO 7816-4 §5.6")
        return inside

    return layer("R-APDU", octets, read)


def is_status_word(octets: bytes) -> bool:
    """The last two octets can be SW1 SW2."""
    return len(octets) >= 2 and octets[-2] >> 4 in (0x6, 0x9)


def compact_script(octets: bytes) -> Layer:
    """C-APDUs one after the other — TS 102 226 §5.1.1."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        found: list[Layer] = []
        while walk.remaining:
            if walk.remaining == 1 and found:
                walk.number(1, "Le", lambda value: f"{value or 256} octets wanted")
                break
            if len(found) == MAXIMUM_COMMANDS:
                raise LimitExceeded("more than 255 commands", offset=walk.offset, clause="TS 102 226 §5.1.2")
            header = walk.take(5, "C-APDU header")
            count = 0 if is_outgoing(*header[:4]) else header[4]
            data = walk.take(count, "data") if count else b""
            found.append(command_apdu(header + data))
        return tuple(found)

    return layer("script, compact format (TS 102 226 §5.1.1)", octets, read)


SCRIPT_TEMPLATES: Final = frozenset({0xAA, 0xAE})


def script(octets: bytes) -> Layer:
    """Secured data of a command packet for card manager, files and applications: compact or expanded."""
    if octets[:1] and octets[0] in SCRIPT_TEMPLATES:
        try:
            CommandScript.decode(octets)
        except CodecError:
            return compact_script(octets)
        return _expanded("script, expanded format (TS 102 226 §5.2.1)", octets, _COMMAND_OBJECTS)
    return compact_script(octets)


_COMMAND_OBJECTS: Final[dict[int, tuple[str, Callable[[bytes], Layer] | None]]] = {
    0x22: ("C-APDU", command_apdu),
    0x81: ("immediate action", None),
    0x82: ("error action", None),
    0x83: ("script chaining", None),
}
_RESPONSE_OBJECTS: Final[dict[int, tuple[str, Callable[[bytes], Layer] | None]]] = {
    0x80: ("number of executed commands", None),
    0x23: ("R-APDU", response_apdu),
    0x81: ("immediate action response", None),
    0x83: ("script chaining response", None),
    0x90: ("bad format", None),
}


def _expanded(name: str, octets: bytes, names: dict[int, tuple[str, Callable[[bytes], Layer] | None]]) -> Layer:
    """A scripting template: an object for each command or answer."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        indefinite = octets[1:2] == b"\x80"
        head = 2 if indefinite else next_ber(octets)[1]
        walk.take(head, "scripting template", "indefinite length" if indefinite else "")
        end = len(octets) - (2 if indefinite else 0)
        found: list[Layer] = []
        while walk.offset < end:
            item, size = next_ber(walk.ahead(end - walk.offset))
            title, inner = names.get(item.tag, ("object", None))
            walk.take(size, title, f"tag {item.tag:02X}, {octet_count(len(item.value))}")
            with walk.under():
                if item.value:
                    walk.take(len(item.value), "value", "" if inner else item.value.hex())
            if inner:
                found.append(inner(item.value))
        if indefinite:
            walk.take(2, "end of contents")
        return tuple(found)

    return layer(name, octets, read)


def script_response(octets: bytes) -> Layer:
    """What the card answered to a script — TS 102 226 §5.1.2 (compact) and §5.2.2 (expanded)."""
    if octets[:1] in {b"\xab", b"\xaf"}:
        try:
            ResponseScript.decode(octets)
        except CodecError:
            pass
        else:
            return _expanded("response of the script, expanded (TS 102 226 §5.2.2)", octets, _RESPONSE_OBJECTS)

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(1, "commands executed")
        walk.number(2, "last status word", describe)
        if walk.remaining:
            response_fields(walk, walk.remaining)
        return ()

    return layer("response of the script (TS 102 226 §5.1.2)", octets, read)
