"""How commands speak: a table for people, JSON for programs, one line for trouble."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import IO, Any

import click

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def told(error: BaseException) -> str:
    """An error in one line for people; one of the operating system with its place, without its number."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}; name another place, or make this one fit"
    return str(error) or type(error).__name__


class Trouble(click.ClickException):
    """The command failed; the message says why and what to do. Exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"ykt: {self.format_message()}", file=file, err=file is None)


class Misconfigured(Trouble):
    """The configuration does not fit; the message names the key and the remedy. Exit status 2."""

    exit_code = 2


def show(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    """Print rows: as a JSON array, or as a table of the columns named."""
    found = [dict(row) for row in rows]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2, default=_plain))
        return
    if not found:
        click.echo("(none)")
        return
    table = [list(columns), *[[_cell(row.get(column)) for column in columns] for row in found]]
    widths = [max(_width(line[at]) for line in table) for at in range(len(columns))]
    for line in table:
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def show_one(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one thing: as a JSON object, or line by line."""
    if as_json:
        click.echo(json.dumps(dict(facts), ensure_ascii=False, indent=2, default=_plain))
        return
    for name, value in facts.items():
        click.echo(f"{name}: {_cell(value)}")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
