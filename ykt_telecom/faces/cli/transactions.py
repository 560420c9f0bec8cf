"""`ykt transaction` and `ykt attendance`: what terminals took, from files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ...usecases.taps import LOAD_ATTENDANCE, LOAD_TRANSACTIONS, Loaded, LoadFile
from .access import Place, placed
from .directory import read_file
from .output import show_one


@click.group()
def transaction() -> None:
    """Card transactions."""


@click.group()
def attendance() -> None:
    """Attendance events."""


@transaction.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@placed
def import_transactions(*, file: Path, place: Place) -> None:
    """Import a CSV file (UTF-8 or GBK): iccid, enterprise, kind, amount, counter, terminal, time, balance, tac.

    All lines or none; the same file again changes nothing.
    """
    _tell(place, place.ask(LOAD_TRANSACTIONS, LoadFile(read_file(file))))


@attendance.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@placed
def import_attendance(*, file: Path, place: Place) -> None:
    """Import a CSV file (UTF-8 or GBK): iccid, enterprise, kind, counter, terminal, time, tac.

    All lines or none; the same file again changes nothing.
    """
    _tell(place, place.ask(LOAD_ATTENDANCE, LoadFile(read_file(file))))


def _tell(place: Place, loaded: Loaded) -> None:
    if place.as_json:
        show_one(asdict(loaded), as_json=True)
    elif loaded.repeated:
        click.echo("this file was imported before: nothing changed")
    else:
        click.echo(f"{loaded.posted} posted, {loaded.duplicates} known already, {loaded.disputed} disputed")
