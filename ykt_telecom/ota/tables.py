"""Tables of jobs over the air: the order, its attempts, and the counters that must never be used twice."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from ..storage.schema import BigKey, Instant, metadata
from .states import LANE_STATES, TERMINAL_STATES, WAITING_STATES


def _quoted(states: tuple[str, ...]) -> str:
    return ", ".join(f"'{state}'" for state in states)


_IN_LANE = text(f"state in ({_quoted(LANE_STATES)})")
_WAITING = text(f"state in ({_quoted(WAITING_STATES)})")
_OPEN = text(f"state not in ({_quoted(TERMINAL_STATES)})")

#: An order to one card. `reference` is the u32 job reference that the card remembers.
job = Table(
    "job",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("iccid", String(20), ForeignKey("card.iccid"), nullable=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id")),
    Column("application_id", String(32), ForeignKey("card_application.id")),
    Column("payload", JSON, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("origin_id", String(64)),
    Column("priority", Integer, nullable=False),
    Column("reference", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(96)),
    Column("purpose", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("resyncs", Integer, nullable=False),
    Column("due_at", Instant),
    Column("deadline", Instant, nullable=False),
    Column("status", Integer),
    Column("status_word", Integer),
    Column("answer", JSON),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # one lane per card and MT key set: the database itself refuses a second job in it
    Index("uq_job_lane", "iccid", unique=True, sqlite_where=_IN_LANE, postgresql_where=_IN_LANE),
    Index("ix_job_due", "due_at", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_job_deadline", "deadline", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_job_waiting", "priority", "created_at", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_job_iccid", "iccid"),
    Index("ix_job_origin", "origin", "origin_id"),
)

#: One packet built for a job. Its bytes live in the outbox; the digest stays.
attempt = Table(
    "attempt",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("job_id", String(32), ForeignKey("job.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("purpose", String(8), nullable=False),
    Column("iccid", String(20), nullable=False),
    Column("key_index", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("tar", String(6), nullable=False),
    Column("spi", String(4), nullable=False),
    Column("kic", Integer, nullable=False),
    Column("kid", Integer, nullable=False),
    Column("challenge", String(16)),
    Column("digest", String(64), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("may_be_sent", Boolean, nullable=False),
    Column("fenced", Boolean, nullable=False),
    Column("status", Integer),
    Column("built_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Index("uq_attempt_counter", "iccid", "key_index", "generation", "counter", unique=True),
    Index("ix_attempt_job", "job_id"),
)

#: The highest CNTR ever reserved for a card's MT key set.
counter_mark = Table(
    "counter_mark",
    metadata,
    Column("iccid", String(20), ForeignKey("card.iccid"), primary_key=True),
    Column("key_index", Integer, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("high_water", BigInteger, nullable=False),
)

#: Every state a job went through, in order.
job_history = Table(
    "job_history",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("job_id", String(32), ForeignKey("job.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("event", String(24), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(96)),
    Index("ix_job_history_job", "job_id"),
)
