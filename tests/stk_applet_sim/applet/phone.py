"""A member's phone with the smallest card: what tests of dialogues hold in their hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from stk_applet_sim.applet.menu import MenuApplet
from stk_applet_sim.handset.me import Handset
from stk_applet_sim.handset.screen import Screen
from telecom_codecs.onecard.answers import AnswerKind
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.requests import CardRequest, Fields
from telecom_codecs.onecard.rights import Rights

from ..network import SERIAL, Network, answer_to, deliver_in_clear
from ..stub_card import AnApplication, StubCard, a_menu

HUAXIN = AnApplication(1001, 1, "华信科技", balance=11630)
CUIHU = AnApplication(1002, 2, "翠湖小区", Rights.DOOR | Rights.ATTENDANCE)


@dataclass(slots=True)
class Phone:
    """A handset that is on, its card, its network and every screen that came up."""

    card: StubCard
    menu: MenuApplet
    handset: Handset
    network: Network
    seen: list[Screen] = field(default_factory=list)

    def shown(self) -> Screen:
        """What is on the screen now."""
        return self.handset.screen

    def open(self, *lines: int) -> Screen:
        """Open the card's menu and choose these lines, one after the other."""
        self.handset.press("ok")
        for line in lines:
            self.handset.select(line)
        return self.handset.screen

    def delete_second(self, password: str | None = None) -> Screen:
        """Go to the deletion of the second application; with a password also confirm and send it."""
        self.open(4, 2, 3)
        if password is not None:
            self.handset.press("ok")
            self.handset.enter(password)
        return self.handset.screen

    @property
    def requests(self) -> list[CardRequest]:
        return [CardRequest.decode(octets) for octets in self.card.sealed]

    def answer(
        self, text: str = "“翠湖小区”应用已删除", *, kind: AnswerKind = AnswerKind.FINAL, serial: int = SERIAL
    ) -> int:
        """The platform answers the last request; the status in the proof of receipt."""
        report = deliver_in_clear(self.handset, answer_to(self.requests[-1], text, kind=kind, serial=serial))
        assert report is not None
        return report.user_data[0]

    def restart(self) -> None:
        self.handset.power_off()
        self.handset.power_on()


def a_phone(*applications: AnApplication, card: StubCard | None = None, english: bool = False) -> Phone:
    """A phone in coverage, switched on."""
    card = card or StubCard(applications or (HUAXIN, CUIHU))
    if english:
        card.files[0x6F05] = bytes((Language.EN,))
    network = Network()
    phone = Phone(card, a_menu(card), Handset(card), network)
    phone.handset.watchers.append(phone.seen.append)
    phone.handset.attach(network.submit)
    phone.handset.power_on()
    return phone


def fields_of(request: CardRequest) -> dict[str, Any]:
    """What a request brought, by name."""
    found = {name: getattr(request, name) for name in Fields.__annotations__}
    return {name: value for name, value in found.items() if value is not None}
