"""Steps on the service password: set, let a try in, note its verdict, unlock (T07, T08).

A try is counted before it is evaluated, in a transaction of its own: three are let in, whatever crashes, and a right
one clears the count. Only requests authenticated by the card's key reach these steps, so nobody else can use them up.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from .password import WRONG_TRIES_TO_LOCK
from .tables import service_password


def set_password(connection: Connection, *, iccid: str, verifier: str, now: datetime) -> None:
    """Store a verifier of `PasswordSeal.bind`; clears tries and lock. Use it for the first one and for a reset."""
    connection.execute(delete(service_password).where(service_password.c.iccid == iccid))
    connection.execute(service_password.insert().values(iccid=iccid, verifier=verifier, tries=0, wrong=0, set_at=now))


def let_in(connection: Connection, *, iccid: str) -> str | None:
    """Count one more try and return the verifier to compare with; None when locked, unknown or all tries are out."""
    row = connection.execute(
        update(service_password)
        .where(
            service_password.c.iccid == iccid,
            service_password.c.locked_at.is_(None),
            service_password.c.tries < WRONG_TRIES_TO_LOCK,
        )
        .values(tries=service_password.c.tries + 1)
        .returning(service_password.c.verifier)
    ).one_or_none()
    return None if row is None else str(row.verifier)


def verifier_of(connection: Connection, *, iccid: str) -> str | None:
    """The verifier, for a try that was let in before a restart; None when it was locked by order meanwhile."""
    return connection.execute(
        select(service_password.c.verifier).where(
            service_password.c.iccid == iccid, service_password.c.locked_at.is_(None)
        )
    ).scalar_one_or_none()


def note_right(connection: Connection, *, iccid: str) -> None:
    """The try was right: the count starts again. A lock stays a lock."""
    connection.execute(
        update(service_password)
        .where(service_password.c.iccid == iccid, service_password.c.locked_at.is_(None))
        .values(tries=0, wrong=0)
    )


def note_wrong(connection: Connection, *, iccid: str, now: datetime) -> bool:
    """The try was wrong; True when this locks the password (then, once, the holder is told)."""
    connection.execute(
        update(service_password).where(service_password.c.iccid == iccid).values(wrong=service_password.c.wrong + 1)
    )
    locked = connection.execute(
        update(service_password)
        .where(
            service_password.c.iccid == iccid,
            service_password.c.locked_at.is_(None),
            service_password.c.wrong >= WRONG_TRIES_TO_LOCK,
        )
        .values(locked_at=now)
    )
    return locked.rowcount == 1


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
