"""The audit log: whether its chain holds, up to the anchor outside the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from ..registry.audit.verify import verify
from ..registry.people.principals import Principal
from .means import Context
from .results import Done, Result
from .runner import UseCase


@dataclass(frozen=True, slots=True)
class VerifyAudit:
    """Walk the whole chain."""


@dataclass(frozen=True, slots=True)
class Chain:
    """How far it holds: `reason` says what is wrong, None when nothing is; `breaks` are rows that tell of a break."""

    sealed: int
    bad: int | None
    reason: str | None
    breaks: tuple[int, ...]


def verify_audit(
    conn: Connection, context: Context, _who: Principal, orders: Sequence[VerifyAudit]
) -> list[Result[Chain]]:
    """One walk answers all."""
    verdict = verify(conn, context.means.chain_key, context.means.anchor)
    return [Done(Chain(verdict.sealed, verdict.bad, verdict.reason, verdict.breaks)) for _ in orders]


VERIFY_AUDIT: UseCase[VerifyAudit, Chain] = UseCase("verify_audit", VerifyAudit, Chain, verify_audit)
