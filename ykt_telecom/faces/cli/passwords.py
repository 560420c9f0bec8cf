"""`ykt password`: set, lock and unlock a member's service password. The password is typed, never an argument."""

from __future__ import annotations

from dataclasses import asdict

import click

from ...usecases.passwords import LOCK_PASSWORD, SET_PASSWORD, UNLOCK_PASSWORD, OfCard, PasswordChanged, SetPassword
from .access import Place, placed
from .output import show_one


@click.group()
def password() -> None:
    """A card holder's service password. The card is named by number, ICCID or the ICCID's last six digits."""


@password.command("set")
@click.argument("card")
@placed
def set_command(*, card: str, place: Place) -> None:
    """Set or reset it, which also unlocks it; asks for it twice."""
    typed = str(click.prompt("Service password (6 digits)", hide_input=True, confirmation_prompt=True, err=True))
    _tell(place, place.ask(SET_PASSWORD, SetPassword(card, typed)))


@password.command("lock")
@click.argument("card")
@placed
def lock_command(*, card: str, place: Place) -> None:
    """Refuse every password of this card from now on; taps go on."""
    _tell(place, place.ask(LOCK_PASSWORD, OfCard(card)))


@password.command("unlock")
@click.argument("card")
@placed
def unlock_command(*, card: str, place: Place) -> None:
    """Give three new tries with the password as it is."""
    _tell(place, place.ask(UNLOCK_PASSWORD, OfCard(card)))


def _tell(place: Place, changed: PasswordChanged) -> None:
    if place.as_json:
        show_one(asdict(changed), as_json=True)
    else:
        click.echo("done")
