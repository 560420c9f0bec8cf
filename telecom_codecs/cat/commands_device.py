"""Commands to other cards, the AT interface and the browser, and of frames, messages and containers.

TS 102 223 §6.6.17 to §6.6.26 and §6.6.35 ff."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from .channel_objects import NetworkAccessName
from .context_objects import ContainerSequence, EncryptedObjects, SecurityTemplate
from .core_objects import FileList
from .device_objects import AtCommand, BearerList, BrowserIdentity, CardCommand, ProvisioningFile, Url
from .display_objects import FrameIdentifier, Icon, ImmediateResponse, TextAttribute, TextSpan
from .further_objects import (
    ActivateDescriptor,
    ContactlessState,
    FrameLayout,
    MessageAuthentication,
    MultimediaContent,
    MultimediaIdentifier,
    MultimediaReference,
)
from .messages import many, maybe, one
from .names import BrowserMode, CommandType, Device
from .numbered_devices import ReaderCommand
from .proactive import Bits, ProactiveCommand, command
from .texts import AlphaIdentifier, TextString


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
