"""How commands speak: a table for people, JSON for programs, one line for trouble."""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import IO, Any

import click

from ...texts.refusals import Refused


def told(error: BaseException) -> str:
    """An error in one line for people; one of the operating system with its place, without its number."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}; name another place, or make this one fit"
    return str(error) or type(error).__name__


def language() -> str:
    """zh for a Chinese terminal, else en: the first of LC_ALL, LC_MESSAGES and LANG that is set decides."""
    chosen = next((os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), "")
    return "zh" if chosen.lower().startswith("zh") else "en"


class NotDone(click.ClickException):
    """A use case refused: every bad row, then one line that says why and what to do. Exit status 1."""

    def __init__(self, refused: Refused, *, as_json: bool) -> None:
        super().__init__(refused.told(language()))
        self._refused = refused
        self._as_json = as_json

    def show(self, file: IO[Any] | None = None) -> None:
        if self._as_json:
            click.echo(json.dumps({"refused": asdict(self._refused)}, ensure_ascii=False, indent=2))
        for row in self._refused.rows:
            click.echo(row.told(language()), file=file, err=file is None)
        click.echo(f"ykt: {self.format_message()}", file=file, err=file is None)


class Failed(click.ClickException):
    """The command failed; the message says why and what to do. Exit status 1."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"ykt: {self.format_message()}", file=file, err=file is None)


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
    return value.isoformat() if isinstance(value, date) else str(value)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, tuple):
        return " ".join(map(str, value)) or "-"
    return str(value)


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
