"""A simulator that was killed comes back with every message it had taken."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from smsc_gateway.smpp.operations import DeliverSm, SubmitSm
from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.centre import MessageCentre
from smsc_gateway.smsc.store import CentreStore
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
ACCOUNT = Account("platform", "secret", "106572")
TEXT = SubmitSm(source_addr=b"106572000", destination_addr=b"8613800000001", short_message=b"hello")


class Phone:
    """Takes what comes while it is on."""

    def __init__(self) -> None:
        self.msisdn = "8613800000001"
        self.taken: list[bytes] = []

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        self.taken.append(tpdu.user_data)
        return DeliverReport()

    def attach(self, submit: object) -> None:
        """It sends nothing."""


def centre_on(path: Path, first_id: int) -> tuple[MessageCentre, CentreStore]:
    store = CentreStore(path)
    centre = MessageCentre(
        [ACCOUNT],
        message_ids=(f"{number:08X}" for number in count(first_id)),
        clock=lambda: NOW,
        mailbox=store.mailbox(NOW),
    )
    centre.outgoing[ACCOUNT.system_id] = store.outgoing(ACCOUNT.system_id)
    return centre, store


def test_accepted_messages_are_delivered_after_a_restart(tmp_path: Path) -> None:
    """Accepted before the kill, delivered by the next process, once."""
    before, _ = centre_on(tmp_path / "smsc.db", 1)
    before.submit(ACCOUNT, TEXT, NOW)
    after, _ = centre_on(tmp_path / "smsc.db", 100)
    phone = Phone()
    after.attach(phone)
    assert after.work(NOW + timedelta(seconds=1), 10) == 1
    assert phone.taken == [b"hello"]
    last, _ = centre_on(tmp_path / "smsc.db", 200)
    assert len(last.mailbox) == 0


def test_what_waits_for_an_account_survives_until_it_is_acknowledged(tmp_path: Path) -> None:
    """A phone's message that the ESME did not answer is there again; an answered one is not."""
    before, _ = centre_on(tmp_path / "smsc.db", 1)
    queue = before.outgoing[ACCOUNT.system_id]
    assert queue.put(DeliverSm(source_addr=b"1", destination_addr=b"106572", short_message=b"first"))
    assert queue.put(DeliverSm(source_addr=b"1", destination_addr=b"106572", short_message=b"second"))
    first = queue.take(0.0)
    assert first is not None
    queue.done(first)
    after, _ = centre_on(tmp_path / "smsc.db", 100)
    again = after.outgoing[ACCOUNT.system_id].take(0.0)
    assert again is not None
    assert again.pdu.short_message == b"second"
    assert after.outgoing[ACCOUNT.system_id].take(0.0) is None


def test_a_phone_hears_accepted_only_when_the_message_is_written_down(tmp_path: Path) -> None:
    """From the phone to the account: the report comes after the row."""
    centre, _ = centre_on(tmp_path / "smsc.db", 1)
    report = centre.from_phone("8613800000001", SmsSubmit(Address("106572000"), 0, 4, b"ask", False))
    assert isinstance(report, SubmitReport)
    again, _ = centre_on(tmp_path / "smsc.db", 100)
    delivery = again.outgoing[ACCOUNT.system_id].take(0.0)
    assert delivery is not None
    assert delivery.pdu.short_message == b"ask"
