"""The other end of a handset in tests: takes its short messages, brings it others."""

from __future__ import annotations

from dataclasses import dataclass, field

from stk_applet_sim.handset.me import Handset
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer
from telecom_codecs.onecard.requests import CardRequest
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import split_packet, split_text
from telecom_codecs.sms.dcs import DCS_OTA
from telecom_codecs.sms.tpdu import DeliverReport, Scts, SmsDeliver, SmsSubmit, SubmitReport
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET

from .stub_card import ACCESS_CODE

NOON = Scts(2026, 10, 12, 12, 3, 0, 32)
SERIAL = 87


@dataclass(slots=True)
class Network:
    """Remembers what handsets submit; `failure_cause` makes it refuse."""

    sent: list[SmsSubmit] = field(default_factory=list)
    failure_cause: int | None = None

    def submit(self, submit: SmsSubmit) -> SubmitReport:
        self.sent.append(submit)
        return SubmitReport(NOON, failure_cause=self.failure_cause)


def packet_message(packet: bytes, *, reference: int = 1) -> tuple[SmsDeliver, ...]:
    """The short messages that carry a command packet to a card."""
    segments = split_packet(packet, iei=IEI_COMMAND_PACKET, reference=reference)
    return tuple(SmsDeliver(Address(ACCESS_CODE, ton=0), 0x7F, DCS_OTA, NOON, ud, udhi=True) for ud in segments)


def text_message(text: str, *, sender: str = "106572000", reference: int = 1) -> tuple[SmsDeliver, ...]:
    """The short messages of a text."""
    return tuple(
        SmsDeliver(Address(sender, ton=0), 0x00, one.dcs, NOON, one.user_data, one.udhi)
        for one in split_text(text, reference=reference)
    )


def answer_to(
    request: CardRequest, text: str, *, kind: AnswerKind = AnswerKind.FINAL, serial: int = SERIAL
) -> MenuAnswer:
    """The platform's answer."""
    return MenuAnswer(kind, request.number, serial, text)


def deliver_in_clear(handset: Handset, answer: MenuAnswer | bytes) -> DeliverReport | None:
    """An answer for the stub card, which has no keys."""
    (message,) = packet_message(answer if isinstance(answer, bytes) else answer.encode())
    return handset.deliver(message)
