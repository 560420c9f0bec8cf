"""`ykt ota job`: look at jobs. Orders are given by dialogues and, while the service runs, by the demo and the API."""

from __future__ import annotations

from pathlib import Path

import click
from sqlalchemy import select

from ...ota.steps import find_job
from ...ota.tables import attempt as attempt_table
from ...ota.tables import job as job_table
from ...ota.tables import job_history
from .access import configured, reading, settings_of
from .output import as_json, show, show_one


@click.group()
def ota() -> None:
    """Work over the air."""


@ota.group()
def job() -> None:
    """Jobs: orders to one card, their attempts and their verdict."""


@job.command("list")
@click.option("--state", help="Only jobs in this state.")
@click.option("--card", "iccid", help="Only jobs of this ICCID.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@as_json
@configured
def list_jobs(
    *, state: str | None, iccid: str | None, limit: int, as_json: bool, config: Path | None, data: Path | None
) -> None:
    """The newest jobs first."""
    query = select(job_table).order_by(job_table.c.created_at.desc(), job_table.c.id.desc()).limit(limit)
    if state:
        query = query.where(job_table.c.state == state.upper())
    if iccid:
        query = query.where(job_table.c.iccid == iccid)
    with reading(settings_of(config, data)) as conn:
        rows = [_without_payload(dict(row._mapping)) for row in conn.execute(query)]
    show(rows, ("id", "kind", "iccid", "enterprise_id", "state", "attempts", "reason", "created_at"), as_json=as_json)


@job.command("show")
@click.argument("job_id")
@as_json
@configured
def show_job(job_id: str, as_json: bool, config: Path | None, data: Path | None) -> None:
    """One job: its states, its attempts, and what the card said."""
    with reading(settings_of(config, data)) as conn:
        facts = _without_payload(dict(find_job(conn, job_id)._mapping))
        attempts = conn.execute(
            select(attempt_table).where(attempt_table.c.job_id == job_id).order_by(attempt_table.c.number)
        ).all()
        history = conn.execute(
            select(job_history).where(job_history.c.job_id == job_id).order_by(job_history.c.seq)
        ).all()
    told = [
        {name: getattr(row, name) for name in ("number", "purpose", "counter", "tar", "segments", "status", "fenced")}
        for row in attempts
    ]
    states = [{name: getattr(row, name) for name in ("at", "event", "state", "reason")} for row in history]
    if as_json:
        show_one({**facts, "attempts": told, "history": states}, as_json=True)
        return
    show_one(facts, as_json=False)
    click.echo()
    show(told, ("number", "purpose", "counter", "tar", "segments", "status", "fenced"), as_json=False)
    click.echo()
    show(states, ("at", "event", "state", "reason"), as_json=False)


def _without_payload(facts: dict[str, object]) -> dict[str, object]:
    """The payload may hold a text for a member's screen."""
    facts.pop("payload", None)
    return facts
