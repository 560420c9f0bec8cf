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

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from ...storage.later import insert_later
from .tables import audit_head, audit_row

_FIRST = "0" * 64
_SEAL = update(audit_row).where(audit_row.c.seq == bindparam("of")).values(seal=bindparam("as"))


def record(
    conn: Connection, *, at: datetime, actor: str, action: str, subject: str, facts: Mapping[str, Any] | None = None
) -> None:
    """Write down who did what to what. `facts` is JSON without keys, passwords or statement texts."""
    row = {"at": at, "actor": actor, "action": action, "subject": subject, "facts": dict(facts or {})}
    insert_later(conn, audit_row, row)


def _seal_of(key: bytes, before: str, row: Row[Any]) -> str:
    told = [row.seq, row.at.timestamp(), row.actor, row.action, row.subject, row.facts]
    text = before + json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _proof_of(key: bytes, seq: int, last: str) -> str:
    return hmac.new(key, f"head|{seq}|{last}".encode(), hashlib.sha256).hexdigest()


def seal(conn: Connection, key: bytes, *, limit: int = 500) -> int:
    """Chain up to `limit` new rows; how many were. A row that was sealed before is never sealed again."""
    head = conn.execute(select(audit_head)).one_or_none()
    rows = conn.execute(
        select(audit_row)
        .where(audit_row.c.seal.is_(None), audit_row.c.seq > (0 if head is None else head.seq))
        .order_by(audit_row.c.seq)
        .limit(limit)
    ).all()
    if not rows:
        return 0
    last = _FIRST if head is None else head.seal
    seals = []
    for row in rows:
        last = _seal_of(key, last, row)
        seals.append({"of": row.seq, "as": last})
    conn.execute(_SEAL, seals)
    reached = {"seq": rows[-1].seq, "seal": last, "proof": _proof_of(key, rows[-1].seq, last)}
    conn.execute(insert(audit_head).values(id=1, **reached) if head is None else update(audit_head).values(**reached))
    return len(rows)


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """How far the chain holds: `bad` is the first row that does not fit, `unsealed` the rows still without a seal."""

    sealed: int
    unsealed: int
    bad: int | None


def verify(conn: Connection, key: bytes) -> ChainVerdict:
    """Walk the whole chain, up to where its head says it goes."""
    before, sealed, expected = _FIRST, 0, 1
    for row in conn.execute(select(audit_row).where(audit_row.c.seal.is_not(None)).order_by(audit_row.c.seq)):
        if row.seq != expected or not hmac.compare_digest(row.seal, _seal_of(key, before, row)):
            return ChainVerdict(sealed, 0, row.seq)
        before, sealed, expected = row.seal, sealed + 1, row.seq + 1
    if not _ends_at(conn, key, expected - 1, before):
        return ChainVerdict(sealed, 0, expected)
    unsealed = conn.execute(select(func.count()).where(audit_row.c.seal.is_(None))).scalar_one()
    return ChainVerdict(sealed, unsealed, None)


def _ends_at(conn: Connection, key: bytes, seq: int, last: str) -> bool:
    head = conn.execute(select(audit_head)).one_or_none()
    if head is None:
        return seq == 0
    proven = hmac.compare_digest(head.proof, _proof_of(key, head.seq, head.seal))
    return proven and (head.seq, head.seal) == (seq, last)
