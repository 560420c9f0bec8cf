"""The data object (COMPREHENSION-TLV): declared once, read and written by the same class.

TS 102 223 §8 and §9.3. A class per tag stands in one registry (:func:`data_object`). What a class cannot know, CR flag
and length form, is kept beside the object in :class:`Placed`, so that a message goes out as it came in.

How strictly (TS 102 223 §6.10): an object that breaks its own table is an error when its CR flag is set; with the flag
clear the receiver does without it, so it is kept in place as :class:`Opaque` together with the reason. Tags without a
class are always kept as :class:`Opaque`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self, TypeVar

from ..errors import BadValue, CodecError, LimitExceeded, LocalError
from ..octets import Cursor
from ..tlv import ComprehensionTlv, decode_comprehension

CLAUSE = "TS 102 223 6.10"
MAX_MESSAGE = 4096  #: octets of objects; what FETCH, ENVELOPE and TERMINAL RESPONSE carry stays below a tenth of it
MAX_MESSAGE_OBJECTS = 512  #: the longest proactive command, 255 objects of no value, is far below


@dataclass(frozen=True, slots=True)
class DataObject:
    """One data object. Subclasses are values; `TAG` is the tag without CR flag, `CLAUSE` where its table stands."""

    TAG: ClassVar[int] = 0
    NAME: ClassVar[str] = ""
    CLAUSE: ClassVar[str] = ""
    REQUIRED: ClassVar[bool] = True  #: CR flag when the sender has no opinion

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """From the octets of the value; BadValue, Truncated or TrailingOctets if they break the table."""
        raise NotImplementedError

    def encode(self) -> bytes:
        """The octets of the value; LocalError if the fields do not fit."""
        raise NotImplementedError

    def plain(self) -> Any:
        """What a field of a message holds: the object itself, or its only field."""
        return self

    @classmethod
    def of(cls, plain: Any) -> Self:
        """The object a field stands for; inverse of :meth:`plain`."""
        if not isinstance(plain, cls):
            raise LocalError(f"{cls.NAME}: {type(plain).__name__} given", clause=cls.CLAUSE)
        return plain

    @property
    def spelling(self) -> object | None:
        """How the value is coded where the standard leaves a choice; None for the way we would choose."""
        return None

    def respelled(self, spelling: object) -> Self:
        """The same meaning in that coding, or unchanged where the coding cannot carry it."""
        return self


T = TypeVar("T", bound=DataObject)

_REGISTRY: dict[int, type[DataObject]] = {}


def data_object(
    tag: int, name: str, clause: str, *, required: bool = True, context: bool = False
) -> Callable[[type[T]], type[T]]:
    """Declare the class of `tag`. `context` is for a second meaning that only certain messages give to the tag."""

    def declare(cls: type[T]) -> type[T]:
        cls.TAG, cls.NAME, cls.CLAUSE, cls.REQUIRED = tag, name, clause, required
        if not context:
            if tag in _REGISTRY:
                raise TypeError(f"tag {tag:02X} is declared twice: {_REGISTRY[tag].__name__}, {cls.__name__}")
            _REGISTRY[tag] = cls
        return cls

    return declare


def registered_objects() -> Mapping[int, type[DataObject]]:
    """Every declared class by tag."""
    return dict(_REGISTRY)


@dataclass(frozen=True, slots=True)
class Opaque(DataObject):
    """An object carried as it is: its tag has no class, or its value breaks the table and may be ignored."""

    tag: int
    octets: bytes
    reason: str = field(default="", compare=False)

    def encode(self) -> bytes:
        return self.octets


@dataclass(frozen=True, slots=True)
class Placed:
    """An object as it stands in a message; `length_octets` is the size of its length field (0: the shortest)."""

    value: DataObject
    required: bool
    length_octets: int = 0

    @classmethod
    def by_default(cls, value: DataObject) -> Self:
        return cls(value, value.REQUIRED)

    @property
    def tag(self) -> int:
        return self.value.tag if isinstance(self.value, Opaque) else self.value.TAG

    def encode(self) -> bytes:
        try:
            content = self.value.encode()
        except CodecError as error:
            raise LocalError(f"{self.value.NAME}: {error.message}", clause=error.clause or self.value.CLAUSE) from error
        octets = ComprehensionTlv(self.tag, content, self.required).encode()
        return with_length_form(octets, 3 if octets[0] == 0x7F else 1, len(content), self.length_octets)


def with_length_form(octets: bytes, tag_octets: int, length: int, length_octets: int) -> bytes:
    """The TLV `octets` with a length field of `length_octets`, if that differs from the shortest and can hold it."""
    shortest = len(octets) - tag_octets - length
    if length_octets <= shortest:
        return octets
    wide = bytes((0x80 | length_octets - 1,)) + length.to_bytes(length_octets - 1, "big")
    return octets[:tag_octets] + wide + octets[tag_octets + shortest :]


def length_form(consumed: int, tag_octets: int, length: int) -> int:
    """What :class:`Placed` notes of a TLV of `consumed` octets: 0 when its length field was the shortest."""
    used = consumed - tag_octets - length
    shortest = 1 if length < 0x80 else 1 + (length.bit_length() + 7) // 8
    return 0 if used == shortest else used


def read_object(cursor: Cursor, meanings: Mapping[int, type[DataObject]] | None = None) -> Placed:
    """The next object of `cursor`; `meanings` are tags that mean something else in this message."""
    start = cursor.offset
    if cursor.remaining > MAX_MESSAGE:
        raise LimitExceeded(f"{cursor.remaining} octets of data objects", offset=start, clause=CLAUSE)
    tlv = decode_comprehension(cursor)
    consumed = cursor.offset - start
    form = length_form(consumed, 3 if tlv.tag > 0xFF else 1, len(tlv.value))
    cls = (meanings or {}).get(tlv.tag) or _REGISTRY.get(tlv.tag)
    required = tlv.comprehension_required
    if cls is None:
        return Placed(Opaque(tlv.tag, tlv.value, "no such tag"), required, form)
    try:
        value = cls.decode(tlv.value)
        if value.encode() != tlv.value:
            raise BadValue("fill octets or reserved bits that cannot be kept", clause=cls.CLAUSE)
    except CodecError as error:
        if not required:
            return Placed(Opaque(tlv.tag, tlv.value, f"{cls.NAME}: {error.message}"), required, form)
        at = start + consumed - len(tlv.value) + (error.offset or 0)
        fault = type(error) if not isinstance(error, LocalError) else BadValue
        raise fault(f"{cls.NAME}: {error.message}", offset=at, clause=error.clause or cls.CLAUSE) from error
    return Placed(value, required, form)


def read_objects(cursor: Cursor, meanings: Mapping[int, type[DataObject]] | None = None) -> tuple[Placed, ...]:
    """Every object up to the end of `cursor`."""
    found: list[Placed] = []
    while cursor.remaining:
        if len(found) >= MAX_MESSAGE_OBJECTS:
            raise LimitExceeded(f"more than {MAX_MESSAGE_OBJECTS} data objects", offset=cursor.offset, clause=CLAUSE)
        found.append(read_object(cursor, meanings))
    return tuple(found)


def decode_objects(octets: bytes) -> tuple[Placed, ...]:
    """The objects of a TERMINAL RESPONSE or of the value of a proactive command or envelope, in their order."""
    return read_objects(Cursor(octets))


def encode_objects(objects: tuple[Placed, ...] | list[Placed]) -> bytes:
    """The objects one after the other."""
    return b"".join([item.encode() for item in objects])
