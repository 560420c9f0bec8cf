"""Enterprises: entered, each with its own mother key; and looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from telecom_codecs.crypto.secret_key import SecretKey

from ..registry.audit.subject import Subject
from ..registry.directory.steps import NewEnterprise, enterprises
from ..registry.directory.steps import add_enterprises as enter
from ..registry.keys.steps import store_mother_key
from ..registry.people.principals import Principal
from ..texts.refusals import Refused
from .means import Context
from .results import Done, Result
from .runner import UseCase

KEY_OCTETS, NONCE_OCTETS = 16, 12


@dataclass(frozen=True, slots=True)
class AddEnterprise:
    """Register an enterprise. `id` is the next free one and the signature the name's beginning unless given."""

    code: str
    name: str
    signature: str | None = None
    id: int | None = None


@dataclass(frozen=True, slots=True)
class EnterpriseLine:
    """An enterprise as it is shown."""

    id: int
    code: str
    name: str
    signature: str
    state: str


@dataclass(frozen=True, slots=True)
class ListEnterprises:
    """All that the principal may see."""


def add_enterprise(
    conn: Connection, context: Context, who: Principal, orders: Sequence[AddEnterprise]
) -> list[Result[EnterpriseLine]]:
    """Enter each, and make its mother key."""
    news = [NewEnterprise(order.code.strip(), order.name, order.signature, order.id) for order in orders]
    made = enter(conn, context.step, news)
    for number in made:
        if isinstance(number, int):
            _make_mother_key(conn, context, who, number)
    lines = {line.id: line for line in _lines(conn)} if any(isinstance(number, int) for number in made) else {}
    return [
        number if isinstance(number, Refused) else Done(lines[number], Subject.enterprise(number)) for number in made
    ]


def _make_mother_key(conn: Connection, context: Context, who: Principal, enterprise_id: int) -> None:
    tokens = context.step.tokens
    store_mother_key(
        conn,
        context.means.ring,
        enterprise_id,
        1,
        SecretKey(tokens.octets(KEY_OCTETS)),
        provider=context.means.provider,
        nonce=tokens.octets(NONCE_OCTETS),
        actor=who.actor,
        now=context.now,
    )


def list_enterprises(
    conn: Connection, _context: Context, who: Principal, orders: Sequence[ListEnterprises]
) -> list[Result[tuple[EnterpriseLine, ...]]]:
    """By id; a tenant sees itself."""
    found = tuple(_lines(conn, who.tenant))
    return [Done(found) for _ in orders]


def _lines(conn: Connection, only: int | None = None) -> list[EnterpriseLine]:
    return [EnterpriseLine(row.id, row.code, row.name, row.signature, row.state) for row in enterprises(conn, only)]


ADD_ENTERPRISE: UseCase[AddEnterprise, EnterpriseLine] = UseCase(
    "add_enterprise", AddEnterprise, EnterpriseLine, add_enterprise, action="enterprise.add"
)
LIST_ENTERPRISES: UseCase[ListEnterprises, tuple[EnterpriseLine, ...]] = UseCase(
    "list_enterprises", ListEnterprises, tuple[EnterpriseLine, ...], list_enterprises
)
