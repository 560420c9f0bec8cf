"""Records of an enterprise application: what was loaded, bought and attended (docs/wire/card-application.md §7)."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

RECORD_OCTETS = 24
RECORDS_KEPT = 10
TIME_OCTETS = 7
TERMINAL_OCTETS = 6
NO_TIME = bytes(TIME_OCTETS)

_LAYOUT = struct.Struct(">BHII7s6s")


class RecordType(IntEnum):
    """First octet of a record."""

    LOAD = 0x01  #: over the air
    PURCHASE = 0x02
    ATTENDANCE = 0x03
    TOP_UP = 0x04  #: at a machine, cash
    DOOR = 0x05


@dataclass(frozen=True, slots=True)
class Record:
    """One event. `counter` and `balance` are those after it, `amount` in fen, `time` YYYYMMDDhhmmss in BCD."""

    type: int
    counter: int
    amount: int
    balance: int
    time: bytes
    terminal: bytes

    def encode(self) -> bytes:
        return _LAYOUT.pack(self.type, self.counter, self.amount, self.balance, self.time, self.terminal)

    @classmethod
    def decode(cls, octets: bytes) -> Record:
        """From exactly 24 octets."""
        kind, counter, amount, balance, time, terminal = _LAYOUT.unpack(octets)
        return cls(kind, counter, amount, balance, time, terminal)


def pushed(records: Iterable[Record], newest: Record) -> tuple[Record, ...]:
    """The records after an event: the newest first, ten at most."""
    return (newest, *records)[:RECORDS_KEPT]


def is_bcd_time(time: bytes) -> bool:
    """Seven octets of decimal digits with a month, day and time of day that exist."""
    if len(time) != TIME_OCTETS or not time.hex().isdigit():
        return False
    month, day, hour, minute, second = (int(octet) for octet in time[2:].hex(" ").split())
    return 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
