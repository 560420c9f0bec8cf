"""The menu as data: entries in two languages, their parents and what each does; compiled from menu.toml and texts.toml.

`compile_menu` refuses at build time what a phone would refuse in the member's hand: more than nine entries in a list,
lines that are too long, entries that hang nowhere, texts that outgrow one FETCH. It reads text, not files;
:func:`packaged_menu` reads ours. The octets of a menu in the card's files are menu_bank.py's.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from importlib import resources
from string import Formatter
from typing import Any, Final

from telecom_codecs.cat import MAX_PROACTIVE, GetInput, Item, ProactiveCommand, SelectItem, SetUpMenu, proactive_size
from telecom_codecs.errors import LocalError
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.requests import MessageClass

MOST_ENTRIES = 9  #: single-digit keys
DEEPEST = 3  #: levels below the idle screen
LONGEST_CHINESE, LONGEST_LATIN = 8, 16  #: characters of an entry
ROOT = 0
LONGEST_NAME: Final = "长" * LONGEST_CHINESE  #: what an enterprise may be called on the card
LONGEST_SUFFIX: Final = "[off]"
#: Every placeholder a text may have, with the longest value it is ever given.
PLACEHOLDERS: Final = {
    "name": LONGEST_NAME,
    "entry": "长" * LONGEST_CHINESE,
    "state": "frozen",
    "rights": "door, attendance, purse",
    "balance": "42949672.95",
    "amount": "42949672.95元",
    "kind": "clocked",
    "day": "12-31",
    "time": "2099-12-31 23:59:59",
    "terminal": "FFFFFFFFFFFF",
    "count": "65535",
    "number": "8613800000000000000",
    "period": "2099-12",
}


class Action(IntEnum):
    """What an entry does: one octet in the menu file of the card."""

    LIST = 0x00  #: open the entries below
    BALANCE = 0x01
    RECORDS = 0x02
    ATTENDANCE_TODAY = 0x03
    APPLICATIONS = 0x04
    ATTENDANCE_YESTERDAY = 0x05
    ATTENDANCE_MONTH = 0x06
    ATTENDANCE_LAST_MONTH = 0x07
    ATTENDANCE_BY_SMS = 0x08
    ATTENDANCE = 0x09
    APPLICATION_DETAIL = 0x0E
    APPLICATION_VALIDITY = 0x0F
    APPLICATION_DELETE = 0x10
    FREEZE_OWN = 0x11
    FREEZE_OTHER = 0x12
    FREEZE_PROGRESS = 0x13
    FREEZE_HOW_TO_LIFT = 0x14
    PASSWORD_CHANGE = 0x20
    PASSWORD_FORGOTTEN = 0x21
    PASSWORD_RULES = 0x22
    STATEMENT_ATTENDANCE = 0x30
    STATEMENT_AGAIN = 0x31
    STATEMENT_CONSUMPTION = 0x32
    STATEMENT_ALERTS = 0x33
    STATEMENT_LOW_BALANCE = 0x34
    STATEMENT_YEAR = 0x35
    REPORT_FAULT = 0x40
    FAULT_PROGRESS = 0x41
    RATE_SERVICE = 0x42
    CALL_HOTLINE = 0x50
    CALL_OPERATOR = 0x51
    CALL_ENTERPRISE = 0x52
    LANGUAGE_CHINESE = 0x60
    LANGUAGE_ENGLISH = 0x61


#: Classes of messages a member may switch off, in requests and in EF 6F06.
SWITCHED: Final = {
    Action.STATEMENT_ATTENDANCE: MessageClass.ATTENDANCE_BILL,
    Action.STATEMENT_CONSUMPTION: MessageClass.SPENDING_BILL,
    Action.STATEMENT_ALERTS: MessageClass.SPENDING_ALERTS,
    Action.STATEMENT_LOW_BALANCE: MessageClass.LOW_BALANCE,
}


@dataclass(frozen=True, slots=True)
class Text:
    """One text in both languages."""

    zh: str
    en: str

    def say(self, language: Language, /, **values: str) -> str:
        """The text in a language, its placeholders filled."""
        text = self.en if language is Language.EN else self.zh
        return text.format(**values) if values else text


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list. `id` 1..255 is what SELECT ITEM and MENU SELECTION carry; an unknown action stays an int."""

    id: int
    parent: int
    action: int
    text: Text


@dataclass(frozen=True, slots=True)
class MenuTree:
    """The whole menu and every text of the applet."""

    title: Text
    entries: tuple[Entry, ...]
    texts: Mapping[str, Text] = field(hash=False)
    numbers: Mapping[int, str] = field(default_factory=dict, hash=False)  #: the name of a text by its number

    def below(self, parent: int) -> tuple[Entry, ...]:
        """The entries of one list, in their order; of the card's own menu for parent 0."""
        return tuple(entry for entry in self.entries if entry.parent == parent)

    def entry(self, identifier: int) -> Entry | None:
        return next((entry for entry in self.entries if entry.id == identifier), None)

    def depth(self, entry: Entry) -> int:
        """Level of an entry: 1 in the card's own menu."""
        parent = self.entry(entry.parent)
        return 1 if parent is None else 1 + self.depth(parent)


def compile_menu(menu: str, texts: str) -> MenuTree:
    """The tree from the two TOML texts. Raises LocalError naming the entry that breaks a limit."""
    source = tomllib.loads(menu)
    rows = tomllib.loads(texts)
    numbers = {int(row["number"]): name for name, row in rows.items()}
    if len(numbers) != len(rows):
        raise LocalError("texts: a number is used twice")
    said = {name: Text(row["zh"], row["en"]) for name, row in rows.items()}
    tree = MenuTree(Text(**source["title"]), tuple(_entry(row) for row in source["entry"]), said, numbers)
    check_menu(tree)
    return tree


@functools.cache
def packaged_menu() -> MenuTree:
    """The menu that ships with the applet."""
    folder = resources.files(__package__)
    return compile_menu(
        folder.joinpath("menu.toml").read_text(encoding="utf-8"),
        folder.joinpath("texts.toml").read_text(encoding="utf-8"),
    )


def _entry(row: Mapping[str, Any]) -> Entry:
    try:
        action = Action[row["action"].upper()]
    except KeyError:
        raise LocalError(f"menu entry {row['id']:02X}: no action {row['action']!r}; see Action") from None
    return Entry(row["id"], row["parent"], action, Text(row["zh"], row["en"]))


def placeholders(text: str) -> frozenset[str]:
    """The names in braces; LocalError for a brace that is none, and for anything but a plain name in it."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise LocalError(f"text {text!r}: {error}") from None
    for _, name, shape, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or shape or conversion):
            raise LocalError(f"text {text!r}: no placeholder {{{name}}}")
    return frozenset(name for _, name, _, _ in parts if name is not None)


def check_menu(tree: MenuTree) -> None:
    """LocalError naming the entry or text that a phone could not show."""
    _check_places(tree)
    _check_lengths(tree)
    for language in Language:
        for parent in sorted({entry.parent for entry in tree.entries}):
            command = _list_of(tree, parent, language)
            if proactive_size(command) > MAX_PROACTIVE:
                raise LocalError(f"menu {parent:02X}: its {language.name} list is longer than one FETCH")
        for name, text in tree.texts.items():
            placeholders(text.say(language))
            if proactive_size(GetInput(text.say(language, **PLACEHOLDERS))) > MAX_PROACTIVE:
                raise LocalError(f"text {name}: in {language.name} it is longer than one FETCH")


def _check_places(tree: MenuTree) -> None:
    identifiers = [entry.id for entry in tree.entries]
    if len(set(identifiers)) != len(identifiers):
        raise LocalError("menu: an entry id is used twice")
    for entry in tree.entries:
        if not 1 <= entry.id <= 0xFF:
            raise LocalError(f"menu entry {entry.id}: ids are 1..255")
        if entry.parent != ROOT and (entry.parent not in identifiers or entry.parent >= entry.id):
            raise LocalError(f"menu entry {entry.id:02X}: parent {entry.parent:02X} must come before it")
    for entry in tree.entries:  # only now: a circle of parents has no depth
        if tree.depth(entry) > DEEPEST:
            raise LocalError(f"menu entry {entry.id:02X}: deeper than {DEEPEST} levels")
    for parent in {entry.parent for entry in tree.entries}:
        if len(tree.below(parent)) > MOST_ENTRIES:
            raise LocalError(f"menu {parent:02X}: more than {MOST_ENTRIES} entries; digits end at 9")
    for entry in tree.entries:
        if entry.action == Action.LIST and not tree.below(entry.id):
            raise LocalError(f"menu entry {entry.id:02X}: a list without entries")


def _check_lengths(tree: MenuTree) -> None:
    for entry in tree.entries:
        for text in (entry.text.zh, entry.text.en):
            if not 0 < len(text) <= (LONGEST_LATIN if text.isascii() else LONGEST_CHINESE):
                raise LocalError(f"menu entry {entry.id:02X}: {text!r} is too long for a line")


def _list_of(tree: MenuTree, parent: int, language: Language) -> ProactiveCommand:
    """A list as it is sent, with the longest title and suffixes it can have."""
    lines = tree.below(parent)
    if parent == ROOT:
        items = tuple(Item(entry.id, entry.text.say(language)) for entry in lines)
        return SetUpMenu(tree.title.say(language), items, help_available=True)
    above = tree.entry(parent)
    by_application = above is not None and above.action in (Action.APPLICATIONS, Action.ATTENDANCE)
    title = LONGEST_NAME if by_application or above is None else above.text.say(language)
    suffixed = tuple(
        Item(entry.id, entry.text.say(language) + (LONGEST_SUFFIX if entry.action in SWITCHED else ""))
        for entry in lines
    )
    return SelectItem(title, suffixed, help_available=True)
