"""Tables between the database and the SMSC: what goes out, what came in, receipts that came too early."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, text

from ..storage.schema import BigKey, Instant, metadata

_QUEUED = text("state = 'QUEUED'")
_HANDED = text("state = 'HANDED'")
_PART = text("state = 'PART'")

#: One row per segment. QUEUED → HANDED (durable before sending) → ACCEPTED | REFUSED | UNKNOWN; or WITHDRAWN.
outbox = Table(
    "outbox",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("outbox_id", String(32), nullable=False),
    Column("segment", Integer, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("msisdn", String(15), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("dcs", Integer, nullable=False),
    Column("udhi", Boolean, nullable=False),
    Column("user_data", LargeBinary, nullable=False),
    Column("message_class", String(16), nullable=False),
    Column("receipt_wanted", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("origin_id", String(64)),
    Column("state", String(10), nullable=False),
    Column("tries", Integer, nullable=False),
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
    Index("uq_outbox_segment", "outbox_id", "segment", unique=True),
    Index("ix_outbox_queued", "priority", "seq", sqlite_where=_QUEUED, postgresql_where=_QUEUED),
    Index("ix_outbox_handed", "seq", sqlite_where=_HANDED, postgresql_where=_HANDED),
    Index("ix_outbox_message_id", "message_id", "msisdn"),
    Index("ix_outbox_origin", "origin", "origin_id"),
)

#: A receipt whose submit_sm_resp is not stored yet.
parked_receipt = Table(
    "parked_receipt",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("message_id", String(72), nullable=False),
    Column("msisdn", String(15), nullable=False),
    Column("state", String(12), nullable=False),
    Column("error", String(12)),
    Column("received_at", Instant, nullable=False),
    Index("ix_parked_receipt_message_id", "message_id", "msisdn"),
)

#: Everything that came in by deliver_sm except receipts. `user_data` is wiped once the outcome is stored.
inbox = Table(
    "inbox",
    metadata,
    Column("id", String(32), primary_key=True),
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
    Index("ix_inbox_received_at", "received_at"),
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
