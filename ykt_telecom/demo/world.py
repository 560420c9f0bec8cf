"""The outside world of the demo: message centre, phones, cards, and the terminals that cards are tapped at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any

from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.observers import Observer
from smsc_gateway.smsc.server import SmscServer
from stk_applet_sim.applet.enterprise import TapRecord
from stk_applet_sim.applet.records import TERMINAL_OCTETS
from stk_applet_sim.population import SeededCard, seeded_population

from ..clock import Clock
from .files import KeptStation, WorldFiles

MARK = "demo.json"  #: in the data folder: this is a demo, not an installation


class NotADemo(RuntimeError):
    """The folder holds something else. Give --data a new folder, or one that `ykt demo` made."""


@dataclass(frozen=True, slots=True)
class DemoShape:
    """What a demo folder was made with; a second start must want the same."""

    cards: int
    seed: int


def claim_folder(folder: Path, shape: DemoShape) -> bool:
    """Make the folder a demo's, True when it is new. Raises :class:`NotADemo`."""
    mark = folder / MARK
    if mark.is_file():
        known = DemoShape(**json.loads(mark.read_text(encoding="utf-8")))
        if known != shape:
            raise NotADemo(
                f"{folder} is a demo of {known.cards} cards and seed {known.seed}: use these, or a new folder"
            )
        return False
    if folder.exists() and any(folder.iterdir()):
        raise NotADemo(f"{folder} is not empty and no demo's: give --data a new folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return True


def mark_folder(folder: Path, shape: DemoShape) -> None:
    """Everything was set up: the next start goes on from here."""
    (folder / MARK).write_text(json.dumps({"cards": shape.cards, "seed": shape.seed}), encoding="utf-8")


class TapKind(Enum):
    """What a terminal does with a card."""

    TOP_UP = "puts cash on the purse"
    PURCHASE = "takes money from the purse"
    PUNCH = "notes coming and going"


@dataclass(frozen=True, slots=True)
class Tap:
    """The card is held to a terminal: which one (at most 6 characters), when, and how much in fen."""

    kind: TapKind
    terminal: str
    at: datetime
    fen: int = 0


class PhoneClock:
    """Seconds for phones; the tour may skip some, so that nobody has to wait for a phone's patience."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._skipped = 0.0

    def __call__(self) -> float:
        return self._monotonic() + self._skipped

    def skip(self, seconds: float) -> None:
        self._skipped += seconds


class World:
    """Centre, stations and cards. `listen`, then `switch_on`."""

    def __init__(
        self,
        folder: Path,
        shape: DemoShape,
        account: Account,
        *,
        reactor: Any,
        clock: Clock,
        observers: Sequence[Observer] = (),
    ) -> None:
        self.files = WorldFiles(folder)
        self.clock = clock
        self.phone_clock = PhoneClock(clock.monotonic)
        self.cards: tuple[SeededCard, ...] = seeded_population(shape.cards, shape.seed)
        self.smsc = SmscServer(
            [account],
            reactor=reactor,
            clock=clock.now,
            message_ids=_message_ids(clock.now()),
            observers=observers,
            mailbox=self.files.centre.mailbox(clock.now()),
        )
        self.smsc.centre.outgoing[account.system_id] = self.files.centre.outgoing(account.system_id)
        self.stations = [
            KeptStation(
                card.station(
                    access_code=account.access_code,
                    clock=self.phone_clock,
                    calendar=clock.now,
                    state=self.files.memory_of(card.msisdn.digits),
                ),
                self.files,
            )
            for card in self.cards
        ]

    def listen(self, port: int) -> int:
        """Listen on loopback and return the port."""
        return self.smsc.listen("127.0.0.1", port)

    def switch_on(self) -> None:
        """Every phone is on the air from now on."""
        for station in self.stations:
            self.smsc.attach(station)
            station.keep_card()

    async def stop(self) -> None:
        await self.smsc.stop()
        self.files.close()

    def tick(self) -> None:
        """Let every phone know what time it is."""
        for station in self.stations:
            station.station.handset.tick()

    def tap(self, number: int, enterprise: int, what: Tap) -> TapRecord:
        """The `number`-th member's card at a terminal."""
        station = self.stations[number]
        application = station.station.card.application_of(enterprise)
        if application is None:
            raise LookupError(f"card {number} has no application of enterprise {enterprise}")
        terminal = what.terminal.ljust(TERMINAL_OCTETS).encode("ascii")
        time = bytes.fromhex(what.at.strftime("%Y%m%d%H%M%S"))
        match what.kind:
            case TapKind.TOP_UP:
                record = application.tap_load(what.fen, terminal, time)
            case TapKind.PURCHASE:
                record = application.tap_purchase(what.fen, terminal, time)
            case TapKind.PUNCH:
                record = application.tap_attendance(terminal, time)
        station.keep_card()
        return record


def _message_ids(start: datetime) -> Iterator[str]:
    """Ids that no earlier run of this world gave: microseconds of the start and a count, in hexadecimal."""
    prefix = f"{int(start.timestamp() * 1_000_000):014X}"
    return (f"{prefix}{number:06X}" for number in count(1))
