"""Jobs over the air: looked at. A card is shown by its last digits, and no payload: it may hold a member's text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from ..ota.states import JobState
from ..ota.tables import job, job_event, packet
from ..registry.people.principals import Principal
from ..texts.refusals import Code, Refused, refuse
from .means import Context
from .results import Done, Result
from .runner import UseCase
from .subjects import TAIL, cards_named, enterprise_codes

MOST_JOBS = 10_000


@dataclass(frozen=True, slots=True)
class ListJobs:
    """The newest jobs, of one state or one card unless all are wanted."""

    state: JobState | None = None
    card: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as it is listed."""

    id: int
    kind: str
    card: str
    enterprise: str | None
    state: JobState
    attempts: int
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ShowJob:
    """One job, by its id."""

    job: int


@dataclass(frozen=True, slots=True)
class PacketFacts:
    """One packet that was built for it, and how far it came."""

    number: int
    purpose: str
    counter: int
    tar: str
    segments: int
    state: str
    receipt: str | None
    por_status: int | None
    fenced: bool
    handed_at: datetime
    por_at: datetime | None


@dataclass(frozen=True, slots=True)
class EventLine:
    """Something unusual on its way."""

    at: datetime
    event: str
    state: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class JobFacts:
    """A job: its packets, what was unusual on its way, and what the card said."""

    line: JobLine
    deadline: datetime
    status: int | None
    status_word: int | None
    packets: tuple[PacketFacts, ...]
    events: tuple[EventLine, ...]


def list_jobs(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[ListJobs]
) -> list[Result[tuple[JobLine, ...]]]:
    """The newest first."""
    cards = cards_named(conn, who, (order.card for order in orders if order.card))
    results: list[Result[tuple[JobLine, ...]]] = []
    for order in orders:
        card = cards[order.card] if order.card else None
        if isinstance(card, Refused):
            results.append(card)
            continue
        query = select(job).order_by(job.c.created_at.desc(), job.c.id.desc()).limit(min(order.limit, MOST_JOBS))
        if order.state is not None:
            query = query.where(job.c.state == order.state)
        if card is not None:
            query = query.where(job.c.iccid == card.iccid)
        if who.tenant is not None:
            query = query.where(job.c.enterprise_id == who.tenant)
        results.append(Done(_lines(conn, conn.execute(query).all())))
    return results


def _lines(conn: Connection, rows: Sequence[Any]) -> tuple[JobLine, ...]:
    codes = enterprise_codes(conn, (row.enterprise_id for row in rows))
    return tuple(
        JobLine(
            row.id,
            row.kind,
            f"…{row.iccid[-TAIL:]}",
            codes.get(row.enterprise_id),
            JobState(row.state),
            row.attempts,
            row.reason,
            row.created_at,
        )
        for row in rows
    )


def show_job(conn: Connection, _context: Context, who: Principal, orders: Sequence[ShowJob]) -> list[Result[JobFacts]]:
    """Another enterprise's job is not there."""
    return [_facts(conn, who, order.job) for order in orders]


def _facts(conn: Connection, who: Principal, job_id: int) -> Result[JobFacts]:
    row = conn.execute(select(job).where(job.c.id == job_id)).one_or_none()
    if row is None or who.tenant not in (None, row.enterprise_id):
        return refuse(Code.NO_JOB, job=job_id)
    packets = conn.execute(select(packet).where(packet.c.job_id == row.id).order_by(packet.c.number)).all()
    events = conn.execute(select(job_event).where(job_event.c.job_id == row.id).order_by(job_event.c.id)).all()
    return Done(
        JobFacts(
            _lines(conn, [row])[0],
            row.deadline,
            row.status,
            row.status_word,
            tuple(_packet(one) for one in packets),
            tuple(EventLine(one.at, one.event, one.state, one.reason) for one in events),
        )
    )


def _packet(one: Any) -> PacketFacts:
    return PacketFacts(
        one.number,
        one.purpose,
        one.counter,
        f"{one.tar:06X}",
        one.segments,
        one.state,
        one.receipt,
        one.por_status,
        bool(one.fenced),
        one.handed_at,
        one.por_at,
    )


LIST_JOBS: UseCase[ListJobs, tuple[JobLine, ...]] = UseCase("list_jobs", ListJobs, tuple[JobLine, ...], list_jobs)
SHOW_JOB: UseCase[ShowJob, JobFacts] = UseCase("show_job", ShowJob, JobFacts, show_job)
