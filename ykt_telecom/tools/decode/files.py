"""What a card says of a file: the FCP template as labels — ETSI TS 102 221 §11.1.1."""

from __future__ import annotations

from typing import Final

from telecom_codecs.card import fcp
from telecom_codecs.card.fcp import FileStructure, LifeCycle

from .layer import Walk
from .objects import Known, Names, number_of


def _descriptor(walk: Walk, count: int) -> None:
    def structure(octet: int) -> str:
        kind = octet & 0xBF
        name = FileStructure(kind).name if kind in set(FileStructure) else f"structure {kind:02X}"
        return f"{name.replace('_', ' ').lower()}{', shareable' if octet & 0x40 else ''}"

    if count not in {2, 5}:
        walk.take(count, "value")
        return
    walk.number(1, "file descriptor octet", structure)
    walk.number(1, "data coding octet", lambda octet: f"{octet:02X}")
    if count == 5:
        walk.number(2, "record length")
        walk.number(1, "number of records")


def _life_cycle(value: bytes) -> str:
    state = LifeCycle.of(value[0]) if len(value) == 1 else None
    return state.name.replace("_", " ").lower() if state is not None else ""


def _reference(walk: Walk, count: int) -> None:
    if count < 3:
        walk.take(count, "value")
        return
    walk.take(2, "EF.ARR", lambda value: value.hex().upper())
    if count == 3:
        walk.number(1, "record")
        return
    for _ in range((count - 2) // 2):
        walk.number(1, "SE identifier")
        walk.number(1, "record")


PINS: Final[Names] = {
    0x90: Known("PS: which PINs are enabled", lambda value: f"{int.from_bytes(value, 'big'):0{8 * len(value)}b}"),
    0x95: Known("usage qualifier"),
    0x83: Known("key reference", lambda value: value.hex().upper()),
}
PROPRIETARY: Final[Names] = {
    0x80: Known("UICC characteristics"),
    0x81: Known("application power consumption"),
    0x82: Known("minimum application clock frequency"),
    0x83: Known("available memory", number_of),
    0x84: Known("file details"),
    0x85: Known("reserved file size", number_of),
    0x86: Known("maximum file size", number_of),
    0x87: Known("supported system commands"),
    0xC0: Known("special file information"),
}
FCP: Final[Names] = {
    fcp.TEMPLATE: Known(
        "FCP template (TS 102 221 §11.1.1.3)",
        inside={
            fcp.DESCRIPTOR: Known("file descriptor", fields=_descriptor),
            fcp.FILE_IDENTIFIER: Known("file identifier", lambda value: value.hex().upper()),
            fcp.DF_NAME: Known("DF name (AID)", lambda value: value.hex().upper()),
            fcp.PROPRIETARY: Known("proprietary information", inside=PROPRIETARY),
            fcp.LIFE_CYCLE: Known("life cycle status", _life_cycle),
            fcp.SECURITY_REFERENCED: Known("security attributes, referenced", fields=_reference),
            fcp.SECURITY_COMPACT: Known("security attributes, compact"),
            fcp.SECURITY_EXPANDED: Known("security attributes, expanded"),
            fcp.PIN_STATUS: Known("PIN status template", inside=PINS),
            fcp.FILE_SIZE: Known("file size", number_of),
            fcp.TOTAL_FILE_SIZE: Known("total file size", number_of),
            fcp.SHORT_FILE_IDENTIFIER: Known(
                "short file identifier", lambda value: str(value[0] >> 3) if value else "none"
            ),
        },
    )
}
