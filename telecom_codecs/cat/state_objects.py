"""The data objects about the ME's own state: timers, clock, handset, language, display — TS 102 223 §8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from ..errors import BadValue, LocalError
from .digits import semi_octet, swapped, two_digits, unswapped
from .objects import DataObject, data_object
from .shapes import LatinObject, NumberObject, OctetObject, OctetsObject


@dataclass(frozen=True, slots=True)
class EquipmentNumber(DataObject):
    """Digits in swapped nibbles after a type nibble, F at the end of an even count (TS 24.008 §10.5.1.4)."""

    KIND: ClassVar[int] = 2  #: type of identity, bits 3-1 of the first octet
    SIZE: ClassVar[int] = 8

    digits: str

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != cls.SIZE:
            raise BadValue(f"{len(value)} octets instead of {cls.SIZE}", clause=cls.CLAUSE)
        nibbles = swapped(value)
        digits = nibbles[1:].removesuffix("F")
        if not digits.isdecimal() or int(nibbles[0], 16) != (cls.KIND | len(digits) % 2 << 3):
            raise BadValue("digits do not follow their type", clause=cls.CLAUSE)
        return cls(digits)

    def encode(self) -> bytes:
        if not (self.digits.isascii() and self.digits.isdecimal()):
            raise LocalError("digits wanted", clause=self.CLAUSE)
        odd = len(self.digits) % 2
        nibbles = f"{self.KIND | odd << 3:X}{self.digits}" + ("" if odd else "F")
        if len(nibbles) != 2 * self.SIZE:
            raise LocalError(f"{len(self.digits)} digits", clause=self.CLAUSE)
        return unswapped(nibbles, self.CLAUSE)


@data_object(0x14, "IMEI", "TS 102 223 8.20")
class Imei(EquipmentNumber):
    """15 digits."""

    __slots__ = ()


@data_object(0x62, "IMEISV", "TS 102 223 8.74")
class ImeiSv(EquipmentNumber):
    """16 digits."""

    __slots__ = ()
    KIND: ClassVar = 3
    SIZE: ClassVar = 9


@data_object(0x24, "timer identifier", "TS 102 223 8.37")
class TimerIdentifier(OctetObject):
    """Timer 1 to 8."""

    __slots__ = ()


@data_object(0x25, "timer value", "TS 102 223 8.38")
@dataclass(frozen=True, slots=True)
class TimerValue(DataObject):
    """Hours, minutes, seconds in swapped digits."""

    hours: int
    minutes: int
    seconds: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 3:
            raise BadValue(f"{len(value)} octets instead of 3", clause=cls.CLAUSE)
        return cls(*[two_digits(octet, "timer value", cls.CLAUSE) for octet in value])

    def encode(self) -> bytes:
        return bytes(
            [semi_octet(value, "timer value", self.CLAUSE) for value in (self.hours, self.minutes, self.seconds)]
        )

    @classmethod
    def of_seconds(cls, seconds: int) -> Self:
        """The value for a number of seconds below 100 hours."""
        minutes, rest = divmod(seconds, 60)
        return cls(minutes // 60, minutes % 60, rest)

    @property
    def in_seconds(self) -> int:
        """The whole length in seconds."""
        return (self.hours * 60 + self.minutes) * 60 + self.seconds


@data_object(0x26, "date-time and time zone", "TS 102 223 8.39")
@dataclass(frozen=True, slots=True)
class DateTimeZone(DataObject):
    """Local time; `zone` in quarters of an hour east of Greenwich, None when the ME does not know it."""

    year: int  #: two digits
    month: int
    day: int
    hour: int
    minute: int
    second: int
    zone: int | None

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 7:
            raise BadValue(f"{len(value)} octets instead of 7", clause=cls.CLAUSE)
        year, month, day, hour, minute, second = [two_digits(octet, "date or time", cls.CLAUSE) for octet in value[:6]]
        zone = None
        if value[6] != 0xFF:
            quarters = two_digits(value[6] & ~0x08, "time zone", cls.CLAUSE)
            zone = -quarters if value[6] & 0x08 else quarters
        return cls(year, month, day, hour, minute, second, zone)

    def encode(self) -> bytes:
        parts = (self.year, self.month, self.day, self.hour, self.minute, self.second)
        octets = bytes([semi_octet(value, "date or time", self.CLAUSE) for value in parts])
        if self.zone is None:
            return octets + b"\xff"
        if abs(self.zone) >= 80:
            raise LocalError(f"time zone of {self.zone} quarters", clause=self.CLAUSE)
        return octets + bytes((semi_octet(abs(self.zone), "time zone", self.CLAUSE) | (self.zone < 0) << 3,))


@data_object(0x2D, "language", "TS 102 223 8.45")
class Language(LatinObject):
    """ISO 639 code of two letters."""

    __slots__ = ()
    SIZE: ClassVar = 2


@data_object(0x40, "display parameters", "TS 102 223 8.62")
class DisplayParameters(OctetsObject):
    """Screen height, width and effects: three octets of bits."""

    __slots__ = ()


@data_object(0x46, "ESN", "TS 102 223 8.69")
class ElectronicSerialNumber(NumberObject):
    """Serial number of a TIA handset."""

    __slots__ = ()
    WIDTH: ClassVar = 4


@data_object(0x63, "battery state", "TS 102 223 8.76")
class BatteryState(OctetObject):
    """0 empty, 1 to 3 levels, 4 full."""

    __slots__ = ()


@data_object(0x64, "browsing status", "TS 102 223 8.77")
class BrowsingStatus(OctetsObject):
    """Browser error code."""

    __slots__ = ()


@data_object(0x65, "network search mode", "TS 102 223 8.75")
class NetworkSearchMode(OctetObject):
    """0 manual, 1 automatic."""

    __slots__ = ()


@data_object(0x6D, "MEID", "TS 102 223 8.81")
class MobileEquipmentIdentifier(OctetsObject):
    """Eight octets."""

    __slots__ = ()
    SIZE: ClassVar = range(8, 9)
