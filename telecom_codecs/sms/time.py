"""Time in a short message: the service centre time stamp and the three validity periods.

3GPP TS 23.040 §9.2.3.11 and §9.2.3.12. Nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import ClassVar, Final, Self

from ..errors import BadValue, LocalError
from ..octets import Cursor

SCTS_CLAUSE = "TS 23.040 9.2.3.11"
VALIDITY_CLAUSE = "TS 23.040 9.2.3.12"
_CENTURY_TURNS: Final = 90  #: two-digit years 90 to 99 are 1990 to 1999
_QUARTER: Final = 15
_SIGN: Final = 0x08


@dataclass(frozen=True, slots=True)
class Scts:
    """A time stamp to the second with its zone in quarter hours east of Greenwich (China: 32).

    Read fields may be no date (month 50 has been seen): :meth:`moment` is None then.

    >>> Scts(2008, 9, 1, 12, 30, 0, 32).encode().hex()
    '80901021030023'
    """

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int = 0
    quarters: int = 0

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """From an aware time; LocalError for a naive one or a zone that is no whole quarter hour."""
        offset = moment.utcoffset()
        if offset is None:
            raise LocalError("a time stamp needs a time zone", clause=SCTS_CLAUSE)
        quarters, rest = divmod(offset, timedelta(minutes=_QUARTER))
        if rest:
            raise LocalError(f"zone {offset} is no whole number of quarter hours", clause=SCTS_CLAUSE)
        return cls(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, quarters)

    def moment(self) -> datetime | None:
        """The aware time, or None where the fields are no date."""
        try:
            zone = timezone(timedelta(minutes=_QUARTER * self.quarters))
            return datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, tzinfo=zone)
        except ValueError:
            return None

    def encode(self) -> bytes:
        """Seven octets."""
        if not 1900 + _CENTURY_TURNS <= self.year < 2000 + _CENTURY_TURNS or abs(self.quarters) > 79:
            raise LocalError(f"year {self.year} (1990 to 2089), zone {self.quarters} (-79 to 79)", clause=SCTS_CLAUSE)
        fields = (self.year % 100, self.month, self.day, self.hour, self.minute, self.second)
        sign = _SIGN if self.quarters < 0 else 0
        return bytes([_swapped(value) for value in fields]) + bytes((_swapped(abs(self.quarters)) | sign,))

    @classmethod
    def decode(cls, octets: bytes | Cursor) -> Self:
        """From seven octets. A semi-octet that is no digit reads as 0, as the clause asks of a receiver."""
        if not isinstance(octets, Cursor):
            whole = Cursor(octets)
            stamp = cls.decode(whole)
            whole.expect_end("SCTS")
            return stamp
        raw = octets.take(7, "SCTS")
        year, month, day, hour, minute, second = [_unswapped(octet) for octet in raw[:6]]
        quarters = _unswapped(raw[6] & ~_SIGN)
        return cls(
            (1900 if year >= _CENTURY_TURNS else 2000) + year,
            month,
            day,
            hour,
            minute,
            second,
            -quarters if raw[6] & _SIGN else quarters,
        )


def _swapped(value: int) -> int:
    """Two decimal digits, the tens in the low semi-octet."""
    if not 0 <= value <= 99:
        raise LocalError(f"{value} is not two digits", clause=SCTS_CLAUSE)
    return value % 10 << 4 | value // 10


def _unswapped(octet: int) -> int:
    tens, units = octet & 0xF, octet >> 4
    return (tens if tens <= 9 else 0) * 10 + (units if units <= 9 else 0)


@dataclass(frozen=True, slots=True)
class RelativeValidity:
    """One octet of relative validity: steps of 5 minutes, 30 minutes, a day, then a week (§9.2.3.12.1)."""

    octet: int

    LONGEST: ClassVar[timedelta] = timedelta(weeks=63)

    @classmethod
    def of(cls, period: timedelta) -> Self:
        """The shortest period that is not shorter than `period`; LocalError beyond 63 weeks."""
        for octet in range(0x100):
            if cls(octet).period() >= period:
                return cls(octet)
        raise LocalError(f"validity of {period} is longer than 63 weeks", clause=VALIDITY_CLAUSE)

    def period(self) -> timedelta:
        """How long the message is worth delivering."""
        octet = self.octet
        if octet <= 143:
            return timedelta(minutes=(octet + 1) * 5)
        if octet <= 167:
            return timedelta(hours=12, minutes=(octet - 143) * 30)
        if octet <= 196:
            return timedelta(days=octet - 166)
        return timedelta(weeks=octet - 192)

    def encode(self) -> bytes:
        if not 0 <= self.octet <= 0xFF:
            raise LocalError(f"validity {self.octet} is not an octet", clause=VALIDITY_CLAUSE)
        return bytes((self.octet,))


@dataclass(frozen=True, slots=True)
class EnhancedValidity:
    """Seven octets of enhanced validity (§9.2.3.12.3): at most one of the three periods, or none.

    `relative` is as in :class:`RelativeValidity`, `seconds` 1 to 255, `clock` hours, minutes and seconds.
    `single_shot` asks for one attempt only.
    """

    relative: RelativeValidity | None = None
    seconds: int | None = None
    clock: tuple[int, int, int] | None = None
    single_shot: bool = False

    def period(self) -> timedelta | None:
        """How long the message is worth delivering; None where the sender did not say."""
        if self.relative is not None:
            return self.relative.period()
        if self.seconds is not None:
            return timedelta(seconds=self.seconds)
        if self.clock is not None:
            hours, minutes, seconds = self.clock
            return timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return None

    def encode(self) -> bytes:
        if sum(part is not None for part in (self.relative, self.seconds, self.clock)) > 1:
            raise LocalError("more than one validity period", clause=VALIDITY_CLAUSE)
        form, value = 0, b""
        if self.relative is not None:
            form, value = 1, self.relative.encode()
        elif self.seconds is not None:
            if not 1 <= self.seconds <= 0xFF:
                raise LocalError(f"{self.seconds} seconds (1 to 255)", clause=VALIDITY_CLAUSE)
            form, value = 2, bytes((self.seconds,))
        elif self.clock is not None:
            form, value = 3, bytes([_swapped(part) for part in self.clock])
        return (bytes((self.single_shot << 6 | form,)) + value).ljust(7, b"\x00")

    @classmethod
    def decode(cls, cursor: Cursor) -> Self:
        """The next seven octets; reserved forms, extensions and octets other than 00 behind the value are refused."""
        start = cursor.offset
        raw = cursor.take(7, "TP-VP")
        single_shot, form = bool(raw[0] & 0x40), raw[0] & 7
        if raw[0] & 0xB8 or form > 3:
            raise BadValue(f"validity functionality {raw[0]:02X}", offset=start, clause=VALIDITY_CLAUSE)
        width = (0, 1, 1, 3)[form]
        if any(raw[1 + width :]):
            raise BadValue("octets behind the validity are not 00", offset=start + 1 + width, clause=VALIDITY_CLAUSE)
        if form == 1:
            return cls(relative=RelativeValidity(raw[1]), single_shot=single_shot)
        if form == 2:
            if not raw[1]:
                raise BadValue("validity of 0 seconds", offset=start + 1, clause=VALIDITY_CLAUSE)
            return cls(seconds=raw[1], single_shot=single_shot)
        if form == 3:
            hours, minutes, seconds = [_unswapped(octet) for octet in raw[1:4]]
            return cls(clock=(hours, minutes, seconds), single_shot=single_shot)
        return cls(single_shot=single_shot)


Validity = RelativeValidity | Scts | EnhancedValidity
