"""A handset as a message centre sees it: a number that takes short messages and sends its own.

Fits the SMSC simulator's `MobileStation` by its shape alone; nothing of the gateway is imported here.
"""

from __future__ import annotations

from collections.abc import Callable

from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

from ..applet.menu import MenuApplet
from ..uicc.card import Uicc
from .me import Handset


class HandsetStation:
    """One number on the air.

    `card` and `menu` are kept for whoever built the station (terminals tap the card, tests look at dialogues).
    """

    def __init__(
        self,
        msisdn: str,
        handset: Handset,
        *,
        card: Uicc | None = None,
        menu: MenuApplet | None = None,
    ) -> None:
        self.msisdn = msisdn
        self.handset = handset
        self._card = card
        self._menu = menu
        self._submit: Callable[[SmsSubmit], SubmitReport] | None = None

    @property
    def card(self) -> Uicc:
        """The card inside; LookupError for a station built without naming it."""
        if self._card is None:
            raise LookupError(f"{self!r} does not know its card")
        return self._card

    @property
    def menu(self) -> MenuApplet:
        """The menu applet on the card; LookupError for a station built without naming it."""
        if self._menu is None:
            raise LookupError(f"{self!r} does not know its menu applet")
        return self._menu

    def __repr__(self) -> str:
        return f"HandsetStation({self.msisdn})"

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        """A short message for this number; None while it is off or out of coverage: keep it and try again."""
        self.handset.tick()
        return self.handset.deliver(tpdu)

    def change_handset(self, other: HandsetStation) -> None:
        """Two subscribers change phones: each SIM, and its number, goes into the other phone; both switch on."""
        self.handset, other.handset = other.handset, self.handset
        for station in (self, other):
            station.handset.insert(station.card)
        for station in (self, other):
            if station._submit is not None:
                station.attach(station._submit)

    def attach(self, submit: Callable[[SmsSubmit], SubmitReport]) -> None:
        """Where this number's own short messages go. A handset that was off is switched on: it is on the air now."""
        self._submit = submit
        self.handset.attach(submit)
        if not self.handset.is_on:
            self.handset.power_on()
