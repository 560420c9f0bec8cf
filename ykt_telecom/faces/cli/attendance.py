"""`ykt attendance`: attendance events from files."""

from __future__ import annotations

from pathlib import Path

import click

from ...ledger.attendance.imports import import_events, read_events
from .access import configured
from .output import as_json as json_option
from .transactions import take


@click.group()
def attendance() -> None:
    """Attendance events."""


@attendance.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@configured
def import_file(file: Path, as_json: bool, config: Path | None, data: Path | None) -> None:
    """Import a CSV file (UTF-8 or GBK): iccid, enterprise, kind, counter, terminal, time, tac.

    All lines or none; the same file again changes nothing.
    """
    take(file, read_events, import_events, as_json=as_json, config=config, data=data)
