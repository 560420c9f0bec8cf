"""Every request of the menu, key by key: transactions, attendance, freezing, passwords, bills, faults, hotlines."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from stk_applet_sim.applet.menu_files import hotline_record
from stk_applet_sim.applet.menu_flows import Outcome
from stk_applet_sim.applet.menu_requests import EVERYBODY
from stk_applet_sim.handset.me import Handset, Occupation
from stk_applet_sim.handset.screen import Confirm, Idle, Input, List, Text
from telecom_codecs.card.identities import Msisdn
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer, QueueStatus
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.records import NO_TIME, Record, RecordType
from telecom_codecs.onecard.requests import Operation
from telecom_codecs.sms.address import TON_UNKNOWN, Address

from ..network import SERIAL, deliver_in_clear
from ..stub_card import AnApplication, StubCard
from .phone import CUIHU, HUAXIN, Phone, a_phone, fields_of

IDLE = Idle("移动一卡通")
ASKING = Text("正在查询…", waits=False)
SUBMITTED = Text("请求已提交，请保持开机。结果将显示在屏幕或以短信通知。")
PASSWORD = ServicePassword(b"907788")
POS = b"XF01\x00\x00"


def a_record(number: int, kind: int = RecordType.PURCHASE, amount: int = 1250) -> Record:
    """Event `number` of 12 October."""
    time = bytes.fromhex(f"20261012{number:02d}0305")
    return Record(kind, number, amount, 10_000 - number, time, POS)


def with_records(*records: Record) -> Phone:
    return a_phone(AnApplication(1001, 1, "华信科技", balance=11630, records=records))


def sent(phone: Phone) -> tuple[int, int, dict[str, Any]]:
    """The only request so far: operation, enterprise, fields."""
    (request,) = phone.requests
    return request.operation, request.enterprise_id, fields_of(request)


# 2 transactions


def test_last_records_are_read_from_the_card_seven_on_a_page() -> None:
    """Ten records: seven, then three and the way to the platform."""
    phone = with_records(*[a_record(number) for number in range(10, 0, -1)])
    first = phone.open(2)
    assert first == List("交易记录", (*["10-12消费12.50"] * 7, "下一页"))
    phone.handset.select(8)
    assert phone.shown() == List("交易记录", (*["10-12消费12.50"] * 3, "更早记录"))
    phone.handset.press("back")
    assert phone.shown() == first
    assert not phone.network.sent


def test_record_is_shown_whole_and_its_list_comes_again() -> None:
    """Amount, time, balance after it, terminal, counter."""
    phone = with_records(a_record(9), a_record(8, RecordType.ATTENDANCE, 0))
    phone.open(2, 1)
    assert phone.shown() == Text("消费12.50元\n2026-10-12 09:03:05\n余额99.91元\n终端XF01\n序号9")
    phone.handset.press("ok")
    assert phone.shown() == List("交易记录", ("10-12消费12.50", "10-12考勤", "更早记录"))
    phone.handset.select(2)
    assert phone.shown() == Text("考勤\n2026-10-12 08:03:05\n余额99.92元\n终端XF01\n序号8")
    phone.handset.press("back")
    assert isinstance(phone.shown(), List)


def test_load_over_the_air_has_no_time_and_a_strange_record_a_name_of_its_own() -> None:
    """The card has no clock; a terminal that is no text is shown in hexadecimal."""
    load = Record(RecordType.LOAD, 0, 20_000, 20_000, NO_TIME, bytes.fromhex("000000000007"))
    strange = Record(0x77, 3, 1, 1, NO_TIME, b"\xff" * 6)
    phone = with_records(load, strange)
    assert phone.open(2) == List("交易记录", ("空充200.00", "其他0.01", "更早记录"))
    phone.handset.select(1)
    assert phone.shown() == Text("空充200.00元\n空中办理\n余额200.00元\n终端000000000007\n序号0")


def test_large_amounts_take_lines_from_the_page_and_never_outgrow_a_fetch() -> None:
    """Seven lines where they fit, fewer where they do not."""
    phone = with_records(*[a_record(number, amount=0xFFFFFFFF) for number in range(10, 0, -1)])
    screen = phone.open(2)
    assert isinstance(screen, List)
    assert 3 <= len(screen.items) - 1 < 7
    assert screen.items[-1] == "下一页"


def test_older_records_come_from_the_platform() -> None:
    """Page 2 behind what the card has, page 1 when the card has none."""
    phone = with_records(a_record(1))
    phone.open(2, 2)
    assert phone.shown() == ASKING
    assert sent(phone) == (Operation.RECORDS, 1001, {"page": 2})
    empty = with_records()
    assert empty.open(2) == List("交易记录", ("更早记录",))
    empty.handset.select(1)
    assert sent(empty) == (Operation.RECORDS, 1001, {"page": 1})


def test_records_ask_for_the_enterprise_when_there_are_several() -> None:
    """Back from the records leads to the enterprises."""
    phone = a_phone()
    assert phone.open(2) == List("选择单位", ("华信科技", "翠湖小区"))
    phone.handset.select(2)
    assert phone.shown() == List("交易记录", ("更早记录",))
    phone.handset.press("back")
    assert phone.shown() == List("选择单位", ("华信科技", "翠湖小区"))


# 3 attendance, 4 applications, progress


@pytest.mark.parametrize("line", range(1, 6))
def test_attendance_names_the_days_and_not_a_date(line: int) -> None:
    """Today, yesterday, this month, last month, details by SMS: the platform has the calendar."""
    phone = a_phone()
    phone.open(3, 2)
    assert phone.shown() == List("翠湖小区", ("今日", "昨日", "本月汇总", "上月汇总", "短信发明细"))
    phone.handset.select(line)
    assert phone.shown() == ASKING
    assert sent(phone) == (Operation.ATTENDANCE, 1002, {"page": line})


def test_attendance_is_offered_only_where_it_is_taken() -> None:
    """An enterprise without that right is no choice; none at all is said."""
    phone = a_phone(HUAXIN, AnApplication(1003, 3, "俱乐部", rights=4))
    assert phone.open(3) == List("华信科技", ("今日", "昨日", "本月汇总", "上月汇总", "短信发明细"))
    none = a_phone(AnApplication(1003, 3, "俱乐部", rights=4))
    assert none.open(3) == Text("卡上暂无单位应用")


def test_applications_can_be_checked_with_the_platform() -> None:
    """The last line of 我的应用, also on a card without any."""
    phone = a_phone()
    phone.open(4, 3)
    assert sent(phone) == (Operation.APPLICATIONS, EVERYBODY, {})
    empty = a_phone(card=StubCard(()))
    empty.open(4)
    empty.handset.press("ok")
    assert empty.shown() == List("我的应用", ("联网核对",))
    empty.handset.select(1)
    assert sent(empty) == (Operation.APPLICATIONS, EVERYBODY, {})


@pytest.mark.parametrize("lines", [(6, 3), (8, 5)])
def test_progress_is_asked_without_a_password(lines: tuple[int, ...]) -> None:
    """How a loss report or a fault stands."""
    phone = a_phone()
    phone.open(*lines)
    assert phone.shown() == ASKING
    assert sent(phone) == (Operation.PROGRESS, EVERYBODY, {})


# 6 freezing


def test_freezing_the_own_card_says_what_stops_then_asks_the_password() -> None:
    """Two presses to the question, the password behind it."""
    phone = a_phone()
    assert phone.open(6, 1) == Confirm("停用本机卡？停用后所有单位门禁、考勤、消费立即失效，解挂须由企业管理员办理。")
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入6位一卡通服务密码", True, 6, 6)
    phone.handset.enter("907788")
    assert phone.shown() == SUBMITTED
    assert sent(phone) == (Operation.FREEZE, EVERYBODY, {"password": PASSWORD})


@pytest.mark.parametrize("typed", ["13800138000", "8613800138000"])
def test_freezing_for_someone_else_takes_their_number_and_password(typed: str) -> None:
    """With or without the country code: the request carries it."""
    phone = a_phone()
    assert phone.open(6, 2) == Input("请输入要挂失的手机号码", False, 11, 13)
    phone.handset.enter(typed)
    assert phone.shown() == Confirm("挂失13800138000的卡？该卡所有应用立即失效。")
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入对方的6位服务密码", True, 6, 6)
    phone.handset.enter("907788")
    assert sent(phone) == (
        Operation.FREEZE_OTHER,
        EVERYBODY,
        {"msisdn": Msisdn("8613800138000"), "password": PASSWORD},
    )


@pytest.mark.parametrize("typed", ["23800138000", "138001380001", "9913800138000"])
def test_number_that_is_no_mobile_is_asked_for_again(typed: str) -> None:
    """A slip of the finger must not freeze a stranger."""
    phone = a_phone()
    phone.open(6, 2)
    phone.handset.enter(typed)
    assert phone.shown() == Text("手机号码须为11位数字")
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入要挂失的手机号码", False, 11, 13)
    assert not phone.network.sent


def test_back_from_the_password_of_someone_else_leads_to_the_number() -> None:
    """Password, question, number, list, out: one step each."""
    phone = a_phone()
    phone.open(6, 2)
    phone.handset.enter("13800138000")
    phone.handset.press("ok")
    kinds = []
    for _ in range(5):
        kinds.append(type(phone.shown()))
        phone.handset.press("back")
    assert kinds == [Input, Confirm, Input, List, Idle]
    assert not phone.network.sent


# 7 the password


def change(phone: Phone, *typed: str) -> None:
    phone.open(7, 1)
    for password in typed:
        phone.handset.enter(password)


def test_password_is_changed_with_the_old_one_and_the_new_one_twice() -> None:
    """All three hidden; both passwords only inside the sealed packet."""
    phone = a_phone()
    change(phone)
    prompts = []
    for password in ("907788", "246813", "246813"):
        screen = phone.shown()
        assert isinstance(screen, Input)
        assert screen.hidden
        prompts.append(screen.prompt)
        phone.handset.enter(password)
    assert prompts == ["请输入原服务密码", "请输入新的6位服务密码", "请再次输入新密码"]
    assert phone.shown() == SUBMITTED
    assert sent(phone) == (
        Operation.PASSWORD,
        EVERYBODY,
        {"password": PASSWORD, "new_password": ServicePassword(b"246813")},
    )


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (("907788", "907788"), "新密码不能与原密码相同"),
        (("907788", "111111"), "新密码过于简单：不能全部相同或连续"),
        (("907788", "345678"), "新密码过于简单：不能全部相同或连续"),
        (("907788", "654321"), "新密码过于简单：不能全部相同或连续"),
        (("907788", "246813", "246814"), "两次输入的新密码不一致，请重新输入"),
    ],
)
def test_card_refuses_a_bad_new_password_itself(typed: tuple[str, ...], complaint: str) -> None:
    """Nothing is sent; the new one is asked for again, the old one is not."""
    phone = a_phone()
    change(phone, *typed)
    assert phone.shown() == Text(complaint)
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入新的6位服务密码", True, 6, 6)
    assert not phone.network.sent


def test_three_bad_new_passwords_end_the_dialogue() -> None:
    """The member is not kept for ever."""
    phone = a_phone()
    change(phone, "907788")
    for _ in range(3):
        phone.handset.enter("000000")
        phone.handset.press("ok")
    assert phone.shown() == IDLE
    assert phone.menu.outcomes[-1] == (7, Outcome.NOT_SUPPORTED)
    assert not phone.network.sent


def test_back_from_the_new_password_asks_the_old_one_again() -> None:
    """One step; End sends nothing."""
    phone = a_phone()
    change(phone, "907788")
    phone.handset.press("back")
    assert phone.shown() == Input("请输入原服务密码", True, 6, 6)
    phone.handset.press("end")
    assert phone.shown() == IDLE
    assert not phone.network.sent


# 5 statements


@pytest.mark.parametrize(("line", "wanted"), [(1, 0), (2, 0), (3, 1), (4, 0)])
def test_switch_is_asked_for_in_its_other_position(line: int, wanted: int) -> None:
    """The list shows the position the platform last wrote; turning it asks the platform."""
    phone = a_phone()
    screen = phone.open(5)
    assert isinstance(screen, List)
    assert screen.items[:4] == ("考勤月账单[开]", "消费月账单[开]", "实时消费提醒[关]", "低余额提醒[开]")
    phone.handset.select(line)
    question = phone.shown()
    assert isinstance(question, Confirm)
    assert ("开通" if wanted else "关闭") in question.text
    phone.handset.press("ok")
    assert phone.shown() == SUBMITTED
    assert sent(phone) == (Operation.SUBSCRIBE, EVERYBODY, {"switch": (line, wanted)})


def test_switch_shows_what_the_platform_wrote() -> None:
    """EF 6F06, one bit for each class."""
    phone = a_phone()
    phone.card.files[0x6F06] = b"\x04"
    screen = phone.open(5)
    assert isinstance(screen, List)
    assert screen.items[:4] == ("考勤月账单[关]", "消费月账单[关]", "实时消费提醒[开]", "低余额提醒[关]")


def a_phone_with_calendar(year: int, month: int) -> Phone:
    """A phone that knows the date."""
    phone = a_phone()
    handset = Handset(phone.card, calendar=lambda: datetime(year, month, 12, 12, 3))  # noqa: DTZ001 - a phone's own
    handset.attach(phone.network.submit)
    handset.power_on()
    phone.handset = handset
    return phone


@pytest.mark.parametrize(("month", "expected"), [(10, "202609"), (1, "202512")])
def test_last_bill_is_that_of_the_month_before(month: int, expected: str) -> None:
    """By the phone's date (PROVIDE LOCAL INFORMATION)."""
    phone = a_phone_with_calendar(2026, month)
    assert phone.open(5, 5) == Confirm(f"补发{expected[:4]}-{expected[4:]}账单？将以短信发送，免费。")
    phone.handset.press("ok")
    assert sent(phone) == (Operation.BILL_AGAIN, EVERYBODY, {"period": (int(expected[:4]), int(expected[4:]))})


def test_bill_of_any_of_the_last_twelve_months() -> None:
    """Eight months and a page turned: four more."""
    phone = a_phone_with_calendar(2026, 3)
    screen = phone.open(5, 6)
    assert screen == List(
        "近12月账单",
        ("2026-02", "2026-01", "2025-12", "2025-11", "2025-10", "2025-09", "2025-08", "2025-07", "下一页"),
    )
    phone.handset.select(9)
    assert phone.shown() == List("近12月账单", ("2025-06", "2025-05", "2025-04", "2025-03"))
    phone.handset.press("back")
    assert phone.shown() == screen
    phone.handset.select(9)
    phone.handset.select(4)
    phone.handset.press("ok")
    assert sent(phone)[2] == {"period": (2025, 3)}


@pytest.mark.parametrize("line", [5, 6])
def test_phone_without_a_date_makes_the_member_name_the_month(line: int) -> None:
    """Six digits; a month that does not exist is asked for again."""
    phone = a_phone()
    assert phone.open(5, line) == Input("请输入账单月份，例如201009", False, 6, 6)
    for wrong in ("202613", "202600", "190001"):
        phone.handset.enter(wrong)
        assert phone.shown() == Text("月份须为6位数字，例如201009")
        phone.handset.press("ok")
    phone.handset.enter("202609")
    phone.handset.press("no")
    assert phone.shown() == Input("请输入账单月份，例如201009", False, 6, 6)
    phone.handset.enter("202608")
    phone.handset.press("ok")
    assert sent(phone)[2] == {"period": (2026, 8)}


# 8 service


def test_fault_has_a_category_and_the_members_own_words() -> None:
    """Category, text, summary; the packet has the long form whatever the text."""
    phone = a_phone()
    assert phone.open(8, 4) == List("故障类型", ("不能刷卡", "扣款错误", "未收到短信", "其他"))
    phone.handset.select(2)
    assert phone.shown() == Input("请简述故障(可不填)", False, 0, 35, digits_only=False)
    phone.handset.enter("食堂2号机重复扣款12元")
    assert phone.shown() == Confirm("上报“扣款错误”？工单号将以短信发送。")
    phone.handset.press("ok")
    assert phone.shown() == SUBMITTED
    text = "食堂2号机重复扣款12元"
    assert sent(phone) == (
        Operation.FAULT,
        EVERYBODY,
        {"switch": (2, 1), "text": text},
    )
    assert len(phone.card.sealed[0]) == 98


def test_fault_without_words_is_as_long_and_the_longest_text_fits() -> None:
    """Its length must not tell whether something was written."""
    for words in ("", "长" * 35):
        phone = a_phone()
        phone.open(8, 4, 1)
        phone.handset.enter(words)
        phone.handset.press("ok")
        assert len(phone.card.sealed[0]) == 98
        assert sent(phone)[2].get("text", "") == words


def test_back_from_the_summary_of_a_fault_leads_to_its_text() -> None:
    """Summary, text, category, list, out."""
    phone = a_phone()
    phone.open(8, 4, 1)
    phone.handset.enter("门不开")
    kinds = []
    for _ in range(5):
        kinds.append(type(phone.shown()))
        phone.handset.press("back")
    assert kinds == [Confirm, Input, List, List, Idle]
    assert not phone.network.sent


@pytest.mark.parametrize(
    ("lines", "begin"),
    [((6, 4), "解挂须由企业管理员"), ((7, 2), "忘记服务密码"), ((7, 3), "服务密码为6位数字"), ((8, 6), "报障办结后")],
)
def test_texts_explain_what_the_menu_cannot_do(lines: tuple[int, ...], begin: str) -> None:
    """Nothing is sent; Back leads to the list."""
    phone = a_phone()
    screen = phone.open(*lines)
    assert isinstance(screen, Text)
    assert screen.text.startswith(begin)
    phone.handset.press("back")
    assert isinstance(phone.shown(), List)
    assert not phone.network.sent


@pytest.mark.parametrize(("line", "name"), [(1, "4001008688"), (2, "10086")])
def test_hotline_is_called_after_the_phone_has_asked(line: int, name: str) -> None:
    """SET UP CALL; a card whose EF 6F04 is empty knows the two numbers of the service."""
    phone = a_phone()
    assert phone.open(8, line) == Confirm(f"呼叫{name}？")
    phone.handset.press("ok")
    assert phone.handset.calls == [name]
    assert phone.handset.occupation is Occupation.CALL
    phone.handset.press("end")
    assert phone.shown() == IDLE
    assert phone.menu.outcomes[-1] == (8, Outcome.DONE)


def test_enterprise_numbers_come_from_the_card_file() -> None:
    """Records 3 to 8; several are a list, and unreadable ones are left out."""
    phone = a_phone()
    lines = [
        hotline_record("一卡通热线", Address("4001008688", ton=TON_UNKNOWN)),
        b"\xff" * 40,
        hotline_record("华信科技", Address("862312345678")),
        b"\xff" * 26 + b"\x0e" + b"\x00" * 13,
        hotline_record("翠湖小区", Address("862387654321")),
    ]
    phone.card.files[0x6F04] = b"".join(lines).ljust(8 * 40, b"\xff")
    assert phone.open(8, 1) == Confirm("呼叫一卡通热线？")
    phone.handset.press("no")
    assert phone.shown() == IDLE
    assert phone.open(8, 3) == List("企业管理员", ("华信科技", "翠湖小区"))
    phone.handset.select(2)
    assert phone.shown() == Confirm("呼叫翠湖小区？")
    phone.handset.press("back")
    assert isinstance(phone.shown(), List)
    assert phone.handset.calls == []


def test_call_that_cannot_be_made_is_told() -> None:
    """No enterprise number on the card; no service."""
    phone = a_phone()
    assert phone.open(8, 3) == Text("卡上没有该号码")
    phone.handset.press("end")
    phone.handset.in_coverage = False
    assert phone.open(8, 1) == Text("呼叫未接通")
    assert phone.handset.calls == []


# what is under way


def test_the_same_request_waits_for_the_answer_to_the_first() -> None:
    """E106 for the same question about the same enterprise, and only for that."""
    phone = a_phone()
    phone.open(1, 1)
    assert phone.open(1, 1) == Text("上一请求处理中，请稍候")
    phone.handset.press("ok")
    assert phone.menu.outcomes[-1] == (1, Outcome.STILL_OPEN)
    phone.open(1, 2)
    assert [request.enterprise_id for request in phone.requests] == [1001, 1002]


@pytest.mark.parametrize("kind", [AnswerKind.FINAL, AnswerKind.SILENT])
def test_answer_opens_the_way_for_the_next_request(kind: AnswerKind) -> None:
    """Also one that shows nothing."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.answer("余额", kind=kind)
    phone.handset.press("ok")
    phone.handset.press("end")
    phone.open(1)
    assert len(phone.network.sent) == 2


def test_interim_answer_leaves_the_request_open() -> None:
    """It is news, not the result."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.answer("正在处理", kind=AnswerKind.INTERIM)
    phone.handset.press("ok")
    assert phone.open(1) == Text("上一请求处理中，请稍候")


def test_request_without_an_answer_is_given_up_and_told() -> None:
    """E109 after two minutes; then the member may ask again, and a late answer is still shown."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    request = phone.requests[0]
    phone.handset.tick(119.0)
    assert phone.shown() == IDLE
    phone.handset.tick(121.0)
    assert phone.shown() == Text("一卡通：未收到结果，请查短信或稍后查询进度")
    phone.handset.press("ok")
    assert deliver_in_clear(phone.handset, MenuAnswer(AnswerKind.FINAL, request.number, SERIAL, "余额")) is not None
    assert phone.shown() == Text("余额", high_priority=True)
    phone.handset.press("ok")
    phone.open(1)
    assert len(phone.network.sent) == 2


def test_power_cycle_lifts_the_wait() -> None:
    """The card forgets what is under way, not the number it used."""
    phone = a_phone(HUAXIN)
    phone.open(1)
    phone.restart()
    phone.open(1)
    assert [request.number for request in phone.requests] == [1, 2]


def test_message_that_did_not_leave_is_not_under_way() -> None:
    """The member tries again at once."""
    phone = a_phone(HUAXIN)
    phone.network.failure_cause = 0xC3
    phone.open(1)
    phone.handset.press("ok")
    phone.handset.press("ok")
    phone.network.failure_cause = None
    assert phone.open(1) == ASKING


# questions of the platform


def asked(phone: Phone, kind: AnswerKind = AnswerKind.QUESTION, text: str = "华信科技请您确认充值领取200.00元") -> int:
    """The platform puts a question that no request asked for."""
    report = deliver_in_clear(phone.handset, MenuAnswer(kind, 0, SERIAL, text))
    assert report is not None
    return report.user_data[0]


@pytest.mark.parametrize(("key", "word"), [("ok", 1), ("no", 0), ("back", 0), ("end", 0)])
def test_question_of_the_platform_is_answered_by_its_serial(key: str, word: int) -> None:
    """Yes, or no by every other key."""
    phone = a_phone()
    assert asked(phone) == QueueStatus.QUEUED
    assert phone.shown() == Confirm("华信科技请您确认充值领取200.00元")
    phone.handset.press(key)
    fields = {"switch": (0, word), "serial": SERIAL}
    assert sent(phone) == (Operation.REPLY, EVERYBODY, fields)
    phone.restart()
    assert phone.shown() == IDLE


def test_question_above_the_limit_wants_the_password_too() -> None:
    """Kind 05; a refused password is a no."""
    phone = a_phone()
    asked(phone, AnswerKind.PASSWORD_QUESTION)
    phone.handset.press("ok")
    assert phone.shown() == Input("请输入6位一卡通服务密码", True, 6, 6)
    phone.handset.enter("907788")
    assert sent(phone)[2] == {"password": PASSWORD, "switch": (0, 1), "serial": SERIAL}
    other = a_phone()
    asked(other, AnswerKind.PASSWORD_QUESTION)
    other.handset.press("ok")
    other.handset.press("end")
    assert sent(other)[2] == {"switch": (0, 0), "serial": SERIAL}


def test_question_nobody_answers_goes_back_to_the_platform() -> None:
    """7E with its serial: silence is neither yes nor no."""
    phone = a_phone()
    asked(phone)
    phone.handset.tick(31.0)
    assert sent(phone) == (Operation.NOT_SHOWN, EVERYBODY, {"serial": SERIAL})
    assert phone.shown() == IDLE


def test_question_during_a_call_comes_when_the_call_has_ended() -> None:
    """The phone reports the end of the call; nobody waits for the half minute."""
    phone = a_phone()
    phone.handset.occupation = Occupation.CALL
    asked(phone)
    assert not isinstance(phone.shown(), Confirm)
    phone.handset.occupation = None
    assert phone.shown() == Confirm("华信科技请您确认充值领取200.00元")


# leaving, everywhere


EVERY_LINE = [
    *[(line,) for line in range(1, 10)], (2, 1), (3, 1), *[(4, 1), (4, 2, 3)], *[(5, line) for line in range(1, 7)],
    *[(6, line) for line in range(1, 5)], *[(7, line) for line in range(1, 4)], *[(8, line) for line in range(1, 7)],
    (8, 4, 1),
]  # fmt: skip


@pytest.mark.parametrize("lines", EVERY_LINE)
@pytest.mark.parametrize("english", [False, True])
def test_end_leaves_every_screen_and_sends_no_more(lines: tuple[int, ...], english: bool) -> None:
    """Wherever the member is: one press of End and the phone is idle."""
    phone = a_phone(HUAXIN, CUIHU, english=english)
    phone.open(*lines)
    before = len(phone.network.sent)
    phone.handset.press("end")
    phone.handset.press("end")
    assert isinstance(phone.shown(), Idle)
    assert len(phone.network.sent) == before <= 1
    assert not phone.card.toolkit.dropped


@pytest.mark.parametrize("lines", EVERY_LINE)
def test_silence_leaves_every_screen(lines: tuple[int, ...]) -> None:
    """Whatever is on the screen goes by itself, and the next dialogue begins."""
    phone = a_phone()
    phone.open(*lines)
    for now in (61.0, 183.0, 245.0, 400.0):
        phone.handset.tick(now)
    assert phone.shown() == IDLE
    phone.handset.press("ok")
    phone.handset.select(4)
    assert phone.shown() == List("我的应用", ("华信科技", "翠湖小区", "联网核对"))


@pytest.mark.parametrize("lines", EVERY_LINE)
def test_back_from_every_screen_leads_out_in_few_steps(lines: tuple[int, ...]) -> None:
    """No circle: seven presses of Back are enough from anywhere."""
    phone = a_phone()
    phone.open(*lines)
    for _ in range(7):
        phone.handset.press("back")
    assert phone.shown() == IDLE
