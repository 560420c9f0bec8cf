"""The one way through a use case: permission, idempotency, then its step, then one audit row for each change.

A use case is a function over a list of orders that returns one result for each, in their order:

    def add_member(conn, context, who, orders) -> list[Done[Added] | Waits | Refused]

It checks before it writes, so a refusal leaves nothing behind and spoils nobody else's transaction. What costs time
and needs no database (a password's hash, reading a file) is its `prepare`, done before the transaction begins.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from ..registry.audit.steps import record
from ..registry.audit.subject import Subject, SubjectKind
from ..registry.people.answers import LARGEST_ANSWER, KeptAnswer, answer_of, keep_answer
from ..registry.people.principals import OWNER, Principal
from ..storage.committer import BatchStep
from ..storage.context import StepContext
from ..texts.refusals import Code, invalid, refuse
from .means import Context, Means, Progress
from .permissions import PERMISSIONS
from .results import Done, Refused, Result
from .wire import orders_to_json, results_from_json, results_to_json

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")
T = TypeVar("T")


_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


def _as_it_is(value: Any) -> Any:
    return value


Step = Callable[[Connection, Context, Principal, Sequence[Any]], Sequence[Result[Any]]]


class Transactions(Protocol):
    """Where steps are run: the service's committer, or a database that a command holds for itself."""

    def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> Awaitable[T]:
        """One step, one transaction."""

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        """The item in a transaction with the others that wait."""

    def read(self, step: Callable[[Connection], T]) -> Awaitable[T]:
        """A step that only reads."""

    def look(self, step: Callable[[Connection, StepContext], T]) -> Awaitable[T]:
        """A step that only reads, and wants to know the time."""

    def apart(self, work: Callable[[], T]) -> Awaitable[T]:
        """Work that takes time and no database."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a use case of many transactions is given."""

    transactions: Transactions
    means: Means
    progress: Progress


#: A use case of many transactions; each of them may be the last one before a crash.
LongWork = Callable[[Work, Principal, Sequence[Any]], Awaitable[Sequence[Result[Any]]]]


@dataclass(frozen=True, slots=True)
class UseCase(Generic[I, R]):
    """One thing that a person or a program can want. `name` is its stable id, `action` what the audit log calls it."""

    name: str
    order: type[I]
    result: Any
    step: Step | None = None
    action: str = ""
    prepare: Callable[[Means, Sequence[I]], Sequence[Any]] | None = None
    work: LongWork | None = None
    #: it may wait behind dialogues and money
    bulk: bool = False
    #: what of a result may be kept for a repeated request: not a token
    kept: Callable[[Any], Any] = _as_it_is

    @property
    def reads(self) -> bool:
        """It changes nothing: it needs no audit row and no writer."""
        return not self.action


def permitted(use_case: UseCase[Any, Any], who: Principal) -> Refused | None:
    """None, or why this principal may not; the cell of the table, then the scopes of its token."""
    cell = PERMISSIONS[use_case.name]
    if who.id != OWNER and not cell.roles & who.roles:
        return refuse(Code.ROLE_MISSING, use_case=use_case.name, roles=", ".join(sorted(cell.roles)))
    if who.scopes is not None and cell.scope not in who.scopes:
        return refuse(Code.SCOPE_MISSING, scope=cell.scope)
    return None


def run(
    conn: Connection,
    context: Context,
    who: Principal,
    use_case: UseCase[I, R],
    orders: Sequence[I],
    *,
    prepared: Sequence[Any] | None = None,
    key: str = "",
) -> list[Result[R]]:
    """Carry the orders out inside the caller's transaction."""
    forbidden = permitted(use_case, who)
    if forbidden is not None:
        note_refusal(conn, context, who, use_case, forbidden)
        return [forbidden for _ in orders]
    if key and _KEY.fullmatch(key) is None:
        return [
            invalid("幂等键应为 16 至 64 个字符", "an idempotency key has 16 to 64 of A-Z a-z 0-9 _ -") for _ in orders
        ]
    fingerprint = hashlib.sha256(use_case.name.encode() + b"\n" + orders_to_json(use_case.order, orders)).digest()
    if key and (kept := answer_of(conn, who.id, key)) is not None:
        if kept.fingerprint != fingerprint:
            return [refuse(Code.KEY_REUSED) for _ in orders]
        return results_from_json(use_case.result, kept.results.encode())
    if prepared is None:
        prepared = use_case.prepare(context.means, orders) if use_case.prepare else orders
    results = _carry_out(conn, context, who, use_case, prepared)
    note_changes(conn, context, who, use_case, results)
    if key and any(isinstance(result, Done) for result in results):
        told = results_to_json(use_case.result, [_kept(use_case, result) for result in results])
        if len(told) <= LARGEST_ANSWER:
            keep_answer(conn, who.id, key, KeptAnswer(fingerprint, told.decode()), now=context.now)
    return results


def _kept(use_case: UseCase[Any, Any], result: Result[Any]) -> Result[Any]:
    return replace(result, value=use_case.kept(result.value)) if isinstance(result, Done) else result


def _carry_out(
    conn: Connection, context: Context, who: Principal, use_case: UseCase[I, R], prepared: Sequence[Any]
) -> list[Result[R]]:
    """The step over what was not refused while it was prepared."""
    assert use_case.step is not None, "a use case of many transactions is performed by the office"
    good = [one for one in prepared if not isinstance(one, Refused)]
    came = iter(use_case.step(conn, context, who, good) if good else ())
    return [one if isinstance(one, Refused) else next(came) for one in prepared]


def note_changes(
    conn: Connection, context: Context, who: Principal, use_case: UseCase[Any, Any], results: Sequence[Result[Any]]
) -> None:
    """One audit row for each order that changed something, in the transaction of the change."""
    if use_case.reads:
        return
    for result in results:
        if isinstance(result, Done) and result.subject is not None:
            facts = {**result.facts, **({"tenant": who.tenant} if who.tenant is not None else {})}
            record(conn, at=context.now, actor=who.actor, action=use_case.action, subject=result.subject, facts=facts)


def note_refusal(
    conn: Connection, context: Context, who: Principal, use_case: UseCase[Any, Any], refused: Refused
) -> None:
    """A known principal tried what it may not: that is worth a row."""
    if use_case.reads:
        return
    record(
        conn,
        at=context.now,
        actor=who.actor,
        action=f"{use_case.action}.refused",
        subject=Subject(SubjectKind.USER, str(who.id)),
        facts={"code": refused.code},
    )
