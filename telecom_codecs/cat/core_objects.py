"""The data objects every dialogue meets: details, devices, result, numbers, input, files, SMS.

One class per table of TS 102 223 §8. Texts are in :mod:`.texts`, looks in :mod:`.display_objects`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ..errors import BadValue, LocalError, Truncated
from ..sms.address import Address, decode_semi_octets, encode_semi_octets
from .names import CommandType, Device, Event, TimeUnit, known
from .objects import DataObject, data_object
from .octets import exactly, to_octets
from .results import GeneralResult
from .shapes import ListObject, OctetObject, OctetsObject


@dataclass(frozen=True, slots=True)
class NumberAddress(DataObject):
    """Type of number, then digits; `extension` false where the sender left bit 8 of the first octet clear."""

    number: Address
    extension: bool = field(default=True, compare=True)

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            raise Truncated("no type of number", offset=0, clause=cls.CLAUSE)
        ton, npi = value[0] >> 4 & 7, value[0] & 0xF
        # Digits also under TON 5: TS 102 223 §8.1 knows only the BCD of a dialling number.
        return cls(Address(decode_semi_octets(value[1:], offset=1), ton, npi), value[0] >= 0x80)

    def encode(self) -> bytes:
        number = self.number
        if not (0 <= number.ton <= 7 and 0 <= number.npi <= 15):
            raise LocalError(f"ton {number.ton}, npi {number.npi}", clause=self.CLAUSE)
        first = self.extension << 7 | number.ton << 4 | number.npi
        return bytes((first,)) + encode_semi_octets(number.digits)

    def plain(self) -> Any:
        return self.number

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(plain)

    @property
    def spelling(self) -> object | None:
        return None if self.extension else "no extension bit"

    def respelled(self, spelling: object) -> Self:
        return self if spelling is None else type(self)(self.number, False)


@data_object(0x06, "address", "TS 102 223 8.1")
class DiallingAddress(NumberAddress):
    """The number to call or the service centre. Digits may hold * # and the pause (a)."""

    __slots__ = ()


@data_object(0x07, "capability configuration parameters", "TS 102 223 8.4")
class CapabilityConfiguration(OctetsObject):
    """Bearer capability as in EF.CCP (TS 24.008 §10.5.4.5)."""

    __slots__ = ()


@data_object(0x08, "subaddress", "TS 102 223 8.3")
class Subaddress(OctetsObject):
    """Called party subaddress as in TS 24.008 §10.5.4.8."""

    __slots__ = ()


@data_object(0x01, "command details", "TS 102 223 8.6")
@dataclass(frozen=True, slots=True)
class CommandDetails(DataObject):
    """Which command: its number in the dialogue, its type and its qualifier. TERMINAL RESPONSE repeats them."""

    number: int
    type: int
    qualifier: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        number, kind, qualifier = exactly(value, 3, cls.CLAUSE)
        return cls(number, known(CommandType, kind), qualifier)

    def encode(self) -> bytes:
        return to_octets(self.CLAUSE, self.number, self.type, self.qualifier)


@data_object(0x02, "device identities", "TS 102 223 8.7")
@dataclass(frozen=True, slots=True)
class DeviceIdentities(DataObject):
    """Sender and receiver."""

    source: int
    destination: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        source, destination = exactly(value, 2, cls.CLAUSE)
        return cls(known(Device, source), known(Device, destination))

    def encode(self) -> bytes:
        return to_octets(self.CLAUSE, self.source, self.destination)


@data_object(0x04, "duration", "TS 102 223 8.8")
@dataclass(frozen=True, slots=True)
class Duration(DataObject):
    """1 to 255 minutes, seconds or tenths of seconds."""

    unit: int
    interval: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        unit, interval = exactly(value, 2, cls.CLAUSE)
        return cls(known(TimeUnit, unit), interval)

    def encode(self) -> bytes:
        return to_octets(self.CLAUSE, self.unit, self.interval)

    @classmethod
    def seconds(cls, count: int) -> Self:
        """`count` seconds, in minutes where one octet does not hold them."""
        if 1 <= count <= 0xFF:
            return cls(TimeUnit.SECONDS, count)
        return cls(TimeUnit.MINUTES, -(-count // 60))

    @property
    def in_seconds(self) -> float:
        """Length in seconds; a reserved unit counts as seconds."""
        scale = {TimeUnit.MINUTES: 60.0, TimeUnit.TENTHS: 0.1}
        return self.interval * scale.get(self.unit, 1.0)  # type: ignore[call-overload, no-any-return]


@data_object(0x10, "item identifier", "TS 102 223 8.10")
class ItemIdentifier(OctetObject):
    """The item chosen, or the one to show first."""

    __slots__ = ()


@data_object(0x11, "response length", "TS 102 223 8.11")
@dataclass(frozen=True, slots=True)
class ResponseLength(DataObject):
    """How many characters the user may type; maximum 255 means no limit."""

    minimum: int
    maximum: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        return cls(*exactly(value, 2, cls.CLAUSE))

    def encode(self) -> bytes:
        return to_octets(self.CLAUSE, self.minimum, self.maximum)


@data_object(0x03, "result", "TS 102 223 8.12")
@dataclass(frozen=True, slots=True)
class Result(DataObject):
    """General result and the octets that say more. See :mod:`.results` for what they mean."""

    general: int
    additional: bytes = b""

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            raise Truncated("no general result", offset=0, clause=cls.CLAUSE)
        return cls(known(GeneralResult, value[0]), value[1:])

    def encode(self) -> bytes:
        return to_octets(self.CLAUSE, self.general) + self.additional


@data_object(0x0B, "SMS TPDU", "TS 102 223 8.13")
class SmsTpdu(OctetsObject):
    """A TPDU of TS 23.040; :mod:`telecom_codecs.sms.tpdu` reads it."""

    __slots__ = ()


_MF = b"\x3f\x00"
_CURRENT_ADF = b"\x7f\xff"


def _paths_in(value: bytes) -> tuple[bytes, ...]:
    """The paths behind the count: a path ends where 3F00 starts the next, or 7FFF that does not follow 3F00."""
    paths: list[bytes] = []
    for at in range(1, len(value), 2):
        identifier = value[at : at + 2]
        starts = identifier == _MF or (identifier == _CURRENT_ADF and paths[-1:] != [_MF])
        if starts or not paths:
            paths.append(identifier)
        else:
            paths[-1] += identifier
    return tuple(paths)


@data_object(0x12, "file list", "TS 102 223 8.18")
@dataclass(frozen=True, slots=True)
class FileList(DataObject):
    """Paths of files that changed, each from the MF (3F00) or from the current ADF (7FFF)."""

    paths: tuple[bytes, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value or len(value) % 2 == 0:
            raise BadValue("a count and file identifiers of two octets wanted", clause=cls.CLAUSE)
        paths = _paths_in(value)
        if len(paths) != value[0]:
            raise BadValue(f"{value[0]} files announced, {len(paths)} paths found", offset=0, clause=cls.CLAUSE)
        return cls(paths)

    def encode(self) -> bytes:
        octets = to_octets(self.CLAUSE, len(self.paths)) + b"".join(self.paths)
        if _paths_in(octets) != self.paths:
            raise LocalError("a path starts with 3F00 or 7FFF and holds neither again", clause=self.CLAUSE)
        return octets

    def plain(self) -> Any:
        return self.paths

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(tuple(plain))


@data_object(0x19, "event list", "TS 102 223 8.25")
class EventList(ListObject):
    """Events to report. An empty list cancels the reports."""

    __slots__ = ()
    NAMES: ClassVar = Event


@data_object(0x2C, "DTMF string", "TS 102 223 8.44")
@dataclass(frozen=True, slots=True)
class DtmfString(DataObject):
    """Digits and pauses (a) to send as tones."""

    digits: str

    @classmethod
    def decode(cls, value: bytes) -> Self:
        return cls(decode_semi_octets(value))

    def encode(self) -> bytes:
        return encode_semi_octets(self.digits)

    def plain(self) -> Any:
        return self.digits

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(plain)


@data_object(0x2F, "AID", "TS 102 223 8.60")
class ApplicationIdentifier(OctetsObject):
    """The application meant."""

    __slots__ = ()
    SIZE: ClassVar = range(1, 17)
