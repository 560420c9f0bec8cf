"""`ykt ota job`: look at jobs. Orders are given by `ykt card`, by the members' menus and by schedules."""

from __future__ import annotations

from dataclasses import asdict

import click

from ...ota.states import JobState
from ...usecases.jobs import LIST_JOBS, MOST_JOBS, SHOW_JOB, ListJobs, ShowJob
from .access import Place, placed
from .output import show, show_one


@click.group()
def ota() -> None:
    """Work over the air."""


@ota.group()
def job() -> None:
    """Jobs: orders to one card, their attempts and their verdict."""


@job.command("list")
@click.option("--state", type=click.Choice(list(JobState), case_sensitive=False), help="Only jobs in this state.")
@click.option("--card", help="Only jobs of this card: number, ICCID or its last six digits.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, MOST_JOBS))
@placed
def list_jobs(*, state: str | None, card: str | None, limit: int, place: Place) -> None:
    """The newest jobs first."""
    order = ListJobs(None if state is None else JobState(state.upper()), card, limit)
    columns = ("id", "kind", "card", "enterprise", "state", "attempts", "reason", "created_at")
    lines = place.ask(LIST_JOBS, order)
    show(map(asdict, lines), columns, as_json=place.as_json)


#: What is shown of a packet.
PACKET_COLUMNS = ("number", "purpose", "counter", "tar", "segments", "state", "receipt", "por_status", "fenced")


@job.command("show")
@click.argument("job_id", type=int)
@placed
def show_job(*, job_id: int, place: Place) -> None:
    """One job: its packets, what was unusual on its way, and what the card said."""
    found = asdict(place.ask(SHOW_JOB, ShowJob(job_id)))
    facts = {**found.pop("line"), **found}
    packets, events = found["packets"], found["events"]
    if place.as_json:
        show_one(facts | {"packets": packets, "events": events}, as_json=True)
        return
    show_one({name: value for name, value in facts.items() if name not in ("packets", "events")}, as_json=False)
    click.echo()
    show(packets, PACKET_COLUMNS, as_json=False)
    click.echo()
    show(events, ("at", "event", "state", "reason"), as_json=False)
