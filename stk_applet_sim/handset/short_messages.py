"""A handset's short messages apart from its screen: where arriving ones are kept, how the card's own leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from telecom_codecs.cat import GeneralResult, SendShortMessage, TerminalProblem
from telecom_codecs.errors import RemoteError
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.dcs import DataCoding
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

from .card_link import CardLink
from .card_messages import store
from .conversation import Performed, performed
from .download import FCS_UNSPECIFIED, SIM_CLASS
from .inbox import FLASH, Inbox

Submit = Callable[[SmsSubmit], SubmitReport]


class ShortMessages:
    """`flash` are texts of class 0 that the user has still to dismiss; `submit` is the way to the service centre."""

    def __init__(self, link: CardLink, service_centre: Address | None) -> None:
        self.inbox = Inbox()
        self.flash: list[str] = []
        self.submit: Submit | None = None
        self._link = link
        self._service_centre = service_centre
        self._reference = 0

    def keep(self, deliver: SmsDeliver, now: float) -> DeliverReport:
        """Into the phone's memory, class 2 into the card's as well; a card that cannot take it refuses the message."""
        on_card = DataCoding.decode(deliver.dcs).message_class == SIM_CLASS
        if on_card and (cause := store(self._link, deliver, self._service_centre)) is not None:
            return DeliverReport(failure_cause=cause)
        try:
            message = self.inbox.take(deliver, now)
        except RemoteError:
            return DeliverReport(failure_cause=None if on_card else FCS_UNSPECIFIED)
        if message is not None and message.message_class == FLASH:
            self.flash.append(message.text or "")
        return DeliverReport()

    def send(self, command: SendShortMessage, begin: Callable[[str], None], *, in_coverage: bool) -> Performed:
        """The card's message to the network; `begin` is told what to show meanwhile, just before it leaves."""
        try:
            submit = SmsSubmit.decode(command.tpdu)
        except RemoteError:
            return performed(command, GeneralResult.DATA_NOT_UNDERSTOOD)
        if self.submit is None or not in_coverage:
            return performed(command, GeneralResult.TERMINAL_UNABLE, bytes((TerminalProblem.NO_SERVICE,)))
        self._reference = (self._reference + 1) & 0xFF
        begin(command.alpha or "")
        report = self.submit(replace(submit, reference=self._reference))
        if report.failure_cause is not None:
            return performed(command, GeneralResult.SMS_RP_ERROR, bytes((report.failure_cause,)))
        return performed(command)
