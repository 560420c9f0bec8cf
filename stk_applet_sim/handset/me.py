"""The simulated handset: an ME that runs the card's proactive session as screens and keys (TS 31.111, TS 102 223).

Keys and texts go in, a :class:`~.screen.Screen` comes out. One conversation with the card at a time: a FETCHed command
waits on the screen until the user answers, the time is over (:meth:`Handset.tick`) or the power goes. Short messages
to the card keep coming meanwhile. Time comes in through `tick` and is in seconds; nothing here sleeps.

Not here: what a command means for the screen (conversation.py), what the phone knows (equipment.py), its limits
(model.py), the card's octets (card_link.py), texts (inbox.py, card_messages.py).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.cat import (
    DisplayText,
    Event,
    GeneralResult,
    MenuSelection,
    ProactiveCommand,
    RefreshCommand,
    RefreshMode,
    SendShortMessage,
    SetUpCall,
    SetUpMenu,
    SmsPpDownload,
    TerminalResponse,
    UnknownCommand,
    decode_proactive,
    encode_envelope,
)
from telecom_codecs.errors import RemoteError
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver

from .card_link import Card, CardLink, Observer
from .card_messages import stored
from .conversation import Calling, Conversation, Performed, converse, details_in, is_too_much, performed
from .download import SW_TOOLKIT_BUSY, is_for_card, report_of
from .equipment import Calendar, Equipment, event_of
from .inbox import Inbox
from .model import HandsetModel, model_named
from .occupation import Occupation, problem_for
from .screen import Busy, Idle, Key, Menu, Off, Screen, Text
from .short_messages import ShortMessages, Submit

__all__ = ["Handset", "Occupation", "Submit"]

CLA: Final = 0x80
INS_TERMINAL_PROFILE, INS_FETCH, INS_TERMINAL_RESPONSE, INS_ENVELOPE, INS_STATUS = 0x10, 0x12, 0x14, 0xC2, 0xF2

MOST_COMMANDS: Final = 250  #: performed in one go; a card that never ends is heard again at the next command
NO_DATA: Final = 0x0C  #: P2 of STATUS: only the status word is wanted


SW_COMMAND_WAITS: Final = 0x91


class Handset:
    """A phone with a card. `strict`: only class 2 goes to the card, not DCS 04 too.

    `clock` gives seconds that never run backwards; without one it is as late as the last :meth:`tick` said. `calendar`
    gives the local time that the card may ask for; `model` what the phone can do, everything when none is named.
    """

    def __init__(
        self,
        card: Card,
        *,
        strict: bool = False,
        service_centre: str = "",
        clock: Callable[[], float] | None = None,
        calendar: Calendar | None = None,
        model: HandsetModel | None = None,
    ) -> None:
        self.model = model or model_named("standard")
        #: numbers called for the card, the last one last
        self.calls: list[str] = []
        #: told of every screen that comes up by itself, in order: a transcript misses nothing
        self.watchers: list[Callable[[Screen], None]] = []
        self._in_coverage = True
        self._occupation: Occupation | None = None
        self._clock = clock
        self._ticked = 0.0
        self._link = CardLink(card, lambda: self.now)
        self._strict = strict
        self._service_centre = Address(service_centre) if service_centre else None
        self._messages = ShortMessages(self._link, self._service_centre)
        self._is_on = False
        self._menu: SetUpMenu | None = None
        self._menu_open = False
        self._conversation: Conversation | None = None
        self._left: Text | None = None  # a text that stays after its command was answered
        self._left_until = 0.0
        self._sending = ""
        self._equipment = Equipment(self.model, calendar)
        self._restarting = False
        self._serving = False

    # power, air and time

    @property
    def now(self) -> float:
        """Seconds."""
        return self._ticked if self._clock is None else self._clock()

    @property
    def observers(self) -> list[Observer]:
        """Told of every APDU exchange; append and remove at will."""
        return self._link.observers

    @property
    def is_on(self) -> bool:
        return self._is_on

    @property
    def in_coverage(self) -> bool:
        return self._in_coverage

    @in_coverage.setter
    def in_coverage(self, in_coverage: bool) -> None:
        changed, self._in_coverage = in_coverage is not self._in_coverage, in_coverage
        if changed:
            self._report(Event.LOCATION_STATUS)

    @property
    def occupation(self) -> Occupation | None:
        """What keeps the screen from the card; None when it is free."""
        return self._occupation

    @occupation.setter
    def occupation(self, occupation: Occupation | None) -> None:
        before, self._occupation = self._occupation, occupation
        if before is Occupation.CALL and occupation is not Occupation.CALL:
            self._report(Event.CALL_DISCONNECTED)
        if before is not None and occupation is None:
            self._report(Event.IDLE_SCREEN_AVAILABLE)

    def power_on(self) -> None:
        """Reset the card, send the TERMINAL PROFILE, do what the card wants first."""
        self.power_off()
        self._link.reset()
        self._is_on = True
        profile = self.model.terminal_profile
        self._serve(self._link.transact(CommandApdu(CLA, INS_TERMINAL_PROFILE, 0, 0, profile)))

    def power_off(self) -> None:
        """Everything volatile is gone; the inbox stays."""
        self._is_on = self._menu_open = False
        self._menu = self._conversation = None
        self._left = None
        self._messages.flash.clear()
        self._equipment.switched_off()
        self._restarting = False

    def insert(self, card: Card) -> None:
        """Another SIM: the phone is switched off for it. Inbox and model stay, the card's own messages go with it."""
        self.power_off()
        self._link.insert(card)

    def attach(self, submit: Submit) -> None:
        """`submit` takes the phone's short messages to the service centre and returns its report."""
        self._messages.submit = submit

    def tick(self, now: float = 0.0) -> None:
        """End what took too long, wake what is due. `now` (seconds) tells the time to a handset without a clock."""
        self._ticked = max(now, self._ticked)
        if self._conversation is not None and self._conversation.deadline <= self.now:
            self._answer(self._conversation.timed_out())
        if self._left_until <= self.now:
            self._left = None
        for number in self._equipment.timers.due(self.now):
            if self._conversation is None:
                self._expire(number)
        if self._conversation is None and self._equipment.is_time_to_poll(self.now):
            self.poll()

    def poll(self) -> None:
        """STATUS: ask the card whether it wants something (proactive polling, TS 102 221 §14.2)."""
        if self._is_on:
            self._serve(self._link.transact(CommandApdu(CLA, INS_STATUS, 0, NO_DATA)))

    @property
    def card_language(self) -> str | None:
        """The language the card last said its texts are in; None when it said nothing since power-on."""
        return self._equipment.card_language

    # what the user sees and does

    @property
    def screen(self) -> Screen:
        """What is shown now."""
        if not self._is_on:
            return Off()
        if self._conversation is not None:
            return self._conversation.screen
        if self._sending:
            return Busy(self._sending)
        if self._messages.flash:
            return Text(self._messages.flash[0])
        if self._menu_open and self._menu is not None:
            return Menu(self._menu.title, tuple(item.text for item in self._menu.items))
        if self.occupation is not None:
            return Busy(self.occupation.name.lower())
        if self._left is not None:
            return self._left
        return Idle(self._menu.title if self._menu is not None else "")

    def press(self, key: Key | str) -> None:
        """A key: ``ok no back end help clear`` or a digit. Keys that mean nothing here do nothing."""
        if isinstance(key, str) and len(key) == 1:
            self._press_digit(key)
            return
        key = Key(key)
        if self._conversation is not None:
            self._answer(self._conversation.press(key))
        elif self._messages.flash:
            self._messages.flash.pop(0)
        elif self._menu_open:
            self._menu_open = key in (Key.OK, Key.HELP, Key.CLEAR)
        elif self._left is not None and self._left.waits:
            self._left = None
        elif key is Key.END and self.occupation is Occupation.CALL:
            self.occupation = None
        elif key is Key.OK and self._is_on and self._menu is not None and self.occupation is None:
            self._left = None
            self._menu_open = True
        else:
            self._left = None

    def select(self, line: int, *, wants_help: bool = False) -> None:
        """Choose a line of the menu or list shown, counted from 1. Lines that are not there do nothing."""
        if self._conversation is not None:
            self._answer(self._conversation.select(line))
        elif self._menu_open and self._menu is not None and 1 <= line <= len(self._menu.items):
            self._menu_open = False
            self._left = None
            item = self._menu.items[line - 1].id
            answer = self._envelope(encode_envelope(MenuSelection(item, wants_help)))
            if answer.sw == SW_TOOLKIT_BUSY:
                self._leave_text("SIM busy")

    def enter(self, text: str) -> None:
        """Type a whole line and confirm it."""
        if self._conversation is not None:
            self._answer(self._conversation.enter(text))

    def _press_digit(self, digit: str) -> None:
        if self._conversation is not None:
            self._answer(self._conversation.press_digit(digit))
        elif self._menu_open and digit.isdecimal():
            self.select(int(digit))

    def _leave_text(self, text: str, *, waits: bool = False) -> None:
        """A text that stays, for a while or until a key is pressed, and whose command is already answered."""
        self._left = Text(text, waits=waits)
        self._left_until = math.inf if waits else self.now + self.model.clear
        self._changed()

    def _changed(self) -> None:
        for watch in self.watchers:
            watch(self.screen)

    # short messages

    def deliver(self, deliver: SmsDeliver) -> DeliverReport | None:
        """A short message from the network; None while the phone cannot be reached."""
        if not self._is_on or not self.in_coverage:
            return None
        if is_for_card(deliver, strict=self._strict):
            return self._download(deliver)
        return self._messages.keep(deliver, self.now)

    @property
    def inbox(self) -> Inbox:
        """The phone's own memory for texts; it survives power cycles and changes of the SIM."""
        return self._messages.inbox

    def card_messages(self) -> tuple[SmsDeliver, ...]:
        """The short messages on the card (EF.SMS), segment by segment."""
        return stored(self._link) if self._is_on else ()

    def _download(self, deliver: SmsDeliver) -> DeliverReport:
        """ENVELOPE (SMS-PP DOWNLOAD) and the report its answer makes."""
        envelope = SmsPpDownload(self._service_centre, deliver.encode())
        return report_of(self._envelope(encode_envelope(envelope)), deliver)

    # what the card wants

    def _perform(self, octets: bytes) -> Performed | None:
        """Do what a fetched command says; None when the user has to act first."""
        try:
            command = decode_proactive(octets)
        except RemoteError:
            return Performed(TerminalResponse(details_in(octets), GeneralResult.DATA_NOT_UNDERSTOOD))
        match command:
            case SetUpMenu():
                self._menu = None if command.removes_menu else command
                return performed(command)
            case SendShortMessage():
                return self._send_for_card(command)
            case RefreshCommand():
                return self._refresh(command)
            case UnknownCommand():
                return performed(command, GeneralResult.TYPE_NOT_UNDERSTOOD)
        done = self._equipment.perform(command, self.now, in_coverage=self.in_coverage)
        return done or self._begin(command)

    def _begin(self, command: ProactiveCommand) -> Performed | None:
        """Put a command on the screen, if the screen is free for it."""
        conversation = self._calling(command) or converse(command, self.now, self.model)
        if conversation is None or is_too_much(command, self.model):
            return performed(command, GeneralResult.BEYOND_CAPABILITIES)
        problem = problem_for(command, self.occupation, in_coverage=self.in_coverage)
        if problem is not None:
            return performed(command, GeneralResult.TERMINAL_UNABLE, bytes((problem,)))
        if isinstance(command, DisplayText) and command.immediate_response:
            self._leave_text(command.text, waits=command.wait_for_user)
            return performed(command)
        self._left = None
        self._conversation = conversation
        self._changed()
        return None

    def _calling(self, command: ProactiveCommand) -> Conversation | None:
        if not isinstance(command, SetUpCall):
            return None
        number = "" if command.address is None else command.address.digits

        def dial() -> None:
            self.calls.append(number)
            self._occupation = Occupation.CALL

        return Calling(self.now + self.model.answer, command, self.model, dial)

    def _refresh(self, command: RefreshCommand) -> Performed | None:
        """Files changed: this phone keeps no copies. A reset of the card starts it afresh, without a response."""
        if command.mode != RefreshMode.UICC_RESET:
            return performed(command)
        self._restarting = True
        return None

    def _send_for_card(self, command: SendShortMessage) -> Performed:
        """The card's short message on its way, with what the card wants shown meanwhile."""

        def begin(alpha: str) -> None:
            self._sending = alpha
            self._changed()

        try:
            return self._messages.send(command, begin, in_coverage=self.in_coverage)
        finally:
            self._sending = ""

    def _expire(self, number: int) -> None:
        """Tell the card; one that is busy is told again at the next tick."""
        envelope, timer = self._equipment.timers.expired(number)
        if self._envelope(encode_envelope(envelope)).sw == SW_TOOLKIT_BUSY:
            self._equipment.timers.put_back(number, timer)

    def _report(self, event: Event) -> None:
        if self._is_on and self._equipment.is_wanted(event):
            self._envelope(encode_envelope(event_of(event, in_coverage=self.in_coverage)))

    # the session with the card

    def _envelope(self, octets: bytes) -> ResponseApdu:
        answer = self._link.transact(CommandApdu(CLA, INS_ENVELOPE, 0, 0, octets))
        self._serve(answer)
        return answer

    def _serve(self, answer: ResponseApdu) -> None:
        """FETCH and perform until the card wants nothing more or the user has to act."""
        if self._serving:
            return  # the command being performed ends first; its TERMINAL RESPONSE tells of the next
        self._serving = True
        try:
            self._perform_all(answer)
        finally:
            self._serving = False
        if self._restarting:
            self.power_on()

    def _perform_all(self, answer: ResponseApdu) -> None:
        for _ in range(MOST_COMMANDS):
            if answer.sw1 != SW_COMMAND_WAITS or self._conversation is not None or not self._is_on:
                return
            fetched = self._link.transact(CommandApdu(CLA, INS_FETCH, 0, 0, le=answer.sw2 or 256))
            if not fetched.data:
                return
            performed = self._perform(fetched.data)
            if performed is None:
                return
            answer = self._respond(performed)

    def _answer(self, performed: Performed | None) -> None:
        """What the user (or the clock) made of the command on the screen; None: nothing yet."""
        if performed is None:
            return
        self._conversation = None
        self._serve(self._respond(performed))

    def _respond(self, performed: Performed) -> ResponseApdu:
        def apdu(response: TerminalResponse) -> CommandApdu:
            return CommandApdu(CLA, INS_TERMINAL_RESPONSE, 0, 0, response.encode())

        masked = None if performed.masked is None else apdu(performed.masked)
        return self._link.transact(apdu(performed.response), masked=masked)
