"""Steps of the money: take what cards did, once, and book it in double entry.

A transaction that the books cannot follow (more spent than there is, an undo without its purchase) is kept as DISPUTED
and not booked: it waits for what is missing, or a person decides (`DisputeReason`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from ...storage.context import StepContext
from ...storage.sql import Statement, in_list, instant
from ..taps.rules import NotTaken, Taken
from ..taps.steps import Accepted, Duplicate, take_taps
from .booking import FLOAT, SALES, Account, Entry, book, purse_account
from .rules import CardTransaction, DisputeReason, Kind
from .tables import ledger_entry, purse

__all__ = [
    "FLOAT", "SALES", "CardTransaction", "DisputeReason", "Kind", "NotTaken", "Taken", "account_balance", "balance",
    "book_what_waited", "open_purse", "post_transactions", "purse_account", "trial_balance",
]  # fmt: skip

_PURSES = Statement(select(purse.c.iccid, purse.c.enterprise_id).where(in_list(purse.c.iccid, "iccids")))
_OPEN = Statement(insert(purse), ("iccid", "enterprise_id", "balance_fen", "opened_at"))


def post_transactions(
    conn: Connection, context: StepContext, transactions: Sequence[CardTransaction], *, origin: str
) -> list[Taken | NotTaken]:
    """Take what was reported and book what can be booked; a result for each. What is not taken changes nothing."""
    verdicts = take_taps(conn, context, [one.tap() for one in transactions], origin=origin)
    results: list[Taken | NotTaken | Entry] = []
    for one, verdict in zip(transactions, verdicts, strict=True):
        if isinstance(verdict, Accepted):
            results.append(_entry(context, one, verdict))
        else:
            results.append(Taken.DUPLICATE if isinstance(verdict, Duplicate) else verdict)
    new = [result for result in results if isinstance(result, Entry)]
    if new:
        accounts = {entry.account for entry in new}
        open_purses(conn, context, accounts)
        book(conn, context, accounts, new)
    return [result.state if isinstance(result, Entry) else result for result in results]


def _entry(context: StepContext, one: CardTransaction, verdict: Accepted) -> Entry:
    return Entry(
        context.next_number(),
        one.iccid,
        one.enterprise_id,
        verdict.application_id,
        one.counter,
        one.kind,
        one.amount_fen,
        instant(one.occurred_at),
    )


def book_what_waited(conn: Connection, context: StepContext, accounts: Iterable[Account]) -> None:
    """Other taps of these cards were uploaded: book the undos that waited to know what lay before them."""
    book(conn, context, accounts)


def open_purses(conn: Connection, context: StepContext, accounts: Iterable[Account]) -> None:
    """Make the purses that are not there yet."""
    wanted = set(accounts)
    there = {(iccid, number) for iccid, number in _PURSES.rows(conn, iccids=sorted({iccid for iccid, _ in wanted}))}
    rows = [
        {"iccid": iccid, "enterprise_id": number, "balance_fen": 0, "opened_at": instant(context.now)}
        for iccid, number in sorted(wanted - there)
    ]
    _OPEN.many(conn, rows)


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


def _purse(connection: Connection, iccid: str, enterprise_id: int) -> Row[Any] | None:
    return connection.execute(
        select(purse).where(purse.c.iccid == iccid, purse.c.enterprise_id == enterprise_id)
    ).one_or_none()
