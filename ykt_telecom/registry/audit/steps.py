"""Audit rows: who did what to what, written and sealed in the transaction that changes the state they tell of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ...storage.later import insert_later
from .subject import Subject
from .tables import audit_row


def record(
    conn: Connection,
    *,
    at: datetime,
    actor: str,
    action: str,
    subject: Subject | str,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Write down who did what to what. `facts` is JSON without keys, passwords, whole card numbers or texts."""
    record_many(conn, ((subject, facts),), at=at, actor=actor, action=action)


def record_many(
    conn: Connection,
    told: Iterable[tuple[Subject | str, Mapping[str, Any] | None]],
    *,
    at: datetime,
    actor: str,
    action: str,
) -> None:
    """The same action on many things: one row for each subject with its facts."""
    for subject, facts in told:
        row = {"at": at, "actor": actor, "action": action, "subject": str(subject), "facts": dict(facts or {})}
        insert_later(conn, audit_row, row)
