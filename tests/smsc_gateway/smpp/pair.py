"""An ESME session and an SMSC session joined in memory; time is a number the test turns."""

from __future__ import annotations

from typing import Any

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.events import BindRequested, Event
from smsc_gateway.smpp.session import Limits, Session
from smsc_gateway.smpp.states import Role

BINDS: dict[str, type[op.Bind]] = {
    "transceiver": op.BindTransceiver,
    "transmitter": op.BindTransmitter,
    "receiver": op.BindReceiver,
}


class Pair:
    """Both ends; :meth:`settle` carries octets to and fro until neither has any and collects the events."""

    def __init__(self, **limits: Any) -> None:
        self.now = 100.0
        self.esme = Session(Role.ESME, self.now, Limits(**limits))
        self.smsc = Session(Role.SMSC, self.now, Limits(**limits))
        self.esme_events: list[Event] = []
        self.smsc_events: list[Event] = []

    def settle(self) -> None:
        while True:
            out, back = self.esme.take(), self.smsc.take()
            if not out and not back:
                return
            self.smsc_events += self.smsc.receive(out, self.now)
            self.esme_events += self.esme.receive(back, self.now)

    def tick(self, seconds: float) -> None:
        self.now += seconds
        self.esme_events += self.esme.tick(self.now)
        self.smsc_events += self.smsc.tick(self.now)

    def clear(self) -> None:
        self.esme_events.clear()
        self.smsc_events.clear()


def a_pair(**limits: Any) -> Pair:
    """Two open ends."""
    return Pair(**limits)


def a_bound_pair(mode: str = "transceiver", **limits: Any) -> Pair:
    """Two ends, bound."""
    pair = Pair(**limits)
    pair.esme.request(BINDS[mode](system_id=b"ykt"), pair.now)
    pair.settle()
    (asked,) = pair.smsc_events
    assert isinstance(asked, BindRequested)
    answer = op.response_class(asked.pdu.command_id)
    assert answer is not None
    pair.smsc_events += pair.smsc.respond(answer(sequence=asked.pdu.sequence), pair.now)
    pair.settle()
    pair.clear()
    return pair
