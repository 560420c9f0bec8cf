"""A layer: octets, a label for each stretch of them, and the layers inside. Pure values.

What must not be shown (passwords, PINs) is taken as a secret: stars in its own layer, and, where its octets stand again
in a layer around it, stars there (:func:`without_secrets`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from telecom_codecs.errors import CodecError
from telecom_codecs.octets import Cursor

SHORTEST_SECRET: Final = 3  #: octets; shorter ones are hidden in their own layer only, for they stand everywhere


@dataclass(frozen=True, slots=True)
class Label:
    """What a stretch of octets is: `octets` at `offset` of their layer, the standard's name, the meaning.

    `depth` says how many labels before it it belongs under: fields of an object stand below the object's head.
    """

    offset: int
    octets: bytes
    name: str
    meaning: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Layer:
    """One format: `fault` says where the octets stopped making sense, `inside` holds what they carry."""

    name: str
    octets: bytes
    labels: tuple[Label, ...] = ()
    inside: tuple[Layer, ...] = ()
    fault: str | None = None
    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def is_faulty(self) -> bool:
        """Whether this layer or one inside it could not be read."""
        return self.fault is not None or any(inner.is_faulty for inner in self.inside)


class Walk:
    """Reads octets from the front and labels every stretch."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._cursor = Cursor(octets)
        self._depth = 0
        self.labels: list[Label] = []
        self.secrets: list[bytes] = []

    @property
    def remaining(self) -> int:
        return self._cursor.remaining

    @property
    def offset(self) -> int:
        return self._cursor.offset

    def peek(self, name: str) -> int:
        return self._cursor.peek(name)

    def ahead(self, count: int | None = None) -> bytes:
        """The next octets, left in place: `count` of them, or all."""
        return self._octets[self.offset :] if count is None else self._octets[self.offset : self.offset + count]

    def take(self, count: int, name: str, meaning: str | Callable[[bytes], str] = "", *, secret: bool = False) -> bytes:
        """The next `count` octets, labelled; a `meaning` function sees them. Of a `secret` stars are shown."""
        offset = self.offset
        octets = self._cursor.take(count, name)
        said = "" if callable(meaning) else meaning
        try:
            said = meaning(octets) if callable(meaning) else meaning
        finally:  # octets whose meaning is a fault have their label, too
            if secret:
                self.secrets.append(octets)
            self.labels.append(Label(offset, b"*" * count if secret else octets, name, said, self._depth))
        return octets

    def number(self, count: int, name: str, meaning: str | Callable[[int], str] = "") -> int:
        """The next `count` octets as a number, labelled."""

        def say(octets: bytes) -> str:
            value = int.from_bytes(octets, "big")
            return meaning(value) if callable(meaning) else meaning or str(value)

        return int.from_bytes(self.take(count, name, say), "big")

    def rest(self, name: str, meaning: str | Callable[[bytes], str] = "") -> bytes:
        return self.take(self._cursor.remaining, name, meaning)

    @contextmanager
    def under(self) -> Iterator[None]:
        """Labels taken here belong under the last one."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def adopt(self, other: Walk) -> None:
        """The labels and secrets of a walk over the next octets."""
        start = self.offset
        self._cursor.take(other.offset, "octets")
        self.secrets += other.secrets
        self.labels += [
            replace(label, offset=start + label.offset, depth=self._depth + label.depth) for label in other.labels
        ]

    def shown(self) -> bytes:
        """All octets as the labels show them: secrets as stars."""
        labelled = b"".join([label.octets for label in self.labels])
        return labelled + self._octets[len(labelled) :]


def layer(name: str, octets: bytes, read: Callable[[Walk], tuple[Layer, ...]]) -> Layer:
    """Label `octets` with `read`, which returns what is inside. A codec error becomes the layer's fault."""
    walk = Walk(octets)
    inside: tuple[Layer, ...] = ()
    fault = None
    try:
        inside = read(walk)
    except CodecError as error:
        fault = str(error)
        if walk.remaining:
            walk.rest("not understood")
    if walk.remaining:
        walk.rest("left over")
        fault = "octets are left over"
    return Layer(name, walk.shown(), tuple(walk.labels), inside, fault, tuple(walk.secrets))


def without_secrets(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    """The layers with stars wherever the octets of one of their secrets stand."""
    secrets = {secret for one in layers for secret in _secrets_of(one) if len(secret) >= SHORTEST_SECRET}
    return tuple(_starred(one, secrets) for one in layers) if secrets else layers


def _secrets_of(one: Layer) -> Iterator[bytes]:
    yield from one.secrets
    for inner in one.inside:
        yield from _secrets_of(inner)


def _starred(one: Layer, secrets: set[bytes]) -> Layer:
    def stars(octets: bytes) -> bytes:
        for secret in secrets:
            octets = octets.replace(secret, b"*" * len(secret))
        return octets

    labels = tuple(replace(label, octets=stars(label.octets)) for label in one.labels)
    inside = tuple(_starred(inner, secrets) for inner in one.inside)
    return replace(one, octets=stars(one.octets), labels=labels, inside=inside)
