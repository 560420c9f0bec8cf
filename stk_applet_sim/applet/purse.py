"""The state of an enterprise application and what a numbered load does to it (docs/wire/card-application.md §6).

Rules only: a state goes in, a verdict and the next state come out. Keys, MACs and memory are enterprise.py's.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag

from .records import NO_TIME, RECORD_OCTETS, Record, RecordType, pushed

DEFAULT_CAP = 100_000  #: fen; a member's purse holds no more unless the enterprise says otherwise
COUNTER_LIMIT = 0xFFFF  #: at this offline counter taps are refused

_HEAD = struct.Struct(">BIBBIBIIIIHIB4sB")


class Rights(IntFlag):
    """What the application is for."""

    DOOR = 0x01
    ATTENDANCE = 0x02
    PURSE = 0x04


class LifeCycle(IntEnum):
    """Life cycle octets; FROZEN and CLOSED are two independent marks."""

    SELECTABLE = 0x07  #: installed, no keys yet
    ACTIVE = 0x0F
    FROZEN = 0x1F
    CLOSED = 0x2F
    CLOSED_FROZEN = 0x3F


_FROZEN_MARK, _CLOSED_MARK = 0x10, 0x20


class Verdict(IntEnum):
    """The status octet of an answer."""

    APPLIED = 0x00
    ALREADY_APPLIED = 0x01
    OLD_RSN_DIFFERS = 0x02
    OVER_CAP = 0x03
    CLOSED = 0x04
    FROZEN = 0x05
    MAC_WRONG = 0x06
    EXPIRED = 0x07


class Order(IntEnum):
    """Administrative orders: P1 of `80 5E`."""

    CLOSE = 0x01
    REOPEN = 0x02
    FREEZE = 0x03
    UNFREEZE = 0x04


@dataclass(frozen=True, slots=True)
class Load:
    """NUMBERED LOAD without its MAC; `valid_until` is YYYYMMDD in BCD, zeros for no limit."""

    old_rsn: int
    rsn: int
    amount: int
    valid_until: bytes
    job: int

    @classmethod
    def decode(cls, octets: bytes) -> Load:
        """From exactly 20 octets."""
        old_rsn, rsn, amount, valid_until, job = struct.unpack(">III4sI", octets)
        return cls(old_rsn, rsn, amount, valid_until, job)


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
        return bool(self.life_cycle & _CLOSED_MARK)

    @property
    def is_frozen(self) -> bool:
        return bool(self.life_cycle & _FROZEN_MARK)

    @property
    def is_deletable(self) -> bool:
        """DELETE would be obeyed."""
        return not self.is_personalised or (self.is_closed and not self.balance)

    def loaded(self, load: Load) -> tuple[Verdict, ApplicationState]:
        """What a load with a good MAC does, in the order of §6.1."""
        if self.rsn and (load.rsn, load.job) == (self.rsn, self.last_job):
            return Verdict.ALREADY_APPLIED, self
        if self.is_closed:
            return Verdict.CLOSED, self
        if self.is_frozen:
            return Verdict.FROZEN, self
        if load.old_rsn != self.rsn or load.rsn <= self.rsn:
            return Verdict.OLD_RSN_DIFFERS, self
        if any(load.valid_until) and load.valid_until < self.latest_date:
            return Verdict.EXPIRED, self
        balance = self.balance + load.amount
        if not self.rights & Rights.PURSE or not 1 <= load.amount <= self.cap or balance > self.cap:
            return Verdict.OVER_CAP, self
        record = Record(
            RecordType.LOAD, self.offline_counter, load.amount, balance, NO_TIME, bytes(2) + load.job.to_bytes(4, "big")
        )
        return Verdict.APPLIED, replace(
            self,
            rsn=load.rsn,
            last_amount=load.amount,
            last_job=load.job,
            balance=balance,
            records=pushed(self.records, record),
        )

    def ordered(self, order: Order, job: int) -> tuple[Verdict, ApplicationState]:
        """What an administrative order with a good MAC does (§6.4)."""
        if (order, job) == (self.order, self.order_job):
            return Verdict.ALREADY_APPLIED, self
        marks = {
            Order.CLOSE: self.life_cycle | _CLOSED_MARK,
            Order.REOPEN: self.life_cycle & ~_CLOSED_MARK,
            Order.FREEZE: self.life_cycle | _FROZEN_MARK,
            Order.UNFREEZE: self.life_cycle & ~_FROZEN_MARK,
        }
        return Verdict.APPLIED, replace(self, life_cycle=marks[order], order_job=job, order=order)

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
        name = self.name.encode("utf-16-be")
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
            octets[_HEAD.size : at].decode("utf-16-be"),
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
