"""Commands to an enterprise application (TAR 594B0n) — docs/wire/card-application.md §6.1, §6.3, §6.4 and §6.5.

Values and octets only: keys are the caller's. An order takes a function that makes its MAC from what it covers; the
card checks the MAC over the octets that came (:func:`covered_by_mac`), for reserved ones are covered, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from ..card.apdu import CommandApdu
from ..errors import BadValue, LocalError, TrailingOctets, Truncated
from ..octets import Cursor
from .fields import ClauseCursor, known, unsigned
from .macs import MAC_OCTETS

CLAUSE: Final = "docs/wire/card-application.md §6"
CLA: Final = 0x80
NO_LIMIT: Final = bytes(4)  #: valid until: for ever
CHALLENGE_OCTETS: Final = 8
RECORD_OCTETS: Final = 24

#: The last command of a script whose command before it has data both ways (§4).
GET_RESPONSE: Final = CommandApdu(0x00, 0xC0, 0x00, 0x00, le=256)

MakeMac = Callable[[bytes], bytes]


class Order(IntEnum):
    """P1 of an administrative order (§6.4)."""

    CLOSE = 0x01
    REOPEN = 0x02
    FREEZE = 0x03
    UNFREEZE = 0x04


def covered_by_mac(apdu: CommandApdu) -> bytes:
    """What the MAC of an order covers behind AID and ICCID: the header of five octets and the data before the MAC."""
    header = bytes((apdu.cla, apdu.ins, apdu.p1, apdu.p2, len(apdu.data)))
    return header + apdu.data[:-MAC_OCTETS]


def _signed(ins: int, p1: int, p2: int, told: bytes, make_mac: MakeMac) -> CommandApdu:
    unsigned_apdu = CommandApdu(CLA, ins, p1, p2, told + bytes(MAC_OCTETS))
    mac = make_mac(covered_by_mac(unsigned_apdu))
    if len(mac) != MAC_OCTETS:
        raise LocalError(f"a MAC of {len(mac)} octets: {MAC_OCTETS} are wanted", clause=CLAUSE)
    return CommandApdu(CLA, ins, p1, p2, told + mac)


def _cursor(apdu: CommandApdu, ins: int, p1: int, p2: int, length: int) -> Cursor:
    """The data of a command that is the one meant and has the length it must have."""
    if (apdu.cla, apdu.ins, apdu.p1, apdu.p2) != (CLA, ins, p1, p2):
        raise BadValue(f"not the command {CLA:02X} {ins:02X} {p1:02X} {p2:02X}", offset=0, clause=CLAUSE)
    if len(apdu.data) < length:
        raise Truncated(f"data of {len(apdu.data)} octets: {length} are wanted", offset=5, clause=CLAUSE)
    if len(apdu.data) > length:
        raise TrailingOctets(f"data of {len(apdu.data)} octets: {length} are wanted", offset=5 + length, clause=CLAUSE)
    return ClauseCursor(apdu.data, CLAUSE, base=5)


@dataclass(frozen=True, slots=True)
class NumberedLoad:
    """NUMBERED LOAD (§6.1). `valid_until` is YYYYMMDD in BCD, :data:`NO_LIMIT` for none."""

    INS: ClassVar[int] = 0x5A
    P1_P2: ClassVar[tuple[int, int]] = (0x00, 0x01)
    LENGTH: ClassVar[int] = 28

    old_rsn: int  #: what the platform believes the card has
    rsn: int
    amount_fen: int
    job_reference: int
    valid_until: bytes = NO_LIMIT

    def apdu(self, make_mac: MakeMac) -> CommandApdu:
        if len(self.valid_until) != 4 or not self.valid_until.hex().isdigit():
            raise LocalError("valid until: YYYYMMDD in BCD", clause=CLAUSE)
        told = (
            unsigned(self.old_rsn, 4, "old RSN", CLAUSE)
            + unsigned(self.rsn, 4, "RSN", CLAUSE)
            + unsigned(self.amount_fen, 4, "amount", CLAUSE)
            + self.valid_until
            + unsigned(self.job_reference, 4, "job reference", CLAUSE)
        )
        return _signed(self.INS, *self.P1_P2, told, make_mac)

    @classmethod
    def decode(cls, apdu: CommandApdu) -> tuple[Self, bytes]:
        """The load and its MAC, which the caller checks."""
        cursor = _cursor(apdu, cls.INS, *cls.P1_P2, cls.LENGTH)
        old_rsn, rsn, amount = cursor.u32("old RSN"), cursor.u32("RSN"), cursor.u32("amount")
        valid_until = cursor.take(4, "valid until")
        if not valid_until.hex().isdigit():
            raise BadValue("valid until: YYYYMMDD in BCD", offset=17, clause=CLAUSE)
        return cls(old_rsn, rsn, amount, cursor.u32("job reference"), valid_until), cursor.rest()


@dataclass(frozen=True, slots=True)
class Query:
    """QUERY (§6.3): the TAC of its answer covers the challenge of 8 octets."""

    INS: ClassVar[int] = 0x5C
    P1_P2: ClassVar[tuple[int, int]] = (0x00, 0x01)
    LENGTH: ClassVar[int] = CHALLENGE_OCTETS

    challenge: bytes

    def apdu(self) -> CommandApdu:
        if len(self.challenge) != CHALLENGE_OCTETS:
            raise LocalError(f"a challenge has {CHALLENGE_OCTETS} octets", clause=CLAUSE)
        return CommandApdu(CLA, self.INS, *self.P1_P2, self.challenge)

    @classmethod
    def decode(cls, apdu: CommandApdu) -> Self:
        return cls(_cursor(apdu, cls.INS, *cls.P1_P2, cls.LENGTH).rest())


@dataclass(frozen=True, slots=True)
class Administration:
    """CLOSE, REOPEN, FREEZE, UNFREEZE (§6.4), idempotent by the job reference."""

    INS: ClassVar[int] = 0x5E
    P2: ClassVar[int] = 0x00
    LENGTH: ClassVar[int] = 16

    order: Order
    job_reference: int

    def apdu(self, make_mac: MakeMac) -> CommandApdu:
        told = unsigned(self.job_reference, 4, "job reference", CLAUSE) + bytes(4)
        return _signed(self.INS, self.order, self.P2, told, make_mac)

    @classmethod
    def decode(cls, apdu: CommandApdu) -> tuple[Self, bytes]:
        """The order and its MAC, which the caller checks. The reserved octets are ignored, as for every receiver."""
        order = known(Order, apdu.p1, "order", 2, CLAUSE)
        cursor = _cursor(apdu, cls.INS, order, cls.P2, cls.LENGTH)
        reference = cursor.u32("job reference")
        cursor.take(4, "reserved")
        return cls(order, reference), cursor.rest()


@dataclass(frozen=True, slots=True)
class ReadRecord:
    """READ RECORD (§6.5): record `number`, 1 the newest."""

    CLA: ClassVar[int] = 0x00
    INS: ClassVar[int] = 0xB2
    P2: ClassVar[int] = 0x04

    number: int

    def apdu(self) -> CommandApdu:
        p1 = unsigned(self.number, 1, "record number", CLAUSE)[0]
        return CommandApdu(self.CLA, self.INS, p1, self.P2, le=RECORD_OCTETS)
