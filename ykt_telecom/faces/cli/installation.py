"""`ykt init` and `ykt serve`: make an installation, run it."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import click

from ...registry.keys.wrapping import KEK_LENGTH, create_kek
from ...runtime.clock import SystemClock
from ...runtime.settings import read_settings
from ...runtime.tokens import SystemTokens
from ...storage.database import create_all, open_database
from .access import configured, settings_of
from .output import Trouble

_FIRST_CONFIGURATION = """\
# YKT Telecom. Every key has a default but the links; environment variables YKT_… overrule this file.
data_dir = {data!r}

[http]
host = "127.0.0.1"
port = 8080

[sms]
access_code = "106572000"

# [[smsc.links]]
# host = "127.0.0.1"
# port = 2775
# system_id = "ykt"
# password_file = "{data_plain}/secrets/smsc-password"
"""


@click.command()
@click.option("--data", required=True, type=click.Path(path_type=Path), help="The folder to make (0700).")
def init(data: Path) -> None:
    """Make a new installation: folders, key encryption key, empty database, first configuration."""
    os.umask(0o077)
    data = data.resolve()
    settings = read_settings(None, {}, data_dir=data)
    if settings.database_path.exists() and not settings.kek_path.exists():
        raise Trouble(
            f"{data} has a database but no KEK at {settings.kek_path}: restore the KEK, do not make a new one"
        )
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    data.chmod(0o700)
    if settings.kek_path.exists():
        click.echo(f"key:           {settings.kek_path} (kept)")
    else:
        create_kek(settings.kek_path, SystemTokens().octets(KEK_LENGTH))
        click.echo(f"key:           {settings.kek_path} (new; keep a copy in a safe place, never beside the database)")
    database = open_database(settings.database_path)
    try:
        create_all(database, SystemClock().now())
    finally:
        database.close()
    click.echo(f"database:      {settings.database_path}")
    configuration = data / "ykt.toml"
    if configuration.exists():
        click.echo(f"configuration: {configuration} (kept)")
        return
    text = _FIRST_CONFIGURATION.format(data=str(data), data_plain=data)
    configuration.write_text(text, encoding="utf-8")
    click.echo(f"configuration: {configuration} (name your SMSC there, then: ykt serve --config {configuration})")


@click.command()
@configured
def serve(config: Path | None, data: Path | None) -> None:
    """Run the service until SIGTERM; it drains and exits 0."""
    settings = settings_of(config, data)
    from smsc_gateway.line.reactor import install  # noqa: PLC0415 - installs the reactor before anything imports it

    reactor = install()
    from ...wiring.service import serve as run  # noqa: PLC0415 - imports Twisted's reactor users
    from .logs import configure_logs  # noqa: PLC0415

    configure_logs(settings.log.format, settings.log.level)
    if not settings.smsc.links:
        click.echo("ykt: smsc.links: none configured; nothing will be sent", err=True)
    reason = run(settings, reactor)
    asyncio.set_event_loop(None)
    if reason is not None:
        raise Trouble(f"the service stopped: {reason}")
