"""The envelopes of the path: menu selection, SMS and cell broadcast download, timers, call and SMS control, events.

TS 102 223 §7 and TS 31.111 §7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..sms.address import Address
from .context_objects import (
    DataConnectionStatus,
    DataConnectionType,
    ExtendedRejectionCause,
    ImsApplication,
    ImsDisconnection,
    ImsStatus,
    ImsUri,
    MediaType,
    PlmnIdentity,
    PublicIdentities,
    SessionCause,
    SessionType,
    UriTruncated,
)
from .core_objects import CapabilityConfiguration, DiallingAddress, EventList, ItemIdentifier, SmsTpdu, Subaddress
from .display_objects import HelpRequest
from .envelope import DEVICES, Envelope, envelope
from .messages import maybe, one
from .names import Device, EnvelopeTag, Event
from .network_objects import BcRepeatIndicator, CellBroadcastPage, LocationInformation, SsString
from .objects import DataObject
from .state_objects import TimerIdentifier, TimerValue
from .texts import AlphaIdentifier, UssdString


@envelope(
    EnvelopeTag.MENU_SELECTION,
    "TS 102 223 7.2",
    DEVICES,
    one("item", ItemIdentifier),
    maybe("help", HelpRequest),
    source=Device.KEYPAD,
)
@dataclass(frozen=True, slots=True)
class MenuSelection(Envelope):
    """The user chose an item of the card's menu, or asks for help about it."""

    item: int
    help: bool = False


@envelope(
    EnvelopeTag.SMS_PP_DOWNLOAD,
    "TS 31.111 7.1.1",
    DEVICES,
    maybe("address", DiallingAddress),
    one("tpdu", SmsTpdu),
    source=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class SmsPpDownload(Envelope):
    """A short message with PID 7F and class 2 for the card: service centre and SMS-DELIVER."""

    address: Address | None
    tpdu: bytes


@envelope(
    EnvelopeTag.CELL_BROADCAST_DOWNLOAD,
    "TS 31.111 7.1.2",
    DEVICES,
    one("page", CellBroadcastPage),
    source=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class CellBroadcastDownload(Envelope):
    """A cell broadcast page whose identifier the card listed."""

    page: bytes


@envelope(
    EnvelopeTag.CALL_CONTROL,
    "TS 31.111 7.3.1",
    DEVICES,
    maybe("address", DiallingAddress),
    maybe("ss_string", SsString),
    maybe("ussd_string", UssdString),
    maybe("capability", CapabilityConfiguration),
    maybe("subaddress", Subaddress),
    maybe("location", LocationInformation),
    maybe("second_capability", CapabilityConfiguration),
    maybe("alpha", AlphaIdentifier),
    maybe("repeat", BcRepeatIndicator),
)
@dataclass(frozen=True, slots=True)
class CallControl(Envelope):
    """May the ME make this call, SS or USSD operation? The card answers with a :class:`ControlVerdict`."""

    address: Address | None = None
    ss_string: Address | None = None
    ussd_string: str | None = None
    capability: bytes | None = None
    subaddress: bytes | None = None
    location: LocationInformation | None = None
    second_capability: bytes | None = None
    alpha: str | None = None
    repeat: int | None = None


@envelope(
    EnvelopeTag.MO_SHORT_MESSAGE_CONTROL,
    "TS 31.111 7.3.2",
    DEVICES,
    one("service_centre", DiallingAddress),
    one("destination", DiallingAddress),
    maybe("location", LocationInformation),
)
@dataclass(frozen=True, slots=True)
class MoShortMessageControl(Envelope):
    """May the ME send a short message there?"""

    service_centre: Address
    destination: Address
    location: LocationInformation | None = None


#: Objects whose tag means something else outside these events (TS 31.111 §7.5).
_EVENT_OBJECTS: Final[dict[int, tuple[type[DataObject], ...]]] = {
    Event.MT_CALL: (ImsUri, MediaType, UriTruncated),
    Event.CALL_CONNECTED: (MediaType,),
    Event.CALL_DISCONNECTED: (MediaType, ImsDisconnection),
    Event.NETWORK_REJECTION: (ExtendedRejectionCause,),
    Event.CSG_CELL_SELECTION: (PlmnIdentity,),
    Event.INCOMING_IMS_DATA: (ImsApplication,),
    Event.IMS_REGISTRATION: (PublicIdentities, ImsStatus),
    Event.DATA_CONNECTION_STATUS_CHANGE: (DataConnectionStatus, DataConnectionType, SessionCause, SessionType),
}


@envelope(EnvelopeTag.EVENT_DOWNLOAD, "TS 102 223 7.5", one("events", EventList), DEVICES)
@dataclass(frozen=True, slots=True)
class EventDownload(Envelope):
    """An event of the card's list happened; what it brings stands in `extras`, read with :meth:`find`."""

    events: tuple[int, ...]

    @classmethod
    def meanings(cls, first: DataObject | None) -> dict[int, type[DataObject]]:
        """Events of IMS and 5G give some tags a second meaning."""
        own = super(EventDownload, cls).meanings(first)
        events = first.values if isinstance(first, EventList) else ()
        return {kind.TAG: kind for event in events for kind in _EVENT_OBJECTS.get(event, ())} | own


@envelope(
    EnvelopeTag.TIMER_EXPIRATION,
    "TS 102 223 7.4.1",
    DEVICES,
    one("timer", TimerIdentifier),
    one("value", TimerValue),
)
@dataclass(frozen=True, slots=True)
class TimerExpiration(Envelope):
    """A timer ran out; `value` is the time since it was started."""

    timer: int
    value: TimerValue


@envelope(
    EnvelopeTag.USSD_DOWNLOAD,
    "TS 31.111 7.8",
    DEVICES,
    one("ussd_string", UssdString),
    source=Device.NETWORK,
)
@dataclass(frozen=True, slots=True)
class UssdDownload(Envelope):
    """A USSD string from the network for the card."""

    ussd_string: str
