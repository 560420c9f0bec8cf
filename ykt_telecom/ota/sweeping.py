"""What time drives: timeouts, resends and expiries, for all jobs that are due, found by index."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from ..runtime.clock import from_microseconds
from ..storage.context import StepContext
from ..storage.literal import among, outside
from ..storage.marks import JOBS, mark
from ..storage.sql import Statement
from .jobs import AUDIT, JOB_COLUMNS, Job, JobBook
from .means import OtaMeans
from .outcome import REPEATABLE, JobKind
from .states import LANE_STATES, TERMINAL_STATES, WAITING_STATES, JobEvent, JobState
from .submissions import lose_sight
from .tables import job

#: Most jobs looked at in one transaction.
SWEEP = 500

_OPEN = outside(job.c.state, TERMINAL_STATES)


def _due(moment: Any, *conditions: Any) -> Statement:
    where = (_OPEN, moment <= bindparam("now"), *conditions)
    return Statement(select(*JOB_COLUMNS).where(*where).order_by(moment).limit(SWEEP))


_PAST_DEADLINE = _due(job.c.deadline)
_DUE = _due(job.c.due_at, job.c.due_at.is_not(None))
_RIPE = Statement(
    update(job)
    .where(_OPEN, job.c.due_at.is_not(None), job.c.due_at <= bindparam("now"), among(job.c.state, WAITING_STATES))
    .values(due_at=None)
)
_NEXT_DUE = Statement(select(func.min(job.c.due_at)).where(_OPEN, job.c.due_at.is_not(None)))
_NEXT_DEADLINE = Statement(select(func.min(job.c.deadline)).where(_OPEN))


def sweep(conn: Connection, context: StepContext, means: OtaMeans) -> datetime | None:
    """Do what is due; returns when to come again (None: nothing is open)."""
    book = JobBook(conn, context, means)
    past = [book.add_job(row) for row in _PAST_DEADLINE.rows(conn, now=book.now)]
    book.load_packets_of(order.id for order in past)
    for order in past:
        book.finish(order, JobEvent.EXPIRE, reason="no answer before the deadline")
    if _RIPE.run(conn, now=book.now):
        mark(conn, JOBS)
    for row in _DUE.rows(conn, now=book.now):
        _take_up(book, book.add_job(row))
    book.write()
    moments = [_NEXT_DUE.rows(conn)[0][0], _NEXT_DEADLINE.rows(conn)[0][0]]
    known = [moment for moment in moments if moment is not None]
    return from_microseconds(min(known)) if known else None


def _take_up(book: JobBook, order: Job) -> None:
    if order.state in LANE_STATES:
        lose_sight(book, order, "no PoR in time")
    elif order.state == JobState.INDETERMINATE:
        _try_again(book, order)


def _try_again(book: JobBook, order: Job) -> None:
    """Send again what may be repeated; ask the card first about what may not."""
    if order.attempts >= book.means.policy.most_attempts:
        order.due_at, order.reason = None, "no more attempts; waits for a late answer or its deadline"
        book.change(order)
        return
    ask = order.purpose == AUDIT or JobKind(order.kind) not in REPEATABLE
    if ask:
        order.purpose = AUDIT
    book.move(order, JobEvent.ASK if ask else JobEvent.RESEND, reason=order.reason)
