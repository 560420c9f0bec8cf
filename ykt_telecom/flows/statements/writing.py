"""Writes composed pages: statements, their texts in the outbox, closing balances, and how far the run has come.

All of a page is one transaction: whatever crashes, the run goes on where the last commit left off, and the unique index
allows no second statement (INV-18). A page is stored only if the run still stands where the page begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from ...messaging.texts import Text, enqueue_texts
from ...storage.context import StepContext
from ...storage.literal import among
from ...storage.sql import Statement, in_list, instant
from .composing import Bill, Page
from .states import RunState, StatementKind, StatementState, Suppression
from .tables import purse_closing, statement, statement_opt_out, statement_run
from .texts import StatementText

ORIGIN = "statement"
MESSAGE_CLASS = "STATEMENT"


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a page; `is_last` when the run is closed."""

    written: int
    suppressed: int
    segments: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Overtaken:
    """The run does not stand where the page begins any more: somebody else works on it. Look where it stands."""


_GO_ON = Statement(
    update(statement_run)
    .where(
        statement_run.c.id == bindparam("run"),
        statement_run.c.members_up_to == bindparam("after"),
        among(statement_run.c.state, (RunState.SENDING,)),
    )
    .values(members_up_to=bindparam("up_to"), state=bindparam("now_state"), sent_at=bindparam("closed_at")),
)
_OPTED_OUT = Statement(
    select(statement_opt_out.c.member_id).where(
        statement_opt_out.c.kind == bindparam("kind"), in_list(statement_opt_out.c.member_id, "members")
    )
)
_INSERT = Statement(insert(statement), [column.name for column in statement.columns])
_FORGET = Statement(
    delete(purse_closing).where(
        in_list(purse_closing.c.iccid, "iccids"), purse_closing.c.enterprise_id == bindparam("enterprise")
    )
)
_CLOSE = Statement(insert(purse_closing), [column.name for column in purse_closing.columns])


def write_statements(connection: Connection, context: StepContext, pages: Sequence[Page]) -> list[Written | Overtaken]:
    """Store the pages in their order; one result for each."""
    reports: list[Written | Overtaken] = []
    stored: list[tuple[Page, Sequence[Bill]]] = []
    for page in pages:
        if not _go_on(connection, context, page):
            reports.append(Overtaken())
            continue
        bills = _without_opted_out(connection, page)
        stored.append((page, bills))
        texts = [bill.told for bill in bills if isinstance(bill.told, StatementText)]
        segments = sum([text.segments for text in texts])
        reports.append(Written(len(texts), len(bills) - len(texts), segments, not page.bills))
    _store(connection, context, stored)
    for page, _ in stored:
        _close_purses(connection, page)
    return reports


def _go_on(connection: Connection, context: StepContext, page: Page) -> bool:
    is_last = not page.bills
    moved = _GO_ON.run(
        connection,
        run=page.run.id,
        after=page.after,
        up_to=page.up_to,
        now_state=RunState.SENT if is_last else RunState.SENDING,
        closed_at=instant(context.now) if is_last else None,
    )
    return moved == 1


def _without_opted_out(connection: Connection, page: Page) -> Sequence[Bill]:
    """Looked up in the transaction that sends: who has opted out by now is told nothing any more."""
    told = [bill.member_id for bill in page.bills if isinstance(bill.told, StatementText)]
    rows = _OPTED_OUT.rows(connection, kind=page.run.kind, members=told) if told else ()
    out = {row[0] for row in rows}
    if not out:
        return page.bills
    return [
        Bill(bill.member_id, bill.msisdn, Suppression.OPTED_OUT) if bill.member_id in out else bill
        for bill in page.bills
    ]


def _store(connection: Connection, context: StepContext, stored: Sequence[tuple[Page, Sequence[Bill]]]) -> None:
    now = instant(context.now)
    rows: list[dict[str, Any]] = []
    texts: list[Text] = []
    told: list[dict[str, Any]] = []
    for page, bills in stored:
        run = page.run
        shared = {
            "run_id": run.id,
            "enterprise_id": run.enterprise_id,
            "kind": run.kind,
            "period": str(run.period),
            "message": None,
            "delivered": 0,
            "possible_duplicate": False,
            "created_at": now,
            "updated_at": now,
        }
        for bill in bills:
            number = context.next_number()
            row = {**shared, "id": number, "member_id": bill.member_id, **_outcome(bill)}
            rows.append(row)
            if isinstance(bill.told, StatementText):
                texts.append(Text(bill.msisdn, bill.told.text, MESSAGE_CLASS, ORIGIN, number))
                told.append(row)
    for row, enqueued in zip(told, enqueue_texts(connection, context, texts), strict=True):
        row["message"], row["segments"] = enqueued.message, enqueued.segments
    _INSERT.many(connection, rows)


def _outcome(bill: Bill) -> dict[str, Any]:
    told = bill.told
    if isinstance(told, StatementText):
        return {"state": StatementState.QUEUED, "reason": None, "text": told.text, "segments": told.segments}
    return {"state": StatementState.SUPPRESSED, "reason": told, "text": None, "segments": 0}


def _close_purses(connection: Connection, page: Page) -> None:
    if not page.closings:
        return
    enterprise_id = page.run.enterprise_id
    _FORGET.run(connection, enterprise=enterprise_id, iccids=[closing.iccid for closing in page.closings])
    rows = [
        {
            "iccid": closing.iccid,
            "enterprise_id": enterprise_id,
            "run_id": page.run.id,
            "closing_fen": closing.balance_fen,
            "read_up_to": closing.read_up_to,
        }
        for closing in page.closings
    ]
    _CLOSE.many(connection, rows)


def set_opt_out(
    connection: Connection, context: StepContext, *, member_id: int, kind: StatementKind, opted_out: bool
) -> None:
    """Switch a kind of statement off or on for a member."""
    mine = (statement_opt_out.c.member_id == member_id) & (statement_opt_out.c.kind == kind)
    connection.execute(statement_opt_out.delete().where(mine))
    if opted_out:
        connection.execute(insert(statement_opt_out).values(member_id=member_id, kind=kind, at=context.now))
