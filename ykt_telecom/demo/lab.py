"""Platform and world started together, over loopback SMPP, in one process."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection

from smsc_gateway.line.observers import Observer
from smsc_gateway.smsc.accounts import Account

from ..registry.keys.wrapping import KEK_LENGTH, create_kek
from ..runtime.clock import SystemClock
from ..runtime.errors import Trouble
from ..runtime.settings import Settings
from ..runtime.tokens import SystemTokens
from ..wiring.service import Service, join_everything
from .setting_up import Membership, enter_everything, issue, memberships, open_jobs
from .timeline import Timeline
from .world import DemoFolder, DemoShape, World

T = TypeVar("T")

ACCESS_CODE = "106572000"
SYSTEM_ID = "platform"
TICK_SECONDS = 0.5  #: how often phones learn what time it is
PATIENCE = 60.0  #: seconds a step of the demo may take


class TookTooLong(Trouble, RuntimeError):
    """Something that should have happened by itself did not. The log says what the platform was doing."""


@dataclass(frozen=True, slots=True)
class LabOptions:
    """What `ykt demo` was asked for. Port 0: any free one."""

    folder: Path
    cards: int = 20
    seed: int = 1
    http: int = 0
    smpp: int = 0


class Lab:
    """The running demo. `start`, use, `stop`."""

    def __init__(self, options: LabOptions, *, reactor: Any, observers: Sequence[Observer] = ()) -> None:
        self.options = options
        self.clock = SystemClock()
        self.timeline = Timeline(self.clock.monotonic)
        self._shape = DemoShape(options.cards, options.seed)
        self._folder = DemoFolder(options.folder, self._shape)
        os.umask(0o077)
        password = secrets.token_hex(4)
        account = Account(SYSTEM_ID, password, ACCESS_CODE)
        self.world = World(
            options.folder / "world",
            self._shape,
            account,
            reactor=reactor,
            clock=self.clock,
            observers=[self.timeline, *observers],
        )
        self.port = self.world.listen(options.smpp)
        self.settings = Settings.model_validate(
            {
                "data_dir": options.folder,
                "smsc": {"links": [{"port": self.port, "system_id": SYSTEM_ID, "password": password}]},
                "http": {"port": options.http},
                "sms": {"access_code": ACCESS_CODE},
                "ota": {"por_timeout": 5.0, "resend_delays": [0.5, 2, 5, 10]},
            }
        )
        if not self.settings.kek_path.exists():
            create_kek(self.settings.kek_path, SystemTokens().octets(KEK_LENGTH))
        self.service = Service(self.settings, reactor=reactor, clock=self.clock)
        join_everything(self.service)
        self._ticking: asyncio.Task[None] | None = None

    @property
    def is_new(self) -> bool:
        """Whether the folder is still to be set up."""
        return self._folder.is_new

    async def start(self, *, without: Callable[[Membership], bool] = lambda _: False) -> None:
        """Start everything; a new demo is set up first, `without` the applications of some memberships."""
        is_new = self.is_new
        if is_new:
            await enter_everything(self.service, self.world)
        self.world.switch_on()
        await self.service.start()
        self._ticking = asyncio.ensure_future(self._tick())
        await self.until(lambda: all(link.is_bound for link in self.service.links.values()), "the bind at the SMSC")
        if is_new:
            await issue(self.service, [one for one in memberships(self.world.cards) if not without(one)])
            self._folder.finish()
            await self.jobs_done()

    async def stop(self) -> None:
        """Platform first, so that it unbinds; then the world."""
        if self._ticking is not None:
            self._ticking.cancel()
        await self.service.stop()
        await self.world.stop()
        self._folder.close()

    async def jobs_done(self) -> None:
        """Wait until no job over the air is open."""

        async def none_open() -> bool:
            return await self.read(open_jobs) == 0

        await self.until(none_open, "the end of all jobs over the air")

    async def read(self, look: Callable[[Connection], T]) -> T:
        """Look into the platform's database."""
        return await self.service.committer.read(look)

    async def until(self, happened: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
        """Wait until `happened` (or what it awaits) is true; :class:`TookTooLong` names `what`."""
        deadline = self.clock.monotonic() + patience
        while True:
            outcome = happened()
            if asyncio.iscoroutine(outcome):
                outcome = await outcome
            if outcome:
                return
            if self.clock.monotonic() > deadline:
                raise TookTooLong(f"waited {patience:.0f} s in vain for {what}")
            await asyncio.sleep(0.01)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.world.tick()
