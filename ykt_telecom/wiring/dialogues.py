"""Joins the dialogues to the platform's own steps: the only module here that names the order and outbox functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from ..flows.dialogue.neighbours import Neighbours, VerifyOrder
from ..flows.dialogue.password import PasswordSeal, password_seal
from ..flows.dialogue.steps import ORIGIN, DialogueSteps
from ..flows.dialogue.verification import DEADLINE_SECONDS, WORKERS, Verification
from ..messaging.outgoing import PRIORITY_DIALOGUE
from ..messaging.texts import Text, enqueue_texts
from ..ota.means import OtaMeans
from ..ota.orders import NotOrdered, Order, order_jobs
from ..ota.outcome import JobKind
from ..registry.audit.steps import record
from ..registry.audit.subject import Subject
from ..registry.cards.states import Refused
from ..registry.keys.wrapping import KeyRing
from ..runtime.clock import Clock
from ..storage.committer import Committer
from ..storage.context import StepContext


class Host(Protocol):
    """What the service offers to those who join it."""

    means: OtaMeans
    clock: Clock
    ring: KeyRing
    on_start: list[Callable[[], Awaitable[object]]]
    on_stop: list[Callable[[], Awaitable[object]]]

    @property
    def committer(self) -> Committer: ...


def join_dialogues(
    host: Host, *, seal: PasswordSeal | None = None, deadline: float = DEADLINE_SECONDS, workers: int = WORKERS
) -> Verification:
    """Hang the dialogues into the service; at start they take up what was being judged.

    `deadline` in seconds is when every reply to a password is released.
    """
    used = seal or password_seal(host.ring)
    orders: list[Verification] = []

    def verify(order: VerifyOrder) -> None:
        orders[0].submit(order)

    async def perform(step: Callable[[Connection, StepContext], None]) -> None:
        await host.committer.perform(step)

    async def begin() -> None:
        await host.committer.perform(steps.recover)

    steps = DialogueSteps(Neighbours(_order_job, _send_text, _record, verify, used))
    verification = Verification(
        used,
        perform=perform,
        finish=steps.on_verdict,
        monotonic=host.clock.monotonic,
        deadline=deadline,
        workers=workers,
    )
    orders.append(verification)
    host.means.requests = steps.on_mo_requests
    host.means.followers[ORIGIN] = steps.on_job_outcomes
    host.on_start.append(begin)
    host.on_stop.append(verification.stop)
    return verification


def _order_job(
    connection: Connection,
    context: StepContext,
    *,
    kind: JobKind,
    iccid: str,
    enterprise_id: int | None,
    payload: Mapping[str, Any],
    origin_id: int,
) -> int:
    order = Order(kind, iccid, enterprise_id, payload, ORIGIN, origin_id, PRIORITY_DIALOGUE)
    (ordered,) = order_jobs(connection, context, [order])
    if isinstance(ordered, NotOrdered):
        raise Refused(ordered.reason)
    return ordered.job_id


def _send_text(
    connection: Connection, context: StepContext, *, msisdn: str, text: str, message_class: str, origin_id: int
) -> int:
    told = Text(msisdn, text, message_class, ORIGIN, origin_id, PRIORITY_DIALOGUE)
    return enqueue_texts(connection, context, [told])[0].message


def _record(
    connection: Connection, *, action: str, subject: Subject | str, facts: Mapping[str, Any], now: datetime
) -> None:
    record(connection, at=now, actor=ORIGIN, action=action, subject=subject, facts=facts)
