"""Tables of the directory: enterprises and their members."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Table, func, text

from ...storage.schema import BigKey, Instant, metadata
from .states import MEMBER, MemberState

_ACTIVE = text(MEMBER.among((MemberState.ACTIVE,)))
_NUMBERED = text(f"{MEMBER.among((MemberState.ACTIVE,))} AND employee_no IS NOT NULL")

#: The tenant. `id` is the u32 that stands in the AID and in MO requests; 0 means none.
enterprise = Table(
    "enterprise",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("code", String(32), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("signature", String(32), nullable=False),
    Column("load_cap_fen", BigInteger, nullable=False),
    Column("state", String(12), nullable=False),
    Column("created_at", Instant, nullable=False),
    CheckConstraint("id > 0 and id <= 4294967295", name="id_u32"),
)
#: `acme` and `ACME` are one code, whoever writes past the steps.
Index("uq_enterprise_code_folded", func.lower(enterprise.c.code), unique=True)

#: One row per member and enterprise: the same person may be a member of several.
member = Table(
    "member",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("enterprise_id", BigInteger, ForeignKey("enterprise.id"), nullable=False),
    Column("msisdn", String(15), nullable=False),
    Column("name", String(64), nullable=False),
    Column("employee_no", String(32)),
    Column("department", String(64)),
    Column("state", String(12), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(
        "uq_member_enterprise_msisdn",
        "enterprise_id",
        "msisdn",
        unique=True,
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
    Index(
        "uq_member_enterprise_employee_no",
        "enterprise_id",
        "employee_no",
        unique=True,
        sqlite_where=_NUMBERED,
        postgresql_where=_NUMBERED,
    ),
    Index("ix_member_msisdn", "msisdn"),
    # the members of a statement run, in order, without sorting them all for every batch
    Index(
        "ix_member_active",
        "enterprise_id",
        "id",
        sqlite_where=_ACTIVE,
        postgresql_where=_ACTIVE,
    ),
)
