"""The talk as a GSMTAP capture, and what Wireshark makes of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from stk_applet_sim.handset.capture import Capture, merged

from ..line import PASSWORD, a_line, ask_balance, delete_second
from ..network import answer_to, text_message

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark: not installed; apt-get install tshark"
)


def captured_session(path: Path) -> Capture:
    """A session with every command of the path, written to `path`."""
    line = a_line(on=False)
    capture = Capture(started_at=1_790_000_000.0)
    line.station.handset.observers.append(capture)
    line.station.attach(line.network.submit)
    ask_balance(line)
    (message,) = line.sealed(answer_to(line.opened_request(), "华信科技 余额116.30元").encode())
    line.station.deliver(message)
    line.station.handset.press("ok")
    delete_second(line)
    line.station.handset.press("ok")
    line.station.deliver(text_message("【移动一卡通】您好")[0])
    path.write_bytes(capture.pcap())
    return capture


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
    """Every command we sent is dissected with the right texts, nothing is malformed."""
    path = tmp_path / "stk.pcap"
    capture = captured_session(path)
    frames = tshark(path, "-T", "fields", "-e", "frame.number").split()
    assert len(frames) == len(merged(capture.exchanges))
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 8388608") == ""
    listing = tshark(path)
    assert re.findall(r"FETCH Proactive Command ([A-Z ]+[A-Z])", listing) == [
        "SET UP MENU", "SELECT ITEM", "SEND SHORT MESSAGE", "DISPLAY TEXT", "TIMER MANAGEMENT", "DISPLAY TEXT",
        "SELECT ITEM",
        "SELECT ITEM", "GET INKEY", "GET INPUT", "SEND SHORT MESSAGE", "DISPLAY TEXT",
    ]  # fmt: skip
    details = tshark(path, "-V")
    for label, text in (
        ("Alpha Identifier String", "移动一卡通"), ("Item String", "余额查询"), ("Item String", "Language"),
        ("Alpha Identifier String", "选择单位"), ("Item String", "华信科技"), ("Item String", "翠湖小区"),
        ("Item String", "删除应用"), ("Alpha Identifier String", "正在查询…"),
        ("Alpha Identifier String", "正在提交…"), ("Text String", "请输入6位一卡通服务密码"),
        ("Text String", "删除“翠湖小区”应用？删除后该单位门禁、考勤将不能使用。确定删除？"),
        ("Text String", "请求已提交，请保持开机。结果将显示在屏幕或以短信通知。"),
        ("Text String", "华信科技 余额116.30元"), ("Text String", "******"),
    ):  # fmt: skip
        assert f"{label}: {text}" in details, text


def tshark(path: Path, *options: str) -> str:
    """What tshark prints about a capture."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    found = subprocess.run(
        ["tshark", "-r", str(path), *options],
        capture_output=True, check=True, timeout=60, env=environment, encoding="utf-8",
    )  # fmt: skip
    return found.stdout
