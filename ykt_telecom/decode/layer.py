"""A layer: octets, a label for each stretch of them, and the layers inside. Pure values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor


@dataclass(frozen=True, slots=True)
class Label:
    """What a stretch of octets is: `octets` at `offset` of their layer, the standard's name, the meaning."""

    offset: int
    octets: bytes
    name: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Layer:
    """One format: `fault` says where the octets stopped making sense, `inside` holds what they carry."""

    name: str
    octets: bytes
    labels: tuple[Label, ...] = ()
    inside: tuple[Layer, ...] = ()
    fault: str | None = None

    @property
    def is_faulty(self) -> bool:
        """Whether this layer or one inside it could not be read."""
        return self.fault is not None or any(inner.is_faulty for inner in self.inside)


class Walk:
    """Reads octets from the front and labels every stretch."""

    def __init__(self, octets: bytes) -> None:
        self._cursor = Cursor(octets)
        self.labels: list[Label] = []

    @property
    def remaining(self) -> int:
        return self._cursor.remaining

    def peek(self, name: str) -> int:
        return self._cursor.peek(name)

    def take(self, count: int, name: str, meaning: str | Callable[[bytes], str] = "") -> bytes:
        """The next `count` octets, labelled; a `meaning` function sees them."""
        offset = self._cursor.offset
        octets = self._cursor.take(count, name)
        self.labels.append(Label(offset, octets, name, meaning(octets) if callable(meaning) else meaning))
        return octets

    def number(self, count: int, name: str, meaning: str | Callable[[int], str] = "") -> int:
        """The next `count` octets as a number, labelled."""

        def say(octets: bytes) -> str:
            value = int.from_bytes(octets, "big")
            return meaning(value) if callable(meaning) else meaning or str(value)

        return int.from_bytes(self.take(count, name, say), "big")

    def rest(self, name: str, meaning: str | Callable[[bytes], str] = "") -> bytes:
        return self.take(self._cursor.remaining, name, meaning)


def layer(name: str, octets: bytes, read: Callable[[Walk], tuple[Layer, ...]]) -> Layer:
    """Label `octets` with `read`, which returns what is inside. A codec error becomes the layer's fault."""
    walk = Walk(octets)
    try:
        inside = read(walk)
    except CodecError as error:
        if walk.remaining:
            walk.rest("not understood")
        return Layer(name, octets, tuple(walk.labels), fault=str(error))
    if walk.remaining:
        walk.rest("left over")
        return Layer(name, octets, tuple(walk.labels), inside, fault="octets are left over")
    return Layer(name, octets, tuple(walk.labels), inside)
