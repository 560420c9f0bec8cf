"""The data objects about the network: where, what was measured, what was refused, what call control sees.

TS 102 223 §8 and TS 31.111 §8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..errors import BadValue, LocalError
from .core_objects import NumberAddress
from .digits import swapped, unswapped
from .names import AccessTechnologyName, LocationStatus
from .objects import DataObject, data_object
from .shapes import ListObject, OctetObject, OctetsObject


def read_plmn(octets: bytes) -> str:
    """MCC and MNC of three octets, "46000" or "310410"; nibbles that are no digits stay as hex letters.

    BadValue for another number of octets.

    >>> read_plmn(bytes.fromhex("64F000")), read_plmn(bytes.fromhex("130014"))
    ('46000', '310410')
    """
    if len(octets) != 3:
        raise BadValue(f"a PLMN of {len(octets)} octets", clause="TS 24.008 10.5.1.13")
    nibbles = swapped(octets)
    mcc, third, mnc = nibbles[:3], nibbles[3], nibbles[4:]
    return mcc + mnc if third == "F" else mcc + mnc + third


def write_plmn(plmn: str, clause: str) -> bytes:
    """The three octets of "46000" or "310410"."""
    if len(plmn) not in (5, 6):
        raise LocalError(f"PLMN {plmn!r} is not five or six digits", clause=clause)
    third = plmn[5] if len(plmn) == 6 else "F"
    return unswapped(plmn[:3] + third + plmn[3:5], clause)


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
        if len(value) % 5 == 1:
            raise BadValue("an octet that begins no further ARFCN", offset=len(value) - 1, clause=cls.CLAUSE)
        channels: list[int] = []
        spare = bits = 0
        for at in range(0, len(value), 5):  # four ARFCNs fill five octets
            group = value[at : at + 5]
            count, spare = divmod(len(group) * 8, 10)
            bits = int.from_bytes(group, "big")
            channels += [bits >> spare + 10 * (count - 1 - place) & 0x3FF for place in range(count)]
        return cls(tuple(channels), bits & (1 << spare) - 1)

    def encode(self) -> bytes:
        if not all(0 <= channel < 1 << 10 for channel in self.channels):
            raise LocalError("an ARFCN has ten bits", clause=self.CLAUSE)
        spare = -len(self.channels) * 10 % 8
        if self.fill >> spare:
            raise LocalError(f"fill {self.fill} is more than {spare} bits", clause=self.CLAUSE)
        groups: list[bytes] = []
        for at in range(0, len(self.channels), 4):
            group = self.channels[at : at + 4]
            bits = 0
            for channel in group:
                bits = bits << 10 | channel
            spare = -len(group) * 10 % 8
            fill = self.fill if at + 4 >= len(self.channels) else 0
            groups.append((bits << spare | fill).to_bytes((len(group) * 10 + spare) // 8, "big"))
        return b"".join(groups)


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


@data_object(0x69, "UTRAN/E-UTRAN measurement qualifier", "TS 31.111 8.73")
class MeasurementQualifier(OctetObject):
    """Which measurements PROVIDE LOCAL INFORMATION wants."""

    __slots__ = ()


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
