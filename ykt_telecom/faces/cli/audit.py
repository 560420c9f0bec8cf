"""`ykt audit verify`."""

from __future__ import annotations

from pathlib import Path

import click

from ...registry.audit.anchor import Anchor
from ...registry.audit.chain import KEY_PURPOSE
from ...registry.audit.verify import verify as verify_chain
from .access import configured, reading, ring_of, settings_of
from .output import Trouble


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@configured
def verify(config: Path | None, data: Path | None) -> None:
    """Walk the chain to its anchor; exit 1 naming the first bad record."""
    settings = settings_of(config, data)
    key = ring_of(settings).derive(KEY_PURPOSE)
    with reading(settings) as conn:
        verdict = verify_chain(conn, key, Anchor(settings.anchor_path))
    if verdict.reason is not None:
        raise Trouble(f"{verdict.reason}: compare with a backup from before")
    if verdict.breaks:
        records = ", ".join(map(str, verdict.breaks))
        raise Trouble(
            f"the records fit each other, but at {records} the log did not fit its anchor: "
            "find out who put an older or an edited database there"
        )
    click.echo(f"{verdict.sealed} records fit the chain and its anchor")
