"""The `ykt` command: collects the sub-commands that the packages offer under the entry-point group `ykt.commands`.

A sub-command that cannot be imported is named when it is asked for; it does not take the others down.
"""

from __future__ import annotations

import resource
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

import click

from telecom_codecs.errors import CodecError

from .faces.cli.output import told
from .runtime.errors import Refusal, Trouble

if TYPE_CHECKING:
    from .faces.cli.access import Hands

#: Commands that people look for and that are still to come: what to do meanwhile.
_NOT_YET = {
    "console": "the demo's terminal is a phone, `ykt serve` answers /healthz and /readyz",
    "doctor": "`./setup.sh` says what is missing on this machine",
    "phone": "`ykt demo` puts a member's phone on this terminal",
}


class Collected(click.Group):
    """A group whose members come from entry points, looked up when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *_offered()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = _offered().get(cmd_name)
        if found is None:
            if cmd_name in _NOT_YET:
                ctx.fail(f"ykt {cmd_name} does not exist yet; {_NOT_YET[cmd_name]}")
            return super().get_command(ctx, cmd_name)
        try:
            loaded = found.load()
        except (ImportError, AttributeError) as error:
            raise click.ClickException(f"{cmd_name} cannot be loaded from {found.value}: {error}") from None
        assert isinstance(loaded, click.Command)
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = []
        for name in self.list_commands(ctx):
            try:
                command = self.get_command(ctx, name)
            except click.ClickException as error:
                lines.append((name, f"({error.message})"))
                continue
            if command is not None and not command.hidden:
                lines.append((name, command.get_short_help_str(80)))
        if lines:
            with formatter.section("Commands"):
                formatter.write_dl(lines)


def _offered() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="ykt.commands")}


@click.group(cls=Collected)
@click.version_option(package_name="ykt-telecom", message="%(prog)s %(version)s")
def ykt() -> None:
    """The SIM one-card platform: jobs over the air, STK dialogues, statements by SMS."""


def _wired() -> Hands:
    """What commands on an installation are handed; loaded when one asks for it."""
    from .wiring.commands import Wired  # noqa: PLC0415 - the database and the keys: octets are decoded without them

    return Wired()


def main() -> None:
    """Run `ykt`; exit status 0, 1 (it failed: one line why) or 2 (usage, configuration).

    No process of ours leaves its memory on disk: keys and passwords would lie in it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        ykt(standalone_mode=True, obj=_wired)
    except (Refusal, Trouble) as error:
        click.echo(f"ykt: {told(error)}", err=True)
        sys.exit(error.exit_status)
    except (CodecError, OSError) as error:
        click.echo(f"ykt: {told(error)}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
