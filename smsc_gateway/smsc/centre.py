"""The message centre without a network: takes submissions and phones' messages, tries deliveries, makes receipts.

Time (`now`, aware), message ids and references are handed in. Phones are :class:`MobileStation` values. What it has for
accounts waits in :attr:`MessageCentre.outgoing`; :meth:`MessageCentre.work` does a bounded piece of delivering.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from telecom_codecs.errors import CodecError
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import DeliverReport, Scts, SmsSubmit, SubmitReport

from ..smpp import operations as op
from ..smpp.codec import faulty_field
from ..smpp.fields import declared
from ..smpp.operations import EsmClass, MessageState
from ..smpp.receipt import format_text, receipt_tlvs
from ..smpp.status import CommandStatus
from .accounts import Account, longest_prefix
from .air import (
    INVALID_SME_ADDRESS,
    TEMPORARY_CAUSES,
    Content,
    MobileStation,
    Refusal,
    StationRange,
    content_of,
    mo_pdu,
    msisdn_of,
    originating_address,
    report_pdu,
)
from .mailbox import Happening, Mailbox, Message
from .outgoing import Outgoing
from .times import format_time, parse_time, receipt_date

VALIDITY = timedelta(days=1)
LONGEST_VALIDITY = timedelta(days=7)

UNKNOWN_SUBSCRIBER = 1  #: network_error_code — TS 29.002, MAP user error
ABSENT_SUBSCRIBER = 27

_COUNTED = {state: state.name.lower() for state in MessageState}
RECEIPT_ALWAYS, RECEIPT_ON_FAILURE, RECEIPT_ON_SUCCESS, RECEIPT_MASK = 1, 2, 3, 0x03
INTERMEDIATE_WANTED = 0x10


class MessageCentre:
    """Accounts, phones, and the messages between them."""

    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        message_ids: Iterator[str],
        clock: Callable[[], datetime],
        mailbox: Mailbox | None = None,
        outgoing: Callable[[str], Outgoing] | None = None,
        validity: timedelta = VALIDITY,
    ) -> None:
        self.accounts = {account.system_id: account for account in accounts}
        self.outgoing = {system_id: outgoing(system_id) if outgoing else Outgoing() for system_id in self.accounts}
        self.stations: dict[str, MobileStation] = {}
        self._ranges: list[StationRange] = []
        self.mailbox = Mailbox() if mailbox is None else mailbox
        self.counts: Counter[str] = Counter()
        self.on_work: Callable[[], None] = lambda: None  #: called when a phone gave the centre something to do
        self._ids = message_ids
        self._clock = clock
        self._validity = validity
        self._reference = 0

    def attach(self, station: MobileStation) -> None:
        """A phone is in the network from now on; what waits for it is tried."""
        self.stations[station.msisdn] = station
        station.attach(lambda submit: self.from_phone(station.msisdn, submit))
        self.mailbox.hasten(station.msisdn, self._clock())
        self.on_work()

    def attach_range(self, stations: StationRange) -> None:
        """Its numbers are in the network from now on; a phone is asked for when the first thing is for its number."""
        self._ranges.append(stations)

    def station_of(self, msisdn: str) -> MobileStation | None:
        """The phone of a number: one that was attached, else the one that a range makes for it."""
        found = self.stations.get(msisdn)
        if found is not None:
            return found
        for stations in self._ranges:
            made = stations.station_of(msisdn)
            if made is not None:
                self.attach(made)
                return made
        return None

    # -- submissions ---------------------------------------------------------------------------------------------

    def submit(self, account: Account, pdu: op.SubmitSm, now: datetime, *, message_id: str | None = None) -> Message:
        """Accept a submission; Refusal carries the status that answers it otherwise.

        `message_id` is given for the further destinations of a submit_multi: they share one.
        """
        if self.mailbox.is_full:
            raise Refusal("the mailbox is full", CommandStatus.RMSGQFUL)
        if account.queue is not None and self.mailbox.open_of(account.system_id) >= account.queue:
            raise Refusal("the account's queue is full", CommandStatus.RMSGQFUL)
        fault = faulty_field(pdu)
        if fault is not None:
            raise Refusal(f"{fault[0]} is too long", fault[1])
        destination = msisdn_of(pdu.destination_addr)
        if not destination.isdecimal():
            raise Refusal("the destination is no number", CommandStatus.RINVDSTADR)
        message = self._message(account.system_id, pdu, destination, now)
        if message_id is not None:
            message.message_id, message.key = message_id, f"{message_id}/{message.key}"
        if pdu.replace_if_present_flag:
            self._replace_present(account, pdu, destination, now)
        self.counts["accepted"] += 1
        self.mailbox.put(message, now)
        return message

    def _message(self, account: str, pdu: op.SubmitSm, destination: str, now: datetime) -> Message:
        due, expires = now, now + self._validity
        if pdu.schedule_delivery_time or pdu.validity_period:
            due, expires = self._times(pdu, now)
        identity = next(self._ids)
        return Message(
            identity,
            identity,
            account,
            pdu,
            destination,
            originating_address(pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi),
            content_of(pdu, self._next_reference),
            now,
            due,
            expires,
        )

    def _times(self, pdu: op.SubmitSm, now: datetime) -> tuple[datetime, datetime]:
        """When it is due and when it expires, as the submission asks; Refusal when that cannot be."""
        latest = now + LONGEST_VALIDITY
        due = _time_of(pdu.schedule_delivery_time, now, CommandStatus.RINVSCHED) or now
        expires = _time_of(pdu.validity_period, now, CommandStatus.RINVEXPIRY) or due + self._validity
        if expires <= now:
            raise Refusal("the validity period is over", CommandStatus.RINVEXPIRY)
        if due > latest:
            raise Refusal("scheduled too far ahead", CommandStatus.RINVSCHED)
        return due, min(expires, latest)

    def _accept(self, message: Message, now: datetime) -> None:
        self.counts["accepted"] += 1
        self.mailbox.put(message, now)

    def _replace_present(self, account: Account, pdu: op.SubmitSm, destination: str, now: datetime) -> None:
        for old in self.mailbox.waiting_for(destination):
            same = (old.sent.source_addr, old.sent.service_type) == (pdu.source_addr, pdu.service_type)
            if same and old.account == account.system_id:
                self.mailbox.finish(old, Happening.CANCELLED, now)

    def _next_reference(self) -> int:
        self._reference = (self._reference + 1) & 0xFFFF
        return self._reference

    def submit_multi(
        self, account: Account, pdu: op.SubmitMulti, now: datetime, *, admits: Callable[[], bool] = lambda: True
    ) -> op.SubmitMultiResp:
        """One message to many; the destinations that are refused, also by the rate, are listed with their status."""
        failures: list[op.Failure] = []
        message_id: str | None = None
        for one in pdu.destinations:
            if isinstance(one, op.DistributionList):
                failures.append(op.Failure(one.name[:20], CommandStatus.RINVDLNAME))
                continue
            try:
                if not admits():
                    raise Refusal("too fast", CommandStatus.RTHROTTLED)
                message = self.submit(account, _single(pdu, one), now, message_id=message_id)
            except Refusal as refusal:
                failures.append(op.Failure(one.addr[:20], refusal.status, one.ton, one.npi))
            else:
                message_id = message.message_id
        if message_id is None:
            status = failures[0].status if failures else CommandStatus.RINVNUMDESTS
            return op.SubmitMultiResp(sequence=pdu.sequence, status=status, failures=tuple(failures))
        return op.SubmitMultiResp(sequence=pdu.sequence, message_id=message_id.encode(), failures=tuple(failures))

    # -- delivering ----------------------------------------------------------------------------------------------

    def work(self, now: datetime, limit: int) -> int:
        """Try at most `limit` deliveries that are due; how many there were."""
        due = self.mailbox.take_due(now, limit)
        for message in due:
            self.attempt(message, now)
        return len(due)

    def attempt(self, message: Message, now: datetime) -> None:
        """One attempt to hand a message to its phone, all segments in their order."""
        if now >= message.expires:
            self._finish(message, Happening.EXPIRED, now, message.error)
            return
        station = self.station_of(message.destination)
        if station is None:
            self._finish(message, Happening.REFUSED, now, UNKNOWN_SUBSCRIBER)
            return
        scts = Scts.of(message.accepted)
        while message.delivered_segments < len(message.content.segments):
            tpdu = message.content.tpdu(message.delivered_segments, message.originating, scts)
            report = station.deliver(tpdu)
            if report is None or report.failure_cause in TEMPORARY_CAUSES:
                self._not_now(message, report, now)
                return
            self._relay(message, report)
            if not report.is_ack:
                self._finish(message, Happening.REFUSED, now, report.failure_cause or 0)
                return
            message.delivered_segments += 1
        self._finish(message, Happening.TAKEN, now, 0)

    def hand_over(self, message: Message, station: MobileStation) -> None:
        """Give all segments to a phone, whatever became of the message: a copy that no centre should send."""
        for index in range(len(message.content.segments)):
            station.deliver(message.content.tpdu(index, message.originating, Scts.of(message.accepted)))

    def _not_now(self, message: Message, report: DeliverReport | None, now: datetime) -> None:
        message.error = ABSENT_SUBSCRIBER if report is None else report.failure_cause or 0
        datagram = message.sent.esm_class & 0x03 == EsmClass.DATAGRAM
        if datagram:
            self._finish(message, Happening.REFUSED, now, message.error)
            return
        first = message.attempts == 0
        self.mailbox.retry(message, now)
        if first and message.sent.registered_delivery & INTERMEDIATE_WANTED:
            self._receipt(message, now, EsmClass.INTERMEDIATE)

    def _relay(self, message: Message, report: DeliverReport) -> None:
        """A report's user data goes to the sender of the message; an empty report makes no message."""
        if report.user_data and message.account is not None:
            self._to_account(message.account, report_pdu(message.destination, report, message.sent))

    def _finish(self, message: Message, happening: Happening, now: datetime, error: int) -> None:
        message.error = error
        self.mailbox.finish(message, happening, now)
        self.counts[_COUNTED[message.state]] += 1
        wanted = message.sent.registered_delivery & RECEIPT_MASK
        if not wanted:
            return
        delivered = message.state is MessageState.DELIVERED
        if wanted in (RECEIPT_ALWAYS, RECEIPT_ON_SUCCESS if delivered else RECEIPT_ON_FAILURE):
            self._receipt(message, now, EsmClass.RECEIPT)

    def _receipt(self, message: Message, now: datetime, kind: EsmClass) -> None:
        if message.account is None:
            return
        sent = message.sent
        text = format_text(
            message.message_id,
            message.state,
            submitted=receipt_date(message.accepted),
            done=receipt_date(now),
            error=message.error,
        )
        receipt = op.DeliverSm(
            service_type=sent.service_type,
            source_addr_ton=sent.dest_addr_ton,
            source_addr_npi=sent.dest_addr_npi,
            source_addr=sent.destination_addr,
            dest_addr_ton=sent.source_addr_ton,
            dest_addr_npi=sent.source_addr_npi,
            destination_addr=sent.source_addr,
            esm_class=kind,
            short_message=text,
            tlvs=receipt_tlvs(message.message_id, message.state, error=message.error),
        )
        self._to_account(message.account, receipt)

    def _to_account(self, system_id: str, pdu: op.DeliverSm) -> None:
        if not self.outgoing[system_id].put(pdu):
            self.counts["dropped: the account's queue is full"] += 1

    # -- phones' messages ----------------------------------------------------------------------------------------

    def from_phone(self, msisdn: str, submit: SmsSubmit) -> SubmitReport:
        """Take a phone's message: to the account of its access code, else to the phone of that number, else refused."""
        now = self._clock()
        scts = Scts.of(now)
        self.mailbox.hasten(msisdn, now)
        digits = submit.destination.digits
        account = longest_prefix(self.accounts.values(), digits)
        if account is None and self.station_of(digits) is None:
            self.counts["from phones to nobody"] += 1
            return SubmitReport(scts, failure_cause=INVALID_SME_ADDRESS)
        if account is not None:
            self._mo(account, msisdn, submit)
        else:
            self._phone_to_phone(msisdn, submit, now)
        self.on_work()
        return SubmitReport(scts)

    def _mo(self, account: Account, msisdn: str, submit: SmsSubmit) -> None:
        if not submit.user_data:
            self.counts["empty messages of phones not passed on"] += 1
            return
        self.counts["from phones to accounts"] += 1
        self._to_account(account.system_id, mo_pdu(msisdn, submit))

    def _phone_to_phone(self, msisdn: str, submit: SmsSubmit, now: datetime) -> None:
        content = Content(submit.pid, submit.dcs, ((submit.udhi, submit.user_data),), submit.reply_path)
        sender = Address(msisdn)
        sent = op.SubmitSm(source_addr=msisdn.encode(), destination_addr=submit.destination.digits.encode())
        expires = now + self._validity
        digits = submit.destination.digits
        identity = next(self._ids)
        self._accept(Message(identity, identity, None, sent, digits, sender, content, now, now, expires), now)

    # -- the other operations ------------------------------------------------------------------------------------

    def query(self, account: Account, pdu: op.QuerySm) -> op.QuerySmResp:
        """query_sm: where a message stands."""
        message = self._own(account, pdu.message_id, pdu.source_addr)
        if message is None:
            return op.QuerySmResp(
                sequence=pdu.sequence, status=CommandStatus.RQUERYFAIL, message_id=pdu.message_id[:64]
            )
        return op.QuerySmResp(
            sequence=pdu.sequence,
            message_id=pdu.message_id,
            final_date=b"" if message.finished is None else format_time(message.finished),
            message_state=message.state,
            error_code=min(message.error, 255),
        )

    def cancel(self, account: Account, pdu: op.CancelSm, now: datetime) -> int:
        """cancel_sm: one message by its id, or all that match source, destination and service_type."""
        if pdu.message_id:
            one = self._own(account, pdu.message_id, pdu.source_addr)
            found = [one] if one is not None else []
        else:
            found = [
                message
                for message in self.mailbox.waiting_for(msisdn_of(pdu.destination_addr))
                if message.account == account.system_id
                and message.sent.source_addr == pdu.source_addr
                and pdu.service_type in (b"", message.sent.service_type)
            ]
        still_open = [message for message in found if message.is_open]
        for message in still_open:
            self._finish(message, Happening.CANCELLED, now, 0)
        return CommandStatus.ROK if still_open else CommandStatus.RCANCELFAIL

    def replace(self, account: Account, pdu: op.ReplaceSm, now: datetime) -> int:
        """replace_sm: other text, schedule, validity and receipt wish for a message that still waits."""
        message = self._own(account, pdu.message_id, pdu.source_addr)
        if message is None or not message.is_open or message.delivered_segments:
            return CommandStatus.RREPLACEFAIL
        sent = replace(
            message.sent,
            short_message=pdu.short_message,
            schedule_delivery_time=pdu.schedule_delivery_time,
            validity_period=pdu.validity_period or message.sent.validity_period,
            registered_delivery=pdu.registered_delivery,
            tlvs=(),
        )
        try:
            new = self._message(account.system_id, sent, message.destination, now)
        except Refusal as refusal:
            return refusal.status
        new.message_id, new.key = message.message_id, message.key
        self.mailbox.finish(message, Happening.CANCELLED, now)
        self.mailbox.put(new, now)
        return CommandStatus.ROK

    def _own(self, account: Account, message_id: bytes, source: bytes) -> Message | None:
        message = self.mailbox.find(message_id.decode("latin-1"))
        if message is None or message.account != account.system_id or message.sent.source_addr != source:
            return None
        return message


def _single(pdu: op.SubmitMulti, one: op.Destination) -> op.SubmitSm:
    """The submit_sm that a submit_multi means for one destination."""
    shared = {name: getattr(pdu, name) for name in declared(op.SubmitMulti) if name != "destinations"}
    return op.SubmitSm(dest_addr_ton=one.ton, dest_addr_npi=one.npi, destination_addr=one.addr, tlvs=pdu.tlvs, **shared)


def submission_of(pdu: op.DataSm) -> op.SubmitSm:
    """The submit_sm that means the same as a data_sm of an ESME."""
    shared = {name: getattr(pdu, name) for name in declared(op.DataSm)}
    return op.SubmitSm(tlvs=pdu.tlvs, **shared)


def _time_of(octets: bytes, now: datetime, status: int) -> datetime | None:
    try:
        return parse_time(octets, now)
    except CodecError as error:
        raise Refusal(str(error), status) from error
