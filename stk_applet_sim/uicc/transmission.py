"""How replies travel: 61xx or 9Fxx and GET RESPONSE, 6Cxx — ISO 7816-3 §10.3 (T=0), ETSI TS 102 226 §5.1 (scripts).

By the contacts Le 00 means exactly 256; in a script it means "all there is", and the last command may have data and
an Le of its own, so that its answer needs no GET RESPONSE.
"""

from __future__ import annotations

from telecom_codecs.card.apdu import CommandApdu

from .status import CONDITIONS_NOT_SATISFIED, Refused, Reply

SELECT = 0xA4
GET_RESPONSE = 0xC0
GSM_CLASS = 0xA0


class Transmission:
    """What waits for GET RESPONSE on a channel or in a script."""

    __slots__ = ("_in_script", "waiting")

    def __init__(self, *, in_script: bool = False) -> None:
        self._in_script = in_script
        self.waiting = Reply()

    def send(self, apdu: CommandApdu, reply: Reply) -> Reply:
        """The part of a reply that goes out at once."""
        self.waiting = Reply()
        length = len(reply.response)
        if not length:
            return Reply(sw=reply.sw)
        if self._in_script and apdu.data and apdu.le is not None:
            return reply
        if apdu.data or apdu.ins == SELECT:
            self.waiting = reply
            return Reply(sw=(0x9F00 if apdu.cla == GSM_CLASS else 0x6100) | length & 0xFF)
        if self._wanted(apdu, length) != length:
            return Reply(sw=0x6C00 | length & 0xFF)
        return reply

    def get_response(self, apdu: CommandApdu) -> Reply:
        """GET RESPONSE: what waits, in one or several pieces; the status word of the command comes with the last."""
        waiting = self.waiting
        length = len(waiting.response)
        wanted = self._wanted(apdu, length)
        if not length:
            raise Refused(CONDITIONS_NOT_SATISFIED)
        if wanted > length:
            return Reply(sw=0x6C00 | length & 0xFF)
        left = waiting.response[wanted:]
        self.waiting = Reply(left, waiting.sw) if left else Reply()
        return Reply(waiting.response[:wanted], 0x6100 | len(left) & 0xFF if left else waiting.sw)

    def _wanted(self, apdu: CommandApdu, length: int) -> int:
        le = apdu.le or 256
        return length if self._in_script and le == 256 else le
