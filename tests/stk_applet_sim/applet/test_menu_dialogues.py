"""The member's dialogues, key by key, on a handset with the smallest card: what is shown, what is sent, what is not."""

from __future__ import annotations

import pytest

from stk_applet_sim.applet.menu_flows import Outcome
from stk_applet_sim.handset.me import Handset, Occupation
from stk_applet_sim.handset.screen import Busy, Confirm, Idle, Input, List, Menu, Text
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer, QueueStatus
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import CardRequest, Operation
from telecom_codecs.onecard.rights import LifeCycle
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET

from ..network import SERIAL, answer_to, deliver_in_clear
from ..stub_card import ACCESS_CODE, AnApplication, StubCard, a_menu
from .phone import HUAXIN, a_phone, fields_of

DELETED = "“翠湖小区”应用已删除"
MY_APPLICATIONS = List("我的应用", ("华信科技", "翠湖小区", "联网核对"))
SUBMITTED = Text("请求已提交，请保持开机。结果将显示在屏幕或以短信通知。")


# the menu


def test_phone_shows_the_menu_after_power_on() -> None:
    """移动一卡通 with nine lines."""
    phone = a_phone()
    assert phone.shown() == Idle("移动一卡通")
    screen = phone.open()
    assert isinstance(screen, Menu)
    assert screen.title == "移动一卡通"
    assert len(screen.items) == 9


def test_quiet_card_shows_no_menu() -> None:
    """The profile for tools sends no proactive command by itself."""
    card = StubCard()
    a_menu(card, announced=False)
    handset = Handset(card)
    handset.power_on()
    assert handset.screen == Idle("")


def test_back_leads_from_a_text_to_its_list_and_from_there_out() -> None:
    """Each press of Back is one level."""
    phone = a_phone()
    phone.open(6, 4)
    phone.handset.press("back")
    assert isinstance(phone.shown(), List)
    phone.handset.press("back")
    assert phone.shown() == Idle("移动一卡通")
    assert phone.menu.outcomes[-1] == (6, Outcome.WENT_BACK)


# balance


def test_balance_of_the_only_application_is_asked_at_once() -> None:
    """No question is put whose answer is known; the request is exactly what the contract says."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    assert phone.seen == [Busy("正在查询…"), Text("正在查询…", waits=False)]
    (submit,) = phone.network.sent
    assert (submit.destination.digits, submit.pid, submit.dcs, submit.udhi) == (ACCESS_CODE, 0x00, 0xF6, True)
    assert submit.user_data[:3] == bytes((2, IEI_COMMAND_PACKET, 0))
    (request,) = phone.requests
    assert request == CardRequest(Operation.BALANCE, 1, phone.card.iccid, 1001, Language.ZH)
    assert phone.menu.outcomes[-1] == (1, Outcome.DONE)


def test_balance_asks_for_the_enterprise_when_there_are_several() -> None:
    """选择单位, then the request for that one."""
    phone = a_phone()
    assert phone.open(1) == List("选择单位", ("华信科技", "翠湖小区"))
    phone.handset.select(2)
    assert phone.requests[0].enterprise_id == 1002


def test_answer_takes_the_place_of_the_waiting_text() -> None:
    """The result is a high-priority text that the member dismisses; after that nothing is owed."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    text = "华信科技 余额116.30元\n有效期至2010-12-31\n截至10-12 12:03"
    assert phone.answer(text) == QueueStatus.QUEUED
    assert phone.shown() == Text(text, high_priority=True)
    phone.handset.press("ok")
    assert phone.shown() == Idle("移动一卡通")
    phone.restart()
    assert phone.shown() == Idle("移动一卡通")


def test_card_without_applications_says_so() -> None:
    """Neither an empty list nor a request; an application without its keys does not count."""
    phone = a_phone(AnApplication(life_cycle=LifeCycle.SELECTABLE))
    assert phone.open(1) == Text("卡上暂无单位应用")
    phone.handset.press("ok")
    assert phone.open(4) == Text("卡上暂无单位应用")
    assert not phone.network.sent


def test_request_numbers_never_repeat_across_power_cycles() -> None:
    """The number is durable before the message leaves."""
    phone = a_phone(HUAXIN)
    for _ in range(3):
        phone.open(1)
        phone.restart()
    assert [request.number for request in phone.requests] == [1, 2, 3]


def test_failed_sending_is_told() -> None:
    """E108, and nothing is pretended: what follows is the card's own balance."""
    phone = a_phone(HUAXIN)
    phone.network.failure_cause = 0xC3
    assert phone.open(1) == Text("短信发送失败，请求未提交")
    phone.handset.press("ok")
    assert phone.shown() == Text("华信科技: 门禁 考勤 余额116.30")
    phone.handset.press("ok")
    assert phone.menu.outcomes[-1] == (1, Outcome.NOT_SENT)


def test_without_coverage_nothing_is_sent_and_the_member_knows() -> None:
    """20/04, no service."""
    phone = a_phone(HUAXIN)
    phone.handset.in_coverage = False
    assert phone.open(1) == Text("短信发送失败，请求未提交")
    assert not phone.network.sent


# applications and deletion


def test_detail_of_an_application() -> None:
    """翠湖小区: rights; with Back to its list."""
    phone = a_phone()
    assert phone.open(4) == MY_APPLICATIONS
    phone.handset.select(2)
    assert phone.shown() == List("翠湖小区", ("应用详情", "余额有效期", "删除应用"))
    phone.handset.select(1)
    assert phone.shown() == Text("翠湖小区: 门禁 考勤")
    phone.handset.press("back")
    phone.handset.press("back")
    assert phone.shown() == MY_APPLICATIONS


def test_validity_is_asked_from_the_platform() -> None:
    """The card does not know the day; the balance answer carries it."""
    phone = a_phone()
    phone.open(4, 2, 2)
    assert (phone.requests[0].operation, phone.requests[0].enterprise_id) == (Operation.BALANCE, 1002)


def test_deletion_confirms_then_asks_the_password_hidden_then_sends() -> None:
    """The whole way of a deletion, with the password only inside the sealed packet."""
    phone = a_phone()
    assert phone.delete_second() == Confirm("删除“翠湖小区”应用？删除后该单位门禁、考勤将不能使用。确定删除？")
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入6位一卡通服务密码", True, 6, 6)
    for digit in "90778":
        phone.handset.press(digit)
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入6位一卡通服务密码", True, 6, 6, True, "*****"), "five are not enough"
    phone.handset.press("8")
    phone.handset.press("ok")
    assert Busy("正在提交…") in phone.seen
    assert phone.shown() == SUBMITTED
    (request,) = phone.requests
    assert request == CardRequest(
        Operation.DELETE, 1, phone.card.iccid, 1002, Language.ZH, password=ServicePassword(b"907788")
    )
    assert not phone.card.toolkit.busy, "the text does not hold the session"
    phone.handset.tick(100.0)
    assert phone.shown() == SUBMITTED, "it stays until the member has read it"
    phone.handset.press("ok")
    assert phone.shown() == Idle("移动一卡通")


def test_purse_with_money_is_not_deleted() -> None:
    """E105 before any password is asked."""
    phone = a_phone()
    assert phone.open(4, 1, 3) == Text("该应用有余额116.30元，请先处理余额")
    phone.handset.press("ok")
    assert not phone.network.sent


@pytest.mark.parametrize("key", ["end", "no", "back"])
def test_leaving_at_the_question_sends_nothing(key: str) -> None:
    """End drops the dialogue; No and Back return to the application."""
    phone = a_phone()
    phone.delete_second()
    phone.handset.press(key)
    expected = Idle("移动一卡通") if key == "end" else List("翠湖小区", ("应用详情", "余额有效期", "删除应用"))
    assert phone.shown() == expected
    assert not phone.network.sent


def test_leaving_at_the_password_sends_nothing() -> None:
    """Back returns to the question, End drops all."""
    phone = a_phone()
    phone.delete_second()
    phone.handset.press("ok")
    phone.handset.press("1")
    phone.handset.press("back")
    assert isinstance(phone.shown(), Confirm)
    phone.handset.press("ok")
    phone.handset.press("end")
    assert phone.shown() == Idle("移动一卡通")
    assert phone.menu.outcomes[-1] == (4, Outcome.USER_ENDED)
    assert not phone.network.sent


@pytest.mark.parametrize("lines", [(1,), (4,), (4, 2), (4, 2, 3)])
def test_silence_ends_the_dialogue_without_a_message(lines: tuple[int, ...]) -> None:
    """Nobody presses a key for half a minute: nothing is sent, the phone is idle."""
    phone = a_phone()
    phone.open(*lines)
    phone.handset.tick(29.0)
    assert phone.shown() != Idle("移动一卡通")
    phone.handset.tick(31.0)
    assert phone.shown() == Idle("移动一卡通")
    assert phone.menu.outcomes[-1] == (lines[0], Outcome.NO_RESPONSE)
    assert not phone.network.sent


def test_silence_at_the_password_sends_nothing() -> None:
    """Not even when six digits were typed."""
    phone = a_phone()
    phone.delete_second()
    phone.handset.press("ok")
    for digit in "907788":
        phone.handset.press(digit)
    phone.handset.tick(60.0)
    assert phone.shown() == Idle("移动一卡通")
    assert not phone.network.sent


def test_help_explains_and_asks_again() -> None:
    """Help at the password speaks of the password; then the same input is there again."""
    phone = a_phone()
    phone.delete_second()
    phone.handset.press("ok")
    asked = phone.shown()
    phone.handset.press("help")
    assert phone.shown() == Text("一卡通服务密码为6位数字，请勿告诉他人。忘记密码请联系企业管理员。")
    phone.handset.press("ok")
    assert phone.shown() == asked


def test_help_on_the_menu_explains_the_menu() -> None:
    """MENU SELECTION with a help request starts no dialogue."""
    phone = a_phone()
    phone.handset.press("ok")
    phone.handset.select(1, wants_help=True)
    screen = phone.shown()
    assert isinstance(screen, Text)
    assert "4001008688" in screen.text
    assert not phone.network.sent


@pytest.mark.parametrize("typed", ["12345", "1234567", "12a456", ""])
def test_a_phone_that_ignores_the_limits_of_the_input_is_asked_again(typed: str) -> None:
    """A password of another shape never leaves the card."""
    phone = a_phone()
    phone.delete_second()
    phone.handset.press("ok")
    octets = b"\x04" + typed.encode() if typed else b""
    body = b"\x8d" + bytes((len(octets),)) + octets
    number = 0

    def wrong(command: CommandApdu) -> bytes | None:
        nonlocal number
        if command.ins == 0x14 and command.data[3] == 0x23:
            number = command.data[2]
            phone.card.toolkit.terminal_response(command.data[:9] + b"\x83\x01\x00" + body)
            return phone.card._ended()
        return None

    phone.card.override = wrong
    phone.handset.enter("111111")
    assert phone.shown() == Text("服务密码须为6位数字")
    phone.card.override = lambda command: None
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入6位一卡通服务密码", True, 6, 6)
    assert number
    assert not phone.network.sent


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"\xff" * 40, bytes.fromhex("8103010000")])
def test_garbage_from_the_phone_drops_the_dialogue_and_the_next_one_runs(garbage: bytes) -> None:
    """The session survives any TERMINAL RESPONSE."""
    phone = a_phone()
    phone.open(4)

    def wrong(command: CommandApdu) -> bytes | None:
        if command.ins != 0x14:
            return None
        phone.card.toolkit.terminal_response(garbage)
        return phone.card._ended()

    phone.card.override = wrong
    phone.handset.select(1)  # answered by garbage, so the list comes again in its shortest form
    phone.handset.select(1)
    phone.card.override = lambda command: None
    phone.handset.poll()
    assert phone.menu.outcomes[-1] == (4, Outcome.NOT_SUPPORTED)
    assert phone.open(4) == MY_APPLICATIONS


def test_phone_lost_in_the_middle_starts_afresh() -> None:
    """Power off in a dialogue: nothing is sent, the menu is back."""
    phone = a_phone()
    phone.delete_second()
    phone.restart()
    assert phone.shown() == Idle("移动一卡通")
    assert isinstance(phone.open(), Menu)


# language


def test_language_changes_menu_and_texts_and_stays() -> None:
    """Language → English; the item is called 语言 then."""
    phone = a_phone(HUAXIN)
    assert phone.open(9) == List("Language", ("中文", "English"))
    phone.handset.select(2)
    assert phone.shown() == Text("Now in English")
    phone.handset.press("ok")
    assert phone.shown() == Idle("OneCard")
    phone.restart()
    screen = phone.open()
    assert isinstance(screen, Menu)
    assert (screen.items[0], screen.items[8]) == ("Balance", "语言")
    phone.handset.select(1)
    assert phone.seen[-1] == Text("Asking...", waits=False)
    assert phone.requests[0].language is Language.EN


def test_deletion_in_english() -> None:
    """The same dialogue for a member who reads no Chinese."""
    phone = a_phone(english=True)
    assert phone.delete_second() == Confirm("Delete 翠湖小区? Its door, attendance will stop working. Delete?")
    phone.handset.press("ok")
    assert phone.shown() == Input("Enter your 6-digit service password", True, 6, 6)
    phone.handset.enter("907788")
    assert phone.shown() == Text("Request sent. Keep the phone on. The result comes on screen or by SMS.")


# answers


def test_final_answer_replaces_an_interim_one_not_yet_seen() -> None:
    """The member sees the result, not the news before it."""
    phone = a_phone()
    phone.delete_second("907788")
    assert phone.answer("正在处理", kind=AnswerKind.INTERIM, serial=1) == QueueStatus.QUEUED
    assert phone.answer(serial=2) == QueueStatus.REPLACED
    phone.handset.press("ok")
    assert phone.shown() == Text("“翠湖小区”应用已删除", high_priority=True)
    phone.handset.press("ok")
    assert phone.shown() == Idle("移动一卡通")


def test_the_same_answer_twice_is_shown_once() -> None:
    """A resent packet is acknowledged; the member does not read it again."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.answer("余额")
    phone.handset.press("ok")
    assert phone.answer("余额") == QueueStatus.QUEUED
    assert phone.shown() == Idle("移动一卡通")
    assert phone.answer("另一个", serial=99) == QueueStatus.UNKNOWN_REQUEST


def test_answer_to_a_request_never_made_is_refused() -> None:
    """02: the platform sends an SMS instead."""
    phone = a_phone(HUAXIN)
    report = deliver_in_clear(phone.handset, MenuAnswer(AnswerKind.FINAL, 4711, SERIAL, "x"))
    assert report is not None
    assert report.user_data == bytes((QueueStatus.UNKNOWN_REQUEST,))
    assert phone.shown() == Idle("移动一卡通")


def test_notice_that_nobody_asked_for_is_shown() -> None:
    """Request number 0."""
    phone = a_phone(HUAXIN)
    deliver_in_clear(phone.handset, MenuAnswer(AnswerKind.FINAL, 0, SERIAL, "一卡通: 企业已为您充值200.00元"))
    assert phone.shown() == Text("一卡通: 企业已为您充值200.00元", high_priority=True)


def test_silent_answer_closes_the_request_and_shows_nothing() -> None:
    """04: the SMS has it."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.handset.tick(20.0)
    assert phone.answer("", kind=AnswerKind.SILENT) == QueueStatus.QUEUED
    assert phone.shown() == Idle("移动一卡通")
    assert phone.answer("late", serial=2) == QueueStatus.UNKNOWN_REQUEST


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\xff" * 60])
def test_broken_answer_is_refused_and_the_dialogue_goes_on(octets: bytes) -> None:
    """Garbage under good keys changes nothing."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    assert phone.menu.receive(octets) == bytes((QueueStatus.UNKNOWN_REQUEST,))
    assert phone.answer("余额") == QueueStatus.QUEUED


def test_answer_during_another_dialogue_waits_for_its_end() -> None:
    """The member finishes typing first."""
    phone = a_phone()
    phone.open(1, 1)
    request = phone.requests[-1]
    phone.open(4)
    deliver_in_clear(phone.handset, answer_to(request, "华信科技 余额116.30元"))
    assert phone.shown() == MY_APPLICATIONS
    phone.handset.press("back")
    assert phone.shown() == Text("华信科技 余额116.30元", high_priority=True)


def test_answer_not_yet_seen_survives_a_power_cycle() -> None:
    """The battery is pulled while the text is on the screen: it is there again."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.answer("华信科技 余额116.30元")
    phone.restart()
    assert phone.shown() == Text("华信科技 余额116.30元", high_priority=True)


def test_three_times_screen_busy_reports_not_shown_with_the_serial() -> None:
    """Two retries half a minute apart, then operation 7E without a word to the user."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.handset.occupation = Occupation.ALERT
    assert phone.answer("余额") == QueueStatus.QUEUED
    for now, messages in ((29.0, 1), (31.0, 1), (59.0, 1), (61.5, 2)):
        phone.handset.tick(now)
        assert len(phone.network.sent) == messages, now
    assert phone.requests[-1].operation == Operation.NOT_SHOWN
    assert fields_of(phone.requests[-1]) == {"serial": SERIAL}
    phone.handset.occupation = None
    phone.restart()
    assert phone.shown() == Idle("移动一卡通"), "the SMS has it now"


def test_screen_free_in_time_shows_the_answer() -> None:
    """Busy once: the second try is seen, nothing is reported."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.handset.occupation = Occupation.CALL
    phone.answer("余额")
    phone.handset.occupation = None
    phone.handset.tick(31.0)
    assert phone.shown() == Text("余额", high_priority=True)
    phone.handset.press("ok")
    phone.handset.tick(500.0)
    assert len(phone.network.sent) == 1


def test_text_that_nobody_dismisses_counts_as_not_shown() -> None:
    """Shown three times to an empty room: the SMS is the safe way."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.answer("余额")
    for now in (61.0, 92.0, 153.0, 184.0, 245.0):
        phone.handset.tick(now)
    assert phone.requests[-1].operation == Operation.NOT_SHOWN


def test_neither_shown_nor_reported_stays_due() -> None:
    """Screen busy and no network: the text comes after the next power-on."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.answer("余额")
    phone.handset.in_coverage = False
    for now in (61.0, 92.0, 153.0, 184.0, 245.0):
        phone.handset.tick(now)
    assert len(phone.network.sent) == 1
    phone.restart()
    assert phone.shown() == Text("余额", high_priority=True)


def test_too_many_unseen_answers_push_the_oldest_to_sms() -> None:
    """The card holds four; the fifth makes the first one go by SMS."""
    phone = a_phone(HUAXIN)
    phone.handset.occupation = Occupation.ALERT
    statuses = []
    for number in range(5):
        answer = MenuAnswer(AnswerKind.FINAL, 0, number, f"第{number}条")
        report = deliver_in_clear(phone.handset, answer)
        assert report is not None
        statuses.append(report.user_data[0])
    assert statuses == [0, 0, 0, 0, QueueStatus.REPLACED]
    assert fields_of(phone.requests[-1]) == {"serial": 0}


def test_selection_while_the_card_is_busy_is_answered_by_the_phone() -> None:
    """93 00: the phone says so and stays usable."""
    phone = a_phone(HUAXIN)
    phone.card.override = lambda command: bytes.fromhex("9300") if command.ins == 0xC2 else None
    assert phone.open(1) == Text("SIM busy", waits=False)
    phone.card.override = lambda command: None
    phone.handset.press("back")
    phone.open(1)
    assert len(phone.network.sent) == 1
