"""A handset as a message centre sees it: a number that takes short messages and sends its own.

Fits the SMSC simulator's `MobileStation` by its shape alone; nothing of the gateway is imported here.
"""

from __future__ import annotations

from collections.abc import Callable

from telecom_codecs.sms_tpdu import DeliverReport, SmsDeliver, SmsSubmit, SubmitReport

from .me import Handset


class HandsetStation:
    """One number on the air. `clock` gives the seconds that the handset's timeouts and captures use."""

    def __init__(self, msisdn: str, handset: Handset, *, clock: Callable[[], float] | None = None) -> None:
        self.msisdn = msisdn
        self.handset = handset
        self._clock = clock

    def __repr__(self) -> str:
        return f"HandsetStation({self.msisdn})"

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        """A short message for this number; None while it is off or out of coverage: keep it and try again."""
        self.tick()
        return self.handset.deliver(tpdu)

    def attach(self, submit: Callable[[SmsSubmit], SubmitReport]) -> None:
        """Where this number's own short messages go. A handset that was off is switched on: it is on the air now."""
        self.handset.attach(submit)
        if not self.handset.is_on:
            self.handset.power_on()

    def tick(self) -> None:
        """Let the handset know what time it is."""
        if self._clock is not None:
            self.handset.tick(self._clock())
