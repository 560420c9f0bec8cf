"""The data objects of channels (bearer independent protocol) and local services — TS 102 223 §8.52 ff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from ..errors import BadValue, LocalError, Truncated
from .names import AddressType, BearerType, TransportProtocol, known
from .objects import DataObject, data_object
from .shapes import NumberObject, OctetObject, OctetsObject


@data_object(0x35, "bearer description", "TS 102 223 8.52")
@dataclass(frozen=True, slots=True)
class BearerDescription(DataObject):
    """Bearer type and its parameters, whose structure belongs to the type (TS 31.111 §8.52)."""

    type: int
    parameters: bytes = b""

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            raise Truncated("no bearer type", offset=0, clause=cls.CLAUSE)
        return cls(known(BearerType, value[0]), value[1:])

    def encode(self) -> bytes:
        if not 0 <= self.type <= 0xFF:
            raise LocalError(f"bearer type {self.type}", clause=self.CLAUSE)
        return bytes((self.type,)) + self.parameters


@data_object(0x36, "channel data", "TS 102 223 8.53")
class ChannelOctets(OctetsObject):
    """What goes through the channel."""

    __slots__ = ()


@data_object(0x37, "channel data length", "TS 102 223 8.54")
class ChannelDataLength(OctetObject):
    """Octets wanted or waiting; 255 means 255 or more."""

    __slots__ = ()


@data_object(0x38, "channel status", "TS 102 223 8.56")
@dataclass(frozen=True, slots=True)
class ChannelStatus(DataObject):
    """State of a channel. `state` and `further` depend on the kind of channel; bit 8 of the first octet is the link."""

    channel: int
    established: bool = False
    state: int = 0  #: bits 4-7 of the first octet (bit 7: TCP server listening)
    further: int = 0  #: 0 nothing further, 5 link dropped

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 2:
            raise BadValue(f"{len(value)} octets instead of 2", clause=cls.CLAUSE)
        return cls(value[0] & 7, value[0] >= 0x80, value[0] >> 3 & 0xF, value[1])

    def encode(self) -> bytes:
        if not (0 <= self.channel <= 7 and 0 <= self.state <= 0xF and 0 <= self.further <= 0xFF):
            raise LocalError("channel 0 to 7, state in four bits, further in an octet", clause=self.CLAUSE)
        return bytes((self.channel | self.state << 3 | self.established << 7, self.further))


@data_object(0x39, "buffer size", "TS 102 223 8.55")
class BufferSize(NumberObject):
    """Octets a channel's buffer holds."""

    __slots__ = ()


@data_object(0x3C, "UICC/terminal interface transport level", "TS 102 223 8.59")
@dataclass(frozen=True, slots=True)
class TransportLevel(DataObject):
    """Transport protocol and port."""

    protocol: int
    port: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 3:
            raise BadValue(f"{len(value)} octets instead of 3", clause=cls.CLAUSE)
        return cls(known(TransportProtocol, value[0]), int.from_bytes(value[1:], "big"))

    def encode(self) -> bytes:
        if not (0 <= self.protocol <= 0xFF and 0 <= self.port <= 0xFFFF):
            raise LocalError(f"protocol {self.protocol}, port {self.port}", clause=self.CLAUSE)
        return bytes((self.protocol,)) + self.port.to_bytes(2, "big")


@data_object(0x3E, "other address", "TS 102 223 8.58")
@dataclass(frozen=True, slots=True)
class OtherAddress(DataObject):
    """An IP address. Without type and octets it asks for a dynamic one."""

    type: int | None
    octets: bytes = b""

    @classmethod
    def ipv4(cls, text: str) -> Self:
        """From "1.2.3.4"."""
        try:
            return cls(AddressType.IPV4, bytes([int(part) for part in text.split(".")]))
        except ValueError as error:
            raise LocalError("four numbers below 256 wanted", clause=cls.CLAUSE) from error

    @property
    def text(self) -> str:
        """ "1.2.3.4", or groups of four hex digits for IPv6."""
        if self.type == AddressType.IPV4:
            return ".".join(str(octet) for octet in self.octets)
        return self.octets.hex(":", 2)

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if not value:
            return cls(None)
        sizes = {AddressType.IPV4: 4, AddressType.IPV6: 16}
        kind = known(AddressType, value[0])
        if isinstance(kind, AddressType) and len(value) - 1 != sizes[kind]:
            raise BadValue(f"{kind.name} of {len(value) - 1} octets", clause=cls.CLAUSE)
        return cls(kind, value[1:])

    def encode(self) -> bytes:
        if self.type is None:
            if self.octets:
                raise LocalError("an address needs its type", clause=self.CLAUSE)
            return b""
        if not 0 <= self.type <= 0xFF:
            raise LocalError(f"address type {self.type}", clause=self.CLAUSE)
        octets = bytes((self.type,)) + self.octets
        sizes: dict[int, int] = {AddressType.IPV4: 5, AddressType.IPV6: 17}
        if len(octets) != sizes.get(self.type, len(octets)):
            raise LocalError(f"address of {len(self.octets)} octets", clause=self.CLAUSE)
        return octets


@data_object(0x47, "network access name", "TS 102 223 8.70")
@dataclass(frozen=True, slots=True)
class NetworkAccessName(DataObject):
    """Labels of an APN, each after its length as in TS 23.003 §9.1. A field holds the name with dots."""

    labels: tuple[str, ...]

    @classmethod
    def decode(cls, value: bytes) -> Self:
        labels: list[str] = []
        at = 0
        while at < len(value):
            end = at + 1 + value[at]
            if end > len(value):
                raise Truncated(f"label of {value[at]} octets", offset=at, clause=cls.CLAUSE)
            label = value[at + 1 : end]
            if b"." in label or (not label and len(value) > 1):
                raise BadValue("empty label or dot in a label", offset=at, clause=cls.CLAUSE)
            labels.append(label.decode("latin-1"))
            at = end
        return cls(tuple(labels))

    def encode(self) -> bytes:
        octets = bytearray()
        for label in self.labels:
            try:
                coded = label.encode("latin-1")
            except UnicodeEncodeError as error:
                raise LocalError("label is not Latin", clause=self.CLAUSE) from error
            if len(coded) > 0xFF:
                raise LocalError(f"label of {len(coded)} octets", clause=self.CLAUSE)
            octets += bytes((len(coded),)) + coded
        return bytes(octets)

    def plain(self) -> Any:
        return ".".join(self.labels)

    @classmethod
    def of(cls, plain: Any) -> Self:
        return plain if isinstance(plain, cls) else cls(tuple(plain.split(".")))

    @property
    def spelling(self) -> object | None:
        return None if self.labels else "no label"

    def respelled(self, spelling: object) -> Self:
        return type(self)(()) if self.labels == ("",) else self


@data_object(0x41, "service record", "TS 102 223 8.63")
class ServiceRecord(OctetsObject):
    """Local bearer technology, service and its record."""

    __slots__ = ()


@data_object(0x42, "device filter", "TS 102 223 8.64")
class DeviceFilter(OctetsObject):
    """Technology and filter of a service search."""

    __slots__ = ()


@data_object(0x43, "service search", "TS 102 223 8.65")
class ServiceSearchPattern(OctetsObject):
    """Technology and search pattern."""

    __slots__ = ()


@data_object(0x44, "attribute information", "TS 102 223 8.66")
class AttributeInformation(OctetsObject):
    """Technology and attributes of a service."""

    __slots__ = ()


@data_object(0x45, "service availability", "TS 102 223 8.67")
class ServiceAvailability(OctetsObject):
    """Technology and the services found."""

    __slots__ = ()


@data_object(0x49, "remote entity address", "TS 102 223 8.68")
class RemoteEntityAddress(OctetsObject):
    """Coding type and address of a device near by."""

    __slots__ = ()


@data_object(0x4A, "I-WLAN identifier", "TS 31.111 8.83")
class WlanIdentifier(OctetsObject):
    """WSID."""

    __slots__ = ()


@data_object(0x4B, "I-WLAN access status", "TS 31.111 8.84")
class WlanAccessStatus(OctetObject):
    """State of the access."""

    __slots__ = ()


@data_object(0x52, "PDP context activation parameters", "TS 31.111 8.72")
class PdpActivation(OctetsObject):
    """ACTIVATE PDP CONTEXT REQUEST of TS 24.008."""

    __slots__ = ()


@data_object(0x7C, "EPS PDN connection activation parameters", "TS 31.111 8.98")
class PdnActivation(OctetsObject):
    """PDN CONNECTIVITY REQUEST of TS 24.301."""

    __slots__ = ()
