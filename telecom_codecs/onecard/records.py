"""Records of an enterprise application: what was loaded, bought and attended — docs/wire/card-application.md §7."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from ..errors import BadValue, LocalError, TrailingOctets, Truncated
from .orders import RECORD_OCTETS

CLAUSE: Final = "docs/wire/card-application.md §7"
RECORDS_KEPT: Final = 10
TIME_OCTETS: Final = 7
TERMINAL_OCTETS: Final = 6
NO_TIME: Final = bytes(TIME_OCTETS)
COUNTER_LIMIT: Final = 0xFFFF  #: at this offline counter taps are refused

_LAYOUT: Final = struct.Struct(">BHII7s6s")
_TIME_AT: Final = 11


class RecordType(IntEnum):
    """First octet of a record."""

    LOAD = 0x01  #: over the air
    PURCHASE = 0x02
    ATTENDANCE = 0x03
    TOP_UP = 0x04  #: at a machine, cash
    DOOR = 0x05


@dataclass(frozen=True, slots=True)
class Record:
    """One event. `counter` and `balance` are those after it, `amount` in fen, `time` YYYYMMDDhhmmss in BCD.

    >>> Record(RecordType.LOAD, 0, 10000, 10000, NO_TIME, bytes(2) + bytes.fromhex("00004711")).job_reference
    18193
    """

    type: int  #: a :class:`RecordType`, or one that only a later version knows
    counter: int
    amount: int
    balance: int
    time: bytes
    terminal: bytes

    @property
    def job_reference(self) -> int | None:
        """The job of a load over the air; None for a tap, whose `terminal` is a terminal."""
        return int.from_bytes(self.terminal[2:], "big") if self.type == RecordType.LOAD else None

    def encode(self) -> bytes:
        """The 24 octets; LocalError for a figure that does not fit or a time that is none."""
        if not _is_time(self.time) or len(self.terminal) != TERMINAL_OCTETS:
            raise LocalError("a record has a time in 7 octets of BCD and a terminal of 6 octets", clause=CLAUSE)
        try:
            return _LAYOUT.pack(self.type, self.counter, self.amount, self.balance, self.time, self.terminal)
        except struct.error as error:
            raise LocalError(f"a figure does not fit its field: {error}", clause=CLAUSE) from None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From exactly 24 octets."""
        if len(octets) != RECORD_OCTETS:
            error = Truncated if len(octets) < RECORD_OCTETS else TrailingOctets
            raise error(f"a record has {RECORD_OCTETS} octets, not {len(octets)}", clause=CLAUSE)
        kind, counter, amount, balance, time, terminal = _LAYOUT.unpack(octets)
        if not _is_time(time):
            raise BadValue("the time is not YYYYMMDDhhmmss in BCD", offset=_TIME_AT, clause=CLAUSE)
        return cls(kind, counter, amount, balance, time, terminal)


def _is_time(time: bytes) -> bool:
    return time == NO_TIME or is_bcd_time(time)


def is_bcd_time(time: bytes) -> bool:
    """Seven octets of decimal digits with a month, day and time of day that exist."""
    if len(time) != TIME_OCTETS or not time.hex().isdigit():
        return False
    month, day, hour, minute, second = (int(octet) for octet in time[2:].hex(" ").split())
    return 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60
