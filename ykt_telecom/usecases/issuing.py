"""An application for a card: the order over the air and the purse behind it, in one step of a transaction."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from telecom_codecs.onecard.rights import Rights

from ..ledger.money.steps import open_purse
from ..ota.outcome import JobKind
from ..ota.steps import order_job
from ..storage.context import StepContext

ISSUE_PRIORITY = 5


def order_application(
    conn: Connection,
    context: StepContext,
    *,
    iccid: str,
    enterprise_id: int,
    name: str,
    rights: Rights,
    valid_until: date | None,
    actor: str,
) -> str:
    """Order the application (its name as it shall stand on the card, at most 8 characters); the id of the job.

    Raises `cards.states.Refused` or `NoSuchCard`.
    """
    job_id = context.next_id()
    order_job(
        conn,
        job_id=job_id,
        kind=JobKind.ISSUE,
        iccid=iccid,
        enterprise_id=enterprise_id,
        payload={"name": name, "rights": int(rights)},
        origin=actor,
        origin_id=None,
        priority=ISSUE_PRIORITY,
        now=context.now,
    )
    if rights & Rights.PURSE:
        open_purse(conn, iccid=iccid, enterprise_id=enterprise_id, now=context.now, valid_until=valid_until)
    return job_id
