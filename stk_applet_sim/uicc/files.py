"""The file tree of a card: what files there are and where their contents are kept (TS 102 221 §8).

The tree is one for all cards of a profile and never changes; contents live in the card's memory under the file's `key`.
Two places of the tree may show one file (EF.IMSI under DF.GSM and ADF.USIM): they share the key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from .access import Condition
from .memory import NonVolatile

MF = 0x3F00
CURRENT_ADF = 0x7FFF  #: the reserved identifier of the current application, TS 102 221 §8.3


class Structure(IntEnum):
    """Structure of an EF: bits 1-3 of the file descriptor octet, TS 102 221 table 11.5."""

    TRANSPARENT = 1
    LINEAR = 2
    CYCLIC = 6


@dataclass(frozen=True, slots=True)
class ElementaryFile:
    """An EF; `record_length` is 0 for a transparent one, `sfi` 0 when it has none."""

    fid: int
    name: str
    structure: Structure
    size: int
    record_length: int
    sfi: int
    read: Condition
    update: Condition
    key: str

    @property
    def records(self) -> int:
        return self.size // self.record_length if self.record_length else 0

    @property
    def path(self) -> bytes:
        """The place of its contents from the MF, 3F00 first: what REFRESH names."""
        return bytes.fromhex("3F00" + self.key.removeprefix("ef").replace("/", ""))

    def content(self, memory: NonVolatile) -> bytes:
        return memory.read(self.key).ljust(self.size, b"\xff")


@dataclass(eq=False, slots=True)
class Directory:
    """MF, DF or ADF (the one with an `aid`)."""

    fid: int
    name: str
    aid: bytes
    parent: Directory | None
    files: dict[int, Directory | ElementaryFile] = field(default_factory=dict, repr=False)

    @property
    def elementary(self) -> tuple[ElementaryFile, ...]:
        return tuple(node for node in self.files.values() if isinstance(node, ElementaryFile))

    @property
    def directories(self) -> tuple[Directory, ...]:
        return tuple(node for node in self.files.values() if isinstance(node, Directory))

    @property
    def application(self) -> Directory | None:
        """The ADF this directory lies in."""
        place: Directory | None = self
        while place is not None and not place.aid:
            place = place.parent
        return place

    def by_sfi(self, sfi: int) -> ElementaryFile | None:
        return next((node for node in self.elementary if node.sfi == sfi), None)

    def walk(self) -> Iterator[Directory | ElementaryFile]:
        """This directory and everything below it."""
        yield self
        for node in self.files.values():
            if isinstance(node, Directory):
                yield from node.walk()
            else:
                yield node


@dataclass(frozen=True, slots=True)
class FileTree:
    """The MF with all below it, the applications by AID, and the contents every card starts from."""

    root: Directory
    applications: Mapping[bytes, Directory]
    contents: Mapping[str, bytes] = field(repr=False)

    def at(self, *fids: int) -> Directory | ElementaryFile | None:
        """The file at a path below the MF."""
        place: Directory | ElementaryFile | None = self.root
        for fid in fids:
            place = place.files.get(fid) if isinstance(place, Directory) else None
        return place

    def find(self, current: Directory, fid: int) -> Directory | ElementaryFile | None:
        """SELECT by file identifier from `current` (TS 102 221 §8.4.1): child, self, parent, sibling DF, MF, ADF."""
        if fid == MF:
            return self.root
        if fid == CURRENT_ADF:
            return current.application
        if fid in current.files:
            return current.files[fid]
        parent = current.parent
        if fid == current.fid and not current.aid:
            return current
        if parent is None:
            return None
        if fid == parent.fid:
            return parent
        sibling = parent.files.get(fid)
        return sibling if isinstance(sibling, Directory) else None

    def application(self, aid: bytes, *, after: bytes = b"") -> Directory | None:
        """The ADF whose AID begins with `aid`; with `after`, the next one behind that AID."""
        names = sorted(name for name in self.applications if name.startswith(aid) and len(aid) >= 5 and name > after)
        return self.applications[names[0]] if names else None


def build_tree(description: Mapping[str, Any]) -> FileTree:
    """From a profile's `mf` table; ValueError or KeyError when it contradicts itself (the profile is ours)."""
    contents: dict[str, bytes] = {}
    root = _directory(description, None, "", contents)
    applications = {node.aid: node for node in root.walk() if isinstance(node, Directory) and node.aid}
    return FileTree(root, applications, contents)


def _directory(table: Mapping[str, Any], parent: Directory | None, path: str, contents: dict[str, bytes]) -> Directory:
    directory = Directory(int(table["fid"], 16), table["name"], bytes.fromhex(table.get("aid", "")), parent)
    for child in table["files"]:
        place = f"{path}/{child['fid']}"
        node = _directory(child, directory, place, contents) if "files" in child else _file(child, place, contents)
        if node.fid in directory.files:
            raise ValueError(f"{place} is there twice")
        directory.files[node.fid] = node
    return directory


def _file(table: Mapping[str, Any], path: str, contents: dict[str, bytes]) -> ElementaryFile:
    structure = Structure[table.get("structure", "transparent").upper()]
    record_length = int(table.get("record", 0))
    records = [bytes.fromhex(record) for record in table.get("records", ())]
    content = bytes.fromhex(table.get("content", "")) + b"".join(r.ljust(record_length, b"\xff") for r in records)
    size = record_length * int(table["count"]) if record_length else int(table.get("size", len(content)))
    if len(content) > size or bool(record_length) != (structure is not Structure.TRANSPARENT):
        raise ValueError(f"{path}: content and size disagree")
    key = f"ef{table.get('same_as', path)}"
    if "same_as" not in table:
        contents[key] = content.ljust(size, bytes.fromhex(table.get("fill", "FF")))
    return ElementaryFile(
        fid=int(table["fid"], 16),
        name=table["name"],
        structure=structure,
        size=size,
        record_length=record_length,
        sfi=int(table.get("sfi", "0"), 16),
        read=Condition(table.get("read", "ALW")),
        update=Condition(table.get("update", "ADM")),
        key=key,
    )
