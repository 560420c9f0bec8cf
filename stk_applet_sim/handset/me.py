"""The simulated handset: an ME that runs the card's proactive session as screens and keys (TS 31.111, TS 102 223).

Keys and texts go in, a :class:`~.screen.Screen` comes out. One conversation with the card at a time: a FETCHed command
waits on the screen until the user answers, the time is over (:meth:`Handset.tick`) or the power goes. Short messages
to the card keep coming meanwhile. Time comes in through `tick` and is in seconds; nothing here sleeps.

Not here: what a command means for the screen (proactive.py), the card's octets (card_link.py), texts (inbox.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from telecom_codecs.address import Address
from telecom_codecs.apdu import CommandApdu, ResponseApdu
from telecom_codecs.cat import (
    CommandDetails,
    DisplayText,
    GeneralResult,
    MenuSelection,
    MoreTime,
    ProactiveCommand,
    SendShortMessage,
    SetUpMenu,
    SmsPpDownload,
    TerminalProblem,
    TerminalResponse,
    TimerAction,
    TimerExpiration,
    TimerManagement,
    TimerValue,
    UnknownCommand,
    decode_proactive,
    encode_envelope,
)
from telecom_codecs.cat.state_objects import TimerIdentifier
from telecom_codecs.dcs import DCS_OCTET, DataCoding
from telecom_codecs.errors import RemoteError
from telecom_codecs.sms_tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

from .card_link import Card, CardLink, Observer
from .conversation import CLEAR_SECONDS, Conversation, Performed, converse, performed
from .inbox import FLASH, Inbox
from .profile import TERMINAL_PROFILE
from .screen import Busy, Idle, Key, Menu, Off, Screen, Text

CLA: Final = 0x80
INS_TERMINAL_PROFILE, INS_FETCH, INS_TERMINAL_RESPONSE, INS_ENVELOPE, INS_STATUS = 0x10, 0x12, 0x14, 0xC2, 0xF2

MOST_COMMANDS: Final = 250  #: performed in one go; a card that never ends is heard again at the next command
NO_DATA: Final = 0x0C  #: P2 of STATUS: only the status word is wanted

PID_SIM_DOWNLOAD: Final = 0x7F  #: "(U)SIM data download", TS 23.040 §9.2.3.9
SIM_CLASS: Final = 2
FCS_TOOLKIT_BUSY, FCS_DOWNLOAD_ERROR, FCS_UNSPECIFIED = 0xD4, 0xD5, 0xFF  #: TP-FCS, TS 23.040 §9.2.3.22

SW_COMMAND_WAITS: Final = 0x91
SW_TOOLKIT_BUSY: Final = 0x9300
SW_WITH_ERROR: Final = (0x62, 0x63)  #: SW1: the card processed the packet and reports an error in its answer

Submit = Callable[[SmsSubmit], SubmitReport]


class Occupation(Enum):
    """What the user does apart from the card, so that the screen is not free (TS 102 223 §6.4.1)."""

    APPLICATION = "reads or writes something: normal texts and questions wait"
    ALERT = "an alarm has the screen: even high-priority texts wait"
    CALL = "talks: nothing is shown"


@dataclass(frozen=True, slots=True)
class _Timer:
    """A timer of the card (TIMER MANAGEMENT), in the handset's seconds."""

    since: float
    until: float


class Handset:
    """A phone with a card. `strict`: only class 2 goes to the card, not DCS 04 too."""

    def __init__(self, card: Card, *, strict: bool = False, service_centre: str = "") -> None:
        self.in_coverage = True
        self.occupation: Occupation | None = None
        self.inbox = Inbox()
        #: told of every screen that comes up by itself, in order: a transcript misses nothing
        self.watchers: list[Callable[[Screen], None]] = []
        self._link = CardLink(card)
        self._strict = strict
        self._service_centre = Address(service_centre) if service_centre else None
        self._submit: Submit | None = None
        self._is_on = False
        self._menu: SetUpMenu | None = None
        self._menu_open = False
        self._conversation: Conversation | None = None
        self._left_text = ""  # a text that may stay after its command was answered
        self._left_until = 0.0
        self._sending = ""
        self._flash: list[str] = []
        self._timers: dict[int, _Timer] = {}
        self._serving = False
        self._reference = 0

    # power, air and time

    @property
    def now(self) -> float:
        return self._link.now

    @property
    def observers(self) -> list[Observer]:
        """Told of every APDU exchange; append and remove at will."""
        return self._link.observers

    @property
    def is_on(self) -> bool:
        return self._is_on

    def power_on(self) -> None:
        """Reset the card, send the TERMINAL PROFILE, do what the card wants first."""
        self.power_off()
        self._link.reset()
        self._is_on = True
        self._serve(self._link.transact(CommandApdu(CLA, INS_TERMINAL_PROFILE, 0, 0, TERMINAL_PROFILE)))

    def power_off(self) -> None:
        """Everything volatile is gone; the inbox stays."""
        self._is_on = self._menu_open = False
        self._menu = self._conversation = None
        self._left_text = ""
        self._flash.clear()
        self._timers.clear()

    def attach(self, submit: Submit) -> None:
        """`submit` takes the phone's short messages to the service centre and returns its report."""
        self._submit = submit

    def tick(self, now: float) -> None:
        """It is `now` (seconds, never backwards): end what took too long, wake what is due."""
        self._link.now = max(now, self._link.now)
        if self._conversation is not None and self._conversation.deadline <= self.now:
            self._answer(self._conversation.timed_out())
        if self._left_until <= self.now:
            self._left_text = ""
        for number, timer in list(self._timers.items()):
            if timer.until <= self.now and self._conversation is None:
                self._expire(number, timer)

    def poll(self) -> None:
        """STATUS: ask the card whether it wants something (proactive polling, TS 102 221 §14.2)."""
        if self._is_on:
            self._serve(self._link.transact(CommandApdu(CLA, INS_STATUS, 0, NO_DATA)))

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
        if self._flash:
            return Text(self._flash[0])
        if self._menu_open and self._menu is not None:
            return Menu(self._menu.title, tuple(item.text for item in self._menu.items))
        if self.occupation is not None:
            return Busy(self.occupation.name.lower())
        if self._left_text:
            return Text(self._left_text, waits=False)
        return Idle(self._menu.title if self._menu is not None else "")

    def press(self, key: Key | str) -> None:
        """A key: ``ok no back end help clear`` or a digit. Keys that mean nothing here do nothing."""
        if isinstance(key, str) and len(key) == 1:
            self._press_digit(key)
            return
        key = Key(key)
        if self._conversation is not None:
            self._answer(self._conversation.press(key))
        elif self._flash:
            self._flash.pop(0)
        elif self._menu_open:
            self._menu_open = key in (Key.OK, Key.HELP, Key.CLEAR)
        elif key is Key.OK and self._is_on and self._menu is not None and self.occupation is None:
            self._left_text = ""
            self._menu_open = True
        else:
            self._left_text = ""

    def select(self, line: int, *, wants_help: bool = False) -> None:
        """Choose a line of the menu or list shown, counted from 1. Lines that are not there do nothing."""
        if self._conversation is not None:
            self._answer(self._conversation.select(line))
        elif self._menu_open and self._menu is not None and 1 <= line <= len(self._menu.items):
            self._menu_open = False
            self._left_text = ""
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

    def _leave_text(self, text: str) -> None:
        """A text that stays for a while and asks nothing."""
        self._left_text, self._left_until = text, self.now + CLEAR_SECONDS
        self._changed()

    def _changed(self) -> None:
        for watch in self.watchers:
            watch(self.screen)

    # short messages

    def deliver(self, deliver: SmsDeliver) -> DeliverReport | None:
        """A short message from the network; None while the phone cannot be reached."""
        if not self._is_on or not self.in_coverage:
            return None
        if self._is_for_card(deliver):
            return self._download(deliver)
        try:
            message = self.inbox.take(deliver, self.now)
        except RemoteError:
            return DeliverReport(failure_cause=FCS_UNSPECIFIED)
        if message is not None and message.message_class == FLASH:
            self._flash.append(message.text or "")
        return DeliverReport()

    def _is_for_card(self, deliver: SmsDeliver) -> bool:
        if deliver.pid != PID_SIM_DOWNLOAD:
            return False
        by_class = DataCoding.decode(deliver.dcs).message_class == SIM_CLASS
        return by_class or (deliver.dcs == DCS_OCTET and not self._strict)

    def _download(self, deliver: SmsDeliver) -> DeliverReport:
        """ENVELOPE (SMS-PP DOWNLOAD) and what the card answers, TS 31.111 §7.1.1."""
        envelope = encode_envelope(SmsPpDownload(self._service_centre, deliver.encode()))
        answer = self._envelope(envelope)
        if answer.sw == SW_TOOLKIT_BUSY:
            return DeliverReport(failure_cause=FCS_TOOLKIT_BUSY)
        accepted = answer.is_ok
        if not accepted and answer.sw1 not in SW_WITH_ERROR:
            return DeliverReport(failure_cause=FCS_DOWNLOAD_ERROR)
        cause = None if accepted else FCS_DOWNLOAD_ERROR
        if not answer.data:
            return DeliverReport(failure_cause=cause)
        return DeliverReport(answer.data, deliver.pid, deliver.dcs, cause, udhi=_starts_with_header(answer.data))

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
            case TimerManagement():
                return self._run_timer(command)
            case MoreTime():
                return performed(command)
            case UnknownCommand():
                return performed(command, GeneralResult.TYPE_NOT_UNDERSTOOD)
        return self._begin(command)

    def _begin(self, command: ProactiveCommand) -> Performed | None:
        """Put a command on the screen, if the screen is free for it."""
        conversation = converse(command, self.now)
        if conversation is None:
            return performed(command, GeneralResult.BEYOND_CAPABILITIES)
        problem = self._problem_for(command)
        if problem is not None:
            return performed(command, GeneralResult.TERMINAL_UNABLE, bytes((problem,)))
        if isinstance(command, DisplayText) and command.immediate_response:
            self._leave_text(command.text)
            return performed(command)
        self._left_text = ""
        self._conversation = conversation
        self._changed()
        return None

    def _problem_for(self, command: ProactiveCommand) -> TerminalProblem | None:
        if self.occupation is None:
            return None
        if self.occupation is Occupation.CALL:
            return TerminalProblem.BUSY_ON_CALL
        urgent = isinstance(command, DisplayText) and command.high_priority
        return None if urgent and self.occupation is Occupation.APPLICATION else TerminalProblem.SCREEN_BUSY

    def _send_for_card(self, command: SendShortMessage) -> Performed:
        """The card's short message on its way, with what the card wants shown meanwhile."""
        try:
            submit = SmsSubmit.decode(command.tpdu)
        except RemoteError:
            return performed(command, GeneralResult.DATA_NOT_UNDERSTOOD)
        if self._submit is None or not self.in_coverage:
            return performed(command, GeneralResult.TERMINAL_UNABLE, bytes((TerminalProblem.NO_SERVICE,)))
        self._reference = (self._reference + 1) & 0xFF
        self._sending = "" if command.alpha is None else command.alpha
        self._changed()
        report = self._submit(replace(submit, reference=self._reference))
        self._sending = ""
        if report.failure_cause is not None:
            return performed(command, GeneralResult.SMS_RP_ERROR, bytes((report.failure_cause,)))
        return performed(command)

    def _run_timer(self, command: TimerManagement) -> Performed:
        result = GeneralResult.TIMER_CONTRADICTION
        if command.action == TimerAction.START and command.value is not None:
            self._timers[command.timer] = _Timer(self.now, self.now + command.value.in_seconds)
            result = GeneralResult.OK
        elif command.action == TimerAction.DEACTIVATE and self._timers.pop(command.timer, None) is not None:
            result = GeneralResult.OK
        return Performed(TerminalResponse(command.details, result, extras=(TimerIdentifier(command.timer),)))

    def _expire(self, number: int, timer: _Timer) -> None:
        """Tell the card; one that is busy is told again at the next tick."""
        value = TimerValue.of_seconds(round(timer.until - timer.since))
        del self._timers[number]  # first: the card may start it again in the same breath
        if self._envelope(encode_envelope(TimerExpiration(number, value))).sw == SW_TOOLKIT_BUSY:
            self._timers.setdefault(number, timer)

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
        finally:
            self._serving = False

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


def details_in(octets: bytes) -> CommandDetails:
    """The command details of a command that is otherwise unreadable, zeros when they are too."""
    for at in (2, 3, 4):  # behind D0 and a length of one, two or three octets
        if len(octets) >= at + 5 and octets[at] & 0x7F == 0x01 and octets[at + 1] == 3:
            return CommandDetails(*octets[at + 2 : at + 5])
    return CommandDetails(0, 0, 0)


def _starts_with_header(octets: bytes) -> bool:
    """A card that answers with a UDH (TS 31.115 §4.4) starts with 02 71 00, or with a concatenation and 71."""
    return len(octets) > octets[0] >= 2 and 0x71 in octets[1 : 1 + octets[0]]
