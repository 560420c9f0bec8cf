"""`ykt statement`: run a period's statements, look at them, and set when they are sent."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import click

from ...flows.statements.period import BadPeriod, Period
from ...usecases.statements import (
    KINDS,
    RUN_STATEMENTS,
    SCHEDULE_STATEMENTS,
    SHOW_STATEMENTS,
    RunLine,
    RunReport,
    RunStatements,
    ScheduleStatements,
    ShowStatements,
    StatementLine,
)
from .access import Place, placed
from .output import show_one


class _PeriodType(click.ParamType[Period]):
    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        try:
            return Period.parse(str(value))
        except BadPeriod as error:
            self.fail(str(error), param, ctx)


_KINDS = click.Choice([kind.lower() for kind in KINDS], case_sensitive=False)


_KIND = {kind.lower(): kind for kind in KINDS}


@click.group()
def statement() -> None:
    """Monthly statements by short message."""


@statement.command()
@click.option("--period", type=_PeriodType(), required=True, help="The month, as 2026-10.")
@click.option("--kind", type=_KINDS, help="Only this kind; both without it.")
@click.option("--enterprise", help="Only this enterprise; all without it.")
@placed
def run(*, period: Period, kind: str | None, enterprise: str | None, place: Place) -> None:
    """Write the statements of a month into the outbox, each exactly once; the service sends them."""
    reports = place.ask(RUN_STATEMENTS, RunStatements(period, enterprise, _KIND[kind] if kind else None))
    if place.as_json:
        click.echo(json.dumps([{**asdict(report), "period": str(report.period)} for report in reports]))
        return
    for report in reports:
        click.echo(_report(report))


@statement.command()
@click.option("--period", type=_PeriodType(), help="The month; without it, all runs are listed.")
@click.option("--kind", type=_KINDS, help="Only this kind.")
@click.option("--enterprise", help="Only this enterprise.")
@placed
def show(*, period: Period | None, kind: str | None, enterprise: str | None, place: Place) -> None:
    """Runs and statements with their states; names are masked."""
    overview = place.ask(SHOW_STATEMENTS, ShowStatements(period, enterprise, _KIND[kind] if kind else None))
    if place.as_json:
        show_one(asdict(overview), as_json=True)
        return
    for found in overview.runs:
        click.echo(_run_line(found))
    for line in overview.statements:
        click.echo(_statement_line(line))


@statement.command()
@click.option("--enterprise", required=True)
@click.option("--kind", type=_KINDS, required=True)
@click.option("--day", type=click.IntRange(1, 28), required=True, help="Day of the next month.")
@click.option("--hour", type=click.IntRange(9, 19), required=True, help="Hour of the day, Asia/Shanghai.")
@click.option("--since", type=_PeriodType(), required=True, help="The first month that is sent by this schedule.")
@click.option("--off", is_flag=True, help="Keep the schedule, but do not run it.")
@placed
def schedule(*, enterprise: str, kind: str, day: int, hour: int, since: Period, off: bool, place: Place) -> None:
    """Set when an enterprise's statements are sent."""
    order = ScheduleStatements(enterprise, _KIND[kind], day, hour, since, not off)
    scheduled = place.ask(SCHEDULE_STATEMENTS, order)
    if place.as_json:
        show_one(asdict(scheduled), as_json=True)
    else:
        click.echo("set; a running service reads it at its next start")


def _report(report: RunReport) -> str:
    return (
        f"enterprise {report.enterprise} {report.kind.lower()} {report.period}: "
        f"{report.written} written in {report.segments} segments, {report.suppressed} suppressed"
    )


def _run_line(found: RunLine) -> str:
    states = ", ".join(f"{state} {count}" for state, count in found.states) or "no members"
    doubtful = f", possible duplicates {found.possible_duplicates}" if found.possible_duplicates else ""
    kind = found.kind.lower()
    return f"{found.period} {found.enterprise} {kind} {found.state}: {states}, segments {found.segments}{doubtful}"


def _statement_line(line: StatementLine) -> str:
    reason = f" ({line.reason})" if line.reason else ""
    doubtful = " possible duplicate" if line.possible_duplicate else ""
    kind = line.kind.lower()
    who = f"{line.enterprise} {kind} {line.member} …{line.tail}"
    return f"  {who}: {line.state}{reason}, {line.segments} segments{doubtful}"
