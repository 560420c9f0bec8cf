"""The outside world of the demo: message centre, phones, cards, and the terminals that cards are tapped at."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from itertools import count
from pathlib import Path
from typing import Any

from smsc_gateway.line.observers import Observer
from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.server import SmscServer
from stk_applet_sim.applet.enterprise import TapRecord
from stk_applet_sim.population import SeededCard, seeded_population
from telecom_codecs.onecard.records import TERMINAL_OCTETS

from ..faces.api.server import PortTaken
from ..runtime.clock import Clock
from ..runtime.errors import Refusal
from .files import KeptStation, WorldFiles

MARK = "demo.json"  #: in the data folder: this is a demo, not an installation
MARK_OCTETS = 128  #: it is rewritten in place, always as long


class NotADemo(Refusal, RuntimeError):
    """The folder holds something else. Give --data a new folder, or one that `ykt demo` made."""


@dataclass(frozen=True, slots=True)
class DemoShape:
    """What a demo folder was made with; a second start must want the same."""

    cards: int
    seed: int


class DemoFolder:
    """A demo's folder, held by this process alone; its mark says with what it was made and whether that was finished.

    `is_new` when everything is still to be set up. A set-up that was killed is cleared away and begun again: nobody
    was told that it existed. Raises :class:`NotADemo`.
    """

    def __init__(self, folder: Path, shape: DemoShape) -> None:
        mark = folder / MARK
        if not mark.is_file() and folder.exists() and any(folder.iterdir()):
            raise NotADemo(f"{folder} is not empty and no demo's: give --data a new folder")
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._shape = shape
        self._mark = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.is_new = not self._is_ready(folder)
        except BlockingIOError:
            self.close()
            raise NotADemo(f"{folder} is another running demo's: stop that one, or give --data a new folder") from None
        except NotADemo:
            self.close()
            raise
        if self.is_new:
            for made in ("database", "secrets", "world"):
                shutil.rmtree(folder / made, ignore_errors=True)
            self._write(is_ready=False)

    def finish(self) -> None:
        """Everything was set up: the next start goes on from here."""
        self._write(is_ready=True)
        self.is_new = False

    def close(self) -> None:
        os.close(self._mark)

    def _is_ready(self, folder: Path) -> bool:
        text = os.pread(self._mark, MARK_OCTETS, 0)
        if not text:
            return False
        try:
            mark = json.loads(text)
            known, is_ready = DemoShape(int(mark["cards"]), int(mark["seed"])), bool(mark.get("ready", True))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise NotADemo(f"{folder / MARK} is damaged: give --data a new folder") from None
        if is_ready and known != self._shape:
            raise NotADemo(
                f"{folder} is a demo of {known.cards} cards and seed {known.seed}: use these, or a new folder"
            )
        return is_ready

    def _write(self, *, is_ready: bool) -> None:
        text = json.dumps({"cards": self._shape.cards, "seed": self._shape.seed, "ready": is_ready})
        os.pwrite(self._mark, text.ljust(MARK_OCTETS).encode("ascii"), 0)
        os.fsync(self._mark)


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
        """Listen on loopback and return the port; raises `PortTaken`."""
        from twisted.internet.error import CannotListenError  # noqa: PLC0415 - after the reactor

        try:
            return self.smsc.listen("127.0.0.1", port)
        except CannotListenError as error:
            reason = error.socketError.strerror or str(error.socketError)
            raise PortTaken(f"SMPP port {port} on 127.0.0.1: {reason}; choose another port") from None

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
