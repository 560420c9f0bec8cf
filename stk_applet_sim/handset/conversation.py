"""A proactive command on the screen, waiting for its user: what each key makes of it (TS 102 223 §6.4).

A conversation turns keys into the one TERMINAL RESPONSE; None means that it goes on. How long it waits, and how much it
shows, is the model's: stock Android gives 30 s to lists and input, 60 s to a text the user has to dismiss, 15 s to one
that clears itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from telecom_codecs.cat import (
    CommandDetails,
    DisplayText,
    Duration,
    GeneralResult,
    GetInkey,
    GetInput,
    ProactiveCommand,
    SelectItem,
    SetUpCall,
    TerminalResponse,
)
from telecom_codecs.cat.objects import DataObject
from telecom_codecs.errors import LocalError

from .model import HandsetModel
from .screen import Confirm, Input, Key, List, Screen, Text

C = TypeVar("C", bound=ProactiveCommand)

DIGITS: Final = frozenset("0123456789*#+")

_USER_RESULTS: Final[Mapping[Key, int]] = {
    Key.BACK: GeneralResult.BACKWARD_MOVE,
    Key.END: GeneralResult.SESSION_TERMINATED_BY_USER,
}


@dataclass(frozen=True, slots=True)
class Performed:
    """The response to a command; `masked` is what observers may see of it when the user typed something hidden."""

    response: TerminalResponse = field(repr=False)
    masked: TerminalResponse | None = None


def performed(
    command: ProactiveCommand,
    result: int = GeneralResult.OK,
    additional: bytes = b"",
    *,
    item: int | None = None,
    text: str | None = None,
) -> Performed:
    """The response to `command`."""
    return Performed(TerminalResponse(command.details, result, additional, item=item, text=text))


def performed_with(command: ProactiveCommand, *objects: DataObject) -> Performed:
    """The response to `command` with what it asked for."""
    return Performed(TerminalResponse(command.details, extras=objects))


class Conversation(Protocol):
    """One command on the screen. Every method returns the response, or None while the user is not done."""

    @property
    def screen(self) -> Screen: ...
    @property
    def deadline(self) -> float:
        """When the user's silence is the answer, in the handset's seconds."""

    def press(self, key: Key) -> Performed | None: ...
    def press_digit(self, digit: str) -> Performed | None: ...
    def select(self, line: int) -> Performed | None: ...
    def enter(self, text: str) -> Performed | None: ...
    def timed_out(self) -> Performed: ...


@dataclass(slots=True)
class _Waiting(Generic[C]):
    """What all have in common: Back, End and Help answer for themselves, silence is result 12."""

    deadline: float
    command: C
    model: HandsetModel

    def press(self, key: Key) -> Performed | None:
        if key is Key.HELP:
            offers = self.model.help and getattr(self.command, "help_available", False)
            return performed(self.command, GeneralResult.HELP_REQUIRED) if offers else None
        result = _USER_RESULTS.get(key)
        return None if result is None else performed(self.command, result)

    def press_digit(self, digit: str) -> Performed | None:
        return None

    def select(self, line: int) -> Performed | None:
        return None

    def enter(self, text: str) -> Performed | None:
        return None

    def timed_out(self) -> Performed:
        return performed(self.command, GeneralResult.NO_RESPONSE_FROM_USER)


@dataclass(slots=True)
class Reading(_Waiting[DisplayText]):
    """DISPLAY TEXT."""

    @property
    def screen(self) -> Screen:
        return Text(self.command.text, self.command.high_priority, self.command.wait_for_user)

    def press(self, key: Key) -> Performed | None:
        return performed(self.command) if key is Key.OK else _Waiting.press(self, key)

    def timed_out(self) -> Performed:
        if self.command.wait_for_user:
            return performed(self.command, GeneralResult.NO_RESPONSE_FROM_USER)
        return performed(self.command)  # it clears itself: that is success


@dataclass(slots=True)
class Choosing(_Waiting[SelectItem]):
    """SELECT ITEM."""

    @property
    def screen(self) -> Screen:
        shown = self.model.line or None
        return List(self.command.title or "", tuple(item.text[:shown] for item in self.command.items))

    def press_digit(self, digit: str) -> Performed | None:
        return self.select(int(digit)) if digit.isdecimal() else None

    def select(self, line: int) -> Performed | None:
        if not 1 <= line <= len(self.command.items):
            return None
        return performed(self.command, item=self.command.items[line - 1].id)


@dataclass(slots=True)
class Confirming(_Waiting[GetInkey]):
    """GET INKEY, yes or no."""

    @property
    def screen(self) -> Screen:
        return Confirm(self.command.text)

    def press(self, key: Key) -> Performed | None:
        if key in (Key.OK, Key.NO):
            return Performed(TerminalResponse.yes_no(self.command.details, key is Key.OK))
        return _Waiting.press(self, key)


@dataclass(slots=True)
class Typing(_Waiting[GetInput | GetInkey]):
    """GET INPUT, and GET INKEY for one character. What is typed leaves here in the response only."""

    typed: str = field(default="", repr=False)

    @property
    def minimum(self) -> int:
        return self.command.min_length if isinstance(self.command, GetInput) else 1

    @property
    def maximum(self) -> int:
        return self.command.max_length if isinstance(self.command, GetInput) else 1

    @property
    def hidden(self) -> bool:
        return isinstance(self.command, GetInput) and self.command.hidden

    @property
    def screen(self) -> Screen:
        entered = "*" * len(self.typed) if self.hidden else self.typed
        only_digits = self.command.digits_only
        return Input(self.command.text, self.hidden, self.minimum, self.maximum, only_digits, entered)

    def press(self, key: Key) -> Performed | None:
        if key is Key.CLEAR:
            self.typed = self.typed[:-1]
            return None
        return self._done() if key is Key.OK else _Waiting.press(self, key)

    def press_digit(self, digit: str) -> Performed | None:
        if self._takes(self.typed + digit):
            self.typed += digit
        return None

    def enter(self, text: str) -> Performed | None:
        if not self._takes(text):
            return None
        self.typed = text
        return self._done()

    def _takes(self, text: str) -> bool:
        return len(text) <= self.maximum and (not self.command.digits_only or DIGITS.issuperset(text))

    def _done(self) -> Performed | None:
        if len(self.typed) < self.minimum:
            return None
        answer = performed(self.command, text=self.typed)
        try:
            answer.response.encode()
        except LocalError:
            return None  # more Chinese than one TERMINAL RESPONSE holds: the user has to shorten it
        if not self.hidden:
            return answer
        return Performed(answer.response, performed(self.command, text="*" * len(self.typed)).response)


@dataclass(slots=True)
class Calling(_Waiting[SetUpCall]):
    """SET UP CALL: the phone asks before it dials; `dial` is the phone's."""

    dial: Callable[[], None]

    @property
    def screen(self) -> Screen:
        return Confirm(self.command.alpha or "")

    def press(self, key: Key) -> Performed | None:
        if key is Key.OK:
            self.dial()
            return performed(self.command)
        if key is Key.NO:
            return performed(self.command, GeneralResult.USER_REFUSED)
        return _Waiting.press(self, key)


def converse(command: ProactiveCommand, now: float, model: HandsetModel) -> Conversation | None:
    """The conversation of a command that needs the user; None for the others."""
    match command:
        case DisplayText():
            usual = model.read if command.wait_for_user else model.clear
            return Reading(now + _seconds(command.duration, usual), command, model)
        case SelectItem():
            return Choosing(now + model.answer, command, model)
        case GetInkey(yes_no=True):
            return Confirming(now + _seconds(command.duration, model.answer), command, model)
        case GetInkey() | GetInput():
            return Typing(now + _seconds(command.duration, model.answer), command, model)
    return None


def is_too_much(command: ProactiveCommand, model: HandsetModel) -> bool:
    """The screen of this model ends before the command does."""
    match command:
        case DisplayText(text=text):
            return 0 < model.text < len(text)
        case GetInkey(text=text) | GetInput(text=text):
            return 0 < model.prompt < len(text)
        case SelectItem(items=items):
            return 0 < model.lines < len(items)
    return False


def _seconds(asked: Duration | None, usual: float) -> float:
    """What the card asks for, else what the handset does by habit."""
    return usual if asked is None else asked.in_seconds


def details_in(octets: bytes) -> CommandDetails:
    """The command details of a command that is otherwise unreadable, zeros when they are too."""
    for at in (2, 3, 4):  # behind D0 and a length of one, two or three octets
        if len(octets) >= at + 5 and octets[at] & 0x7F == 0x01 and octets[at + 1] == 3:
            return CommandDetails(*octets[at + 2 : at + 5])
    return CommandDetails(0, 0, 0)
