"""The menu as data: what a phone cannot show is refused when the menu is compiled."""

from __future__ import annotations

import pytest

from stk_applet_sim.applet.menu_desk import MenuDesk
from stk_applet_sim.applet.menu_files import MenuFiles
from stk_applet_sim.applet.menu_memory import MenuMemory
from stk_applet_sim.applet.menu_orders import deletion_question
from stk_applet_sim.applet.menu_queries import detail
from stk_applet_sim.applet.menu_tree import PLACEHOLDERS, ROOT, Action, MenuTree, compile_menu, packaged_menu
from telecom_codecs.cat import (
    MAX_PROACTIVE,
    DisplayText,
    GetInkey,
    GetInput,
    ProactiveCommand,
    SelectItem,
    SetUpMenu,
    proactive_size,
)
from telecom_codecs.errors import LocalError
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.rights import LifeCycle

from ..stub_card import ACCESS_CODE, ALL, AnApplication, StubCard

MENU = """
title = { zh = "一卡通", en = "OneCard" }
entry = [ %s ]
"""
ENTRY = '{ id = %d, parent = %d, action = "%s", zh = "%s", en = "%s" },'
LONGEST_NAME = "长" * 8
LONGEST_BALANCE = 99_999_999


def menu_of(*entries: tuple[object, ...]) -> MenuTree:
    """A menu of these entries."""
    return compile_menu(MENU % "".join(ENTRY % entry for entry in entries), "")


def a_desk(language: Language) -> MenuDesk:
    """The desk in a language, with eight applications of the longest names on the card."""
    names = [f"{LONGEST_NAME[:-1]}{slot}" for slot in range(1, 9)]
    applications = [AnApplication(slot, slot, names[slot - 1], ALL, LifeCycle.FROZEN) for slot in range(1, 9)]
    card = StubCard(tuple(applications))
    files = MenuFiles(card, card.area, packaged_menu())
    files.language = language
    return MenuDesk(card, MenuMemory(card.area), files, ACCESS_CODE, language_changed=lambda: None)


def test_main_menu_has_the_nine_items_of_the_service() -> None:
    """Most used first, freezing within two presses, the language item in the other language."""
    tree = packaged_menu()
    assert tree.title.zh == "移动一卡通"
    assert [entry.text.zh for entry in tree.below(ROOT)] == [
        "余额查询", "交易记录", "考勤查询", "我的应用", "短信账单", "挂失停用", "密码管理", "服务热线", "Language",
    ]  # fmt: skip
    assert tree.below(ROOT)[-1].text.en == "语言"
    assert [entry.text.zh for entry in tree.below(6)] == ["停用本机卡", "替他人挂失", "挂失进度", "如何解挂"]


def test_every_action_of_the_menu_has_an_entry() -> None:
    """No action is dead, none is listed twice except lists."""
    used = [entry.action for entry in packaged_menu().entries if entry.action is not Action.LIST]
    assert sorted(used) == sorted(set(Action) - {Action.LIST})


@pytest.mark.parametrize("language", list(Language))
def test_every_list_fits_one_fetch(language: Language) -> None:
    """Titles and items of every list stay within the 256 octets of one FETCH."""
    screens = a_desk(language)
    tree = screens.tree
    title = tree.title.say(language)
    sizes = {"menu": proactive_size(SetUpMenu(title, screens.items(ROOT), help_available=True))}
    for entry in tree.entries:
        if tree.below(entry.id):
            # the list below 我的应用 has the name of an application as its title
            name = LONGEST_NAME if entry.action is Action.APPLICATIONS else entry.text.say(language)
            sizes[entry.text.en] = proactive_size(SelectItem(name, screens.items(entry.id), help_available=True))
    assert max(sizes.values()) <= MAX_PROACTIVE, sizes


@pytest.mark.parametrize("language", list(Language))
def test_eight_applications_with_long_names_fit_one_list(language: Language) -> None:
    """The states give way before a name does."""
    screens = a_desk(language)
    items = screens.application_items("我的应用", screens.applications())
    assert len(items) == 8
    assert proactive_size(SelectItem("我的应用", items, help_available=True)) <= MAX_PROACTIVE
    assert screens.application_items("我的应用", screens.applications()[:2])[0].text.endswith(")")


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("name", list(packaged_menu().texts))
def test_every_text_fits_the_command_that_shows_it(name: str, language: Language) -> None:
    """With the longest values, in both languages, as text, question and prompt alike."""
    text = packaged_menu().texts[name].say(language, **PLACEHOLDERS)
    commands: tuple[ProactiveCommand, ...] = (DisplayText(text), GetInkey(text, yes_no=True), GetInput(text, 6, 6))
    assert max(proactive_size(command) for command in commands) <= MAX_PROACTIVE
    assert len(text) <= 120 or text.isascii()
    assert "{" not in text


def test_short_error_texts_stay_short() -> None:
    """Error texts are at most 60 characters, so that they are read at a glance."""
    for name in ("not_sent", "settle_balance", "not_yet"):
        assert len(packaged_menu().texts[name].zh) <= 60
        assert len(packaged_menu().texts[name].en) <= 60


def test_detail_shows_rights_and_balance() -> None:
    """The line of one application, as the card knows it."""
    screens = a_desk(Language.ZH)
    assert detail(screens, AnApplication(name="翠湖小区", rights=ALL)) == "翠湖小区: 门禁 考勤 余额0.00"
    assert (
        detail(screens, AnApplication(name="翠湖小区", rights=1, life_cycle=LifeCycle.CLOSED))
        == "翠湖小区(已关闭): 门禁"
    )
    question = deletion_question(screens, AnApplication(name="翠湖小区"))
    assert question == "删除“翠湖小区”应用？删除后该单位门禁、考勤、消费将不能使用。确定删除？"


def test_balance_of_a_lifetime_still_fits() -> None:
    """The refusal of a deletion shows any balance a card can hold."""
    text = a_desk(Language.ZH).say("settle_balance", balance=str(LONGEST_BALANCE))
    assert proactive_size(DisplayText(text)) <= MAX_PROACTIVE


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ([(1, 0, "balance", "余额", "x"), (1, 0, "records", "记录", "y")], "twice"),
        ([(300, 0, "balance", "余额", "x")], "1..255"),
        ([(1, 7, "balance", "余额", "x")], "parent"),
        ([(1, 0, "balance", "九个字的名字太长了吧", "x")], "too long"),
        ([(1, 0, "balance", "余额", "x" * 17)], "too long"),
        ([(1, 0, "list", "余额", "x")], "without entries"),
        ([(1, 0, "fly", "余额", "x")], "no action"),
        ([(n, 0, "balance", "余额", "x") for n in range(1, 11)], "more than 9"),
        ([(n, n - 1, "list" if n < 4 else "balance", "余额", "x") for n in range(1, 5)], "deeper"),
    ],
)
def test_what_a_phone_could_not_show_is_refused(entries: list[tuple[object, ...]], complaint: str) -> None:
    """The compiler names the entry and the limit."""
    with pytest.raises(LocalError, match=complaint):
        menu_of(*entries)
