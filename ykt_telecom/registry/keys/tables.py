"""Table of the enterprises' mother keys, wrapped under the KEK."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from ...storage.schema import Instant, metadata

mother_key = Table(
    "mother_key",
    metadata,
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("row_version", Integer, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("kcv", String(6), nullable=False),
    Column("created_at", Instant, nullable=False),
)
