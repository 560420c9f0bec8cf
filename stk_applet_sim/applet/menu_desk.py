"""What every dialogue of the menu works with: the texts, the applications on the card, and the line to the platform."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from telecom_codecs.cat import MAX_PROACTIVE, Item, SelectItem, proactive_size
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.records import Record
from telecom_codecs.onecard.rights import LifeCycle, Rights

from .menu_asking import Asking, NotSupported, WentBack, choose, confirm, first_sentence, tell
from .menu_files import CardFiles, MenuFiles
from .menu_memory import MenuMemory
from .menu_requests import RequestCard, Requests
from .menu_tree import SWITCHED, MenuTree

ONLINE: Final = 0x20  #: id of the line that asks the platform; slots are 1..8


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

    @property
    def records(self) -> tuple[Record, ...]:
        """The newest first."""


class MenuCard(CardFiles, RequestCard, Protocol):
    """What the dialogues need of the card they live on."""

    def enterprise_applications(self) -> Sequence[ApplicationView]:
        """The applications on the card, by slot."""


class MenuDesk:
    """One card's desk. `language_changed` is called when the member chose another language."""

    def __init__(
        self,
        card: MenuCard,
        memory: MenuMemory,
        files: MenuFiles,
        access_code: str,
        *,
        language_changed: Callable[[], None],
    ) -> None:
        self.card = card
        self.memory = memory
        self.files = files
        self.requests = Requests(card, memory, files, access_code)
        self.language_changed = language_changed

    # texts

    @property
    def tree(self) -> MenuTree:
        return self.files.tree

    @property
    def language(self) -> Language:
        return self.files.language

    @property
    def help(self) -> str:
        return self.say("help")

    def say(self, name: str, /, **values: str) -> str:
        """A text of the applet in the member's language."""
        return self.files.say(name, **values)

    def items(self, parent: int) -> tuple[Item, ...]:
        """The lines of a list in the member's language, switches with their state."""
        language = self.language
        return tuple(
            Item(entry.id, entry.text.say(language) + self._switch_suffix(entry.action))
            for entry in self.tree.below(parent)
        )

    def _switch_suffix(self, action: int) -> str:
        switch = next((number for switched, number in SWITCHED.items() if switched == action), 0)
        if not switch:
            return ""
        return self.say("switch_on" if self.files.is_on(switch) else "switch_off")

    # applications

    def applications(self, right: int = 0) -> tuple[ApplicationView, ...]:
        """The applications a member can use: those that have their keys, and `right` if one is given."""
        found = self.card.enterprise_applications()
        usable = (application for application in found if application.life_cycle != LifeCycle.SELECTABLE)
        return tuple(application for application in usable if not right or application.rights & right)

    def application_items(
        self, title: str, applications: Sequence[ApplicationView], further: tuple[Item, ...] = ()
    ) -> tuple[Item, ...]:
        """Names with their states; the states give way when the list would not fit one FETCH."""
        full = tuple(Item(one.slot, f"{one.name}{self._state_suffix(one)}") for one in applications) + further
        if proactive_size(SelectItem(title, full, help_available=True)) <= MAX_PROACTIVE:
            return full
        return tuple(Item(one.slot, one.name) for one in applications) + further

    def with_application(
        self, title: str, dialogue: Callable[[ApplicationView], Asking[None]], right: int = 0
    ) -> Asking[None]:
        """Choose one of the card's applications (the only one is not asked for) and go on with it."""
        applications = self.applications(right)
        if not applications:
            yield from tell(self.say("no_application"), self.help)
            raise WentBack
        if len(applications) == 1:
            yield from dialogue(applications[0])
            return
        while True:
            chosen = yield from choose(title, self.application_items(title, applications), self.help)
            try:
                yield from dialogue(next(one for one in applications if one.slot == chosen))
                return
            except WentBack:
                continue

    def state(self, application: ApplicationView) -> str:
        """The word for an application that cannot be used now, empty for one that can."""
        if application.life_cycle in (LifeCycle.CLOSED, LifeCycle.CLOSED_FROZEN):
            return self.say("state_closed")
        return self.say("state_frozen") if application.life_cycle == LifeCycle.FROZEN else ""

    def rights(self, application: ApplicationView, *, with_purse: bool) -> list[str]:
        """The words for what an application is for."""
        names = [(Rights.DOOR, "right_door"), (Rights.ATTENDANCE, "right_attendance")]
        if with_purse:
            names.append((Rights.PURSE, "right_purse"))
        return [self.say(name) for right, name in names if application.rights & right]

    def _state_suffix(self, application: ApplicationView) -> str:
        state = self.state(application)
        return f"({state})" if state else ""

    # asking

    def confirm(self, question: str) -> Asking[bool]:
        """Yes or no; as a list of two lines where the ME has no yes and no."""
        try:
            return (yield from confirm(question, self.help))
        except NotSupported:
            words = (Item(1, self.say("yes")), Item(2, self.say("no")))
            return (yield from choose(first_sentence(question), words, self.help)) == 1


def yuan(fen: int) -> str:
    """Fen as the member reads them.

    >>> yuan(11630)
    '116.30'
    """
    return f"{fen // 100}.{fen % 100:02d}"
