"""Commands about the card's own business and the network: refresh, polling, events, calls, SMS, timers.

TS 102 223 §6.6 and TS 31.111 §6.6.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..sms.address import Address
from .context_objects import RefreshEnforcement
from .core_objects import (
    ApplicationIdentifier,
    CapabilityConfiguration,
    DiallingAddress,
    DtmfString,
    Duration,
    EventList,
    FileList,
    SmsTpdu,
    Subaddress,
)
from .display_objects import FrameIdentifier, Icon, TextAttribute, TextSpan
from .further_objects import ApplicationRefresh, LocationParameters
from .messages import maybe, one
from .names import CallMode, CommandType, Device, LocalInformation, RefreshMode, TimerAction
from .network_objects import MeasurementQualifier, PlmnAccessTechnologies, PlmnList, SsString
from .proactive import Bits, ProactiveCommand, command
from .state_objects import Language, TimerIdentifier, TimerValue
from .texts import AlphaIdentifier, UssdString


@command(
    CommandType.REFRESH,
    "TS 102 223 6.6.13",
    maybe("files", FileList),
    maybe("aid", ApplicationIdentifier),
    maybe("alpha", AlphaIdentifier),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    maybe("plmns", PlmnAccessTechnologies),
    maybe("enforcement", RefreshEnforcement),
    maybe("application", ApplicationRefresh),
    maybe("plmn_list", PlmnList),
    qualifier=(Bits("mode", 0xFF, RefreshMode),),
)
@dataclass(frozen=True, slots=True)
class RefreshCommand(ProactiveCommand):
    """Files changed or an application restarts: the ME reads again what it cached."""

    mode: int
    files: tuple[bytes, ...] | None = None
    aid: bytes | None = None
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None
    plmns: bytes | None = None
    enforcement: int | None = None
    application: bytes | None = None
    plmn_list: tuple[str, ...] | None = None


@command(CommandType.POLL_INTERVAL, "TS 102 223 6.6.6", one("interval", Duration))
@dataclass(frozen=True, slots=True)
class PollInterval(ProactiveCommand):
    """How often the ME sends STATUS; the answer carries the interval it will keep."""

    interval: Duration


@command(CommandType.POLLING_OFF, "TS 102 223 6.6.14")
@dataclass(frozen=True, slots=True)
class PollingOff(ProactiveCommand):
    """Stop the polling that POLL INTERVAL set up."""


@command(CommandType.SET_UP_EVENT_LIST, "TS 102 223 6.6.16", one("events", EventList))
@dataclass(frozen=True, slots=True)
class SetUpEventList(ProactiveCommand):
    """The events to report; replaces the former list, an empty one cancels it."""

    events: tuple[int, ...]


@command(
    CommandType.SET_UP_CALL,
    "TS 102 223 6.6.12",
    maybe("alpha", AlphaIdentifier),
    maybe("address", DiallingAddress),
    maybe("capability", CapabilityConfiguration),
    maybe("subaddress", Subaddress),
    maybe("duration", Duration),
    maybe("icon", Icon),
    maybe("call_alpha", AlphaIdentifier),
    maybe("call_icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("call_text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(Bits("mode", 0xFF, CallMode),),
    destination=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class SetUpCall(ProactiveCommand):
    """Call a number. `alpha` asks the user first, `call_alpha` is shown during the call set-up."""

    address: Address | None
    alpha: str | None = None
    mode: int = CallMode.ONLY_IF_IDLE
    capability: bytes | None = None
    subaddress: bytes | None = None
    duration: Duration | None = None
    icon: Icon | None = None
    call_alpha: str | None = None
    call_icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    call_text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SEND_SS,
    "TS 31.111 6.6.10",
    maybe("alpha", AlphaIdentifier),
    one("ss_string", SsString),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    destination=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class SendSs(ProactiveCommand):
    """Send a supplementary service operation."""

    ss_string: Address
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SEND_USSD,
    "TS 31.111 6.6.11",
    maybe("alpha", AlphaIdentifier),
    one("ussd_string", UssdString),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    destination=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class SendUssd(ProactiveCommand):
    """Send a USSD string; the answer's text comes back in TERMINAL RESPONSE."""

    ussd_string: str
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SEND_SHORT_MESSAGE,
    "TS 102 223 6.6.9",
    maybe("alpha", AlphaIdentifier),
    maybe("address", DiallingAddress),
    one("tpdu", SmsTpdu),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    qualifier=(Bits("packing", 0x01),),
    destination=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class SendShortMessage(ProactiveCommand):
    """Send the SUBMIT or COMMAND in `tpdu`; `address` is the service centre, `packing` lets the ME pack the text."""

    tpdu: bytes
    alpha: str | None = None
    address: Address | None = None
    packing: bool = False
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.SEND_DTMF,
    "TS 102 223 6.6.24",
    maybe("alpha", AlphaIdentifier),
    one("digits", DtmfString),
    maybe("icon", Icon),
    maybe("text_attribute", TextAttribute),
    maybe("frame", FrameIdentifier),
    destination=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class SendDtmf(ProactiveCommand):
    """Send tones during a call."""

    digits: str
    alpha: str | None = None
    icon: Icon | None = None
    text_attribute: tuple[TextSpan, ...] | None = None
    frame: int | None = None


@command(
    CommandType.GEOGRAPHICAL_LOCATION_REQUEST,
    "TS 31.111 6.6.33",
    maybe("parameters", LocationParameters),
)
@dataclass(frozen=True, slots=True)
class GeographicalLocationRequest(ProactiveCommand):
    """Ask for the position; it comes as ENVELOPE (geographical location reporting)."""

    parameters: bytes | None = None


@command(
    CommandType.PROVIDE_LOCAL_INFORMATION,
    "TS 102 223 6.6.15",
    maybe("measurement", MeasurementQualifier),
    qualifier=(Bits("what", 0xFF, LocalInformation),),
)
@dataclass(frozen=True, slots=True)
class ProvideLocalInformation(ProactiveCommand):
    """Ask the ME for one piece of local information; it stands in TERMINAL RESPONSE."""

    what: int
    measurement: int | None = None


@command(
    CommandType.TIMER_MANAGEMENT,
    "TS 102 223 6.6.21",
    one("timer", TimerIdentifier),
    maybe("value", TimerValue),
    qualifier=(Bits("action", 0x03, TimerAction),),
)
@dataclass(frozen=True, slots=True)
class TimerManagement(ProactiveCommand):
    """Start (with a value), stop or read timer 1 to 8."""

    timer: int
    action: int
    value: TimerValue | None = None


@command(
    CommandType.LANGUAGE_NOTIFICATION,
    "TS 102 223 6.6.25",
    maybe("language", Language),
    qualifier=(Bits("specific", 0x01),),
)
@dataclass(frozen=True, slots=True)
class LanguageNotification(ProactiveCommand):
    """The language of the card's texts from now on, or none in particular."""

    language: str | None = None
    specific: bool = False
