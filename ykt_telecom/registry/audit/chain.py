"""The chain over the audit rows: each seal is an HMAC over the row, facts included, and over the seal before it.

All rows of a transaction are sealed at its end, in one step, on the head row that several writers queue for. The key is
derived from the KEK and never stored; the head is proved by it and anchored outside the database after the commit. A
database that does not fit its anchor is taken on, and a row of the log says so for ever.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from ...storage.database import Database
from ...storage.faults import StorageUnavailable
from ...storage.later import write_with
from ...storage.sql import Statement, instant
from .anchor import Anchor, Anchored
from .subject import Subject, SubjectKind
from .tables import audit_head, audit_row

#: What :meth:`KeyRing.derive` is asked for.
KEY_PURPOSE = "audit chain"
#: The row that says that the log did not fit its anchor, or had lost its head.
BROKEN = "audit.broken"
FIRST = "0" * 64

_HEAD = Statement(select(audit_head.c.seq, audit_head.c.seal, audit_head.c.proof).with_for_update())
_INSERT = Statement(insert(audit_row), ("seq", "at", "actor", "action", "subject", "facts", "seal"))
_NEW_HEAD = Statement(insert(audit_head), ("id", "seq", "seal", "proof"))
_MOVE_HEAD = Statement(update(audit_head), ("seq", "seal", "proof"))
_SEAL_AT = select(audit_row.c.seal)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain has come."""

    seq: int
    seal: str


def seal_of(key: bytes, before: str, seq: int, row: Row) -> str:
    """The seal of a row: over everything it says, and the seal before it."""
    at: datetime = row["at"]
    told = [seq, at.timestamp(), row["actor"], row["action"], row["subject"], row["facts"]]
    text = before + json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def proof_of(key: bytes, head: Head) -> str:
    """Without it the end of the chain could be cut off, or a row sealed anew."""
    return hmac.new(key, f"head|{head.seq}|{head.seal}".encode(), hashlib.sha256).hexdigest()


@dataclass(slots=True)
class Chain:
    """Seals the rows of every transaction of one database. Used on its writer's thread only."""

    key: bytes = field(repr=False)
    anchor: Anchor
    #: whether head and anchor were seen to fit since the chain was opened
    _compared: bool = False
    #: a point that was committed and could not be anchored yet
    _owed: Anchored | None = None

    def write(self, conn: Connection, rows: Sequence[Row]) -> Callable[[], None]:
        """Seal and write the rows of this transaction; the answer is to be called after its COMMIT."""
        if self._owed is not None:
            self._note(self._owed)
        found = _find_head(conn)
        head, broken = self._start(conn, found)
        if broken is not None:
            about = Subject(SubjectKind.AUDIT, "log")
            rows = [_told(rows[0]["at"], "audit", BROKEN, str(about), {"reason": broken}), *rows]
        sealed, seal = [], head.seal
        for seq, row in enumerate(rows, head.seq + 1):
            seal = seal_of(self.key, seal, seq, row)
            facts = json.dumps(row["facts"], ensure_ascii=False)
            sealed.append({**row, "seq": seq, "seal": seal, "at": instant(row["at"]), "facts": facts})
        _INSERT.many(conn, sealed)
        reached = Head(head.seq + len(sealed), seal)
        _move_head(conn, self.key, reached, is_new=found is None)
        point = Anchored(reached.seq, proof_of(self.key, reached))
        return lambda: self._after_commit(point)

    def _after_commit(self, point: Anchored) -> None:
        """The transaction stands: an anchor that cannot be written now makes the next one wait, not this one fail."""
        self._compared = True
        self._owed = point
        with contextlib.suppress(StorageUnavailable):
            self._note(point)

    def _note(self, point: Anchored) -> None:
        self.anchor.append(point)
        self._owed = None

    def _start(self, conn: Connection, found: tuple[Head, str] | None) -> tuple[Head, str | None]:
        """Where the chain goes on, and what is wrong with the database, looked at once."""
        if found is None:
            last = conn.execute(select(func.coalesce(func.max(audit_row.c.seq), 0))).scalar_one()
            anchored = self.anchor.last()
            gone = last > 0 or anchored is not None
            return Head(max(last, anchored.seq if anchored else 0), FIRST), "the head is gone" if gone else None
        head, proof = found
        if self._compared:
            return head, None
        return head, self._misfit(conn, head, proof)

    def _misfit(self, conn: Connection, head: Head, proof: str) -> str | None:
        anchored = self.anchor.last()
        if not hmac.compare_digest(proof, proof_of(self.key, head)):
            return "the head is not proved by this key"
        if anchored is None:
            return f"no anchor at {self.anchor.path.name}"
        if anchored.seq > head.seq:
            return f"the anchor knows rows up to {anchored.seq}, the head is at {head.seq}"
        if not passes(conn, self.key, anchored):
            return f"row {anchored.seq} is not what the anchor knows"
        return None


def _find_head(conn: Connection) -> tuple[Head, str] | None:
    """The head and its proof, held until the end of the transaction."""
    for seq, seal, proof in _HEAD.rows(conn):
        return Head(seq, seal), proof
    return None


def _move_head(conn: Connection, key: bytes, head: Head, *, is_new: bool) -> None:
    statement = _NEW_HEAD if is_new else _MOVE_HEAD
    statement.many(conn, [{"id": 1, "seq": head.seq, "seal": head.seal, "proof": proof_of(key, head)}])


def _told(at: datetime, actor: str, action: str, subject: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {"at": at, "actor": actor, "action": action, "subject": subject, "facts": facts}


def passes(conn: Connection, key: bytes, point: Anchored) -> bool:
    """Whether the chain in the database goes through the point."""
    seal = conn.execute(_SEAL_AT.where(audit_row.c.seq == point.seq)).scalar_one_or_none()
    return seal is not None and hmac.compare_digest(point.proof, proof_of(key, Head(point.seq, seal)))


def seal_audit(database: Database, key: bytes, anchor: Anchor) -> Chain:
    """From now on every transaction of this database seals its audit rows before its COMMIT."""
    chain = Chain(key, anchor)
    write_with(database.engine, audit_row, chain.write)
    return chain


def seal_rest(conn: Connection, key: bytes) -> int:
    """Seal what version 1 left unsealed behind its head; how many rows. For the upgrade from version 1 only.

    Call it in the transaction of the upgrade, before the chain is used; the caller then anchors the head.
    """
    found = _find_head(conn)
    head = Head(0, FIRST) if found is None else found[0]
    rows = conn.execute(select(audit_row).where(audit_row.c.seq > head.seq).order_by(audit_row.c.seq)).all()
    for row in rows:
        head = Head(row.seq, seal_of(key, head.seal, row.seq, row._asdict()))
        conn.execute(update(audit_row).where(audit_row.c.seq == row.seq).values(seal=head.seal))
    if rows:
        _move_head(conn, key, head, is_new=found is None)
    return len(rows)
