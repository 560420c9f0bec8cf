"""The card's side of the proactive session: who is heard when, and that no answer of the phone breaks it."""

from __future__ import annotations

import itertools

import pytest

from stk_applet_sim.uicc.toolkit import CHOSEN, HIGH, TRANSITIONS, Flow, SessionEvent, SessionState, Step, Toolkit, Wait
from telecom_codecs.cat import (
    CommandDetails,
    DisplayText,
    Event,
    GeneralResult,
    LocalInformation,
    MoreTime,
    PollInterval,
    ProactiveCommand,
    ProvideLocalInformation,
    RefreshCommand,
    SetUpEventList,
    SetUpMenu,
    TerminalProfile,
    TerminalResponse,
    TimerAction,
    TimerManagement,
    decode_proactive,
)

PROFILE = TerminalProfile.of("display_text", "more_time", "set_up_menu", "timer_management").encode()


def a_toolkit(profile: bytes = PROFILE) -> Toolkit:
    """A toolkit whose ME has sent its profile."""
    toolkit = Toolkit()
    toolkit.terminal_profile(profile)
    return toolkit


def flow_of(*steps: Step, heard: list[TerminalResponse] | None = None) -> Flow:
    """A flow that yields its steps and notes the responses."""
    for step in steps:
        response = yield step
        if heard is not None:
            heard.append(response)


def fetched(toolkit: Toolkit) -> ProactiveCommand:
    """What the ME fetches, after checking that it was announced with its length."""
    announced = toolkit.pending()
    octets = toolkit.fetch()
    assert announced == octets
    return decode_proactive(octets)


def respond(toolkit: Toolkit, command: ProactiveCommand, result: int = 0, additional: bytes = b"") -> bool:
    """The ME's TERMINAL RESPONSE to `command`."""
    return toolkit.terminal_response(TerminalResponse(command.details, result, additional).encode())


def shown(toolkit: Toolkit) -> list[str]:
    """The texts an obliging ME shows until nothing is pending."""
    texts = []
    while toolkit.pending() is not None:
        command = fetched(toolkit)
        if isinstance(command, DisplayText):
            texts.append(command.text)
        respond(toolkit, command)
    return texts


def test_every_state_and_event_has_its_line() -> None:
    """No pair of state and event is forgotten: it leads somewhere or is refused."""
    assert set(TRANSITIONS) == set(itertools.product(SessionState, SessionEvent))


def test_card_is_silent_before_the_terminal_profile() -> None:
    """A card reader that never sends a profile never sees 91xx."""
    toolkit = Toolkit()
    toolkit.queue(flow_of(MoreTime()))
    assert toolkit.pending() is None
    assert toolkit.fetch() == b""
    toolkit.terminal_profile(PROFILE)
    assert isinstance(fetched(toolkit), MoreTime)


def test_menu_is_announced_after_the_profile() -> None:
    """The phone shows the card's menu as soon as it is on."""
    toolkit = Toolkit()
    toolkit.register_menu("一卡通", [(1, "余额查询")], lambda item, help: None)
    toolkit.terminal_profile(PROFILE)
    command = fetched(toolkit)
    assert isinstance(command, SetUpMenu)
    assert (command.title, command.items[0].text) == ("一卡通", "余额查询")


def test_quiet_menu_is_not_announced_but_answers() -> None:
    """A card for tools says nothing until it is asked."""
    toolkit = Toolkit()
    toolkit.register_menu("一卡通", [(1, "余额")], lambda item, help: flow_of(DisplayText(f"{item}")), announced=False)
    toolkit.terminal_profile(PROFILE)
    assert toolkit.pending() is None
    assert toolkit.menu_selection(1)
    assert shown(toolkit) == ["1"]


def test_a_new_menu_replaces_the_old_one_at_once() -> None:
    """A member who changes the language sees the menu change."""
    toolkit = a_toolkit()
    toolkit.register_menu("OneCard", [(1, "Balance")], lambda item, help: None)
    command = fetched(toolkit)
    assert isinstance(command, SetUpMenu)
    assert command.title == "OneCard"


def test_selection_of_an_unknown_item_starts_nothing() -> None:
    """A phone that invents an item is not answered by a wrong dialogue."""
    toolkit = a_toolkit()
    assert not toolkit.menu_selection(7)
    toolkit.register_menu("m", [(1, "x")], lambda item, help: None, announced=False)
    assert not toolkit.menu_selection(7)
    assert toolkit.pending() is None


def test_flows_run_one_after_the_other_by_priority() -> None:
    """What matters more is shown first, equals in their order."""
    toolkit = a_toolkit()
    for text, priority in (("a", 0), ("b", 0), ("high", HIGH), ("chosen", CHOSEN)):
        toolkit.queue(flow_of(DisplayText(text), DisplayText(text + "2")), priority=priority)
    assert shown(toolkit) == ["chosen", "chosen2", "high", "high2", "a", "a2", "b", "b2"]


def test_busy_from_selection_to_the_last_response() -> None:
    """A selection in the middle of a dialogue is answered 93 00 by the card."""
    toolkit = a_toolkit()
    assert not toolkit.busy
    toolkit.queue(flow_of(MoreTime()))
    assert toolkit.busy
    command = fetched(toolkit)
    assert toolkit.busy
    respond(toolkit, command)
    assert not toolkit.busy


def test_an_outstanding_command_is_not_announced_again() -> None:
    """Between FETCH and TERMINAL RESPONSE other commands of the ME end with 90 00."""
    toolkit = a_toolkit()
    toolkit.queue(flow_of(MoreTime(), MoreTime()))
    octets = toolkit.fetch()
    assert toolkit.pending() is None
    assert toolkit.fetch() == octets, "an ME that lost the octets may fetch again"


def test_command_numbers_go_round_from_1_to_254() -> None:
    """Numbers are never 00 or FF."""
    toolkit = a_toolkit()
    toolkit.queue(flow_of(*[MoreTime() for _ in range(256)]))
    numbers = []
    while toolkit.pending() is not None:
        command = fetched(toolkit)
        numbers.append(command.number)
        respond(toolkit, command)
    assert numbers == [*range(1, 255), 1, 2]


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x81",
        bytes.fromhex("8103012100"),  # details only
        bytes.fromhex("810301210082028281030100ff"),  # trailing octet
        bytes.fromhex("8103632100820282810301 00"),  # the number of another command
        bytes(255),
        b"\xff" * 255,
    ],
)
def test_garbage_ends_the_command_and_not_the_session(octets: bytes) -> None:
    """Whatever the phone answers, the flow hears "not understood" and the next one runs."""
    toolkit = a_toolkit()
    heard: list[TerminalResponse] = []
    toolkit.queue(flow_of(DisplayText("one"), heard=heard))
    toolkit.queue(flow_of(DisplayText("two")))
    fetched(toolkit)
    assert not toolkit.terminal_response(octets)
    assert heard[0].result == GeneralResult.DATA_NOT_UNDERSTOOD
    assert shown(toolkit) == ["two"]


def test_a_response_nobody_asked_for_is_refused() -> None:
    """TERMINAL RESPONSE without FETCH changes nothing."""
    toolkit = a_toolkit()
    octets = TerminalResponse(CommandDetails(1, 0x02, 0)).encode()
    assert not toolkit.terminal_response(octets)
    toolkit.queue(flow_of(DisplayText("x")))
    assert toolkit.pending() is not None
    assert not toolkit.terminal_response(octets)
    assert shown(toolkit) == ["x"]


def test_a_command_that_does_not_fit_is_dropped_with_its_flow() -> None:
    """One text too long for a FETCH does not stop the others; the fault is kept for us to see."""
    toolkit = a_toolkit()
    toolkit.queue(flow_of(DisplayText("长" * 200)))
    toolkit.queue(flow_of(DisplayText("short")))
    assert shown(toolkit) == ["short"]
    assert len(toolkit.dropped) == 1


def test_what_the_phone_does_not_claim_is_not_asked() -> None:
    """A command outside the profile is answered 30 inside the card; the flow may choose another way."""
    toolkit = a_toolkit(TerminalProfile.of("more_time").encode())
    heard: list[TerminalResponse] = []
    toolkit.queue(flow_of(DisplayText("x"), MoreTime(), heard=heard))
    assert isinstance(fetched(toolkit), MoreTime)
    assert [one.result for one in heard] == [GeneralResult.BEYOND_CAPABILITIES]


def test_waiting_flow_lets_others_pass_and_comes_back_with_its_timer() -> None:
    """A busy screen is tried again half a minute later, by a timer of the phone."""
    toolkit = a_toolkit()
    toolkit.queue(flow_of(Wait(30), DisplayText("later")))
    timer = fetched(toolkit)
    assert isinstance(timer, TimerManagement)
    assert timer.value is not None
    assert timer.value.in_seconds == 30
    respond(toolkit, timer)
    assert not toolkit.busy
    toolkit.queue(flow_of(DisplayText("now")))
    assert shown(toolkit) == ["now"]
    toolkit.timer_expiration(timer.timer)
    assert shown(toolkit) == ["later"]


def test_two_waiting_flows_use_two_timers() -> None:
    """Timers are told apart."""
    toolkit = a_toolkit()
    numbers = []
    for text in "ab":
        toolkit.queue(flow_of(Wait(30), DisplayText(text)))
        command = fetched(toolkit)
        assert isinstance(command, TimerManagement)
        numbers.append(command.timer)
        respond(toolkit, command)
    assert len(set(numbers)) == 2
    toolkit.timer_expiration(numbers[1])
    assert shown(toolkit) == ["b"]
    toolkit.timer_expiration(99)
    assert shown(toolkit) == []


@pytest.mark.parametrize("has_timers", [True, False])
def test_without_timers_a_waiting_flow_comes_back_at_the_next_status(has_timers: bool) -> None:
    """A phone that refuses or lacks timers still polls the card."""
    names = ["display_text", "timer_management"] if has_timers else ["display_text"]
    toolkit = a_toolkit(TerminalProfile.of(*names).encode())
    toolkit.queue(flow_of(Wait(30), DisplayText("later")))
    if has_timers:
        respond(toolkit, fetched(toolkit), GeneralResult.TIMER_CONTRADICTION)
    assert shown(toolkit) == []
    toolkit.status_polled()
    assert shown(toolkit) == ["later"]


def test_power_cycle_forgets_flows_and_keeps_registrations() -> None:
    """After switching off and on the menu is back and no old dialogue goes on."""
    toolkit = Toolkit()
    started = []
    toolkit.register_menu("m", [(1, "x")], lambda item, help: None)
    toolkit.register_starter(lambda: started.append(1))
    toolkit.terminal_profile(PROFILE)
    fetched(toolkit)
    toolkit.queue(flow_of(DisplayText("old")))
    toolkit.reset()
    assert toolkit.pending() is None
    assert not toolkit.busy
    toolkit.terminal_profile(PROFILE)
    assert isinstance(fetched(toolkit), SetUpMenu)
    assert len(started) == 2


def test_resetting_closes_what_was_under_way() -> None:
    """A dialogue cut by a power cycle gets the chance to clean up."""
    closed = []

    def flow() -> Flow:
        try:
            yield MoreTime()
        finally:
            closed.append(True)

    toolkit = a_toolkit()
    toolkit.queue(flow())
    fetched(toolkit)
    toolkit.reset()
    assert closed == [True]


EVENTFUL = TerminalProfile.of(
    "display_text", "timer_management", "set_up_event_list", "event_call_disconnected", "event_idle_screen"
).encode()


def test_flow_that_waits_for_an_event_comes_back_with_it_and_its_timer_is_stopped() -> None:
    """The call is over: the text comes at once, and the timer that was the second chance is taken back."""
    toolkit = a_toolkit(EVENTFUL)
    toolkit.queue(flow_of(Wait(30, (Event.CALL_DISCONNECTED,)), DisplayText("later")))
    listed = fetched(toolkit)
    assert isinstance(listed, SetUpEventList)
    assert listed.events == (Event.CALL_DISCONNECTED,)
    respond(toolkit, listed)
    started = fetched(toolkit)
    assert isinstance(started, TimerManagement)
    respond(toolkit, started)
    toolkit.event_download([Event.IDLE_SCREEN_AVAILABLE])
    assert toolkit.pending() is None, "not the event it waits for"
    toolkit.event_download([Event.CALL_DISCONNECTED])
    stopped = fetched(toolkit)
    assert isinstance(stopped, TimerManagement)
    assert (stopped.timer, stopped.action) == (started.timer, TimerAction.DEACTIVATE)
    respond(toolkit, stopped)
    assert shown(toolkit) == ["later"]
    toolkit.timer_expiration(started.timer)
    assert toolkit.pending() is None


def test_events_are_listed_once_and_a_free_screen_again_after_it_was_reported() -> None:
    """The ME drops "idle screen available" from its list when it has reported it."""
    toolkit = a_toolkit(EVENTFUL)
    for expected in ([5], [], [5]):
        toolkit.queue(flow_of(Wait(30, (Event.IDLE_SCREEN_AVAILABLE,))))
        command = fetched(toolkit)
        listed = []
        if isinstance(command, SetUpEventList):
            listed = list(command.events)
            respond(toolkit, command)
            command = fetched(toolkit)
        assert listed == expected
        respond(toolkit, command)
        if expected != []:
            continue
        toolkit.event_download([Event.IDLE_SCREEN_AVAILABLE])
        assert shown(toolkit) == []


def test_phone_without_timers_is_asked_to_poll_only_while_somebody_waits() -> None:
    """POLL INTERVAL, the STATUS that wakes the flow, POLLING OFF."""
    toolkit = a_toolkit(TerminalProfile.of("display_text", "poll_interval", "polling_off").encode())
    toolkit.queue(flow_of(Wait(30), DisplayText("later")))
    poll = fetched(toolkit)
    assert isinstance(poll, PollInterval)
    assert poll.interval.in_seconds == 30
    respond(toolkit, poll)
    assert toolkit.pending() is None
    toolkit.status_polled()
    assert shown(toolkit) == ["later"]
    toolkit.status_polled()
    assert toolkit.pending() is None


def test_phone_without_timers_waits_as_many_polls_as_half_minutes() -> None:
    """Two minutes are four STATUS, not one."""
    toolkit = a_toolkit(TerminalProfile.of("display_text").encode())
    toolkit.queue(flow_of(Wait(120), DisplayText("later")))
    assert toolkit.pending() is None
    for _ in range(3):
        toolkit.status_polled()
        assert toolkit.pending() is None
    toolkit.status_polled()
    assert shown(toolkit) == ["later"]


def test_refresh_names_the_files_that_changed() -> None:
    """REFRESH with file change notification, for an ME that knows it; others are left alone."""
    for profile, expected in ((TerminalProfile.of("refresh").encode(), True), (PROFILE, False)):
        toolkit = a_toolkit(profile)
        toolkit.refresh([bytes.fromhex("3F007F206F46")])
        assert (toolkit.pending() is not None) is expected
        if expected:
            command = fetched(toolkit)
            assert isinstance(command, RefreshCommand)
            assert command.files == (bytes.fromhex("3F007F206F46"),)


def test_what_is_asked_of_the_phone_follows_the_facility_of_its_own() -> None:
    """A phone may know its IMEI and not the date: the flow hears 30 without a word to the phone."""
    toolkit = a_toolkit(TerminalProfile.of("provide_location_imei").encode())
    heard: list[TerminalResponse] = []
    toolkit.queue(
        flow_of(
            ProvideLocalInformation(LocalInformation.DATE_TIME_ZONE),
            ProvideLocalInformation(LocalInformation.IMEI),
            heard=heard,
        )
    )
    command = fetched(toolkit)
    assert isinstance(command, ProvideLocalInformation)
    assert command.what == LocalInformation.IMEI
    assert heard[0].result == GeneralResult.BEYOND_CAPABILITIES
