"""The menu as octets of the card's files: banks EF 6F01 and 6F02, header EF 6F03 (docs/wire/card-application.md §10).

`compile_bank` is the build tool: what a phone could not show, or what does not fit the bank, fails there.
`read_bank` is the card's side; it trusts nothing: a bank passes the checks of the compiler or is refused whole.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final, Self

from telecom_codecs.crypto.crc import crc32
from telecom_codecs.errors import BadValue, CheckFailed, LimitExceeded, LocalError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms import ucs2
from telecom_codecs.tlv import BerTlv, decode_ber

from .menu_tree import ROOT, Action, Entry, MenuTree, Text, check_menu, placeholders

BANK_OCTETS: Final = 2048
HEADER_OCTETS: Final = 9
BANKS: Final = (1, 2)
TITLE: Final = 0x00  #: id of the entry that is the menu's title
TEXTS: Final = 0xFF  #: parent of the entries that are texts
CHINESE, ENGLISH = 0x80, 0x81  #: tags of the two languages
CLAUSE: Final = "docs/wire/card-application.md §10"

_HEADER = struct.Struct(">BHH4s")


@dataclass(frozen=True, slots=True)
class MenuHeader:
    """EF 6F03: the bank in use, its version, how many octets of it count, their CRC-32. Length 0: none is loaded."""

    bank: int
    version: int
    length: int
    check: bytes

    @classmethod
    def of(cls, bank: int, version: int, octets: bytes) -> Self:
        """The header that puts `octets` in `bank` to use; LocalError for a bank or version that does not exist."""
        if bank not in BANKS or not 0 <= version <= 0xFFFF:
            raise LocalError(f"menu bank {bank}, version {version}", clause=CLAUSE)
        return cls(bank, version, len(octets), crc32(octets))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the nine octets; BadValue for another length or bank."""
        if len(octets) != HEADER_OCTETS or octets[0] not in BANKS:
            raise BadValue("menu header: nine octets with bank 1 or 2 are wanted", offset=0, clause=CLAUSE)
        return cls(*_HEADER.unpack(octets))

    def encode(self) -> bytes:
        return _HEADER.pack(self.bank, self.version, self.length, self.check)

    def checked(self, bank: bytes) -> bytes:
        """The octets of the bank that count; CheckFailed when their CRC is another, LimitExceeded beyond the bank."""
        if self.length > len(bank):
            raise LimitExceeded(f"menu of {self.length} octets in a bank of {len(bank)}", clause=CLAUSE)
        octets = bank[: self.length]
        if crc32(octets) != self.check:
            raise CheckFailed("the CRC of the menu bank is another", clause=CLAUSE)
        return octets


def compile_bank(tree: MenuTree, texts: Collection[str] = ()) -> bytes:
    """The octets of a menu, with those texts that differ from what the applet was loaded with.

    Raises LocalError for what a phone cannot show, a text that does not exist and a menu longer than a bank.
    """
    check_menu(tree)
    octets = _line(TITLE, ROOT, Action.LIST, tree.title)
    octets += b"".join(_line(entry.id, entry.parent, entry.action, entry.text) for entry in tree.entries)
    numbers = {name: number for number, name in tree.numbers.items()}
    for name in texts:
        if name not in numbers:
            raise LocalError(f"menu bank: no text {name!r}", clause=CLAUSE)
        octets += _line(numbers[name], TEXTS, Action.LIST, tree.texts[name])
    if len(octets) > BANK_OCTETS:
        raise LocalError(f"menu of {len(octets)} octets: a bank holds {BANK_OCTETS}", clause=CLAUSE)
    return octets


@functools.lru_cache(maxsize=16)
def read_bank(octets: bytes, loaded: MenuTree) -> MenuTree:
    """The menu in the octets; texts it does not bring stay those of `loaded`. A RemoteError refuses it whole."""
    cursor = Cursor(octets)
    title: Text | None = None
    entries: list[Entry] = []
    texts: dict[str, Text] = {}
    while cursor.remaining:
        identifier, parent, action = cursor.u8("id"), cursor.u8("parent"), cursor.u8("action")
        text = Text(_alpha(cursor, CHINESE), _alpha(cursor, ENGLISH))
        if parent == TEXTS:
            name = _text_name(identifier, text, loaded)
            texts[name] = text
        elif identifier == TITLE:
            title = text
        else:
            entries.append(Entry(identifier, parent, action, text))
    if title is None or not entries:
        raise BadValue("a menu without title or entries", clause=CLAUSE)
    tree = replace(loaded, title=title, entries=tuple(entries), texts={**loaded.texts, **texts})
    try:
        check_menu(tree)
    except LocalError as error:
        raise BadValue(f"menu bank: {error}", clause=CLAUSE) from None
    return tree


def _line(identifier: int, parent: int, action: int, text: Text) -> bytes:
    alphas = ((CHINESE, text.zh), (ENGLISH, text.en))
    return bytes((identifier, parent, action)) + b"".join(
        BerTlv(tag, ucs2.encode_alpha(words)).encode() for tag, words in alphas
    )


def _alpha(cursor: Cursor, tag: int) -> str:
    offset = cursor.offset
    found = decode_ber(cursor)
    if found.tag != tag:
        raise BadValue(f"tag {found.tag:02X} where {tag:02X} is wanted", offset=offset, clause=CLAUSE)
    return ucs2.decode_alpha(found.value)


def _text_name(number: int, text: Text, loaded: MenuTree) -> str:
    """The text of this number; it may drop placeholders of the one it replaces, never bring others."""
    name = loaded.numbers.get(number)
    if name is None:
        raise BadValue(f"text {number} does not exist", clause=CLAUSE)
    known = loaded.texts[name]
    for new, old in ((text.zh, known.zh), (text.en, known.en)):
        try:
            strange = placeholders(new) - placeholders(old)
        except LocalError as error:
            raise BadValue(str(error), clause=CLAUSE) from None
        if strange:
            raise BadValue(f"text {name} has no value for {{{min(strange)}}}", clause=CLAUSE)
    return name
