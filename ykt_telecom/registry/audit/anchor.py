"""The head of the audit chain, kept outside the database: whoever has the database alone cannot turn the log back.

A file of lines `seq proof`, only ever appended to, one after each commit that sealed rows. It may lie one commit behind
after a crash, never ahead. When it has grown large it becomes `….1` and a new one is begun.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...storage.faults import StorageUnavailable

LARGEST = 64 << 20
#: The end of the file that is read for its last line: more than any number of writers leave out of order.
_TAIL = 8192


@dataclass(frozen=True, slots=True)
class Anchored:
    """A point that the chain has passed. `proof` is an HMAC over its number and seal."""

    seq: int
    proof: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The file, 0600. Keep it where a copy of the database does not bring it along."""

    path: Path

    def append(self, point: Anchored) -> None:
        """Note a point; raises :class:`StorageUnavailable` when the file cannot be written."""
        try:
            is_new = not self.path.exists()
            if is_new:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, f"{point.seq} {point.proof}\n".encode("ascii"))
                if is_new:  # a lag after a loss of power is no finding, a file that is not there is one
                    os.fsync(descriptor)
                size = os.fstat(descriptor).st_size
            finally:
                os.close(descriptor)
            if size > LARGEST:
                self.path.replace(self._older)
                self.append(point)
        except OSError as error:
            raise StorageUnavailable(f"audit.anchor_file: {self.path}: {error.strerror}") from None

    def last(self) -> Anchored | None:
        """The furthest of the last points; None when there is no file, or none that can be read."""
        try:
            with self.path.open("rb") as file:
                file.seek(max(0, self.path.stat().st_size - _TAIL))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return None
        return max(_points(lines), key=lambda point: point.seq, default=None)

    def furthest(self) -> Anchored | None:
        """The furthest point of all; None when there is none."""
        found: Anchored | None = None
        for path in (self._older, self.path):
            if path.is_file():
                with path.open("rb") as file:
                    found = max((p for p in (found, *_points(file)) if p), key=lambda point: point.seq, default=None)
        return found

    @property
    def _older(self) -> Path:
        return self.path.with_name(self.path.name + ".1")


def _points(lines: Iterable[bytes]) -> Iterator[Anchored]:
    """What can be read: a line that a crash or the cut at the beginning left in half is passed over."""
    for line in lines:
        words = line.split()
        if len(words) == 2 and words[0].isdigit() and len(words[1]) == 64:
            yield Anchored(int(words[0]), words[1].decode("ascii", "replace"))
