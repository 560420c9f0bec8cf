"""`ykt password`: set, lock and unlock a member's service password. The password is typed, never an argument."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from sqlalchemy import Connection

from telecom_codecs.onecard.password import ServicePassword, is_weak

from ...flows.dialogue.password import SALT_OCTETS
from ...flows.dialogue.password_steps import lock, set_password, unlock
from ...registry.audit.steps import record
from ...registry.audit.subject import Subject
from ...registry.cards.steps import NoSuchCard, find_card
from ...runtime.settings import Settings
from ...storage.context import StepContext
from ...wiring.dialogues import password_seal
from .access import actor, configured, ring_of, settings_of, write
from .output import Trouble


@click.group()
def password() -> None:
    """A card holder's service password."""


@password.command("set")
@click.argument("iccid")
@configured
def set_command(iccid: str, config: Path | None, data: Path | None) -> None:
    """Set or reset it, which also unlocks it; asks for it twice."""
    settings = settings_of(config, data)
    seal = password_seal(ring_of(settings))
    typed = click.prompt("Service password (6 digits)", hide_input=True, confirmation_prompt=True)
    try:
        chosen = ServicePassword(str(typed).encode())
    except ValueError as error:
        raise Trouble(str(error)) from None
    if is_weak(chosen):
        raise Trouble("too easy to guess: equal digits, or a run up or down; choose another one")

    def step(connection: Connection, context: StepContext) -> None:
        verifier = seal.seal(chosen, context.tokens.octets(SALT_OCTETS))
        set_password(connection, iccid=iccid, verifier=verifier, now=context.now)

    _do(settings, iccid, "password.set", step)


@password.command("lock")
@click.argument("iccid")
@configured
def lock_command(iccid: str, config: Path | None, data: Path | None) -> None:
    """Refuse every password of this card from now on; taps go on."""

    def step(connection: Connection, context: StepContext) -> None:
        lock(connection, iccid=iccid, now=context.now)

    _do(settings_of(config, data), iccid, "password.lock", step)


@password.command("unlock")
@click.argument("iccid")
@configured
def unlock_command(iccid: str, config: Path | None, data: Path | None) -> None:
    """Give three new tries with the password as it is."""

    def step(connection: Connection, _context: StepContext) -> None:
        if not unlock(connection, iccid=iccid):
            raise Trouble("this card has no service password yet; `ykt password set` gives it one")

    _do(settings_of(config, data), iccid, "password.unlock", step)


def _do(settings: Settings, iccid: str, action: str, step: Callable[[Connection, StepContext], None]) -> None:
    """The step and its audit row in one transaction, for a card that is there."""

    def audited(connection: Connection, context: StepContext) -> None:
        try:
            find_card(connection, iccid)
        except NoSuchCard as error:
            raise Trouble(str(error)) from None
        step(connection, context)
        record(connection, at=context.now, actor=actor(), action=action, subject=Subject.card(iccid))

    write(settings, audited)
    click.echo("done")
