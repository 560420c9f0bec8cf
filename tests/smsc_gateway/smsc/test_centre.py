"""The simulator's rules in memory: receipts, retries, schedules, phones' messages, PoRs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.operations import EsmClass, MessageState, Tag, Tlv
from smsc_gateway.smpp.status import CommandStatus
from smsc_gateway.smsc.accounts import Account, check_bind, longest_prefix
from smsc_gateway.smsc.air import Refusal
from smsc_gateway.smsc.mailbox import OPEN_STATES, TRANSITIONS, Happening
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import DeliverReport, SmsSubmit

from .centre_lab import PHONE, CentreLab, Station

POR = bytes.fromhex("027100 000E0AB00010000000000100009000")


def test_message_table_leads_only_from_open_states() -> None:
    """A finished message never moves again."""
    assert {state for state, _ in TRANSITIONS} == OPEN_STATES
    refused = set(product(OPEN_STATES, Happening)) - set(TRANSITIONS)
    assert refused == {
        (MessageState.SCHEDULED, Happening.TAKEN),
        (MessageState.SCHEDULED, Happening.ABSENT),
        (MessageState.SCHEDULED, Happening.REFUSED),
        (MessageState.ENROUTE, Happening.DUE),
    }


@pytest.mark.parametrize("wanted", range(4))
@pytest.mark.parametrize("outcome", ["delivered", "refused"])
def test_receipts_are_sent_as_registered_delivery_asks(wanted: int, outcome: str) -> None:
    """0 none, 1 always, 2 on failure, 3 on success: all bits, nothing unasked."""
    lab = CentreLab()
    if outcome == "refused":
        lab.phone.reports.append(DeliverReport(failure_cause=0xD5))
    message_id = lab.submit(registered_delivery=wanted)
    lab.work()
    expected = {0: False, 1: True, 2: outcome == "refused", 3: outcome == "delivered"}[wanted]
    receipts = lab.receipts()
    assert [receipt.message_id for receipt in receipts] == ([message_id] if expected else [])
    if receipts:
        assert receipts[0].stat == ("DELIVRD" if outcome == "delivered" else "UNDELIV")


def test_receipt_goes_back_to_where_the_message_came_from() -> None:
    """Addresses exchanged, esm_class 04, both forms."""
    lab = CentreLab()
    lab.submit(registered_delivery=1, source_addr_ton=3, source_addr_npi=1, dest_addr_ton=1)
    lab.work()
    (pdu,) = lab.out()
    assert (pdu.source_addr, pdu.destination_addr, pdu.dest_addr_ton) == (PHONE.encode(), b"10086", 3)
    assert pdu.esm_class == EsmClass.RECEIPT
    assert {tlv.tag for tlv in pdu.tlvs} == {Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE}
    assert b"submit date:2601011200 done date:2601011200 stat:DELIVRD" in pdu.short_message


def test_absent_phone_gets_its_message_later() -> None:
    """Store and forward: retried by the schedule, delivered once."""
    lab = CentreLab(retry_after=(10.0,))
    lab.phone.is_on = False
    message_id = lab.submit(registered_delivery=1)
    lab.work()
    lab.work(10)
    assert lab.query(message_id).message_state == MessageState.ENROUTE
    assert lab.out() == []
    lab.phone.is_on = True
    lab.work(10)
    lab.work(100)
    assert len(lab.phone.inbox) == 1
    assert [receipt.state for receipt in lab.receipts()] == [MessageState.DELIVERED]


def test_intermediate_notification_only_when_asked() -> None:
    """Bit 4 of registered_delivery: one ENROUTE, then the final receipt."""
    lab = CentreLab(retry_after=(10.0,))
    lab.phone.is_on = False
    lab.submit(registered_delivery=0x11)
    lab.work()
    (pdu,) = lab.out()
    assert pdu.esm_class == EsmClass.INTERMEDIATE
    lab.phone.is_on = True
    lab.work(10)
    assert [receipt.state for receipt in lab.receipts()] == [MessageState.DELIVERED]


def test_message_expires_when_its_validity_ends() -> None:
    """EXPIRED with a receipt, and never delivered afterwards."""
    lab = CentreLab(retry_after=(10.0,))
    lab.phone.is_on = False
    lab.submit(registered_delivery=1, validity_period=b"000000000100000R")
    lab.work()
    for _ in range(7):
        lab.work(10)
    assert [receipt.stat for receipt in lab.receipts()] == ["EXPIRED"]
    lab.phone.is_on = True
    lab.work(1000)
    assert lab.phone.inbox == []


def test_scheduled_message_waits_for_its_time() -> None:
    """schedule_delivery_time, absolute."""
    lab = CentreLab()
    message_id = lab.submit(schedule_delivery_time=b"260101130000032+")
    lab.work(3590)
    assert lab.query(message_id).message_state == MessageState.SCHEDULED
    assert lab.phone.inbox == []
    lab.work(10)
    assert len(lab.phone.inbox) == 1


def test_phone_that_comes_back_gets_everything_at_once() -> None:
    """A phone that sends is there: what waits does not wait for its timer."""
    lab = CentreLab(retry_after=(600.0,))
    lab.phone.is_on = False
    for number in range(3):
        lab.submit(short_message=b"%d" % number)
    lab.work()
    lab.phone.is_on = True
    lab.phone.send("10086", "here")
    lab.work()
    assert [tpdu.user_data for tpdu in lab.phone.inbox] == [b"0", b"1", b"2"]
    lab.work(1200)
    assert len(lab.phone.inbox) == 3


@pytest.mark.parametrize("cause", [0xD0, 0xD3, 0xD4])
def test_full_or_busy_phone_is_tried_again(cause: int) -> None:
    """Temporary TP-FCS values."""
    lab = CentreLab(retry_after=(10.0,))
    lab.phone.reports.append(DeliverReport(failure_cause=cause))
    lab.submit(registered_delivery=1)
    lab.work()
    assert lab.out() == []
    lab.work(10)
    assert [receipt.stat for receipt in lab.receipts()] == ["DELIVRD"]


def test_datagram_is_tried_once() -> None:
    """esm_class mode 1: no store and forward."""
    lab = CentreLab()
    lab.phone.is_on = False
    lab.submit(registered_delivery=1, esm_class=1)
    lab.work()
    assert [receipt.stat for receipt in lab.receipts()] == ["UNDELIV"]


def test_unknown_subscriber_is_undeliverable() -> None:
    """Nobody has this number."""
    lab = CentreLab()
    lab.submit(registered_delivery=1, destination_addr=b"8613900000009")
    lab.work()
    (receipt,) = lab.receipts()
    assert (receipt.stat, receipt.error) == ("UNDELIV", "001")


def test_por_of_a_card_comes_back_to_the_submitter() -> None:
    """What smpp-ota-tool waits for: one deliver_sm, octets untouched, no receipt, from 23 to 12."""
    lab = CentreLab()
    card = Station("23")
    lab.centre.attach(card)
    card.reports.append(DeliverReport(POR, pid=0x7F, dcs=0xF6, udhi=True))
    packet = bytes.fromhex("027000 001506 19 1515 B00010 0000000001 00") + bytes(8)
    lab.submit(
        source_addr=b"12",
        source_addr_ton=1,
        source_addr_npi=1,
        destination_addr=b"23",
        data_coding=4,
        esm_class=0x40,
        protocol_id=0x7F,
        short_message=packet,
    )
    lab.work()
    (tpdu,) = card.inbox
    assert (tpdu.pid, tpdu.dcs, tpdu.udhi, tpdu.user_data) == (0x7F, 4, True, packet)
    (pdu,) = lab.out()
    assert pdu.short_message == POR
    assert (pdu.source_addr, pdu.destination_addr, pdu.esm_class) == (b"23", b"12", EsmClass.UDHI)
    assert (pdu.protocol_id, pdu.data_coding) == (0x7F, 0xF6)


def test_por_of_a_refusing_card_is_relayed_too() -> None:
    """RP-ERROR may carry the reason as a PoR."""
    lab = CentreLab()
    lab.phone.reports.append(DeliverReport(POR, failure_cause=0xD5, udhi=True))
    lab.submit(registered_delivery=1)
    lab.work()
    assert [pdu.short_message[:3] for pdu in lab.out()] == [POR[:3], b"id:"]


def test_report_without_user_data_makes_no_message() -> None:
    """Never an empty deliver_sm."""
    lab = CentreLab()
    lab.submit()
    lab.work()
    assert lab.out() == []


def test_phone_message_goes_to_the_longest_access_code() -> None:
    """10086 and 1008611 are two accounts."""
    accounts = (Account("a", "x", "10086"), Account("b", "x", "1008611"), Account("c", "x"))
    lab = CentreLab(*accounts)
    lab.phone.send("100861100", "to b")
    lab.phone.send("10086", "to a")
    assert [pdu.short_message for pdu in lab.out("b")] == [b"to b"]
    assert [pdu.short_message for pdu in lab.out("a")] == [b"to a"]
    assert lab.out("c") == []
    assert longest_prefix(accounts, "95555") is None


def test_phone_message_keeps_its_octets() -> None:
    """A card's packet: UDHI, PID, DCS and user data as sent."""
    lab = CentreLab()
    packet = bytes.fromhex("027000") + bytes(range(100))
    report = lab.centre.from_phone(PHONE, SmsSubmit(Address("10086", 0, 1), 0x7F, 0xF6, packet, udhi=True))
    assert report.is_ack
    (pdu,) = lab.out()
    assert (pdu.esm_class, pdu.protocol_id, pdu.data_coding, pdu.short_message) == (0x40, 0x7F, 0xF6, packet)


def test_empty_phone_message_is_acknowledged_and_not_passed_on() -> None:
    """No empty MO, whatever a phone sends."""
    lab = CentreLab()
    assert lab.centre.from_phone(PHONE, SmsSubmit(Address("10086"), 0, 0, b"")).is_ack
    assert lab.out() == []


def test_phone_writes_to_a_phone() -> None:
    """Station to station, through store and forward."""
    lab = CentreLab()
    other = Station("8613800000002")
    lab.centre.attach(other)
    (report,) = lab.phone.send("8613800000002", "hi")
    lab.work()
    assert report.is_ack
    assert [(tpdu.originating.digits, tpdu.text()) for tpdu in other.inbox] == [(PHONE, "hi")]


def test_phone_message_to_nobody_is_refused() -> None:
    """The phone hears a TP-FCS."""
    lab = CentreLab()
    (report,) = lab.phone.send("95555", "hi")
    assert report.failure_cause == 0xC3


def test_long_message_stops_and_goes_on_where_it_was() -> None:
    """A phone that vanishes after segment 1 gets segment 2 later, not segment 1 again."""
    lab = CentreLab(retry_after=(10.0,))
    lab.phone.reports.extend([DeliverReport(), DeliverReport(failure_cause=0xD0)])
    lab.submit(short_message=b"", tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"a" * 300),), registered_delivery=1)
    lab.work()
    lab.work(10)
    sequences = [tpdu.header.concatenation.sequence for tpdu in lab.phone.inbox if tpdu.header is not None]  # type: ignore[union-attr]
    assert sequences == [1, 2, 2]  # the refused attempt and its repetition
    assert [receipt.stat for receipt in lab.receipts()] == ["DELIVRD"]


def test_cancel_by_id_and_by_addresses() -> None:
    """A cancelled message is never delivered and says so."""
    lab = CentreLab()
    lab.phone.is_on = False
    first = lab.submit(registered_delivery=1)
    second = lab.submit()
    lab.work()
    cancel = op.CancelSm(message_id=first.encode(), source_addr=b"10086")
    assert lab.centre.cancel(lab.account, cancel, lab.now) == CommandStatus.ROK
    assert lab.centre.cancel(lab.account, cancel, lab.now) == CommandStatus.RCANCELFAIL
    everything = op.CancelSm(source_addr=b"10086", destination_addr=PHONE.encode())
    assert lab.centre.cancel(lab.account, everything, lab.now) == CommandStatus.ROK
    assert [receipt.stat for receipt in lab.receipts()] == ["DELETED"]
    assert lab.query(second).message_state == MessageState.DELETED
    lab.phone.is_on = True
    lab.work(10_000)
    assert lab.phone.inbox == []


def test_replace_changes_the_text_of_a_waiting_message() -> None:
    """The id stays."""
    lab = CentreLab(retry_after=(10.0,))
    lab.phone.is_on = False
    message_id = lab.submit()
    lab.work()
    change = op.ReplaceSm(message_id=message_id.encode(), source_addr=b"10086", short_message=b"new")
    assert lab.centre.replace(lab.account, change, lab.now) == CommandStatus.ROK
    lab.phone.is_on = True
    lab.work(10)
    assert [tpdu.user_data for tpdu in lab.phone.inbox] == [b"new"]
    assert lab.query(message_id).message_state == MessageState.DELIVERED
    assert lab.centre.replace(lab.account, change, lab.now) == CommandStatus.RREPLACEFAIL


def test_replace_if_present_withdraws_the_older_message() -> None:
    """The flag of submit_sm."""
    lab = CentreLab(retry_after=(10.0,))
    lab.phone.is_on = False
    lab.submit(short_message=b"old")
    lab.work()
    lab.submit(short_message=b"new", replace_if_present_flag=1)
    lab.phone.is_on = True
    lab.work(10)
    assert [tpdu.user_data for tpdu in lab.phone.inbox] == [b"new"]


def test_query_of_a_stranger_fails() -> None:
    """Another account's message is nobody's business; nor is an id with another source."""
    lab = CentreLab()
    message_id = lab.submit()
    lab.work()
    answer = lab.query(message_id)
    assert (answer.status, answer.message_state, answer.final_date) == (0, 2, b"260101120000032+")
    other = op.QuerySm(message_id=message_id.encode(), source_addr=b"10087")
    assert lab.centre.query(lab.account, other).status == CommandStatus.RQUERYFAIL
    assert lab.centre.query(Account("x", "y"), op.QuerySm(message_id=message_id.encode())).status


def test_submit_multi_accepts_some_and_lists_the_others() -> None:
    """One id, and the refused destinations with their status."""
    lab = CentreLab()
    pdu = op.SubmitMulti(
        sequence=5,
        source_addr=b"10086",
        destinations=(op.Destination(PHONE.encode(), 1, 1), op.Destination(b"abc"), op.DistributionList(b"all")),
        short_message=b"hi",
        registered_delivery=1,
    )
    answer = lab.centre.submit_multi(lab.account, pdu, lab.now)
    lab.work()
    assert [failure.status for failure in answer.failures] == [CommandStatus.RINVDSTADR, CommandStatus.RINVDLNAME]
    assert [receipt.message_id.encode() for receipt in lab.receipts()] == [answer.message_id]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"destination_addr": b""}, CommandStatus.RINVDSTADR),
        ({"destination_addr": b"1" * 21}, CommandStatus.RINVDSTADR),
        ({"source_addr": b"1" * 21}, CommandStatus.RINVSRCADR),
        ({"service_type": b"123456"}, CommandStatus.RINVSERTYP),
        ({"validity_period": b"tomorrow"}, CommandStatus.RINVEXPIRY),
        ({"validity_period": b"200101120000032+"}, CommandStatus.RINVEXPIRY),
        ({"schedule_delivery_time": b"261301120000032+"}, CommandStatus.RINVSCHED),
        ({"schedule_delivery_time": b"270101120000032+"}, CommandStatus.RINVSCHED),
        ({"short_message": b"x" * 255}, CommandStatus.RINVMSGLEN),
        ({"data_coding": 0x0A}, CommandStatus.RINVDCS),
        ({"esm_class": 0x40, "short_message": b"\x09\x70"}, CommandStatus.RINVMSGLEN),
    ],
)
def test_submission_that_cannot_be_carried_is_refused_with_its_status(changes: dict[str, Any], status: int) -> None:
    """peers' point 14 and 16: the right status, and nothing is stored."""
    lab = CentreLab()
    with pytest.raises(Refusal) as caught:
        lab.submit(**changes)
    assert caught.value.status == status
    assert len(lab.centre.mailbox) == 0


def test_full_mailbox_says_so() -> None:
    """RMSGQFUL, a temporary refusal."""
    lab = CentreLab(capacity=1)
    lab.submit()
    with pytest.raises(Refusal) as caught:
        lab.submit()
    assert caught.value.status == CommandStatus.RMSGQFUL


@pytest.mark.parametrize(
    ("bind", "status"),
    [
        (op.BindTransceiver(system_id=b"ykt", password=b"secret"), CommandStatus.ROK),
        (op.BindTransceiver(system_id=b"ykt", password=b"wrong"), CommandStatus.RINVPASWD),
        (op.BindTransceiver(system_id=b"nobody", password=b""), CommandStatus.RINVSYSID),
        (op.BindTransceiver(system_id=b"y" * 16), CommandStatus.RINVSYSID),
        (op.BindTransceiver(system_id=b"ykt", password=b"p" * 9), CommandStatus.RINVPASWD),
        (op.BindTransceiver(system_id=b"full", password=b"x"), CommandStatus.RALYBND),
    ],
)
def test_bind_is_judged_by_account(bind: op.Bind, status: int) -> None:
    """The status names the field that is wrong."""
    accounts = {"ykt": Account("ykt", "secret"), "full": Account("full", "x", max_binds=1)}
    account, answer = check_bind(accounts, bind, {"full": 1})
    assert answer == status
    assert (account is not None) == (status == CommandStatus.ROK)


@pytest.mark.parametrize("text", ["", "ykt", ":x", "ykt:123456789", "ykt:x:abc", "a:b:1:2", "sixteen-letters-:x"])
def test_account_that_cannot_bind_is_refused_at_the_door(text: str) -> None:
    """Configuration mistakes are told when they are made."""
    with pytest.raises(ValueError, match=r"account|access code|limit"):
        Account.parse(text)


def test_account_does_not_print_its_password() -> None:
    """Logs print accounts."""
    assert "secret" not in repr(Account.parse("ykt:secret:10086"))


class Plenty:
    """Ten thousand phones; only those that were needed exist."""

    def __init__(self) -> None:
        self.made: dict[str, Station] = {}

    def station_of(self, msisdn: str) -> Station | None:
        return self.made.setdefault(msisdn, Station(msisdn)) if msisdn.startswith("861390000") else None


def test_a_range_of_numbers_makes_the_phone_that_a_message_is_for() -> None:
    """Ten thousand numbers are in the network at once; one message makes one phone, the next one finds it."""
    lab, plenty = CentreLab(), Plenty()
    lab.centre.attach_range(plenty)
    assert not plenty.made
    for text in (b"one", b"two"):
        lab.submit(destination_addr=b"8613900000042", short_message=text)
    lab.work()
    assert [tpdu.user_data for tpdu in plenty.made.pop("8613900000042").inbox] == [b"one", b"two"]
    assert not plenty.made


def test_a_number_outside_every_range_is_unknown() -> None:
    """The receipt says undeliverable, and the range made nothing."""
    lab, plenty = CentreLab(), Plenty()
    lab.centre.attach_range(plenty)
    lab.submit(destination_addr=b"8615900000042", registered_delivery=1)
    lab.work()
    assert [receipt.stat for receipt in lab.receipts()] == ["UNDELIV"]
    assert not plenty.made


def test_phones_of_a_range_write_to_each_other_and_to_the_account() -> None:
    """A phone that was made late sends like any other."""
    lab, plenty = CentreLab(), Plenty()
    lab.centre.attach_range(plenty)
    assert lab.centre.station_of("8613900000001") is plenty.made["8613900000001"]
    plenty.made["8613900000001"].send("8613900000002", "hello")
    plenty.made["8613900000001"].send("10086", "balance?")
    lab.work()
    assert len(plenty.made["8613900000002"].inbox) == 1
    assert [pdu.source_addr for pdu in lab.out()] == [b"8613900000001"]
