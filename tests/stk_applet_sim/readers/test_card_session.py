"""The clerk's desk: what a card in a reader tells about itself."""

from __future__ import annotations

import pytest

from stk_applet_sim.applet.enterprise import EnterpriseApplication
from stk_applet_sim.applet.purse import ApplicationState
from stk_applet_sim.readers.card_session import CardApplication, CardIdentity, CardSession, NotAnswered
from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider


def a_card(name: str = "ykt") -> Uicc:
    return Uicc(CardProfile.named(name), provider=PycryptodomeProvider(), random=bytes)


def test_desk_reads_the_four_identities() -> None:
    """ICCID, IMSI, own number and the provider's name, all from the files a phone reads."""
    card = a_card()
    identity = card.profile.identity
    expected = CardIdentity(identity.iccid.digits, identity.imsi.digits, identity.msisdn.digits, "YKT OneCard")
    assert CardSession(card.process).identity() == expected


def test_what_a_pin_protects_is_told_as_unknown() -> None:
    """PIN 1 on: IMSI and number stay unknown until it is verified; a wrong one is said with the tries left."""
    card = a_card()
    session = CardSession(card.process)
    session.send_octets(bytes.fromhex("0028000108") + b"1234\xff\xff\xff\xff")
    card.reset()
    assert (session.identity().iccid, session.identity().imsi) == (card.profile.identity.iccid.digits, None)
    with pytest.raises(NotAnswered, match="63C2"):
        session.verify_pin("9999")
    session.verify_pin("1234")
    assert session.identity().imsi == card.profile.identity.imsi.digits


def test_desk_lists_every_application() -> None:
    """The USIM of EF.DIR, the card manager, the menu, and each enterprise found one after the other."""
    card = a_card()
    for slot, enterprise in ((1, 7), (2, 3), (8, 900)):
        EnterpriseApplication.install(card.memory, ApplicationState(enterprise, slot, 7, 1000, "x"))
    found = CardSession(card.process).applications()
    assert found[0] == CardApplication("A0000000871002FFFFFFFF8906190000", "USIM", "USIM")
    assert [application.kind for application in found[1:]] == [
        "card manager",
        "menu applet",
        "enterprise 3, slot 2",
        "enterprise 7, slot 1",
        "enterprise 900, slot 8",
    ]


def test_plain_card_has_no_menu() -> None:
    """Nothing is listed that cannot be selected."""
    kinds = [application.kind for application in CardSession(a_card("plain").process).applications()]
    assert kinds == ["USIM", "card manager"]


def test_wrong_length_is_asked_again() -> None:
    """6Cxx names the right length; the desk does not trouble the clerk with it."""
    session = CardSession(a_card().process)
    session.select(bytes.fromhex("2FE2"))
    assert len(session.send_octets(bytes.fromhex("00B0000000")).data) == 10


@pytest.mark.parametrize("answer", ["6FFF", "62", "6204840201029000"])
def test_strange_cards_are_refused_and_not_believed(answer: str) -> None:
    """Whatever a foreign card answers, the desk ends with words of its own."""
    octets = bytes.fromhex(answer)
    session = CardSession(lambda _: octets if len(octets) > 1 else octets + b"\x00")
    with pytest.raises((NotAnswered, ValueError)):
        session.identity()
