"""Commands of channels, other cards, browser, frames, messages and containers — TS 102 223 §6.6 from 6.6.17 on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, ClassVar

from ..address import Address
from ..errors import LocalError
from .channel_objects import (
    ActivateDescriptor,
    AtCommand,
    AttributeInformation,
    BearerDescription,
    BearerList,
    BrowserIdentity,
    BufferSize,
    CardCommand,
    ChannelDataLength,
    ChannelOctets,
    ContactlessState,
    ContainerSequence,
    DeviceFilter,
    EncryptedObjects,
    FrameLayout,
    MessageAuthentication,
    MultimediaContent,
    MultimediaIdentifier,
    MultimediaReference,
    NetworkAccessName,
    OtherAddress,
    ProvisioningFile,
    RemoteEntityAddress,
    SecurityTemplate,
    ServiceRecord,
    ServiceSearchPattern,
    TransportLevel,
    Url,
)
from .core_objects import (
    DeviceIdentities,
    DiallingAddress,
    Duration,
    FileList,
    FrameIdentifier,
    Icon,
    ImmediateResponse,
    Subaddress,
    TextAttribute,
    TextSpan,
)
from .messages import many, maybe, one
from .names import BrowserMode, CommandType, Device, known
from .proactive import Bits, ProactiveCommand, command
from .texts import AlphaIdentifier, TextString

_CHANNEL_0 = 0x20
_READER_0 = 0x10


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedDevice(ProactiveCommand):
    """A command whose destination is one of several devices; `UNIT` names the field, `FIRST` is device number 0."""

    FIRST: ClassVar[int] = 0
    UNIT: ClassVar[str] = ""
    UNITS: ClassVar[range] = range(8)

    def standard_devices(self) -> DeviceIdentities:
        unit = getattr(self, self.UNIT)
        if unit not in self.UNITS:
            raise LocalError(f"{self.NAME}: {self.UNIT} {unit}", clause=self.CLAUSE)
        return DeviceIdentities(Device.UICC, known(Device, self.FIRST + unit))

    def values(self) -> Mapping[str, Any]:
        own = {part.field: getattr(self, part.field) for part in self.PARTS if part.field not in {"details", "devices"}}
        return {"details": self.details, "devices": self.devices or self.standard_devices()} | own

    @classmethod
    def read_devices(cls, devices: DeviceIdentities) -> dict[str, Any]:
        unit = devices.destination - cls.FIRST
        return {cls.UNIT: unit if unit in cls.UNITS else cls.UNITS[0]}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCommand(NumberedDevice):
    """A command to channel 1 to 7."""

    FIRST: ClassVar = _CHANNEL_0
    UNIT: ClassVar = "channel"
    UNITS: ClassVar = range(1, 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCommand(NumberedDevice):
    """A command to additional card reader 0 to 7."""

    FIRST: ClassVar = _READER_0
    UNIT: ClassVar = "reader"


@command(CommandType.PERFORM_CARD_APDU, "TS 102 223 6.6.17", one("apdu", CardCommand))
@dataclass(frozen=True, slots=True)
class PerformCardApdu(ReaderCommand):
    """Send a command to the card in another reader."""

    reader: int
    apdu: bytes


@command(CommandType.POWER_ON_CARD, "TS 102 223 6.6.19")
@dataclass(frozen=True, slots=True)
class PowerOnCard(ReaderCommand):
    """Reset the card in another reader; its ATR comes back."""

    reader: int


@command(CommandType.POWER_OFF_CARD, "TS 102 223 6.6.18")
@dataclass(frozen=True, slots=True)
class PowerOffCard(ReaderCommand):
    """End the session with the card in another reader."""

    reader: int


@command(CommandType.GET_READER_STATUS, "TS 102 223 6.6.20", qualifier=(Bits("identifier", 0x01),))
@dataclass(frozen=True, slots=True)
class GetReaderStatus(ProactiveCommand):
    """State of the readers (destination terminal), or with `identifier` the name of the reader in `devices`."""

    identifier: bool = False


@command(
    CommandType.RUN_AT_COMMAND,
    "TS 102 223 6.6.23",
    maybe("alpha", AlphaIdentifier),
    one("at_command", AtCommand),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
)
@dataclass(frozen=True, slots=True)
class RunAtCommand(ProactiveCommand):
    """Give the ME a line of the AT interface."""

    at_command: str
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.LAUNCH_BROWSER,
    "TS 102 223 6.6.26",
    maybe("browser", BrowserIdentity),
    one("url", Url),
    maybe("bearers", BearerList),
    many("provisioning", ProvisioningFile),
    maybe("gateway", TextString),
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    maybe("network_access_name", NetworkAccessName),
    qualifier=(Bits("mode", 0xFF, BrowserMode),),
)
@dataclass(frozen=True, slots=True)
class LaunchBrowser(ProactiveCommand):
    """Open an address; `alpha` asks the user first."""

    url: str
    mode: int = BrowserMode.LAUNCH_IF_NOT_RUNNING
    browser: int | None = None
    bearers: tuple[int, ...] | None = None
    provisioning: tuple[bytes, ...] = ()
    gateway: str | None = None
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None
    network_access_name: str | None = None


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


@command(
    CommandType.SET_FRAMES,
    "TS 102 223 6.6.35",
    one("frame", FrameIdentifier),
    maybe("layout", FrameLayout),
    maybe("default_frame", FrameIdentifier),
)
@dataclass(frozen=True, slots=True)
class SetFrames(ProactiveCommand):
    """Divide the screen."""

    frame: int
    layout: bytes | None = None
    default_frame: int | None = None


@command(CommandType.GET_FRAMES_STATUS, "TS 102 223 6.6.36")
@dataclass(frozen=True, slots=True)
class GetFramesStatus(ProactiveCommand):
    """The frames and their sizes."""


@command(
    CommandType.RETRIEVE_MULTIMEDIA_MESSAGE,
    "TS 102 223 6.6.37",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    one("reference", MultimediaReference),
    one("file", FileList),
    maybe("content", MultimediaContent),
    maybe("message", MultimediaIdentifier),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
)
@dataclass(frozen=True, slots=True)
class RetrieveMultimediaMessage(ProactiveCommand):
    """Fetch a multimedia message into a file of the card."""

    reference: bytes
    file: tuple[bytes, ...]
    content: bytes | None = None
    message: bytes | None = None
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SUBMIT_MULTIMEDIA_MESSAGE,
    "TS 102 223 6.6.38",
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    one("file", FileList),
    maybe("message", MultimediaIdentifier),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    destination=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class SubmitMultimediaMessage(ProactiveCommand):
    """Send a multimedia message from a file of the card."""

    file: tuple[bytes, ...]
    message: bytes | None = None
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.DISPLAY_MULTIMEDIA_MESSAGE,
    "TS 102 223 6.6.39",
    one("file", FileList),
    one("message", MultimediaIdentifier),
    maybe("immediate_response", ImmediateResponse),
    maybe("frame", FrameIdentifier),
    qualifier=(Bits("high_priority", 0x01), Bits("wait_for_user", 0x80)),
    destination=Device.DISPLAY,
)
@dataclass(frozen=True, slots=True)
class DisplayMultimediaMessage(ProactiveCommand):
    """Show a multimedia message."""

    file: tuple[bytes, ...]
    message: bytes
    high_priority: bool = False
    wait_for_user: bool = False
    immediate_response: bool = False
    frame: int | None = None


@command(CommandType.ACTIVATE, "TS 102 223 6.6.40", one("descriptor", ActivateDescriptor))
@dataclass(frozen=True, slots=True)
class Activate(ProactiveCommand):
    """Activate an interface, such as the one to the contactless front end."""

    descriptor: int


@command(CommandType.CONTACTLESS_STATE_CHANGED, "TS 102 223 6.6.41", one("state", ContactlessState))
@dataclass(frozen=True, slots=True)
class ContactlessStateChanged(ProactiveCommand):
    """The card's contactless side was switched: state 0 disabled, 1 enabled."""

    state: int


@command(
    CommandType.COMMAND_CONTAINER,
    "TS 102 223 6.6.42",
    maybe("sequence", ContainerSequence),
    maybe("mac", MessageAuthentication),
    maybe("encrypted", EncryptedObjects),
)
@dataclass(frozen=True, slots=True)
class CommandContainer(ProactiveCommand):
    """A proactive command for an encapsulated client, ciphered as a whole; unciphered objects stand in `extras`."""

    sequence: ContainerSequence | None = None
    mac: bytes | None = None
    encrypted: bytes | None = None


class EncapsulatedSession(IntEnum):
    """Command qualifier of ENCAPSULATED SESSION CONTROL — TS 102 223 §8.6."""

    END_SESSION = 0x00
    REQUEST_MASTER_SA = 0x01
    REQUEST_CONNECTION_SA = 0x02
    START_SECURE_CONNECTION = 0x03
    CLOSE_SECURE_CONNECTION = 0x04


@command(
    CommandType.ENCAPSULATED_SESSION_CONTROL,
    "TS 102 223 6.6.43",
    maybe("template", SecurityTemplate),
    qualifier=(Bits("control", 0xFF, EncapsulatedSession),),
)
@dataclass(frozen=True, slots=True)
class EncapsulatedSessionControl(ProactiveCommand):
    """Open, secure or end a session with an encapsulated client."""

    control: int
    template: bytes | None = None


@command(CommandType.END_OF_PROACTIVE_SESSION, "TS 102 223 9.4")
@dataclass(frozen=True, slots=True)
class EndOfProactiveSession(ProactiveCommand):
    """Only as a value in a next action indicator; never fetched."""
