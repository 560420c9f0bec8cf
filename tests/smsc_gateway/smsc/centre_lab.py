"""A message centre in memory with a clock that a test turns."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.receipt import Receipt, find_receipt
from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.centre import MessageCentre
from smsc_gateway.smsc.handsets import PlainHandset
from smsc_gateway.smsc.mailbox import Mailbox
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver

PHONE = "8613800000001"
START = datetime.fromisoformat("2026-01-01T12:00:00+08:00")


class Station(PlainHandset):
    """A plain phone whose answers a test may prescribe."""

    def __init__(self, msisdn: str = PHONE) -> None:
        super().__init__(msisdn)
        self.reports: list[DeliverReport] = []

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        found = super().deliver(tpdu)
        return self.reports.pop(0) if self.reports and found is not None else found


class CentreLab:
    """One account, one phone."""

    def __init__(self, *accounts: Account, **mailbox: Any) -> None:
        self.now = START
        self.account = Account("ykt", "secret", "10086")
        ids = (f"{number:08X}" for number in itertools.count(1))
        self.centre = MessageCentre(
            accounts or (self.account,), message_ids=ids, clock=lambda: self.now, mailbox=Mailbox(**mailbox)
        )
        self.phone = Station()
        self.centre.attach(self.phone)

    def submit(self, **changes: Any) -> str:
        """Submit to the phone and return the message id."""
        fields: dict[str, Any] = {"source_addr": b"10086", "destination_addr": PHONE.encode(), "short_message": b"hi"}
        return self.centre.submit(self.account, op.SubmitSm(**{**fields, **changes}), self.now).message_id

    def work(self, seconds: float = 0.0) -> None:
        """Let time pass and everything due happen."""
        self.now += timedelta(seconds=seconds)
        while self.centre.work(self.now, 100):
            pass

    def out(self, system_id: str = "ykt") -> list[op.DeliverSm]:
        """What waits for an account, taken."""
        queue = self.centre.outgoing[system_id]
        found = []
        while (delivery := queue.take(1e9)) is not None:
            found.append(delivery.pdu)
        return found

    def receipts(self) -> list[Receipt]:
        return [receipt for pdu in self.out() if (receipt := find_receipt(pdu)) is not None]

    def query(self, message_id: str) -> op.QuerySmResp:
        return self.centre.query(self.account, op.QuerySm(message_id=message_id.encode(), source_addr=b"10086"))
