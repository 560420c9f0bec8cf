"""FCP template: what a card tells about the file it selected.

ETSI TS 102 221 §11.1.1.3 and §11.1.1.4. Objects are written in the order of the standard's tables; unknown
ones are kept in `others` and written last.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from ..errors import BadValue, LocalError
from ..octets import Cursor
from ..tlv import BerTlv, decode_ber, decode_ber_all, encode_ber_all
from .identities import Aid

CLAUSE = "TS 102 221 11.1.1.3"

TEMPLATE: Final = 0x62
FILE_SIZE: Final = 0x80
TOTAL_FILE_SIZE: Final = 0x81
DESCRIPTOR: Final = 0x82
FILE_IDENTIFIER: Final = 0x83
DF_NAME: Final = 0x84
SHORT_FILE_IDENTIFIER: Final = 0x88
LIFE_CYCLE: Final = 0x8A
SECURITY_REFERENCED: Final = 0x8B
SECURITY_COMPACT: Final = 0x8C
PROPRIETARY: Final = 0xA5
SECURITY_EXPANDED: Final = 0xAB
PIN_STATUS: Final = 0xC6
_PIN_ENABLED: Final = 0x90
_PIN_USAGE: Final = 0x95
_PIN_REFERENCE: Final = 0x83


class FileStructure(IntEnum):
    """File descriptor octet without the shareable bit (§11.1.1.4.3)."""

    TRANSPARENT = 0x01
    LINEAR_FIXED = 0x02
    CYCLIC = 0x06
    INTERNAL_TRANSPARENT = 0x09
    INTERNAL_LINEAR_FIXED = 0x0A
    INTERNAL_CYCLIC = 0x0E
    DF = 0x38  #: MF, DF or ADF
    BER_TLV = 0x39


class LifeCycle(IntEnum):
    """Life cycle status of a file (§11.1.1.4.9); several octets mean the same, see :meth:`of`."""

    NO_INFORMATION = 0x00
    CREATION = 0x01
    INITIALISATION = 0x03
    DEACTIVATED = 0x04
    ACTIVATED = 0x05
    TERMINATED = 0x0C

    @classmethod
    def of(cls, octet: int) -> LifeCycle | None:
        """What `octet` means; None for a value that is not standardised."""
        if octet & 0xFC == 0x04:
            return cls.ACTIVATED if octet & 1 else cls.DEACTIVATED
        if octet & 0xFC == 0x0C:
            return cls.TERMINATED
        return cls(octet) if octet in (0x00, 0x01, 0x03) else None


@dataclass(frozen=True, slots=True)
class FileDescriptor:
    """Structure of the file; records only where the structure has them. Unknown structures stay numbers.

    >>> FileDescriptor(FileStructure.LINEAR_FIXED, record_length=30, record_count=10).encode().hex()
    '4221001e0a'
    """

    structure: int
    shareable: bool = True
    data_coding: int = 0x21
    record_length: int | None = None
    record_count: int | None = None

    def encode(self) -> bytes:
        if self.structure & ~0xBF or self.data_coding & ~0xFF:
            raise LocalError(f"structure {self.structure}, data coding {self.data_coding}", clause=CLAUSE)
        head = bytes((self.structure | self.shareable << 6, self.data_coding))
        if self.record_length is None and self.record_count is None:
            return head
        if not (0 <= (self.record_length or 0) <= 0xFFFF and 0 <= (self.record_count or 0) <= 0xFF):
            raise LocalError("record length is two octets, record count one", clause=CLAUSE)
        return head + (self.record_length or 0).to_bytes(2, "big") + bytes((self.record_count or 0,))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        if len(octets) not in (2, 5):
            raise BadValue(f"file descriptor of {len(octets)} octets", offset=0, clause="TS 102 221 11.1.1.4.3")
        cursor = Cursor(octets)
        first, coding = cursor.u8(), cursor.u8()
        structure = first & 0xBF
        if structure in set(FileStructure):
            structure = FileStructure(structure)
        if not cursor.remaining:
            return cls(structure, bool(first & 0x40), coding)
        return cls(structure, bool(first & 0x40), coding, cursor.u16(), cursor.u8())


@dataclass(frozen=True, slots=True)
class ArrReference:
    """Security by reference: EF.ARR and its record, for one environment or a record for each (§11.1.1.4.7.2)."""

    file_id: int
    records: tuple[tuple[int | None, int], ...]  #: (SE identifier or None, record number)

    def encode(self) -> bytes:
        head = _number(self.file_id, 2)
        if len(self.records) == 1 and self.records[0][0] is None:
            return head + _number(self.records[0][1], 1)
        if not self.records or any(environment is None for environment, _ in self.records):
            raise LocalError("several records need their SE identifiers", clause=CLAUSE)
        return head + b"".join(
            [_number(environment or 0, 1) + _number(record, 1) for environment, record in self.records]
        )

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        if len(octets) == 3:
            return cls(octets[0] << 8 | octets[1], ((None, octets[2]),))
        if len(octets) < 4 or len(octets) % 2:
            raise BadValue(f"security reference of {len(octets)} octets", offset=0, clause="TS 102 221 11.1.1.4.7.2")
        pairs = tuple((octets[at], octets[at + 1]) for at in range(2, len(octets), 2))
        return cls(octets[0] << 8 | octets[1], pairs)


@dataclass(frozen=True, slots=True)
class PinReference:
    """One PIN of the PIN status template: key reference, whether it is enabled, usage qualifier if given."""

    reference: int
    enabled: bool
    usage: int | None = None


@dataclass(frozen=True, slots=True)
class Fcp:
    """The template; fields that are None are absent. `life_cycle` is the octet, see :class:`LifeCycle`.

    `short_file_id` 0 is the empty object: no SFI at all. `file_size` counts the body, `total_size` everything.
    """

    descriptor: FileDescriptor
    file_id: int | None = None
    df_name: Aid | None = None
    proprietary: tuple[BerTlv, ...] = ()
    life_cycle: int | None = None
    security: ArrReference | None = None
    security_compact: bytes | None = None
    security_expanded: tuple[BerTlv, ...] = ()
    pins: tuple[PinReference, ...] = ()
    file_size: int | None = None
    total_size: int | None = None
    short_file_id: int | None = None
    others: tuple[BerTlv, ...] = ()

    def encode(self) -> bytes:
        """The template, tag 62 included."""
        fields: list[tuple[int, bytes | None]] = [
            (DESCRIPTOR, self.descriptor.encode()),
            (FILE_IDENTIFIER, _optional(self.file_id, 2)),
            (DF_NAME, None if self.df_name is None else self.df_name.octets),
            (PROPRIETARY, encode_ber_all(self.proprietary) if self.proprietary else None),
            (LIFE_CYCLE, _optional(self.life_cycle, 1)),
            (SECURITY_REFERENCED, None if self.security is None else self.security.encode()),
            (SECURITY_COMPACT, self.security_compact),
            (SECURITY_EXPANDED, encode_ber_all(self.security_expanded) if self.security_expanded else None),
            (PIN_STATUS, _encode_pins(self.pins) if self.pins else None),
            (FILE_SIZE, _size(self.file_size)),
            (TOTAL_FILE_SIZE, _size(self.total_size)),
            (SHORT_FILE_IDENTIFIER, _encode_sfi(self.short_file_id)),
        ]
        objects = [BerTlv(tag, value) for tag, value in fields if value is not None]
        known = {tag for tag, _ in fields}
        if any(other.tag in known for other in self.others):
            raise LocalError("an object with a field of its own stands among the others", clause=CLAUSE)
        return BerTlv(TEMPLATE, encode_ber_all(objects) + encode_ber_all(self.others)).encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From a template that fills all of `octets`. Offsets in errors of an object count from its value."""
        template = decode_ber(octets)
        if template.tag != TEMPLATE:
            raise BadValue(f"tag {template.tag:02X} is not an FCP template", offset=0, clause=CLAUSE)
        values: dict[int, bytes] = {}
        others: list[BerTlv] = []
        for item in template.children():
            if item.tag not in _KNOWN:
                others.append(item)
            elif item.tag in values:
                raise BadValue(f"two objects with tag {item.tag:02X}", clause=CLAUSE)
            else:
                values[item.tag] = item.value
        if DESCRIPTOR not in values:
            raise BadValue("no file descriptor", offset=len(octets), clause=CLAUSE)
        name = values.get(DF_NAME)
        return cls(
            FileDescriptor.decode(values[DESCRIPTOR]),
            _read_number(values, FILE_IDENTIFIER, 2, 2),
            None if name is None else Aid(name),
            decode_ber_all(values.get(PROPRIETARY, b"")),
            _read_number(values, LIFE_CYCLE, 1, 1),
            ArrReference.decode(values[SECURITY_REFERENCED]) if SECURITY_REFERENCED in values else None,
            values.get(SECURITY_COMPACT),
            decode_ber_all(values.get(SECURITY_EXPANDED, b"")),
            _decode_pins(values[PIN_STATUS]) if PIN_STATUS in values else (),
            _read_number(values, FILE_SIZE, 2, 4),
            _read_number(values, TOTAL_FILE_SIZE, 2, 4),
            _decode_sfi(values.get(SHORT_FILE_IDENTIFIER)),
            tuple(others),
        )


_KNOWN: Final = frozenset(
    (
        FILE_SIZE,
        TOTAL_FILE_SIZE,
        DESCRIPTOR,
        FILE_IDENTIFIER,
        DF_NAME,
        SHORT_FILE_IDENTIFIER,
        LIFE_CYCLE,
        SECURITY_REFERENCED,
        SECURITY_COMPACT,
        PROPRIETARY,
        SECURITY_EXPANDED,
        PIN_STATUS,
    )
)


def _number(value: int, width: int) -> bytes:
    if not 0 <= value < 1 << 8 * width:
        raise LocalError(f"{value} does not fit {width} octets", clause=CLAUSE)
    return value.to_bytes(width, "big")


def _optional(value: int | None, width: int) -> bytes | None:
    return None if value is None else _number(value, width)


def _size(value: int | None) -> bytes | None:
    """A size takes at least two octets (§11.1.1.4.1)."""
    return None if value is None else _number(value, 2 if value <= 0xFFFF else 4)


def _read_number(values: dict[int, bytes], tag: int, shortest: int, longest: int) -> int | None:
    value = values.get(tag)
    if value is None:
        return None
    if not shortest <= len(value) <= longest:
        raise BadValue(f"object {tag:02X} of {len(value)} octets", offset=0, clause=CLAUSE)
    return int.from_bytes(value, "big")


def _encode_sfi(value: int | None) -> bytes | None:
    """The identifier stands in the five high bits (§11.1.1.4.8)."""
    if value is None:
        return None
    if not 0 <= value <= 30:
        raise LocalError(f"SFI {value} (1 to 30, or 0 for none)", clause="TS 102 221 11.1.1.4.8")
    return bytes((value << 3,)) if value else b""


def _decode_sfi(value: bytes | None) -> int | None:
    if not value:
        return None if value is None else 0
    if len(value) > 1 or value[0] & 7 or not 1 <= value[0] >> 3 <= 30:
        raise BadValue(f"SFI object {value[:4].hex()}", offset=0, clause="TS 102 221 11.1.1.4.8")
    return value[0] >> 3


def _encode_pins(pins: tuple[PinReference, ...]) -> bytes:
    """PIN status template: the enabled bits, first PIN highest, then usage and reference of each (§9.5.2)."""
    width = (len(pins) + 7) // 8
    bits = 0
    for at, pin in enumerate(pins):
        bits |= pin.enabled << (8 * width - 1 - at)
    objects = [BerTlv(_PIN_ENABLED, bits.to_bytes(width, "big"))]
    for pin in pins:
        if pin.usage is not None:
            objects.append(BerTlv(_PIN_USAGE, _number(pin.usage, 1)))
        objects.append(BerTlv(_PIN_REFERENCE, _number(pin.reference, 1)))
    return encode_ber_all(objects)


def _decode_pins(value: bytes) -> tuple[PinReference, ...]:
    clause = "TS 102 221 9.5.2"
    objects = decode_ber_all(value)
    if not objects or objects[0].tag != _PIN_ENABLED:
        raise BadValue("PIN status template without PS", offset=0, clause=clause)
    bits = objects[0].value
    pins: list[PinReference] = []
    usage: int | None = None
    for item in objects[1:]:
        if item.tag not in (_PIN_USAGE, _PIN_REFERENCE) or len(item.value) != 1:
            raise BadValue(f"object {item.tag:02X} in the PIN status template", clause=clause)
        if item.tag == _PIN_USAGE:
            usage = item.value[0]
            continue
        at = len(pins)
        if at >= 8 * len(bits):
            raise BadValue(f"more PINs than the {8 * len(bits)} bits of PS", clause=clause)
        pins.append(PinReference(item.value[0], bool(bits[at // 8] << at % 8 & 0x80), usage))
        usage = None
    if usage is not None:
        raise BadValue("usage qualifier without a key reference", clause=clause)
    return tuple(pins)
