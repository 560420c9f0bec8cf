"""The data objects of channels, other cards, browsers, messages and frames — TS 102 223 §8.33 ff., TS 31.111 §8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from ..errors import BadValue, LocalError, Truncated
from .names import AddressType, BearerType, TransportProtocol, known
from .objects import DataObject, data_object
from .shapes import LatinObject, ListObject, NumberObject, OctetObject, OctetsObject

# Other cards and the AT interface


@data_object(0x20, "card reader status", "TS 102 223 8.33")
@dataclass(frozen=True, slots=True)
class CardReaderStatus(DataObject):
    """State of additional card reader 0 to 7."""

    reader: int
    removable: bool = False
    present: bool = False
    accepts_id_1: bool = False
    card_present: bool = False
    card_powered: bool = False

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 1:
            raise BadValue(f"{len(value)} octets instead of 1", clause=cls.CLAUSE)
        flags = [bool(value[0] >> bit & 1) for bit in range(3, 8)]
        return cls(value[0] & 7, *flags)

    def encode(self) -> bytes:
        if not 0 <= self.reader <= 7:
            raise LocalError(f"card reader {self.reader}", clause=self.CLAUSE)
        flags = (self.removable, self.present, self.accepts_id_1, self.card_present, self.card_powered)
        return bytes((self.reader | sum(flag << 3 + at for at, flag in enumerate(flags)),))


@data_object(0x21, "card ATR", "TS 102 223 8.34")
class CardAtr(OctetsObject):
    """Answer to reset of the other card."""

    __slots__ = ()
    SIZE: ClassVar = range(1, 34)


@data_object(0x22, "C-APDU", "TS 102 223 8.35")
class CardCommand(OctetsObject):
    """Command for the other card; :mod:`telecom_codecs.apdu` reads it."""

    __slots__ = ()


@data_object(0x23, "R-APDU", "TS 102 223 8.36")
class CardResponse(OctetsObject):
    """The other card's response."""

    __slots__ = ()


@data_object(0x28, "AT command", "TS 102 223 8.40")
class AtCommand(LatinObject):
    """A command line of the AT interface."""

    __slots__ = ()


@data_object(0x29, "AT response", "TS 102 223 8.41")
class AtResponse(LatinObject):
    """The ME's answer to it."""

    __slots__ = ()


@data_object(0x3A, "card reader identifier", "TS 102 223 8.57")
class CardReaderIdentifier(OctetsObject):
    """Name of a card reader, as its maker coded it."""

    __slots__ = ()


# Browser


@data_object(0x30, "browser identity", "TS 102 223 8.47", required=False)
class BrowserIdentity(OctetObject):
    """Which browser: 0 default, 1 WML, 2 HTML, 3 XHTML, 4 cHTML."""

    __slots__ = ()


@data_object(0x31, "URL", "TS 102 223 8.48", required=False)
class Url(LatinObject):
    """Address to open; empty for the ME's default."""

    __slots__ = ()


@data_object(0x32, "bearer", "TS 102 223 8.49", required=False)
class BearerList(ListObject):
    """Bearers in order of preference: 0 SMS, 1 CSD, 2 USSD, 3 packet data."""

    __slots__ = ()


@data_object(0x33, "provisioning reference file", "TS 102 223 8.50", required=False)
class ProvisioningFile(OctetsObject):
    """Path of a file with settings of the browser."""

    __slots__ = ()


@data_object(0x34, "browser termination cause", "TS 102 223 8.51")
class BrowserTermination(OctetObject):
    """0 the user closed the browser, 1 an error did."""

    __slots__ = ()


# Channels (bearer independent protocol)


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


@data_object(0x45, "service availability", "TS 102 223 8.68")
class ServiceAvailability(OctetsObject):
    """Technology and the services found."""

    __slots__ = ()


@data_object(0x49, "remote entity address", "TS 102 223 8.69")
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


# Frames and multimedia messages


@data_object(0x66, "frame layout", "TS 102 223 8.78")
class FrameLayout(OctetsObject):
    """Direction and sizes of the frames."""

    __slots__ = ()


@data_object(0x67, "frames information", "TS 102 223 8.79")
class FramesInformation(OctetsObject):
    """Default frame and, for each, its size."""

    __slots__ = ()


@data_object(0x6A, "multimedia message reference", "TS 102 223 8.82")
class MultimediaReference(OctetsObject):
    """Reference of the message on its server."""

    __slots__ = ()


@data_object(0x6B, "multimedia message identifier", "TS 102 223 8.83")
class MultimediaIdentifier(OctetsObject):
    """Number of the message in its file."""

    __slots__ = ()


@data_object(0x6C, "multimedia message transfer status", "TS 102 223 8.84")
class MultimediaTransferStatus(OctetsObject):
    """How the transfer went."""

    __slots__ = ()


@data_object(0x6E, "multimedia message content identifier", "TS 102 223 8.85")
class MultimediaContent(OctetsObject):
    """Which part of the message."""

    __slots__ = ()


@data_object(0x6F, "multimedia message notification", "TS 102 223 8.86")
class MultimediaNotification(OctetsObject):
    """Notification as received from the network."""

    __slots__ = ()


@data_object(0x70, "last envelope", "TS 102 223 8.87")
class LastEnvelope(OctetsObject):
    """No more envelopes follow this one; the value is empty."""

    __slots__ = ()
    SIZE: ClassVar = range(1)


# Terminal applications, contactless, containers and 3GPP extras


@data_object(0x71, "registry application data", "TS 102 223 8.88")
class RegistryApplication(OctetsObject):
    """Port, DCS and name of a terminal application."""

    __slots__ = ()


@data_object(0x7A, "broadcast network information", "TS 102 223 8.90")
class BroadcastNetwork(OctetsObject):
    """Technology and location of the broadcast network."""

    __slots__ = ()


@data_object(0x7B, "ACTIVATE descriptor", "TS 102 223 8.89")
class ActivateDescriptor(OctetObject):
    """What to activate: 1 the UICC-CLF interface."""

    __slots__ = ()


@data_object(0x53, "contactless functionality state request", "TS 102 223 8.91")
class ContactlessStateRequest(OctetObject):
    """0 disable, 1 enable."""

    __slots__ = ()


@data_object(0x54, "contactless functionality state", "TS 102 223 8.92")
class ContactlessState(OctetObject):
    """0 disabled, 1 enabled."""

    __slots__ = ()


@data_object(0x48, "CDMA SMS TPDU", "TS 102 223 8.71")
class CdmaSmsTpdu(OctetsObject):
    """A short message of 3GPP2 C.S0015."""

    __slots__ = ()


@data_object(0x55, "CSG cell selection status", "TS 31.111 8.101")
class CsgCellSelection(OctetsObject):
    """Two octets: general information and further cause."""

    __slots__ = ()


@data_object(0x56, "CSG ID", "TS 31.111 8.102")
class CsgIdentifier(OctetsObject):
    """Closed subscriber group of the cell."""

    __slots__ = ()


@data_object(0x57, "HNB name", "TS 31.111 8.103")
class HomeNodeName(OctetsObject):
    """Name of the home cell in UTF-8."""

    __slots__ = ()


@data_object(0x7E, "CSG ID list", "TS 31.111 8.100")
class CsgIdentifierList(OctetsObject):
    """PLMNs with their CSG identifiers and names."""

    __slots__ = ()


@data_object(0x60, "MAC", "TS 102 223 8.100")
class MessageAuthentication(OctetsObject):
    """Check over a secured container."""

    __slots__ = ()


@data_object(0x61, "emergency call object", "TS 31.111 8.104")
class EmergencyCall(OctetsObject):
    """The minimum set of an eCall."""

    __slots__ = ()


@data_object(0x76, "geographical location parameters", "TS 31.111 8.94")
class LocationParameters(OctetsObject):
    """Quality of the position wanted."""

    __slots__ = ()


@data_object(0x77, "GAD shapes", "TS 31.111 8.95")
class GadShape(OctetsObject):
    """Shape and velocity of TS 23.032."""

    __slots__ = ()


@data_object(0x78, "NMEA sentence", "TS 31.111 8.96")
class NmeaSentence(LatinObject):
    """A position as the receiver wrote it."""

    __slots__ = ()


@data_object(0x3B, "application specific refresh data", "TS 102 223 8.107")
class ApplicationRefresh(OctetsObject):
    """What the application asks the ME to refresh."""

    __slots__ = ()


# Second meanings that one command, envelope or event gives to a tag (TS 101 220 table 7.23)


@data_object(0x0F, "eCAT client identity", "TS 101 220 7.2", context=True)
class ClientIdentity(OctetsObject):
    """Which client of the encapsulated toolkit."""

    __slots__ = ()


@data_object(0x10, "encapsulated envelope type", "TS 101 220 7.2", context=True)
class EncapsulatedEnvelopeType(OctetObject):
    """What a container carries."""

    __slots__ = ()


@data_object(0x21, "eCAT sequence number", "TS 102 223 8.98", context=True)
@dataclass(frozen=True, slots=True)
class ContainerSequence(DataObject):
    """Two bits for the direction (0 command, 1 response, 2 and 3 profile container), 22 bits of counter."""

    kind: int
    counter: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 3:
            raise BadValue(f"{len(value)} octets instead of 3", clause=cls.CLAUSE)
        number = int.from_bytes(value, "big")
        return cls(number >> 22, number & 0x3FFFFF)

    def encode(self) -> bytes:
        if not (0 <= self.kind <= 3 and 0 <= self.counter < 1 << 22):
            raise LocalError("direction in two bits, counter in 22", clause=self.CLAUSE)
        return (self.kind << 22 | self.counter).to_bytes(3, "big")


@data_object(0x22, "encrypted TLV list", "TS 102 223 8.99", context=True)
class EncryptedObjects(OctetsObject):
    """Objects of a container, ciphered."""

    __slots__ = ()


@data_object(0x23, "SA template", "TS 102 223 8.101", context=True)
class SecurityTemplate(OctetsObject):
    """What the two ends agree on before they cipher."""

    __slots__ = ()


@data_object(0x3A, "refresh enforcement policy", "TS 102 223 8.103", context=True)
class RefreshEnforcement(OctetObject):
    """Bit 1: refresh even while the user is in a menu; bit 2: even in a data call; bit 3: even in a call."""

    __slots__ = ()


@data_object(0x40, "DNS server address", "TS 102 223 8.104", context=True)
class DnsServerAddress(OtherAddress):
    """Where the ME of this bearer asks for names."""

    __slots__ = ()


@data_object(0x1D, "data connection status", "TS 31.111 8.137", context=True)
class DataConnectionStatus(OctetObject):
    """0 successful, 1 rejected, 2 dropped."""

    __slots__ = ()


@data_object(0x2A, "data connection type", "TS 31.111 8.138", context=True)
class DataConnectionType(OctetObject):
    """0 PDP, 1 PDN, 2 PDU."""

    __slots__ = ()


@data_object(0x2E, "(E/5G)SM cause", "TS 31.111 8.139", context=True)
class SessionCause(OctetObject):
    """Cause of TS 24.008, 24.301 or 24.501 for a session."""

    __slots__ = ()


@data_object(0x0B, "PDP/PDN/PDU type", "TS 31.111 8.142", context=True)
class SessionType(OctetObject):
    """IP version of the session."""

    __slots__ = ()


@data_object(0x31, "IMS URI", "TS 31.111 8.108", context=True)
class ImsUri(LatinObject):
    """Who calls."""

    __slots__ = ()


@data_object(0x73, "URI truncated", "TS 31.111 8.135", context=True)
class UriTruncated(OctetsObject):
    """The IMS URI was too long."""

    __slots__ = ()


@data_object(0x7E, "media type", "TS 31.111 8.132", context=True)
class MediaType(OctetObject):
    """Bit 1 voice, bit 2 video."""

    __slots__ = ()


@data_object(0x55, "IMS call disconnection cause", "TS 31.111 8.133", context=True)
class ImsDisconnection(OctetsObject):
    """Protocol and cause."""

    __slots__ = ()


@data_object(0x57, "extended rejection cause code", "TS 31.111 8.134", context=True)
class ExtendedRejectionCause(OctetsObject):
    """Cause of the 5G network."""

    __slots__ = ()


@data_object(0x09, "PLMN identity", "TS 31.111 8.136", context=True)
class PlmnIdentity(OctetsObject):
    """Network of the closed subscriber group."""

    __slots__ = ()
    SIZE: ClassVar = range(3, 4)


@data_object(0x76, "IARI", "TS 31.111 8.110", context=True)
class ImsApplication(LatinObject):
    """IMS application reference identifier."""

    __slots__ = ()


@data_object(0x77, "IMPU list", "TS 31.111 8.111", context=True)
class PublicIdentities(OctetsObject):
    """Public identities that are registered."""

    __slots__ = ()


@data_object(0x78, "IMS status code", "TS 31.111 8.112", context=True)
class ImsStatus(LatinObject):
    """SIP status code of the registration."""

    __slots__ = ()
