"""The dialogues of the menu, one generator each: what the member sees, types and sends (card-application.md §8).

An entry whose dialogue does not exist yet says so. Every dialogue ends in one :class:`Outcome`; Back leads to the step
before, End and silence send nothing. The service password lives in the sealed packet only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Final, Protocol

from telecom_codecs.address import TON_UNKNOWN, Address
from telecom_codecs.cat import (
    MAX_PROACTIVE,
    Advice,
    DisplayText,
    Item,
    SelectItem,
    SendShortMessage,
    advice_for,
    proactive_size,
)
from telecom_codecs.dcs import DCS_OTA
from telecom_codecs.identities import Iccid
from telecom_codecs.sms_tpdu import SmsSubmit
from telecom_codecs.udh import IEI_COMMAND_PACKET, Element, UserDataHeader

from ..uicc.toolkit import Flow, Toolkit
from .menu_asking import (
    Asking,
    Ended,
    LeftDialogue,
    NoResponse,
    NotShown,
    WentBack,
    ask_password,
    choose,
    confirm,
    refused,
    tell,
    tell_last,
)
from .menu_memory import MenuMemory
from .menu_messages import Operation, Request, RequestTag
from .menu_tree import Action, Entry, Language, MenuTree
from .purse import LifeCycle, Rights

PACKET_HEADER: Final = UserDataHeader((Element(IEI_COMMAND_PACKET, b""),)).encode()


class ApplicationView(Protocol):
    """What the menu reads of one enterprise application on the card."""

    @property
    def enterprise(self) -> int: ...
    @property
    def slot(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def rights(self) -> int: ...
    @property
    def life_cycle(self) -> int: ...
    @property
    def balance(self) -> int:
        """Fen."""


class MenuCard(Protocol):
    """What the dialogues need of the card they live on."""

    @property
    def iccid(self) -> Iccid: ...
    @property
    def toolkit(self) -> Toolkit: ...

    def enterprise_applications(self) -> Sequence[ApplicationView]:
        """The applications on the card, by slot."""

    def seal_mo(self, message: bytes, /) -> bytes:
        """A secured packet for the platform (TAR 594B80), from CPL on; takes the card's next MO counter."""


class Outcome(Enum):
    """How a dialogue ended."""

    DONE = "done"
    WENT_BACK = "went_back"
    USER_ENDED = "user_ended"
    NO_RESPONSE = "no_response"
    NOT_SHOWN = "not_shown"
    NOT_SUPPORTED = "not_supported"
    NOT_SENT = "not_sent"


class NotSent(LeftDialogue):
    """The short message did not leave the phone; the member has been told."""


_OUTCOMES: Final = {
    WentBack: Outcome.WENT_BACK,
    Ended: Outcome.USER_ENDED,
    NoResponse: Outcome.NO_RESPONSE,
    NotShown: Outcome.NOT_SHOWN,
    NotSent: Outcome.NOT_SENT,
}


class MenuFlows:
    """The dialogues of one card. `language_changed` is called when the member chose another language."""

    def __init__(
        self,
        card: MenuCard,
        memory: MenuMemory,
        tree: MenuTree,
        access_code: str,
        *,
        language_changed: Callable[[], None],
        observe: Callable[[int, Outcome], None],
    ) -> None:
        self.card = card
        self.memory = memory
        self.tree = tree
        self.access_code = access_code
        self._language_changed = language_changed
        self._observe = observe
        self._dialogues: dict[Action, Callable[[Entry], Asking[None]]] = {
            Action.LIST: self._list,
            Action.BALANCE: self._balance,
            Action.APPLICATIONS: self._applications,
            Action.LANGUAGE_CHINESE: lambda _: self._speak(Language.CHINESE),
            Action.LANGUAGE_ENGLISH: lambda _: self._speak(Language.ENGLISH),
        }

    def say(self, name: str, /, **values: str) -> str:
        """A text of the applet in the member's language."""
        return self.tree.texts[name].say(self.memory.language, **values)

    def items(self, parent: int) -> tuple[Item, ...]:
        """The lines of a list in the member's language."""
        return tuple(Item(entry.id, entry.text.say(self.memory.language)) for entry in self.tree.below(parent))

    def applications(self) -> tuple[ApplicationView, ...]:
        """The applications a member can use: those that have their keys."""
        found = self.card.enterprise_applications()
        return tuple(application for application in found if application.life_cycle != LifeCycle.SELECTABLE)

    def selected(self, identifier: int, wants_help: bool) -> Flow | None:
        """The dialogue of an entry of the card's own menu; None when there is no such entry."""
        entry = self.tree.entry(identifier)
        return None if entry is None else self._run(entry, wants_help)

    def _run(self, entry: Entry, wants_help: bool) -> Flow:
        outcome = Outcome.DONE
        try:
            if wants_help:
                yield from tell_last(self._help, self._help)
            else:
                yield from self._open(entry)
        except LeftDialogue as left:
            outcome = _OUTCOMES.get(type(left), Outcome.NOT_SUPPORTED)
        self._observe(entry.id, outcome)

    @property
    def _help(self) -> str:
        return self.say("help")

    def _open(self, entry: Entry) -> Asking[None]:
        dialogue = self._dialogues.get(entry.action)
        if dialogue is None:
            yield from tell(self.say("not_yet"), self._help)
        else:
            yield from dialogue(entry)

    # lists

    def _list(self, entry: Entry) -> Asking[None]:
        while True:
            chosen = yield from choose(entry.text.say(self.memory.language), self.items(entry.id), self._help)
            below = self.tree.entry(chosen)
            try:
                if below is not None:
                    yield from self._open(below)
                return
            except WentBack:
                continue

    def _choose_application(self, title: str) -> Asking[ApplicationView]:
        """One of the card's applications; raises WentBack after saying that there is none."""
        applications = self.applications()
        if not applications:
            yield from tell(self.say("no_application"), self._help)
            raise WentBack
        chosen = yield from choose(title, self.application_items(title, applications), self._help)
        return next(application for application in applications if application.slot == chosen)

    def application_items(self, title: str, applications: Sequence[ApplicationView]) -> tuple[Item, ...]:
        """Names with their states; the states give way when the list would not fit one FETCH."""
        full = tuple(Item(one.slot, f"{one.name}{self._state_suffix(one)}") for one in applications)
        if proactive_size(SelectItem(title, full, help_available=True)) <= MAX_PROACTIVE:
            return full
        return tuple(Item(one.slot, one.name) for one in applications)

    # 1 balance

    def _balance(self, _entry: Entry) -> Asking[None]:
        applications = self.applications()
        if len(applications) == 1:
            application = applications[0]
        else:
            application = yield from self._choose_application(self.say("choose_enterprise"))
        yield from self._ask_balance(application)

    def _ask_balance(self, application: ApplicationView) -> Asking[None]:
        """Balance, validity and date come from the platform, as the answer to this request."""
        yield from self._send(Operation.BALANCE, application.enterprise, "asking")
        yield from self._leave(self.say("asking"), wait_for_user=False)

    # 4 my applications

    def _applications(self, entry: Entry) -> Asking[None]:
        title = entry.text.say(self.memory.language)
        while True:
            application = yield from self._choose_application(title)
            try:
                yield from self._application(entry, application)
                return
            except WentBack:
                continue

    def _application(self, entry: Entry, application: ApplicationView) -> Asking[None]:
        while True:
            chosen = yield from choose(application.name, self.items(entry.id), self._help)
            below = self.tree.entry(chosen)
            action = below.action if below is not None else None
            try:
                if action is Action.APPLICATION_DETAIL:
                    yield from tell(self.detail(application), self._help)
                elif action is Action.APPLICATION_VALIDITY:
                    yield from self._ask_balance(application)
                elif action is Action.APPLICATION_DELETE:
                    yield from self._delete(application)
                else:
                    yield from tell(self.say("not_yet"), self._help)
                return
            except WentBack:
                continue

    def _delete(self, application: ApplicationView) -> Asking[None]:
        if application.rights & Rights.PURSE and application.balance:
            yield from tell(self.say("settle_balance", balance=yuan(application.balance)), self._help)
            return
        while True:
            if not (yield from confirm(self.deletion_question(application), self._help)):
                raise WentBack
            try:
                password = yield from ask_password(
                    self.say("ask_password"), self.say("password_shape"), self.say("help_password")
                )
                break
            except WentBack:
                continue
        fields = ((int(RequestTag.PASSWORD), password),)
        yield from self._send(Operation.DELETE, application.enterprise, "submitting", fields)
        yield from self._leave(self.say("submitted"), wait_for_user=True)

    # 9 language

    def _speak(self, language: Language) -> Asking[None]:
        self.memory.language = language
        self._language_changed()
        yield from tell_last(self.say("language_set"), self._help)

    # sending

    def _send(
        self, operation: Operation, enterprise: int, alpha: str, fields: tuple[tuple[int, bytes], ...] = ()
    ) -> Asking[None]:
        """Send a request whose answer is awaited.

        Raises Ended when the member refuses, NotSent after telling of a failure.
        """
        number = self.memory.next_request()
        self.memory.expect(number)
        response = yield self.short_message(operation, number, enterprise, self.say(alpha), fields)
        if advice_for(response.result) is Advice.CONTINUE:
            return
        if refused(response):
            raise Ended
        yield from tell_last(self.say("not_sent"), self._help)
        raise NotSent

    def _leave(self, text: str, *, wait_for_user: bool) -> Asking[None]:
        """A text that stays without holding the session, so that the card can answer the platform meanwhile.

        An ME without sustained texts holds the session until the text is gone.
        """
        profile = self.card.toolkit.profile
        sustained = profile is not None and profile.supports("display_text_sustained")
        yield DisplayText(text, wait_for_user=wait_for_user, immediate_response=sustained)

    def not_shown(self, serial: bytes) -> SendShortMessage:
        """Tells the platform, silently, that an answer never reached the screen: it sends the SMS."""
        number = self.memory.next_request()
        return self.short_message(Operation.NOT_SHOWN, number, 0, "", ((int(RequestTag.SERIAL), serial),))

    def short_message(
        self, operation: Operation, number: int, enterprise: int, alpha: str, fields: tuple[tuple[int, bytes], ...]
    ) -> SendShortMessage:
        """SEND SHORT MESSAGE with a sealed request: PID 00, DCS F6, one segment."""
        request = Request(operation, number, self.card.iccid, enterprise, self.memory.language, fields)
        submit = SmsSubmit(
            destination=Address(self.access_code, ton=TON_UNKNOWN),
            pid=0x00,
            dcs=DCS_OTA,
            user_data=PACKET_HEADER + self.card.seal_mo(request.encode()),
            udhi=True,
        )
        return SendShortMessage(submit.encode(), alpha=alpha)

    # texts of an application

    def detail(self, application: ApplicationView) -> str:
        """`翠湖小区: 门禁 考勤 余额0.00`"""
        parts = self._rights(application, with_purse=False)
        if application.rights & Rights.PURSE:
            parts.append(self.say("balance", balance=yuan(application.balance)))
        state = self._state(application)
        name = "detail_state" if state else "detail"
        return self.say(name, name=application.name, state=state, rights=" ".join(parts))

    def deletion_question(self, application: ApplicationView) -> str:
        rights = self.say("rights_separator").join(self._rights(application, with_purse=True))
        return self.say("confirm_delete", name=application.name, rights=rights)

    def _rights(self, application: ApplicationView, *, with_purse: bool) -> list[str]:
        names = [(Rights.DOOR, "right_door"), (Rights.ATTENDANCE, "right_attendance")]
        if with_purse:
            names.append((Rights.PURSE, "right_purse"))
        return [self.say(name) for right, name in names if application.rights & right]

    def _state(self, application: ApplicationView) -> str:
        if application.life_cycle in (LifeCycle.CLOSED, LifeCycle.CLOSED_FROZEN):
            return self.say("state_closed")
        return self.say("state_frozen") if application.life_cycle == LifeCycle.FROZEN else ""

    def _state_suffix(self, application: ApplicationView) -> str:
        state = self._state(application)
        return f"({state})" if state else ""


def yuan(fen: int) -> str:
    """Fen as the member reads them.

    >>> yuan(11630)
    '116.30'
    """
    return f"{fen // 100}.{fen % 100:02d}"
