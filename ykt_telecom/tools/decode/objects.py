"""BER-TLV objects as labels: a head, then the fields of the value below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from telecom_codecs.errors import BadValue, CodecError, LimitExceeded
from telecom_codecs.octets import Cursor
from telecom_codecs.tlv import BerTlv, decode_ber, decode_ber_all

from .layer import Walk

LONGEST: Final = 4096  #: octets of objects that are opened
DEEPEST: Final = 8  #: constructed objects inside each other that are opened


@dataclass(frozen=True, slots=True)
class Known:
    """An object of a standard: its name, and what its value means, holds, or how its fields are labelled."""

    name: str
    meaning: str | Callable[[bytes], str] = ""
    inside: Mapping[int, Known] = field(default_factory=dict)
    fields: Callable[[Walk, int], None] | None = None


Names = Mapping[int, Known]


def number_of(value: bytes) -> str:
    return str(int.from_bytes(value, "big"))


def admit(count: int) -> None:
    """Refuse lists of objects that no message of this field holds; what follows them is shown as it is."""
    if count > LONGEST:
        raise LimitExceeded(f"{count} octets of objects: at most {LONGEST} are opened", offset=0)


def next_ber(octets: bytes) -> tuple[BerTlv, int]:
    """The object that `octets` start with, and how many octets its tag and length take."""
    cursor = Cursor(octets)
    item = decode_ber(cursor)
    return item, cursor.offset - len(item.value)


def ber_objects(walk: Walk, count: int, names: Names, depth: int = 0) -> None:
    """Label the objects in the next `count` octets."""
    admit(count)
    end = walk.offset + count
    while walk.offset < end:
        item, head = next_ber(walk.ahead(end - walk.offset))
        known = names.get(item.tag) or Known("object")
        walk.take(head, known.name, f"tag {item.tag:02X}, {octet_count(len(item.value))}")
        with walk.under():
            _value(walk, item, known, depth)


def _value(walk: Walk, item: BerTlv, known: Known, depth: int) -> None:
    count = len(item.value)
    start = walk.offset
    if known.fields is not None:
        known.fields(walk, count)
    elif item.is_constructed and count and depth < DEEPEST and _is_list(item.value):
        ber_objects(walk, count, known.inside, depth + 1)
    elif count:
        walk.take(count, "value", known.meaning)
    if walk.offset != start + count:
        raise BadValue(f"{known.name}: {count} octets, its fields take {walk.offset - start}", offset=start)


def octet_count(count: int) -> str:
    """How many octets, in words."""
    return "1 octet" if count == 1 else f"{count} octets"


def _is_list(value: bytes) -> bool:
    try:
        decode_ber_all(value)
    except CodecError:
        return False
    return True
