"""The simulator that misbehaves by a :class:`~.faults.FaultScript`: on its lines, in its answers, in its receipts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ..line.driver import write_now
from ..smpp import operations as op
from ..smpp.codec import COMPOSERS, HEADER
from ..smpp.operations import EsmClass, MessageState, Tag, Tlv
from ..smpp.receipt import WORDS, Receipt, find_receipt
from ..smpp.session import Limits
from ..smpp.status import CommandStatus
from .accounts import Account
from .faults import Fault, Faults, FaultScript, Kind
from .mailbox import Happening, Mailbox, Message
from .outgoing import Outgoing
from .server import SmscLine, SmscServer

SAME_ID = "msg_id_not_implemented"
IEI_RESPONSE_PACKET = 0x71

_REFUSALS = {
    Kind.THROTTLE: CommandStatus.RTHROTTLED,
    Kind.QUEUE_FULL: CommandStatus.RMSGQFUL,
    Kind.SYSTEM_ERROR: CommandStatus.RSYSERR,
}
#: what no peer should send; the last one ends the session
MALFORMED = (
    HEADER.pack(16, 0x00000099, 0, 77),
    HEADER.pack(20, op.DeliverSm.command_id, 0, 0x7FFFFFF0) + b"\0\1\1\0",
    HEADER.pack(16, op.SubmitSmResp.command_id, 0, 0x7FFFFFF1),
    op.encode(op.DeliverSm(), 0x7FFFFFF2)[:16].replace(b"\0\0\0\x21", b"\0\0\0\x24", 1) + bytes(17) + b"\x04\x24\0",
    HEADER.pack(16, op.GenericNack.command_id, CommandStatus.RSYSERR, 0),
    HEADER.pack(15, op.EnquireLink.command_id, 0, 9),
)


def spelled(message_id: str, style: str) -> str:
    """The same id as other centres write it in their receipts."""
    number = message_id if message_id.isalnum() else "0"
    if style == "decimal":
        return str(int(number, 16))
    if style == "hex":
        return f"{int(number):x}" if number.isdecimal() else number.lstrip("0")
    if style == "padded":
        return f"{message_id:0>20}"
    if style == "lower":
        return message_id.lower().lstrip("0")
    return SAME_ID if style == "same" else message_id


def respelled(pdu: op.DeliverSm, receipt: Receipt, new: str) -> op.DeliverSm:
    """A receipt with another spelling of its id, in text and TLV."""
    text = pdu.short_message.replace(receipt.message_id.encode(), new.encode(), 1)
    tlvs = tuple(Tlv(one.tag, new.encode() + b"\0") if one.tag == Tag.RECEIPTED_MESSAGE_ID else one for one in pdu.tlvs)
    return replace(pdu, short_message=text, tlvs=tlvs)


def contradiction(pdu: op.DeliverSm, receipt: Receipt) -> op.DeliverSm:
    """The same receipt with the opposite outcome."""
    other = MessageState.UNDELIVERABLE if receipt.state is MessageState.DELIVERED else MessageState.DELIVERED
    text = pdu.short_message.replace(b"stat:" + receipt.stat.encode(), b"stat:" + WORDS[other].encode(), 1)
    tlvs = tuple(Tlv(one.tag, bytes((other,))) if one.tag == Tag.MESSAGE_STATE else one for one in pdu.tlvs)
    return replace(pdu, short_message=text, tlvs=tlvs)


class FaultyOutgoing(Outgoing):
    """An account's queue in which receipts, PoRs and phones' messages suffer."""

    def __init__(self, server: FaultyServer, account: str) -> None:
        super().__init__()
        self._server = server
        self._account = account
        self._overtaken: list[op.DeliverSm] = []

    def put(self, pdu: op.DeliverSm) -> bool:
        kind = pdu.esm_class & EsmClass.TYPE_MASK
        if kind == EsmClass.RECEIPT:
            self._receipt(pdu)
            return True
        if pdu.esm_class & EsmClass.UDHI and pdu.short_message[1:2] == bytes((IEI_RESPONSE_PACKET,)):
            if self._struck(Kind.POR_DROPPED, pdu):
                return True
            cut = self._struck(Kind.POR_CUT, pdu)
            return super().put(replace(pdu, short_message=pdu.short_message[: cut.octets]) if cut else pdu)
        if not kind and self._struck(Kind.REPEATED_MO, pdu):
            super().put(pdu)
        return super().put(pdu)

    def _struck(self, kind: Kind, pdu: op.DeliverSm) -> Fault | None:
        return self._server.strikes(kind, self._account, pdu.source_addr)

    def _receipt(self, pdu: op.DeliverSm) -> None:
        receipt = find_receipt(pdu)
        assert receipt is not None
        style = self._struck(Kind.ID, pdu)
        if style is not None:
            pdu = respelled(pdu, receipt, spelled(receipt.message_id, style.style))
        if self._struck(Kind.PLAIN_RECEIPT, pdu):
            pdu = replace(pdu, esm_class=0, tlvs=())
        if self._struck(Kind.LOST_RECEIPT, pdu):
            return
        late = self._struck(Kind.LATE_RECEIPT, pdu)
        if late is not None:
            self._server.later(late.seconds, lambda: self._now(pdu, receipt))
        elif self._struck(Kind.REORDERED_RECEIPT, pdu):
            self._overtaken.append(pdu)
            self._server.later(5.0, self._release)  # when no other follows
        else:
            self._now(pdu, receipt)

    def _now(self, pdu: op.DeliverSm, receipt: Receipt) -> None:
        super().put(pdu)
        if self._struck(Kind.DOUBLED_RECEIPT, pdu):
            super().put(pdu)
        if self._struck(Kind.CONTRADICTORY_RECEIPT, pdu):
            super().put(contradiction(pdu, receipt))
        self._release()

    def _release(self) -> None:
        waiting, self._overtaken = self._overtaken, []
        for pdu in reversed(waiting):
            super().put(pdu)


class FaultyMailbox(Mailbox):
    """Delivers a copy of what was cancelled or has expired."""

    def __init__(self, server: FaultyServer) -> None:
        super().__init__()
        self._server = server

    def finish(self, message: Message, happening: Happening, now: Any) -> None:
        super().finish(message, happening, now)
        if happening in (Happening.CANCELLED, Happening.EXPIRED):
            self._server.ghost(message)


class FaultyLine(SmscLine):
    """A line that breaks, stalls and babbles."""

    def __init__(self, server: FaultyServer, number: int, limits: Limits) -> None:
        super().__init__(server, number, limits)
        self._faulty = server
        self._dead = False
        self._drops: list[bytes] = []

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        if not self._dead:
            super().dataReceived(data)

    def _write(self) -> None:
        octets = self.session.take()
        if not octets or self._closing or self._dead:
            return
        account = self.account.system_id if self.account is not None else None
        if account is None or not self.session.is_bound:
            self._send(octets)
        elif self._faulty.strikes(Kind.DISCONNECT, account):
            self._send(octets[: self._faulty.faults.random.randrange(len(octets))])
            self.close("fault: disconnect")
        elif self._faulty.strikes(Kind.HALF_OPEN, account):
            self._dead = True
        elif (drip := self._faulty.strikes(Kind.DRIBBLE, account)) is not None:
            self._drops += [octets[at : at + 1] for at in range(len(octets))]
            self._drip(drip.seconds / len(self._drops))
        else:
            if self._faulty.strikes(Kind.MALFORMED, account):
                octets += self._faulty.faults.random.choice(MALFORMED)
            self._send(octets)

    def _send(self, octets: bytes) -> None:
        if self._drops:
            self._drops.append(octets)
        else:
            write_now(self.transport, octets)

    def _drip(self, seconds: float) -> None:
        if not self._closing and self._drops:
            write_now(self.transport, self._drops.pop(0))
            self._faulty.later(seconds, lambda: self._drip(seconds))


class FaultyServer(SmscServer):
    """A :class:`SmscServer` with a fault script."""

    def __init__(self, accounts: Iterable[Account], *, script: FaultScript, reactor: Any, **options: Any) -> None:
        self.faults = Faults(script)
        self._timers: set[Any] = set()
        self._began = reactor.seconds()
        outgoing: Callable[[str], Outgoing] = lambda account: FaultyOutgoing(self, account)  # noqa: E731
        super().__init__(accounts, reactor=reactor, mailbox=FaultyMailbox(self), outgoing=outgoing, **options)

    def strikes(self, kind: Kind, account: str = "", number: bytes = b"") -> Fault | None:
        """Whether a fault of this kind strikes now."""
        now = self.reactor.seconds() - self._began
        return self.faults.strikes(kind, now, account=account, destination=number.decode("latin-1"))

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after so many seconds, unless the server has stopped."""

        def fire() -> None:
            self._timers.discard(timer)
            act()
            self._soon()

        timer = self.reactor.callLater(seconds, fire)
        self._timers.add(timer)

    async def stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for line in self._lines.values():
            if isinstance(line, FaultyLine) and line._dead:
                line.close("the centre stops")
        await super().stop()

    def ghost(self, message: Message) -> None:
        """Deliver a copy of a message that is done for."""
        account = message.account or ""
        station = self.centre.station_of(message.destination)
        if station is not None and self.strikes(Kind.GHOST, account, message.destination.encode()):
            copy = replace(message, delivered_segments=0)
            self.later(0.0, lambda: self.centre.hand_over(copy, station))

    def _new_line(self) -> SmscLine:
        self._numbers += 1
        return FaultyLine(self, self._numbers, self._limits)

    def _judge_bind(self, pdu: op.Bind) -> tuple[Account | None, int]:
        fault = self.strikes(Kind.BIND_REFUSED, pdu.system_id.decode("latin-1"))
        if fault is not None:
            return None, CommandStatus.RBINDFAIL if fault.status is None else fault.status
        return super()._judge_bind(pdu)

    def _submit(self, line: SmscLine, pdu: op.Pdu, answer: type[op.MessageIdResp], submission: op.SubmitSm) -> None:
        assert line.account is not None
        account, number = line.account.system_id, submission.destination_addr
        for kind, status in _REFUSALS.items():
            fault = self.strikes(kind, account, number)
            if fault is not None:
                line.answer(answer(sequence=pdu.sequence, status=status if fault.status is None else fault.status))
                return
        if self.strikes(Kind.NACK, account, number):
            line.answer(op.GenericNack(sequence=pdu.sequence, status=CommandStatus.RSYSERR))
            return
        if _is_later_segment(submission):
            fault = self.strikes(Kind.SEGMENT_REFUSED, account, number)
            if fault is not None:
                refusal = CommandStatus.RSYSERR if fault.status is None else fault.status
                line.answer(answer(sequence=pdu.sequence, status=refusal))
                return
        super()._submit(line, pdu, answer, submission)

    def _taken(self, line: SmscLine, message: Message, pdu: op.Pdu, answer: type[op.MessageIdResp]) -> None:
        assert line.account is not None
        account, number = line.account.system_id, message.destination.encode()
        if self.strikes(Kind.SILENCE, account, number):
            line.session.unanswered -= 1
            return
        late = self.strikes(Kind.LATE_ANSWER, account, number)
        if late is not None:
            response = COMPOSERS[answer](pdu.sequence, 0, message.message_id.encode())
            self.later(late.seconds, lambda: line.reply(response))
        elif self.strikes(Kind.EARLY_RECEIPT, account, number):
            self._held[message] = (line, COMPOSERS[answer](pdu.sequence, 0, message.message_id.encode()))
        else:
            super()._taken(line, message, pdu, answer)


def _is_later_segment(pdu: op.SubmitSm) -> bool:
    """Whether its UDH (8- or 16-bit reference) or its sar_* TLVs say that it is not the first segment."""
    text = pdu.short_message
    if pdu.esm_class & EsmClass.UDHI and len(text) >= 6:
        return (text[1] == 0x00 and text[5] > 1) or (text[1] == 0x08 and len(text) >= 7 and text[6] > 1)
    return any(one.tag == Tag.SAR_SEGMENT_SEQNUM and one.value > b"\x01" for one in pdu.tlvs)
