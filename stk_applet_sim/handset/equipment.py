"""What a handset does for the card without its user: timers, polling, local information, events, language.

TS 102 223 §6.4.6, §6.4.15, §6.4.16, §6.4.21, §6.4.25, §7.5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from telecom_codecs.cat import (
    AccessTechnology,
    DateTimeZone,
    Device,
    DeviceIdentities,
    Event,
    EventDownload,
    GeneralResult,
    Imei,
    Language,
    LanguageNotification,
    LocalInformation,
    LocationInformation,
    LocationStatus,
    LocationStatusObject,
    MoreTime,
    PollingOff,
    PollInterval,
    ProactiveCommand,
    ProvideLocalInformation,
    SetUpEventList,
    TimerManagement,
)
from telecom_codecs.cat.names import AccessTechnologyName
from telecom_codecs.cat.network_objects import TransactionIdentifiers
from telecom_codecs.cat.objects import DataObject

from .conversation import Performed, performed, performed_with
from .model import HandsetModel
from .timers import CardTimers

PLMN: Final = "46000"
CELL: Final = LocationInformation(PLMN, bytes.fromhex("1A2B"), bytes.fromhex("0001C3D4"))
QUARTER: Final = timedelta(minutes=15)

#: Local time of the place where the phone is, with its zone; None for a phone that was never told.
Calendar = Callable[[], datetime]


class Equipment:
    """The phone's side of these commands, until it is switched off."""

    def __init__(self, model: HandsetModel, calendar: Calendar | None) -> None:
        self.timers = CardTimers()
        #: language the card last said its texts are in, None when it said nothing
        self.card_language: str | None = None
        self._model = model
        self._calendar = calendar
        self._events: frozenset[int] = frozenset()  # those the card wants to hear of
        self._poll_every, self._poll_at = 0.0, math.inf

    def switched_off(self) -> None:
        """All the card asked for is forgotten."""
        self.timers.clear()
        self.card_language = None
        self._events = frozenset()
        self._poll_at = math.inf

    def perform(self, command: ProactiveCommand, now: float, *, in_coverage: bool) -> Performed | None:
        """The response to a command of this kind; None for others."""
        match command:
            case TimerManagement():
                return self.timers.perform(command, now)
            case ProvideLocalInformation():
                return local_information(command, self._model, self._calendar, in_coverage=in_coverage)
            case SetUpEventList(events=events):
                self._events = frozenset(events)
            case PollInterval(interval=interval):
                self._poll_every = max(1.0, interval.in_seconds)
                self._poll_at = now + self._poll_every
                return performed_with(command, interval)
            case PollingOff():
                self._poll_at = math.inf
            case LanguageNotification(language=language):
                self.card_language = language
            case MoreTime():
                pass
            case _:
                return None
        return performed(command)

    def is_wanted(self, event: Event) -> bool:
        """Whether the card asked for an event; a free screen is told once (TS 102 223 §7.5.6)."""
        wanted = event in self._events
        self._events -= {Event.IDLE_SCREEN_AVAILABLE} & {event}
        return wanted

    def is_time_to_poll(self, now: float) -> bool:
        """Whether STATUS is due; the next one is then due an interval later."""
        if self._poll_at > now:
            return False
        self._poll_at = now + self._poll_every
        return True


def local_information(
    command: ProvideLocalInformation, model: HandsetModel, calendar: Calendar | None, *, in_coverage: bool
) -> Performed:
    """The response to PROVIDE LOCAL INFORMATION: 30 for what this phone does not know at all."""
    match command.what:
        case LocalInformation.IMEI:
            return performed_with(command, Imei(model.imei))
        case LocalInformation.DATE_TIME_ZONE if calendar is not None:
            return performed_with(command, date_of(calendar()))
        case LocalInformation.LANGUAGE:
            return performed_with(command, Language("zh"))
        case LocalInformation.LOCATION if in_coverage:
            return performed_with(command, CELL)
        case LocalInformation.ACCESS_TECHNOLOGY:
            return performed_with(command, AccessTechnology((AccessTechnologyName.E_UTRAN,)))
        case LocalInformation.DATE_TIME_ZONE | LocalInformation.LOCATION:
            return performed(command, GeneralResult.TERMINAL_UNABLE, b"\x00" if in_coverage else b"\x04")
    return performed(command, GeneralResult.BEYOND_CAPABILITIES)


def date_of(now: datetime) -> DateTimeZone:
    """A moment as the card reads it; the zone is left out of a time that has none."""
    offset = now.utcoffset()
    zone = None if offset is None else offset // QUARTER
    return DateTimeZone(now.year % 100, now.month, now.day, now.hour, now.minute, now.second, zone)


def event_of(event: Event, *, in_coverage: bool = True) -> EventDownload:
    """ENVELOPE (EVENT DOWNLOAD) with the objects this event brings."""
    source: Device = Device.TERMINAL
    extras: tuple[DataObject, ...] = ()
    match event:
        case Event.CALL_DISCONNECTED:
            extras = (TransactionIdentifiers((0,)),)
        case Event.IDLE_SCREEN_AVAILABLE:
            source = Device.DISPLAY
        case Event.LOCATION_STATUS:
            status = LocationStatus.NORMAL_SERVICE if in_coverage else LocationStatus.NO_SERVICE
            extras = (LocationStatusObject(status), *((CELL,) if in_coverage else ()))
    return EventDownload((event,), devices=DeviceIdentities(source, Device.UICC), extras=extras)
