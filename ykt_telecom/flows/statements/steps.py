"""Steps of a statement run: open it with its cut-off, write batch after batch, close it; then the receipts.

A batch writes the statements, their outbox rows and how far it came in one transaction: whatever crashes, running again
goes on where the last commit left off, and the unique index allows no second statement (INV-18).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from ...ledger.attendance.tables import attendance_event
from ...ledger.money.tables import card_transaction
from ...messaging.facts import OutboxState, ReceiptFact, SubmitFact
from ...messaging.outbox import enqueue_text
from ...registry.directory.tables import enterprise, member
from ...runtime.errors import Refusal
from ...storage.context import StepContext
from ...storage.literal import among
from ...texts.signature import signature_or_default
from .figures import Scope, attendance_texts, consumption_texts
from .period import BadPeriod, Period
from .tables import statement, statement_opt_out, statement_run

ORIGIN = "statement"
MESSAGE_CLASS = "STATEMENT"
BATCH_MEMBERS = 100


class StatementKind(StrEnum):
    """What a statement tells."""

    CONSUMPTION = "CONSUMPTION"
    ATTENDANCE = "ATTENDANCE"


class RunState(StrEnum):
    """A run: batches are being written, or all of them are."""

    SENDING = "SENDING"
    SENT = "SENT"


class StatementState(StrEnum):
    """One statement on its way; domain state machine G."""

    SUPPRESSED = "SUPPRESSED"  #: end: written down, not sent; `reason` says why
    QUEUED = "QUEUED"  #: in the outbox
    ACCEPTED = "ACCEPTED"  #: the SMSC has every segment that was answered so far
    UNKNOWN = "UNKNOWN"  #: sent, and the SMSC never answered
    DELIVERED = "DELIVERED"  #: end: every segment has its receipt
    UNDELIVERED = "UNDELIVERED"  #: end: the SMSC gave up on a segment
    REFUSED = "REFUSED"  #: end: the SMSC would not take it


class NoSuchEnterprise(Refusal, LookupError):
    """There is no such enterprise. `ykt enterprise list` shows those there are."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What one batch did; `is_last` when the run is closed."""

    written: int
    suppressed: int
    segments: int
    is_last: bool


def enterprises_of(connection: Connection, enterprise_id: int | None = None) -> tuple[int, ...]:
    """The enterprises a run covers; raises :class:`NoSuchEnterprise`."""
    query = select(enterprise.c.id).order_by(enterprise.c.id)
    if enterprise_id is None:
        return tuple(connection.execute(query).scalars())
    found = tuple(connection.execute(query.where(enterprise.c.id == enterprise_id)).scalars())
    if not found:
        raise NoSuchEnterprise(f"no enterprise {enterprise_id}; `ykt enterprise list` shows those there are")
    return found


def open_run(
    connection: Connection, context: StepContext, *, enterprise_id: int, kind: StatementKind, period: Period
) -> str:
    """The run of this enterprise, kind and period: the one there is, or a new one with the cut-off of now.

    Raises `BadPeriod` before the period has ended: a run is final, and what came later would never be told.
    """
    if context.now < period.ends():
        raise BadPeriod(f"{period} has not ended: its statements can be written from {period.ends():%Y-%m-%d} on")
    same = _find_run(connection, enterprise_id, kind, period)
    if same is not None:
        return str(same.id)
    table = card_transaction if kind is StatementKind.CONSUMPTION else attendance_event
    cutoff = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    earlier = connection.execute(
        select(func.max(statement_run.c.cutoff_id)).where(
            statement_run.c.enterprise_id == enterprise_id,
            statement_run.c.kind == kind,
            statement_run.c.period < str(period),
        )
    ).scalar()
    run_id = context.next_id()
    connection.execute(
        insert(statement_run).values(
            id=run_id,
            enterprise_id=enterprise_id,
            kind=kind,
            period=str(period),
            revision=0,
            state=RunState.SENDING,
            cutoff_id=cutoff,
            # without an earlier run nothing counts as late: what lies before the first statement is history
            earlier_cutoff_id=cutoff if earlier is None else earlier,
            members_up_to=0,
            opened_at=context.now,
        )
    )
    return run_id


def write_batch(connection: Connection, context: StepContext, run_id: str, limit: int = BATCH_MEMBERS) -> BatchReport:
    """The next members of the run: their statements and outbox rows. Closes the run after the last one."""
    run = connection.execute(select(statement_run).where(statement_run.c.id == run_id)).one()
    if run.state == RunState.SENT:
        return BatchReport(0, 0, 0, True)
    members = connection.execute(
        select(member)
        .where(
            member.c.enterprise_id == run.enterprise_id,
            among(member.c.state, ("ACTIVE",)),
            member.c.id > run.members_up_to,
        )
        .order_by(member.c.id)
        .limit(limit)
    ).all()
    if not members:
        _set_run(connection, run_id, state=RunState.SENT, sent_at=context.now)
        return BatchReport(0, 0, 0, True)
    scope = _scope(connection, run)
    compose = consumption_texts if run.kind == StatementKind.CONSUMPTION else attendance_texts
    texts = compose(connection, scope, members)
    opted_out = _opted_out(connection, run.kind, [found.id for found in members])
    segments = suppressed = 0
    for found in members:
        told = texts.get(found.id)
        if told is None or found.id in opted_out:
            _store(connection, context, run, found, reason="OPTED_OUT" if told else "NO_APPLICATION")
            suppressed += 1
            continue
        statement_id, outbox_id = context.next_id(), context.next_id()
        taken = enqueue_text(
            connection,
            outbox_id=outbox_id,
            msisdn=found.msisdn,
            text=told.text,
            message_class=MESSAGE_CLASS,
            origin=ORIGIN,
            origin_id=statement_id,
            now=context.now,
        )
        _store(
            connection,
            context,
            run,
            found,
            statement_id=statement_id,
            text=told.text,
            segments=taken,
            outbox_id=outbox_id,
        )
        segments += taken
    _set_run(connection, run_id, members_up_to=members[-1].id)
    return BatchReport(len(members) - suppressed, suppressed, segments, False)


def on_submit(connection: Connection, fact: SubmitFact, context: StepContext) -> None:
    """The SMSC's answer to a segment of a statement, or that there was none."""
    row = _statement_of(connection, fact.origin, fact.origin_id)
    if row is None:
        return
    after = {
        OutboxState.ACCEPTED: StatementState.ACCEPTED,
        OutboxState.REFUSED: StatementState.REFUSED,
        OutboxState.UNKNOWN: StatementState.UNKNOWN,
    }.get(fact.state)
    open_states = (StatementState.QUEUED, StatementState.ACCEPTED, StatementState.UNKNOWN)
    changes: dict[str, Any] = {"possible_duplicate": row.possible_duplicate or fact.possible_duplicate}
    if (
        after is not None
        and row.state in open_states
        and not (after is StatementState.ACCEPTED and row.state == StatementState.UNKNOWN)
    ):
        changes["state"] = after
    _change(connection, row, context, **changes)


def on_receipt(connection: Connection, fact: ReceiptFact, context: StepContext) -> None:
    """A delivery receipt for a segment of a statement. The first final word on a segment that failed stands."""
    row = _statement_of(connection, fact.origin, fact.origin_id)
    if row is None or not fact.is_final or row.state in (StatementState.UNDELIVERED, StatementState.REFUSED):
        return
    if not fact.is_delivered:
        _change(connection, row, context, state=StatementState.UNDELIVERED, reason=fact.state[:24])
        return
    delivered = row.delivered | 1 << (fact.segment - 1)
    changes: dict[str, Any] = {"delivered": delivered}
    if delivered == (1 << row.segments) - 1:
        changes["state"] = StatementState.DELIVERED
    _change(connection, row, context, **changes)


def set_opt_out(
    connection: Connection, context: StepContext, *, member_id: int, kind: StatementKind, opted_out: bool
) -> None:
    """Switch a kind of statement off or on for a member."""
    mine = (statement_opt_out.c.member_id == member_id) & (statement_opt_out.c.kind == kind)
    connection.execute(statement_opt_out.delete().where(mine))
    if opted_out:
        connection.execute(insert(statement_opt_out).values(member_id=member_id, kind=kind, at=context.now))


def _find_run(connection: Connection, enterprise_id: int, kind: StatementKind, period: Period) -> Row[Any] | None:
    return connection.execute(
        select(statement_run).where(
            statement_run.c.enterprise_id == enterprise_id,
            statement_run.c.kind == kind,
            statement_run.c.period == str(period),
            statement_run.c.revision == 0,
        )
    ).one_or_none()


def _scope(connection: Connection, run: Row[Any]) -> Scope:
    tenant = connection.execute(select(enterprise).where(enterprise.c.id == run.enterprise_id)).one()
    return Scope(
        run.enterprise_id,
        tenant.name,
        signature_or_default(tenant.signature),
        Period.parse(run.period),
        run.cutoff_id,
        run.earlier_cutoff_id,
    )


def _opted_out(connection: Connection, kind: str, member_ids: list[int]) -> frozenset[int]:
    rows = connection.execute(
        select(statement_opt_out.c.member_id).where(
            statement_opt_out.c.kind == kind, statement_opt_out.c.member_id.in_(member_ids)
        )
    )
    return frozenset(row.member_id for row in rows)


def _store(
    connection: Connection,
    context: StepContext,
    run: Row[Any],
    found: Row[Any],
    *,
    statement_id: str | None = None,
    reason: str | None = None,
    text: str | None = None,
    segments: int = 0,
    outbox_id: str | None = None,
) -> None:
    connection.execute(
        insert(statement).values(
            id=statement_id or context.next_id(),
            run_id=run.id,
            member_id=found.id,
            enterprise_id=run.enterprise_id,
            kind=run.kind,
            period=run.period,
            revision=run.revision,
            state=StatementState.SUPPRESSED if reason else StatementState.QUEUED,
            reason=reason,
            text=text,
            segments=segments,
            outbox_id=outbox_id,
            delivered=0,
            possible_duplicate=False,
            created_at=context.now,
            updated_at=context.now,
        )
    )


def _statement_of(connection: Connection, origin: str, origin_id: str | None) -> Row[Any] | None:
    if origin != ORIGIN or origin_id is None:
        return None
    return connection.execute(select(statement).where(statement.c.id == origin_id)).one_or_none()


def _set_run(connection: Connection, run_id: str, **values: Any) -> None:
    connection.execute(update(statement_run).where(statement_run.c.id == run_id).values(**values))


def _change(connection: Connection, row: Row[Any], context: StepContext, **values: Any) -> None:
    connection.execute(update(statement).where(statement.c.id == row.id).values(**values, updated_at=context.now))
