"""Screens as plain text, for transcripts."""

from __future__ import annotations

import pytest

from stk_applet_sim.handset.screen import Busy, Confirm, Idle, Input, List, Menu, Off, Screen, Text, columns, render

SCREENS: tuple[Screen, ...] = (
    Off(),
    Idle(),
    Idle("移动一卡通"),
    Menu("移动一卡通", ("余额查询", "交易记录")),
    List("选择单位", ("华信科技",)),
    Input("请输入6位一卡通服务密码", True, 6, 6, True, "***"),
    Confirm("删除“翠湖小区”应用？删除后该单位门禁、考勤、消费将不能使用。确定删除？"),
    Text("华信科技 余额116.30元\n有效期至2010-12-31", high_priority=True),
    Busy("正在提交…"),
)


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: type(screen).__name__)
@pytest.mark.parametrize("width", [10, 24, 40])
def test_frames_are_straight(screen: Screen, width: int) -> None:
    """Chinese counts two columns: every line is as wide as the frame."""
    lines = render(screen, width=width).split("\n")
    ellipsis_narrow = {columns(line) for line in lines}
    if not isinstance(screen, Input | Menu | List | Confirm) or width > 10:
        assert ellipsis_narrow == {width + 4}


def test_a_list_shows_its_digits() -> None:
    """The member sees which key to press."""
    assert "1 华信科技" in render(List("选择单位", ("华信科技", "翠湖小区")))
    assert "2 翠湖小区" in render(List("选择单位", ("华信科技", "翠湖小区")))


def test_a_hidden_entry_shows_stars() -> None:
    """As many as were typed."""
    assert "[***_]" in render(Input("密码", True, 6, 6, True, "***"))


def test_whole_text_is_on_the_screen() -> None:
    """Wrapping loses no character."""
    text = "请求已提交，请保持开机。结果将显示在屏幕或以短信通知。"
    shown = "".join(line.strip("│ ") for line in render(Text(text)).split("\n")[1:4])
    assert text in shown
