"""File commands of one session: what is selected; SELECT, READ, UPDATE, PINs (TS 102 221 §11.1, TS 51.011 §8).

A logical channel is a session, and so is one remote script: the same commands under other rights.
Replies carry all their octets; the transmission protocol (61xx, 6Cxx) is the card's business (card.py).
"""

from __future__ import annotations

from collections.abc import Callable

from telecom_codecs.card.apdu import CommandApdu

from .access import Access, Rights
from .files import Directory, ElementaryFile, FileTree, Structure
from .memory import NonVolatile
from .select_response import describe_file, describe_file_2g
from .status import (
    DONE,
    FILE_NOT_FOUND,
    INCOMPATIBLE_WITH_STRUCTURE,
    NO_FILE_SELECTED,
    RECORD_NOT_FOUND,
    UNKNOWN_CLASS,
    UNKNOWN_INS,
    WRONG_LENGTH,
    WRONG_OFFSET,
    WRONG_P1_P2,
    Refused,
    Reply,
)

GSM_CLASS = 0xA0
NEXT, PREVIOUS, ABSOLUTE = 2, 3, 4  #: record modes, P2 bits 1-3
ALL = 256  #: Le 00: everything there is


class FileSession:
    """A current directory, a current EF and a record pointer, with the rights of whoever speaks."""

    __slots__ = ("_access", "_memory", "_rights", "_tree", "changed", "directory", "file", "record")

    def __init__(
        self, tree: FileTree, memory: NonVolatile, access: Access, rights: Rights, start: Directory | None = None
    ) -> None:
        self._tree = tree
        self._memory = memory
        self._access = access
        self._rights = rights
        self.directory = start or tree.root
        self.file: ElementaryFile | None = None
        self.record = 0
        self.changed: list[ElementaryFile] = []
        """The files this session wrote to, in that order."""

    def execute(self, apdu: CommandApdu) -> Reply:
        """One command. Refused with the status word of whatever is wrong; 6D00 for a command that is none of files."""
        if apdu.cla not in (0x00, 0x80, GSM_CLASS) and apdu.cla & 0xFC:
            raise Refused(UNKNOWN_CLASS)
        command = _COMMANDS.get(apdu.ins)
        if command is None:
            raise Refused(UNKNOWN_INS)
        return command(self, apdu)

    # selection

    def select(self, apdu: CommandApdu) -> Reply:
        """SELECT by file identifier, path or AID (§11.1.1)."""
        if apdu.cla == GSM_CLASS:
            if len(apdu.data) != 2:
                raise Refused(WRONG_LENGTH)
            node = self._tree.find(self.directory, int.from_bytes(apdu.data, "big"))
        else:
            if apdu.p2 & 0x1C not in (0x00, 0x04, 0x0C):
                raise Refused(WRONG_P1_P2)
            node = self._by_mode(apdu.p1, apdu.p2, apdu.data)
        if node is None:
            raise Refused(FILE_NOT_FOUND)
        self.enter(node)
        if apdu.cla == GSM_CLASS:
            return Reply(describe_file_2g(node, self._access))
        return DONE if apdu.p2 & 0x1C == 0x0C else Reply(describe_file(node, self._access))

    def enter(self, node: Directory | ElementaryFile) -> None:
        """Make a file the current one."""
        if isinstance(node, Directory):
            self.directory, self.file = node, None
        else:
            self.file = node
            holder = self._holder(node)
            self.directory = holder or self.directory
        self.record = 0

    def _holder(self, file: ElementaryFile) -> Directory | None:
        places: list[Directory | None] = [self.directory, self.directory.parent, self._tree.root]
        return next((place for place in places if place and place.files.get(file.fid) is file), None)

    def _by_mode(self, p1: int, p2: int, name: bytes) -> Directory | ElementaryFile | None:
        match p1:
            case 0x00 | 0x01:
                if p1 == 0x00 and not name:
                    return self._tree.root
                if len(name) != 2:
                    raise Refused(WRONG_LENGTH)
                return self._tree.find(self.directory, int.from_bytes(name, "big"))
            case 0x03:
                return self.directory.parent
            case 0x04:
                after = (self.directory.application or self.directory).aid if p2 & 3 == NEXT else b""
                return self._tree.application(name, after=after)
            case 0x08 | 0x09:
                return self._by_path(self._tree.root if p1 == 0x08 else self.directory, name)
        raise Refused(WRONG_P1_P2)

    def _by_path(self, start: Directory, path: bytes) -> Directory | ElementaryFile | None:
        if not path or len(path) % 2:
            raise Refused(WRONG_LENGTH)
        node: Directory | ElementaryFile | None = start
        for at in range(0, len(path), 2):
            fid = int.from_bytes(path[at : at + 2], "big")
            if fid == 0x7FFF and at == 0:
                node = self.directory.application
            else:
                node = node.files.get(fid) if isinstance(node, Directory) else None
        return node

    def status(self, apdu: CommandApdu) -> Reply:
        """STATUS: the current directory, its AID, or nothing (§11.1.2)."""
        if apdu.cla == GSM_CLASS:
            return Reply(describe_file_2g(self.directory, self._access))
        match apdu.p2:
            case 0x00:
                return Reply(describe_file(self.directory, self._access))
            case 0x01:
                application = self.directory.application
                aid = application.aid if application else b""
                return Reply(b"\x84" + bytes([len(aid)]) + aid)
            case 0x0C:
                return DONE
        raise Refused(WRONG_P1_P2)

    # contents

    def read_binary(self, apdu: CommandApdu) -> Reply:
        """READ BINARY; with Le 00 what is left of the file, 256 octets at most (§11.1.3)."""
        file, offset = self._binary(apdu)
        self._rights.require(file.read)
        if offset >= file.size:
            raise Refused(WRONG_OFFSET)
        return Reply(file.content(self._memory)[offset : offset + (apdu.le or ALL)])

    def update_binary(self, apdu: CommandApdu) -> Reply:
        """UPDATE BINARY (§11.1.4)."""
        file, offset = self._binary(apdu)
        self._rights.require(file.update)
        if not apdu.data:
            raise Refused(WRONG_LENGTH)
        if offset + len(apdu.data) > file.size:
            raise Refused(WRONG_OFFSET if offset >= file.size else WRONG_LENGTH)
        content = file.content(self._memory)
        self._write(file, content[:offset] + apdu.data + content[offset + len(apdu.data) :])
        return DONE

    def read_record(self, apdu: CommandApdu) -> Reply:
        """READ RECORD (§11.1.5); Le must be 00 or the length of a record."""
        file = self._record_file(apdu.p2)
        self._rights.require(file.read)
        number = self._pointed(file, apdu.p1, apdu.p2 & 7)
        at = (number - 1) * file.record_length
        return Reply(file.content(self._memory)[at : at + file.record_length])

    def update_record(self, apdu: CommandApdu) -> Reply:
        """UPDATE RECORD (§11.1.6); a cyclic file takes PREVIOUS only: the oldest record becomes number 1."""
        file = self._record_file(apdu.p2)
        self._rights.require(file.update)
        if len(apdu.data) != file.record_length:
            raise Refused(WRONG_LENGTH)
        content, mode = file.content(self._memory), apdu.p2 & 7
        if file.structure is Structure.CYCLIC:
            if mode != PREVIOUS or apdu.p1:
                raise Refused(WRONG_P1_P2)
            self.record = 1
            self._write(file, apdu.data + content[: -file.record_length])
            return DONE
        at = (self._pointed(file, apdu.p1, mode) - 1) * file.record_length
        self._write(file, content[:at] + apdu.data + content[at + file.record_length :])
        return DONE

    def search_record(self, apdu: CommandApdu) -> Reply:
        """SEARCH RECORD, simple forward search: numbers of the records that contain the pattern (§11.1.7)."""
        if apdu.cla == GSM_CLASS:
            raise Refused(UNKNOWN_INS)
        file = self._record_file(apdu.p2)
        self._rights.require(file.read)
        if apdu.p2 & 7 != ABSOLUTE:
            raise Refused(WRONG_P1_P2)
        if not apdu.data or len(apdu.data) > file.record_length:
            raise Refused(WRONG_LENGTH)
        content, length = file.content(self._memory), file.record_length
        first = max(apdu.p1, 1)
        numbers = range(first, file.records + 1)
        found = bytes(n for n in numbers if apdu.data in content[(n - 1) * length : n * length])
        return Reply(found) if found else Reply(sw=0x6282)

    def _write(self, file: ElementaryFile, content: bytes) -> None:
        self._memory.write(file.key, content)
        if file not in self.changed:
            self.changed.append(file)

    def _binary(self, apdu: CommandApdu) -> tuple[ElementaryFile, int]:
        if apdu.p1 & 0x80 and apdu.cla != GSM_CLASS:
            if apdu.p1 & 0x60:
                raise Refused(WRONG_P1_P2)
            file, offset = self._by_sfi(apdu.p1 & 0x1F), apdu.p2
        else:
            file, offset = self._selected(), apdu.p1 << 8 | apdu.p2
        if file.structure is not Structure.TRANSPARENT:
            raise Refused(INCOMPATIBLE_WITH_STRUCTURE)
        return file, offset

    def _record_file(self, p2: int) -> ElementaryFile:
        file = self._by_sfi(p2 >> 3) if p2 >> 3 else self._selected()
        if file.structure is Structure.TRANSPARENT:
            raise Refused(INCOMPATIBLE_WITH_STRUCTURE)
        return file

    def _by_sfi(self, sfi: int) -> ElementaryFile:
        file = self.directory.by_sfi(sfi)
        if file is None:
            raise Refused(FILE_NOT_FOUND)
        self.file, self.record = file, 0
        return file

    def _selected(self) -> ElementaryFile:
        if self.file is None:
            raise Refused(NO_FILE_SELECTED)
        return self.file

    def _pointed(self, file: ElementaryFile, p1: int, mode: int) -> int:
        """The number of the record meant; NEXT and PREVIOUS move the pointer."""
        match mode:
            case 4:
                number = p1 or self.record
            case 2:
                number = self.record + 1
                if number > file.records and file.structure is Structure.CYCLIC:
                    number = 1
            case 3:
                number = self.record - 1 if self.record else file.records
                if number < 1 and file.structure is Structure.CYCLIC:
                    number = file.records
            case _:
                raise Refused(WRONG_P1_P2)
        if not 1 <= number <= file.records:
            raise Refused(RECORD_NOT_FOUND)
        if mode != ABSOLUTE:
            self.record = number
        return number

    # PINs

    def _reference(self, apdu: CommandApdu) -> int:
        if apdu.p1:
            raise Refused(WRONG_P1_P2)
        if apdu.cla != GSM_CLASS:
            return apdu.p2
        return {0: 0x01, 1: 0x01, 2: 0x81, 4: 0x0A}.get(apdu.p2, apdu.p2)

    def verify(self, apdu: CommandApdu) -> Reply:
        return self._access.verify(self._reference(apdu), apdu.data)

    def change_pin(self, apdu: CommandApdu) -> Reply:
        return self._access.change(self._reference(apdu), apdu.data)

    def disable_pin(self, apdu: CommandApdu) -> Reply:
        return self._access.enable(self._reference(apdu), apdu.data, enabled=False)

    def enable_pin(self, apdu: CommandApdu) -> Reply:
        return self._access.enable(self._reference(apdu), apdu.data, enabled=True)

    def unblock_pin(self, apdu: CommandApdu) -> Reply:
        return self._access.unblock(self._reference(apdu), apdu.data)


_COMMANDS: dict[int, Callable[[FileSession, CommandApdu], Reply]] = {
    0xA4: FileSession.select,
    0xF2: FileSession.status,
    0xB0: FileSession.read_binary,
    0xD6: FileSession.update_binary,
    0xB2: FileSession.read_record,
    0xDC: FileSession.update_record,
    0xA2: FileSession.search_record,
    0x20: FileSession.verify,
    0x24: FileSession.change_pin,
    0x26: FileSession.disable_pin,
    0x28: FileSession.enable_pin,
    0x2C: FileSession.unblock_pin,
}

FILE_INSTRUCTIONS = frozenset(_COMMANDS)
