"""Commands of channels and local services — TS 102 223 §6.6.27 to §6.6.34."""

from __future__ import annotations

from dataclasses import dataclass

from ..sms.address import Address
from .channel_objects import (
    AttributeInformation,
    BearerDescription,
    BufferSize,
    ChannelDataLength,
    ChannelOctets,
    DeviceFilter,
    NetworkAccessName,
    OtherAddress,
    RemoteEntityAddress,
    ServiceRecord,
    ServiceSearchPattern,
    TransportLevel,
)
from .core_objects import DiallingAddress, Duration, Subaddress
from .display_objects import FrameIdentifier, Icon, TextAttribute, TextSpan
from .messages import maybe, one
from .names import CommandType
from .numbered_devices import ChannelCommand
from .proactive import Bits, ProactiveCommand, command
from .texts import AlphaIdentifier, TextString


@command(
    CommandType.OPEN_CHANNEL,
    "TS 102 223 6.6.27",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    maybe("address", DiallingAddress),
    maybe("subaddress", Subaddress),
    maybe("duration", Duration),
    maybe("second_duration", Duration),
    maybe("bearer", BearerDescription),
    maybe("buffer_size", BufferSize),
    maybe("network_access_name", NetworkAccessName),
    maybe("local_address", OtherAddress),
    maybe("login", TextString),
    maybe("password", TextString),
    maybe("transport", TransportLevel),
    maybe("destination_address", OtherAddress),
    maybe("remote_entity", RemoteEntityAddress),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(
        Bits("immediate", 0x01),
        Bits("automatic_reconnection", 0x02),
        Bits("background", 0x04),
        Bits("dns_request", 0x08),
    ),
)
@dataclass(frozen=True, slots=True)
class OpenChannel(ProactiveCommand):
    """Open a channel over CSD, packet data, a local bearer, or for a server of the UICC."""

    bearer: BearerDescription | None = None
    buffer_size: int | None = None
    transport: TransportLevel | None = None
    destination_address: OtherAddress | None = None
    local_address: OtherAddress | None = None
    network_access_name: str | None = None
    login: str | None = None
    password: str | None = None
    immediate: bool = False
    automatic_reconnection: bool = False
    background: bool = False
    dns_request: bool = False
    address: Address | None = None
    subaddress: bytes | None = None
    duration: Duration | None = None
    second_duration: Duration | None = None
    remote_entity: bytes | None = None
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.CLOSE_CHANNEL,
    "TS 102 223 6.6.28",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(Bits("keep_listening", 0x01),),
)
@dataclass(frozen=True, slots=True)
class CloseChannel(ChannelCommand):
    """Close a channel; a TCP server may keep listening."""

    channel: int
    keep_listening: bool = False
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.RECEIVE_DATA,
    "TS 102 223 6.6.29",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    one("length", ChannelDataLength),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
)
@dataclass(frozen=True, slots=True)
class ReceiveData(ChannelCommand):
    """Bring octets that arrived."""

    channel: int
    length: int
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SEND_DATA,
    "TS 102 223 6.6.30",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    one("octets", ChannelOctets),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(Bits("immediate", 0x01),),
)
@dataclass(frozen=True, slots=True)
class SendData(ChannelCommand):
    """Store octets in the buffer; `immediate` sends the buffer."""

    channel: int
    octets: bytes
    immediate: bool = False
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(CommandType.GET_CHANNEL_STATUS, "TS 102 223 6.6.31")
@dataclass(frozen=True, slots=True)
class GetChannelStatus(ProactiveCommand):
    """State of every open channel."""


@command(
    CommandType.SERVICE_SEARCH,
    "TS 102 223 6.6.32",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    one("pattern", ServiceSearchPattern),
    maybe("filter", DeviceFilter),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
)
@dataclass(frozen=True, slots=True)
class ServiceSearch(ProactiveCommand):
    """Look for a service near by."""

    pattern: bytes
    filter: bytes | None = None
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.GET_SERVICE_INFORMATION,
    "TS 102 223 6.6.33",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    one("attributes", AttributeInformation),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
)
@dataclass(frozen=True, slots=True)
class GetServiceInformation(ProactiveCommand):
    """The record of a service found."""

    attributes: bytes
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.DECLARE_SERVICE,
    "TS 102 223 6.6.34",
    one("record", ServiceRecord),
    maybe("transport", TransportLevel),
    qualifier=(Bits("remove", 0x01),),
)
@dataclass(frozen=True, slots=True)
class DeclareService(ProactiveCommand):
    """Add a service of the card to the ME's list, or remove it."""

    record: bytes
    transport: TransportLevel | None = None
    remove: bool = False
