"""Phones with limits: the applet's dialogues reach their end on every one of them, or say honestly that they cannot."""

from __future__ import annotations

import pytest

from stk_applet_sim.applet.menu_flows import Outcome
from stk_applet_sim.applet.menu_tree import packaged_menu
from stk_applet_sim.handset.me import Handset, Occupation
from stk_applet_sim.handset.model import CAPABILITIES, HandsetModel, model_named, model_names
from stk_applet_sim.handset.screen import Confirm, Idle, Input, List, Menu, Text
from telecom_codecs.cat import TerminalProfile
from telecom_codecs.onecard.requests import Operation
from telecom_codecs.onecard.rights import Rights

from ..applet.phone import Phone, a_phone
from ..network import answer_to, deliver_in_clear
from ..stub_card import AnApplication

EMPTY_PURSE = AnApplication(1001, 1, "华信科技")


def a_phone_like(name: str, *applications: AnApplication) -> Phone:
    """A member's phone of a model."""
    phone = a_phone(*(applications or (EMPTY_PURSE,)))
    phone.handset = Handset(phone.card, model=model_named(name))
    phone.handset.watchers.append(phone.seen.append)
    phone.handset.attach(phone.network.submit)
    phone.handset.power_on()
    return phone


def through(phone: Phone) -> None:
    """Say yes, type the password, read what is shown: an obliging member."""
    for _ in range(12):
        match phone.shown():
            case Confirm() | Text():
                phone.handset.press("ok")
            case Input(minimum=6):
                phone.handset.enter("907788")
            case List(items=items) if "确定" in items:
                phone.handset.select(1)
            case _:
                return


def test_models_claim_only_what_the_simulator_does() -> None:
    """Their profiles are subsets of ours, their IMEIs are different and good."""
    assert set(model_names()) == {"standard", "feature", "android", "iphone", "basic"}
    everything = TerminalProfile.of(*CAPABILITIES).facilities
    for name in model_names():
        model = model_named(name)
        assert TerminalProfile.decode(model.terminal_profile).facilities <= everything
        assert len(model.imei) == 15
        assert model.about
    assert len({model_named(name).imei for name in model_names()}) == len(model_names())


@pytest.mark.parametrize("table", [{"without": ["flying"]}, {"wings": 2}])
def test_model_with_a_fault_in_its_table_is_refused(table: dict[str, object]) -> None:
    """A name that does not exist is found when the table is read."""
    with pytest.raises((ValueError, TypeError)):
        HandsetModel.of("odd", {"about": "x", "tac": "35000000", **table})


@pytest.mark.parametrize("name", model_names())
def test_deletion_reaches_its_end_on_every_model(name: str) -> None:
    """With yes and no or a list of two lines, long texts or their first sentence: one request is sent."""
    phone = a_phone_like(name, AnApplication(1002, 2, "翠湖小区", Rights.DOOR))
    phone.open(4, 1, 3)
    through(phone)
    (request,) = phone.requests
    assert (request.operation, request.enterprise_id) == (Operation.DELETE, 1002)
    assert phone.menu.outcomes[-1] == (4, Outcome.DONE)
    assert not phone.card.toolkit.dropped


@pytest.mark.parametrize("name", model_names())
def test_answer_is_read_on_every_model(name: str) -> None:
    """Balance and what comes of it; a screen too small shows the first line."""
    phone = a_phone_like(name)
    phone.open(1)
    phone.handset.press("end")  # a phone without texts that stay holds the session until it is read
    text = "华信科技 余额116.30元\n有效期至2010-12-31\n截至10-12 12:03\n(机具离线消费可能稍后入账)"
    deliver_in_clear(phone.handset, answer_to(phone.requests[0], text))
    short = 0 < model_named(name).text < len(text)
    assert phone.shown() == Text(text.split("\n", maxsplit=1)[0] if short else text, high_priority=True)
    phone.handset.press("ok")
    assert phone.shown() == Idle("移动一卡通")
    assert len(phone.requests) == 1, "it was shown: no report"


def test_small_screen_gets_the_first_sentence_and_its_model_is_noted() -> None:
    """Result 30, once: then the short text; the operator learns which model it was."""
    phone = a_phone_like("feature")
    phone.open(6, 1)
    assert phone.shown() == Confirm("停用本机卡？停用后所有单位门禁、考勤、消费立即失效，解挂须由企业管理员办理。")
    phone.handset.press("end")
    assert phone.menu.memory.limited_models == ()
    narrow = a_phone()
    narrow.handset = Handset(narrow.card, model=HandsetModel("narrow", "30 characters", "35999999", text=30, prompt=20))
    narrow.handset.power_on()
    narrow.open(7, 2)
    assert narrow.shown() == Text("忘记服务密码请联系企业管理员，核实身份后重置。"), "it fits"
    narrow.handset.press("end")
    narrow.open(6, 1)
    assert narrow.shown() == Confirm("停用本机卡？")
    narrow.handset.press("end")
    assert narrow.menu.memory.limited_models == ("35999999",)


def test_screen_for_which_even_the_first_sentence_is_too_much_ends_the_dialogue() -> None:
    """Not supported, nothing sent."""
    phone = a_phone()
    phone.handset = Handset(phone.card, model=HandsetModel("tiny", "nothing fits", "35000001", text=3, prompt=3))
    phone.handset.power_on()
    phone.open(7, 3)
    assert phone.shown() == Idle("移动一卡通")
    assert phone.menu.outcomes[-1] == (7, Outcome.NOT_SUPPORTED)
    assert not phone.network.sent


def test_long_lines_are_cut_where_the_screen_ends() -> None:
    """The line is still there; what it does too."""
    phone = a_phone_like("basic")
    screen = phone.open(8)
    assert isinstance(screen, List)
    assert screen.items[0] == "一卡通400热线"
    assert max(map(len, screen.items)) <= 8


def test_phone_without_calls_says_that_it_cannot() -> None:
    """SET UP CALL is not in its profile."""
    phone = a_phone_like("basic")
    assert phone.open(8, 1) == Text("呼叫未接通")
    phone.handset.press("ok")
    assert phone.menu.outcomes[-1] == (8, Outcome.NOT_SUPPORTED)


def test_phone_without_a_help_key_has_none() -> None:
    """The key is not there: nothing happens."""
    phone = a_phone_like("iphone")
    phone.open(8)
    before = phone.shown()
    phone.handset.press("help")
    assert phone.shown() == before


@pytest.mark.parametrize("name", ["standard", "android", "feature", "iphone"])
def test_busy_screen_is_tried_again_with_or_without_timers(name: str) -> None:
    """By the event, by a timer, by regular STATUS: the question comes back when the screen is free."""
    phone = a_phone_like(name, AnApplication(1002, 2, "翠湖小区", Rights.DOOR))
    phone.open(4)
    phone.handset.occupation = Occupation.CALL
    phone.handset.select(1)
    assert not isinstance(phone.shown(), List)
    phone.handset.occupation = None
    if name in ("feature", "iphone"):
        phone.handset.tick(31.0)
    assert phone.shown() == List("翠湖小区", ("应用详情", "余额有效期", "删除应用"))


@pytest.mark.parametrize(("name", "seconds"), [("android", 30.0), ("feature", 60.0)])
def test_models_have_their_own_patience(name: str, seconds: float) -> None:
    """A list waits as long as that phone waits."""
    phone = a_phone_like(name)
    phone.open(4)
    phone.handset.tick(seconds - 1)
    assert isinstance(phone.shown(), List)
    phone.handset.tick(seconds + 1)
    assert phone.shown() == Idle("移动一卡通")


def test_menu_itself_is_on_every_model() -> None:
    """SET UP MENU is the one thing no phone goes without."""
    for name in model_names():
        screen = a_phone_like(name).open()
        assert isinstance(screen, Menu)
        assert screen.items[0] == packaged_menu().entries[0].text.zh
