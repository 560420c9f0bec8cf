"""Joins the dialogues to the platform's own steps: the only module here that names the order and outbox functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from ..audit.steps import record
from ..delivery.outbox import PRIORITY_DIALOGUE, enqueue_text
from ..ota.outcome import JobKind
from ..ota.steps import order_job
from .neighbours import Neighbours, VerifyOrder
from .password import PasswordSeal
from .steps import ORIGIN, DialogueSteps
from .verification import DEADLINE_SECONDS, WORKERS, Perform, Verification


def join_dialogues(
    seal: PasswordSeal,
    *,
    perform: Perform,
    monotonic: Callable[[], float],
    deadline: float = DEADLINE_SECONDS,
    workers: int = WORKERS,
) -> tuple[DialogueSteps, Verification]:
    """The steps to hang into the hooks, and the verification to stop with the service.

    `perform` is `Committer.perform`; `deadline` in seconds is when every reply to a password is released.
    """
    orders: list[Verification] = []

    def verify(order: VerifyOrder) -> None:
        orders[0].submit(order)

    steps = DialogueSteps(Neighbours(_order_job, _send_text, _record, verify, seal))
    orders.append(
        Verification(
            seal,
            perform=perform,
            finish=steps.on_verdict,
            monotonic=monotonic,
            deadline=deadline,
            workers=workers,
        )
    )
    return steps, orders[0]


def _order_job(
    connection: Connection,
    *,
    job_id: str,
    kind: str,
    iccid: str,
    enterprise_id: int | None,
    payload: Mapping[str, Any],
    origin_id: str,
    now: datetime,
) -> None:
    order_job(
        connection,
        job_id=job_id,
        kind=JobKind(kind),
        iccid=iccid,
        enterprise_id=enterprise_id,
        payload=payload,
        origin=ORIGIN,
        origin_id=origin_id,
        priority=PRIORITY_DIALOGUE,
        now=now,
    )


def _send_text(
    connection: Connection,
    *,
    outbox_id: str,
    msisdn: str,
    text: str,
    message_class: str,
    origin_id: str,
    now: datetime,
) -> None:
    enqueue_text(
        connection,
        outbox_id=outbox_id,
        msisdn=msisdn,
        text=text,
        message_class=message_class,
        origin=ORIGIN,
        origin_id=origin_id,
        now=now,
        priority=PRIORITY_DIALOGUE,
    )


def _record(connection: Connection, *, action: str, subject: str, facts: Mapping[str, Any], now: datetime) -> None:
    record(connection, at=now, actor=ORIGIN, action=action, subject=subject, facts=facts)
