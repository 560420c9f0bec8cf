"""Between the centre and phones that others wrote."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

from .air import MobileStation, StationRange

log = structlog.get_logger(__name__)

UNSPECIFIED_ERROR = 0xFF  #: TP-FCS


class Guarded:
    """A phone whose failures stay its own: one log line and a refusal."""

    def __init__(self, station: MobileStation) -> None:
        self._station = station
        self.msisdn = station.msisdn

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        try:
            return self._station.deliver(tpdu)
        except Exception as error:  # noqa: BLE001 - a foreign handset must not stop the centre
            log.error("handset failed", msisdn=self.msisdn[:-4] + "****", error=repr(error))
            return DeliverReport(failure_cause=UNSPECIFIED_ERROR)

    def attach(self, submit: Callable[[SmsSubmit], SubmitReport]) -> None:
        self._station.attach(submit)


class GuardedRange:
    """A range whose phones' failures, and its own in making them, stay its own."""

    def __init__(self, stations: StationRange) -> None:
        self._stations = stations

    def station_of(self, msisdn: str) -> MobileStation | None:
        try:
            made = self._stations.station_of(msisdn)
        except Exception as error:  # noqa: BLE001 - a foreign handset must not stop the centre
            log.error("no handset was made", msisdn=msisdn[:-4] + "****", error=repr(error))
            return None
        return None if made is None else Guarded(made)
