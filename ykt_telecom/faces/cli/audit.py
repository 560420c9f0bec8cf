"""`ykt audit verify`."""

from __future__ import annotations

from pathlib import Path

import click

from ...registry.audit.steps import verify as verify_chain
from .access import configured, reading, ring_of, settings_of
from .output import Trouble


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@configured
def verify(config: Path | None, data: Path | None) -> None:
    """Walk the chain; exit 1 naming the first bad record."""
    settings = settings_of(config, data)
    key = ring_of(settings).derive("audit chain")
    with reading(settings) as conn:
        verdict = verify_chain(conn, key)
    if verdict.bad is not None:
        raise Trouble(f"audit record {verdict.bad} does not fit the chain: compare with a backup from before")
    click.echo(f"{verdict.sealed} records fit the chain, {verdict.unsealed} not sealed yet")
