"""Tables of jobs over the air: the order, its packets, and the counters that must never be used twice.

Lean on purpose: a round trip writes a job three times and a packet three times, and nothing else. Times stand in the
rows; `job_event` keeps only what is unusual.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text, text

from ..storage.schema import BigKey, Instant, metadata
from .states import JOB, LANE_STATES, TERMINAL_STATES, WAITING_STATES

_IN_LANE = text(JOB.among(LANE_STATES))
_READY = text(f"{JOB.among(WAITING_STATES)} AND due_at = deadline")
_OPEN = text(JOB.outside(TERMINAL_STATES))

#: An order to one card. `reference` is the u32 job reference that the card remembers. `due_at` is when time moves
#: it: its deadline while it waits only for its lane, or for nothing.
job = Table(
    "job",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("kind", String(8), nullable=False),
    Column("iccid", String(20), ForeignKey("card.iccid"), nullable=False),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id")),
    Column("application_id", BigInteger, ForeignKey("card_application.id")),
    Column("payload", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("origin_id", BigInteger),
    Column("priority", Integer, nullable=False),
    Column("reference", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(96)),
    Column("purpose", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("resyncs", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("status", Integer),
    Column("status_word", Integer),
    Column("answer", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # one lane per card and MT key set: the database itself refuses a second job in it
    Index("uq_job_lane", "iccid", unique=True, sqlite_where=_IN_LANE, postgresql_where=_IN_LANE),
    Index("ix_job_ready", "priority", "id", sqlite_where=_READY, postgresql_where=_READY),
    Index("ix_job_due", "due_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_job_card", "iccid", "id"),
)

_UNANSWERED = text("por_status is null")
_WAITING = text("state IN ('QUEUED')")
_NO_RECEIPT = text("receipt is null and message_id is not null")

#: One packet built for a job: QUEUED (refused for now) ⇄ HANDED (durable before it leaves) → ACCEPTED | REFUSED |
#: UNKNOWN | WITHDRAWN. `octets` are the packet, until it is answered; `accepted` has a bit for each segment
#: that the SMSC has.
packet = Table(
    "packet",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, ForeignKey("job.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("purpose", String(8), nullable=False),
    Column("iccid", String(20), nullable=False),
    Column("msisdn", String(15), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("key_index", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("tar", Integer, nullable=False),
    Column("spi", Integer, nullable=False),
    Column("kic", Integer, nullable=False),
    Column("kid", Integer, nullable=False),
    Column("challenge", LargeBinary),
    Column("octets", LargeBinary),
    Column("commands", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("fenced", Integer, nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("not_before", Instant),
    Column("status", Integer),
    Column("message_id", String(72)),
    Column("receipt", String(12)),
    Column("receipt_error", String(12)),
    Column("por_status", Integer),
    Column("handed_at", Instant, nullable=False),
    Column("answered_at", Instant),
    Column("receipt_at", Instant),
    Column("por_at", Instant),
    Index("uq_packet_counter", "iccid", "key_index", "generation", "counter", unique=True),
    Index("ix_packet_job", "job_id"),
    Index("ix_packet_open", "iccid", sqlite_where=_UNANSWERED, postgresql_where=_UNANSWERED),
    Index("ix_packet_queued", "priority", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_packet_message_id", "message_id", sqlite_where=_NO_RECEIPT, postgresql_where=_NO_RECEIPT),
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

#: What was unusual on a job's way, in order.
job_event = Table(
    "job_event",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, ForeignKey("job.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("event", String(24), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(96)),
    Index("ix_job_event_job", "job_id"),
)

#: The MO counters already seen from a card: the highest, and a bit for each of the 64 up to it (hexadecimal).
mo_window = Table(
    "mo_window",
    metadata,
    Column("iccid", String(20), ForeignKey("card.iccid"), primary_key=True),
    Column("key_index", Integer, primary_key=True),
    Column("generation", Integer, primary_key=True),
    Column("highest", BigInteger, nullable=False),
    Column("seen", String(16), nullable=False),
)
