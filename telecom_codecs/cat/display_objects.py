"""The data objects of looks: icons, formatting, frames, tones, hints of a menu — TS 102 223 §8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..errors import BadValue, Truncated
from .names import CommandType, ToneName
from .objects import DataObject, data_object
from .octets import exactly, to_octets
from .shapes import ListObject, MarkObject, OctetObject


@data_object(0x0E, "tone", "TS 102 223 8.16")
class Tone(OctetObject):
    """The tone to play."""

    __slots__ = ()
    NAMES: ClassVar = ToneName


@data_object(0x15, "help request", "TS 102 223 8.21", required=False)
class HelpRequest(MarkObject):
    """The user wants help about the item chosen."""

    __slots__ = ()


@data_object(0x18, "items next action indicator", "TS 102 223 8.24", required=False)
class ItemsNextAction(ListObject):
    """For each item the type of the command that follows when it is chosen; 0 says nothing."""

    __slots__ = ()
    NAMES: ClassVar = CommandType


@data_object(0x1E, "icon identifier", "TS 102 223 8.31", required=False)
@dataclass(frozen=True, slots=True)
class Icon(DataObject):
    """A record of EF.IMG. `qualifier` bit 1 clear: the icon stands for the text; set: it stands beside the text."""

    identifier: int
    qualifier: int = 0

    @property
    def self_explanatory(self) -> bool:
        """The icon is shown instead of the text."""
        return not self.qualifier & 1

    @classmethod
    def decode(cls, value: bytes) -> Self:
        qualifier, identifier = exactly(value, 2, cls.CLAUSE)
        return cls(identifier, qualifier)

    def encode(self) -> bytes:
        return to_octets(self.CLAUSE, self.qualifier, self.identifier)


@data_object(0x1F, "item icon identifier list", "TS 102 223 8.32", required=False)
@dataclass(frozen=True, slots=True)
class ItemIcons(DataObject):
    """An icon per item, in the order of the items; `qualifier` as for :class:`Icon`."""

    identifiers: tuple[int, ...]
    qualifier: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            raise Truncated("no list qualifier", offset=0, clause=cls.CLAUSE)
        return cls(tuple(value[1:]), value[0])

    def encode(self) -> bytes:
        return to_octets(self.CLAUSE, self.qualifier, *self.identifiers)


@data_object(0x2B, "immediate response", "TS 102 223 8.43")
class ImmediateResponse(MarkObject):
    """The ME answers at once and keeps showing the text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Formatting of `length` characters from `start` on (length 0: to the end); colour as in TS 23.040 §9.2.3.24.10."""

    start: int
    length: int
    mode: int
    colour: int


@dataclass(frozen=True, slots=True)
class SpanList(DataObject):
    """Formatting in groups of four octets."""

    spans: tuple[TextSpan, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) % 4:
            raise BadValue(f"{len(value)} octets are not groups of four", clause=cls.CLAUSE)
        return cls(tuple(TextSpan(*value[at : at + 4]) for at in range(0, len(value), 4)))

    def encode(self) -> bytes:
        return b"".join(
            [to_octets(self.CLAUSE, span.start, span.length, span.mode, span.colour) for span in self.spans]
        )

    def plain(self) -> Any:
        return self.spans

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(tuple(plain))


@data_object(0x50, "text attribute", "TS 102 223 8.72")
class TextAttribute(SpanList):
    """Formatting of the text or alpha identifier before it."""

    __slots__ = ()


@data_object(0x51, "item text attribute list", "TS 102 223 8.73")
class ItemTextAttributes(SpanList):
    """Formatting of each item, in the order of the items."""

    __slots__ = ()


@data_object(0x68, "frame identifier", "TS 102 223 8.80")
class FrameIdentifier(OctetObject):
    """The frame of the screen the text goes to."""

    __slots__ = ()
