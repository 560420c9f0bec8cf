"""Tables of the statements: schedules, runs with their cut-off, and one row per member, kind and period."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from ...storage.schema import Instant, metadata

#: When an enterprise's statements are sent; `since` is the first period that this schedule covers.
statement_schedule = Table(
    "statement_schedule",
    metadata,
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("day", Integer, nullable=False),
    Column("hour", Integer, nullable=False),
    Column("minute", Integer, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("since", String(7), nullable=False),
)

#: A kind of statement that a member has switched off; without a row it is on.
statement_opt_out = Table(
    "statement_opt_out",
    metadata,
    Column("member_id", BigInteger, ForeignKey("member.id"), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("at", Instant, nullable=False),
)

#: One run. Rows with an id up to `cutoff_id` are in it; `members_up_to` is how far its batches have come.
statement_run = Table(
    "statement_run",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("period", String(7), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("cutoff_id", BigInteger, nullable=False),
    Column("earlier_cutoff_id", BigInteger, nullable=False),
    Column("members_up_to", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Index("uq_statement_run_period", "enterprise_id", "kind", "period", "revision", unique=True),
)

#: One statement (INV-18). `delivered` has a bit for each segment whose receipt said DELIVRD.
statement = Table(
    "statement",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("run_id", String(32), ForeignKey("statement_run.id"), nullable=False),
    Column("member_id", BigInteger, ForeignKey("member.id"), nullable=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("period", String(7), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", String(24)),
    Column("text", String(640)),
    Column("segments", Integer, nullable=False),
    Column("outbox_id", String(32)),
    Column("delivered", BigInteger, nullable=False),
    Column("possible_duplicate", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("uq_statement_member_period", "member_id", "enterprise_id", "kind", "period", "revision", unique=True),
    Index("ix_statement_run", "run_id"),
)
