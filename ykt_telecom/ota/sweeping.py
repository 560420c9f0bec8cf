"""What time drives: timeouts, resends and expiries, for all jobs that are due, found by index."""

from __future__ import annotations

from datetime import datetime

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


_DUE = Statement(
    select(*JOB_COLUMNS).where(_OPEN, job.c.due_at <= bindparam("now")).order_by(job.c.due_at).limit(SWEEP)
)
_RIPE = Statement(
    update(job)
    .where(
        _OPEN,
        job.c.due_at <= bindparam("now"),
        job.c.deadline > bindparam("now"),
        among(job.c.state, WAITING_STATES),
    )
    .values(due_at=job.c.deadline)
)
_NEXT = Statement(select(func.min(job.c.due_at)).where(_OPEN))


def sweep(conn: Connection, context: StepContext, means: OtaMeans) -> datetime | None:
    """Do what is due; returns when to come again (None: nothing is open)."""
    book = JobBook(conn, context, means)
    if _RIPE.run(conn, now=book.now):
        mark(conn, JOBS)
    due = [book.add_job(row) for row in _DUE.rows(conn, now=book.now)]
    past = [order for order in due if order.deadline <= book.now]
    book.load_packets_of(order.id for order in past)
    for order in past:
        book.finish(order, JobEvent.EXPIRE, reason="no answer before the deadline")
    for order in due:
        if order.deadline > book.now:
            _take_up(book, order)
    book.write()
    found = _NEXT.rows(conn)[0][0]
    return from_microseconds(found) if found is not None else None


def _take_up(book: JobBook, order: Job) -> None:
    if order.state in LANE_STATES:
        lose_sight(book, order, "no PoR in time")
    elif order.state == JobState.INDETERMINATE:
        _try_again(book, order)


def _try_again(book: JobBook, order: Job) -> None:
    """Send again what may be repeated; ask the card first about what may not."""
    if order.attempts >= book.means.policy.most_attempts:
        order.due_at = order.deadline
        order.reason = "no more attempts; waits for a late answer or its deadline"
        book.change(order)
        return
    ask = order.purpose == AUDIT or JobKind(order.kind) not in REPEATABLE
    if ask:
        order.purpose = AUDIT
    book.move(order, JobEvent.ASK if ask else JobEvent.RESEND, reason=order.reason)
