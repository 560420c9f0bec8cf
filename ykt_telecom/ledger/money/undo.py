"""Which purchase an undo takes back: the card decides, by the order of its own counter.

A terminal can only give back what it took last from this card, so the card's money record before the undo is the
purchase: same terminal, same amount, undone once. Times do not matter, nor the order of uploads. While counters between
the two are missing the undo waits: one of them may have been another purchase.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select

from ...storage.sql import Statement
from ..taps.rules import MONEY_KINDS
from ..taps.tables import tap
from .rules import DisputeReason, Kind
from .tables import card_transaction

_T, _C = tap.c, card_transaction.c
_TAPS = Statement(
    select(_T.counter, _T.kind, _T.terminal, _T.amount_fen).where(
        _T.application_id == bindparam("application"), _T.counter <= bindparam("last")
    )
)
_IS_BOOKED = Statement(
    select(_C.booking).where(_C.application_id == bindparam("application"), _C.counter == bindparam("counter"))
)
_UNDONE_BY = Statement(
    select(_C.counter).where(
        _C.application_id == bindparam("application"), _C.undoes == bindparam("counter"), _C.undoes.is_not(None)
    )
)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one counter of a card."""

    kind: str
    terminal: str
    amount_fen: int | None


@dataclass(frozen=True, slots=True)
class Undone:
    """The purchase that an undo takes back, by its counter."""

    counter: int


def purchase_of(counter: int, known: Mapping[int, Record]) -> Undone | DisputeReason:
    """The purchase that the undo with this counter takes back, as far as the card's taps are known."""
    undo, before = known[counter], counter - 1
    while before in known and known[before].kind not in MONEY_KINDS:
        before -= 1
    found = known.get(before)
    if found is None:  # the card's first tap is 1: nothing lies before it
        return DisputeReason.UNDO_WAITS if before else DisputeReason.UNDO_UNFOUNDED
    if found == Record(Kind.PURCHASE, undo.terminal, undo.amount_fen):
        return Undone(before)
    return DisputeReason.UNDO_UNFOUNDED


def records_up_to(conn: Connection, application_id: int, counter: int) -> dict[int, Record]:
    """What is known of a card's taps up to a counter."""
    rows = _TAPS.rows(conn, application=application_id, last=counter)
    return {number: Record(kind, terminal, amount) for number, kind, terminal, amount in rows}


def is_booked(conn: Connection, application_id: int, counter: int) -> bool:
    """Whether the transaction with this counter is in the books."""
    return any(row[0] is not None for row in _IS_BOOKED.rows(conn, application=application_id, counter=counter))


def is_undone(conn: Connection, application_id: int, counter: int) -> bool:
    """Whether an undo in the books takes the purchase back."""
    return bool(_UNDONE_BY.rows(conn, application=application_id, counter=counter))
