"""Delivery receipts: the pure rules of their ids and words, and those that come before the answer they belong to.

Centres spell one id in several ways; `canonical_ids` lists them, :func:`spellings` the keys under which they are
stored, the surest first. A match needs the destination too, so a look-alike id never hits somebody else's message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import Connection, bindparam, delete, insert, select

from smsc_gateway.smpp.receipt import Receipt, canonical_ids, message_key

from ..storage.context import StepContext
from ..storage.sql import Statement, in_list, instant
from .tables import parked_receipt

#: How long a receipt waits for the answer that tells whose it is.
PATIENCE = timedelta(minutes=10)

#: The words of SMPP 3.4 Appendix B for the states whose names differ.
_WORDS = {
    "DELIVERED": "DELIVRD",
    "UNDELIVERABLE": "UNDELIV",
    "ACCEPTED": "ACCEPTD",
    "REJECTED": "REJECTD",
}

_P = parked_receipt.c
_PARK = Statement(insert(parked_receipt), ("id", "message_id", "msisdn", "state", "error", "received_at"))
_PARKED = Statement(
    select(_P.id, _P.message_id, _P.msisdn, _P.state, _P.error, _P.received_at)
    .where(in_list(_P.message_id, "names"))
    .order_by(_P.id)
)
_ANY = Statement(select(_P.id).limit(1))
_DROP = Statement(delete(parked_receipt).where(in_list(_P.id, "ids")))
_FORGET = Statement(delete(parked_receipt).where(_P.received_at < bindparam("before")))


@lru_cache(maxsize=4096)
def spellings(message_id: str) -> tuple[str, ...]:
    """The keys under which a message of this id may be stored; its own spelling first."""
    return tuple(dict.fromkeys(message_key(one) for one in (message_id, *canonical_ids(message_id))))


def receipt_names(receipt: Receipt) -> tuple[str, ...]:
    """The keys of the message that a receipt may be about, the surest first; TLV and text may name different ids."""
    names = spellings(receipt.message_id)
    return (*names, *spellings(receipt.other_id)) if receipt.other_id else names


def receipt_state(receipt: Receipt) -> str:
    """The state in the words of SMPP 3.4 Appendix B."""
    name = receipt.state.name
    return _WORDS.get(name, name)


@dataclass(frozen=True, slots=True)
class Parked:
    """A receipt that had come too early. `name` is the key of the message that it may be about."""

    id: int
    name: str
    msisdn: str = field(repr=False)
    state: str
    error: str | None
    received_at: int


def park(conn: Connection, context: StepContext, items: Sequence[tuple[str, Receipt]]) -> None:
    """Keep receipts that name no message (yet), by (number, receipt)."""
    at = instant(context.now)
    _PARK.many(
        conn,
        [
            {
                "id": context.next_number(),
                "message_id": message_key(receipt.message_id),
                "msisdn": msisdn,
                "state": receipt_state(receipt),
                "error": (receipt.error or "")[:12] or None,
                "received_at": at,
            }
            for msisdn, receipt in items
        ],
    )


def parked_for(conn: Connection, names: Iterable[str]) -> list[Parked]:
    """Receipts that may be about messages of these keys; another spelling only where none is exact.

    The caller compares number and time, and drops those it took (:func:`drop_parked`).
    """
    if not _ANY.rows(conn):
        return []
    wanted = {spelled: name for name in names for spelled in reversed(spellings(name))}
    rows = _PARKED.rows(conn, names=sorted(wanted))
    exact = {row[1] for row in rows if wanted[row[1]] == row[1]}
    return [
        Parked(number, wanted[spelled], msisdn, state, error, received_at)
        for number, spelled, msisdn, state, error, received_at in rows
        if spelled in exact or wanted[spelled] not in exact
    ]


def drop_parked(conn: Connection, taken: Iterable[Parked]) -> None:
    """These found their message."""
    ids = [one.id for one in taken]
    if ids:
        _DROP.run(conn, ids=ids)


def forget_parked(conn: Connection, context: StepContext) -> int:
    """Drop receipts whose answer never came: they are about messages of somebody else."""
    return _FORGET.run(conn, before=instant(context.now - PATIENCE))
