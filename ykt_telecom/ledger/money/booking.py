"""Books what the books can follow: what arrives, in the order of arrival, and what waited for it, in the card's.

Whatever the order of uploads, the same transactions end in the same books: a purchase waits for its load, an undo for
its purchase, and each is booked as soon as the last thing it waits for is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, insert, select, update

from ...runtime.clock import BUSINESS_ZONE
from ...storage.context import StepContext
from ...storage.literal import among
from ...storage.sql import Statement, in_list, instant
from ..taps.rules import Taken
from .rules import WAITING, DisputeReason, Kind
from .tables import card_transaction, ledger_entry, posting, purse
from .undo import Record, Undone, is_booked, is_undone, purchase_of, records_up_to

FLOAT, SALES = "FLOAT", "SALES"

#: One purse: the card and the enterprise.
Account: TypeAlias = tuple[str, int]

_C, _P = card_transaction.c, purse.c
_WAITING = Statement(
    select(_C.id, _C.iccid, _C.enterprise_id, _C.application_id, _C.counter, _C.kind, _C.amount_fen, _C.occurred_at)
    .where(in_list(_C.iccid, "iccids"), among(_C.state, (Taken.DISPUTED,)), among(_C.reason, WAITING))
)  # fmt: skip
_PURSES = Statement(
    select(_P.iccid, _P.enterprise_id, _P.balance_fen, _P.valid_until).where(in_list(_P.iccid, "iccids"))
)
_INSERT = Statement(
    insert(card_transaction),
    (
        "id", "iccid", "enterprise_id", "application_id", "counter", "kind", "amount_fen", "occurred_at", "state",
        "reason", "booking", "undoes",
    ),
)  # fmt: skip
_CHANGE = Statement(
    update(card_transaction)
    .where(_C.id == bindparam("key"))
    .values(
        state=bindparam("now_is"), reason=bindparam("why"), booking=bindparam("booked_as"), undoes=bindparam("takes")
    )
)
_POST = Statement(insert(posting), ("id", "enterprise_id", "transaction_id", "posted_at"))
_ENTER = Statement(insert(ledger_entry), ("posting_id", "line", "enterprise_id", "account", "debit_fen", "credit_fen"))
_MOVE_PURSE = Statement(
    update(purse)
    .where(_P.iccid == bindparam("card"), _P.enterprise_id == bindparam("enterprise"))
    .values(balance_fen=_P.balance_fen + bindparam("change"))
)


@dataclass(slots=True)
class Entry:
    """A transaction that is new or waits, and what becomes of it."""

    id: int
    iccid: str = field(repr=False)
    enterprise_id: int
    application_id: int
    counter: int
    kind: Kind
    amount_fen: int
    occurred_at: int
    reason: DisputeReason | None = None
    booking: int | None = None
    undoes: int | None = None

    @property
    def account(self) -> Account:
        return self.iccid, self.enterprise_id

    @property
    def tap(self) -> tuple[int, int]:
        return self.application_id, self.counter

    @property
    def effect_fen(self) -> int:
        """What it does to the purse."""
        return -self.amount_fen if self.kind is Kind.PURCHASE else self.amount_fen

    @property
    def state(self) -> Taken:
        return Taken.DISPUTED if self.booking is None else Taken.POSTED


def book(conn: Connection, context: StepContext, accounts: Iterable[Account], new: Sequence[Entry] = ()) -> None:
    """Book what can be booked on these purses; the new entries are stored, and know what became of them."""
    wanted = set(accounts)
    iccids = sorted({iccid for iccid, _ in wanted})
    waiting = [entry for entry in _waiting(conn, iccids) if entry.account in wanted]
    if not new and not waiting:
        return
    purses = _purses(conn, context, iccids)
    for entry in waiting:
        purses[entry.account].waiting.append(entry)
    for entry in new:
        purses[entry.account].coming.add(entry.tap)
    if not new:
        for account in {entry.account for entry in waiting}:
            purses[account].arrive()
    for entry in new:
        purses[entry.account].arrive(entry)
    booked = [entry for mine in purses.values() for entry in mine.booked]
    _store(conn, context, waiting, new, sorted(booked, key=lambda entry: entry.booking or 0))


def _waiting(conn: Connection, iccids: Sequence[str]) -> list[Entry]:
    return [
        Entry(number, iccid, enterprise_id, application_id, counter, Kind(kind), amount, at)
        for number, iccid, enterprise_id, application_id, counter, kind, amount, at in _WAITING.rows(
            conn, iccids=iccids
        )
    ]


def _purses(conn: Connection, context: StepContext, iccids: Sequence[str]) -> dict[Account, _Purse]:
    found: dict[Account, _Purse] = {}
    for iccid, enterprise_id, balance, until in _PURSES.rows(conn, iccids=iccids):
        day = date.fromisoformat(until) if isinstance(until, str) else until
        found[iccid, enterprise_id] = _Purse(conn, context, balance, day)
    return found


@dataclass(slots=True)
class _Purse:
    """A purse while entries arrive at it one after the other."""

    conn: Connection
    context: StepContext
    balance_fen: int
    valid_until: date | None
    #: in the card's order: what waits for something
    waiting: list[Entry] = field(default_factory=list)
    #: in the order of booking
    booked: list[Entry] = field(default_factory=list)
    #: counters of new entries that have not arrived yet: what follows from them is not known yet
    coming: set[tuple[int, int]] = field(default_factory=set)
    _known: dict[int, tuple[int, dict[int, Record]]] = field(default_factory=dict)

    def arrive(self, *entries: Entry) -> None:
        """Book them and what waited for them: again and again in the card's order, until nothing more can be."""
        self.waiting += entries
        self.coming -= {entry.tap for entry in entries}
        moved = True
        while moved:
            moved, waits = False, list[Entry]()
            for entry in sorted(self.waiting, key=lambda entry: (str(entry.application_id), entry.counter)):
                entry.reason = self._refusal(entry)
                if entry.reason is None:
                    self._book(entry)
                    moved = True
                elif entry.reason in WAITING:
                    waits.append(entry)
            self.waiting = waits

    def _book(self, entry: Entry) -> None:
        self.balance_fen += entry.effect_fen
        entry.booking = self.context.next_number()
        self.booked.append(entry)

    def _refusal(self, entry: Entry) -> DisputeReason | None:
        if entry.kind is Kind.LOAD:
            return None
        if entry.kind is Kind.UNDO:
            return self._refusal_of_undo(entry)
        if self.balance_fen < entry.amount_fen and not self._is_taken_back(entry):
            return DisputeReason.SHORT
        if self.valid_until is not None and _day_of(entry.occurred_at) > self.valid_until:
            return DisputeReason.EXPIRED
        return None

    def _is_taken_back(self, entry: Entry) -> bool:
        """An undo that is here gives back what the purchase takes: later purchases may have been booked before both."""
        return any(
            undo.kind is Kind.UNDO
            and undo.application_id == entry.application_id
            and purchase_of(undo.counter, self._records(undo.application_id, undo.counter)) == Undone(entry.counter)
            for undo in self.waiting
        )

    def _refusal_of_undo(self, entry: Entry) -> DisputeReason | None:
        owner = entry.application_id
        found = purchase_of(entry.counter, self._records(owner, entry.counter))
        if not isinstance(found, Undone):
            return found
        mates = [other for other in self.booked if other.application_id == owner]
        if any(other.undoes == found.counter for other in mates) or is_undone(self.conn, owner, found.counter):
            return DisputeReason.UNDO_UNFOUNDED
        if not (any(other.counter == found.counter for other in mates) or is_booked(self.conn, owner, found.counter)):
            return DisputeReason.UNDO_WAITS
        entry.undoes = found.counter
        return None

    def _records(self, owner: int, counter: int) -> dict[int, Record]:
        """What is known of the card now; read once, as far as is needed."""
        last, records = self._known.get(owner, (0, {}))
        if counter > last:
            records = records_up_to(self.conn, owner, counter)
            self._known[owner] = counter, records
        return {number: record for number, record in records.items() if (owner, number) not in self.coming}


def _store(
    conn: Connection, context: StepContext, waiting: Sequence[Entry], new: Sequence[Entry], booked: Sequence[Entry]
) -> None:
    _INSERT.many(conn, [_row(entry) for entry in new])
    _CHANGE.many(
        conn,
        [
            {
                "key": entry.id,
                "now_is": entry.state.value,
                "why": _text(entry.reason),
                "booked_as": entry.booking,
                "takes": entry.undoes,
            }
            for entry in waiting
        ],
    )
    now = instant(context.now)
    _POST.many(
        conn,
        [
            {"id": one.booking, "enterprise_id": one.enterprise_id, "transaction_id": one.id, "posted_at": now}
            for one in booked
        ],
    )
    _ENTER.many(conn, [line for entry in booked for line in _lines(entry)])
    changes: dict[Account, int] = {}
    for entry in booked:
        changes[entry.account] = changes.get(entry.account, 0) + entry.effect_fen
    _MOVE_PURSE.many(
        conn,
        [{"card": iccid, "enterprise": number, "change": change} for (iccid, number), change in changes.items()],
    )


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "iccid": entry.iccid,
        "enterprise_id": entry.enterprise_id,
        "application_id": entry.application_id,
        "counter": entry.counter,
        "kind": entry.kind.value,
        "amount_fen": entry.amount_fen,
        "occurred_at": entry.occurred_at,
        "state": entry.state.value,
        "reason": _text(entry.reason),
        "booking": entry.booking,
        "undoes": entry.undoes,
    }


def _text(reason: DisputeReason | None) -> str | None:
    return None if reason is None else reason.value


def purse_account(iccid: str) -> str:
    """The account of a card's purse in the books of its enterprise."""
    return f"PURSE:{iccid}"


def _lines(entry: Entry) -> tuple[dict[str, Any], dict[str, Any]]:
    """Debit one account, credit another one of the same enterprise (INV-6, INV-7)."""
    account = purse_account(entry.iccid)
    debit, credit = {
        Kind.LOAD: (FLOAT, account),
        Kind.PURCHASE: (account, SALES),
        Kind.UNDO: (SALES, account),
    }[entry.kind]
    shared = {"posting_id": entry.booking, "enterprise_id": entry.enterprise_id}
    return (
        {**shared, "line": 1, "account": debit, "debit_fen": entry.amount_fen, "credit_fen": 0},
        {**shared, "line": 2, "account": credit, "debit_fen": 0, "credit_fen": entry.amount_fen},
    )


def _day_of(at: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(BUSINESS_ZONE).date()
