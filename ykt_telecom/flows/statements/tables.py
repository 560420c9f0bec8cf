"""Tables of the statements: schedules, runs with their cut-off, one row per member and run, and closing balances."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from ...storage.schema import BigKey, Instant, metadata

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

#: One run. What has a number up to `cutoff` is in it (bookings of purses, ids of attendance events) unless the run
#: before it has told it; `members_up_to` is how far its pages have come.
statement_run = Table(
    "statement_run",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("period", String(7), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(8), nullable=False),
    Column("cutoff", BigInteger, nullable=False),
    Column("earlier_run_id", BigInteger, ForeignKey("statement_run.id")),
    Column("members_up_to", BigInteger, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Index("uq_statement_run_period", "enterprise_id", "kind", "period", "revision", unique=True),
)

#: One statement: a member has one in a run, and a period one run (INV-18). `message` is its number in the outbox,
#: `delivered` has a bit for each segment whose receipt said DELIVRD.
statement = Table(
    "statement",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("run_id", BigInteger, ForeignKey("statement_run.id"), nullable=False),
    Column("member_id", BigInteger, ForeignKey("member.id"), nullable=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("period", String(7), nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", String(24)),
    Column("text", String(640)),
    Column("segments", Integer, nullable=False),
    Column("message", BigInteger),
    Column("delivered", BigInteger, nullable=False),
    Column("possible_duplicate", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("uq_statement_run_member", "run_id", "member_id", unique=True),
)

#: What a purse held at the end of the last period that was told of it. Every booking up to `read_up_to` is in it.
purse_closing = Table(
    "purse_closing",
    metadata,
    Column("iccid", String(20), ForeignKey("card.iccid"), primary_key=True),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), primary_key=True, autoincrement=False),
    Column("run_id", BigInteger, ForeignKey("statement_run.id"), nullable=False),
    Column("closing_fen", BigInteger, nullable=False),
    Column("read_up_to", BigInteger, nullable=False),
)
