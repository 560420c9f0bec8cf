"""From an entry of the menu to its dialogue, and how each dialogue ended.

An entry whose action this applet does not know says so. Every dialogue ends in one :class:`Outcome`; Back leads to the
step before, End and silence send nothing. An ME that found a screen too much is noted by the first digits of its IMEI.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Final

from telecom_codecs.cat import (
    DisplayText,
    GeneralResult,
    GetInkey,
    GetInput,
    Imei,
    LocalInformation,
    ProvideLocalInformation,
    SelectItem,
)
from telecom_codecs.onecard.language import Language

from ..uicc.toolkit import Flow
from . import menu_orders, menu_queries, menu_service
from .menu_asking import Asking, Ended, LeftDialogue, NoResponse, NotShown, WentBack, choose, tell, tell_last
from .menu_desk import MenuCard, MenuDesk
from .menu_requests import NotSent, StillOpen
from .menu_service import Dialogue
from .menu_tree import Action, Entry

__all__ = ["MenuCard", "MenuFlows", "Outcome"]

TYPE_ALLOCATION_DIGITS: Final = 8  #: of an IMEI: which model it is
TOO_MUCH: Final = (GeneralResult.BEYOND_CAPABILITIES, GeneralResult.DATA_NOT_UNDERSTOOD)
SCREENS: Final = (DisplayText, GetInkey, GetInput, SelectItem)


class Outcome(Enum):
    """How a dialogue ended."""

    DONE = "done"
    WENT_BACK = "went_back"
    USER_ENDED = "user_ended"
    NO_RESPONSE = "no_response"
    NOT_SHOWN = "not_shown"
    NOT_SUPPORTED = "not_supported"
    NOT_SENT = "not_sent"
    STILL_OPEN = "still_open"


_OUTCOMES: Final = {
    WentBack: Outcome.WENT_BACK,
    Ended: Outcome.USER_ENDED,
    NoResponse: Outcome.NO_RESPONSE,
    NotShown: Outcome.NOT_SHOWN,
    NotSent: Outcome.NOT_SENT,
    StillOpen: Outcome.STILL_OPEN,
}

_DIALOGUES: Final[Mapping[int, Dialogue]] = {
    Action.BALANCE: menu_queries.balance,
    Action.RECORDS: menu_queries.records,
    Action.ATTENDANCE: menu_queries.attendance,
    Action.APPLICATIONS: menu_queries.applications,
    Action.FREEZE_OWN: menu_orders.freeze_own,
    Action.FREEZE_OTHER: menu_orders.freeze_other,
    Action.FREEZE_PROGRESS: menu_queries.progress,
    Action.FREEZE_HOW_TO_LIFT: menu_service.explanation("how_to_lift"),
    Action.PASSWORD_CHANGE: menu_orders.change_password,
    Action.PASSWORD_FORGOTTEN: menu_service.explanation("password_forgotten"),
    Action.PASSWORD_RULES: menu_service.explanation("password_rules"),
    Action.STATEMENT_ATTENDANCE: menu_orders.switch,
    Action.STATEMENT_CONSUMPTION: menu_orders.switch,
    Action.STATEMENT_ALERTS: menu_orders.switch,
    Action.STATEMENT_LOW_BALANCE: menu_orders.switch,
    Action.STATEMENT_AGAIN: menu_orders.bill_again,
    Action.STATEMENT_YEAR: menu_orders.bill_of_the_year,
    Action.REPORT_FAULT: menu_orders.report_fault,
    Action.FAULT_PROGRESS: menu_queries.progress,
    Action.RATE_SERVICE: menu_service.explanation("rate_service"),
    Action.CALL_HOTLINE: menu_service.call_onecard,
    Action.CALL_OPERATOR: menu_service.call_operator,
    Action.CALL_ENTERPRISE: menu_service.call_enterprise,
    Action.LANGUAGE_CHINESE: menu_service.speak(Language.ZH),
    Action.LANGUAGE_ENGLISH: menu_service.speak(Language.EN),
}


class MenuFlows:
    """The dialogues of one card; `observe` hears which entry of the card's menu ended how."""

    def __init__(self, desk: MenuDesk, *, observe: Callable[[int, Outcome], None]) -> None:
        self.desk = desk
        self._observe = observe

    def selected(self, identifier: int, wants_help: bool) -> Flow | None:
        """The dialogue of an entry of the card's own menu; None when there is no such entry."""
        entry = self.desk.tree.entry(identifier)
        return None if entry is None else self._run(entry, wants_help)

    def _run(self, entry: Entry, wants_help: bool) -> Flow:
        outcome = Outcome.DONE
        too_much: list[int] = []
        dialogue = tell_last(self.desk.help, self.desk.help) if wants_help else self._open(entry)
        try:
            yield from _noting(dialogue, too_much)
        except LeftDialogue as left:
            outcome = _OUTCOMES.get(type(left), Outcome.NOT_SUPPORTED)
        if too_much:
            self.desk.card.toolkit.queue(self._note_model())
        self._observe(entry.id, outcome)

    def _note_model(self) -> Flow:
        response = yield ProvideLocalInformation(LocalInformation.IMEI)
        imei = response.find(Imei)
        if isinstance(imei, Imei):
            self.desk.memory.note_limited_model(imei.digits[:TYPE_ALLOCATION_DIGITS])

    def _open(self, entry: Entry) -> Asking[None]:
        dialogue = _DIALOGUES.get(entry.action)
        if dialogue is not None:
            yield from dialogue(self.desk, entry)
        elif entry.action == Action.LIST:
            yield from self._list(entry)
        else:
            yield from tell(self.desk.say("not_yet"), self.desk.help)

    def _list(self, entry: Entry) -> Asking[None]:
        while True:
            title = entry.text.say(self.desk.language)
            chosen = yield from choose(title, self.desk.items(entry.id), self.desk.help)
            below = self.desk.tree.entry(chosen)
            try:
                if below is not None:
                    yield from self._open(below)
                return
            except WentBack:
                continue


def _noting(dialogue: Asking[None], too_much: list[int]) -> Asking[None]:
    """The dialogue, with the results of screens that were too much for the ME."""
    try:
        step = next(dialogue)
        while True:
            response = yield step
            if isinstance(step, SCREENS) and response.result in TOO_MUCH:
                too_much.append(response.result)
            step = dialogue.send(response)
    except StopIteration:
        return
    finally:
        dialogue.close()
