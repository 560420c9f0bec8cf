"""The whole lab in memory: service, message centre, phones and cards, on one manual clock. Nothing sleeps, no sockets.

The world (centre, phones, cards) outlives the service; a :class:`Life` is one run of the service on the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select

from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.centre import MessageCentre
from stk_applet_sim.handset.screen import Screen, Text
from stk_applet_sim.handset.station import HandsetStation
from stk_applet_sim.population import SeededCard, seeded_population
from telecom_codecs.crypto.secret_key import SecretKey

from ..demo.setting_up import PASSWORD, enter_everything
from ..flows.dialogue.machine import OPEN_STATES
from ..flows.dialogue.password import password_seal
from ..flows.dialogue.password_steps import set_password
from ..flows.dialogue.tables import dialogue
from ..messaging.tables import outbox
from ..ota.states import TERMINAL_STATES
from ..ota.tables import job, packet
from ..registry.audit.anchor import Anchor, Anchored
from ..registry.audit.chain import KEY_PURPOSE, seal_audit
from ..registry.keys.wrapping import KeyRing
from ..runtime.clock import BUSINESS_ZONE, ManualClock
from ..runtime.settings import LinkSettings, Settings
from ..runtime.tokens import SeededTokens
from ..storage.committer import Committer
from ..storage.context import StepContext
from ..storage.database import Database, create_all
from ..wiring.dialogues import join_dialogues
from ..wiring.service import ManagedLink, Service
from ..wiring.statements import join_statements
from .commits import Death, LoopCommitter, database_of, empty_database, image_of
from .faults import Fault, Script
from .link import MemoryLink, Wire
from .virtual import run_virtually

T = TypeVar("T")

START = datetime(2026, 3, 2, 9, tzinfo=BUSINESS_ZONE)
ACCESS_CODE = "106572000"
ACCOUNT = Account("platform", "secret", ACCESS_CODE)
MEMBERS = 2
PATIENCE = 7200.0  #: virtual seconds a step of a story may take
TICK = 1.0  #: how often phones learn what time it is
RING = KeyRing(SecretKey(bytes(range(32))))


class Stuck(AssertionError):
    """Something that should have happened did not; the message names it and the seed."""


class KeptAnchor(Anchor):
    """The anchor of the audit chain in memory; it outlives the service as the file does."""

    points: list[Anchored]

    def __init__(self, points: Iterable[Anchored] = ()) -> None:
        super().__init__(Path("/nowhere"))
        object.__setattr__(self, "points", list(points))

    def append(self, point: Anchored) -> None:
        self.points.append(point)

    def last(self) -> Anchored | None:
        return self.points[-1] if self.points else None

    def furthest(self) -> Anchored | None:
        return max(self.points, key=lambda point: point.seq, default=None)


@dataclass(frozen=True)
class Beginning:
    """Where a lab begins: the database, the memories of the cards, the time."""

    image: bytes
    memories: tuple[bytes | None, ...]
    at: datetime
    name: str
    anchored: tuple[Anchored, ...] = ()


@dataclass
class Life:
    """One run of the service."""

    service: Service
    committer: LoopCommitter
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)


class _Service(Service):
    """A service whose storage is the lab's."""

    lab: Lab

    def open_storage(self) -> Committer:
        if self._committer is None:
            seal_audit(self.lab.database, RING.derive(KEY_PURPOSE), self.lab.anchor)
            self._committer = LoopCommitter(self.lab.database, self.clock, self.tokens, alone=self.lab.alone)
            self._committer.start()
        return self._committer


@dataclass
class Phone:
    """A member's phone, and every text that came up on it by itself."""

    card: SeededCard
    station: HandsetStation
    shown: list[str] = field(default_factory=list)
    was_off: bool = False  #: what was on its screen then, its member may not have read

    def watch(self, screen: Screen) -> None:
        if isinstance(screen, Text) and screen.high_priority:
            self.shown.append(screen.text)

    @property
    def texts(self) -> list[str]:
        """The short messages on it."""
        return [message.text or "" for message in self.station.handset.inbox.messages]


class Lab:
    """One world. `script` says what goes wrong, `deaths` when each life of the service ends (commit number, how)."""

    def __init__(
        self,
        clock: ManualClock,
        beginning: Beginning,
        script: Script | None = None,
        deaths: tuple[tuple[int, Death], ...] = (),
        *,
        alone: bool = False,
    ) -> None:
        self.clock = clock
        self.script = script or Script()
        self.alone = alone
        self.tokens = SeededTokens(beginning.name)
        self.database: Database = database_of(beginning.image)
        self.anchor = KeptAnchor(beginning.anchored)
        self.storage_is_full = False
        #: texts and packets that are there from the beginning: nothing of them crosses this wire
        self.texts_before = frozenset(self.read(lambda conn: conn.execute(select(outbox.c.id)).scalars().all()))
        self.packets_before = frozenset(self.read(lambda conn: conn.execute(select(packet.c.id)).scalars().all()))
        options = {"access_code": ACCESS_CODE, "clock": clock.monotonic, "random": self.tokens.octets}
        self.phones = [
            Phone(card, card.station(**options, state=memory))
            for card, memory in zip(cards(), beginning.memories, strict=True)
        ]
        ids = (f"{number:08X}" for number in count(0xA0000001))
        centre = MessageCentre([ACCOUNT], message_ids=ids, clock=self.clock.now)
        self.wire = Wire(centre, ACCOUNT, self.clock, self.script)
        self.lives = 0
        self._deaths = list(deaths)
        self._life: Life | None = None
        self._dead = asyncio.Event()

    # --- lives ---------------------------------------------------------------------------------------------------

    @property
    def life(self) -> Life:
        assert self._life is not None
        return self._life

    async def begin(self) -> None:
        """Phones on, service up."""
        for phone in self.phones:
            phone.station.handset.watchers.append(phone.watch)
            self.wire.centre.attach(phone.station)
        self._ticking = asyncio.ensure_future(self._tick())
        await self._live()

    async def _live(self) -> None:
        """Start the service; begin again when it dies while starting."""
        while True:
            self._dead.clear()
            starting = asyncio.ensure_future(self._start())
            dead = asyncio.ensure_future(self._dead.wait())
            await asyncio.wait((starting, dead), return_when=asyncio.FIRST_COMPLETED)
            dead.cancel()
            if not self._dead.is_set():
                starting.result()
                return
            starting.cancel()
            await self._bury()

    async def _start(self) -> None:
        before = asyncio.all_tasks()
        service = _Service(_settings(), clock=self.clock, tokens=self.tokens, ring=RING, link_factory=self._link)
        service.lab = self
        join_dialogues(service, seal=password_seal(RING, cheap=True))
        join_statements(service)
        committer = service.open_storage()
        assert isinstance(committer, LoopCommitter)
        self.lives += 1
        committer.on_death = self._dead.set
        committer.dies_at = self._deaths.pop(0) if self._deaths else None
        self._life = Life(service, committer)
        committer.fate = self._fate
        await service.start()
        committer.is_full = lambda: self.storage_is_full
        self.life.tasks = asyncio.all_tasks() - before

    def _fate(self) -> Death | None:
        """Whether the service dies at this commit; a world at peace has no such faults."""
        for fault, death in ((Fault.DEATH_BEFORE, Death.BEFORE), (Fault.DEATH_AFTER, Death.AFTER)):
            if self.script.happens(fault):
                return death
        return None

    def _link(self, _settings: LinkSettings) -> ManagedLink:
        return MemoryLink(self.wire)

    async def _bury(self) -> None:
        """Nothing of the dead life acts any more: what it had in memory is gone."""
        service = self.life.service
        for link in service.links.values():
            assert isinstance(link, MemoryLink)
            link.cut()
        if service._scheduler is not None and service._scheduler.running:
            service._scheduler.shutdown(wait=False)
        for pump in service._pumps:
            pump.stop()
        own = list(service.supervisor._tasks)
        for task in own:
            task.cancel()
        await asyncio.gather(*own, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            for phone in self.phones:
                phone.station.handset.tick()
            self.wire.work()
            if self._dead.is_set():
                await self._bury()
                await self._live()

    # --- what a story does ---------------------------------------------------------------------------------------

    async def operator(self, work: Callable[[Service], Awaitable[T]]) -> T:
        """Operator's work, begun again when the service died under it. It must bear to be repeated."""
        while True:
            mine = self.life
            working = asyncio.ensure_future(work(mine.service))
            while not working.done() and not mine.committer.is_dead:
                await asyncio.sleep(0.05)
            if working.done() and not mine.committer.is_dead:
                return working.result()
            working.cancel()
            await self.until(lambda mine=mine: self.life is not mine and not self._dead.is_set(), "a new life")  # type: ignore[misc]

    async def until(
        self, happened: Callable[[], bool], what: str, patience: float = PATIENCE, *, every: float = 0.2
    ) -> None:
        """Look `every` so many seconds until it has happened."""
        deadline = self.clock.monotonic() + patience
        while not happened():
            if self.clock.monotonic() > deadline:
                raise Stuck(f"waited {patience:.0f} s in vain for {what}")
            await asyncio.sleep(every)

    async def quiet(self, patience: float = PATIENCE) -> None:
        """Let everything come to its end, faults over."""
        self.script.heal()
        await self.until(self._is_quiet, "everything to come to its end", patience, every=TICK)

    def _is_quiet(self) -> bool:
        if self._dead.is_set() or not self.wire.is_idle:
            return False

        def open_work(conn: Connection) -> int:
            jobs = select(func.count()).where(job.c.state.not_in(TERMINAL_STATES))
            talks = select(func.count()).where(dialogue.c.state.in_(OPEN_STATES))
            waiting = select(func.count()).where(outbox.c.state.in_(("QUEUED", "HANDED")))
            return sum(conn.execute(query).scalar_one() for query in (jobs, talks, waiting))

        return self.read(open_work) == 0

    def read(self, look: Callable[[Connection], T]) -> T:
        with self.database.reading() as connection:
            return look(connection)


def play(
    story: Callable[[Lab], Awaitable[None]],
    script: Script | None = None,
    deaths: tuple[tuple[int, Death], ...] = (),
    *,
    alone: bool = False,
    beginning: Beginning | None = None,
) -> Lab:
    """Play a story in a new lab until all is quiet; the lab, for looking at. The next one takes its database."""
    begin = beginning or furnished()
    clock = ManualClock(begin.at)

    async def live() -> Lab:
        lab = Lab(clock, begin, script, deaths, alone=alone)
        await lab.begin()
        await story(lab)
        await lab.quiet()
        return lab

    return run_virtually(clock, live)


@cache
def cards() -> tuple[SeededCard, ...]:
    return seeded_population(MEMBERS, "flow")


def _settings() -> Settings:
    return Settings.model_validate(
        {
            "data_dir": "/nowhere",
            "smsc": {"links": [{"system_id": ACCOUNT.system_id}]},
            "http": {"enabled": False},
            "sms": {"access_code": ACCESS_CODE},
            "ota": {"por_timeout": 5.0, "resend_delays": [1, 2, 5, 10]},
        }
    )


def left_by(lab: Lab, name: str) -> Beginning:
    """A beginning where another lab ended. `name` must be new: ids are made of it."""
    memories = tuple(phone.station.card.snapshot() for phone in lab.phones)
    return Beginning(image_of(lab.database), memories, lab.clock.now(), name, tuple(lab.anchor.points))


@cache
def furnished() -> Beginning:
    """Enterprises, members, cards and keys are entered; nothing was ever sent."""
    clock, database, anchor = ManualClock(START), empty_database(), KeptAnchor()
    create_all(database, clock.now())
    seal_audit(database, RING.derive(KEY_PURPOSE), anchor)

    @dataclass
    class Cards:
        cards: tuple[SeededCard, ...]

    class Furnishing(Service):
        def open_storage(self) -> Committer:
            if self._committer is None:
                self._committer = LoopCommitter(database, clock, self.tokens)
                self._committer.start()
            return self._committer

    async def enter() -> None:
        service = Furnishing(_settings(), clock=clock, tokens=SeededTokens("furnish"), ring=RING)
        world: Any = Cards(cards())
        await enter_everything(service, world)
        seal = password_seal(RING, cheap=True)
        verifier = seal.seal(PASSWORD, bytes(16))

        def cheaper(conn: Connection, context: StepContext) -> None:
            for card in cards():
                bound = seal.bind(verifier, card.iccid.digits)
                set_password(conn, iccid=card.iccid.digits, verifier=bound, now=context.now)

        await service.committer.perform(cheaper)

    run_virtually(clock, enter)
    return Beginning(image_of(database), (None,) * MEMBERS, START, "flow", tuple(anchor.points))
