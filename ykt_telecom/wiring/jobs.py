"""Hangs the jobs into the delivery: what the SMSC says about a packet moves its job."""

from __future__ import annotations

from sqlalchemy import Connection

from ..messaging.facts import ReceiptFact, SubmitFact
from ..ota.means import OtaMeans
from ..ota.submits import note_receipt, note_submit
from ..storage.context import StepContext


def connect_jobs(means: OtaMeans) -> None:
    """Put the jobs' observers first among the hooks."""

    def on_submit(conn: Connection, fact: SubmitFact, context: StepContext) -> None:
        note_submit(conn, context, means, fact)

    def on_receipt(conn: Connection, fact: ReceiptFact, context: StepContext) -> None:
        note_receipt(conn, context, means, fact)

    means.hooks.on_submit.insert(0, on_submit)
    means.hooks.on_receipt.insert(0, on_receipt)
