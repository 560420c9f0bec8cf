"""Table of the audit log: every change of state has its row, written and sealed in the same transaction."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table

from ...storage.schema import BigKey, Instant, metadata

#: `seal` chains the rows: HMAC over the row and the seal before it. `seq` has no gaps.
audit_row = Table(
    "audit_row",
    metadata,
    Column("seq", BigKey, primary_key=True, autoincrement=True),
    Column("at", Instant, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(48), nullable=False),
    Column("subject", String(96), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("seal", String(64)),
    # what happened to this card
    Index("ix_audit_row_subject", "subject", "seq"),
    sqlite_autoincrement=True,
)

#: One row: how far the chain has come, proved by an HMAC. Writers queue for it at the end of their transactions.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("seal", String(64), nullable=False),
    Column("proof", String(64), nullable=False),
)
