"""What a handset shows, as values: tests compare them, the demo prints them, a TUI or web page would draw them.

A hidden entry is only ever its stars here: the digits live in the handset until they are sent to the card.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum


class Key(Enum):
    """The keys beside the digits."""

    OK = "ok"
    NO = "no"  #: the right soft key: cancel, "no"
    BACK = "back"
    END = "end"
    HELP = "help"
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class Off:
    """The handset is switched off."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is on. `menu` is the title of the card's menu, empty when the card has announced none."""

    menu: str = ""


@dataclass(frozen=True, slots=True)
class Menu:
    """The card's own menu (SET UP MENU), opened by the user."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class List:
    """A list of the card (SELECT ITEM)."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """A line to fill in (GET INPUT, GET INKEY); `entered` is stars when hidden."""

    prompt: str
    hidden: bool
    minimum: int
    maximum: int
    digits_only: bool = True
    entered: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """A question answered by yes or no (GET INKEY)."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text (DISPLAY TEXT, class 0 SMS). `waits`: the user has to dismiss it."""

    text: str
    high_priority: bool = False
    waits: bool = True


@dataclass(frozen=True, slots=True)
class Busy:
    """The handset is at work for the card, or the user with something else; `text` says what."""

    text: str


Screen = Off | Idle | Menu | List | Input | Confirm | Text | Busy


def render(screen: Screen, *, width: int = 24) -> str:
    """A screen as plain text with a frame, for transcripts. `width` counts Latin columns."""
    title, lines, keys = _parts(screen)
    body = [line for text in lines for line in _wrap(text, width)]
    rows = ["┌" + "─" * (width + 2) + "┐"]
    if title:
        rows += [_row(line, width) for line in _wrap(title, width)] + ["├" + "─" * (width + 2) + "┤"]
    rows += [_row(line, width) for line in body or [""]]
    if keys:
        rows += ["├" + "─" * (width + 2) + "┤", _row(keys, width)]
    return "\n".join([*rows, "└" + "─" * (width + 2) + "┘"])


def _parts(screen: Screen) -> tuple[str, list[str], str]:
    """Title, lines, and what the soft keys say."""
    match screen:
        case Menu(title, items) | List(title, items):
            return title, [f"{number} {item}" for number, item in enumerate(items, 1)], "ok        back       end"
        case Input(prompt=prompt, entered=entered):
            return "", [prompt, f"[{entered}_]"], "ok        back       end"
        case Confirm(text):
            return "", [text], "yes        no       back"
        case Text(text, _, waits):
            return "", text.split("\n"), "ok" if waits else ""
        case Idle(menu):
            return "", [f"SIM: {menu}"] if menu else [], "ok" if menu else ""
        case Busy(text):
            return "", [text], ""
    return "", ["(off)"], ""


def columns(text: str) -> int:
    """Width in Latin columns: Chinese characters and full-width signs take two."""
    return sum(2 if _is_wide(character) else 1 for character in text)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _wrap(text: str, width: int) -> list[str]:
    lines, line = [], ""
    for character in text:
        if character == "\n" or columns(line + character) > width:
            lines.append(line)
            line = "" if character == "\n" else character
        else:
            line += character
    return [*lines, line]


def _row(line: str, width: int) -> str:
    return f"│ {line}{' ' * (width - columns(line))} │"
