"""`ykt sim` and `ykt reader` as a person types them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from stk_applet_sim.cli import sim as cli
from stk_applet_sim.readers.pcsc import CardInReader
from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    """A desk whose one reader, "Desk", holds a `ykt` card."""
    card = Uicc(CardProfile.named("ykt"), provider=PycryptodomeProvider(), random=bytes)

    @contextmanager
    def card_in(_name: str) -> Iterator[CardInReader]:
        yield CardInReader("Desk", card.reset(), card.process)

    monkeypatch.setattr(cli, "card_in", card_in)
    monkeypatch.setattr(cli, "reader_names", lambda: ("Desk",))
    return CliRunner()


def test_desk_reads_a_card(desk: CliRunner) -> None:
    """One fact a line for people, one object for programs."""
    text = desk.invoke(cli.reader, ["read", "--reader", "Desk"])
    assert text.exit_code == 0
    assert "imsi: 460001234567890" in text.output.splitlines()
    facts = json.loads(desk.invoke(cli.reader, ["read", "--reader", "Desk", "--json"]).output)
    assert (facts["iccid"], facts["msisdn"]) == ("89860012345678901234", "8613800000001")


def test_desk_lists_readers_and_applications(desk: CliRunner) -> None:
    """What there is to choose from."""
    assert desk.invoke(cli.reader, ["list"]).output == "Desk\n"
    assert "menu applet" in desk.invoke(cli.reader, ["apps", "--reader", "Desk"]).output


def test_desk_sends_what_is_typed(desk: CliRunner) -> None:
    """Answers with their status words in words; a refusal of the card is an answer too."""
    ran = desk.invoke(cli.reader, ["apdu", "--reader", "Desk", "00A40004022FE2", "00:B0:00:00:0A", "00A40004026FFF"])
    assert ran.exit_code == 0
    lines = ran.output.splitlines()
    assert lines[1].startswith("98680021436587092143 9000:")
    assert lines[2].startswith("6A82")
    assert desk.invoke(cli.reader, ["apdu", "--reader", "Desk", "00A"]).exit_code == 2


def test_wrong_pin_ends_in_one_line(desk: CliRunner) -> None:
    """PIN 1 of this card is disabled: the card says so and nothing else happens."""
    ran = desk.invoke(cli.reader, ["read", "--reader", "Desk", "--pin"], input="0000\n")
    assert ran.exit_code == 1
    assert "6984" in ran.output
    assert "0000" not in ran.output


def test_without_pyscard_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the commands that install it, no traceback."""
    monkeypatch.setitem(sys.modules, "smartcard.System", None)
    ran = CliRunner().invoke(cli.reader, ["list"])
    assert ran.exit_code == 1
    assert "apt-get install" in ran.output
    assert "pip install" in ran.output
    assert len(ran.output.splitlines()) == 1


@pytest.mark.parametrize("place", ["localhost", "localhost:", ":1", "localhost:65536", "localhost:pcsc"])
def test_reader_address_is_checked(place: str) -> None:
    """HOST:PORT or the usage."""
    ran = CliRunner().invoke(cli.sim, ["serve", "--vpcd", place])
    assert (ran.exit_code, "HOST:PORT" in ran.output) == (2, True)


def test_unknown_profile_is_named() -> None:
    """Which profiles there are."""
    ran = CliRunner().invoke(cli.sim, ["serve", "--profile", "none"])
    assert ran.exit_code == 1
    assert "ykt, plain, weak" in ran.output
