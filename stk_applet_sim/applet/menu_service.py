"""Dialogues around the service: hotlines, language, texts that explain."""

from __future__ import annotations

from collections.abc import Callable

from telecom_codecs.cat import Advice, GeneralResult, Item, LanguageNotification, SetUpCall, advice_for
from telecom_codecs.onecard.language import Language

from .menu_asking import Asking, Ended, NotSupported, WentBack, choose, tell, tell_last
from .menu_desk import MenuDesk
from .menu_files import FIRST_ENTERPRISE_LINE, ONECARD_LINE, OPERATOR_LINE, Hotline
from .menu_tree import Entry

Dialogue = Callable[[MenuDesk, Entry], Asking[None]]


def explanation(name: str) -> Dialogue:
    """A dialogue that is one text."""

    def explain(desk: MenuDesk, _entry: Entry) -> Asking[None]:
        yield from tell(desk.say(name), desk.help)

    return explain


def speak(language: Language) -> Dialogue:
    """Change the language of menu, texts and answers; the ME is told (LANGUAGE NOTIFICATION)."""

    def change(desk: MenuDesk, _entry: Entry) -> Asking[None]:
        desk.files.language = language
        desk.language_changed()
        yield LanguageNotification("en" if language is Language.EN else "zh", specific=True)
        yield from tell_last(desk.say("language_set"), desk.help)

    return change


def call_onecard(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    yield from _call_one_of(desk, desk.files.hotlines(ONECARD_LINE, ONECARD_LINE), "")


def call_operator(desk: MenuDesk, _entry: Entry) -> Asking[None]:
    yield from _call_one_of(desk, desk.files.hotlines(OPERATOR_LINE, OPERATOR_LINE), "")


def call_enterprise(desk: MenuDesk, entry: Entry) -> Asking[None]:
    """The administrators of the member's enterprises; the only one is not asked for."""
    yield from _call_one_of(desk, desk.files.hotlines(FIRST_ENTERPRISE_LINE), entry.text.say(desk.language))


def _call_one_of(desk: MenuDesk, lines: tuple[Hotline, ...], title: str) -> Asking[None]:
    if not lines:
        yield from tell(desk.say("no_number"), desk.help)
        return
    chosen = 1
    if len(lines) > 1:
        items = [Item(at, line.name[:8]) for at, line in enumerate(lines, 1)]
        chosen = yield from choose(title, items, desk.help)
    yield from _call(desk, lines[chosen - 1])


def _call(desk: MenuDesk, line: Hotline) -> Asking[None]:
    """SET UP CALL; the ME itself asks the member before it dials (TS 102 223 §6.4.13)."""
    response = yield SetUpCall(line.address, alpha=desk.say("call", name=line.name), call_alpha=line.name)
    advice = advice_for(response.result)
    if advice is Advice.CONTINUE:
        return
    if advice is Advice.PREVIOUS_STEP:
        raise WentBack
    if advice in (Advice.TREAT_AS_CANCEL, Advice.END_SESSION):
        raise Ended
    yield from tell_last(desk.say("call_failed"), desk.help)
    if response.result in (GeneralResult.BEYOND_CAPABILITIES, GeneralResult.TYPE_NOT_UNDERSTOOD):
        raise NotSupported
