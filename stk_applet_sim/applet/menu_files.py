"""The files of the menu, DF 7F59 of the card: which menu is in use, the language, hotlines, switches (§10).

A card without these files has the menu the applet was loaded with, and keeps the language in the applet's own area.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from telecom_codecs.errors import RemoteError
from telecom_codecs.onecard.language import Language
from telecom_codecs.sms import ucs2
from telecom_codecs.sms.address import TON_UNKNOWN, Address

from .menu_bank import MenuHeader, read_bank
from .menu_tree import MenuTree

DIRECTORY: Final = 0x7F59
BANK_FILES: Final = {1: 0x6F01, 2: 0x6F02}
HEADER, HOTLINES, LANGUAGE, SWITCHES = 0x6F03, 0x6F04, 0x6F05, 0x6F06
HOTLINE_OCTETS: Final = 40
NAME_OCTETS: Final = 26  #: alpha identifier of a hotline
ONECARD_LINE, OPERATOR_LINE, FIRST_ENTERPRISE_LINE = 1, 2, 3  #: record numbers
SWITCHES_AT_BIRTH: Final = 0x0B  #: attendance and spending bills and low balance on, spending alerts off


class CardFiles(Protocol):
    """What the menu reads and writes of the card's files."""

    def file(self, *path: int) -> bytes:
        """The content of an EF; LookupError when there is none."""

    def write_file(self, octets: bytes, *path: int) -> None:
        """Write the beginning of a transparent EF; LookupError when there is none."""


@dataclass(frozen=True, slots=True)
class Hotline:
    """A number to call, as the member reads it and as it is dialled."""

    name: str
    address: Address


#: Numbers a card has whose EF 6F04 is still empty.
NUMBERS_AT_BIRTH: Final = {
    ONECARD_LINE: Hotline("4001008688", Address("4001008688", ton=TON_UNKNOWN)),
    OPERATOR_LINE: Hotline("10086", Address("10086", ton=TON_UNKNOWN)),
}


class MenuFiles:
    """The menu in use and what the member set; `area` is the applet's persistent dictionary."""

    def __init__(self, card: CardFiles, area: MutableMapping[str, Any], loaded: MenuTree) -> None:
        self.tree = loaded
        self._card = card
        self._area = area
        self._loaded = loaded
        self._seen: bytes | None = None
        self._spoken = self.language
        self.look()

    def look(self) -> bool:
        """Take what was written to the files into use; True when the menu or its language changed.

        A menu is taken when its header is good, else the one in use stays.
        """
        header, language = self._read(HEADER), self.language
        if header == self._seen and language is self._spoken:
            return False
        other_language, self._spoken = language is not self._spoken, language
        self._seen = header
        before = self.tree
        tree = self._menu_of(header)
        if tree is not None:
            self._remember(header, tree)
        elif before is self._loaded and "menu_header" in self._area:
            tree = self._menu_of(
                self._area["menu_header"]
            )  # after a power cycle: the last good one, if it is still there
        self.tree = tree or before
        return other_language or self.tree != before

    def restarted(self) -> bool:
        """The power was cycled: everything is read again. True when the menu is another one."""
        before = self.tree
        self.tree, self._seen = self._loaded, None
        self.look()
        return self.tree != before

    @property
    def version(self) -> int:
        """Version of the menu in use, 0 for the one the applet was loaded with."""
        if self.tree == self._loaded or "menu_header" not in self._area:
            return 0
        return MenuHeader.decode(self._area["menu_header"]).version

    @property
    def language(self) -> Language:
        octets = self._read(LANGUAGE) or bytes((int(self._area.get("language", 0)),))
        return Language.EN if octets[0] == Language.EN else Language.ZH

    @language.setter
    def language(self, language: Language) -> None:
        self._spoken = language
        try:
            self._card.write_file(bytes((language,)), DIRECTORY, LANGUAGE)
        except LookupError:
            self._area["language"] = int(language)

    def say(self, name: str, /, **values: str) -> str:
        """A text of the menu in use, in the member's language."""
        return self.tree.texts[name].say(self.language, **values)

    def is_on(self, switch: int) -> bool:
        """Whether the platform sends messages of a class (1..8), as it last said in EF 6F06."""
        octets = self._read(SWITCHES) or bytes((SWITCHES_AT_BIRTH,))
        return bool(octets[0] >> switch - 1 & 1)

    def hotlines(self, first: int, last: int | None = None) -> tuple[Hotline, ...]:
        """The numbers in records `first` to `last` (the end) of EF 6F04; unreadable and empty records are left out."""
        octets = self._read(HOTLINES)
        records = [octets[at : at + HOTLINE_OCTETS] for at in range(0, len(octets), HOTLINE_OCTETS)]
        wanted = range(first, (last or len(records)) + 1)
        read = [
            (_hotline(records[at - 1]) if at <= len(records) else None) or NUMBERS_AT_BIRTH.get(at) for at in wanted
        ]
        return tuple(hotline for hotline in read if hotline is not None)

    def _remember(self, header: bytes, tree: MenuTree) -> None:
        # A card that never got a menu keeps nothing: there are a million of them.
        known = self._area.get("menu_header")
        if known != header and (known is not None or tree is not self._loaded):
            self._area["menu_header"] = header

    def _menu_of(self, header: bytes) -> MenuTree | None:
        """The menu a header names: the loaded one for length 0, None when it is not good."""
        try:
            found = MenuHeader.decode(header)
            if not found.length:
                return self._loaded
            return read_bank(found.checked(self._read(BANK_FILES[found.bank])), self._loaded)
        except RemoteError:
            return None

    def _read(self, fid: int) -> bytes:
        try:
            return self._card.file(DIRECTORY, fid)
        except LookupError:
            return b""


def hotline_record(name: str, address: Address) -> bytes:
    """A record of EF 6F04, for whoever writes it: alpha identifier 26, number 14 as in EF.ADN (TS 31.102 §4.4.2.3)."""
    value = address.encode_value()
    number = bytes((len(value),)) + value.ljust(HOTLINE_OCTETS - NAME_OCTETS - 1, b"\xff")
    return ucs2.encode_alpha(name).ljust(NAME_OCTETS, b"\xff")[:NAME_OCTETS] + number


def _hotline(record: bytes) -> Hotline | None:
    length = record[NAME_OCTETS] if len(record) == HOTLINE_OCTETS else 0
    value = record[NAME_OCTETS + 1 : NAME_OCTETS + 1 + length]
    if not 1 < length <= HOTLINE_OCTETS - NAME_OCTETS - 3:
        return None
    try:
        address = Address.decode_value(value)
        name = ucs2.decode_alpha(record[:NAME_OCTETS])
    except RemoteError:
        return None
    return Hotline(name or address.digits, address)
