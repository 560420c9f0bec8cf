"""Steps of the money: take what a card did, once, and book it in double entry.

Identity of a transaction: (application on a card, offline counter). The same one again is a duplicate and changes
nothing; the same counter with other contents is a conflict and is not taken. A transaction that the books cannot follow
(more spent than there is, an undo without its purchase) is kept as DISPUTED and not booked: a person decides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from ..taps.uploads import application_at
from .tables import card_transaction, ledger_entry, posting, purse

LARGEST_AMOUNT_FEN = 10_000_000
LARGEST_COUNTER = 0xFFFF_FFFF
FLOAT, SALES = "FLOAT", "SALES"
SHORT = "spends more than the purse holds"  #: why a purchase waits for a load that has not been uploaded yet

#: The number of the booking that comes next, while it is not there yet: above all that are, and never given twice.
_NEXT_BOOKING = select(func.coalesce(func.max(posting.c.id), 0) + 1).scalar_subquery()


class Kind(StrEnum):
    """What happened on the card."""

    LOAD = "LOAD"  #: money came onto the purse
    PURCHASE = "PURCHASE"
    UNDO = "UNDO"  #: the terminal's last purchase of this card, taken back


class Taken(StrEnum):
    """What became of a reported transaction."""

    POSTED = "POSTED"
    DISPUTED = "DISPUTED"
    DUPLICATE = "DUPLICATE"


class NotTaken(ValueError):
    """The transaction is not stored; the message says why. Correct the upload, then send it again."""


class UnknownApplication(NotTaken):
    """This card never had an application of this enterprise. Check the ICCID and the enterprise."""


class CounterConflict(NotTaken):
    """The card's counter is already used by another transaction. Have the terminal checked."""


@dataclass(frozen=True, slots=True)
class CardTransaction:
    """One reported transaction. `counter` is the card's offline counter after it; `card_balance_fen` its balance."""

    iccid: str = field(repr=False)
    enterprise_id: int
    kind: Kind
    amount_fen: int
    counter: int
    terminal: str
    occurred_at: datetime
    card_balance_fen: int | None = None
    tac: bytes | None = None


def open_purse(
    connection: Connection, *, iccid: str, enterprise_id: int, now: datetime, valid_until: date | None = None
) -> None:
    """Make the purse if there is none; `valid_until`, when given, replaces the one it has."""
    if _purse(connection, iccid, enterprise_id) is None:
        connection.execute(
            insert(purse).values(
                iccid=iccid, enterprise_id=enterprise_id, balance_fen=0, valid_until=valid_until, opened_at=now
            )
        )
    elif valid_until is not None:
        connection.execute(
            update(purse)
            .where(purse.c.iccid == iccid, purse.c.enterprise_id == enterprise_id)
            .values(valid_until=valid_until)
        )


def balance(connection: Connection, *, iccid: str, enterprise_id: int) -> int:
    """Fen on the purse as booked; 0 without a purse."""
    row = _purse(connection, iccid, enterprise_id)
    return 0 if row is None else int(row.balance_fen)


def post_transaction(connection: Connection, what: CardTransaction, *, now: datetime, origin: str) -> Taken:
    """Take one transaction and book it; raises :class:`NotTaken` and changes nothing when it cannot be taken."""
    _check(what)
    application_id = application_at(connection, what.iccid, what.enterprise_id, what.occurred_at)
    if application_id is None:
        raise UnknownApplication(
            f"the card ending {what.iccid[-4:]} has no application of enterprise {what.enterprise_id}"
        )
    same = connection.execute(
        select(card_transaction).where(
            card_transaction.c.application_id == application_id, card_transaction.c.counter == what.counter
        )
    ).one_or_none()
    if same is not None:
        if _is_same(same, what):
            return Taken.DUPLICATE
        raise CounterConflict(f"counter {what.counter} of the card ending {what.iccid[-4:]} is taken")
    open_purse(connection, iccid=what.iccid, enterprise_id=what.enterprise_id, now=now)
    dispute = _dispute(connection, what)
    stored = connection.execute(
        insert(card_transaction)
        .values(
            iccid=what.iccid,
            enterprise_id=what.enterprise_id,
            application_id=application_id,
            kind=what.kind,
            amount_fen=what.amount_fen,
            counter=what.counter,
            terminal=what.terminal,
            card_balance_fen=what.card_balance_fen,
            tac=what.tac,
            occurred_at=what.occurred_at,
            accepted_at=now,
            state=Taken.POSTED if dispute is None else Taken.DISPUTED,
            reason=dispute,
            origin=origin,
            booking=_NEXT_BOOKING if dispute is None else None,
        )
        .returning(card_transaction.c.id)
    ).scalar_one()
    if dispute is not None:
        return Taken.DISPUTED
    _book(connection, what, stored, now)
    if what.kind is not Kind.PURCHASE:
        _book_what_was_short(connection, what.iccid, what.enterprise_id, now)
    return Taken.POSTED


def _book_what_was_short(connection: Connection, iccid: str, enterprise_id: int, now: datetime) -> None:
    """Purchases that were uploaded before the load that paid for them: booked now, in the card's order."""
    waiting = connection.execute(
        select(card_transaction)
        .where(
            card_transaction.c.iccid == iccid,
            card_transaction.c.enterprise_id == enterprise_id,
            card_transaction.c.state == Taken.DISPUTED,
            card_transaction.c.reason == SHORT,
        )
        .order_by(card_transaction.c.application_id, card_transaction.c.counter)
    ).all()
    for row in waiting:
        what = CardTransaction(
            row.iccid, row.enterprise_id, Kind(row.kind), row.amount_fen, row.counter, row.terminal, row.occurred_at
        )
        if _dispute(connection, what) is None:
            connection.execute(
                update(card_transaction)
                .where(card_transaction.c.id == row.id)
                .values(state=Taken.POSTED, reason=None, accepted_at=now, booking=_NEXT_BOOKING)
            )
            _book(connection, what, row.id, now)


def trial_balance(connection: Connection, enterprise_id: int) -> tuple[int, int]:
    """The sums of all debits and all credits of an enterprise; they are always equal (INV-7)."""
    sums = connection.execute(
        select(
            func.coalesce(func.sum(ledger_entry.c.debit_fen), 0), func.coalesce(func.sum(ledger_entry.c.credit_fen), 0)
        ).where(ledger_entry.c.enterprise_id == enterprise_id)
    ).one()
    return int(sums[0]), int(sums[1])


def account_balance(connection: Connection, enterprise_id: int, account: str) -> int:
    """Credits less debits of one account."""
    return int(
        connection.execute(
            select(func.coalesce(func.sum(ledger_entry.c.credit_fen - ledger_entry.c.debit_fen), 0)).where(
                ledger_entry.c.enterprise_id == enterprise_id, ledger_entry.c.account == account
            )
        ).scalar_one()
    )


def purse_account(iccid: str) -> str:
    return f"PURSE:{iccid}"


def _check(what: CardTransaction) -> None:
    if not 0 < what.amount_fen <= LARGEST_AMOUNT_FEN:
        raise NotTaken(f"amount of {what.amount_fen} fen: 1 to {LARGEST_AMOUNT_FEN} are taken")
    if not 0 < what.counter <= LARGEST_COUNTER:
        raise NotTaken(f"counter {what.counter}: 1 to {LARGEST_COUNTER} are taken")
    if not 0 < len(what.terminal) <= 20:
        raise NotTaken("a terminal's name has 1 to 20 characters")


def _is_same(row: Row[Any], what: CardTransaction) -> bool:
    return (row.kind, row.amount_fen, row.terminal, row.occurred_at) == (
        what.kind,
        what.amount_fen,
        what.terminal,
        what.occurred_at,
    )


def _purse(connection: Connection, iccid: str, enterprise_id: int) -> Row[Any] | None:
    return connection.execute(
        select(purse).where(purse.c.iccid == iccid, purse.c.enterprise_id == enterprise_id)
    ).one_or_none()


def _dispute(connection: Connection, what: CardTransaction) -> str | None:
    """Why the books cannot follow, or None."""
    row = _purse(connection, what.iccid, what.enterprise_id)
    assert row is not None
    if what.kind is Kind.PURCHASE:
        if row.balance_fen < what.amount_fen:
            return SHORT
        if row.valid_until is not None and what.occurred_at.date() > row.valid_until:
            return "spends after the balance expired"
    if what.kind is Kind.UNDO:
        last = connection.execute(
            select(card_transaction.c.iccid, card_transaction.c.kind, card_transaction.c.amount_fen)
            .where(
                card_transaction.c.terminal == what.terminal,
                card_transaction.c.enterprise_id == what.enterprise_id,
                card_transaction.c.state == Taken.POSTED,
                card_transaction.c.occurred_at <= what.occurred_at,
            )
            .order_by(card_transaction.c.occurred_at.desc(), card_transaction.c.id.desc())
            .limit(1)
        ).one_or_none()
        if last is None or tuple(last) != (what.iccid, Kind.PURCHASE, what.amount_fen):
            return "undoes something else than the terminal's last purchase"
    return None


def _book(connection: Connection, what: CardTransaction, transaction_id: int, now: datetime) -> None:
    """Debit one account, credit another one of the same enterprise, and move the purse (INV-6, INV-7)."""
    account = purse_account(what.iccid)
    debit, credit = {
        Kind.LOAD: (FLOAT, account),
        Kind.PURCHASE: (account, SALES),
        Kind.UNDO: (SALES, account),
    }[what.kind]
    posting_id = connection.execute(
        insert(posting)
        .values(enterprise_id=what.enterprise_id, transaction_id=transaction_id, posted_at=now)
        .returning(posting.c.id)
    ).scalar_one()
    shared = {"posting_id": posting_id, "enterprise_id": what.enterprise_id}
    connection.execute(
        insert(ledger_entry),
        [
            {**shared, "line": 1, "account": debit, "debit_fen": what.amount_fen, "credit_fen": 0},
            {**shared, "line": 2, "account": credit, "debit_fen": 0, "credit_fen": what.amount_fen},
        ],
    )
    change = -what.amount_fen if what.kind is Kind.PURCHASE else what.amount_fen
    connection.execute(
        update(purse)
        .where(purse.c.iccid == what.iccid, purse.c.enterprise_id == what.enterprise_id)
        .values(balance_fen=purse.c.balance_fen + change)
    )
