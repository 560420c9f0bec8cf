"""`ykt password`: set, lock and unlock a member's service password. The password is typed, never an argument."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import Connection, select

from ..audit.steps import record
from ..cards.tables import card
from ..config import read_settings
from ..keys.wrapping import KekRefused, open_key_ring
from ..money.offline import data_options, offline_writer
from ..storage.context import StepContext
from .join import password_seal
from .password import SALT_OCTETS, PasswordSeal, ServicePassword, is_weak
from .password_steps import lock, set_password, unlock


@click.group()
def password() -> None:
    """A card holder's service password."""


@password.command("set")
@click.argument("iccid")
@data_options
def set_command(iccid: str, config: Path | None, data: Path | None) -> None:
    """Set or reset it, which also unlocks it; asks for it twice."""
    typed = click.prompt("Service password (6 digits)", hide_input=True, confirmation_prompt=True)
    try:
        chosen = ServicePassword(str(typed).encode())
    except ValueError as error:
        raise click.ClickException(str(error)) from None
    if is_weak(chosen):
        raise click.ClickException("too easy to guess: equal digits, or a run up or down; choose another one")
    seal = _seal(config, data)

    def step(connection: Connection, context: StepContext) -> None:
        _card(connection, iccid)
        verifier = seal.seal(chosen, context.tokens.octets(SALT_OCTETS))
        set_password(connection, iccid=iccid, verifier=verifier, now=context.now)

    _do(config, data, iccid, "password.set", step)


@password.command("lock")
@click.argument("iccid")
@data_options
def lock_command(iccid: str, config: Path | None, data: Path | None) -> None:
    """Refuse every password of this card from now on; taps go on."""

    def step(connection: Connection, context: StepContext) -> None:
        _card(connection, iccid)
        lock(connection, iccid=iccid, now=context.now)

    _do(config, data, iccid, "password.lock", step)


@password.command("unlock")
@click.argument("iccid")
@data_options
def unlock_command(iccid: str, config: Path | None, data: Path | None) -> None:
    """Give three new tries with the password as it is."""

    def step(connection: Connection, _context: StepContext) -> None:
        if not unlock(connection, iccid=iccid):
            raise click.ClickException("this card has no service password yet; `ykt password set` gives it one")

    _do(config, data, iccid, "password.unlock", step)


def _seal(config: Path | None, data: Path | None) -> PasswordSeal:
    if config is None and data is None:
        raise click.UsageError("name the data folder (--data DIR) or the configuration (--config FILE)")
    settings = read_settings(config, os.environ, **({} if data is None else {"data_dir": data}))
    try:
        return password_seal(open_key_ring(settings.kek_path, settings.database_path))
    except KekRefused as error:
        raise click.ClickException(str(error)) from None


def _card(connection: Connection, iccid: str) -> None:
    if connection.execute(select(card.c.iccid).where(card.c.iccid == iccid)).first() is None:
        raise click.ClickException(f"no card {iccid[:20]}; `ykt card list` shows those there are")


def _do(
    config: Path | None,
    data: Path | None,
    iccid: str,
    action: str,
    step: Callable[[Connection, StepContext], None],
) -> None:
    """The step and its audit row in one transaction."""

    def audited(connection: Connection, context: StepContext) -> None:
        step(connection, context)
        record(connection, at=context.now, actor="cli", action=action, subject=f"card:{iccid[-6:]}")

    with offline_writer(config, data) as writer:
        writer.run(audited)
    click.echo("done")
