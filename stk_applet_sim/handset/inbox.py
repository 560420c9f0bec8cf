"""Short messages that are texts: put together from their segments, kept with sender and class (TS 23.040 §9.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from telecom_codecs.errors import RemoteError
from telecom_codecs.sms.concat import Joined, Reassembly
from telecom_codecs.sms.dcs import DataCoding
from telecom_codecs.sms.tpdu import Scts, SmsDeliver
from telecom_codecs.sms.user_data import text_of

PID_TYPE_0: Final = 0x40  #: acknowledge and discard, §9.2.3.9
PID_REPLACE: Final = range(0x41, 0x48)  #: takes the place of the last one of this sender and type
FLASH: Final = 0  #: message class: show at once, do not keep


@dataclass(frozen=True, slots=True)
class ReceivedText:
    """One whole message. `text` is None for 8-bit data, whose `octets` then speak for themselves."""

    sender: str
    text: str | None
    octets: bytes
    message_class: int | None
    segments: int
    sent_at: Scts
    pid: int = 0


class Inbox:
    """The phone's memory for texts, the oldest first; it holds at most `limit` and forgets the oldest beyond."""

    def __init__(self, limit: int = 200) -> None:
        self.messages: list[ReceivedText] = []
        self._limit = limit
        self._reassembly = Reassembly(limit_sets=16, limit_octets=64 * 1024, ttl=24 * 3600.0)

    @property
    def incomplete(self) -> int:
        """Messages of which segments are still missing."""
        return len(self._reassembly)

    def take(self, deliver: SmsDeliver, now: float) -> ReceivedText | None:
        """The whole message that this segment completes; class 0 is returned but not kept."""
        if deliver.pid == PID_TYPE_0:
            return None
        sender = deliver.originating.digits
        joined = self._reassembly.add(sender, deliver.header, deliver.body, now, dcs=deliver.dcs)
        if joined is None:
            return None
        coding = DataCoding.decode(deliver.dcs)
        message = ReceivedText(
            sender,
            _text(joined, deliver.dcs),
            joined.body,
            coding.message_class,
            joined.segments,
            deliver.scts,
            deliver.pid,
        )
        if coding.message_class != FLASH:
            self._keep(message)
        return message

    def _keep(self, message: ReceivedText) -> None:
        if message.pid in PID_REPLACE:
            same = (message.sender, message.pid)
            self.messages = [one for one in self.messages if (one.sender, one.pid) != same]
        self.messages.append(message)
        del self.messages[: -self._limit]


def _text(joined: Joined, dcs: int) -> str | None:
    """What the octets say; None where they are data or cannot be read as their DCS claims."""
    try:
        return text_of(dcs, True, joined.header_of_first.encode() + joined.body)
    except RemoteError:
        return None
