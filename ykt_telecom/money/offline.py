"""The command line's own hold on the data folder, for work while the service does not run."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection

from ..clock import Clock, SystemClock
from ..config import BadConfiguration, read_settings
from ..storage.context import StepContext
from ..storage.database import Database, create_all, open_database
from ..storage.faults import AlreadyRunning, SchemaMismatch
from ..tokens import SystemTokens, Tokens

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])


class OfflineWriter:
    """Steps one after the other, each a transaction; effects have nobody to wake and are left out."""

    def __init__(self, database: Database, clock: Clock, tokens: Tokens) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens

    def run(self, step: Callable[[Connection, StepContext], T]) -> T:
        """The step in a transaction of its own."""
        with self._database.writing() as connection:
            return step(connection, StepContext(self._clock.now(), self._tokens))

    def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> Awaitable[T]:
        """As `Committer.perform`."""

        async def at_once() -> T:
            return self.run(step)

        return at_once()


def drive(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine whose every step is done at once, as those of :class:`OfflineWriter` are; no loop is needed."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("the work waits for something; run it in a loop")


def data_options(command: F) -> F:
    """`--config` and `--data`, one of which is wanted."""
    command = click.option(
        "--data", type=click.Path(file_okay=False, path_type=Path), help="Data folder, as given to `ykt init`."
    )(command)
    return click.option(
        "--config", type=click.Path(dir_okay=False, path_type=Path), help="Configuration file of the service."
    )(command)


@contextmanager
def offline_writer(config: Path | None, data: Path | None) -> Iterator[OfflineWriter]:
    """Open the database for this command; ends the command with one line when the service holds it."""
    if config is None and data is None:
        raise click.UsageError("name the data folder (--data DIR) or the configuration (--config FILE)")
    overrides = {} if data is None else {"data_dir": data}
    try:
        settings = read_settings(config, os.environ, **overrides)
        path = settings.database_path
        if not path.is_file():
            raise click.ClickException(f"{path}: no such database; `ykt init --data DIR` makes one")
        database = open_database(path)
    except BadConfiguration as error:
        raise click.UsageError(str(error)) from None
    except AlreadyRunning as error:
        raise click.ClickException(
            f"{error}, then run this command again; the service takes up what it writes"
        ) from None
    except SchemaMismatch as error:
        raise click.ClickException(str(error)) from None
    try:
        clock = SystemClock()
        create_all(database, clock.now())
        yield OfflineWriter(database, clock, SystemTokens())
    finally:
        database.close()
