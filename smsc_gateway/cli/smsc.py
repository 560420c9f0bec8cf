"""`ykt smsc`: the SMSC simulator on the command line."""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import structlog

from ..line.reactor import install
from ..smsc.accounts import Account
from .tools import probe

ZONE = ZoneInfo("Asia/Shanghai")


class ServeByDefault(click.Group):
    """A group whose options alone mean `serve`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


@click.group(cls=ServeByDefault)
def smsc() -> None:
    """The SMSC simulator: accounts, receipts, and simulated handsets behind it."""


smsc.add_command(probe)


def _account(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[Account]:
    try:
        accounts = [Account.parse(value) for value in values]
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if len({account.system_id for account in accounts}) < len(accounts):
        raise click.BadParameter("two accounts have the same ID")
    return accounts


def wall_clock() -> datetime:
    """The machine's time in business time."""
    return datetime.now(ZONE)


def message_ids(start: datetime) -> Iterator[str]:
    """Ids that no other run of this simulator gives: the second of the start and a count, in hexadecimal."""
    prefix = f"{int(start.timestamp()):08X}"
    return (f"{prefix}{number:08X}" for number in itertools.count(1))


@smsc.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Interface to listen on.")
@click.option("--port", default=2775, show_default=True, type=click.IntRange(0, 65535), help="0 chooses a free one.")
@click.option(
    "--account",
    "accounts",
    multiple=True,
    default=["test:test:10086"],
    show_default=True,
    metavar="ID:PASSWORD[:ACCESSCODE[:LIMIT=N,…]]",
    callback=_account,
    help="Who may bind; phones' messages to ACCESSCODE… go to it. Limits: window, rate (a second), queue. Repeatable.",
)
@click.option("--handsets", type=click.Path(path_type=Path), help="TOML file with [[handset]] tables.")
@click.option("--pdu-log", type=click.Path(path_type=Path), help="Write one JSON line per PDU.")
@click.option("--pcap", type=click.Path(path_type=Path), help="Write a capture that Wireshark reads.")
@click.option("--faults", type=click.Path(path_type=Path), help="TOML fault script: what to do wrong, how often, when.")
@click.option("--tls", type=click.Path(path_type=Path), help="PEM file with certificate and key: serve TLS only.")
@click.option("--tls-clients", type=click.Path(path_type=Path), help="PEM file: clients must show a certificate of it.")
@click.option("--deliver-before-resp", is_flag=True, help="Receipts and PoRs leave before the submit_sm_resp.")
def serve(
    *,
    host: str,
    port: int,
    accounts: list[Account],
    handsets: Path | None,
    pdu_log: Path | None,
    pcap: Path | None,
    faults: Path | None,
    tls: Path | None,
    tls_clients: Path | None,
    deliver_before_resp: bool,
) -> None:
    """Serve until SIGTERM or SIGINT, then unbind the ESMEs and leave."""
    from ..line.observers import Observer, PcapLog, PduLog  # noqa: PLC0415
    from ..smsc.faults import FaultScript, FaultScriptError  # noqa: PLC0415
    from ..smsc.handsets import HandsetFileError, load_handsets  # noqa: PLC0415 - `ykt --help` stays quick

    with ExitStack() as files:
        observers: list[Observer] = []
        try:
            stations = load_handsets(handsets) if handsets is not None else []
            script = FaultScript.parse(faults.read_text(encoding="utf-8")) if faults is not None else None
            if pdu_log is not None:
                observers.append(PduLog(files.enter_context(pdu_log.open("a", encoding="utf-8")), wall_clock))
            if pcap is not None:
                observers.append(PcapLog(files.enter_context(pcap.open("wb")), wall_clock))
        except FaultScriptError as error:
            raise click.UsageError(f"{faults}: {error}") from error
        except (HandsetFileError, OSError) as error:
            raise click.UsageError(str(error)) from error
        _log_to_stderr()
        reactor = install()
        from twisted.internet.error import CannotListenError  # noqa: PLC0415 - after the reactor

        from ..line.tls import server_options  # noqa: PLC0415
        from ..smsc.faulty import FaultyServer  # noqa: PLC0415
        from ..smsc.server import SmscServer  # noqa: PLC0415

        options: dict[str, Any] = {
            "reactor": reactor,
            "clock": wall_clock,
            "message_ids": message_ids(wall_clock()),
            "deliver_before_resp": deliver_before_resp,
            "observers": observers,
        }
        server = SmscServer(accounts, **options) if script is None else FaultyServer(accounts, script=script, **options)
        for station in stations:
            server.attach(station)
        try:
            options_of_tls = None if tls is None else server_options(tls, tls_clients)
        except (OSError, ValueError) as error:
            raise click.UsageError(f"--tls: {error}; a PEM file with certificate and key is expected") from error
        try:
            chosen = server.listen(host, port, tls=options_of_tls)
        except (OSError, CannotListenError) as error:
            why = getattr(error, "socketError", error)
            raise click.ClickException(f"cannot listen on {host}:{port}: {why}; choose another --port") from error
        click.echo(f"listening {host}:{chosen}")
        sys.stdout.flush()

        def drain() -> object:
            from twisted.internet.defer import Deferred  # noqa: PLC0415

            return Deferred.fromFuture(asyncio.ensure_future(server.stop(), loop=server.loop))

        reactor.addSystemEventTrigger("before", "shutdown", drain)
        started = time.monotonic()
        reactor.run()
        counts = {**server.centre.counts, **server.counts}
        structlog.get_logger(__name__).info("stopped", seconds=round(time.monotonic() - started), **counts)


def _log_to_stderr() -> None:
    """One JSON line per fact on stderr; stdout is for what a script reads."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
