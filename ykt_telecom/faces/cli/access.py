"""How commands reach the database: the configuration, then transactions in this process.

The database belongs to one process at a time: while the service runs, commands that write are turned away by its
lock and those that read open the file beside it.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
from sqlalchemy import Connection

from ...registry.audit.anchor import Anchor
from ...registry.audit.chain import KEY_PURPOSE, seal_audit
from ...registry.keys.wrapping import KekRefused, KeyRing, open_key_ring
from ...runtime.clock import SystemClock
from ...runtime.settings import BadConfiguration, Settings, read_settings
from ...runtime.tokens import SystemTokens
from ...storage.context import StepContext
from ...storage.database import Database, create_all, open_database, open_for_reading
from ...storage.faults import AlreadyRunning
from .output import Misconfigured, Trouble

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


def configured(command: F) -> F:
    """The options that say which installation is meant."""
    command = click.option(
        "--config", "config", type=click.Path(path_type=Path), envvar="YKT_CONFIG", help="The TOML file (YKT_CONFIG)."
    )(command)
    return click.option(
        "--data", "data", type=click.Path(path_type=Path), help="The data folder, when there is no configuration file."
    )(command)


def settings_of(config: Path | None, data: Path | None) -> Settings:
    """The settings that the options name; `ykt.toml` of the data folder when only that is given.

    Raises :class:`Misconfigured`.
    """
    overrides: dict[str, Any] = {} if data is None else {"data_dir": data}
    if config is None:
        beside = (data or Path(os.environ.get("YKT_DATA_DIR", "."))) / "ykt.toml"
        config = beside if beside.is_file() else None
    try:
        return read_settings(config, os.environ, **overrides)
    except BadConfiguration as error:
        raise Misconfigured(str(error)) from None


def actor() -> str:
    """Who gives the order, for the audit log."""
    return f"cli:{getpass.getuser()}"


def ring_of(settings: Settings) -> KeyRing:
    """The installation's keys; raises :class:`Misconfigured`."""
    try:
        return open_key_ring(settings.kek_path, settings.database_path)
    except KekRefused as error:
        raise Misconfigured(str(error)) from None


@contextmanager
def held(settings: Settings) -> Iterator[Database]:
    """The database, this command's alone; raises :class:`Trouble` while the service holds it."""
    if not settings.database_path.is_file():
        raise Trouble(f"no database at {settings.database_path}: `ykt init --data DIR` makes one")
    os.umask(0o077)
    try:
        database = open_database(settings.database_path)
    except AlreadyRunning as error:
        raise Trouble(f"{error}, then run this command again; the service takes up what it writes") from None
    try:
        create_all(database, SystemClock().now())
        seal_audit(database, ring_of(settings).derive(KEY_PURPOSE), Anchor(settings.anchor_path))
        yield database
    finally:
        database.close()


def write(settings: Settings, step: Callable[[Connection, StepContext], T]) -> T:
    """Run a step in one transaction."""
    with held(settings) as database, database.writing() as conn:
        return step(conn, StepContext(SystemClock().now(), SystemTokens()))


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A view of the database, beside a running service; raises :class:`Trouble` when there is none."""
    try:
        database = open_for_reading(settings.database_path)
    except FileNotFoundError as error:
        raise Trouble(str(error)) from None
    try:
        with database.reading() as conn:
            yield conn
    finally:
        database.engine.dispose()
