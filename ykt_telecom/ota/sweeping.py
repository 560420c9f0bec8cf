"""Step that time drives: timeouts, resends, expiries, and the next packets. It runs after every change, too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, func, select

from ..storage.context import StepContext
from ..storage.literal import outside
from .building import build_waiting
from .ending import finish
from .means import OtaMeans
from .outcome import REPEATABLE, JobKind
from .states import LANE_STATES, TERMINAL_STATES, WAITING_STATES, JobEvent, JobState
from .steps import AUDIT, change_job, move
from .submits import lose_sight
from .tables import job

#: Most jobs looked at in one transaction.
SWEEP = 500


def _due(moment: Any, passed_over: tuple[JobState, ...]) -> Select[Any]:
    return (
        select(job)
        .where(outside(job.c.state, TERMINAL_STATES), outside(job.c.state, passed_over), moment <= bindparam("now"))
        .order_by(moment, job.c.id)
        .limit(SWEEP)
    )


_PAST_DEADLINE = _due(job.c.deadline, TERMINAL_STATES)
_DUE = _due(job.c.due_at, WAITING_STATES)
_NEXT = tuple(
    select(func.min(moment)).where(outside(job.c.state, TERMINAL_STATES), moment > bindparam("now"))
    for moment in (job.c.due_at, job.c.deadline)
)


def sweep(conn: Connection, context: StepContext, means: OtaMeans) -> datetime | None:
    """Do what is due; returns when to come again (None: only after a change)."""
    now = {"now": context.now}
    for found in conn.execute(_PAST_DEADLINE, now).all():
        finish(conn, context, means, found, JobEvent.EXPIRE, reason="no answer before the deadline")
    for found in conn.execute(_DUE, now).all():
        state = JobState(found.state)
        if state in LANE_STATES:
            lose_sight(conn, context, means, found, "no PoR in time")
        elif state is JobState.INDETERMINATE:
            _try_again(conn, context, means, found)
    build_waiting(conn, context, means)
    return _next_time(conn, context)


def _try_again(conn: Connection, context: StepContext, means: OtaMeans, found: Row[Any]) -> None:
    """Send again what may be repeated; ask the card first about what may not."""
    if found.attempts >= means.policy.most_attempts:
        reason = "no more attempts; waits for a late answer or its deadline"
        change_job(conn, found.id, due_at=None, reason=reason)
        return
    ask = found.purpose == AUDIT or JobKind(found.kind) not in REPEATABLE
    move(
        conn,
        found,
        JobEvent.ASK if ask else JobEvent.RESEND,
        context.now,
        reason=found.reason,
        due_at=None,
        purpose=AUDIT if ask else found.purpose,
    )


def _next_time(conn: Connection, context: StepContext) -> datetime | None:
    """The earliest moment at which something falls due."""
    moments = [conn.execute(earliest, {"now": context.now}).scalar() for earliest in _NEXT]
    return min((moment for moment in moments if moment is not None), default=None)
