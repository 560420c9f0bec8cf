"""Principals: people and programs, found by their tokens. Who may do what is not decided here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from .roles import Role
from .tables import access_token, principal, principal_role

#: The owner of the data folder, who needs no token: the folder's files are his already.
OWNER = 0
_USED_EVERY = timedelta(minutes=1)


class PrincipalKind(StrEnum):
    PERSON = "PERSON"
    PROGRAM = "PROGRAM"


class PrincipalState(StrEnum):
    ACTIVE = "ACTIVE"
    REVOKED = "REVOKED"  #: end: the name is not given again


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `tenant` is an enterprise's id, None for the operator; `scopes` None: all that the roles allow."""

    id: int
    name: str
    roles: frozenset[Role]
    tenant: int | None = None
    scopes: frozenset[str] | None = None
    channel: str = "cli"

    @property
    def actor(self) -> str:
        """How the audit log names it."""
        return f"{self.channel}:{self.name}"


@dataclass(frozen=True, slots=True)
class NewPrincipal:
    """A principal to be entered, its roles checked."""

    name: str
    kind: PrincipalKind
    roles: frozenset[Role]
    tenant: int | None


@dataclass(frozen=True, slots=True)
class PrincipalLine:
    """A principal as it is listed; `expires_at` is that of its last valid token."""

    name: str
    kind: PrincipalKind
    roles: tuple[Role, ...]
    tenant: int | None
    state: PrincipalState
    expires_at: datetime | None
    last_used_at: datetime | None


_BY_DIGEST = (
    select(
        principal,
        access_token.c.id.label("token_id"),
        access_token.c.scopes,
        access_token.c.expires_at,
        access_token.c.last_used_at,
    )
    .join(access_token, access_token.c.principal_id == principal.c.id)
    .where(access_token.c.digest == bindparam("digest"), access_token.c.revoked_at.is_(None))
)


def authenticate(conn: Connection, digest: bytes, *, now: datetime, channel: str) -> Principal | None:
    """Whose token this is; None when it is unknown, expired or revoked, or its principal is."""
    row = conn.execute(_BY_DIGEST, {"digest": digest}).one_or_none()
    if row is None or row.state != PrincipalState.ACTIVE or row.expires_at <= now:
        return None
    scopes = None if row.scopes is None else frozenset(row.scopes.split())
    return Principal(row.id, row.name, _roles_of(conn, row.id), row.tenant, scopes, channel)


def note_use(conn: Connection, digest: bytes, *, now: datetime) -> None:
    """Remember, to the minute, when a token was used last."""
    table = access_token
    conn.execute(
        update(table)
        .where(
            table.c.digest == digest,
            func.coalesce(table.c.last_used_at, bindparam("never", now - 2 * _USED_EVERY, table.c.last_used_at.type))
            <= bindparam("since", now - _USED_EVERY, table.c.last_used_at.type),
        )
        .values(last_used_at=now)
    )


def add_principal(conn: Connection, new: NewPrincipal, *, now: datetime) -> int:
    """Enter a principal whose name is free; its id."""
    made = conn.execute(
        insert(principal).values(
            name=new.name, kind=new.kind, tenant=new.tenant, state=PrincipalState.ACTIVE, created_at=now
        )
    )
    assert made.inserted_primary_key is not None
    number = int(made.inserted_primary_key[0])
    conn.execute(insert(principal_role), [{"principal_id": number, "role": role} for role in sorted(new.roles)])
    return number


def add_token(
    conn: Connection,
    principal_id: int,
    digest: bytes,
    *,
    scopes: Iterable[str] | None,
    expires_at: datetime,
    now: datetime,
) -> None:
    """Keep the hash of a token that was just made."""
    told = None if scopes is None else " ".join(sorted(scopes))
    conn.execute(
        insert(access_token).values(
            principal_id=principal_id, digest=digest, scopes=told, expires_at=expires_at, created_at=now
        )
    )


def names_taken(conn: Connection, names: Iterable[str]) -> set[str]:
    """Which of the names are there already; a revoked principal's name stays its own."""
    return set(conn.execute(select(principal.c.name).where(principal.c.name.in_(list(names)))).scalars())


def find_principals(conn: Connection, names: Iterable[str], *, tenant: int | None) -> dict[str, Principal]:
    """Active principals by name; of one tenant only, unless `tenant` is None."""
    query = select(principal).where(principal.c.name.in_(list(names)), principal.c.state == PrincipalState.ACTIVE.value)
    if tenant is not None:
        query = query.where(principal.c.tenant == tenant)
    return {
        row.name: Principal(row.id, row.name, _roles_of(conn, row.id), row.tenant) for row in conn.execute(query).all()
    }


def count_role(conn: Connection, role: Role) -> int:
    """How many active principals have the role."""
    return int(
        conn.execute(
            select(func.count())
            .select_from(principal_role.join(principal, principal.c.id == principal_role.c.principal_id))
            .where(principal_role.c.role == role, principal.c.state == PrincipalState.ACTIVE.value)
        ).scalar_one()
    )


def revoke_principal(conn: Connection, principal_id: int, *, now: datetime) -> None:
    """End a principal and every token of it, at once."""
    conn.execute(update(principal).where(principal.c.id == principal_id).values(state=PrincipalState.REVOKED))
    conn.execute(
        update(access_token)
        .where(access_token.c.principal_id == principal_id, access_token.c.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    conn.execute(delete(principal_role).where(principal_role.c.principal_id == principal_id))


def list_principals(conn: Connection, *, tenant: int | None) -> Sequence[PrincipalLine]:
    """Everybody by name; of one tenant only, unless `tenant` is None."""
    query = (
        select(
            principal,
            func.max(access_token.c.expires_at).label("expires_at"),
            func.max(access_token.c.last_used_at).label("last_used_at"),
        )
        .outerjoin(access_token, (access_token.c.principal_id == principal.c.id) & access_token.c.revoked_at.is_(None))
        .group_by(*principal.c)
        .order_by(principal.c.name)
    )
    if tenant is not None:
        query = query.where(principal.c.tenant == tenant)
    roles: dict[int, list[Role]] = {}
    for row in conn.execute(select(principal_role).order_by(principal_role.c.role)):
        roles.setdefault(row.principal_id, []).append(Role(row.role))
    return [
        PrincipalLine(
            row.name,
            PrincipalKind(row.kind),
            tuple(roles.get(row.id, ())),
            row.tenant,
            PrincipalState(row.state),
            row.expires_at,
            row.last_used_at,
        )
        for row in conn.execute(query).all()
    ]


def _roles_of(conn: Connection, principal_id: int) -> frozenset[Role]:
    rows = conn.execute(select(principal_role.c.role).where(principal_role.c.principal_id == principal_id))
    return frozenset(Role(role) for role in rows.scalars())
