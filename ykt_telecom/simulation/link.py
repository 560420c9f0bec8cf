"""The wire between service and message centre, in memory: PDUs are encoded, carried for a while, and decoded."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from smsc_gateway.links.outcome import NO_ANSWER, Certainty, SubmitResult, not_sent, result_of, unanswered
from smsc_gateway.smpp.codec import decode, encode
from smsc_gateway.smpp.operations import DeliverSm, EsmClass, SubmitSm, SubmitSmResp, content
from smsc_gateway.smpp.status import CommandStatus
from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.centre import MessageCentre
from smsc_gateway.smsc.outgoing import Delivery
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, IEI_RESPONSE_PACKET, split_user_data

from ..runtime.clock import ManualClock
from .faults import Fault, Script

RESPONSE_TIMEOUT = 10.0  #: seconds until a submission without an answer counts as unknown
REDELIVERY = 3.0  #: seconds until the SMSC sends a deliver_sm again that was not answered


@dataclass(frozen=True, slots=True)
class Crossing:
    """A submit_sm that reached the SMSC."""

    msisdn: str = field(repr=False)
    pdu: SubmitSm


class Wire:
    """What links have in common: the centre at the far end, the faults on the way, the record of what crossed."""

    def __init__(self, centre: MessageCentre, account: Account, clock: ManualClock, script: Script) -> None:
        self.centre = centre
        self.account = account
        self.clock = clock
        self.script = script
        self.crossed: list[Crossing] = []
        #: user data of every request of a card that the platform has acknowledged
        self.acknowledged: list[tuple[str, bytes]] = []
        #: response packets as they came from the phones: what somebody who listens could send again
        self.proofs: list[DeliverSm] = []
        self.link: MemoryLink | None = None
        self.events = 0
        self._record = hashlib.sha256()
        self._sequence = 0
        self._tasks: set[asyncio.Task[None]] = set()
        centre.on_work = self.work

    @property
    def is_idle(self) -> bool:
        """Nothing is on its way, and nothing waits for the platform or for a phone."""
        return not self._tasks and not self.queue_length and not len(self.centre.mailbox)

    @property
    def queue_length(self) -> int:
        return len(self.centre.outgoing[self.account.system_id])

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def next_sequence(self) -> int:
        self._sequence += 1
        return self._sequence

    def work(self) -> None:
        """Let the centre try its phones, and carry what it has for the platform."""
        asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        while self.centre.work(self.clock.now(), 64):
            pass
        while self.link is not None:
            delivery = self.centre.outgoing[self.account.system_id].take(self.clock.monotonic())
            if delivery is None:
                return
            self.spawn(self._carry(delivery))

    async def _carry(self, delivery: Delivery) -> None:
        """One deliver_sm to whichever life of the platform is there."""
        queue = self.centre.outgoing[self.account.system_id]
        await asyncio.sleep(self.script.way())
        is_por = _carries(delivery.pdu, IEI_RESPONSE_PACKET)
        is_receipt = bool(delivery.pdu.esm_class & EsmClass.RECEIPT)
        if is_por and self.script.happens(Fault.POR_LOST):
            return
        if is_receipt and self.script.happens(Fault.RECEIPT_LOST):
            return
        if is_receipt and self.script.happens(Fault.RECEIPT_RESPELT):
            delivery.pdu = _respelt(delivery.pdu)
        if is_por:
            self.proofs.append(delivery.pdu)
        again = self.script.happens(Fault.DELIVER_REPEATED) or (is_por and self.script.happens(Fault.POR_DOUBLED))
        again = (is_receipt and self.script.happens(Fault.RECEIPT_DOUBLED)) or again
        status = await self._offer(delivery.pdu)
        if status is not None and self.script.happens(Fault.DELIVER_RESP_LOST):
            status = None
        if status is None:
            await asyncio.sleep(REDELIVERY)
            queue.unanswered(delivery)
        elif status != CommandStatus.ROK:
            queue.refused_for_now(delivery, self.clock.monotonic())
        else:
            queue.done(delivery)
            if again:
                await asyncio.sleep(self.script.way())
                await self._offer(delivery.pdu)
        self.work()

    async def _offer(self, pdu: DeliverSm) -> int | None:
        """The platform's answer; None when there is none because it is gone."""
        status = await self.insert(pdu)
        if status == CommandStatus.ROK and _carries(pdu, IEI_COMMAND_PACKET):
            self.acknowledged.append((pdu.source_addr.decode(), content(pdu)))
        return status

    async def insert(self, pdu: DeliverSm) -> int | None:
        """As if the SMSC had it from a phone: for whoever forges."""
        if self.link is None:
            return None
        octets = encode(pdu, self.next_sequence())
        self.note("deliver_sm", octets)
        status = await self.link.offer(decode(octets))
        self.note("deliver_sm_resp", repr(status).encode())
        return status

    def note(self, what: str, octets: bytes) -> None:
        """One line of the record that two runs of one seed must share."""
        self.events += 1
        self._record.update(f"{self.clock.now().isoformat()} {what} ".encode() + octets)

    @property
    def digest(self) -> str:
        """Of everything that was noted so far."""
        return self._record.hexdigest()


@dataclass(frozen=True, slots=True)
class _Offer:
    """A deliver_sm that waits for the platform's answer."""

    pdu: DeliverSm
    answered: asyncio.Future[int]

    def answer(self, status: int) -> None:
        if not self.answered.done():
            self.answered.set_result(status)


class MemoryLink:
    """One life's link. Fits the service's `ManagedLink`."""

    WINDOW = 100

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._cut = asyncio.get_running_loop().create_future()
        self._is_gone = False
        self._arrival = 0.0
        self._in_flight = 0
        self.is_bound = False
        self.is_mute = False
        self.on_answers: Callable[[list[tuple[int, SubmitResult]]], None] = lambda _answers: None
        self.on_late: Callable[[int, SubmitResult], None] = lambda _number, _result: None
        self.on_room: Callable[[], None] = lambda: None
        self.on_deliver_many: Callable[[list[Any]], None] = lambda _deliveries: None

    @property
    def room(self) -> int:
        return self.WINDOW - self._in_flight if self.is_bound else 0

    def start(self) -> None:
        if self._is_gone:
            return
        if self._cut.done():
            self._cut = asyncio.get_running_loop().create_future()
        self.is_bound = True
        self._wire.link = self
        self._wire.work()
        self.on_room()

    async def stop(self) -> None:
        self.cut()

    def cut(self) -> None:
        """The platform is gone: nobody answers any more."""
        self._is_gone = True
        self.drop()

    def drop(self) -> None:
        """The connection is lost: what was under way is in doubt. :meth:`start` binds again."""
        self.is_bound = False
        self._wire.link = None
        if not self._cut.done():
            self._cut.set_result(None)

    async def offer(self, pdu: DeliverSm) -> int | None:
        """A deliver_sm for the platform; None when it went away before it answered."""
        offer = _Offer(pdu, asyncio.get_running_loop().create_future())
        self.on_deliver_many([offer])
        cut = self._cut
        await asyncio.wait((offer.answered, cut), return_when=asyncio.FIRST_COMPLETED)
        return offer.answered.result() if offer.answered.done() else None

    def submit_many(self, items: Sequence[tuple[int, SubmitSm]]) -> None:
        for number, pdu in items:
            self._in_flight += 1
            self._wire.spawn(self._submit(number, pdu))

    async def _submit(self, number: int, pdu: SubmitSm) -> None:
        cut = self._cut
        result = not_sent("the link is down") if cut.done() else await self._carry(number, pdu)
        self._in_flight -= 1
        if self._is_gone:
            return
        if cut.done() and result.certainty is not Certainty.NOT_SENT:
            result = unanswered("the link dropped")
        self.on_answers([(number, result)])

    async def _carry(self, number: int, pdu: SubmitSm) -> SubmitResult:
        wire, script = self._wire, self._wire.script
        octets = encode(pdu, wire.next_sequence())
        wire.note("submit_sm", octets)
        arriving = decode(octets)
        await self._arrive()
        if script.happens(Fault.SUBMIT_LOST):
            return await _no_answer()
        if script.happens(Fault.THROTTLED):
            return result_of(SubmitSmResp(status=CommandStatus.RTHROTTLED))
        if script.happens(Fault.QUEUE_FULL):
            return result_of(SubmitSmResp(status=CommandStatus.RMSGQFUL))
        wire.crossed.append(Crossing(arriving.destination_addr.decode(), arriving))
        message = wire.centre.submit(wire.account, arriving, wire.clock.now())
        wire.work()
        if script.happens(Fault.RESPONSE_LOST):
            return await _no_answer()
        response = replace(SubmitSmResp(), message_id=message.message_id.encode())
        await asyncio.sleep(script.way())
        result = result_of(decode(encode(response, wire.next_sequence())))
        if script.happens(Fault.RESPONSE_LATE):
            wire.spawn(self._tell_late(number, result))
            return await _no_answer()
        return result

    async def _arrive(self) -> None:
        """What leaves over one connection arrives in its order."""
        now = self._wire.clock.monotonic()
        self._arrival = max(self._arrival + 0.000_1, now + self._wire.script.way())
        await asyncio.sleep(self._arrival - now)

    async def _tell_late(self, number: int, result: SubmitResult) -> None:
        await asyncio.sleep(RESPONSE_TIMEOUT + self._wire.script.way())
        if not self._cut.done():
            self.on_late(number, result)


async def _no_answer() -> SubmitResult:
    await asyncio.sleep(RESPONSE_TIMEOUT)
    return SubmitResult(NO_ANSWER, None, Certainty.UNKNOWN)


def _respelt(pdu: DeliverSm) -> DeliverSm:
    """The same receipt from a centre that counts in decimal in receipts, and knows no TLVs."""
    text = re.sub(rb"id:([0-9A-F]+)", lambda found: b"id:%010d" % int(found[1], 16), pdu.short_message)
    return replace(pdu, short_message=text, tlvs=())


def _carries(pdu: DeliverSm, element: int) -> bool:
    """Whether the message is a packet of this kind (response packet, command packet)."""
    if not pdu.esm_class & EsmClass.UDHI:
        return False
    header, _ = split_user_data(True, content(pdu))
    return header is not None and header.find(element) is not None
