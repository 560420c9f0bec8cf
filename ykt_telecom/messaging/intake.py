"""The driver of what comes in: one deliver_sm, one transaction, then the answer to the SMSC."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

import structlog
from sqlalchemy import Connection, insert

from smsc_gateway.smpp.operations import DeliverSm, EsmClass, content
from smsc_gateway.smpp.receipt import find_receipt
from smsc_gateway.smpp.status import CommandStatus

from ..ota.means import OtaMeans
from ..registry.audit.steps import record
from ..registry.audit.subject import Subject
from ..storage.committer import Committer
from ..storage.context import StepContext
from ..storage.faults import StorageUnavailable
from .inbox import Delivered, InboxKind, InboxState, take_delivered
from .receipts import take_receipt
from .tables import inbox

log = structlog.get_logger(__name__)

#: After so many failures of our own a message is put aside, so that the SMSC does not offer it for ever.
FAILURES = 3
_REMEMBERED = 1000

Step: TypeAlias = Callable[[Connection, StepContext], str]


class Intake:
    """`await intake.deliver(pdu)` returns the command_status to answer: 0 only when everything is stored."""

    def __init__(self, committer: Committer, means: OtaMeans) -> None:
        self._committer = committer
        self._means = means
        self._failures: OrderedDict[str, int] = OrderedDict()

    async def deliver(self, pdu: DeliverSm) -> int:
        """Store the message or receipt, with all that follows from it."""
        receipt = find_receipt(pdu)
        source, destination = _digits(pdu.source_addr), _digits(pdu.destination_addr)
        if receipt is not None:
            hooks = self._means.hooks
            return await self._store(pdu, lambda conn, context: take_receipt(conn, context, hooks, source, receipt))
        message = Delivered(
            source,
            destination,
            pdu.protocol_id,
            pdu.data_coding,
            bool(pdu.esm_class & EsmClass.UDHI),
            content(pdu),
        )
        return await self._store(
            pdu, lambda conn, context: take_delivered(conn, context, self._means, message), message
        )

    async def _store(self, pdu: DeliverSm, step: Step, message: Delivered | None = None) -> int:
        try:
            await self._committer.perform(step)
        except StorageUnavailable as fault:
            log.warning("deliver_sm not stored", sequence=pdu.sequence, reason=str(fault))
            return CommandStatus.RX_T_APPN
        except Exception:
            log.exception("deliver_sm not taken in", sequence=pdu.sequence)
            if message is None or not await self._put_aside(message):
                return CommandStatus.RX_T_APPN
        return CommandStatus.ROK

    async def _put_aside(self, message: Delivered) -> bool:
        """Count the failure; after the last one store the message as refused, for a person to look at."""
        digest = message.digest()
        count = self._failures.pop(digest, 0) + 1
        self._failures[digest] = count
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)
        if count < FAILURES:
            return False

        def store(conn: Connection, context: StepContext) -> None:
            conn.execute(
                insert(inbox).values(
                    id=context.next_id(),
                    source=message.source[:21],
                    destination=message.destination[:21],
                    kind=InboxKind.TEXT,
                    state=InboxState.REFUSED,
                    pid=message.pid,
                    dcs=message.dcs,
                    udhi=message.udhi,
                    user_data=None,
                    digest=digest,
                    note="put aside after failures of our own",
                    received_at=context.now,
                )
            )
            record(conn, at=context.now, actor="inbox", action="inbox.put_aside", subject=Subject.message(digest[:16]))

        try:
            await self._committer.perform(store)
        except StorageUnavailable:
            return False
        return True


def _digits(address: bytes) -> str:
    return address.decode("latin-1").removeprefix("+")
