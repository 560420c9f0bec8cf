"""The one metadata of all tables, and the column types they share.

Each area declares its own tables in `<area>/tables.py`; `AREAS` lists them. Types are portable: the same steps
run on SQLite and PostgreSQL.
"""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    inspect,
    select,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from ..runtime.clock import BUSINESS_ZONE

#: Raised by one by each migration (migrations/versions); a database of another version is refused.
SCHEMA_VERSION = 2

#: Every module that declares tables. A module that is not installed is passed over.
AREAS = (
    "ykt_telecom.registry.directory.tables",
    "ykt_telecom.registry.people.tables",
    "ykt_telecom.registry.cards.tables",
    "ykt_telecom.registry.keys.tables",
    "ykt_telecom.ota.tables",
    "ykt_telecom.messaging.tables",
    "ykt_telecom.registry.audit.tables",
    "ykt_telecom.ledger.taps.tables",
    "ykt_telecom.ledger.money.tables",
    "ykt_telecom.ledger.attendance.tables",
    "ykt_telecom.flows.statements.tables",
    "ykt_telecom.flows.dialogue.tables",
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: 64-bit number that SQLite may also take as its rowid.
BigKey = BigInteger().with_variant(Integer, "sqlite")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """An aware datetime kept as microseconds since 1970 UTC; comes back in business time. Naive ones are refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value.isoformat()}: give it a time zone")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else (_EPOCH + int(value) * _MICROSECOND).astimezone(BUSINESS_ZONE)


schema_version = Table(
    "schema_version",
    metadata,
    Column("version", Integer, primary_key=True),
    Column("applied_at", Instant, nullable=False),
)

#: Where Alembic notes the same version as the revision that it has reached.
alembic_version = Table(
    "alembic_version",
    metadata,
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def revision_of(version: int) -> str:
    """How a version is called among the migrations."""
    return f"{version:04}"


def version_of(connection: Connection) -> int | None:
    """The version of the schema, None in an empty database."""
    if not inspect(connection).has_table(schema_version.name):
        return None
    return connection.execute(select(schema_version.c.version)).scalar_one_or_none()


def load_areas() -> MetaData:
    """Import every area's tables and return the complete metadata."""
    for name in AREAS:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as missing:
            if missing.name is None or not name.startswith(missing.name):
                raise
    return metadata
