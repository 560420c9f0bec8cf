"""Ask the member one thing: a proactive command, the ME's answer, and what the answer means for the dialogue.

What to do after each general result is the codec's table (`advice_for`, TS 102 223 §8.12); here it becomes
either a value or one of the ways to leave a dialogue below. Nothing has been sent when one of them is raised.
A text that is too much for the ME (30, 32) is tried once more as its first sentence.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from telecom_codecs.cat import (
    Advice,
    DisplayText,
    Event,
    GeneralResult,
    GetInkey,
    GetInput,
    Item,
    ProactiveCommand,
    SelectItem,
    TerminalProblem,
    TerminalResponse,
    advice_for,
)
from telecom_codecs.onecard.password import DIGITS, ServicePassword
from telecom_codecs.sms.ucs2 import unit_count

from ..uicc.toolkit import Step, Wait

T = TypeVar("T")
Asking = Generator[Step, TerminalResponse, T]

RETRY_AFTER: Final = 30  #: seconds to wait for a screen that is busy
TRIES: Final = 3  #: times a command is shown before the applet gives up
SENTENCE_ENDS: Final = "。？！\n"
SHORT_TEXT, SHORT_LINE = 40, 8  #: characters that every screen takes


class LeftDialogue(Exception):
    """The dialogue goes no further from here."""


class WentBack(LeftDialogue):
    """The member wants the step before this one."""


class Ended(LeftDialogue):
    """The member ended the session or refused: nothing is sent, nothing is shown."""


class NoResponse(LeftDialogue):
    """Nobody pressed a key in time."""


class NotShown(LeftDialogue):
    """The screen stayed busy for every try."""


class NotSupported(LeftDialogue):
    """This ME cannot perform the command, or answered nonsense."""


_LEAVING: Final = {
    Advice.END_SESSION: Ended,
    Advice.TREAT_AS_CANCEL: Ended,
    Advice.PREVIOUS_STEP: WentBack,
    Advice.ABANDON: NoResponse,
    Advice.DEGRADE: NotSupported,
    Advice.REPORT: NotSupported,
}


def ask(command: ProactiveCommand, help_text: str) -> Asking[TerminalResponse]:
    """The response to a command that was performed.

    A busy screen is tried again, when it is free or after half a minute; help is shown and the command repeated.
    """
    tries = 0
    while True:
        response = yield command
        advice = advice_for(response.result)
        if advice is Advice.CONTINUE:
            return response
        if advice is Advice.SHOW_HELP:
            yield DisplayText(help_text, wait_for_user=True)
        elif advice is Advice.RETRY_LATER:
            tries += 1
            if tries >= TRIES:
                raise NotShown
            yield until_free(response)
        elif advice is Advice.DEGRADE and (shorter := shortened(command)) != command:
            command = shorter
        else:
            raise _LEAVING[advice]


def until_free(response: TerminalResponse) -> Wait:
    """Half a minute, or until what keeps the screen from us has ended."""
    ends = {
        TerminalProblem.SCREEN_BUSY: (Event.IDLE_SCREEN_AVAILABLE,),
        TerminalProblem.BUSY_ON_CALL: (Event.CALL_DISCONNECTED,),
    }
    problem = response.problem
    return Wait(RETRY_AFTER, ends.get(problem, ()) if isinstance(problem, TerminalProblem) else ())


def shortened(command: ProactiveCommand) -> ProactiveCommand:
    """The same question for an ME that found it too much: the first sentence, lines of eight, no help."""
    match command:
        case DisplayText():
            return replace(command, text=first_sentence(command.text))
        case GetInkey() | GetInput():
            return replace(command, text=first_sentence(command.text), help_available=False)
        case SelectItem(title=title, items=items):
            lines = tuple(Item(item.id, item.text[:SHORT_LINE]) for item in items)
            return replace(
                command, title=None if title is None else title[:SHORT_LINE], items=lines, help_available=False
            )
    return command


def first_sentence(text: str) -> str:
    """
    >>> first_sentence("停用本机卡？停用后所有单位失效。")
    '停用本机卡？'
    """
    ends = [at + 1 for at, character in enumerate(text) if character in SENTENCE_ENDS]
    ends += [at + 1 for at in range(len(text) - 1) if text[at] in ".?!" and text[at + 1] == " "]
    return text[: min([*ends, SHORT_TEXT])].rstrip("\n")


def tell(text: str, help_text: str) -> Asking[None]:
    """Show a text until the member has read it; Back leads to the step before."""
    yield from ask(DisplayText(text, wait_for_user=True), help_text)


def tell_last(text: str, help_text: str) -> Asking[None]:
    """Show the last text of a dialogue: what was done is done, so Back and silence merely close it."""
    try:
        yield from tell(text, help_text)
    except (WentBack, NoResponse):
        return


def choose(title: str, items: Sequence[Item], help_text: str) -> Asking[int]:
    """The id of the entry the member chose."""
    response = yield from ask(SelectItem(title, tuple(items), help_available=True), help_text)
    if response.item is None or response.item not in {item.id for item in items}:
        raise NotSupported
    return response.item


def confirm(question: str, help_text: str) -> Asking[bool]:
    """Yes or no."""
    response = yield from ask(GetInkey(question, yes_no=True, help_available=True), help_text)
    return response.confirmed is True


def ask_line(prompt: str, least: int, most: int, help_text: str) -> Asking[str]:
    """A text of the member's own, in any script; what is longer than `most` UCS-2 characters is cut."""
    command = GetInput(prompt, least, most, digits_only=False, ucs2=True, help_available=True)
    response = yield from ask(command, help_text)
    typed = "".join(character if character.isprintable() else " " for character in response.text or "")
    while unit_count(typed) > most:
        typed = typed[:-1]
    return typed.strip()


def ask_digits(prompt: str, lengths: range, complaint: str, help_text: str, *, hidden: bool = False) -> Asking[str]:
    """Digits of one of `lengths`.

    Another shape is complained about and asked for again: an ME may ignore the limits.
    """
    command = GetInput(
        prompt,
        min_length=lengths[0],
        max_length=lengths[-1],
        digits_only=True,
        hidden=hidden,
        help_available=True,
    )
    for _ in range(TRIES):
        response = yield from ask(command, help_text)
        typed = response.text or ""
        if len(typed) in lengths and typed.isascii() and typed.isdigit():
            return typed
        yield from tell(complaint, help_text)
    raise NotSupported


def ask_password(prompt: str, complaint: str, help_text: str) -> Asking[ServicePassword]:
    """Six ASCII digits, typed hidden."""
    lengths = range(DIGITS, DIGITS + 1)
    typed = yield from ask_digits(prompt, lengths, complaint, help_text, hidden=True)
    return ServicePassword(typed.encode("ascii"))


def refused(response: TerminalResponse) -> bool:
    """The member refused that something be sent."""
    return response.result == GeneralResult.USER_REFUSED or advice_for(response.result) is Advice.END_SESSION
