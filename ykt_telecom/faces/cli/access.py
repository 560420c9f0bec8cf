"""How commands reach the use cases: the installation and the principal that the options name, and a door to them.

What opens the door (the socket of a running service, or the database itself) is handed in by `__main__`: a face knows
no database.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from ...registry.people.tokens import Token
from ...runtime.errors import Misconfigured
from ...runtime.settings import Settings, read_settings
from ...usecases.means import Progress
from ...usecases.results import Done, Result, Waits
from ...usecases.runner import UseCase
from .output import NotDone, language

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

TOKEN, TOKEN_FILE = "YKT_TOKEN", "YKT_TOKEN_FILE"


class Door(Protocol):
    """The use cases of one installation."""

    def perform(
        self, use_case: UseCase[I, R], orders: Sequence[I], *, key: str = "", progress: Progress
    ) -> Sequence[Result[R]]:
        """One result for each order."""


@dataclass(frozen=True, slots=True)
class Made:
    """A new installation, or one that was there. `token` is the first administrator's, when there was none yet."""

    kek: Path
    kek_is_new: bool
    database: str
    configuration: Path
    configuration_is_new: bool
    token: str | None


class Hands(Protocol):
    """What the program hands to its commands."""

    def door(self, settings: Settings, token: Token | None) -> Door:
        """The way to the use cases of an installation."""

    def make(self, data: Path) -> Made:
        """Make an installation."""

    def upgrade(self, settings: Settings) -> tuple[int, int]:
        """Migrate the database to the schema of this program; from which version to which."""

    def serve(self, settings: Settings) -> str | None:
        """Run the service until it is told to stop; why it stopped by itself, or None."""


def hands() -> Hands:
    """What was handed to the running command."""
    handed: Callable[[], Hands] = click.get_current_context().find_root().obj
    return handed()


def settings_of(config: Path | None, data: Path | None) -> Settings:
    """The settings that the options name; `ykt.toml` of the data folder when only that is given.

    Raises `BadConfiguration`.
    """
    overrides: dict[str, Any] = {} if data is None else {"data_dir": data}
    if config is None:
        beside = (data or Path(os.environ.get("YKT_DATA_DIR", "."))) / "ykt.toml"
        config = beside if beside.is_file() else None
    return read_settings(config, os.environ, **overrides)


@dataclass(frozen=True, slots=True)
class Place:
    """Which installation is meant, who asks, and how the answer is wanted."""

    settings: Settings
    token: Token | None
    as_json: bool

    def ask(self, use_case: UseCase[I, R], order: I) -> R:
        """What came of one order; raises :class:`NotDone` with the refusal's words."""
        with _Telling() as progress:
            (result,) = hands().door(self.settings, self.token).perform(use_case, [order], progress=progress)
        match result:
            case Done():
                return result.value
            case Waits():
                raise click.ClickException(f"nothing is done yet: it waits for approval {result.approval}")
            case _:
                raise NotDone(result, as_json=self.as_json)


class _Telling:
    """Tells on a terminal how far a long order has come, and stays quiet in a pipe."""

    def __init__(self) -> None:
        self._has_told = False

    def __enter__(self) -> Progress:
        return self._tell

    def __exit__(self, *_: object) -> None:
        if self._has_told:
            click.echo(err=True)

    def _tell(self, done: int, of: int) -> None:
        if sys.stderr.isatty():
            self._has_told = True
            words = f"第 {done} / {of} 条" if language() == "zh" else f"{done} of {of}"
            click.echo(f"\r{words}", nl=False, err=True)


def token_of(file: Path | None) -> Token | None:
    """The token of the file, or of the environment; it never stands on a command line.

    Raises `Misconfigured` when others can read the file.
    """
    if file is None:
        text = os.environ.get(TOKEN, "")
        return Token(text.strip()) if text.strip() else None
    if file.stat().st_mode & 0o077:
        raise Misconfigured(f"{file} can be read by others: `chmod 600 {file}`")
    return Token(file.read_text(encoding="ascii", errors="replace").strip())


_OPTIONS = (
    click.option("--config", type=click.Path(path_type=Path), envvar="YKT_CONFIG", help="The TOML file (YKT_CONFIG)."),
    click.option("--data", type=click.Path(path_type=Path), help="The data folder, when there is no configuration."),
)
_TOKEN_OPTION = click.option(
    "--token-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar=TOKEN_FILE,
    help=f"Act by the token in this file ({TOKEN_FILE}; or the token itself in {TOKEN}).",
)
_JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON, refusals too.")


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """Give the command a `place` instead of the options that say which installation, who, and how."""

    @functools.wraps(command)
    def with_place(
        *args: Any, config: Path | None, data: Path | None, token_file: Path | None, as_json: bool, **others: Any
    ) -> None:
        place = Place(settings_of(config, data), token_of(token_file), as_json)
        command(*args, place=place, **others)

    wrapped: Callable[..., None] = with_place
    for option in (*_OPTIONS, _TOKEN_OPTION, _JSON_OPTION):
        wrapped = option(wrapped)
    return wrapped


def configured(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say which installation is meant, for commands that are not carried out by a use case."""
    for option in _OPTIONS:
        command = option(command)
    return command
