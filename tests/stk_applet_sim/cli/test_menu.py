"""`ykt sim menu`: building a menu for the card's files, and reading one back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from stk_applet_sim.applet.menu_bank import MenuHeader
from stk_applet_sim.cli.sim import sim
from stk_applet_sim.handset.screen import Idle

from ..line import a_line

MENU = """
title = { zh = "校园卡", en = "Campus" }
entry = [
  { id = 1, parent = 0, action = "balance", zh = "%s", en = "Balance" },
]
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(sim, ["menu", *arguments])


def test_what_is_compiled_is_what_a_card_takes(tmp_path: Path) -> None:
    """From a TOML file to the screen of a phone, by the octets the command wrote and the header it printed."""
    source, bank = tmp_path / "menu.toml", tmp_path / "bank.bin"
    source.write_text(MENU % "余额", encoding="utf-8")
    result = run("compile", "--menu", str(source), "--text", "help", "--version", "9", "--out", str(bank), "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.output)
    assert told["octets"] + told["free"] == 2048
    line = a_line()
    line.write_file("7F596F02", bank.read_bytes())
    line.write_file("7F596F03", bytes.fromhex(told["header"]))
    assert line.screen() == Idle("校园卡")
    assert line.station.menu.files.version == 9


def test_shipped_menu_is_compiled_without_any_source(tmp_path: Path) -> None:
    """And shown as a tree in either language."""
    bank = tmp_path / "bank.bin"
    result = run("compile", "--out", str(bank))
    assert "of 2048 octets for EF 6F02" in result.output
    header = result.output.rsplit(" ", 1)[1].strip()
    assert MenuHeader.decode(bytes.fromhex(header)).length == len(bank.read_bytes())
    shown = run("show", str(bank), "--header", header, "--english").output
    assert shown.startswith("OneCard\n  1 Balance  (id 01, action 01)\n")
    assert "    2 For someone else  (id 62, action 12)" in shown


@pytest.mark.parametrize("words", ["九个字的名字太长了吧", ""])
def test_menu_that_no_phone_could_show_fails_at_the_desk(tmp_path: Path, words: str) -> None:
    """Exit 1, the entry named, no file written."""
    source, bank = tmp_path / "menu.toml", tmp_path / "bank.bin"
    source.write_text(MENU % words, encoding="utf-8")
    result = run("compile", "--menu", str(source), "--out", str(bank))
    assert result.exit_code == 1
    assert "menu entry 01" in result.output
    assert not bank.exists()


@pytest.mark.parametrize("source", ["not toml [", "entry = []", "title = {}\nentry = 3"])
def test_file_that_is_no_menu_is_told_without_a_trace(tmp_path: Path, source: str) -> None:
    """Exit 1 and one line."""
    path = tmp_path / "menu.toml"
    path.write_text(source, encoding="utf-8")
    result = run("compile", "--menu", str(path), "--out", str(tmp_path / "bank.bin"))
    assert result.exit_code == 1
    assert result.output.startswith("Error: menu: ")


@pytest.mark.parametrize("header", ["02", "zz", "0200010005ffffffff", "0200010800ffffffff"])
def test_bank_the_card_would_refuse_is_told(tmp_path: Path, header: str) -> None:
    """Wrong header, wrong CRC, longer than the bank."""
    bank = tmp_path / "bank.bin"
    run("compile", "--out", str(bank))
    result = run("show", str(bank), "--header", header)
    assert result.exit_code == 1
    assert "the card would refuse it" in result.output
    bank.write_bytes(b"\x00" * 7)
    assert run("show", str(bank)).exit_code == 1
