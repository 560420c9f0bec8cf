"""`ykt demo`: everything on loopback, in one process."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import click

from ..faces.cli.output import told


@click.command()
@click.option("--script", is_flag=True, help="Play the guided tour, print its transcript, exit 0 if all was verified.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Keep the demo in this folder.")
@click.option("--http", default=0, type=click.IntRange(0, 65535), help="Port of /healthz; 0 chooses a free one.")
@click.option("--smpp", default=0, type=click.IntRange(0, 65535), help="Port of the SMSC simulator; 0 chooses one.")
@click.option("--cards", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Members with a phone.")
@click.option("--seed", default=1, show_default=True, type=int, help="Another seed, other cards and other months.")
@click.option("--pdu-log", type=click.Path(path_type=Path), help="Write one JSON line per SMPP PDU.")
@click.option("--stk-capture", type=click.Path(path_type=Path), help="Write the guide's STK session (GSMTAP pcap).")
@click.option("--verbose", is_flag=True, help="Show the platform's log on stderr.")
def demo(
    *,
    script: bool,
    data: Path | None,
    http: int,
    smpp: int,
    cards: int,
    seed: int,
    pdu_log: Path | None,
    stk_capture: Path | None,
    verbose: bool,
) -> None:
    """Platform, SMSC simulator, SIM cards and phones in one process; a phone to play with, or --script."""
    from smsc_gateway.line.reactor import install  # noqa: PLC0415 - installs the reactor before anything imports it

    reactor: Any = install()
    from ..faces.api.server import PortTaken  # noqa: PLC0415 - these import users of the reactor
    from ..faces.cli.logs import configure_logs  # noqa: PLC0415 - these import users of the reactor
    from .lab import Lab, LabOptions, TookTooLong  # noqa: PLC0415
    from .prompt import play_phone  # noqa: PLC0415
    from .tour import NotVerified, Tour, left_for_the_tour  # noqa: PLC0415
    from .world import NotADemo  # noqa: PLC0415

    configure_logs("console", "info" if verbose else "error")
    outcome: list[BaseException] = []
    with _folder(data) as folder, contextlib.ExitStack() as files:
        observers, phone_observers = _watchers(files, pdu_log, stk_capture)

        @contextlib.asynccontextmanager
        async def running() -> AsyncIterator[Lab]:
            lab = Lab(LabOptions(folder, cards, seed, http, smpp), reactor=reactor, observers=observers)
            lab.world.stations[0].station.handset.observers.extend(phone_observers)
            if lab.is_new and sys.stderr.isatty():
                click.echo(f"setting up {cards} cards over the air…", err=True)
            try:
                await lab.start(without=left_for_the_tour if script else lambda _: False)
                yield lab
            finally:
                await lab.stop()

        async def live() -> None:
            async with running() as lab:
                if script:
                    await Tour(lab, click.echo).play()
                else:
                    await play_phone(lab, click.echo)

        async def life() -> None:
            try:
                await live()
            except asyncio.CancelledError:
                pass
            except BaseException as error:  # noqa: BLE001 - told by the caller, in one line or as it is
                outcome.append(error)
            finally:
                if reactor.running:
                    reactor.callLater(0, _stop, reactor)

        tasks: list[asyncio.Future[None]] = []
        reactor.callWhenRunning(lambda: tasks.append(asyncio.ensure_future(life())))
        reactor.addSystemEventTrigger("before", "shutdown", lambda: _end(tasks))
        reactor.run()
    for error in outcome:
        if isinstance(error, NotVerified | TookTooLong | NotADemo | PortTaken | OSError):
            click.echo(f"ykt demo: {told(error)}", err=True)
            sys.exit(1)
        raise error


def _stop(reactor: Any) -> None:
    """Stop the reactor, unless a signal is doing that already."""
    from twisted.internet.error import ReactorNotRunning  # noqa: PLC0415 - after the reactor

    with contextlib.suppress(ReactorNotRunning):
        reactor.stop()


def _end(tasks: list[asyncio.Future[None]]) -> Any:
    """SIGTERM and SIGINT: let the demo stop in order."""
    from ..runtime.bridge import deferred  # noqa: PLC0415 - after the reactor

    running = [task for task in tasks if not task.done()]
    for task in running:
        task.cancel()
    return deferred(_settled(running))


async def _settled(tasks: list[asyncio.Future[None]]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    """The folder that was named, or one that is gone afterwards."""
    if data is not None:
        yield data.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="ykt-demo-"))
    try:
        yield folder / "demo"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _watchers(
    files: contextlib.ExitStack, pdu_log: Path | None, stk_capture: Path | None
) -> tuple[list[Any], list[Any]]:
    from smsc_gateway.line.observers import PduLog  # noqa: PLC0415 - after the reactor
    from stk_applet_sim.handset.capture import Capture  # noqa: PLC0415

    from ..runtime.clock import SystemClock  # noqa: PLC0415

    observers: list[Any] = []
    phone_observers: list[Any] = []
    if pdu_log is not None:
        observers.append(PduLog(files.enter_context(pdu_log.open("a", encoding="utf-8")), SystemClock().now))
    if stk_capture is not None:
        capture = Capture(time.time() - time.monotonic())
        phone_observers.append(capture)
        pcap = files.enter_context(stk_capture.open("wb"))
        files.callback(lambda: pcap.write(capture.pcap()))
    return observers, phone_observers
