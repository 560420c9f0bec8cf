"""Version 1: the schema of the first installations, as its program created it."""

from __future__ import annotations

from alembic import op

from ykt_telecom.storage.migrations.moving import frozen, run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    connection = op.get_bind()
    run(connection, frozen(revision, connection))
