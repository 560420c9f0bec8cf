"""`ykt transaction`: card transactions from files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

import click
from sqlalchemy import Connection

from ...ledger.taps.imports import ImportReport, import_transactions, read_transactions
from ...ledger.taps.table_text import BadFile
from .access import configured
from .offline import offline_writer
from .output import Trouble
from .output import as_json as json_option

U_contra = TypeVar("U_contra", contravariant=True)
U = TypeVar("U")


class Post(Protocol[U_contra]):
    """Posts an upload in the transaction of its caller."""

    def __call__(self, connection: Connection, upload: U_contra, *, now: datetime) -> ImportReport: ...


@click.group()
def transaction() -> None:
    """Card transactions."""


@transaction.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@configured
def import_file(file: Path, as_json: bool, config: Path | None, data: Path | None) -> None:
    """Import a CSV file (UTF-8 or GBK): iccid, enterprise, kind, amount, counter, terminal, time, balance, tac.

    All lines or none; the same file again changes nothing.
    """
    take(file, read_transactions, import_transactions, as_json=as_json, config=config, data=data)


def take(
    file: Path,
    read: Callable[[bytes], U],
    post: Post[U],
    *,
    as_json: bool,
    config: Path | None,
    data: Path | None,
) -> None:
    """Read a file whole, post what it holds in one transaction, tell the outcome; bad lines end the command."""
    try:
        upload = read(file.read_bytes())
        with offline_writer(config, data) as writer:
            report = writer.run(lambda connection, context: post(connection, upload, now=context.now))
    except BadFile as bad:
        refuse(bad)
    show(report, as_json)


def refuse(bad: BadFile) -> NoReturn:
    """Print every bad line and end with status 1."""
    for error in bad.errors:
        click.echo(str(error), err=True)
    raise Trouble("nothing was imported; correct these lines and import the file again")


def show(report: ImportReport, as_json: bool) -> None:
    if as_json:
        told = {"posted": report.posted, "duplicates": report.duplicates, "disputed": report.disputed}
        click.echo(json.dumps({**told, "repeated": report.is_repeated}))
    elif report.is_repeated:
        click.echo("this file was imported before: nothing changed")
    else:
        click.echo(f"{report.posted} posted, {report.duplicates} known already, {report.disputed} disputed")
