"""Tag-length-value objects of the smart card world: BER-TLV and COMPREHENSION-TLV.

ISO/IEC 7816-4 §5.2.2, ETSI TS 101 220 §7.1. Nothing here knows what a tag means or descends into
a value by itself; :meth:`BerTlv.children` opens one level, so no input can make it recurse.

A tag is the integer of its octets as they stand in the standard (``0x82``, ``0x7F49``, ``0xDF1F21``).
Tags nobody knows are kept. Lengths are read in every definite form (one to four octets after 8x) and
written in the shortest one.
"""

from __future__ import annotations

from dataclasses import dataclass

from .errors import BadValue, LimitExceeded, LocalError
from .octets import Cursor

BER_CLAUSE = "TS 101 220 7.1.1"
COMPREHENSION_CLAUSE = "TS 101 220 7.1.1.2"
LENGTH_CLAUSE = "TS 101 220 7.1.2"

MAX_OBJECTS = 4096  #: objects one list may hold; a card's largest answers stay below a tenth of it
THREE_OCTET_TAG = 0x7F  #: first octet of a COMPREHENSION-TLV tag in three octets
_CR = 0x80
_CR_WIDE = 0x8000


def encode_ber_length(length: int) -> bytes:
    """The length field for `length` octets, in its shortest form.

    >>> encode_ber_length(127).hex(), encode_ber_length(128).hex(), encode_ber_length(256).hex()
    ('7f', '8180', '820100')
    """
    if 0 <= length < 0x80:
        return bytes((length,))
    if length < 0 or length >> 32:
        raise LocalError(f"length {length} does not fit four octets", clause=LENGTH_CLAUSE)
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def decode_ber_length(cursor: Cursor) -> int:
    """The next length field. Indefinite lengths (80) and more than four octets are refused."""
    start = cursor.offset
    first = cursor.u8("length")
    if first < 0x80:
        return first
    count = first & 0x7F
    if not 1 <= count <= 4:
        raise BadValue(f"length field starts with {first:02X}", offset=start, clause=LENGTH_CLAUSE)
    return cursor.integer(count, "length")


@dataclass(frozen=True, slots=True)
class BerTlv:
    """One BER-TLV data object; `tag` holds the octets of the tag as one integer.

    >>> BerTlv(0x83, bytes.fromhex("3F00")).encode().hex()
    '83023f00'
    """

    tag: int
    value: bytes

    @classmethod
    def of(cls, tag: int, *children: BerTlv) -> BerTlv:
        """A constructed object around `children`."""
        return cls(tag, encode_ber_all(children))

    @property
    def is_constructed(self) -> bool:
        """The tag says that the value is a list of BER-TLV objects."""
        first = self.tag
        while first > 0xFF:
            first >>= 8
        return bool(first & 0x20)

    def encode(self) -> bytes:
        return _ber_tag(self.tag) + encode_ber_length(len(self.value)) + self.value

    def children(self) -> tuple[BerTlv, ...]:
        """The objects inside the value, one level down. Offsets in errors count from the value."""
        return decode_ber_all(self.value)


def decode_ber(source: Cursor | bytes) -> BerTlv:
    """One object: the next one of a cursor, or the one that fills all of `source`."""
    if isinstance(source, Cursor):
        tag = _read_ber_tag(source)
        return BerTlv(tag, source.take(decode_ber_length(source), f"value of tag {tag:02X}"))
    cursor = Cursor(source)
    found = decode_ber(cursor)
    cursor.expect_end("BER-TLV")
    return found


def decode_ber_all(data: bytes, *, limit: int = MAX_OBJECTS) -> tuple[BerTlv, ...]:
    """Every object of `data`, which must end with the last of them; more than `limit` raise LimitExceeded."""
    cursor = Cursor(data)
    found: list[BerTlv] = []
    while cursor.remaining:
        if len(found) == limit:
            raise LimitExceeded(f"more than {limit} BER-TLV objects", offset=cursor.offset, clause=BER_CLAUSE)
        found.append(decode_ber(cursor))
    return tuple(found)


def encode_ber_all(objects: tuple[BerTlv, ...] | list[BerTlv]) -> bytes:
    """The objects one after the other."""
    return b"".join([item.encode() for item in objects])


def find_ber(objects: tuple[BerTlv, ...], tag: int) -> BerTlv | None:
    """The first object with `tag`, if any."""
    return next((item for item in objects if item.tag == tag), None)


def _read_ber_tag(cursor: Cursor) -> int:
    start = cursor.offset
    tag = cursor.u8("tag")
    if tag == 0:
        raise BadValue("tag 00", offset=start, clause=BER_CLAUSE)
    if tag & 0x1F != 0x1F:
        return tag
    for _ in range(2):
        octet = cursor.u8("tag")
        tag = tag << 8 | octet
        if octet < 0x80:
            return tag
    raise BadValue(f"tag {tag:06X} goes on after three octets", offset=start, clause=BER_CLAUSE)


def _ber_tag(tag: int) -> bytes:
    """The octets of `tag`; LocalError where a reader would not find the same tag again."""
    if tag <= 0 or tag > 0xFFFFFF:
        raise LocalError(f"tag {tag:#x} is not one to three octets", clause=BER_CLAUSE)
    octets = tag.to_bytes((tag.bit_length() + 7) // 8, "big")
    multiple = octets[0] & 0x1F == 0x1F
    wellformed = octets[-1] < 0x80 and all(octet >= 0x80 for octet in octets[1:-1]) if multiple else True
    if multiple != (len(octets) > 1) or not wellformed:
        raise LocalError(f"tag {octets.hex().upper()} is not a BER tag", clause=BER_CLAUSE)
    return octets


@dataclass(frozen=True, slots=True)
class ComprehensionTlv:
    """One COMPREHENSION-TLV object.

    `tag` is the value without the CR flag: ``0x01``…``0x7E`` in one octet, ``0x7F0001``…``0x7F7FFF`` in
    three. `comprehension_required` is the CR flag: whoever does not know the tag must refuse the whole.

    >>> ComprehensionTlv(0x05, b"Menu").encode().hex()
    '85044d656e75'
    """

    tag: int
    value: bytes
    comprehension_required: bool = True

    def encode(self) -> bytes:
        return self._tag_octets() + encode_ber_length(len(self.value)) + self.value

    def _tag_octets(self) -> bytes:
        tag = self.tag
        if 0 < tag < THREE_OCTET_TAG:
            return bytes((tag | self.comprehension_required << 7,))
        if tag >> 16 == THREE_OCTET_TAG and 0 < tag & 0xFFFF < _CR_WIDE:
            return (tag | self.comprehension_required << 15).to_bytes(3, "big")
        raise LocalError(f"{tag:#x} is not a COMPREHENSION-TLV tag without CR", clause=COMPREHENSION_CLAUSE)


def decode_comprehension(cursor: Cursor) -> ComprehensionTlv:
    """The next object of `cursor`."""
    start = cursor.offset
    tag = cursor.u8("tag")
    required = tag >= _CR
    if tag == THREE_OCTET_TAG:
        wide = cursor.u16("tag")
        required = wide >= _CR_WIDE
        wide &= ~_CR_WIDE
        if not wide:
            raise BadValue("three-octet tag 0000", offset=start, clause=COMPREHENSION_CLAUSE)
        tag = THREE_OCTET_TAG << 16 | wide
    elif tag in (0x00, 0x80, 0xFF):
        raise BadValue(f"tag {tag:02X} is reserved", offset=start, clause=COMPREHENSION_CLAUSE)
    else:
        tag &= 0x7F
    return ComprehensionTlv(tag, cursor.take(decode_ber_length(cursor), f"value of tag {tag:02X}"), required)


def decode_comprehension_all(data: bytes, *, limit: int = MAX_OBJECTS) -> tuple[ComprehensionTlv, ...]:
    """Every object of `data`, which must end with the last of them; more than `limit` raise LimitExceeded."""
    cursor = Cursor(data)
    found: list[ComprehensionTlv] = []
    while cursor.remaining:
        if len(found) == limit:
            raise LimitExceeded(
                f"more than {limit} COMPREHENSION-TLV objects", offset=cursor.offset, clause=COMPREHENSION_CLAUSE
            )
        found.append(decode_comprehension(cursor))
    return tuple(found)


def encode_comprehension_all(objects: tuple[ComprehensionTlv, ...] | list[ComprehensionTlv]) -> bytes:
    """The objects one after the other."""
    return b"".join([item.encode() for item in objects])
