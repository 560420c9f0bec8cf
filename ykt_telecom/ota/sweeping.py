"""Step that time drives: timeouts, resends, expiries, and the next packets. It runs after every change, too."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from ..storage.context import StepContext
from .building import build_waiting
from .ending import finish
from .means import OtaMeans
from .outcome import REPEATABLE, JobKind
from .states import LANE_STATES, TERMINAL_STATES, WAITING_STATES, JobEvent, JobState
from .steps import AUDIT, move
from .submits import lose_sight
from .tables import job

#: Most jobs looked at in one transaction.
SWEEP = 500


def sweep(conn: Connection, context: StepContext, means: OtaMeans) -> datetime | None:
    """Do what is due; returns when to come again (None: only after a change)."""
    for found in _due(conn, context, job.c.deadline, TERMINAL_STATES):
        finish(conn, context, means, found, JobEvent.EXPIRE, reason="no answer before the deadline")
    for found in _due(conn, context, job.c.due_at, (*TERMINAL_STATES, *WAITING_STATES)):
        state = JobState(found.state)
        if state in LANE_STATES:
            lose_sight(conn, context, means, found, "no PoR in time")
        elif state is JobState.INDETERMINATE:
            _try_again(conn, context, means, found)
    build_waiting(conn, context, means)
    return _next_time(conn, context)


def _due(conn: Connection, context: StepContext, moment: Any, passed_over: tuple[JobState, ...]) -> list[Row[Any]]:
    return list(
        conn.execute(
            select(job)
            .where(job.c.state.not_in(passed_over), moment <= context.now)
            .order_by(moment, job.c.id)
            .limit(SWEEP)
        )
    )


def _try_again(conn: Connection, context: StepContext, means: OtaMeans, found: Row[Any]) -> None:
    """Send again what may be repeated; ask the card first about what may not."""
    if found.attempts >= means.policy.most_attempts:
        reason = "no more attempts; waits for a late answer or its deadline"
        conn.execute(update(job).where(job.c.id == found.id).values(due_at=None, reason=reason))
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
    open_jobs = job.c.state.not_in(TERMINAL_STATES)
    moments = [
        conn.execute(select(func.min(moment)).where(open_jobs, moment > context.now)).scalar()
        for moment in (job.c.due_at, job.c.deadline)
    ]
    return min((moment for moment in moments if moment is not None), default=None)
