"""`ykt init`, `ykt db` and `ykt serve`: make an installation, bring it up to date, run it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from .access import configured, hands, settings_of
from .output import Failed, show_one


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The folder to make (0700).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def init(data: Path, as_json: bool) -> None:
    """Make a new installation: folders, key encryption key, empty database, first configuration, first token."""
    made = hands().make(data.resolve())
    if as_json:
        show_one(asdict(made), as_json=True)
        return
    kept = "new; keep a copy in a safe place, never beside the database" if made.kek_is_new else "kept"
    click.echo(f"key:           {made.kek} ({kept})")
    click.echo(f"database:      {made.database}")
    then = f"name your SMSC there, then: ykt serve --config {made.configuration}"
    click.echo(f"configuration: {made.configuration} ({then if made.configuration_is_new else 'kept'})")
    if made.token is not None:
        click.echo("token:         of the user `admin`, shown once; keep it secret:")
        click.echo(made.token)


@click.group()
def db() -> None:
    """The database of an installation."""


@db.command("upgrade")
@configured
def db_upgrade(config: Path | None, data: Path | None) -> None:
    """Migrate the database to this program's schema, in one transaction. Stop the service and copy it first."""
    found, reached = hands().upgrade(settings_of(config, data))
    click.echo(f"schema version {reached}" + (" (nothing to do)" if found == reached else f", it was {found}"))


@click.command()
@configured
def serve(config: Path | None, data: Path | None) -> None:
    """Run the service until SIGTERM; it drains and exits 0."""
    settings = settings_of(config, data)
    if not settings.smsc.links:
        click.echo("ykt: smsc.links: none configured; nothing will be sent", err=True)
    reason = hands().serve(settings)
    if reason is not None:
        raise Failed(f"the service stopped: {reason}")
