"""The card's side of the virtual PC/SC reader's line, without I/O: octets in, octets out.

The reader driver (vpcd of the vsmartcard project) listens, a card connects to it. Every message is a length of two
octets and that many octets. A message of one octet is an order to the card (:class:`Order`); any longer one is a
C-APDU, answered by the R-APDU. Only GET_ATR among the orders has an answer. The line has no time-out: a card that
does not answer holds up the program at the other end for ever.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, Protocol

LENGTH_OCTETS: Final = 2
VPCD_HOST: Final = "127.0.0.1"
VPCD_PORT: Final = 0x8C7B  #: the first slot; the second is one above


class Order(IntEnum):
    """Messages of one octet."""

    POWER_OFF = 0x00
    POWER_ON = 0x01
    RESET = 0x02
    GET_ATR = 0x04


class Card(Protocol):
    """What is put into a reader; :class:`~stk_applet_sim.uicc.card.Uicc` is one."""

    def process(self, c_apdu: bytes) -> bytes: ...

    def reset(self) -> bytes: ...


class VpcdLink:
    """One card on one line. The card is cold when the line begins.

    >>> class Mute:
    ...     def process(self, c_apdu): return bytes.fromhex("6D00")
    ...     def reset(self): return bytes.fromhex("3B00")
    >>> link = VpcdLink(Mute())
    >>> link.receive(bytes.fromhex("000101" "000104" "0004" "00A4")).hex(), link.receive(bytes.fromhex("0400")).hex()
    ('00023b00', '00026d00')
    """

    def __init__(self, card: Card) -> None:
        self._card = card
        self._atr = card.reset()
        self._received = bytearray()

    def receive(self, octets: bytes) -> bytes:
        """What to send back for these octets of the line; parts of messages wait for the rest."""
        self._received += octets
        answers = bytearray()
        while len(self._received) >= LENGTH_OCTETS:
            end = LENGTH_OCTETS + int.from_bytes(self._received[:LENGTH_OCTETS], "big")
            if len(self._received) < end:
                break
            message = bytes(self._received[LENGTH_OCTETS:end])
            del self._received[:end]
            answer = self._answer(message)
            if answer is not None:
                answers += len(answer).to_bytes(LENGTH_OCTETS, "big") + answer
        return bytes(answers)

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) > 1:
            return self._card.process(message)
        order = message[0] if message else None
        if order == Order.GET_ATR:
            return self._atr
        if order in (Order.POWER_OFF, Order.POWER_ON, Order.RESET):
            self._atr = self._card.reset()
        return None
