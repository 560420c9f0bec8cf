"""Answers to requests that carried a key, so that the same request again gets the same answer and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from .tables import idempotency

KEPT = timedelta(hours=72)
LARGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered, and to what."""

    fingerprint: bytes
    results: str


def answer_of(conn: Connection, principal_id: int, key: str) -> KeptAnswer | None:
    """The answer this principal got under this key, as long as it is kept."""
    row = conn.execute(
        select(idempotency).where(idempotency.c.principal_id == principal_id, idempotency.c.key == key)
    ).one_or_none()
    return None if row is None else KeptAnswer(row.fingerprint, row.results)


def keep_answer(conn: Connection, principal_id: int, key: str, answer: KeptAnswer, *, now: datetime) -> None:
    """Remember an answer in the step of its effect; what is older than it has to be is forgotten."""
    conn.execute(delete(idempotency).where(idempotency.c.at < now - KEPT))
    conn.execute(
        insert(idempotency).values(
            principal_id=principal_id, key=key, fingerprint=answer.fingerprint, results=answer.results, at=now
        )
    )
