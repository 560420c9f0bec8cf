"""The data objects every dialogue meets: details, devices, result, menus, input, formatting, SMS.

One class per table of TS 102 223 §8, in the order of its clauses. Texts are in :mod:`.texts`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from ..address import Address, decode_semi_octets, encode_semi_octets
from ..errors import BadValue, LocalError, Truncated
from .names import CommandType, Device, Event, TimeUnit, ToneName, known
from .objects import DataObject, data_object
from .results import GeneralResult
from .shapes import ListObject, MarkObject, OctetObject, OctetsObject


def _octets(clause: str, *values: int) -> bytes:
    """The values as octets; LocalError for one that is none."""
    if not all(0 <= value <= 0xFF for value in values):
        raise LocalError(f"{values} are not octets", clause=clause)
    return bytes(values)


def _exactly(value: bytes, count: int, clause: str) -> bytes:
    if len(value) != count:
        raise BadValue(f"{len(value)} octets instead of {count}", clause=clause)
    return value


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
        number, kind, qualifier = _exactly(value, 3, cls.CLAUSE)
        return cls(number, known(CommandType, kind), qualifier)

    def encode(self) -> bytes:
        return _octets(self.CLAUSE, self.number, self.type, self.qualifier)


@data_object(0x02, "device identities", "TS 102 223 8.7")
@dataclass(frozen=True, slots=True)
class DeviceIdentities(DataObject):
    """Sender and receiver."""

    source: int
    destination: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        source, destination = _exactly(value, 2, cls.CLAUSE)
        return cls(known(Device, source), known(Device, destination))

    def encode(self) -> bytes:
        return _octets(self.CLAUSE, self.source, self.destination)


@data_object(0x04, "duration", "TS 102 223 8.8")
@dataclass(frozen=True, slots=True)
class Duration(DataObject):
    """1 to 255 minutes, seconds or tenths of seconds."""

    unit: int
    interval: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        unit, interval = _exactly(value, 2, cls.CLAUSE)
        return cls(known(TimeUnit, unit), interval)

    def encode(self) -> bytes:
        return _octets(self.CLAUSE, self.unit, self.interval)

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
        return cls(*_exactly(value, 2, cls.CLAUSE))

    def encode(self) -> bytes:
        return _octets(self.CLAUSE, self.minimum, self.maximum)


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
        return _octets(self.CLAUSE, self.general) + self.additional


@data_object(0x0B, "SMS TPDU", "TS 102 223 8.13")
class SmsTpdu(OctetsObject):
    """A TPDU of TS 23.040; :mod:`telecom_codecs.sms_tpdu` reads it."""

    __slots__ = ()


@data_object(0x0E, "tone", "TS 102 223 8.16")
class Tone(OctetObject):
    """The tone to play."""

    __slots__ = ()
    NAMES: ClassVar = ToneName


_FILE_HEADS = (b"\x3f\x00", b"\x7f\xff")


@data_object(0x12, "file list", "TS 102 223 8.18")
@dataclass(frozen=True, slots=True)
class FileList(DataObject):
    """Paths of files that changed, each from the MF (3F00) or from the current ADF (7FFF)."""

    paths: tuple[bytes, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value or len(value) % 2 == 0:
            raise BadValue("a count and file identifiers of two octets wanted", clause=cls.CLAUSE)
        paths: list[bytearray] = []
        for at in range(1, len(value), 2):
            identifier = value[at : at + 2]
            starts = identifier == _FILE_HEADS[0] or (
                identifier == _FILE_HEADS[1] and bytes(paths[-1] if paths else b"") != _FILE_HEADS[0]
            )
            if starts or not paths:
                paths.append(bytearray())
            paths[-1] += identifier
        if len(paths) != value[0]:
            raise BadValue(f"{value[0]} files announced, {len(paths)} paths found", offset=0, clause=cls.CLAUSE)
        return cls(tuple(bytes(path) for path in paths))

    def encode(self) -> bytes:
        octets = _octets(self.CLAUSE, len(self.paths)) + b"".join(self.paths)
        if type(self).decode(octets) != self:
            raise LocalError("a path starts with 3F00 or 7FFF", clause=self.CLAUSE)
        return octets

    def plain(self) -> Any:
        return self.paths

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(tuple(plain))


@data_object(0x15, "help request", "TS 102 223 8.21", required=False)
class HelpRequest(MarkObject):
    """The user wants help about the item chosen."""

    __slots__ = ()


@data_object(0x18, "items next action indicator", "TS 102 223 8.24", required=False)
class ItemsNextAction(ListObject):
    """For each item the type of the command that follows when it is chosen; 0 says nothing."""

    __slots__ = ()
    NAMES: ClassVar = CommandType


@data_object(0x19, "event list", "TS 102 223 8.25")
class EventList(ListObject):
    """Events to report. An empty list cancels the reports."""

    __slots__ = ()
    NAMES: ClassVar = Event


@data_object(0x1E, "icon identifier", "TS 102 223 8.31", required=False)
@dataclass(frozen=True, slots=True)
class Icon(DataObject):
    """A record of EF.IMG. `qualifier` bit 1 clear: the icon stands for the text; set: it stands beside the text."""

    identifier: int
    qualifier: int = 0

    @property
    def self_explanatory(self) -> bool:
        """The icon is shown instead of the text."""
        return not self.qualifier & 1

    @classmethod
    def decode(cls, value: bytes) -> Self:
        qualifier, identifier = _exactly(value, 2, cls.CLAUSE)
        return cls(identifier, qualifier)

    def encode(self) -> bytes:
        return _octets(self.CLAUSE, self.qualifier, self.identifier)


@data_object(0x1F, "item icon identifier list", "TS 102 223 8.32", required=False)
@dataclass(frozen=True, slots=True)
class ItemIcons(DataObject):
    """An icon per item, in the order of the items; `qualifier` as for :class:`Icon`."""

    identifiers: tuple[int, ...]
    qualifier: int = 0

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            raise Truncated("no list qualifier", offset=0, clause=cls.CLAUSE)
        return cls(tuple(value[1:]), value[0])

    def encode(self) -> bytes:
        return _octets(self.CLAUSE, self.qualifier, *self.identifiers)


@data_object(0x2B, "immediate response", "TS 102 223 8.43")
class ImmediateResponse(MarkObject):
    """The ME answers at once and keeps showing the text."""

    __slots__ = ()


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


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Formatting of `length` characters from `start` on (length 0: to the end); colour as in TS 23.040 §9.2.3.24.10."""

    start: int
    length: int
    mode: int
    colour: int


@dataclass(frozen=True, slots=True)
class SpanList(DataObject):
    """Formatting in groups of four octets."""

    spans: tuple[TextSpan, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) % 4:
            raise BadValue(f"{len(value)} octets are not groups of four", clause=cls.CLAUSE)
        return cls(tuple(TextSpan(*value[at : at + 4]) for at in range(0, len(value), 4)))

    def encode(self) -> bytes:
        return b"".join([_octets(self.CLAUSE, span.start, span.length, span.mode, span.colour) for span in self.spans])

    def plain(self) -> Any:
        return self.spans

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(tuple(plain))


@data_object(0x50, "text attribute", "TS 102 223 8.72")
class TextAttribute(SpanList):
    """Formatting of the text or alpha identifier before it."""

    __slots__ = ()


@data_object(0x51, "item text attribute list", "TS 102 223 8.73")
class ItemTextAttributes(SpanList):
    """Formatting of each item, in the order of the items."""

    __slots__ = ()


@data_object(0x68, "frame identifier", "TS 102 223 8.80")
class FrameIdentifier(OctetObject):
    """The frame of the screen the text goes to."""

    __slots__ = ()
