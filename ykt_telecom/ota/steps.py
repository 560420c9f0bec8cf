"""Database steps of jobs: order, cancel, look up. What is built and answered lives in build.py and answering.py."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from ..registry.audit.steps import record
from ..runtime.errors import Refusal
from ..storage.later import insert_later
from ..storage.marks import JOBS, mark
from .applications import prepare_application
from .outcome import JobKind, JobOutcome
from .states import LANE_STATES, TERMINAL_STATES, JobEvent, JobState, follow
from .tables import job, job_history

__all__ = ["JobKind", "JobOutcome", "NoSuchJob", "move", "order_job"]

#: How long a job may look for its card before it expires.
LIFETIME: Mapping[JobKind, timedelta] = {
    JobKind.ISSUE: timedelta(days=3),
    JobKind.CLOSE: timedelta(days=3),
    JobKind.REOPEN: timedelta(days=3),
    JobKind.DELETE: timedelta(days=3),
    JobKind.QUERY: timedelta(days=1),
    JobKind.ANSWER: timedelta(minutes=10),
}

# statements of the hot path are built once: building costs more than SQLite does
_INSERT = insert(job)
_FIND = select(job).where(job.c.id == bindparam("id"))
_CHANGE = update(job).where(job.c.id == bindparam("key"))

SCRIPT, AUDIT, PERSONALISE = "SCRIPT", "AUDIT", "PERSON"


class NoSuchJob(Refusal, LookupError):
    """There is no job of that id. `ykt ota job list` shows those there are."""


def order_job(
    conn: Connection,
    *,
    job_id: str,
    kind: JobKind,
    iccid: str,
    enterprise_id: int | None,
    payload: Mapping[str, Any],
    origin: str,
    origin_id: str | None,
    priority: int,
    now: datetime,
) -> None:
    """Order something from a card; it is built and sent as soon as the card's lane is free.

    ISSUE takes a free slot and makes the application's row; CLOSE and DELETE put it into PENDING_DELETE. Raises
    `cards.states.Refused` when the card or the application does not allow it now.
    """
    application_id = prepare_application(conn, kind, iccid, enterprise_id, payload, job_id=job_id, now=now)
    conn.execute(
        _INSERT,
        {
            "id": job_id,
            "kind": kind,
            "iccid": iccid,
            "enterprise_id": enterprise_id,
            "application_id": application_id,
            "payload": dict(payload),
            "origin": origin,
            "origin_id": origin_id,
            "priority": priority,
            "reference": job_reference(job_id),
            "state": JobState.QUEUED,
            "purpose": SCRIPT,
            "attempts": 0,
            "resyncs": 0,
            "deadline": now + LIFETIME[kind],
            "created_at": now,
            "updated_at": now,
        },
    )
    remember(conn, job_id, "ORDER", JobState.QUEUED, now=now)
    record(
        conn,
        at=now,
        actor=origin,
        action=f"job.order.{kind.lower()}",
        subject=job_id,
        facts={"card": iccid[-6:], "enterprise": enterprise_id, "origin_id": origin_id},
    )
    mark(conn, JOBS)


def job_reference(job_id: str) -> int:
    """The u32 job reference the card remembers, never 0 (a new application's last reference is 0)."""
    return int.from_bytes(hashlib.sha256(job_id.encode()).digest()[:4], "big") or 1


def remember(
    conn: Connection, job_id: str, event: str, state: JobState, *, now: datetime, reason: str | None = None
) -> None:
    """Write one line of the job's history."""
    row = {"job_id": job_id, "at": now, "event": event, "state": state, "reason": reason}
    insert_later(conn, job_history, row)


def move(
    conn: Connection, found: Row[Any], event: JobEvent, now: datetime, *, reason: str | None = None, **changes: Any
) -> JobState:
    """Take the job through one event; writes the state, its history and the audit row of a terminal state."""
    after = follow(JobState(found.state), event)
    change_job(conn, found.id, state=after, reason=reason, updated_at=now, **changes)
    remember(conn, found.id, event, after, now=now, reason=reason)
    if after in TERMINAL_STATES:
        record(
            conn,
            at=now,
            actor="ota",
            action=f"job.{after.lower()}",
            subject=found.id,
            facts={"kind": found.kind, "card": found.iccid[-6:], "reason": reason},
        )
    if after not in LANE_STATES:
        mark(conn, JOBS)  # the lane is free, or somebody must look when to go on
    return after


def change_job(conn: Connection, job_id: str, **values: Any) -> None:
    """Write columns of one job; states change by :func:`move` only."""
    conn.execute(_CHANGE, {"key": job_id, **values})


def find_job(conn: Connection, job_id: str) -> Row[Any]:
    """The job's row; raises :class:`NoSuchJob`."""
    found = conn.execute(_FIND, {"id": job_id}).one_or_none()
    if found is None:
        raise NoSuchJob(f"no job {job_id}; `ykt ota job list` shows those there are")
    return found
