"""The data objects about the ME's state and the network: where, when, which handset, timers, technologies.

TS 102 223 §8 and TS 31.111 §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..errors import BadValue, LocalError
from .core_objects import NumberAddress
from .names import AccessTechnologyName, LocationStatus
from .objects import DataObject, data_object
from .shapes import LatinObject, ListObject, NumberObject, OctetObject, OctetsObject


def _swapped(octets: bytes) -> str:
    """The nibbles of `octets` as hex digits, low half first."""
    plain = octets.hex().upper()
    return "".join([plain[at + 1] + plain[at] for at in range(0, len(plain), 2)])


def _unswapped(nibbles: str, clause: str) -> bytes:
    try:
        return bytes.fromhex("".join([nibbles[at + 1] + nibbles[at] for at in range(0, len(nibbles), 2)]))
    except (ValueError, IndexError) as error:
        raise LocalError("digits in pairs wanted", clause=clause) from error


def _two_digits(octet: int, name: str, clause: str) -> int:
    low, high = octet >> 4, octet & 0xF
    if low > 9 or high > 9:
        raise BadValue(f"{name} {octet:02X} is not two digits", clause=clause)
    return high * 10 + low


def _semi_octet(value: int, name: str, clause: str) -> int:
    if not 0 <= value <= 99:
        raise LocalError(f"{name} {value} is not two digits", clause=clause)
    return value // 10 | value % 10 << 4


def read_plmn(octets: bytes) -> str:
    """MCC and MNC of three octets, "46000" or "310410"; nibbles that are no digits stay as hex letters.

    >>> read_plmn(bytes.fromhex("64F000")), read_plmn(bytes.fromhex("130014"))
    ('46000', '310410')
    """
    nibbles = _swapped(octets)
    mcc, third, mnc = nibbles[:3], nibbles[3], nibbles[4:]
    return mcc + mnc if third == "F" else mcc + mnc + third


def write_plmn(plmn: str, clause: str) -> bytes:
    """The three octets of "46000" or "310410"."""
    if len(plmn) not in (5, 6):
        raise LocalError(f"PLMN {plmn!r} is not five or six digits", clause=clause)
    third = plmn[5] if len(plmn) == 6 else "F"
    return _unswapped(plmn[:3] + third + plmn[3:5], clause)


@data_object(0x13, "location information", "TS 31.111 8.19")
@dataclass(frozen=True, slots=True)
class LocationInformation(DataObject):
    """PLMN, then area and cell, whose sizes tell the technology.

    Area in two octets (LAC, TAC) or three (5G TAC); cell in none, two, four (extended, E-UTRAN) or five octets (NR).
    """

    plmn: str
    area: bytes
    cell: bytes = b""

    @classmethod
    def decode(cls, value: bytes) -> Self:
        areas = {5: 2, 7: 2, 9: 2, 11: 3}
        size = areas.get(len(value))
        if size is None:
            raise BadValue(f"{len(value)} octets", clause=cls.CLAUSE)
        return cls(read_plmn(value[:3]), value[3 : 3 + size], value[3 + size :])

    def encode(self) -> bytes:
        sizes = {(2, 0), (2, 2), (2, 4), (3, 5)}
        if (len(self.area), len(self.cell)) not in sizes:
            raise LocalError(f"area of {len(self.area)}, cell of {len(self.cell)} octets", clause=self.CLAUSE)
        return write_plmn(self.plmn, self.CLAUSE) + self.area + self.cell


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
        nibbles = _swapped(value)
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
        return _unswapped(nibbles, self.CLAUSE)


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


@data_object(0x16, "network measurement results", "TS 31.111 8.22")
class NetworkMeasurementResults(OctetsObject):
    """Measurement report of TS 44.018 §10.5.2.20 or, by qualifier, of TS 25.331 or TS 36.331."""

    __slots__ = ()


@data_object(0x1D, "BCCH channel list", "TS 31.111 8.29")
@dataclass(frozen=True, slots=True)
class BcchChannelList(DataObject):
    """ARFCNs of ten bits each; what is left of the last octet is fill."""

    channels: tuple[int, ...]
    fill: int = 0  #: spare bits at the end, as they came

    @classmethod
    def decode(cls, value: bytes) -> Self:
        count = len(value) * 8 // 10
        spare = len(value) * 8 - count * 10
        bits = int.from_bytes(value, "big")
        fill, bits = bits & (1 << spare) - 1, bits >> spare
        return cls(tuple(bits >> 10 * (count - 1 - at) & 0x3FF for at in range(count)), fill)

    def encode(self) -> bytes:
        if not all(0 <= channel < 1 << 10 for channel in self.channels):
            raise LocalError("an ARFCN has ten bits", clause=self.CLAUSE)
        count = len(self.channels)
        octets = -(-count * 10 // 8)
        spare = octets * 8 - count * 10
        if self.fill >> spare:
            raise LocalError(f"fill {self.fill} is more than {spare} bits", clause=self.CLAUSE)
        bits = 0
        for channel in self.channels:
            bits = bits << 10 | channel
        return (bits << spare | self.fill).to_bytes(octets, "big")


@data_object(0x1A, "cause", "TS 31.111 8.26", required=False)
class Cause(OctetsObject):
    """Cause information element of TS 24.008 §10.5.4.11; empty for a radio link timeout."""

    __slots__ = ()


@data_object(0x1B, "location status", "TS 102 223 8.27")
class LocationStatusObject(OctetObject):
    """Service the ME has."""

    __slots__ = ()
    NAMES: ClassVar = LocationStatus


@data_object(0x1C, "transaction identifier", "TS 102 223 8.28")
class TransactionIdentifiers(ListObject):
    """Transaction identifiers of calls, one octet each (TS 24.007 §11.2.3.1.3)."""

    __slots__ = ()


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
        return cls(*[_two_digits(octet, "timer value", cls.CLAUSE) for octet in value])

    def encode(self) -> bytes:
        return bytes(
            [_semi_octet(value, "timer value", self.CLAUSE) for value in (self.hours, self.minutes, self.seconds)]
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
        year, month, day, hour, minute, second = [_two_digits(octet, "date or time", cls.CLAUSE) for octet in value[:6]]
        zone = None
        if value[6] != 0xFF:
            quarters = _two_digits(value[6] & ~0x08, "time zone", cls.CLAUSE)
            zone = -quarters if value[6] & 0x08 else quarters
        return cls(year, month, day, hour, minute, second, zone)

    def encode(self) -> bytes:
        parts = (self.year, self.month, self.day, self.hour, self.minute, self.second)
        octets = bytes([_semi_octet(value, "date or time", self.CLAUSE) for value in parts])
        if self.zone is None:
            return octets + b"\xff"
        if abs(self.zone) >= 80:
            raise LocalError(f"time zone of {self.zone} quarters", clause=self.CLAUSE)
        return octets + bytes((_semi_octet(abs(self.zone), "time zone", self.CLAUSE) | (self.zone < 0) << 3,))


@data_object(0x2D, "language", "TS 102 223 8.45")
class Language(LatinObject):
    """ISO 639 code of two letters."""

    __slots__ = ()
    SIZE: ClassVar = 2


@data_object(0x2E, "timing advance", "TS 102 223 8.46")
@dataclass(frozen=True, slots=True)
class TimingAdvance(DataObject):
    """ME status (0: idle, 1: not idle) and the timing advance."""

    status: int
    advance: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 2:
            raise BadValue(f"{len(value)} octets instead of 2", clause=cls.CLAUSE)
        return cls(value[0], value[1])

    def encode(self) -> bytes:
        if not (0 <= self.status <= 0xFF and 0 <= self.advance <= 0xFF):
            raise LocalError("status and advance are octets", clause=self.CLAUSE)
        return bytes((self.status, self.advance))


@data_object(0x3F, "access technology", "TS 102 223 8.61")
class AccessTechnology(ListObject):
    """The technology in use, or all of them."""

    __slots__ = ()
    NAMES: ClassVar = AccessTechnologyName


@data_object(0x40, "display parameters", "TS 102 223 8.62")
class DisplayParameters(OctetsObject):
    """Screen height, width and effects: three octets of bits."""

    __slots__ = ()


@data_object(0x46, "ESN", "TS 102 223 8.67")
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


@data_object(0x69, "UTRAN/E-UTRAN measurement qualifier", "TS 31.111 8.73")
class MeasurementQualifier(OctetObject):
    """Which measurements PROVIDE LOCAL INFORMATION wants."""

    __slots__ = ()


@data_object(0x6D, "MEID", "TS 102 223 8.81")
class MobileEquipmentIdentifier(OctetsObject):
    """Eight octets."""

    __slots__ = ()
    SIZE: ClassVar = range(8, 9)


@data_object(0x73, "routing area identification", "TS 31.111 8.91")
@dataclass(frozen=True, slots=True)
class RoutingArea(DataObject):
    """PLMN, location area code, routing area code."""

    plmn: str
    area: int
    routing: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 6:
            raise BadValue(f"{len(value)} octets instead of 6", clause=cls.CLAUSE)
        return cls(read_plmn(value[:3]), int.from_bytes(value[3:5], "big"), value[5])

    def encode(self) -> bytes:
        if not (0 <= self.area <= 0xFFFF and 0 <= self.routing <= 0xFF):
            raise LocalError("area in two octets, routing in one", clause=self.CLAUSE)
        return write_plmn(self.plmn, self.CLAUSE) + self.area.to_bytes(2, "big") + bytes((self.routing,))


@data_object(0x74, "update/attach type", "TS 31.111 8.92")
class UpdateAttachType(OctetObject):
    """Which registration the network refused."""

    __slots__ = ()


@data_object(0x75, "rejection cause code", "TS 31.111 8.93")
class RejectionCause(OctetObject):
    """Cause of TS 24.008 or TS 24.301 for the refusal."""

    __slots__ = ()


@data_object(0x7D, "tracking area identification", "TS 31.111 8.99")
@dataclass(frozen=True, slots=True)
class TrackingArea(DataObject):
    """PLMN and tracking area code: two octets, three in 5G."""

    plmn: str
    area: bytes

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) not in (5, 6):
            raise BadValue(f"{len(value)} octets", clause=cls.CLAUSE)
        return cls(read_plmn(value[:3]), value[3:])

    def encode(self) -> bytes:
        if len(self.area) not in (2, 3):
            raise LocalError(f"area code of {len(self.area)} octets", clause=self.CLAUSE)
        return write_plmn(self.plmn, self.CLAUSE) + self.area


@data_object(0x72, "PLMN with access technology list", "TS 31.111 8.90")
class PlmnAccessTechnologies(OctetsObject):
    """Groups of five octets as in EF.PLMNwAcT."""

    __slots__ = ()


@data_object(0x79, "PLMN list", "TS 31.111 8.97")
@dataclass(frozen=True, slots=True)
class PlmnList(DataObject):
    """PLMNs in the order of the operator's wish."""

    plmns: tuple[str, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) % 3:
            raise BadValue(f"{len(value)} octets are not groups of three", clause=cls.CLAUSE)
        return cls(tuple(read_plmn(value[at : at + 3]) for at in range(0, len(value), 3)))

    def encode(self) -> bytes:
        return b"".join([write_plmn(plmn, self.CLAUSE) for plmn in self.plmns])

    def plain(self) -> Any:
        return self.plmns

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(tuple(plain))


@data_object(0x09, "SS string", "TS 31.111 8.14")
class SsString(NumberAddress):
    """Type of number, then the digits of a supplementary service string (*21*…#)."""

    __slots__ = ()


@data_object(0x0C, "cell broadcast page", "TS 31.111 8.5")
class CellBroadcastPage(OctetsObject):
    """One page of TS 23.041 §9.4.1."""

    __slots__ = ()
    SIZE: ClassVar = range(1, 89)


@data_object(0x27, "call control requested action", "TS 31.111 8.30")
class RequestedAction(OctetsObject):
    """The action the user asked for, where call control changed it."""

    __slots__ = ()


@data_object(0x2A, "BC repeat indicator", "TS 31.111 8.42")
class BcRepeatIndicator(OctetObject):
    """How two bearer capabilities relate (TS 24.008 §10.5.4.22)."""

    __slots__ = ()
