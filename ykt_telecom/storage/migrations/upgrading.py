"""Bring a database to the schema of this program: by its migrations, in one transaction, or not at all."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, inspect, select, update

from ..database import Database
from ..faults import SchemaMismatch
from ..schema import SCHEMA_VERSION, alembic_version, revision_of, schema_version, version_of


def script() -> ScriptDirectory:
    """The migrations that this program brings along."""
    return ScriptDirectory(str(Path(__file__).parent))


def upgrade(database: Database, now: datetime, to: int = SCHEMA_VERSION) -> int:
    """Migrate up to a version; the version it had. A failure anywhere leaves the database as it was.

    Raises :class:`SchemaMismatch` for an empty, a foreign and a newer database.
    """
    with database.migrating() as connection:
        found = version_of(connection)
        if found is None:
            raise SchemaMismatch(f"{database.address}: nothing to upgrade there; `ykt init` makes a new installation")
        if found > to:
            raise SchemaMismatch(f"{database.address}: schema version {found} is newer than {to}")
        if found < to:
            migrate(connection, found, to)
            connection.execute(update(schema_version).values(version=to, applied_at=now))
    return found


def migrate(connection: Connection, found: int, to: int) -> None:
    """Run the migrations between two versions on the connection's transaction; from 0 in an empty database."""
    if found and not inspect(connection).has_table(alembic_version.name):
        alembic_version.create(connection)  # version 1 knew no migrations
        connection.execute(insert(alembic_version).values(version_num=revision_of(found)))
    revisions = script()
    context = MigrationContext.configure(
        connection,
        opts={
            "fn": lambda revision, _context: revisions._upgrade_revs(revision_of(to), revision),
            "transactional_ddl": True,
        },
    )
    with Operations.context(context):
        context.run_migrations()
    reached = connection.execute(select(alembic_version.c.version_num)).scalars().all()
    if reached != [revision_of(to)]:
        raise SchemaMismatch(f"the migrations end at {', '.join(reached) or 'nothing'}, not at {revision_of(to)}")
