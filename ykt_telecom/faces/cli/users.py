"""`ykt user`: people and programs, their roles and tokens."""

from __future__ import annotations

from dataclasses import asdict

import click

from ...registry.people.roles import BUNDLES, Role
from ...usecases.people import (
    ADD_USER,
    DAYS,
    LIST_USERS,
    MOST_DAYS,
    REVOKE_USER,
    AddUser,
    ListUsers,
    RevokeUser,
)
from .access import Place, placed
from .output import show, show_one

_ROLES = click.Choice([*BUNDLES, *Role], case_sensitive=False)


@click.group()
def user() -> None:
    """People and programs that may give orders: by a token, within their roles."""


@user.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=_ROLES, help="A role or a bundle; repeatable.")
@click.option("--enterprise", help="The enterprise it belongs to; without it, the operator's.")
@click.option("--program", "is_program", is_flag=True, help="A program, not a person.")
@click.option("--scope", "scopes", multiple=True, help="Limit the token to this scope; repeatable.")
@click.option(
    "--days", default=DAYS, show_default=True, type=click.IntRange(1, MOST_DAYS), help="Validity of the token."
)
@placed
def add(
    *,
    name: str,
    roles: tuple[str, ...],
    enterprise: str | None,
    is_program: bool,
    scopes: tuple[str, ...],
    days: int,
    place: Place,
) -> None:
    """Enter a user and print its token, once: only a hash of it is kept."""
    added = place.ask(ADD_USER, AddUser(name, roles, enterprise, is_program, scopes or None, days))
    if place.as_json:
        show_one(asdict(added), as_json=True)
    else:
        click.echo(
            f"{added.name}: {' '.join(added.roles)}, until {added.expires_at:%Y-%m-%d}; shown once, keep it secret:"
        )
        click.echo(added.token)


@user.command("list")
@placed
def list_users(*, place: Place) -> None:
    """Users with their roles and when their tokens end."""
    columns = ("name", "kind", "roles", "enterprise", "state", "expires_at", "last_used_at")
    lines = place.ask(LIST_USERS, ListUsers())
    show(map(asdict, lines), columns, as_json=place.as_json)


@user.command("revoke")
@click.argument("name")
@placed
def revoke(*, name: str, place: Place) -> None:
    """End a user and every token of it at once; the name is not given again."""
    revoked = place.ask(REVOKE_USER, RevokeUser(name))
    if place.as_json:
        show_one(asdict(revoked), as_json=True)
    else:
        click.echo(f"{revoked.name} is revoked")
