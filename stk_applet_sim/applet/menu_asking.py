"""Ask the member one thing: a proactive command, the ME's answer, and what the answer means for the dialogue.

What to do after each general result is the codec's table (`advice_for`, TS 102 223 §8.12); here it becomes
either a value or one of the ways to leave a dialogue below. Nothing has been sent when one of them is raised.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final, TypeVar

from telecom_codecs.cat import (
    Advice,
    DisplayText,
    GeneralResult,
    GetInkey,
    GetInput,
    Item,
    ProactiveCommand,
    SelectItem,
    TerminalResponse,
    advice_for,
)

from ..uicc.toolkit import Step, Wait

T = TypeVar("T")
Asking = Generator[Step, TerminalResponse, T]

RETRY_AFTER: Final = 30  #: seconds to wait for a screen that is busy
TRIES: Final = 3  #: times a command is shown before the applet gives up
PASSWORD_DIGITS: Final = 6


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

    A busy screen is tried again; help is shown and the command repeated.
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
            yield Wait(RETRY_AFTER)
        else:
            raise _LEAVING[advice]


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


def ask_password(prompt: str, complaint: str, help_text: str) -> Asking[bytes]:
    """Six ASCII digits, typed hidden.

    Another shape is complained about and asked for again: an ME may ignore the limits.
    """
    command = GetInput(
        prompt,
        min_length=PASSWORD_DIGITS,
        max_length=PASSWORD_DIGITS,
        digits_only=True,
        hidden=True,
        help_available=True,
    )
    for _ in range(TRIES):
        response = yield from ask(command, help_text)
        typed = response.text or ""
        if len(typed) == PASSWORD_DIGITS and typed.isascii() and typed.isdigit():
            return typed.encode("ascii")
        yield from tell(complaint, help_text)
    raise NotSupported


def refused(response: TerminalResponse) -> bool:
    """The member refused that something be sent."""
    return response.result == GeneralResult.USER_REFUSED or advice_for(response.result) is Advice.END_SESSION
