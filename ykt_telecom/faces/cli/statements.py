"""`ykt statement`: run a period's statements, look at them, and set when they are sent."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ...flows.statements.overview import RunLine, StatementLine, runs_of, statements_of
from ...flows.statements.period import BadPeriod, Period
from ...flows.statements.run import NoSuchEnterprise, enterprises_of
from ...flows.statements.runs import RunReport, run_statements
from ...flows.statements.schedule import BadSchedule, set_schedule
from ...flows.statements.states import StatementKind
from .access import configured, reading, settings_of
from .offline import drive, offline_writer
from .output import Trouble
from .output import as_json as json_option


class _PeriodType(click.ParamType[Period]):
    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Period:
        if isinstance(value, Period):
            return value
        try:
            return Period.parse(str(value))
        except BadPeriod as error:
            self.fail(str(error), param, ctx)


_KINDS = click.Choice([kind.lower() for kind in StatementKind], case_sensitive=False)


@click.group()
def statement() -> None:
    """Monthly statements by short message."""


@statement.command()
@click.option("--period", type=_PeriodType(), required=True, help="The month, as 2026-10.")
@click.option("--kind", type=_KINDS, help="Only this kind; both without it.")
@click.option("--enterprise", type=click.IntRange(1, 0xFFFFFFFF), help="Only this enterprise; all without it.")
@json_option
@configured
def run(
    *, period: Period, kind: str | None, enterprise: int | None, as_json: bool, config: Path | None, data: Path | None
) -> None:
    """Write the statements of a month into the outbox, each exactly once; the service sends them."""
    kinds = tuple(StatementKind) if kind is None else (StatementKind(kind.upper()),)
    with offline_writer(config, data) as writer:
        try:
            reports = drive(run_statements(writer, period, kinds=kinds, enterprise_id=enterprise))
        except (NoSuchEnterprise, BadPeriod) as error:
            raise Trouble(str(error)) from None
    if as_json:
        click.echo(json.dumps([{**asdict(report), "period": str(report.period)} for report in reports]))
    for report in () if as_json else reports:
        click.echo(_report(report))


@statement.command()
@click.option("--period", type=_PeriodType(), help="The month; without it, all runs are listed.")
@click.option("--kind", type=_KINDS, help="Only this kind.")
@click.option("--enterprise", type=click.IntRange(1, 0xFFFFFFFF), help="Only this enterprise.")
@json_option
@configured
def show(
    *,
    period: Period | None,
    kind: str | None,
    enterprise: int | None,
    as_json: bool,
    config: Path | None,
    data: Path | None,
) -> None:
    """Runs and statements with their states; names are masked."""
    chosen = None if kind is None else StatementKind(kind.upper())
    with reading(settings_of(config, data)) as connection:
        runs = runs_of(connection, period)
        lines: tuple[StatementLine, ...] = ()
        if period is not None:
            lines = statements_of(connection, period, kind=chosen, enterprise_id=enterprise)
    if as_json:
        click.echo(
            json.dumps(
                {"runs": [asdict(found) for found in runs], "statements": [asdict(line) for line in lines]},
                ensure_ascii=False,
            )
        )
        return
    for found in runs:
        click.echo(_run_line(found))
    for line in lines:
        click.echo(_statement_line(line))


@statement.command()
@click.option("--enterprise", type=click.IntRange(1, 0xFFFFFFFF), required=True)
@click.option("--kind", type=_KINDS, required=True)
@click.option("--day", type=int, required=True, help="Day of the next month, 1 to 28.")
@click.option("--hour", type=int, required=True, help="Hour of the day, 9 to 19, Asia/Shanghai.")
@click.option("--since", type=_PeriodType(), required=True, help="The first month that is sent by this schedule.")
@click.option("--off", is_flag=True, help="Keep the schedule, but do not run it.")
@configured
def schedule(
    *,
    enterprise: int,
    kind: str,
    day: int,
    hour: int,
    since: Period,
    off: bool,
    config: Path | None,
    data: Path | None,
) -> None:
    """Set when an enterprise's statements are sent."""
    with offline_writer(config, data) as writer:
        try:
            writer.run(lambda connection, _: enterprises_of(connection, enterprise))
            writer.run(
                lambda connection, _: set_schedule(
                    connection,
                    enterprise_id=enterprise,
                    kind=StatementKind(kind.upper()),
                    day=day,
                    hour=hour,
                    since=since,
                    enabled=not off,
                )
            )
        except NoSuchEnterprise as error:
            raise Trouble(str(error)) from None
        except BadSchedule as error:
            raise click.UsageError(str(error)) from None
    click.echo("set; the service reads it at its next start")


def _report(report: RunReport) -> str:
    return (
        f"enterprise {report.enterprise_id} {report.kind.lower()} {report.period}: "
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
