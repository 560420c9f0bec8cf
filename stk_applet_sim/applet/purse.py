"""The state of an enterprise application and what a numbered load does to it (docs/wire/card-application.md §6).

Rules only: a state goes in, a verdict and the next state come out. Keys, MACs and memory are enterprise.py's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, replace

from telecom_codecs.onecard.enterprise_answer import CardStatus
from telecom_codecs.onecard.orders import RECORD_OCTETS, NumberedLoad, Order
from telecom_codecs.onecard.records import NO_TIME, RECORDS_KEPT, Record, RecordType
from telecom_codecs.onecard.rights import CLOSED_MARK, FROZEN_MARK, LifeCycle, Rights
from telecom_codecs.sms import ucs2

_HEAD = struct.Struct(">BIBBIBIIIIHIB4sB")


@dataclass(frozen=True, slots=True)
class ApplicationState:
    """Everything that changes, and the name it was installed under. Written in one piece."""

    enterprise: int
    slot: int
    rights: int
    cap: int
    name: str
    life_cycle: int = LifeCycle.SELECTABLE
    rsn: int = 0
    last_amount: int = 0
    last_job: int = 0
    balance: int = 0
    offline_counter: int = 0
    order_job: int = 0
    order: int = 0
    latest_date: bytes = bytes(4)
    records: tuple[Record, ...] = ()

    @property
    def is_personalised(self) -> bool:
        return self.life_cycle != LifeCycle.SELECTABLE

    @property
    def is_closed(self) -> bool:
        return bool(self.life_cycle & CLOSED_MARK)

    @property
    def is_frozen(self) -> bool:
        return bool(self.life_cycle & FROZEN_MARK)

    @property
    def is_deletable(self) -> bool:
        """DELETE would be obeyed."""
        return not self.is_personalised or (self.is_closed and not self.balance)

    def loaded(self, load: NumberedLoad) -> tuple[CardStatus, ApplicationState]:
        """What a load with a good MAC does, in the order of §6.1."""
        if self.rsn and (load.rsn, load.job_reference) == (self.rsn, self.last_job):
            return CardStatus.ALREADY_DONE, self
        if self.is_closed:
            return CardStatus.CLOSED, self
        if self.is_frozen:
            return CardStatus.FROZEN, self
        if load.old_rsn != self.rsn or load.rsn <= self.rsn:
            return CardStatus.OLD_RSN_DIFFERS, self
        if any(load.valid_until) and load.valid_until < self.latest_date:
            return CardStatus.EXPIRED, self
        balance = self.balance + load.amount_fen
        if not self.rights & Rights.PURSE or not 1 <= load.amount_fen <= self.cap or balance > self.cap:
            return CardStatus.OVER_CAP, self
        origin = bytes(2) + load.job_reference.to_bytes(4, "big")
        record = Record(RecordType.LOAD, self.offline_counter, load.amount_fen, balance, NO_TIME, origin)
        return CardStatus.DONE, replace(
            self,
            rsn=load.rsn,
            last_amount=load.amount_fen,
            last_job=load.job_reference,
            balance=balance,
            records=pushed(self.records, record),
        )

    def ordered(self, order: Order, job: int) -> tuple[CardStatus, ApplicationState]:
        """What an administrative order with a good MAC does (§6.4)."""
        if (order, job) == (self.order, self.order_job):
            return CardStatus.ALREADY_DONE, self
        marks = {
            Order.CLOSE: self.life_cycle | CLOSED_MARK,
            Order.REOPEN: self.life_cycle & ~CLOSED_MARK,
            Order.FREEZE: self.life_cycle | FROZEN_MARK,
            Order.UNFREEZE: self.life_cycle & ~FROZEN_MARK,
        }
        return CardStatus.DONE, replace(self, life_cycle=marks[order], order_job=job, order=order)

    def tapped(self, kind: RecordType, amount: int, balance: int, time: bytes, terminal: bytes) -> ApplicationState:
        """After a tap that was allowed."""
        counter = self.offline_counter + 1
        record = Record(kind, counter, amount, balance, time, terminal)
        return replace(
            self,
            balance=balance,
            offline_counter=counter,
            latest_date=max(self.latest_date, time[:4]),
            records=pushed(self.records, record),
        )

    def encode(self) -> bytes:
        name = ucs2.encode(self.name)
        head = _HEAD.pack(
            1,
            self.enterprise,
            self.slot,
            self.rights,
            self.cap,
            self.life_cycle,
            self.rsn,
            self.last_amount,
            self.last_job,
            self.balance,
            self.offline_counter,
            self.order_job,
            self.order,
            self.latest_date,
            len(name),
        )
        return head + name + b"".join(record.encode() for record in self.records)

    @classmethod
    def decode(cls, octets: bytes) -> ApplicationState:
        """From what `encode` gave."""
        _, enterprise, slot, rights, cap, *rest, name_octets = _HEAD.unpack_from(octets)
        life_cycle, rsn, last_amount, last_job, balance, offline_counter, order_job, order, latest_date = rest
        at = _HEAD.size + name_octets
        records = tuple(
            Record.decode(octets[begin : begin + RECORD_OCTETS]) for begin in range(at, len(octets), RECORD_OCTETS)
        )
        return cls(
            enterprise,
            slot,
            rights,
            cap,
            ucs2.decode(octets[_HEAD.size : at]),
            life_cycle,
            rsn,
            last_amount,
            last_job,
            balance,
            offline_counter,
            order_job,
            order,
            latest_date,
            records,
        )


def pushed(records: Iterable[Record], newest: Record) -> tuple[Record, ...]:
    """The records after an event: the newest first, ten at most."""
    return (newest, *records)[:RECORDS_KEPT]
