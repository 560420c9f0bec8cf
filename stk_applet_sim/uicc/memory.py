"""The card's non-volatile memory: named values over a shared image, changed in transactions.

A million cards share one image; a card owns only what it changed (the *delta*). Every write inside a
transaction waits in a journal and becomes visible to the rest of the world at commit, all at once or not at all.
`tear_at` lets a test cut the power before the n-th journal write: :class:`PowerLoss` is raised and the
journal is lost, as it would be on a real card.

Not here: files, keys, applications; they choose the names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

UNCHANGED: Mapping[str, bytes | None] = MappingProxyType({})
_DELETED = None


class PowerLoss(Exception):
    """The test cut the card's power. Restore the card from `snapshot()` and go on; nothing is half written."""


class NonVolatile:
    """Values by name: images (shared, the first wins), delta (this card's), journal (this transaction's).

    >>> memory = NonVolatile({"counter": b"\\x00"})
    >>> with memory.transaction():
    ...     memory.write("counter", b"\\x01")
    >>> memory.read("counter"), memory.delta
    (b'\\x01', {'counter': b'\\x01'})
    """

    __slots__ = ("_depth", "_images", "_journal", "delta", "tear_at", "writes")

    def __init__(self, *images: Mapping[str, bytes], delta: Mapping[str, bytes | None] = UNCHANGED) -> None:
        self._images = images
        self._journal: dict[str, bytes | None] = {}
        self._depth = 0
        self.delta: dict[str, bytes | None] = dict(delta)
        self.writes = 0
        """Journal writes since construction; a tear test counts them first."""
        self.tear_at: int | None = None
        """Cut the power instead of making journal write number `tear_at` (1 = the first from construction)."""

    def read(self, name: str, default: bytes = b"") -> bytes:
        for layer in (self._journal, self.delta):
            if name in layer:
                value = layer[name]
                return default if value is None else value
        for image in self._images:
            if name in image:
                return image[name]
        return default

    def __contains__(self, name: str) -> bool:
        for layer in (self._journal, self.delta):
            if name in layer:
                return layer[name] is not _DELETED
        return any(name in image for image in self._images)

    def write(self, name: str, value: bytes) -> None:
        """Change a value; outside a transaction this is a transaction of its own."""
        self._note(name, value)

    def delete(self, name: str) -> None:
        """Forget a value; no error when there is none."""
        if name in self:
            self._note(name, _DELETED)

    def _note(self, name: str, value: bytes | None) -> None:
        self.writes += 1
        if self.tear_at is not None and self.writes >= self.tear_at:
            self._journal.clear()
            raise PowerLoss(f"power cut before journal write {self.writes}")
        self._journal[name] = value
        if not self._depth:
            self.commit()

    def names(self, prefix: str) -> tuple[str, ...]:
        """All names that begin with `prefix`, sorted."""
        found = {
            name for layer in (*self._images, self.delta, self._journal) for name in layer if name.startswith(prefix)
        }
        return tuple(sorted(name for name in found if name in self))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end of the outermost block; an exception drops what was not committed."""
        self._depth += 1
        try:
            yield
        except BaseException:
            self._journal.clear()
            raise
        else:
            if self._depth == 1:
                self.commit()
        finally:
            self._depth -= 1

    def commit(self) -> None:
        """Make the journal durable now: what happens afterwards can no longer undo it."""
        self.delta.update(self._journal)
        self._journal.clear()

    def roll_back(self) -> None:
        """Drop what was not committed."""
        self._journal.clear()

    def snapshot(self) -> bytes:
        """The delta as JSON; the image is not part of it."""
        octets = {name: None if value is None else value.hex() for name, value in sorted(self.delta.items())}
        return json.dumps(octets, separators=(",", ":")).encode()

    @staticmethod
    def delta_of(snapshot: bytes) -> dict[str, bytes | None]:
        """The delta of a `snapshot()`; ValueError when it is not one."""
        loaded = json.loads(snapshot)
        if not isinstance(loaded, dict):
            raise ValueError("a card snapshot is a JSON object")
        return {str(name): None if value is None else bytes.fromhex(value) for name, value in loaded.items()}


class AppletStorage(MutableMapping[str, Any]):
    """A persistent dictionary for one applet: values are octets or JSON, written through to the card's memory.

    Change a value by assigning it; a list read here is a copy.
    """

    __slots__ = ("_memory", "_prefix")

    def __init__(self, memory: NonVolatile, applet: str) -> None:
        self._memory = memory
        self._prefix = f"applet/{applet}/"

    def __getitem__(self, name: str) -> Any:
        key = self._prefix + name
        if key not in self._memory:
            raise KeyError(name)
        stored = self._memory.read(key)
        return stored[1:] if stored[:1] == b"b" else json.loads(stored[1:])

    def __setitem__(self, name: str, value: Any) -> None:
        octets = b"b" + value if isinstance(value, bytes) else b"j" + json.dumps(value).encode()
        self._memory.write(self._prefix + name, octets)

    def __delitem__(self, name: str) -> None:
        if name not in self:
            raise KeyError(name)
        self._memory.delete(self._prefix + name)

    def __iter__(self) -> Iterator[str]:
        return iter([name[len(self._prefix) :] for name in self._memory.names(self._prefix)])

    def __len__(self) -> int:
        return len(self._memory.names(self._prefix))
