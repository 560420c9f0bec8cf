"""The handset as a phone: power, coverage, texts, messages for the card, and cards that misbehave."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stk_applet_sim.handset.card_link import CardLink, Exchange
from stk_applet_sim.handset.conversation import Performed, details_in
from stk_applet_sim.handset.me import Handset, Occupation
from stk_applet_sim.handset.screen import Confirm, Idle, Input, List, Off, Screen, Text, render
from stk_applet_sim.handset.station import HandsetStation
from stk_applet_sim.uicc.toolkit import Flow, Wait
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.cat import (
    CommandDetails,
    DisplayText,
    Duration,
    GeneralResult,
    GetInkey,
    GetInput,
    PlayTone,
    ProactiveCommand,
    SelectItem,
    SendShortMessage,
    SetUpMenu,
    TerminalProblem,
    TerminalResponse,
    TimerAction,
    TimerManagement,
    encode_proactive,
)
from telecom_codecs.cat.texts import Item
from telecom_codecs.errors import LocalError
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import SmsDeliver, SmsSubmit, SubmitReport

from ..network import NOON, Network, text_message
from ..stub_card import StubCard

LONG = (
    "【移动一卡通】张*您好，华信科技9月考勤：应出勤21天，实出勤20天，迟到1次，早退0次，"
    "缺卡1次，请假1天，加班6.5小时。明细回复KQ，退订本账单回TD1。"
)
ITEMS = (Item(1, "一"), Item(2, "二"))


def a_handset(card: StubCard | None = None, *, strict: bool = False) -> Handset:
    """A handset that is on, with an empty card."""
    handset = Handset(card or StubCard(), strict=strict)
    handset.attach(Network().submit)
    handset.power_on()
    return handset


def responses(command: ProactiveCommand, act: Callable[[Handset], object]) -> list[TerminalResponse]:
    """What the handset answers when the card sends `command` and then `act` is done."""
    card = StubCard()
    heard: list[TerminalResponse] = []

    def flow() -> Flow:
        heard.append((yield command))

    handset = a_handset(card)
    card.toolkit.terminal_profile(b"\xff" * 30)  # the card asks for anything, claimed or not
    card.toolkit.queue(flow())
    handset.poll()
    act(handset)
    return heard


def deliver(handset: Handset, *messages: SmsDeliver) -> None:
    for message in messages:
        report = handset.deliver(message)
        assert report is not None
        assert report.is_ack


def to_card(dcs: int = 0xF6, pid: int = 0x7F, body: bytes = b"\x02\x70\x00\x01") -> SmsDeliver:
    return SmsDeliver(Address("106572000", ton=0), pid, dcs, NOON, body, udhi=body[:1] == b"\x02")


# power and air


def test_phone_that_is_off_cannot_be_reached() -> None:
    """The network keeps the message."""
    handset = Handset(StubCard())
    assert handset.screen == Off()
    assert handset.deliver(text_message("hello")[0]) is None
    handset.press("ok")
    handset.select(1)
    handset.enter("x")
    handset.tick(5.0)
    assert handset.screen == Off()


def test_phone_out_of_coverage_cannot_be_reached() -> None:
    """Nor does it lose anything."""
    handset = a_handset()
    handset.in_coverage = False
    assert handset.deliver(text_message("hello")[0]) is None
    handset.in_coverage = True
    deliver(handset, *text_message("hello"))
    assert handset.inbox.messages[0].text == "hello"


def test_inbox_survives_a_power_cycle() -> None:
    """Texts are the phone's own."""
    handset = a_handset()
    deliver(handset, *text_message("hello"))
    handset.power_off()
    handset.power_on()
    assert [message.text for message in handset.inbox.messages] == ["hello"]


def test_station_switches_on_when_the_network_attaches_it() -> None:
    """And passes messages both ways under its number."""
    station = HandsetStation("8613800000001", Handset(StubCard(), clock=lambda: 12.5))
    assert station.deliver(text_message("x")[0]) is None
    station.attach(Network().submit)
    assert station.handset.is_on
    assert station.deliver(text_message("x")[0]) is not None
    assert station.handset.now == 12.5
    with pytest.raises(LookupError):
        _ = station.card


def test_a_dialogue_begun_late_has_its_whole_time() -> None:
    """With a clock, the half minute starts at the key press and not at the last message of the network."""
    now = 0.0
    card = StubCard()
    card.toolkit.register_menu("m", [(1, "x")], lambda item, help: select())

    def select() -> Flow:
        yield SelectItem("t", ITEMS)

    handset = Handset(card, clock=lambda: now)
    handset.power_on()
    now = 1000.0
    handset.press("ok")
    handset.select(1)
    now = 1029.0
    deliver(handset, *text_message("x"))
    handset.tick()
    assert isinstance(handset.screen, List)
    now = 1030.0
    handset.tick()
    assert render(handset.screen) == render(Idle("m"))


# texts


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 0, 1), (1, 0, 0)])
def test_long_statement_is_put_together_in_any_order(order: tuple[int, ...]) -> None:
    """80 characters, split at 67, late and doubled segments included."""
    handset = a_handset()
    segments = text_message(LONG)
    assert [len(segment.user_data) for segment in segments] == [140, 6 + 2 * (len(LONG) - 67)]
    deliver(handset, *(segments[at] for at in order))
    (message, *rest) = handset.inbox.messages
    assert (message.text, message.segments) == (LONG, 2)
    assert not rest


def test_long_english_text_is_put_together() -> None:
    """GSM 7-bit segments of 153 septets."""
    text = "[YKT] Huaxin 12 Oct 12:03 canteen POS2: paid CNY12.00, balance CNY116.30, ref 0031. Not you? " * 3
    handset = a_handset()
    deliver(handset, *text_message(text))
    assert handset.inbox.messages[0].text == text


def test_texts_of_two_senders_do_not_mix() -> None:
    """Same reference, different numbers."""
    handset = a_handset()
    first, second = text_message(LONG, sender="106572000"), text_message(LONG, sender="10086")
    deliver(handset, first[0], second[1])
    assert not handset.inbox.messages
    assert handset.inbox.incomplete == 2


def test_flash_message_is_shown_and_not_kept() -> None:
    """Class 0."""
    handset = a_handset()
    deliver(handset, SmsDeliver(Address("10086"), 0, 0x10, NOON, b"hi"))
    assert render(handset.screen) == render(Text("hi"))
    handset.press("ok")
    assert handset.screen == Idle("")
    assert not handset.inbox.messages


def test_type_0_message_leaves_no_trace() -> None:
    """PID 40: acknowledged, not shown, not kept."""
    handset = a_handset()
    deliver(handset, SmsDeliver(Address("10086"), 0x40, 0, NOON, b"hi"))
    assert handset.screen == Idle("")
    assert not handset.inbox.messages


def test_replace_message_takes_the_place_of_the_last() -> None:
    """PID 41 of the same sender."""
    handset = a_handset()
    for text in (b"one", b"two"):
        deliver(handset, SmsDeliver(Address("10086"), 0x41, 0, NOON, text))
    assert [message.text for message in handset.inbox.messages] == ["two"]


def test_text_that_is_not_what_its_dcs_says_is_kept_as_octets() -> None:
    """Half a UCS-2 character does not break the phone."""
    handset = a_handset()
    deliver(handset, SmsDeliver(Address("10086"), 0, 0x08, NOON, b"\x4f\x59\x98"))
    (message,) = handset.inbox.messages
    assert (message.text, message.octets) == (None, b"\x4f\x59\x98")


# messages for the card


@pytest.mark.parametrize(
    ("pid", "dcs", "strict", "is_for_card"),
    [
        (0x7F, 0xF6, True, True),
        (0x7F, 0x16, True, True),
        (0x7F, 0x12, True, True),
        (0x7F, 0x04, False, True),
        (0x7F, 0x04, True, False),
        (0x7F, 0x00, False, False),
        (0x7F, 0xF5, False, False),
        (0x00, 0xF6, False, False),
        (0x41, 0xF6, False, False),
    ],
)
def test_what_goes_to_the_card(pid: int, dcs: int, strict: bool, is_for_card: bool) -> None:
    """PID 7F with class 2, or with DCS 04 unless the phone is strict; nothing else."""
    card = StubCard()
    envelopes: list[bytes] = []

    def note(command: CommandApdu) -> bytes | None:
        if command.ins != 0xC2:
            return None
        envelopes.append(command.data)
        return b"\x90\x00"

    handset = a_handset(card, strict=strict)
    card.override = note
    handset.deliver(to_card(dcs, pid))
    assert bool(envelopes) is is_for_card


@pytest.mark.parametrize(
    ("answers", "cause", "user_data"),
    [
        (["9000"], None, ""),
        (["6103", "0102039000"], None, "010203"),
        (["6103", "0271009000"], None, "027100"),
        (["9F03", "0102039000"], None, "010203"),
        (["6203", "0102036300"], 0xD5, ""),
        (["9300"], 0xD4, ""),
        (["6F00"], 0xD5, ""),
        (["6A80"], 0xD5, ""),
        (["6103", "9000"], None, ""),
        (["61"], 0xD5, ""),
        ([""], 0xD5, ""),
    ],
)
def test_report_for_the_network_follows_the_cards_answer(answers: list[str], cause: int | None, user_data: str) -> None:
    """RP-ACK with the card's octets, or RP-ERROR with D4 busy, D5 error."""
    card = StubCard()
    handset = a_handset(card)
    left = [bytes.fromhex(answer) for answer in answers]
    card.override = lambda command: left.pop(0) if left else b"\x90\x00"
    report = handset.deliver(to_card())
    assert report is not None
    assert report.failure_cause == cause
    assert report.user_data == bytes.fromhex(user_data)


def test_response_packet_in_the_report_says_that_it_has_a_header() -> None:
    """A PoR starts with 02 71 00: UDHI, PID and DCS of the command."""
    card = StubCard()
    handset = a_handset(card)
    answer = bytes.fromhex("027100000E0AB000100000000001000001")
    left = [bytes((0x61, len(answer))), answer + b"\x90\x00"]
    card.override = lambda command: left.pop(0)
    report = handset.deliver(to_card())
    assert report is not None
    assert (report.user_data, report.udhi, report.pid, report.dcs) == (answer, True, 0x7F, 0xF6)


# proactive commands


@pytest.mark.parametrize(
    ("command", "keys", "result"),
    [
        (DisplayText("x", wait_for_user=True), ["ok"], GeneralResult.OK),
        (DisplayText("x", wait_for_user=True), ["back"], GeneralResult.BACKWARD_MOVE),
        (DisplayText("x"), ["end"], GeneralResult.SESSION_TERMINATED_BY_USER),
        (SelectItem("t", ITEMS), ["2"], GeneralResult.OK),
        (SelectItem("t", ITEMS), ["9", "back"], GeneralResult.BACKWARD_MOVE),
        (SelectItem("t", ITEMS, help_available=True), ["help"], GeneralResult.HELP_REQUIRED),
        (SelectItem("t", ITEMS), ["help", "end"], GeneralResult.SESSION_TERMINATED_BY_USER),
        (GetInkey("?", yes_no=True), ["ok"], GeneralResult.OK),
        (GetInkey("?", yes_no=True), ["clear", "5", "no"], GeneralResult.OK),
        (GetInput("n", 2, 4), ["1", "2", "ok"], GeneralResult.OK),
        (GetInput("n", 2, 4), ["1", "ok", "back"], GeneralResult.BACKWARD_MOVE),
        (PlayTone("x"), [], GeneralResult.BEYOND_CAPABILITIES),
    ],
)
def test_keys_become_general_results(command: ProactiveCommand, keys: list[str], result: int) -> None:
    """Each key means what TS 102 223 §6.4 says."""

    def act(handset: Handset) -> None:
        for key in keys:
            handset.press(key)

    assert [one.result for one in responses(command, act)] == [result]


def test_answers_carry_item_text_and_yes() -> None:
    """What the user chose and typed."""
    assert responses(SelectItem("t", ITEMS), lambda handset: handset.select(2))[0].item == 2
    assert responses(GetInput("n", 2, 4), lambda handset: handset.enter("123"))[0].text == "123"
    assert responses(GetInkey("?", yes_no=True), lambda handset: handset.press("ok"))[0].confirmed is True
    assert responses(GetInkey("?", yes_no=True), lambda handset: handset.press("no"))[0].confirmed is False
    assert responses(GetInkey("?"), lambda handset: handset.enter("7"))[0].text == "7"


@pytest.mark.parametrize("text", ["1", "12345", "12a", "一二"])
def test_input_outside_its_limits_is_not_sent(text: str) -> None:
    """Too short, too long, not digits: the question stays."""
    assert responses(GetInput("n", 2, 4), lambda handset: handset.enter(text)) == []


@pytest.mark.parametrize(
    ("command", "seconds", "result"),
    [
        (DisplayText("x", wait_for_user=True), 60, GeneralResult.NO_RESPONSE_FROM_USER),
        (DisplayText("x"), 15, GeneralResult.OK),
        (DisplayText("x", duration=Duration.seconds(5)), 5, GeneralResult.OK),
        (SelectItem("t", ITEMS), 30, GeneralResult.NO_RESPONSE_FROM_USER),
        (GetInkey("?", yes_no=True), 30, GeneralResult.NO_RESPONSE_FROM_USER),
        (GetInput("n", 2, 4), 30, GeneralResult.NO_RESPONSE_FROM_USER),
    ],
)
def test_silence_ends_in_time(command: ProactiveCommand, seconds: int, result: int) -> None:
    """Not a second earlier."""
    assert responses(command, lambda handset: handset.tick(seconds - 1.0)) == []
    assert [one.result for one in responses(command, lambda handset: handset.tick(float(seconds)))] == [result]


@pytest.mark.parametrize(
    ("occupation", "command", "problem"),
    [
        (Occupation.APPLICATION, DisplayText("x"), TerminalProblem.SCREEN_BUSY),
        (Occupation.APPLICATION, DisplayText("x", high_priority=True), None),
        (Occupation.APPLICATION, SelectItem("t", ITEMS), TerminalProblem.SCREEN_BUSY),
        (Occupation.ALERT, DisplayText("x", high_priority=True), TerminalProblem.SCREEN_BUSY),
        (Occupation.CALL, DisplayText("x", high_priority=True), TerminalProblem.BUSY_ON_CALL),
    ],
)
def test_busy_screen_is_said_to_be_busy(
    occupation: Occupation, command: ProactiveCommand, problem: TerminalProblem | None
) -> None:
    """Only a high-priority text comes over what the user does, and not over an alarm or a call."""
    card = StubCard()
    handset = a_handset(card)
    handset.occupation = occupation
    heard: list[TerminalResponse] = []

    def flow() -> Flow:
        heard.append((yield command))

    card.toolkit.queue(flow())
    handset.poll()
    assert [(one.result, one.problem) for one in heard] == (
        [] if problem is None else [(GeneralResult.TERMINAL_UNABLE, problem)]
    )


@pytest.mark.parametrize(
    "octets",
    ["", "D0", "D003810301", "D009 8103012100 82028102", "D1 00", "D00B 810301FE00 82028182 000000", "00" * 20],
)
def test_unreadable_command_is_answered_and_the_phone_goes_on(octets: str) -> None:
    """32, with the command's details as far as they can be read."""
    card = StubCard()
    handset = a_handset(card)
    fetched = bytes.fromhex(octets)
    heard: list[bytes] = []

    def nonsense(command: CommandApdu) -> bytes | None:
        if command.ins == 0x12:
            return fetched + b"\x90\x00"
        if command.ins == 0x14:
            heard.append(command.data)
            return b"\x90\x00"
        return b"\x91\x10"

    card.override = nonsense
    handset.deliver(to_card())
    assert len(heard) == (1 if fetched else 0)
    card.override = lambda command: None
    assert handset.screen == Idle("")
    deliver(handset, *text_message("still here"))


def test_unknown_type_of_command_is_answered_31() -> None:
    """Command type not understood."""
    assert details_in(bytes.fromhex("D009 8103057E03 82028182")) == CommandDetails(5, 0x7E, 3)
    assert details_in(bytes.fromhex("D08109 8103057E03 82028182")) == CommandDetails(5, 0x7E, 3)
    assert details_in(b"") == CommandDetails(0, 0, 0)


def test_broken_tpdu_of_the_card_is_not_sent() -> None:
    """The network sees no nonsense of the card."""
    heard = responses(SendShortMessage(b"\x01\x02\x03", alpha="x"), lambda handset: None)
    assert [one.result for one in heard] == [GeneralResult.DATA_NOT_UNDERSTOOD]


def test_timer_is_started_stopped_and_contradicted() -> None:
    """Stopping one that does not run is 24."""
    heard = responses(TimerManagement(3, TimerAction.DEACTIVATE), lambda handset: None)
    assert [one.result for one in heard] == [GeneralResult.TIMER_CONTRADICTION]


def test_card_that_removes_its_menu_has_none() -> None:
    """SET UP MENU with one empty item."""
    card = StubCard()
    card.toolkit.register_menu("m", [(1, "x")], lambda item, help: None)
    handset = a_handset(card)
    assert handset.screen == Idle("m")

    def flow() -> Flow:
        yield SetUpMenu.removal()

    card.toolkit.queue(flow())
    handset.poll()
    assert handset.screen == Idle("")


def test_card_answering_during_the_sending_is_heard_afterwards() -> None:
    """The platform is so fast that the answer comes before the message counts as sent."""
    card = StubCard()
    handset = a_handset(card)
    texts = text_message("fast")

    def submit(message: SmsSubmit) -> SubmitReport:
        deliver(handset, *texts)
        return Network().submit(message)

    handset.attach(submit)

    def flow() -> Flow:
        yield SendShortMessage(SmsSubmit(Address("10086"), 0, 0, b"hi").encode(), alpha="x")
        yield Wait(1)

    card.toolkit.queue(flow())
    handset.poll()
    assert handset.inbox.messages[0].text == "fast"


# the link to the card


class _Scripted:
    """A card that answers from a list."""

    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.commands: list[bytes] = []

    def process(self, c_apdu: bytes) -> bytes:
        self.commands.append(c_apdu)
        return self.answers.pop(0)

    def reset(self) -> bytes:
        return b""


def test_link_fetches_what_a_t0_card_announces() -> None:
    """61xx, several times, then the last status word."""
    card = _Scripted("6102", "0102 6101", "03 9000")
    answer = CardLink(card).transact(CommandApdu(0x80, 0xC2, 0, 0, b"\xd1"))
    assert (answer.data.hex(), answer.sw) == ("010203", 0x9000)
    assert [command.hex() for command in card.commands] == ["80c2000001d1", "80c0000002", "80c0000001"]


def test_link_repeats_with_the_right_length() -> None:
    """6Cxx."""
    card = _Scripted("6C02", "0102 9000")
    assert CardLink(card).transact(CommandApdu(0, 0xB0, 0, 0, le=256)).data.hex() == "0102"
    assert card.commands[1].hex() == "00b0000002"


def test_card_that_promises_for_ever_is_left() -> None:
    """61xx without data ends the collecting."""
    card = _Scripted("6110", "6110")
    assert CardLink(card).transact(CommandApdu(0x80, 0xC2, 0, 0, b"\xd1")).data == b""


def test_observers_never_see_a_hidden_password() -> None:
    """Stars of the same length stand in the TERMINAL RESPONSE that is shown, kept or captured."""
    card = StubCard()
    handset = a_handset(card)
    seen: list[Exchange] = []
    heard: list[TerminalResponse] = []
    handset.observers.append(seen.append)

    def flow() -> Flow:
        heard.append((yield GetInput("密码", 6, 6, hidden=True)))

    card.toolkit.queue(flow())
    handset.poll()
    handset.enter("907788")
    assert heard[0].text == "907788"
    assert not any(b"907788" in one.command for one in seen)
    assert any(b"******" in one.command for one in seen)


def test_screens_and_responses_do_not_print_the_password() -> None:
    """Nothing that a log could hold."""
    shown: list[Screen] = []

    def act(handset: Handset) -> None:
        for digit in "907788":
            handset.press(digit)
        shown.append(handset.screen)

    assert not responses(GetInput("密码", 6, 6, hidden=True), act)
    assert shown[-1] == Input("密码", True, 6, 6, True, "******")
    response = TerminalResponse(CommandDetails(1, 0x23, 0), text="907788")
    assert "907788" not in repr(Performed(response))


def test_confirm_is_a_question_of_two_keys() -> None:
    """The screen of GET INKEY yes/no."""
    shown: list[Screen] = []
    responses(GetInkey("删除？", yes_no=True), lambda handset: shown.append(handset.screen))
    assert shown == [Confirm("删除？")]


def test_a_text_too_long_for_a_fetch_is_our_fault() -> None:
    """The codec refuses it before the card sends it."""
    with pytest.raises(LocalError):
        encode_proactive(DisplayText("长" * 121))
