"""A card on the air whose phone is made when the first thing needs one: for load, where a million cards only do OTA.

Command packets go to the card without ENVELOPE, and its proof of receipt leaves as the SMS-SUBMIT it is, without SEND
SHORT MESSAGE: the octets between card and centre are those of a whole phone, the APDUs between card and phone are
left out. A key press, a look at the screen, or a card that has something for its member makes the phone, switched on;
from then on the station is like any :class:`~.station.HandsetStation`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from telecom_codecs.card.apdu import ResponseApdu
from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.names import TAR_MENU
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

from ..applet.menu import MenuApplet
from ..uicc.card import Uicc
from ..uicc.status import OK, Refused
from .download import FCS_DOWNLOAD_ERROR, is_for_card, report_of
from .me import Handset

TEXTS_KEPT: Final = 8  #: texts that wait for the phone; older ones are forgotten, as a full phone would


class CardStation:
    """One number on the air. `make_menu` and `make_handset` give applet and phone of the card when they are needed.

    A PoR that the network does not take is lost, as it is for a phone that is switched off at once.
    """

    __slots__ = ("_handset", "_make_handset", "_make_menu", "_menu", "_submit", "_texts", "card", "msisdn")

    def __init__(
        self,
        msisdn: str,
        card: Uicc,
        make_menu: Callable[[Uicc], MenuApplet],
        make_handset: Callable[[Uicc], Handset],
    ) -> None:
        self.msisdn = msisdn
        self.card = card
        self._make_menu = make_menu
        self._make_handset = make_handset
        self._menu: MenuApplet | None = None
        self._handset: Handset | None = None
        self._submit: Callable[[SmsSubmit], SubmitReport] | None = None
        self._texts: list[SmsDeliver] = []
        card.register_receiver(TAR_MENU, None, self._take_answer)

    def __repr__(self) -> str:
        return f"CardStation({self.msisdn})"

    @property
    def menu(self) -> MenuApplet:
        """The menu applet, which becomes the receiver of its packets when it is made."""
        if self._menu is None:
            self._menu = self._make_menu(self.card)
        return self._menu

    @property
    def has_handset(self) -> bool:
        """The phone has been made."""
        return self._handset is not None

    @property
    def handset(self) -> Handset:
        """The phone, made and switched on by the first look at it, with the texts that came before."""
        if self._handset is None:
            _ = self.menu  # it announces itself when the phone is switched on
            made = self._handset = self._make_handset(self.card)
            if self._submit is not None:
                made.attach(self._submit)
            made.power_on()
            texts, self._texts = self._texts, []
            for tpdu in texts:
                made.deliver(tpdu)
        return self._handset

    def attach(self, submit: Callable[[SmsSubmit], SubmitReport]) -> None:
        """Where this number's own short messages go."""
        self._submit = submit
        if self._handset is not None:
            self._handset.attach(submit)

    def submit(self, tpdu: SmsSubmit) -> SubmitReport:
        """Send a short message that was made elsewhere (load.py). LookupError before the station is on the air."""
        if self._submit is None:
            raise LookupError(f"{self!r} is on no network: attach it first")
        return self._submit(tpdu)

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        """A short message for this number."""
        if self._handset is not None:
            self._handset.tick()
            return self._handset.deliver(tpdu)
        if not is_for_card(tpdu, strict=False):
            self._texts.append(tpdu)
            del self._texts[:-TEXTS_KEPT]
            return DeliverReport()
        return self._download(tpdu)

    def _take_answer(self, octets: bytes, context: object) -> bytes:
        """The first packet for the menu: the applet is made, and takes the others itself."""
        return self.menu.receive(octets, context)

    def _download(self, tpdu: SmsDeliver) -> DeliverReport:
        try:
            done = self.card.download(tpdu)
        except (Refused, CodecError):
            return DeliverReport(failure_cause=FCS_DOWNLOAD_ERROR)
        if self._submit is not None:
            for submit in done.submits:
                self._submit(submit)
        if self.card.toolkit.busy:
            _ = self.handset  # the card wants its member: what it queued is queued again when the phone comes
        return report_of(ResponseApdu(done.report, OK), tpdu) if done.report else DeliverReport()
