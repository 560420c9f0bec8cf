"""Steps on the service password: set, let a try in, note its verdict, unlock (T07, T08).

A try is counted before it is evaluated, in a transaction of its own: three are let in, whatever crashes, and a right
one clears the count. Only requests authenticated by the card's key reach these steps, so nobody else can use them up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from ...storage.context import StepContext
from ...storage.sql import Statement, in_list, instant
from .password import WRONG_TRIES_TO_LOCK
from .tables import service_password

_P = service_password.c
_FIND = Statement(select(_P.iccid, _P.verifier, _P.tries, _P.wrong, _P.locked_at).where(in_list(_P.iccid, "iccids")))
_CHANGE = Statement(
    update(service_password)
    .where(_P.iccid == bindparam("key"), _P.tries == bindparam("tries_before"), _P.wrong == bindparam("wrong_before"))
    .values(tries=bindparam("tries"), wrong=bindparam("wrong"), locked_at=bindparam("locked_at"))
)


def set_password(connection: Connection, *, iccid: str, verifier: str, now: datetime) -> None:
    """Store a verifier of `PasswordSeal.bind`; clears tries and lock. Use it for the first one and for a reset."""
    connection.execute(delete(service_password).where(service_password.c.iccid == iccid))
    connection.execute(service_password.insert().values(iccid=iccid, verifier=verifier, tries=0, wrong=0, set_at=now))


@dataclass(slots=True)
class _Password:
    """A password's row in this transaction."""

    verifier: str = field(repr=False)
    tries: int
    wrong: int
    locked_at: int | None


class PasswordTries:
    """The passwords of one step's cards: tries are let in and judged in memory, :meth:`write` stores the counts."""

    def __init__(self, conn: Connection, context: StepContext, iccids: Iterable[str]) -> None:
        self._conn = conn
        self._now = instant(context.now)
        self._before = {row[0]: row[1:] for row in _FIND.rows(conn, iccids=sorted(set(iccids)))}
        self._known = {iccid: _Password(*row) for iccid, row in self._before.items()}

    def let_in(self, iccid: str) -> str | None:
        """Count one more try and return the verifier to compare with; None when locked, unknown or all are out."""
        known = self._known.get(iccid)
        if known is None or known.locked_at is not None or known.tries >= WRONG_TRIES_TO_LOCK:
            return None
        known.tries += 1
        return known.verifier

    def verifier_of(self, iccid: str) -> str | None:
        """The verifier, for a try that was let in before a restart; None when it was locked by order meanwhile."""
        known = self._known.get(iccid)
        return None if known is None or known.locked_at is not None else known.verifier

    def note_right(self, iccid: str) -> None:
        """The try was right: the count starts again. A lock stays a lock."""
        known = self._known.get(iccid)
        if known is not None and known.locked_at is None:
            known.tries = known.wrong = 0

    def note_wrong(self, iccid: str) -> bool:
        """The try was wrong; True when this locks the password (then, once, the holder is told)."""
        known = self._known.get(iccid)
        if known is None:
            return False
        known.wrong += 1
        if known.locked_at is not None or known.wrong < WRONG_TRIES_TO_LOCK:
            return False
        known.locked_at = self._now
        return True

    def write(self) -> None:
        """Store every count that has changed; raises when somebody else has counted meanwhile."""
        rows = [
            {
                "key": iccid,
                "tries_before": before[1],
                "wrong_before": before[2],
                "tries": known.tries,
                "wrong": known.wrong,
                "locked_at": known.locked_at,
            }
            for iccid, known in self._known.items()
            if (before := self._before[iccid])[1:] != (known.tries, known.wrong, known.locked_at)
        ]
        if _CHANGE.many(self._conn, rows) != len(rows):
            raise RuntimeError("tries were counted by somebody else meanwhile")


def lock(connection: Connection, *, iccid: str, now: datetime) -> None:
    """Lock it by order; an earlier lock keeps its time."""
    connection.execute(
        update(service_password)
        .where(service_password.c.iccid == iccid, service_password.c.locked_at.is_(None))
        .values(locked_at=now)
    )


def unlock(connection: Connection, *, iccid: str) -> bool:
    """Give three new tries with the password as it is; False when there is none. The caller writes the audit row."""
    unlocked = connection.execute(
        update(service_password).where(service_password.c.iccid == iccid).values(tries=0, wrong=0, locked_at=None)
    )
    return unlocked.rowcount == 1
