"""The driver of what comes in: all deliver_sm of one read, one transaction, then the answers to the SMSC."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import structlog
from sqlalchemy import Connection

from smsc_gateway.links.delivery import Delivery
from smsc_gateway.smpp.operations import DeliverSm
from smsc_gateway.smpp.receipt import find_receipt
from smsc_gateway.smpp.status import CommandStatus
from smsc_gateway.smpp.user_data import user_data_of

from ..storage.committer import Committer, Failed
from ..storage.context import StepContext
from ..storage.faults import StorageUnavailable
from .inbox import Delivered, Receivers, set_aside, take_messages
from .outgoing import GotReceipt, Outgoing
from .receipts import park

log = structlog.get_logger(__name__)

#: After so many failures of our own a message or receipt is put aside, so that the SMSC does not offer it for ever.
FAILURES = 3
_REMEMBERED = 1000


class Intake:
    """`intake.deliver_many(deliveries)` answers each delivery after the commit: 0 only when everything is stored."""

    def __init__(self, committer: Committer, receivers: Receivers, outgoing: Sequence[Outgoing]) -> None:
        self._committer = committer
        self._receivers = receivers
        self._outgoing = tuple(outgoing)
        self._failures: OrderedDict[str, int] = OrderedDict()

    def deliver_many(self, deliveries: Sequence[Delivery]) -> None:
        """Store the messages and receipts, with all that follows from them."""
        receipts, messages = [], []
        for delivery in deliveries:
            pdu = delivery.pdu
            receipt = find_receipt(pdu)
            if receipt is not None:
                receipts.append((delivery, GotReceipt(_digits(pdu.source_addr), receipt)))
            else:
                messages.append((delivery, delivered(pdu)))
        self._take(self._take_receipts, receipts)
        self._take(self._take_messages, messages)

    def _take(self, step: Any, taken: Sequence[tuple[Delivery, Any]]) -> None:
        if not taken:
            return

        def done(results: Sequence[Any]) -> None:
            for (delivery, _), result in zip(taken, results, strict=True):
                self._answer(delivery, result)

        try:
            self._committer.together_all(step, [item for _, item in taken], done)
        except StorageUnavailable:
            for delivery, _ in taken:
                delivery.answer(CommandStatus.RX_T_APPN)

    def _answer(self, delivery: Delivery, result: Any) -> None:
        if not isinstance(result, Failed):
            delivery.answer(CommandStatus.ROK)
            return
        if isinstance(result.error, StorageUnavailable):
            log.warning("deliver_sm not stored", sequence=delivery.pdu.sequence, reason=str(result.error))
            delivery.answer(CommandStatus.RX_T_APPN)
            return
        log.error("deliver_sm not taken in", sequence=delivery.pdu.sequence, exc_info=result.error)
        message = delivered(delivery.pdu)
        if self._count_failure(message) < FAILURES:
            delivery.answer(CommandStatus.RX_T_APPN)
            return

        def stored(results: Sequence[Any]) -> None:
            failed = isinstance(results[0], Failed)
            delivery.answer(CommandStatus.RX_T_APPN if failed else CommandStatus.ROK)

        try:
            self._committer.together_all(_set_aside, [message], stored)
        except StorageUnavailable:
            delivery.answer(CommandStatus.RX_T_APPN)

    def _count_failure(self, message: Delivered) -> int:
        """How often this very message, or receipt, has failed here."""
        digest = message.digest()
        count = self._failures.pop(digest, 0) + 1
        self._failures[digest] = count
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        return count

    # --- steps -----------------------------------------------------------------------------------------------------

    def _take_messages(self, conn: Connection, context: StepContext, items: Sequence[Delivered]) -> list[str]:
        return take_messages(conn, context, self._receivers, items)

    def _take_receipts(self, conn: Connection, context: StepContext, items: Sequence[GotReceipt]) -> list[str]:
        return take_receipts(conn, context, self._outgoing, items)


def take_receipts(
    conn: Connection, context: StepContext, outgoing: Sequence[Outgoing], items: Sequence[GotReceipt]
) -> list[str]:
    """Offer receipts to each owner until one knows them; what nobody knows (yet) is kept for a while."""
    left = list(range(len(items)))
    for owner in outgoing:
        if left:
            known = owner.note_receipts(conn, context, [items[place] for place in left])
            left = [place for place, took in zip(left, known, strict=True) if not took]
    if left:
        park(conn, context, [(items[place].msisdn, items[place].receipt) for place in left])
    words = ["receipt.matched"] * len(items)
    for place in left:
        words[place] = "receipt.parked"
    return words


def _set_aside(conn: Connection, context: StepContext, items: Sequence[Delivered]) -> list[None]:
    for message in items:
        set_aside(conn, context, message, "put aside after failures of our own")
    return [None] * len(items)


def delivered(pdu: DeliverSm) -> Delivered:
    """The short message of a deliver_sm."""
    carried = user_data_of(pdu)
    return Delivered(
        _digits(pdu.source_addr),
        _digits(pdu.destination_addr),
        pdu.protocol_id,
        carried.dcs,
        carried.udhi,
        carried.octets,
    )


def _digits(address: bytes) -> str:
    return address.decode("latin-1").removeprefix("+")
