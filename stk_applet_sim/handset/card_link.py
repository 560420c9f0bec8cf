"""The one place where a handset touches its card: C-APDU in, R-APDU out, everybody who wants to see it told.

Observers get every exchange in order, with the service password already replaced by stars: what they keep, print or
write to a capture holds no secret the member typed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.errors import RemoteError

INS_GET_RESPONSE: Final = 0xC0
MORE_ANSWER = (0x61, 0x9F)  #: SW1: SW2 octets of answer wait for GET RESPONSE
WRONG_LE: Final = 0x6C  #: SW1: the same again with Le = SW2
LONGEST_ANSWER: Final = 0x10000  #: octets collected by GET RESPONSE before the card counts as gone mad
NO_ANSWER: Final = 0x6F00  #: what an R-APDU without a status word counts as


@dataclass(frozen=True, slots=True)
class Exchange:
    """One C-APDU and its R-APDU; `at` is the handset's time in seconds."""

    at: float
    command: bytes
    response: bytes


class Card(Protocol):
    """What a handset needs of a card."""

    def process(self, c_apdu: bytes) -> bytes:
        """The R-APDU, status word included; never raises for what is in the C-APDU."""

    def reset(self) -> bytes:
        """Power on: the answer to reset."""


Observer = Callable[[Exchange], None]


class CardLink:
    """Sends APDUs to the card; `clock` gives the time of an exchange in seconds."""

    def __init__(self, card: Card, clock: Callable[[], float] = float) -> None:
        self.observers: list[Observer] = []
        self._card = card
        self._clock = clock

    def reset(self) -> bytes:
        return self._card.reset()

    def insert(self, card: Card) -> None:
        """Another card takes the place of this one; observers stay."""
        self._card = card

    def exchange(self, c_apdu: bytes, *, masked: bytes | None = None) -> bytes:
        """One C-APDU as it stands. `masked` is what observers see in its place."""
        response = self._card.process(c_apdu)
        seen = Exchange(self._clock(), c_apdu if masked is None else masked, response)
        for observe in self.observers:
            observe(seen)
        return response

    def transact(self, command: CommandApdu, *, masked: CommandApdu | None = None) -> ResponseApdu:
        """A command with its whole answer: GET RESPONSE and a corrected Le are done here (T=0, TS 102 221 §7.3.1.1)."""
        answer = _answer(self.exchange(command.encode(), masked=None if masked is None else masked.encode()))
        if answer.sw1 == WRONG_LE:
            again = CommandApdu(command.cla, command.ins, command.p1, command.p2, command.data, answer.sw2 or 256)
            answer = _answer(self.exchange(again.encode()))
        collected = answer.data
        while answer.sw1 in MORE_ANSWER and len(collected) < LONGEST_ANSWER:
            rest = CommandApdu(command.cla, INS_GET_RESPONSE, 0, 0, le=answer.sw2 or 256)
            answer = _answer(self.exchange(rest.encode()))
            if not answer.data:
                break  # a card that promises octets and gives none would keep us here for ever
            collected += answer.data
        return ResponseApdu(collected, answer.sw)


def _answer(octets: bytes) -> ResponseApdu:
    try:
        return ResponseApdu.decode(octets)
    except RemoteError:
        return ResponseApdu(b"", NO_ANSWER)
