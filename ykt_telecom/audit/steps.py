"""Audit rows and their chain. A row is written in the transaction that changes the state it tells of.

The chain (HMAC over the row and the seal before it) is put on by :func:`seal` shortly after, so that no hot path
waits for it; `verify` names the first row that does not fit. The key is derived from the KEK and never stored.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from .tables import audit_row

_FIRST = "0" * 64
_INSERT = insert(audit_row)


def record(
    conn: Connection, *, at: datetime, actor: str, action: str, subject: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Write down who did what to what. `facts` is JSON without keys, passwords or statement texts."""
    row = {"at": at, "actor": actor, "action": action, "subject": subject, "facts": dict(facts or {})}
    conn.execute(_INSERT, row)


def _seal_of(key: bytes, before: str, row: Row[Any]) -> str:
    told = [row.seq, row.at.timestamp(), row.actor, row.action, row.subject, row.facts]
    text = before + json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def seal(conn: Connection, key: bytes, *, limit: int = 500) -> int:
    """Chain up to `limit` rows that are not sealed yet; how many were."""
    rows = conn.execute(
        select(audit_row).where(audit_row.c.seal.is_(None)).order_by(audit_row.c.seq).limit(limit)
    ).all()
    if not rows:
        return 0
    before = conn.execute(
        select(audit_row.c.seal).where(audit_row.c.seq < rows[0].seq).order_by(audit_row.c.seq.desc()).limit(1)
    ).scalar()
    last = before or _FIRST
    for row in rows:
        last = _seal_of(key, last, row)
        conn.execute(update(audit_row).where(audit_row.c.seq == row.seq).values(seal=last))
    return len(rows)


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """How far the chain holds: `bad` is the first row that does not fit, `unsealed` the rows still without a seal."""

    sealed: int
    unsealed: int
    bad: int | None


def verify(conn: Connection, key: bytes) -> ChainVerdict:
    """Walk the whole chain."""
    before, sealed, expected = _FIRST, 0, 1
    for row in conn.execute(select(audit_row).where(audit_row.c.seal.is_not(None)).order_by(audit_row.c.seq)):
        if row.seq != expected or not hmac.compare_digest(row.seal, _seal_of(key, before, row)):
            return ChainVerdict(sealed, 0, row.seq)
        before, sealed, expected = row.seal, sealed + 1, row.seq + 1
    unsealed = conn.execute(select(func.count()).where(audit_row.c.seal.is_(None))).scalar_one()
    return ChainVerdict(sealed, unsealed, None)
