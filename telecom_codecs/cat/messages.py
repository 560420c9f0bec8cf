"""How fields become objects and back: the one mechanism below every command, envelope and response.

A message class lists its objects once, in the order of the standard's table (`PARTS`). Writing walks that list; reading
gives each object that arrives to the first part still free for its tag, at or after the part filled last (so that the
second alpha identifier of SET UP CALL, or the far address of OPEN CHANNEL, lands where its place says). What no part
takes stays in `extras`, so nothing is lost.

`form` remembers how a message that came from elsewhere was laid out: order, CR flags, length forms, text codings.
It holds no contents. A message laid out as we would do it has no form, and compares equal to one built by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, ClassVar, Self

from ..errors import BadValue, LocalError
from ..octets import Cursor
from .objects import DataObject, Opaque, Placed, encode_objects, read_object, read_objects


@dataclass(frozen=True, slots=True)
class Part:
    """One row of a message's table: the field, its object, how often. A missing optional field is None, () or False."""

    field: str
    type: type[DataObject]
    many: bool = False
    optional: bool = False


def one(field_name: str, kind: type[DataObject]) -> Part:
    """Mandatory, once."""
    return Part(field_name, kind)


def maybe(field_name: str, kind: type[DataObject]) -> Part:
    """Optional, once."""
    return Part(field_name, kind, optional=True)


def many(field_name: str, kind: type[DataObject]) -> Part:
    """Any number, in order."""
    return Part(field_name, kind, many=True, optional=True)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where and how one object stood: its part ("" for extras), CR flag, length form and coding."""

    part: str
    required: bool
    length_octets: int = 0
    spelling: object = None


@dataclass(frozen=True, slots=True)
class Form:
    """The layout of a message: a slot per object, and the length form of the BER-TLV around them."""

    slots: tuple[Slot, ...]
    length_octets: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A list of data objects with names. Field values are plain; see :class:`Part`."""

    PARTS: ClassVar[tuple[Part, ...]] = ()
    NAME: ClassVar[str] = ""
    CLAUSE: ClassVar[str] = ""

    extras: tuple[DataObject, ...] = ()  #: objects that the table of this message does not list
    form: Form | None = field(default=None, repr=False)

    def values(self) -> Mapping[str, Any]:
        """What each part holds; messages that compute a part override this."""
        return {part.field: getattr(self, part.field) for part in self.PARTS}

    @classmethod
    def from_values(cls, values: dict[str, Any], extras: tuple[DataObject, ...]) -> Self:
        """The message of these parts; inverse of :meth:`values`."""
        return cls(**values, extras=extras)

    @classmethod
    def meanings(cls, first: DataObject | None) -> dict[int, type[DataObject]]:
        """The classes that this message, whose first object is `first`, gives to tags of its own."""
        return {part.type.TAG: part.type for part in cls.PARTS}

    def named_objects(self) -> list[tuple[str, DataObject]]:
        """The objects in the order of the table, each with the name of its part; extras last, under ""."""
        values = self.values()
        found: list[tuple[str, DataObject]] = []
        for part in self.PARTS:
            value = values[part.field]
            if part.many:
                found += [(part.field, part.type.of(item)) for item in value]
            elif value is None or value is False:
                if not part.optional:
                    raise LocalError(f"{self.NAME}: {part.field} is missing", clause=self.CLAUSE)
            else:
                found.append((part.field, part.type.of(value)))
        return found + [("", item) for item in self.extras]

    def placed(self) -> tuple[Placed, ...]:
        """The objects as they go out, laid out by `form` if there is one."""
        named = self.named_objects()
        if self.form is None:
            return tuple([Placed.by_default(value) for _, value in named])
        return tuple(_laid_out(named, self.form.slots))

    def objects(self) -> tuple[DataObject, ...]:
        """The data objects in the order they go out."""
        return tuple([item.value for item in self.placed()])

    def find(self, kind: type[DataObject]) -> Any:
        """The plain value of the first object of `kind`, parts and extras alike; None without one."""
        found = next((value for _, value in self.named_objects() if isinstance(value, kind)), None)
        return None if found is None else found.plain()

    def body(self) -> bytes:
        """The octets of the objects."""
        return encode_objects(self.placed())


def _laid_out(named: list[tuple[str, DataObject]], slots: tuple[Slot, ...]) -> Iterator[Placed]:
    """The objects in the order of `slots`; new ones follow the last of their part, or stand at the end."""
    queues: dict[str, list[DataObject]] = {}
    for name, value in named:
        queues.setdefault(name, []).append(value)
    last = {slot.part: at for at, slot in enumerate(slots)}
    for at, slot in enumerate(slots):
        queue = queues.get(slot.part, [])
        if queue:
            value = queue.pop(0)
            if slot.spelling is not None:
                value = value.respelled(slot.spelling)
            yield Placed(value, slot.required, slot.length_octets)
        if last[slot.part] == at:
            while queue:
                yield Placed.by_default(queue.pop(0))
    for queue in queues.values():
        for value in queue:
            yield Placed.by_default(value)


def read_body(cls: type[Message], cursor: Cursor) -> tuple[Placed, ...]:
    """The objects up to the end of `cursor`, tags read as `cls` means them."""
    if not cursor.remaining:
        return ()
    first = read_object(cursor, cls.meanings(None))
    return (first, *read_objects(cursor, cls.meanings(first.value)))


@dataclass(slots=True)
class _Sorted:
    """Objects given to parts: values by field, what is left, and a slot per object."""

    values: dict[str, Any]
    extras: list[DataObject]
    slots: list[Slot]


def _sort(parts: tuple[Part, ...], objects: tuple[Placed, ...]) -> _Sorted:
    values: dict[str, Any] = {part.field: [] if part.many else None for part in parts}
    result = _Sorted(values, [], [])
    reached = 0
    for item in objects:
        at = _part_for(parts, values, item.value, reached)
        if at is None:
            result.extras.append(item.value)
            result.slots.append(Slot("", item.required, item.length_octets))
            continue
        reached, part = at, parts[at]
        plain = item.value.plain()
        if part.many:
            values[part.field].append(plain)
        else:
            values[part.field] = plain
        result.slots.append(Slot(part.field, item.required, item.length_octets, item.value.spelling))
    return result


def _part_for(parts: tuple[Part, ...], values: dict[str, Any], value: DataObject, reached: int) -> int | None:
    if isinstance(value, Opaque):
        return None
    kind = type(value)
    before = None
    for at, part in enumerate(parts):
        if part.type is kind and (part.many or values[part.field] is None):
            if at >= reached:
                return at
            if before is None:
                before = at
    return before


def read_message(cls: type[Message], objects: tuple[Placed, ...], length_octets: int, **more: Any) -> Any:
    """A message of class `cls` from its objects; BadValue if a mandatory one is missing.

    `more` are further fields that stand in no part of their own.
    """
    found = _sort(cls.PARTS, objects)
    values: dict[str, Any] = {}
    for part in cls.PARTS:
        value = found.values[part.field]
        if part.many:
            value = tuple(value)
        elif value is None:
            if not part.optional:
                raise BadValue(f"{cls.NAME}: no {part.type.NAME} ({part.field})", clause=cls.CLAUSE)
            if _is_flag(cls, part.field):  # type: ignore[arg-type]  # every class is hashable
                value = False
        values[part.field] = value
    message = cls.from_values(values | more, tuple(found.extras))
    if length_octets == 0 and message.placed() == objects:
        return message
    return _with_form(message, Form(tuple(found.slots), length_octets))


@lru_cache(maxsize=1024)
def _is_flag(cls: type[Message], name: str) -> bool:
    return any(item.name == name and item.default is False for item in fields(cls))


def _with_form(message: Message, form: Form) -> Message:
    values = {item.name: getattr(message, item.name) for item in fields(message)}
    return type(message)(**(values | {"form": form}))
