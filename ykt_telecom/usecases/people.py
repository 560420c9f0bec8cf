"""Users: people and programs with their roles and tokens. A token's text is told once, in the result that made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from ..registry.audit.subject import Subject, SubjectKind
from ..registry.directory.steps import clean_name, name_fault
from ..registry.people.principals import (
    NewPrincipal,
    Principal,
    PrincipalKind,
    add_principal,
    add_token,
    count_role,
    find_principals,
    list_principals,
    names_taken,
    revoke_principal,
)
from ..registry.people.roles import ENTERPRISE_ROLES, EXCLUSIVE, Role, roles_of
from ..registry.people.tokens import CHANCE_OCTETS, Token
from ..texts.refusals import Code, Refused, invalid, refuse
from .means import Context
from .permissions import SCOPES
from .results import Done, Result
from .runner import UseCase
from .subjects import Enterprise, enterprise_codes, enterprises_named

LONGEST_NAME = 40
DAYS, MOST_DAYS = 90, 366


@dataclass(frozen=True, slots=True)
class AddUser:
    """Enter a person or a program and make its token. `roles` are roles or bundles, `scopes` None: all they allow."""

    name: str
    roles: tuple[str, ...]
    enterprise: str | None = None
    is_program: bool = False
    scopes: tuple[str, ...] | None = None
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class UserAdded:
    """Who was entered. `token` is None when the same request is answered again: it is not kept."""

    name: str
    roles: tuple[Role, ...]
    enterprise: str | None
    expires_at: datetime
    token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListUsers:
    """Everybody that the principal may see."""


@dataclass(frozen=True, slots=True)
class UserLine:
    """A user as it is listed."""

    name: str
    kind: str
    roles: tuple[Role, ...]
    enterprise: str | None
    state: str
    expires_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class RevokeUser:
    """End a user and every token of it at once; the name is not given again."""

    name: str


@dataclass(frozen=True, slots=True)
class UserRevoked:
    name: str


def add_user(conn: Connection, context: Context, who: Principal, orders: Sequence[AddUser]) -> list[Result[UserAdded]]:
    """Enter each. An enterprise's administrator enters users of that enterprise alone."""
    owners = enterprises_named(conn, who, (order.enterprise for order in orders if order.enterprise))
    taken = names_taken(conn, (clean_name(order.name) for order in orders))
    results: list[Result[UserAdded]] = []
    for order in orders:
        owner = owners[order.enterprise] if order.enterprise else None
        judged = owner if isinstance(owner, Refused) else _judge(who, order, owner, taken)
        if isinstance(judged, Refused):
            results.append(judged)
            continue
        taken.add(judged.name)
        results.append(_enter(conn, context, order, judged, owner.code if isinstance(owner, Enterprise) else None))
    return results


def _judge(who: Principal, order: AddUser, owner: Enterprise | None, taken: set[str]) -> NewPrincipal | Refused:
    fault = name_fault(order.name, "用户名", "name", LONGEST_NAME)
    if fault is not None:
        return fault
    name = clean_name(order.name)
    if name in taken:
        return refuse(Code.DUPLICATE, what=f"user {name}")
    if not 1 <= order.days <= MOST_DAYS:
        return invalid(f"令牌有效期应为 1 至 {MOST_DAYS} 天", f"a token is valid for 1 to {MOST_DAYS} days")
    unknown = sorted(set(order.scopes or ()) - SCOPES)
    if unknown:
        return invalid(f"没有权限范围 {unknown[0]}", f"no scope {unknown[0]}: {', '.join(sorted(SCOPES))}")
    tenant = who.tenant if owner is None else owner.id
    roles = _roles(order, tenant)
    if isinstance(roles, Refused):
        return roles
    kind = PrincipalKind.PROGRAM if order.is_program else PrincipalKind.PERSON
    return NewPrincipal(name, kind, roles, tenant)


def _roles(order: AddUser, tenant: int | None) -> frozenset[Role] | Refused:
    told = ", ".join(order.roles) or "-"
    try:
        roles = roles_of(order.roles)
    except ValueError as error:
        return refuse(Code.ROLES, roles=told, zh=f"没有角色 {error}", en=f"there is no role {error}")
    if not roles:
        return refuse(Code.ROLES, roles=told, zh="至少要有一个角色", en="at least one is wanted")
    if roles >= EXCLUSIVE:
        return refuse(
            Code.ROLES, roles=told, zh="下达指令的人不能复核", en="who gives orders over the air does not approve"
        )
    if tenant is None and roles & ENTERPRISE_ROLES:
        return refuse(Code.ROLES, roles=told, zh="单位角色须指定单位", en="an enterprise's role wants --enterprise")
    if tenant is not None and roles - ENTERPRISE_ROLES:
        return refuse(Code.ROLES, roles=told, zh="运营角色不属于单位", en="an operator's role belongs to no enterprise")
    return roles


def _enter(
    conn: Connection, context: Context, order: AddUser, new: NewPrincipal, enterprise: str | None
) -> Result[UserAdded]:
    number = add_principal(conn, new, now=context.now)
    token = Token.make(new.kind, context.step.tokens.octets(CHANCE_OCTETS))
    expires_at = context.now + timedelta(days=order.days)
    digest = token.digest(context.means.token_key)
    add_token(conn, number, digest, scopes=order.scopes, expires_at=expires_at, now=context.now)
    roles = tuple(sorted(new.roles))
    added = UserAdded(new.name, roles, enterprise, expires_at, token.text())
    return Done(
        added,
        Subject(SubjectKind.USER, str(number)),
        {"name": new.name, "roles": list(roles), "enterprise": new.tenant},
    )


def _without_token(added: UserAdded) -> UserAdded:
    return replace(added, token=None)


def list_users(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[ListUsers]
) -> list[Result[tuple[UserLine, ...]]]:
    """By name; an enterprise sees its own."""
    found = list_principals(conn, tenant=who.tenant)
    codes = enterprise_codes(conn, (line.tenant for line in found))
    lines = tuple(
        UserLine(
            line.name,
            line.kind,
            line.roles,
            None if line.tenant is None else codes[line.tenant],
            line.state,
            line.expires_at,
            line.last_used_at,
        )
        for line in found
    )
    return [Done(lines) for _ in orders]


def revoke_user(
    conn: Connection, context: Context, who: Principal, orders: Sequence[RevokeUser]
) -> list[Result[UserRevoked]]:
    """End each; the last administrator stays."""
    found = find_principals(conn, (order.name for order in orders), tenant=who.tenant)
    results: list[Result[UserRevoked]] = []
    for order in orders:
        one = found.pop(order.name, None)
        if one is None:
            results.append(refuse(Code.NO_USER, name=repr(order.name[:LONGEST_NAME])))
        elif Role.OA in one.roles and count_role(conn, Role.OA) == 1:
            results.append(refuse(Code.LAST_ADMIN, name=one.name))
        else:
            revoke_principal(conn, one.id, now=context.now)
            results.append(Done(UserRevoked(one.name), Subject(SubjectKind.USER, str(one.id)), {"name": one.name}))
    return results


ADD_USER: UseCase[AddUser, UserAdded] = UseCase(
    "add_user", AddUser, UserAdded, add_user, action="user.add", kept=_without_token
)
LIST_USERS: UseCase[ListUsers, tuple[UserLine, ...]] = UseCase(
    "list_users", ListUsers, tuple[UserLine, ...], list_users
)
REVOKE_USER: UseCase[RevokeUser, UserRevoked] = UseCase(
    "revoke_user", RevokeUser, UserRevoked, revoke_user, action="user.revoke"
)
