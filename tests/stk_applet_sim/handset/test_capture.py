"""The talk as a GSMTAP capture, and what Wireshark makes of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from stk_applet_sim.handset.capture import Capture, merged
from stk_applet_sim.handset.me import Occupation
from stk_applet_sim.handset.screen import Confirm

from ..line import PASSWORD, Line, a_line, ask_balance, delete_second
from ..network import answer_to, text_message

SHANGHAI = timezone(timedelta(hours=8))

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark: not installed; apt-get install tshark"
)


def captured_session(path: Path) -> Capture:
    """A session with every command the card ever sends, written to `path`."""
    line = a_line(on=False, calendar=lambda: datetime(2026, 10, 12, 12, 3, tzinfo=SHANGHAI))
    phone = line.station.handset
    capture = Capture(started_at=1_790_000_000.0)
    phone.observers.append(capture)
    line.station.attach(line.network.submit)
    ask_balance(line)
    (message,) = line.sealed(answer_to(line.opened_request(), "华信科技 余额116.30元").encode())
    line.station.deliver(message)
    phone.press("ok")
    delete_second(line)
    phone.press("ok")
    line.station.deliver(text_message("【移动一卡通】您好")[0])
    show_records(line)
    freeze_while_talking(line)
    choose(line, 8, 1)
    phone.press("no")  # SET UP CALL, not made
    choose(line, 8, 4, 2)
    phone.enter("食堂2号机重复扣款")
    phone.press("ok")
    choose(line, 5, 5)  # the phone's date
    phone.press("ok")
    line.station.card.toolkit.refresh([bytes.fromhex("3F007F206F46")])
    phone.poll()
    choose(line, 9, 2)
    phone.press("ok")
    path.write_bytes(capture.pcap())
    return capture


def choose(line: Line, *lines: int) -> None:
    """Open the card's menu and choose these lines."""
    line.station.handset.press("end")
    line.station.handset.press("ok")
    for number in lines:
        line.station.handset.select(number)


def show_records(line: Line) -> None:
    """A purchase at a till, then its line in the list and the record itself."""
    application = line.station.card.application_of(1001)
    assert application is not None
    application.tap_purchase(1250, b"XF01\x00\x00", bytes.fromhex("20261012120305"))
    choose(line, 2, 1, 1)
    line.station.handset.press("ok")
    line.station.handset.press("end")


def freeze_while_talking(line: Line) -> None:
    """A call comes while the member is at the question: an event brings it back, a timer would have, too."""
    phone = line.station.handset
    phone.press("ok")
    phone.select(6)
    phone.occupation = Occupation.CALL
    phone.select(1)
    phone.occupation = None
    assert isinstance(phone.screen, Confirm)
    phone.press("ok")
    phone.enter(PASSWORD)


def test_capture_joins_get_response_to_its_command(tmp_path: Path) -> None:
    """One frame a command; the password is stars."""
    capture = captured_session(tmp_path / "stk.pcap")
    frames = merged(capture.exchanges)
    assert not any(frame.command[1] == 0xC0 for frame in frames)
    assert sum(frame.command[1] == 0xC0 for frame in capture.exchanges) >= 1
    assert PASSWORD.encode() not in capture.pcap()
    assert b"******" in capture.pcap()


@needs_tshark
def test_wireshark_reads_the_session_with_its_chinese_texts(tmp_path: Path) -> None:
    """Every command we send is dissected with the right texts, nothing is malformed."""
    path = tmp_path / "stk.pcap"
    capture = captured_session(path)
    frames = tshark(path, "-T", "fields", "-e", "frame.number").split()
    assert len(frames) == len(merged(capture.exchanges))
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 8388608") == ""
    sent = fetched(path)
    assert sent[:12] == [
        "SET UP MENU", "SELECT ITEM", "SEND SHORT MESSAGE", "DISPLAY TEXT", "TIMER MANAGEMENT", "DISPLAY TEXT",
        "SELECT ITEM", "SELECT ITEM", "GET INKEY", "GET INPUT", "SEND SHORT MESSAGE", "DISPLAY TEXT",
    ]  # fmt: skip
    assert set(sent) == {
        "SET UP MENU", "SELECT ITEM", "SEND SHORT MESSAGE", "DISPLAY TEXT", "TIMER MANAGEMENT", "GET INKEY",
        "GET INPUT", "SET UP EVENT LIST", "SET UP CALL", "PROVIDE LOCAL INFORMATION", "REFRESH",
        "LANGUAGE NOTIFICATION",
    }  # fmt: skip
    details = tshark(path, "-V")
    for label, text in (
        ("Alpha Identifier String", "移动一卡通"), ("Item String", "余额查询"), ("Item String", "Language"),
        ("Alpha Identifier String", "选择单位"), ("Item String", "华信科技"), ("Item String", "翠湖小区"),
        ("Item String", "删除应用"), ("Alpha Identifier String", "正在查询…"),
        ("Alpha Identifier String", "正在提交…"), ("Text String", "请输入6位一卡通服务密码"),
        ("Text String", "删除“翠湖小区”应用？删除后该单位门禁、考勤将不能使用。确定删除？"),
        ("Text String", "请求已提交，请保持开机。结果将显示在屏幕或以短信通知。"),
        ("Text String", "华信科技 余额116.30元"), ("Text String", "******"),
        ("Item String", "10-12消费12.50"), ("Item String", "更早记录"),
        ("Text String", "停用本机卡？停用后所有单位门禁、考勤、消费立即失效，解挂须由企业管理员办理。"),
        ("Alpha Identifier String", "呼叫4001008688？"), ("Item String", "扣款错误"),
        ("Text String", "食堂2号机重复扣款"), ("Text String", "补发2026-09账单？将以短信发送，免费。"),
        ("Item String", "考勤月账单[开]"), ("Alpha Identifier String", "OneCard"), ("Item String", "Transactions"),
        ("Text String", "Now in English"),
    ):  # fmt: skip
        assert f"{label}: {text}" in details, text


@needs_tshark
def test_wireshark_reads_polling_on_a_phone_without_timers(tmp_path: Path) -> None:
    """POLL INTERVAL while something waits, POLLING OFF when nothing does; a yes/no as a list of two lines."""
    path = tmp_path / "poll.pcap"
    line = a_line(on=False, model="iphone")
    capture = Capture()
    line.station.handset.observers.append(capture)
    line.station.attach(line.network.submit)
    line.station.handset.press("ok")
    line.station.handset.select(4)
    line.station.handset.occupation = Occupation.CALL
    line.station.handset.select(1)
    line.station.handset.occupation = None
    line.station.handset.tick(31.0)
    line.station.handset.press("end")
    path.write_bytes(capture.pcap())
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 8388608") == ""
    sent = fetched(path)
    assert (
        sent
        == ["SET UP MENU", "SELECT ITEM", "SELECT ITEM", "POLL INTERVAL", "SELECT ITEM", "POLLING OFF"][: len(sent)]
    )
    assert "POLL INTERVAL" in sent


def fetched(path: Path) -> list[str]:
    """The names of the commands the card was asked for, as tshark says them."""
    return re.findall(r"FETCH Proactive Command ([A-Z ]+[A-Z])(?![a-z])", tshark(path))


def tshark(path: Path, *options: str) -> str:
    """What tshark prints about a capture."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    found = subprocess.run(
        ["tshark", "-r", str(path), *options],
        capture_output=True, check=True, timeout=60, env=environment, encoding="utf-8",
    )  # fmt: skip
    return found.stdout
