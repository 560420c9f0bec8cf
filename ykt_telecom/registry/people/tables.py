"""Tables of people and programs: who they are, what they may be, and the tokens by which they are known."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, String, Table, Text, text

from ...storage.schema import BigKey, Instant, metadata

#: A person or a program. Without a tenant it belongs to the operator.
principal = Table(
    "principal",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("kind", String(8), nullable=False),
    Column("tenant", BigInteger, ForeignKey("enterprise.id")),
    Column("state", String(8), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_principal_tenant", "tenant"),
)

principal_role = Table(
    "principal_role",
    metadata,
    Column("principal_id", BigKey, ForeignKey("principal.id"), primary_key=True),
    Column("role", String(2), primary_key=True),
)

#: A token: only its keyed hash is here. `scopes` are separated by blanks; null means all that the roles allow.
access_token = Table(
    "access_token",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("principal_id", BigKey, ForeignKey("principal.id"), nullable=False),
    Column("digest", LargeBinary(32), nullable=False, unique=True),
    Column("scopes", String(400)),
    Column("expires_at", Instant, nullable=False),
    Column("revoked_at", Instant),
    Column("last_used_at", Instant),
    Column("created_at", Instant, nullable=False),
    Index("ix_access_token_principal", "principal_id", sqlite_where=text("revoked_at is null"),
          postgresql_where=text("revoked_at is null")),
)  # fmt: skip

#: What was answered to a request that carried a key, written in the step of its effect.
idempotency = Table(
    "idempotency",
    metadata,
    Column("principal_id", BigKey, primary_key=True, autoincrement=False),
    Column("key", String(64), primary_key=True),
    Column("fingerprint", LargeBinary(32), nullable=False),
    Column("results", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_idempotency_at", "at"),
)
