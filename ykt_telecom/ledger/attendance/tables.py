"""Tables of attendance: what the terminals saw, the enterprise's hours, and the days of leave."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, ForeignKey, ForeignKeyConstraint, Index, Integer, String, Table

from ...storage.schema import BigKey, Instant, metadata

#: One tap at an attendance terminal (PUNCH) or a door (DOOR); all else that was reported of it stands in `tap`. `id`
#: grows in the order of acceptance: cut-offs are ids.
attendance_event = Table(
    "attendance_event",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("iccid", String(20), ForeignKey("card.iccid"), nullable=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("application_id", BigInteger, nullable=False),
    Column("counter", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("occurred_at", Instant, nullable=False),
    ForeignKeyConstraint(["application_id", "counter"], ["tap.application_id", "tap.counter"]),
    Index("uq_attendance_event_counter", "application_id", "counter", unique=True),
    # a statement reads the punches of a card in a month: never those of the whole enterprise
    Index("ix_attendance_event_card", "iccid", "enterprise_id", "kind", "occurred_at"),
)

#: The working hours of an enterprise, in minutes after midnight; without a row 9:00 to 18:00 apply.
shift = Table(
    "shift",
    metadata,
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), primary_key=True, autoincrement=False),
    Column("starts_minute", Integer, nullable=False),
    Column("ends_minute", Integer, nullable=False),
)

#: A day on which a member need not come.
leave_day = Table(
    "leave_day",
    metadata,
    Column("member_id", BigInteger, ForeignKey("member.id"), primary_key=True),
    Column("day", Date, primary_key=True),
)
