"""The card's side of the proactive session: what it wants from the ME, one command at a time (ETSI TS 102 223 §6).

An applet's wish is a *flow*: a generator that yields proactive commands and receives the ME's TERMINAL RESPONSE to
each. Flows wait in a queue and run one after the other; a flow that must come back later yields :class:`Wait` and lets
the others pass. Nothing is offered to an ME that has not sent its TERMINAL PROFILE.

The card (uicc/card.py) asks :meth:`Toolkit.pending` after every command: octets there mean SW 91xx. It calls
:meth:`Toolkit.status_polled` for every STATUS and :meth:`Toolkit.timer_expiration` for ENVELOPE (TIMER EXPIRATION), so
that waiting flows come back. This module does no I/O, knows no clock and no applet.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from telecom_codecs.cat import (
    CommandDetails,
    CommandType,
    GeneralResult,
    Item,
    ProactiveCommand,
    SetUpMenu,
    TerminalProfile,
    TerminalResponse,
    TimerAction,
    TimerManagement,
    TimerValue,
    encode_proactive,
)
from telecom_codecs.errors import CodecError, RemoteError

#: Priorities of queued flows: the higher goes first, equal ones in the order they came.
NORMAL, RESUMED, HIGH, CHOSEN = 0, 5, 10, 20

TIMERS = range(1, 9)  #: timer identifiers, TS 102 223 §8.37
LAST_COMMAND_NUMBER = 0xFE  #: command numbers are 01..FE, TS 102 223 §8.6


@dataclass(frozen=True, slots=True)
class Wait:
    """Yielded by a flow: come back in about `seconds`; other flows may run meanwhile.

    An ME with timers wakes the card by TIMER EXPIRATION; with another the flow comes back at the next STATUS.
    The flow receives the response to TIMER MANAGEMENT, or one with result 00 when none was asked.
    """

    seconds: int


Step = ProactiveCommand | Wait
Flow = Generator[Step, TerminalResponse, None]
OnSelect = Callable[[int, bool], Flow | None]


class SessionState(Enum):
    """Where the proactive session stands."""

    IDLE = "no proactive command is on its way"
    OFFERED = "the ME was told 91xx and has yet to FETCH"
    FETCHED = "the ME has the command; its TERMINAL RESPONSE is awaited"


class SessionEvent(Enum):
    """What moves the proactive session."""

    OFFER = "a flow wants a command performed"
    FETCH = "the ME fetches"
    RESPONSE = "the ME answers"


#: Every pair is here: a pair that leads nowhere new is answered as a refusal (`None`).
TRANSITIONS: dict[tuple[SessionState, SessionEvent], SessionState | None] = {
    (SessionState.IDLE, SessionEvent.OFFER): SessionState.OFFERED,
    (SessionState.IDLE, SessionEvent.FETCH): None,
    (SessionState.IDLE, SessionEvent.RESPONSE): None,
    (SessionState.OFFERED, SessionEvent.OFFER): None,
    (SessionState.OFFERED, SessionEvent.FETCH): SessionState.FETCHED,
    (SessionState.OFFERED, SessionEvent.RESPONSE): None,
    (SessionState.FETCHED, SessionEvent.OFFER): None,
    (SessionState.FETCHED, SessionEvent.FETCH): SessionState.FETCHED,  # an ME that lost the octets fetches again
    (SessionState.FETCHED, SessionEvent.RESPONSE): SessionState.IDLE,
}


@dataclass(frozen=True, slots=True)
class Menu:
    """What SET UP MENU announces, and who answers a selection."""

    title: str
    items: tuple[Item, ...]
    on_select: OnSelect
    announced: bool


@dataclass(slots=True)
class _Outstanding:
    """The command between 91xx and TERMINAL RESPONSE."""

    flow: Flow
    octets: bytes
    number: int
    timer: int = 0  # above 0: the flow waits for this timer


@dataclass(order=True, slots=True)
class _Queued:
    rank: tuple[int, int]
    flow: Flow = field(compare=False)
    response: TerminalResponse | None = field(compare=False, default=None)  # what a resumed flow receives


class Toolkit:
    """The queue of flows and the one proactive session of a card."""

    def __init__(self) -> None:
        self.state = SessionState.IDLE
        self.profile: TerminalProfile | None = None
        #: flows given up because their command could not be encoded: a text of ours is wrong
        self.dropped: list[CodecError] = []
        self._menu: Menu | None = None
        self._starters: list[Callable[[], None]] = []
        self._queue: list[_Queued] = []
        self._parked: dict[int, Flow] = {}
        self._parked_for_status: list[Flow] = []
        self._outstanding: _Outstanding | None = None
        self._number = 0
        self._order = 0

    # what the ME does

    def terminal_profile(self, octets: bytes) -> None:
        """TERMINAL PROFILE: the session may begin; the menu and the applets' starters are queued."""
        self.profile = TerminalProfile.decode(octets)
        if self._menu is not None and self._menu.announced:
            self.queue(self._announce(self._menu), priority=HIGH)
        for start in self._starters:
            start()

    def menu_selection(self, item: int, help: bool = False) -> bool:
        """ENVELOPE (MENU SELECTION): start the flow of an item; ask :attr:`busy` first. False: nobody answers it."""
        flow = self._menu.on_select(item, help) if self._menu is not None else None
        if flow is None:
            return False
        self.queue(flow, priority=CHOSEN)
        return True

    def timer_expiration(self, timer: int) -> None:
        """ENVELOPE (TIMER EXPIRATION): the flow that waits for this timer goes on."""
        flow = self._parked.pop(timer, None)
        if flow is not None:
            self._resume(flow)

    def status_polled(self) -> None:
        """STATUS: flows that wait without a timer go on."""
        waiting, self._parked_for_status = self._parked_for_status, []
        for flow in waiting:
            self._resume(flow)

    def pending(self) -> bytes | None:
        """The proactive command waiting for FETCH: its length is the xx of 91xx. None when there is none."""
        if self.state is SessionState.IDLE and self.profile is not None:
            self._offer_next()
        if self.state is SessionState.OFFERED and self._outstanding is not None:
            return self._outstanding.octets
        return None

    def fetch(self) -> bytes:
        """FETCH: the pending command, empty when there is none."""
        if self.pending() is None and self.state is not SessionState.FETCHED:
            return b""
        if self._outstanding is None or not self._move(SessionEvent.FETCH):
            return b""
        return self._outstanding.octets

    def terminal_response(self, octets: bytes) -> bool:
        """TERMINAL RESPONSE (data field). False when nothing was asked or the octets are garbage.

        Garbage ends the command as "not understood": the flow decides, the session goes on.
        """
        outstanding = self._outstanding
        if outstanding is None or not self._move(SessionEvent.RESPONSE):
            return False
        self._outstanding = None
        try:
            response = TerminalResponse.decode(octets)
            understood = response.details.number == outstanding.number
        except RemoteError:
            understood = False
        if not understood:
            response = TerminalResponse(CommandDetails(outstanding.number, 0, 0), GeneralResult.DATA_NOT_UNDERSTOOD)
        if outstanding.timer:
            self._park(outstanding, response)
        else:
            self._advance(outstanding.flow, response)
        return understood

    def reset(self) -> None:
        """Power was cycled: sessions, queues and the profile are gone; the registrations stay."""
        flows = [queued.flow for queued in self._queue] + list(self._parked.values()) + self._parked_for_status
        if self._outstanding is not None:
            flows.append(self._outstanding.flow)
        self._queue, self._parked, self._parked_for_status, self._outstanding = [], {}, [], None
        self.state, self.profile = SessionState.IDLE, None
        for flow in flows:
            flow.close()

    # what applets do

    @property
    def busy(self) -> bool:
        """A command is on its way or a flow is about to run: answer 93 00 to a selection."""
        return self.state is not SessionState.IDLE or bool(self._queue)

    def queue(self, flow: Flow, *, priority: int = NORMAL) -> None:
        """Run a flow when the session is idle; the higher priority first."""
        self._push(flow, priority, None)

    def register_menu(
        self, title: str, items: Sequence[tuple[int, str]], on_select: OnSelect, *, announced: bool = True
    ) -> None:
        """The card's menu; announced by SET UP MENU after the profile, and at once when the ME is already there."""
        self._menu = Menu(title, tuple(Item(identifier, text) for identifier, text in items), on_select, announced)
        if self.profile is not None and announced:
            self.queue(self._announce(self._menu), priority=HIGH)

    def register_starter(self, start: Callable[[], None]) -> None:
        """Call `start` after every TERMINAL PROFILE; it may queue what the card still owes to its user."""
        self._starters.append(start)

    # inside

    def _move(self, event: SessionEvent) -> bool:
        target = TRANSITIONS[self.state, event]
        if target is None:
            return False
        self.state = target
        return True

    def _push(self, flow: Flow, priority: int, response: TerminalResponse | None) -> None:
        self._order += 1
        heapq.heappush(self._queue, _Queued((-priority, self._order), flow, response))

    def _resume(self, flow: Flow) -> None:
        self._push(flow, RESUMED, TerminalResponse(CommandDetails(1, 0, 0), 0))

    def _offer_next(self) -> None:
        while self._queue and self.state is SessionState.IDLE:
            queued = heapq.heappop(self._queue)
            self._advance(queued.flow, queued.response)

    def _advance(self, flow: Flow, response: TerminalResponse | None) -> None:
        """Give a flow its response and put its next command on offer."""
        try:
            step = next(flow) if response is None else flow.send(response)
            while not isinstance(step, Wait) and not self._can_perform(step):
                step = flow.send(TerminalResponse(step.details, GeneralResult.BEYOND_CAPABILITIES))
            self._offer(flow, step)
        except StopIteration:
            return
        except CodecError as error:
            self.dropped.append(error)
            flow.close()

    def _can_perform(self, command: ProactiveCommand) -> bool:
        kind = command.type
        return self.profile is not None and isinstance(kind, CommandType) and self.profile.supports_command(kind)

    def _offer(self, flow: Flow, step: Step) -> None:
        timer = 0
        if isinstance(step, Wait):
            timer = next((number for number in TIMERS if number not in self._parked), 0)
            command: ProactiveCommand = TimerManagement(timer, TimerAction.START, TimerValue.of_seconds(step.seconds))
            if not timer or not self._can_perform(command):
                self._parked_for_status.append(flow)
                return
        else:
            command = step
        number = self._number % LAST_COMMAND_NUMBER + 1
        octets = encode_proactive(command, number)
        if self._move(SessionEvent.OFFER):
            self._number = number
            self._outstanding = _Outstanding(flow, octets, number, timer)

    def _park(self, outstanding: _Outstanding, response: TerminalResponse) -> None:
        if response.performed and outstanding.timer not in self._parked:
            self._parked[outstanding.timer] = outstanding.flow
        else:
            self._parked_for_status.append(outstanding.flow)

    def _announce(self, menu: Menu) -> Flow:
        yield SetUpMenu(menu.title, menu.items, help_available=True)
