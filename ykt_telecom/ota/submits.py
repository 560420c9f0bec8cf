"""Step for what the SMSC said about a packet's segments: it moves the job, and never ends one that is in doubt."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, true, update

from ..messaging.facts import OutboxState, ReceiptFact, SubmitFact
from ..messaging.outbox import states, withdraw
from ..storage.context import StepContext
from .building import ATTEMPT
from .ending import finish
from .means import OtaMeans
from .states import LANE_STATES, JobEvent, JobState
from .steps import find_job, move
from .tables import attempt, job

# the job of an attempt, and with it what must be known of the attempt
_FIND = (
    select(
        job,
        attempt.c.id.label("attempt_id"),
        attempt.c.number.label("attempt_number"),
        attempt.c.may_be_sent.label("attempt_may_be_sent"),
    )
    .join(attempt, attempt.c.job_id == job.c.id)
    .where(attempt.c.id == bindparam("attempt"))
)
_MAY_BE_SENT = update(attempt).where(attempt.c.id == bindparam("key"))
_ANY_SENT = select(attempt.c.id).where(attempt.c.job_id == bindparam("job"), attempt.c.may_be_sent == true()).limit(1)

#: The segment is, or may be, with the SMSC.
_MAY_BE_OUT = frozenset({OutboxState.HANDED, OutboxState.ACCEPTED, OutboxState.UNKNOWN})


def note_submit(conn: Connection, context: StepContext, means: OtaMeans, fact: SubmitFact) -> None:
    """A segment of a packet was handed over, accepted, refused, or is in doubt."""
    order = _job_of(conn, fact.origin, fact.origin_id)
    if order is None:
        return
    segments = [fact.state] if fact.segments == 1 else states(conn, fact.outbox_id)
    may_be_out = any(state in _MAY_BE_OUT for state in segments)
    if may_be_out != order.attempt_may_be_sent:
        conn.execute(_MAY_BE_SENT, {"key": order.attempt_id, "may_be_sent": may_be_out})
    state = JobState(order.state)
    if order.attempts != order.attempt_number or state not in LANE_STATES:
        if fact.state not in (OutboxState.HANDED, OutboxState.ACCEPTED):
            withdraw(conn, fact.outbox_id)
        return  # answered meanwhile, or given up for a newer attempt: what has not left stays
    if fact.state is OutboxState.HANDED:
        if state in (JobState.BUILT, JobState.RETRY_WAIT):
            move(conn, order, JobEvent.HAND, context.now)
    elif fact.state is OutboxState.ACCEPTED:
        if state is JobState.SUBMITTED and all(one is OutboxState.ACCEPTED for one in segments):
            move(conn, order, JobEvent.ACCEPT, context.now, due_at=context.now + means.policy.por_timeout)
    elif fact.state is OutboxState.QUEUED:
        if state is JobState.SUBMITTED and not may_be_out:
            reason = f"the SMSC refused for now: status {fact.status or 0:#x}"
            move(conn, order, JobEvent.REFUSE_FOR_NOW, context.now, reason=reason)
    elif fact.state in (OutboxState.UNKNOWN, OutboxState.REFUSED):
        withdraw(conn, fact.outbox_id)
        _give_up_attempt(conn, context, means, order, fact, may_be_out=may_be_out)


def _give_up_attempt(
    conn: Connection,
    context: StepContext,
    means: OtaMeans,
    order: Row[Any],
    fact: SubmitFact,
    *,
    may_be_out: bool,
) -> None:
    sent = may_be_out or conn.execute(_ANY_SENT, {"job": order.id}).first() is not None
    if order.state in (JobState.BUILT, JobState.RETRY_WAIT):
        move(conn, order, JobEvent.HAND, context.now)
        order = find_job(conn, order.id)
    if not sent:
        finish(
            conn,
            context,
            means,
            order,
            JobEvent.REFUSE_FOR_GOOD,
            reason=f"the SMSC refused it: status {fact.status or 0:#x}; nothing was sent",
        )
        return
    lose_sight(conn, context, means, order, "the SMSC did not answer" if fact.state == "UNKNOWN" else "partly refused")


def lose_sight(conn: Connection, context: StepContext, means: OtaMeans, order: Row[Any], reason: str) -> None:
    """Nobody can say whether the card acted: leave the lane, try again later."""
    due_at = context.now + means.policy.delay(order.attempts)
    move(conn, order, JobEvent.LOSE_SIGHT, context.now, reason=reason, due_at=due_at)


def note_receipt(conn: Connection, context: StepContext, means: OtaMeans, fact: ReceiptFact) -> None:
    """The SMSC's receipt for a segment: delivered proves nothing but delivery, failed leaves the job in doubt."""
    order = _job_of(conn, fact.origin, fact.origin_id)
    if order is None or not fact.is_final or order.attempts != order.attempt_number:
        return
    if fact.is_delivered:
        if JobState(order.state) in (JobState.ACCEPTED, JobState.DELIVERED) and fact.segment == fact.segments:
            due_at = context.now + means.policy.por_timeout
            move(conn, order, JobEvent.RECEIVE_RECEIPT, context.now, due_at=due_at)
    elif JobState(order.state) in (JobState.SUBMITTED, JobState.ACCEPTED, JobState.DELIVERED):
        lose_sight(conn, context, means, order, f"delivery receipt {fact.state}")


def _job_of(conn: Connection, origin: str, origin_id: str | None) -> Row[Any] | None:
    if origin != ATTEMPT:
        return None
    return conn.execute(_FIND, {"attempt": origin_id}).one_or_none()
