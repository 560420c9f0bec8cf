"""How a step says what it touched, so that whoever works on it is woken after the commit.

A mark lives on the connection until the transaction ends; a rolled back step leaves none.
"""

from __future__ import annotations

from sqlalchemy import Connection

_KEY = "ykt_marks"

JOBS = "jobs"
OUTBOX = "outbox"


def mark(conn: Connection, topic: str) -> None:
    """Say that this transaction changed the topic."""
    conn.info.setdefault(_KEY, set()).add(topic)


def take_marks(conn: Connection) -> frozenset[str]:
    """The topics marked since the last call; they are forgotten."""
    return frozenset(conn.info.pop(_KEY, ()))
