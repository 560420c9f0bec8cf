"""The menu as octets of the card's files: compiled, read back, written over the air, refused whole when it is bad."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stk_applet_sim.applet.menu_bank import BANK_OCTETS, MenuHeader, compile_bank, read_bank
from stk_applet_sim.applet.menu_files import MenuFiles, hotline_record
from stk_applet_sim.applet.menu_tree import Entry, MenuTree, Text, packaged_menu
from stk_applet_sim.handset.screen import Confirm, Idle, List, Menu
from stk_applet_sim.handset.screen import Text as TextScreen
from stk_applet_sim.uicc.memory import PowerLoss
from telecom_codecs.errors import LocalError, RemoteError
from telecom_codecs.onecard.language import Language
from telecom_codecs.sms.address import Address

from ..line import Line, a_line
from ..stub_card import StubCard, a_menu
from .phone import Phone, a_phone

LOADED = packaged_menu()
CAMPUS = Text("校园卡", "Campus")


def a_tree(*entries: Entry, title: Text = CAMPUS, texts: Mapping[str, Text] | None = None) -> MenuTree:
    """A small menu over the texts the applet was loaded with."""
    lines = entries or (
        Entry(1, 0, 0x01, Text("余额", "Balance")),
        Entry(2, 0, 0x00, Text("语言", "Language")),
        Entry(0x21, 2, 0x60, Text("中文", "中文")),
    )
    return replace(LOADED, title=title, entries=lines, texts={**LOADED.texts, **(texts or {})})


def files_of(octets: bytes, *, bank: int = 2, version: int = 7) -> dict[int, bytes]:
    """The files of a card with this menu in use."""
    files = {0x6F01: b"\xff" * BANK_OCTETS, 0x6F02: b"\xff" * BANK_OCTETS, 0x6F05: b"\x00"}
    files[0x6F00 + bank] = octets.ljust(BANK_OCTETS, b"\xff")
    files[0x6F03] = MenuHeader.of(bank, version, octets).encode()
    return files


# octets


def test_shipped_menu_fits_a_bank_and_comes_back_as_it_was() -> None:
    """All nine lists in two languages, with room to spare."""
    octets = compile_bank(LOADED)
    assert len(octets) <= BANK_OCTETS
    assert read_bank(octets, LOADED) == LOADED


def test_first_octets_are_those_of_the_contract() -> None:
    """Title, then an entry: id, parent, action, 80 with the Chinese text, 81 with the English one; worked by hand."""
    octets = compile_bank(a_tree(Entry(1, 0, 0x01, Text("余额", "Bal"))))
    # "校园卡" is 6821 56ED 5361, "余额" is 4F59 989D; "Campus" and "Bal" are the same in ASCII and the GSM alphabet
    title, entry = "000000800780682156ed5361810643616d707573", "0100018005804f59989d810342616c"
    assert octets.hex() == title + entry


def test_header_names_bank_version_length_and_zip_crc() -> None:
    """Nine octets."""
    octets = compile_bank(a_tree())
    header = MenuHeader.of(2, 0x0103, octets).encode()
    expected = b"\x02" + bytes.fromhex("0103") + len(octets).to_bytes(2, "big") + zlib.crc32(octets).to_bytes(4, "big")
    assert header == expected
    assert MenuHeader.decode(header).checked(octets.ljust(BANK_OCTETS, b"\xff")) == octets


def test_texts_may_be_replaced_by_their_number() -> None:
    """A new hotline in the help text needs no new applet."""
    help_text = Text("校园卡帮助，热线{0}".replace("{0}", "12345"), "Campus help 12345")
    tree = a_tree(texts={"help": help_text})
    read = read_bank(compile_bank(tree, ["help"]), LOADED)
    assert read.texts["help"] == help_text
    assert read.texts["not_sent"] == LOADED.texts["not_sent"]


@pytest.mark.parametrize(
    ("tree", "texts", "complaint"),
    [
        (a_tree(*[Entry(n, 0, 1, Text("余额", "x")) for n in range(1, 11)]), (), "more than 9"),
        (a_tree(Entry(1, 0, 1, Text("九个字的名字太长了吧", "x"))), (), "too long"),
        (a_tree(title=Text("题" * 130, "x")), (), "one FETCH"),
        (a_tree(texts={"help": Text("长" * 125, "x")}), (), "one FETCH"),
        (a_tree(texts={"help": Text("{price}", "x")}), (), "placeholder"),
        (a_tree(), ("nothing",), "no text"),
        (LOADED, tuple(LOADED.texts), "a bank holds"),
    ],
)
def test_build_fails_for_what_no_phone_could_show(tree: MenuTree, texts: tuple[str, ...], complaint: str) -> None:
    """At the desk of whoever writes the menu, not in a member's hand."""
    with pytest.raises(LocalError, match=complaint):
        compile_bank(tree, texts)


def line(identifier: int, parent: int, action: int, zh: bytes = b"\x80\x4f\x59", en: bytes = b"x") -> bytes:
    """An entry written by hand."""
    return bytes((identifier, parent, action, 0x80, len(zh))) + zh + bytes((0x81, len(en))) + en


TITLE, BALANCE = line(0, 0, 0), line(1, 0, 1)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        TITLE,  # no entry
        BALANCE,  # no title
        TITLE + BALANCE[:-1],  # cut
        TITLE + BALANCE + BALANCE,  # twice
        TITLE + line(5, 3, 0) + line(3, 5, 0),  # a circle of parents
        TITLE + line(1, 0, 0),  # a list without entries
        TITLE + b"".join(line(n, 0, 1) for n in range(1, 11)),  # ten lines
        TITLE + line(1, 0, 1, zh=b""),  # an empty line
        TITLE + line(1, 0, 1, en=b"x" * 17),
        TITLE + BALANCE.replace(b"\x81\x01", b"\x82\x01"),  # another tag
        TITLE + BALANCE + line(200, 0xFF, 0),  # a text that does not exist
        TITLE + BALANCE + line(1, 0xFF, 0, en=b"\x1b\x28name\x1b\x29"),  # {name} where it has no value
        TITLE + BALANCE + line(1, 0xFF, 0, en=b"\x1b\x28"),  # half a placeholder
        TITLE + BALANCE + line(16, 0xFF, 0, en=b"\x1b\x28name.\x11\x11class\x11\x11\x1b\x29"),  # {name.__class__}
        TITLE + line(1, 0, 1, zh=b"\x80\x4f"),  # half a character
    ],
)
def test_bad_bank_is_refused_whole(octets: bytes) -> None:
    """The reader trusts nothing: what the compiler would not build the card does not take."""
    with pytest.raises(RemoteError):
        read_bank(octets, LOADED)


@given(st.binary(max_size=200))
def test_random_octets_never_break_the_reader(octets: bytes) -> None:
    """A menu or a refusal, nothing else."""
    for candidate in (octets, TITLE + octets, TITLE + BALANCE + octets):
        try:
            read_bank(candidate, LOADED)
        except RemoteError:
            continue


def test_unknown_action_is_kept_and_says_that_it_is_not_there() -> None:
    """A menu may be newer than the applet."""
    octets = compile_bank(a_tree(Entry(1, 0, 0xEE, Text("新业务", "New"))))
    phone = a_phone(card=StubCard(files=files_of(octets)))
    assert phone.open(1) == TextScreen("该功能暂未开通")


# the files


def switched(phone: Phone, files: Mapping[int, bytes]) -> None:
    """Somebody writes the card's files; the phone polls."""
    phone.card.files.update(files)
    phone.handset.poll()


def test_new_menu_is_announced_as_soon_as_its_header_is_written() -> None:
    """SET UP MENU again, and the dialogues follow the new entries."""
    phone = a_phone()
    switched(phone, files_of(compile_bank(a_tree())))
    assert phone.shown() == Idle("校园卡")
    assert phone.open() == Menu("校园卡", ("余额", "语言"))
    phone.handset.select(2)
    assert phone.shown() == List("语言", ("中文",))
    assert phone.menu.files.version == 7


@pytest.mark.parametrize(
    "spoil",
    [
        lambda files: files[0x6F03][:-1] + bytes((files[0x6F03][-1] ^ 1,)),  # CRC
        lambda files: b"\x03" + files[0x6F03][1:],  # a bank that does not exist
        lambda files: files[0x6F03][:3] + b"\xff\xff" + files[0x6F03][5:],  # longer than the bank
        lambda files: b"\xff" * 9,
        lambda files: b"",
    ],
)
def test_bad_header_keeps_the_menu_in_use_also_after_a_power_cycle(spoil: object) -> None:
    """Half an update is no update."""
    assert callable(spoil)
    phone = a_phone()
    switched(phone, files_of(compile_bank(a_tree())))
    other = files_of(compile_bank(a_tree(title=Text("半截", "Half"))), bank=1)
    switched(phone, {0x6F01: other[0x6F01], 0x6F03: spoil(other)})
    assert phone.shown() == Idle("校园卡")
    phone.restart()
    assert phone.shown() == Idle("校园卡")
    again = StubCard(phone.card.applications, area=phone.card.area, files=phone.card.files)
    assert a_menu(again).files.tree.title.zh == "校园卡"


def test_bank_in_use_that_is_overwritten_falls_back_to_the_loaded_menu_at_the_next_start() -> None:
    """Somebody wrote the wrong bank: the card still has a menu."""
    phone = a_phone()
    files = files_of(compile_bank(a_tree()))
    switched(phone, files)
    phone.card.files[0x6F02] = b"\x00" * BANK_OCTETS
    phone.card.files[0x6F03] = b"\xff" * 9
    again = StubCard(area=phone.card.area, files=phone.card.files)
    assert a_menu(again).files.tree.title.zh == "移动一卡通"


def test_header_of_length_0_brings_the_loaded_menu_back() -> None:
    """As the card was born."""
    phone = a_phone()
    switched(phone, files_of(compile_bank(a_tree())))
    switched(phone, {0x6F03: bytes.fromhex("010000000000000000")})
    assert phone.shown() == Idle("移动一卡通")
    assert phone.menu.files.version == 0


def test_menu_that_changes_under_a_dialogue_does_not_disturb_it() -> None:
    """The member finishes with the lines that are on the screen."""
    phone = a_phone()
    phone.open(5)
    phone.card.files.update(files_of(compile_bank(a_tree())))
    phone.handset.select(1)
    phone.handset.press("end")
    assert phone.shown() == Idle("校园卡")


def test_language_written_by_somebody_else_changes_the_menu() -> None:
    """EF 6F05 is one octet that a settings page of the phone may write, too."""
    phone = a_phone()
    switched(phone, {0x6F05: b"\x01"})
    assert phone.shown() == Idle("OneCard")
    switched(phone, {0x6F05: b"\x77"})
    assert phone.shown() == Idle("移动一卡通")


def test_card_without_these_files_has_a_menu_and_keeps_the_language() -> None:
    """An older profile."""
    card = StubCard(files={})
    files = MenuFiles(card, card.area, LOADED)
    files.language = Language.EN
    assert MenuFiles(card, card.area, LOADED).language is Language.EN
    assert files.tree is LOADED
    assert files.hotlines(1, 1)[0].address.digits == "4001008688"
    assert files.is_on(1)


def test_a_card_that_never_got_a_menu_stores_nothing() -> None:
    """There are a million of them."""
    phone = a_phone()
    phone.handset.poll()
    assert "menu_header" not in phone.card.area


# over the air, on a real card


def update(line: Line, octets: bytes, *, bank: int, version: int) -> None:
    """As the platform would: the idle bank, then the header alone and last."""
    line.write_file(f"7F596F0{bank}", octets)
    line.write_file("7F596F03", MenuHeader.of(bank, version, octets).encode())


def test_menu_is_updated_over_the_air_and_survives_a_power_cycle() -> None:
    """Seven packets and a header; the phone shows the new menu without being touched."""
    line = a_line()
    title = Text("华信一卡通", "Huaxin OneCard")
    update(line, compile_bank(replace(LOADED, title=title), ["help"]), bank=2, version=2)
    assert line.screen() == Idle("华信一卡通")
    line.station.handset.power_on()
    assert line.screen() == Idle("华信一卡通")
    update(line, compile_bank(replace(LOADED, title=Text("第三版", "Third"))), bank=1, version=3)
    assert line.screen() == Idle("第三版")
    assert line.station.menu.files.version == 3


def test_bank_alone_changes_nothing_and_a_wrong_crc_neither() -> None:
    """Only a good header switches."""
    line = a_line()
    octets = compile_bank(a_tree())
    line.write_file("7F596F02", octets)
    assert line.screen() == Idle("移动一卡通")
    header = MenuHeader.of(2, 2, octets).encode()
    line.write_file("7F596F03", header[:-1] + b"\x00")
    assert line.screen() == Idle("移动一卡通")
    line.write_file("7F596F03", header)
    assert line.screen() == Idle("校园卡")


def test_switches_and_language_are_written_over_the_air() -> None:
    """What the platform decided is on the next screen."""
    line = a_line()
    line.write_file("7F596F06", b"\x0f")
    line.write_file("7F596F05", b"\x01")
    handset = line.station.handset
    assert handset.screen == Idle("OneCard")
    handset.press("ok")
    handset.select(5)
    screen = handset.screen
    assert isinstance(screen, List)
    assert screen.items[2] == "Spending alerts[on]"


def test_hotline_written_over_the_air_is_the_one_that_is_called() -> None:
    """EF 6F04, record 3: the administrator of the member's enterprise."""
    line = a_line()
    line.write_record("7F596F04", 3, hotline_record("华信科技", Address("862362345678")))
    handset = line.station.handset
    handset.press("ok")
    handset.select(8)
    handset.select(3)
    assert handset.screen == Confirm("呼叫华信科技？")
    handset.press("ok")
    assert handset.calls == ["862362345678"]


def test_power_cut_at_any_write_leaves_the_old_menu_or_the_new_one() -> None:
    """The header is one write: there is no half of a menu."""
    octets = compile_bank(a_tree())
    header = MenuHeader.of(2, 2, octets).encode()
    whole = a_line()
    whole.write_file("7F596F02", octets)
    before = whole.station.card.memory.writes
    whole.write_file("7F596F03", header)
    titles = []
    for write in range(1, whole.station.card.memory.writes - before + 1):
        line = a_line()
        line.write_file("7F596F02", octets)
        memory = line.station.card.memory
        memory.tear_at = memory.writes + write
        with pytest.raises(PowerLoss):
            line.write_file("7F596F03", header)
        memory.tear_at = None
        line.station.handset.power_on()
        screen = line.screen()
        assert isinstance(screen, Idle)
        titles.append(screen.menu)
        line.write_file("7F596F03", header)
        assert line.screen() == Idle("校园卡"), "the platform sends it again"
    assert set(titles) == {"移动一卡通", "校园卡"}
