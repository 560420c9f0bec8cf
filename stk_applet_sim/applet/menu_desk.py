"""What every dialogue of the menu works with: the texts, the applications on the card, sending a request, leaving.

Requests are those of card-application.md §8. A request of the same kind for the same enterprise waits until the first
one has its answer, or until the desk has given up on it (E106, E109); a power cycle lifts that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

from ..uicc.toolkit import Flow, Toolkit, Wait
from .menu_asking import (
    Asking,
    Ended,
    LeftDialogue,
    NotSupported,
    WentBack,
    choose,
    confirm,
    first_sentence,
    refused,
    tell,
    tell_last,
)
from .menu_files import CardFiles, MenuFiles
from .menu_memory import MenuMemory
from .menu_messages import Operation, Request, RequestTag
from .menu_tree import SWITCHED, Language, MenuTree
from .purse import LifeCycle, Rights
from .records import Record

PACKET_HEADER: Final = UserDataHeader((Element(IEI_COMMAND_PACKET, b""),)).encode()
PATIENCE: Final = 120  #: seconds; a request still open after one to two of these is given up
ONLINE: Final = 0x20  #: id of the line that asks the platform; slots are 1..8
EVERYBODY: Final = 0  #: enterprise of a request that concerns none in particular

Fields = tuple[tuple[int, bytes], ...]


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


class MenuCard(CardFiles, Protocol):
    """What the dialogues need of the card they live on."""

    @property
    def iccid(self) -> Iccid: ...
    @property
    def toolkit(self) -> Toolkit: ...

    def enterprise_applications(self) -> Sequence[ApplicationView]:
        """The applications on the card, by slot."""

    def seal_mo(self, message: bytes, /) -> bytes:
        """A secured packet for the platform (TAR 594B80), from CPL on; takes the card's next MO counter."""


class NotSent(LeftDialogue):
    """The short message did not leave the phone; the member has been told."""


class StillOpen(LeftDialogue):
    """The same request is under way already; the member has been told."""


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
        self.access_code = access_code
        self.language_changed = language_changed
        self._open: dict[int, tuple[int, int]] = {}  # request number → operation, enterprise
        self._watching = False

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
        return self.tree.texts[name].say(self.language, **values)

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

    # sending

    def query(self, operation: Operation, enterprise: int = EVERYBODY, fields: Fields = ()) -> Asking[None]:
        """Ask the platform something; the answer comes by itself."""
        yield from self.send(operation, enterprise, "asking", fields)
        yield from self.leave(self.say("asking"), wait_for_user=False)

    def order(self, operation: Operation, enterprise: int = EVERYBODY, fields: Fields = ()) -> Asking[None]:
        """Ask the platform to change something."""
        yield from self.send(operation, enterprise, "submitting", fields)
        yield from self.leave(self.say("submitted"), wait_for_user=True)

    def send(self, operation: Operation, enterprise: int, alpha: str, fields: Fields = ()) -> Asking[None]:
        """Send a request whose answer is awaited.

        Raises Ended when the member refuses, NotSent after telling of a failure, StillOpen after telling that the same
        is under way.
        """
        matter = (int(operation), enterprise)
        if matter in self._open.values():
            yield from tell_last(self.say("in_progress"), self.help)
            raise StillOpen
        number = self.memory.next_request()
        self.memory.expect(number)
        response = yield self.short_message(operation, number, enterprise, self.say(alpha), fields)
        if advice_for(response.result) is Advice.CONTINUE:
            self._open[number] = matter
            self._watch()
            return
        if refused(response):
            raise Ended
        yield from tell_last(self.say("not_sent"), self.help)
        raise NotSent

    def leave(self, text: str, *, wait_for_user: bool) -> Asking[None]:
        """A text that stays without holding the session, so that the card can answer the platform meanwhile.

        An ME without sustained texts holds the session until the text is gone.
        """
        profile = self.card.toolkit.profile
        sustained = profile is not None and profile.supports("display_text_sustained")
        yield DisplayText(text, wait_for_user=wait_for_user, immediate_response=sustained)

    def not_shown(self, serial: bytes) -> SendShortMessage:
        """Tells the platform, silently, that an answer never reached the screen: it sends the SMS."""
        fields = ((int(RequestTag.SERIAL), serial),)
        return self.short_message(Operation.NOT_SHOWN, self.memory.next_request(), EVERYBODY, "", fields)

    def replied(self, serial: bytes, yes: bool, password: bytes | None) -> SendShortMessage:
        """The member's word on a question of the platform."""
        fields: list[tuple[int, bytes]] = [] if password is None else [(RequestTag.PASSWORD, password)]
        fields += [(RequestTag.SUBSCRIPTION, bytes((0x00, yes))), (RequestTag.SERIAL, serial)]
        number = self.memory.next_request()
        self.memory.expect(number)
        return self.short_message(Operation.REPLY, number, EVERYBODY, self.say("submitting"), tuple(fields))

    def short_message(
        self, operation: Operation, number: int, enterprise: int, alpha: str, fields: Fields
    ) -> SendShortMessage:
        """SEND SHORT MESSAGE with a sealed request: PID 00, DCS F6, one segment."""
        request = Request(operation, number, self.card.iccid, enterprise, self.language, fields)
        submit = SmsSubmit(
            destination=Address(self.access_code, ton=TON_UNKNOWN),
            pid=0x00,
            dcs=DCS_OTA,
            user_data=PACKET_HEADER + self.card.seal_mo(request.encode()),
            udhi=True,
        )
        return SendShortMessage(submit.encode(), alpha=alpha)

    # requests under way

    def restarted(self) -> None:
        """The power was cycled: nothing is under way for us any more; a late answer is still shown."""
        self._open.clear()
        self._watching = False

    def closed(self, request: int) -> None:
        """The final answer to a request of ours has come."""
        self._open.pop(request, None)

    def _watch(self) -> None:
        if not self._watching:
            self._watching = True
            self.card.toolkit.queue(self._give_up_late_ones())

    def _give_up_late_ones(self) -> Flow:
        while self._open:
            waiting = set(self._open)
            yield Wait(PATIENCE)
            late = waiting & set(self._open)
            for number in late:
                del self._open[number]
            if late:
                # Not worth a second try: the answer itself is shown whenever it comes.
                yield DisplayText(self.say("no_result"), wait_for_user=True)
        self._watching = False


def yuan(fen: int) -> str:
    """Fen as the member reads them.

    >>> yuan(11630)
    '116.30'
    """
    return f"{fen // 100}.{fen % 100:02d}"
