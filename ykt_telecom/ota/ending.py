"""How a job comes to its one end: state, application, audit row and whoever waits for it, in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, true, update

from telecom_codecs.onecard.enterprise_answer import EnterpriseAnswer

from ..messaging.facts import OutboxState
from ..messaging.tables import outbox
from ..registry.cards.states import ApplicationEvent, ApplicationState
from ..registry.cards.tables import card_application
from ..storage.context import StepContext
from .applications import learn
from .means import OtaMeans
from .outcome import JobKind, JobOutcome
from .states import JobEvent, JobState
from .steps import move
from .tables import attempt

_ATTEMPTS = select(attempt.c.id).where(attempt.c.job_id == bindparam("job"))
_WITHDRAW = update(outbox).where(outbox.c.outbox_id.in_(_ATTEMPTS), outbox.c.state == bindparam("before"))
_ANY_SENT = _ATTEMPTS.where(attempt.c.may_be_sent == true()).limit(1)

#: What an application has gone through when its job was applied; a state it has passed already is passed over.
_APPLIED: dict[JobKind, tuple[ApplicationEvent, ...]] = {
    JobKind.ISSUE: (ApplicationEvent.INSTALLED, ApplicationEvent.PERSONALISED, ApplicationEvent.ACTIVATED),
    JobKind.REOPEN: (ApplicationEvent.REOPENED,),
    JobKind.DELETE: (ApplicationEvent.DELETED,),
}


def finish(
    conn: Connection,
    context: StepContext,
    means: OtaMeans,
    found: Row[Any],
    event: JobEvent,
    *,
    reason: str | None = None,
    status: int | None = None,
    status_word: int | None = None,
    answer: EnterpriseAnswer | None = None,
    answer_status: int | None = None,
) -> None:
    """Move the job into a terminal state and tell it. Packets that have not left never will."""
    kept = asdict(answer) if answer else None if answer_status is None else {"answer_status": answer_status}
    state = move(
        conn, found, event, context.now, reason=reason, due_at=None, status=status, status_word=status_word, answer=kept
    )
    change = {"before": OutboxState.QUEUED, "state": OutboxState.WITHDRAWN}
    conn.execute(_WITHDRAW, {"job": found.id, **change})
    _settle_application(conn, context, found, state)
    outcome = JobOutcome(
        job_id=found.id,
        kind=JobKind(found.kind),
        iccid=found.iccid,
        enterprise_id=found.enterprise_id,
        application_id=found.application_id,
        state=state,
        status=status,
        status_word=status_word,
        answer=answer,
        answer_status=answer_status,
        reason=reason,
        origin=found.origin,
        origin_id=found.origin_id,
        payload=found.payload,
    )
    for tell in means.hooks.on_job_outcome:
        tell(conn, outcome, context)


def _settle_application(conn: Connection, context: StepContext, found: Row[Any], state: JobState) -> None:
    kind = JobKind(found.kind)
    if state is JobState.APPLIED:
        learn(conn, found.application_id, *_APPLIED.get(kind, ()), now=context.now)
    elif kind is JobKind.ISSUE or (kind is JobKind.DELETE and state is JobState.EXPIRED):
        sent = conn.execute(_ANY_SENT, {"job": found.id}).first()
        in_doubt = state is JobState.EXPIRED and sent is not None
        event = ApplicationEvent.NO_ANSWER if in_doubt else ApplicationEvent.REFUSED
        learn(conn, found.application_id, event, now=context.now)


def application_state(conn: Connection, application_id: str) -> ApplicationState:
    """The application's state now."""
    return ApplicationState(
        conn.execute(select(card_application.c.state).where(card_application.c.id == application_id)).scalar_one()
    )
