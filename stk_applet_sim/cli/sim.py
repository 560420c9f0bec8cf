"""`ykt sim`: a simulated card in the virtual PC/SC reader. `ykt reader`: any card in any reader."""

from __future__ import annotations

import json
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

import click

from telecom_codecs.card.apdu import describe
from telecom_codecs.errors import CodecError

from ..readers.card_session import CardSession, NotAnswered
from ..readers.pcsc import CardInReader, NoReaders, card_in, reader_names
from ..readers.vpcd_link import VPCD_HOST, VPCD_PORT, Card
from .menu import menu

SECONDS_BETWEEN_CALLS = 0.5
as_json = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")


@click.group()
def sim() -> None:
    """Simulated UICCs."""


sim.add_command(menu)


@sim.command("serve")
@click.option("--profile", default="ykt", show_default=True, help="ykt, plain, weak or a JSON file.")
@click.option("--state", type=click.Path(path_type=Path, dir_okay=False), help="Keep what the card remembers here.")
@click.option("--vpcd", default=f"{VPCD_HOST}:{VPCD_PORT}", show_default=True, metavar="HOST:PORT")
@click.option("--once", is_flag=True, help="End when the reader goes away, instead of waiting for it.")
def serve_card(profile: str, state: Path | None, vpcd: str, once: bool) -> None:
    """Put one card into the virtual reader (vpcd) and keep it there. SIGTERM or Ctrl-C takes it out."""
    host, _, port = vpcd.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise click.UsageError(f"--vpcd {vpcd}: HOST:PORT is expected, e.g. {VPCD_HOST}:{VPCD_PORT}")
    from ..readers.vpcd import serve  # noqa: PLC0415 - `ykt --help` stays quick

    card = _card(profile, state)
    signal.signal(signal.SIGTERM, _leave)
    waiting = False
    while True:
        try:
            serve(card, host.strip("[]"), int(port), connected=lambda: click.echo(f"card in {vpcd}"))
            waiting = False
        except OSError as error:
            if once:
                raise click.ClickException(f"{vpcd}: {error.strerror or error}; is pcscd with vpcd running?") from None
            if not waiting:
                click.echo(f"waiting for the reader at {vpcd} ({error.strerror or error})", err=True)
            waiting = True
        if once:
            return
        time.sleep(SECONDS_BETWEEN_CALLS)


def _card(name: str, state: Path | None) -> Card:
    from ..population import station_of  # noqa: PLC0415 - `ykt --help` stays quick
    from ..readers.vpcd import KeptCard  # noqa: PLC0415
    from ..uicc.profile import CardProfile  # noqa: PLC0415

    kept = None
    try:
        profile = (
            CardProfile.from_json(Path(name).read_text(encoding="utf-8"))
            if name.endswith(".json")
            else CardProfile.named(name)
        )
        if state is not None and state.exists():
            kept = state.read_bytes()
        card = station_of(profile, random=secrets.token_bytes, state=kept).card
    except (OSError, KeyError, ValueError) as error:
        raise click.ClickException(
            f"{name}: {error}; give ykt, plain, weak or a JSON profile, and its own state"
        ) from None
    return card if state is None else KeptCard(card, state)


def _leave(signum: int, frame: FrameType | None) -> None:
    raise SystemExit(0)


@click.group()
def reader() -> None:
    """Cards in PC/SC readers, real or virtual (needs the extra `pcsc`)."""


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (NoReaders, NotAnswered, CodecError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _session(name: str) -> Iterator[tuple[CardInReader, CardSession]]:
    with _told(), card_in(name) as card:
        yield card, CardSession(card.exchange)


reader_option = click.option("--reader", "name", required=True, help="The reader's name or a part of it.")


@reader.command("list")
@as_json
def list_readers(as_json: bool) -> None:
    """The readers of this machine."""
    with _told():
        names = reader_names()
    _print(list(names), "\n".join(names) or "(none)", as_json=as_json)


@reader.command("read")
@reader_option
@click.option("--pin", "ask_pin", is_flag=True, help="Ask for PIN 1 first (not shown).")
@as_json
def read_card(name: str, ask_pin: bool, as_json: bool) -> None:
    """ATR, ICCID, IMSI, MSISDN and service provider name."""
    pin = click.prompt("PIN", hide_input=True) if ask_pin else None
    with _session(name) as (card, session):
        if pin is not None:
            session.verify_pin(pin)
        facts = {"reader": card.reader, "atr": card.atr.hex().upper(), **asdict(session.identity())}
    _print(facts, "\n".join(f"{fact}: {value or '-'}" for fact, value in facts.items()), as_json=as_json)


@reader.command("apps")
@reader_option
@as_json
def list_applications(name: str, as_json: bool) -> None:
    """The applications on the card that can be selected."""
    with _session(name) as (_, session):
        found = session.applications()
    rows = [asdict(application) for application in found]
    text = "\n".join(f"{row['aid']:<32}  {row['kind']}{'  ' + row['label'] if row['label'] else ''}" for row in rows)
    _print(rows, text or "(none)", as_json=as_json)


@reader.command("apdu")
@reader_option
@click.argument("commands", metavar="HEX…", nargs=-1, required=True)
@as_json
def send_apdus(name: str, commands: tuple[str, ...], as_json: bool) -> None:
    """Send C-APDUs, one after the other; answers with GET RESPONSE done."""
    try:
        octets = [bytes.fromhex(command.replace(":", "")) for command in commands]
    except ValueError:
        raise click.UsageError("C-APDUs are pairs of 0-9 A-F") from None
    rows = []
    with _session(name) as (_, session):
        for command in octets:
            response = session.send_octets(command)
            sw = f"{response.sw:04X}"
            answer = response.data.hex().upper()
            rows.append(
                {"command": command.hex().upper(), "answer": answer, "sw": sw, "meaning": describe(response.sw)}
            )
    text = "\n".join(f"{row['answer']} {row['meaning']}".lstrip() for row in rows)
    _print(rows, text, as_json=as_json)


def _print(facts: Any, text: str, *, as_json: bool) -> None:
    click.echo(json.dumps(facts, ensure_ascii=False, indent=2) if as_json else text)
