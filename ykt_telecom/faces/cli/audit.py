"""`ykt audit verify`."""

from __future__ import annotations

from dataclasses import asdict

import click

from ...usecases.audit import VERIFY_AUDIT, VerifyAudit
from .access import Place, placed
from .output import Failed, show_one


@click.group()
def audit() -> None:
    """The audit log."""


@audit.command()
@placed
def verify(*, place: Place) -> None:
    """Walk the chain to its anchor; exit 1 naming the first bad record."""
    chain = place.ask(VERIFY_AUDIT, VerifyAudit())
    if place.as_json:
        show_one(asdict(chain), as_json=True)
    if chain.reason is not None:
        raise Failed(f"{chain.reason}: compare with a backup from before")
    if chain.breaks:
        records = ", ".join(map(str, chain.breaks))
        raise Failed(
            f"the records fit each other, but at {records} the log did not fit its anchor: "
            "find out who put an older or an edited database there"
        )
    if not place.as_json:
        click.echo(f"{chain.sealed} records fit the chain and its anchor")
