"""Tables between the database and the SMSC: texts that go out, what came in, receipts that came too early."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, text

from ..storage.schema import BigKey, Instant, metadata

# spelled as the statements spell it: SQLite takes IN ('QUEUED') for another condition than = 'QUEUED'
_READY = text("state IN ('QUEUED') AND not_before IS NULL")
_WAITING = text("state IN ('QUEUED') AND not_before IS NOT NULL")
_HANDED = text("state IN ('HANDED')")
_NO_RECEIPT = text("receipt is null and message_id is not null")
_LONG = text("segments > 1 and segment = 1")
_PART = text("state IN ('PART')")

#: One row per segment of a text. QUEUED → HANDED (durable before sending) → ACCEPTED | REFUSED | UNKNOWN; or WITHDRAWN.
#: `message` is the id of its first segment; `not_before` is null while nothing stands in its way.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("message", BigInteger, nullable=False),
    Column("segment", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("msisdn", String(15), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("dcs", Integer, nullable=False),
    Column("udhi", Boolean, nullable=False),
    Column("user_data", LargeBinary, nullable=False),
    Column("reference", Integer, nullable=False),
    Column("message_class", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("origin_id", BigInteger),
    Column("state", String(10), nullable=False),
    Column("refusals", Integer, nullable=False),
    Column("not_before", Instant),
    Column("possible_duplicate", Boolean, nullable=False),
    Column("status", Integer),
    Column("message_id", String(72)),
    Column("receipt", String(12)),
    Column("receipt_error", String(12)),
    Column("queued_at", Instant, nullable=False),
    Column("handed_at", Instant),
    Column("answered_at", Instant),
    Column("receipt_at", Instant),
    Index("ix_outbox_ready", "priority", "id", sqlite_where=_READY, postgresql_where=_READY),
    Index("ix_outbox_waiting", "not_before", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_outbox_waiting_number", "msisdn", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_outbox_handed", "handed_at", sqlite_where=_HANDED, postgresql_where=_HANDED),
    Index("ix_outbox_message_id", "message_id", sqlite_where=_NO_RECEIPT, postgresql_where=_NO_RECEIPT),
    # the concatenation references that a number has seen last
    Index("ix_outbox_long", "msisdn", "id", sqlite_where=_LONG, postgresql_where=_LONG),
    Index("ix_outbox_message", "message"),
)

#: A receipt whose submit_sm_resp is not stored yet.
parked_receipt = Table(
    "parked_receipt",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("message_id", String(72), nullable=False),
    Column("msisdn", String(15), nullable=False),
    Column("state", String(12), nullable=False),
    Column("error", String(12)),
    Column("received_at", Instant, nullable=False),
    Index("ix_parked_receipt_message_id", "message_id"),
    Index("ix_parked_receipt_received_at", "received_at"),
)

#: What came in by deliver_sm except receipts and proofs. `user_data` is wiped once the outcome is stored.
inbox = Table(
    "inbox",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=False),
    Column("source", String(21), nullable=False),
    Column("destination", String(21), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("state", String(10), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("dcs", Integer, nullable=False),
    Column("udhi", Boolean, nullable=False),
    Column("user_data", LargeBinary),
    Column("digest", String(64), nullable=False),
    Column("set_reference", Integer),
    Column("set_total", Integer),
    Column("set_sequence", Integer),
    Column("iccid", String(20)),
    Column("counter", BigInteger),
    Column("note", String(120)),
    Column("received_at", Instant, nullable=False),
    Index("ix_inbox_parts", "source", "set_reference", sqlite_where=_PART, postgresql_where=_PART),
    Index("ix_inbox_old_parts", "received_at", sqlite_where=_PART, postgresql_where=_PART),
    Index("ix_inbox_digest", "digest"),
    Index("ix_inbox_received_at", "received_at"),
)
