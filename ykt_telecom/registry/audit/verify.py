"""Walks the audit chain from its first row to the anchor outside the database."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from .anchor import Anchor, Anchored
from .chain import BROKEN, FIRST, Head, proof_of, seal_of
from .tables import audit_head, audit_row


@dataclass(frozen=True, slots=True)
class ChainVerdict:
    """How far the chain holds. `bad` is the first row that does not fit; `reason` says what is wrong, None if nothing.

    `breaks` are rows by which the log itself says that it did not fit its anchor when it was opened.
    """

    sealed: int
    bad: int | None = None
    reason: str | None = None
    breaks: tuple[int, ...] = ()

    @property
    def holds(self) -> bool:
        return self.reason is None and not self.breaks


def verify(conn: Connection, key: bytes, anchor: Anchor) -> ChainVerdict:
    """Walk the whole chain: every row, its head, and the point that is anchored outside."""
    anchored = anchor.furthest()
    with conn.execute(select(audit_row).order_by(audit_row.c.seq).execution_options(yield_per=1000)) as rows:
        last, bad, breaks = _walk(key, rows, anchored)
    if bad is not None:
        return ChainVerdict(last.seq, *bad, breaks)
    reason = _end(conn, key, last, anchored, anchor)
    return ChainVerdict(last.seq, None if reason is None else last.seq + 1, reason, breaks)


def _walk(
    key: bytes, rows: Iterable[Row[Any]], anchored: Anchored | None
) -> tuple[Head, tuple[int, str] | None, tuple[int, ...]]:
    """The last row that fits, the first that does not and why, and the rows that tell of a break."""
    last, breaks = Head(0, FIRST), list[int]()
    for row in rows:
        fits = row.seq == last.seq + 1 and row.seal is not None
        if not fits or not hmac.compare_digest(row.seal, seal_of(key, last.seal, row.seq, row._asdict())):
            return last, (row.seq, f"record {row.seq} does not fit the chain"), tuple(breaks)
        if anchored is not None and anchored.seq == row.seq and not _is(anchored, key, row.seal):
            return last, (row.seq, f"record {row.seq} is not what the anchor knows"), tuple(breaks)
        last = Head(row.seq, row.seal)
        if row.action == BROKEN:
            breaks.append(row.seq)
    return last, None, tuple(breaks)


def _is(anchored: Anchored, key: bytes, seal: str) -> bool:
    return hmac.compare_digest(anchored.proof, proof_of(key, Head(anchored.seq, seal)))


def _end(conn: Connection, key: bytes, last: Head, anchored: Anchored | None, anchor: Anchor) -> str | None:
    """What is wrong at the end of rows that fit each other, or None."""
    head = conn.execute(select(audit_head)).one_or_none()
    if head is None and anchored is None and last.seq == 0:
        return None
    if head is None:
        return f"the head is gone: {last.seq} records are there, nobody can say how many there were"
    if not hmac.compare_digest(head.proof, proof_of(key, Head(head.seq, head.seal))):
        return "the head is not proved by the key"
    if (head.seq, head.seal) != (last.seq, last.seal):
        return f"the head is at record {head.seq}, the last record is {last.seq}: some are missing or do not belong"
    if anchored is None:
        return f"the anchor is gone: nothing at {anchor.path}"
    if anchored.seq > last.seq:
        return (
            f"the anchor knows {anchored.seq} records, {last.seq} are there: the end was cut, or an older copy put back"
        )
    return None
