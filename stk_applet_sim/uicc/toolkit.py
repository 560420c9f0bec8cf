"""The card's side of the proactive session: what it wants from the ME, one command at a time (ETSI TS 102 223 §6).

An applet's wish is a *flow*: a generator that yields proactive commands and receives the ME's TERMINAL RESPONSE to
each. Flows wait in a queue and run one after the other; a flow that must come back later yields :class:`Wait` and lets
the others pass. Nothing is offered to an ME that has not sent its TERMINAL PROFILE.

The card (uicc/card.py) asks :meth:`Toolkit.pending` after every command: octets there mean SW 91xx. It calls
:meth:`Toolkit.status_polled` for every STATUS, :meth:`Toolkit.timer_expiration` for ENVELOPE (TIMER EXPIRATION) and
:meth:`Toolkit.event_download` for ENVELOPE (EVENT DOWNLOAD), so that waiting flows come back. This module does no I/O,
knows no clock and no applet.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from enum import Enum

from telecom_codecs.cat import (
    CommandDetails,
    CommandType,
    Duration,
    Event,
    GeneralResult,
    Item,
    LocalInformation,
    PollingOff,
    PollInterval,
    ProactiveCommand,
    ProvideLocalInformation,
    RefreshCommand,
    RefreshMode,
    SetUpEventList,
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
POLL_SECONDS = 30  #: how often an ME without timers is asked to send STATUS

#: Facilities an ME claims for the events a flow may wait for, TS 102 223 §5.2.
EVENT_FACILITIES: dict[int, str] = {
    Event.CALL_DISCONNECTED: "event_call_disconnected",
    Event.LOCATION_STATUS: "event_location_status",
    Event.USER_ACTIVITY: "event_user_activity",
    Event.IDLE_SCREEN_AVAILABLE: "event_idle_screen",
}
#: Facilities for pieces of local information that have one of their own.
LOCAL_FACILITIES: dict[int, str] = {
    LocalInformation.DATE_TIME_ZONE: "provide_date_time",
    LocalInformation.LANGUAGE: "provide_language",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """Yielded by a flow: come back in about `seconds`, or sooner at one of `events`; other flows may run meanwhile.

    An ME with timers wakes the card by TIMER EXPIRATION; with another the card counts STATUS, one for each half minute,
    which POLL INTERVAL makes regular. Events the ME does not report never come. The flow receives result 00.
    """

    seconds: int
    events: tuple[int, ...] = ()


Step = ProactiveCommand | Wait
Flow = Generator[Step, TerminalResponse, None]
Arranging = Generator[ProactiveCommand, TerminalResponse, None]
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
    arranging: Arranging | None = None  # the command is the toolkit's own, to let the flow wait


@dataclass(slots=True)
class _Parked:
    """A flow that waits; `timer` 0: for so many STATUS as `polls` says."""

    flow: Flow
    polls: int
    timer: int = 0
    events: frozenset[int] = frozenset()


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
        self._watchers: list[Callable[[], None]] = []
        self._queue: list[_Queued] = []
        self._parked: list[_Parked] = []
        self._stopping: set[int] = set()  # timers whose deactivation is still to be sent
        self._listed: frozenset[int] = frozenset()  # events the ME reports
        self._polling = False
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
        for parked in [one for one in self._parked if one.timer == timer]:
            self._wake(parked)

    def status_polled(self) -> None:
        """STATUS: flows that wait without a timer are half a minute nearer, or go on."""
        for parked in [one for one in self._parked if not one.timer]:
            parked.polls -= 1
            if parked.polls <= 0:
                self._wake(parked)
        if self._polling and not any(not one.timer for one in self._parked):
            self._polling = False
            self.queue(_once(PollingOff()))

    def event_download(self, events: Sequence[int]) -> None:
        """ENVELOPE (EVENT DOWNLOAD): flows that wait for one of the events go on, and their timers are stopped."""
        # The ME reports a free screen once (TS 102 223 §7.5.6): the event leaves its list by itself.
        self._listed -= {Event.IDLE_SCREEN_AVAILABLE} & set(events)
        for parked in [one for one in self._parked if one.events & set(events)]:
            if parked.timer:
                self._stopping.add(parked.timer)
                self.queue(self._stop(parked.timer), priority=HIGH)
            self._wake(parked)

    def pending(self) -> bytes | None:
        """The proactive command waiting for FETCH: its length is the xx of 91xx. None when there is none."""
        if self.state is SessionState.IDLE and self.profile is not None:
            for look in self._watchers:
                look()
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
        if outstanding.arranging is not None:
            self._arrange(outstanding.flow, outstanding.arranging, response)
        else:
            self._advance(outstanding.flow, response)
        return understood

    def reset(self) -> None:
        """Power was cycled: sessions, queues and the profile are gone; the registrations stay."""
        flows = [queued.flow for queued in self._queue] + [parked.flow for parked in self._parked]
        if self._outstanding is not None:
            flows.append(self._outstanding.flow)
        self._queue, self._parked, self._outstanding = [], [], None
        self._stopping, self._listed, self._polling = set(), frozenset(), False
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

    def register_watcher(self, look: Callable[[], None]) -> None:
        """Call `look` whenever the session is idle at the end of a command, before the next flow; it may queue one."""
        self._watchers.append(look)

    def refresh(self, files: Sequence[bytes]) -> None:
        """Tell the ME that files changed (REFRESH, file change notification); each a path from the MF, 3F00 first."""
        self.queue(_once(RefreshCommand(RefreshMode.FILE_CHANGE, files=tuple(files))))

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
            if isinstance(step, Wait):
                self._arrange(flow, self._to_wait(flow, step), None)
            else:
                self._offer(flow, step)
        except StopIteration:
            return
        except CodecError as error:
            self.dropped.append(error)
            flow.close()

    def _arrange(self, flow: Flow, arranging: Arranging, response: TerminalResponse | None) -> None:
        """Put the toolkit's own next command on offer; the flow is parked when there is none."""
        command = next(arranging, None) if response is None else _sent(arranging, response)
        if command is not None:
            self._offer(flow, command, arranging)

    def _to_wait(self, flow: Flow, wait: Wait) -> Arranging:
        """What the ME must be asked so that it wakes the flow: events, a timer, or else regular STATUS."""
        events = self._reportable(wait.events)
        if events - self._listed:
            response = yield SetUpEventList(tuple(sorted(self._listed | events)))
            self._listed |= events if response.performed else frozenset()
        parked = _Parked(flow, -(-wait.seconds // POLL_SECONDS), events=events & self._listed)
        taken = self._stopping | {one.timer for one in self._parked}
        timer = next((number for number in TIMERS if number not in taken), 0)
        start = TimerManagement(timer, TimerAction.START, TimerValue.of_seconds(wait.seconds))
        if timer and self._can_perform(start):
            response = yield start
            parked.timer = timer if response.performed else 0
        poll = PollInterval(Duration.seconds(POLL_SECONDS))
        if not parked.timer and not self._polling and self._can_perform(poll):
            response = yield poll
            self._polling = response.performed
        self._parked.append(parked)

    def _stop(self, timer: int) -> Flow:
        yield TimerManagement(timer, TimerAction.DEACTIVATE)
        self._stopping.discard(timer)

    def _wake(self, parked: _Parked) -> None:
        self._parked.remove(parked)
        self._push(parked.flow, RESUMED, TerminalResponse(CommandDetails(1, 0, 0), 0))

    def _reportable(self, events: Sequence[int]) -> frozenset[int]:
        if self.profile is None or not self.profile.supports_command(CommandType.SET_UP_EVENT_LIST):
            return frozenset()
        facilities = self.profile.facilities
        return frozenset(event for event in events if EVENT_FACILITIES.get(event) in facilities)

    def _can_perform(self, command: ProactiveCommand) -> bool:
        kind = command.type
        if self.profile is None or not isinstance(kind, CommandType):
            return False
        if isinstance(command, ProvideLocalInformation) and command.what in LOCAL_FACILITIES:
            return self.profile.supports(LOCAL_FACILITIES[command.what])
        return self.profile.supports_command(kind)

    def _offer(self, flow: Flow, command: ProactiveCommand, arranging: Arranging | None = None) -> None:
        number = self._number % LAST_COMMAND_NUMBER + 1
        octets = encode_proactive(command, number)
        if self._move(SessionEvent.OFFER):
            self._number = number
            self._outstanding = _Outstanding(flow, octets, number, arranging)

    def _announce(self, menu: Menu) -> Flow:
        yield SetUpMenu(menu.title, menu.items, help_available=True)


def _once(command: ProactiveCommand) -> Flow:
    yield command


def _sent(arranging: Arranging, response: TerminalResponse) -> ProactiveCommand | None:
    try:
        return arranging.send(response)
    except StopIteration:
        return None
