"""A phone on the terminal: what a typed line does, and that nonsense does nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from stk_applet_sim.population import seeded_population
from ykt_telecom.demo.prompt import Prompt


class Desk:
    """A prompt on two phones that are on no network; `obey` gives what was written."""

    def __init__(self) -> None:
        self.written: list[str] = []
        stations = []
        for card in seeded_population(2, 1):
            station = card.station()
            station.attach(cast("Any", lambda submit: None))
            station.handset.power_on()
            stations.append(SimpleNamespace(station=station, msisdn=station.msisdn))
        self.prompt = Prompt(
            cast("Any", SimpleNamespace(world=SimpleNamespace(stations=stations))), self.written.append
        )

    def obey(self, line: str) -> str:
        self.written.clear()
        assert self.prompt.obey(line)
        return "\n".join(self.written)


def test_ok_opens_the_menu_and_a_number_chooses() -> None:
    """The first thing a newcomer does."""
    desk = Desk()
    assert "余额查询" not in desk.obey("show")
    assert "余额查询" in desk.obey("ok\n")


@pytest.mark.parametrize("line", ["hello", "0", "phonebook", "\udcff\udcfe", "\x1b[A", "余额", "²"])
def test_nonsense_gets_a_hint_and_changes_nothing(line: str) -> None:
    """Typing mistakes are answered with the lines that mean something."""
    desk = Desk()
    before = desk.prompt.station.station.handset.screen
    assert "means nothing here" in desk.obey(line)
    assert desk.prompt.station.station.handset.screen == before


@pytest.mark.parametrize("line", ["help", "?"])
def test_help_is_given_where_the_phone_has_none(line: str) -> None:
    """`help` is a key of the phone; on an idle screen, where it does nothing, the lines are shown."""
    assert "quit" in Desk().obey(line)


def test_an_empty_inbox_says_so_and_phones_are_counted() -> None:
    """No answer at all would look like a fault."""
    desk = Desk()
    assert "no short messages" in desk.obey("inbox")
    assert "numbered 1 to 2" in desk.obey("phone 3")
    assert "numbered 1 to 2" in desk.obey("phone")
    desk.obey("phone 2")
    assert desk.prompt.number == 1


def test_a_screen_is_not_shown_twice_in_a_row() -> None:
    """A key and the change it makes are one picture."""
    desk = Desk()
    desk.obey("ok")
    desk.written.clear()
    desk.prompt.show_news()
    assert desk.written == []


def test_quit_ends() -> None:
    """And nothing else does."""
    assert not Desk().prompt.obey("quit\n")
