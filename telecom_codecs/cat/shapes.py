"""Shapes that many data objects share: raw octets, one octet, nothing, a list of octets, Latin characters, a number."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar, Self

from ..errors import BadValue, LocalError
from .names import known
from .objects import DataObject


@dataclass(frozen=True, slots=True)
class OctetsObject(DataObject):
    """An object whose inner structure another standard owns: carried as octets, counted as opaque.

    `SIZE` limits the length of the value where the table fixes it.
    """

    SIZE: ClassVar[range | None] = None

    octets: bytes

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if cls.SIZE is not None and len(value) not in cls.SIZE:
            raise BadValue(f"{len(value)} octets", clause=cls.CLAUSE)
        return cls(value)

    def encode(self) -> bytes:
        if self.SIZE is not None and len(self.octets) not in self.SIZE:
            raise LocalError(f"{len(self.octets)} octets", clause=self.CLAUSE)
        return bytes(self.octets)

    def plain(self) -> Any:
        return self.octets

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(bytes(plain))


@dataclass(frozen=True, slots=True)
class OctetObject(DataObject):
    """One octet; `NAMES` lists the values the standard names."""

    NAMES: ClassVar[type[IntEnum] | None] = None

    value: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 1:
            raise BadValue(f"{len(value)} octets instead of 1", clause=cls.CLAUSE)
        return cls(value[0] if cls.NAMES is None else known(cls.NAMES, value[0]))

    def encode(self) -> bytes:
        if not 0 <= self.value <= 0xFF:
            raise LocalError(f"{self.value} is not an octet", clause=self.CLAUSE)
        return bytes((self.value,))

    def plain(self) -> Any:
        return self.value

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(plain)


@dataclass(frozen=True, slots=True)
class NumberObject(DataObject):
    """An unsigned number in `WIDTH` octets."""

    WIDTH: ClassVar[int] = 2

    value: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != cls.WIDTH:
            raise BadValue(f"{len(value)} octets instead of {cls.WIDTH}", clause=cls.CLAUSE)
        return cls(int.from_bytes(value, "big"))

    def encode(self) -> bytes:
        if not 0 <= self.value < 1 << 8 * self.WIDTH:
            raise LocalError(f"{self.value} does not fit {self.WIDTH} octets", clause=self.CLAUSE)
        return self.value.to_bytes(self.WIDTH, "big")

    def plain(self) -> Any:
        return self.value

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(plain)


@dataclass(frozen=True, slots=True)
class MarkObject(DataObject):
    """An object without a value: being there is its meaning. A field of a message holds True or False."""

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if value:
            raise BadValue(f"{len(value)} octets instead of none", clause=cls.CLAUSE)
        return cls()

    def encode(self) -> bytes:
        return b""

    def plain(self) -> Any:
        return True

    @classmethod
    def of(cls, plain: Any) -> Self:
        return cls()


@dataclass(frozen=True, slots=True)
class ListObject(DataObject):
    """A list of octets, each with a meaning of its own."""

    NAMES: ClassVar[type[IntEnum] | None] = None

    values: tuple[int, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        names = cls.NAMES
        return cls(tuple(value) if names is None else tuple([known(names, octet) for octet in value]))

    def encode(self) -> bytes:
        if not all(0 <= value <= 0xFF for value in self.values):
            raise LocalError("a value is not an octet", clause=self.CLAUSE)
        return bytes(self.values)

    def plain(self) -> Any:
        return self.values

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(tuple(plain))


@dataclass(frozen=True, slots=True)
class LatinObject(DataObject):
    """Characters of one octet each (URLs, AT commands, language codes)."""

    SIZE: ClassVar[int] = 0  #: 0: any length

    text: str

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if cls.SIZE and len(value) != cls.SIZE:
            raise BadValue(f"{len(value)} octets instead of {cls.SIZE}", clause=cls.CLAUSE)
        return cls(value.decode("latin-1"))

    def encode(self) -> bytes:
        if self.SIZE and len(self.text) != self.SIZE:
            raise LocalError(f"{len(self.text)} characters instead of {self.SIZE}", clause=self.CLAUSE)
        try:
            return self.text.encode("latin-1")
        except UnicodeEncodeError as error:
            raise LocalError(f"character {error.start} does not fit one octet", clause=self.CLAUSE) from error

    def plain(self) -> Any:
        return self.text

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(plain)
