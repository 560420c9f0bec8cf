"""Step for delivery receipts: matched by message id and destination, parked when they come before the answer.

Centres spell one id in several ways; `canonical_ids` lists them, `message_key` is the one that is stored. A match
needs the destination too, so a look-alike id never hits somebody else's message. Between messages to one number the
id as it came is believed first; another spelling only finds what still waits for its receipt.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, or_, select, update

from smsc_gateway.smpp.receipt import Receipt, canonical_ids, message_key

from ..storage.context import StepContext
from .facts import INTERMEDIATE, OutboxState, ReceiptFact
from .receivers import Hooks
from .tables import outbox, parked_receipt

# statements of the hot path are built once: building costs more than SQLite does
_NEWEST = (
    select(outbox)
    .where(outbox.c.message_id == bindparam("id"), outbox.c.msisdn == bindparam("msisdn"))
    .order_by(outbox.c.seq.desc())
    .limit(1)
)
_NEWEST_WAITING = _NEWEST.where(or_(outbox.c.receipt.is_(None), outbox.c.receipt.in_(sorted(INTERMEDIATE))))
_FIND = select(outbox).where(outbox.c.seq == bindparam("seq"))
_CHANGE = update(outbox).where(outbox.c.seq == bindparam("key"), outbox.c.state == OutboxState.ACCEPTED)
_PARK = insert(parked_receipt)
_PARKED = (
    select(parked_receipt)
    .where(
        parked_receipt.c.message_id.in_(bindparam("ids", expanding=True)),
        parked_receipt.c.msisdn == bindparam("msisdn"),
        parked_receipt.c.received_at >= bindparam("handed"),
    )
    .order_by(parked_receipt.c.seq)
)

#: The words of SMPP 3.4 Appendix B for the states whose names differ.
_WORDS = {
    "DELIVERED": "DELIVRD",
    "UNDELIVERABLE": "UNDELIV",
    "ACCEPTED": "ACCEPTD",
    "REJECTED": "REJECTD",
}


def take_receipt(conn: Connection, context: StepContext, hooks: Hooks, msisdn: str, receipt: Receipt) -> str:
    """Take in a receipt about a message to `msisdn`; returns "receipt.matched" or "receipt.parked"."""
    name = receipt.state.name
    state, error = _WORDS.get(name, name), receipt.error
    row = _find(conn, msisdn, receipt.message_id)
    if row is None:
        conn.execute(
            _PARK,
            {
                "message_id": message_key(receipt.message_id),
                "msisdn": msisdn,
                "state": state,
                "error": (error or "")[:12] or None,
                "received_at": context.now,
            },
        )
        return "receipt.parked"
    _apply(conn, context, hooks, row, state, error=error)
    return "receipt.matched"


def claim_parked(conn: Connection, context: StepContext, hooks: Hooks, row: Row[Any]) -> None:
    """Apply the receipts that came before the SMSC's answer to this (just accepted) segment, but after it had left."""
    if row.message_id is None:
        return
    spellings = [message_key(one) for one in canonical_ids(row.message_id)]
    parked = conn.execute(_PARKED, {"ids": spellings, "msisdn": row.msisdn, "handed": row.handed_at}).all()
    parked = [receipt for receipt in parked if receipt.message_id == row.message_id] or parked
    for receipt in parked:
        current = conn.execute(_FIND, {"seq": row.seq}).one()
        _apply(conn, context, hooks, current, receipt.state, error=receipt.error)
    if parked:
        conn.execute(delete(parked_receipt).where(parked_receipt.c.seq.in_([receipt.seq for receipt in parked])))


def _find(conn: Connection, msisdn: str, message_id: str) -> Row[Any] | None:
    """The newest accepted segment to this number whose id may be spelled so; the surest spelling first."""
    own = message_key(message_id)
    for key in dict.fromkeys(message_key(spelling) for spelling in canonical_ids(message_id)):
        query = _NEWEST if key == own else _NEWEST_WAITING
        found = conn.execute(query, {"id": key, "msisdn": msisdn}).first()
        if found is not None:
            return found
    return None


def _apply(
    conn: Connection, context: StepContext, hooks: Hooks, row: Row[Any], state: str, *, error: str | None
) -> None:
    fact = ReceiptFact(
        row.outbox_id, row.segment, row.segments, row.msisdn, state, error, row.origin, row.origin_id, context.now
    )
    if row.receipt == state or (row.receipt is not None and row.receipt not in INTERMEDIATE):
        return  # the same again, or one that comes after the final word: the first final word stands
    change = {"receipt": state, "receipt_error": (error or "")[:12] or None, "receipt_at": context.now}
    conn.execute(_CHANGE, {"key": row.seq, **change})
    for tell in hooks.on_receipt:
        tell(conn, fact, context)
