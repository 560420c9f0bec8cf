"""The service: database, committer, links, pumps, inbox, jobs, timers and HTTP, wired together in one process.

    service = Service(settings, reactor=reactor)
    join_everything(service)         # whom the steps tell: joins.py; service.schedules, service.on_start
    await service.start()            # inside the running loop
    …
    await service.stop()             # drains, then closes

`serve` does that around the reactor for the command line.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import Connection

from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import CryptoProvider

from ..faces.api.app import make_app
from ..faces.api.server import HttpServer
from ..messaging.inbox import Receivers
from ..messaging.intake import Intake
from ..messaging.link import SourceAddress
from ..messaging.pump import Pump
from ..messaging.texts import TextFollowers, TextsOut
from ..ota.dispatch import Dispatcher
from ..ota.means import OtaMeans, OtaPolicy
from ..ota.outgoing import CardsIn, PacketsOut
from ..registry.audit.anchor import Anchor
from ..registry.audit.chain import KEY_PURPOSE, seal_audit
from ..registry.keys.steps import prove_key_ring
from ..registry.keys.wrapping import KeyRing, open_key_ring
from ..runtime.bridge import deferred
from ..runtime.clock import BUSINESS_ZONE, Clock, SystemClock
from ..runtime.settings import LinkSettings, OtaSettings, Settings
from ..runtime.supervisor import Supervisor
from ..runtime.tokens import SystemTokens, Tokens
from ..storage.committer import Committer
from ..storage.context import StepContext
from ..storage.database import Database, create_all, open_database
from ..storage.marks import JOBS, OUTBOX
from ..storage.numbers import highest_number
from .dialogues import join_dialogues
from .links import ManagedLink, make_link, sending_link
from .orders import join_orders
from .statements import join_statements

__all__ = ["ManagedLink", "Service", "join_everything", "serve"]

log = structlog.get_logger(__name__)

#: Seconds that a stop waits for answers of the SMSC.
_DRAIN = 5.0


def policy_of(settings: OtaSettings) -> OtaPolicy:
    """How jobs are secured and how patient they are, as it is configured."""
    return OtaPolicy(
        spi=bytes.fromhex(settings.spi),
        por_timeout=timedelta(seconds=settings.por_timeout),
        delays=tuple(timedelta(seconds=seconds) for seconds in settings.resend_delays),
        weak_algorithms=settings.weak_algorithms,
    )


LinkFactory = Callable[[LinkSettings], ManagedLink]


class Service:
    """One installation, running in the current process.

    `means.followers`, `means.requests`, `texts` and `receivers` are whom the steps tell inside their transactions;
    `outgoing` are the owners of what leaves, the most urgent first; `schedules` are called with the scheduler before
    it runs, `on_start` are awaited after that and before anything is sent or received, `on_stop` first when stopping.
    All are filled before :meth:`start`.
    `reactor` is Twisted's, needed for real links only; `link_factory` replaces them (tests, the demo).
    """

    def __init__(
        self,
        settings: Settings,
        *,
        reactor: Any = None,
        clock: Clock | None = None,
        tokens: Tokens | None = None,
        provider: CryptoProvider | None = None,
        ring: KeyRing | None = None,
        link_factory: LinkFactory | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock or SystemClock()
        self.tokens = tokens or SystemTokens()
        self.provider = provider or OpenSslProvider()
        self.ring = ring or open_key_ring(settings.kek_path, settings.database_path)
        self.means = OtaMeans(self.ring, self.provider, policy_of(settings.ota))
        self.texts = TextFollowers()
        cards = CardsIn(self.means)
        self.receivers = Receivers(cards.proofs, cards.requests)
        self.outgoing = (PacketsOut(self.means), TextsOut(self.texts))
        self.schedules: list[Callable[[AsyncIOScheduler], None]] = []
        self.on_start: list[Callable[[], Awaitable[object]]] = []
        self.on_stop: list[Callable[[], Awaitable[object]]] = []
        self.supervisor = Supervisor(self._died)
        #: Set when a critical Task has died; `supervisor.reason` says why.
        self.died = asyncio.Event()
        self.http: HttpServer | None = None
        self.links: dict[str, ManagedLink] = {}
        self._reactor = reactor
        self._link_factory = link_factory or self._made_link
        self._database: Database | None = None
        self._committer: Committer | None = None
        self._dispatcher: Dispatcher | None = None
        self._pumps: list[Pump] = []
        self._scheduler: AsyncIOScheduler | None = None
        self._stopped = False

    @property
    def committer(self) -> Committer:
        """The one way into the database; there from :meth:`open_storage` on."""
        if self._committer is None:
            raise RuntimeError("the service is not started")
        return self._committer

    # --- starting ------------------------------------------------------------------------------------------------

    def open_storage(self) -> Committer:
        """Open the database and the committer, without anything that sends: for imports before the start."""
        if self._committer is None:
            os.umask(0o077)
            self._database = open_database(self.settings.database_location)
            create_all(self._database, self.clock.now())
            seal_audit(self._database, self.ring.derive(KEY_PURPOSE), Anchor(self.settings.anchor_path))
            with self._database.reading() as conn:
                prove_key_ring(conn, self.ring)
                self.tokens.at_least(highest_number(conn))
            self._committer = Committer(self._database, self.clock, self.tokens)
            self._committer.start()
        return self._committer

    async def start(self) -> None:
        """Open, settle what a crash left, then send, receive and serve."""
        committer = self.open_storage()
        await committer.perform(self._settle)
        self._dispatcher = Dispatcher(committer, self.means, self.clock)
        intake = Intake(committer, self.receivers, self.outgoing)
        source = SourceAddress(self.settings.sms.access_code)
        smsc = self.settings.smsc
        self.links = {one.name: self._link_factory(one) for one in smsc.links if one.enabled}
        sending = sending_link(smsc, self.links, self._reactor)
        for link in [*self.links.values(), sending]:
            if link is not None:
                link.on_deliver_many = intake.deliver_many
        if sending is not None:
            self._pumps.append(Pump(committer, sending, self.outgoing, source))
        for topic in (JOBS, OUTBOX):
            committer.listeners[topic] = [pump.wake for pump in self._pumps]
        self._start_tasks()
        self._scheduler = AsyncIOScheduler(timezone=BUSINESS_ZONE)
        for schedule in self.schedules:
            schedule(self._scheduler)
        for begin in self.on_start:
            await begin()
        for link in self.links.values():
            link.start()
        self._scheduler.start()
        log.info("service started", links=len(self.links), http=self.http.url if self.http else None)

    def _start_tasks(self) -> None:
        assert self._dispatcher is not None
        self.supervisor.spawn(self._dispatcher.run(), name="jobs", critical=True)
        for pump in self._pumps:
            pump.start()
        if self.settings.http.enabled:
            self.http = HttpServer(make_app(self), self.settings.http.host, self.settings.http.port)
            self.supervisor.spawn(self.http.run(), name="http", critical=True)

    def _settle(self, conn: Connection, context: StepContext) -> None:
        """What the last life left in doubt; and new rows are numbered above all that are there."""
        for owner in self.outgoing:
            owner.settle(conn, context)

    def _made_link(self, settings: LinkSettings) -> ManagedLink:
        if self._reactor is None:
            raise RuntimeError("a link to an SMSC needs the reactor: Service(settings, reactor=reactor)")
        spread = random.Random()  # noqa: S311 - spreads reconnects, nothing secret
        return make_link(settings, reactor=self._reactor, random=spread, clock=self.clock.now)

    # --- stopping ------------------------------------------------------------------------------------------------

    async def stop(self) -> None:
        """Timers, sending and receiving end first, then the database. What was let in is stored."""
        if self._stopped:
            return
        self._stopped = True
        for end in self.on_stop:
            await end()
        if self._scheduler is not None and self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for pump in self._pumps:
            pump.stop()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(pump.drained() for pump in self._pumps)), _DRAIN)
        await asyncio.gather(*(link.stop() for link in self.links.values()))
        if self._dispatcher is not None:
            self._dispatcher.stop()
        if self.http is not None:
            await self.http.stop()
        await self.supervisor.stop()
        if self._committer is not None:
            await self._committer.stop()
        if self._database is not None:
            self._database.close()
        log.info("service stopped", reason=self.supervisor.reason)

    def _died(self, reason: str) -> None:
        log.error("service must stop", reason=reason)
        self.died.set()

    # --- what it says about itself -------------------------------------------------------------------------------

    def liveness(self) -> dict[str, Any]:
        """For /healthz."""
        return {"status": "alive", "insecure": self.settings.insecure()}

    def readiness(self) -> dict[str, Any]:
        """For /readyz: the database takes writes, and at least one SMSC is bound and answers."""
        database = self._committer is not None and self._committer.is_ready
        bound = {name: link.is_bound and not link.is_mute for name, link in self.links.items()}
        facts: dict[str, Any] = {"ready": database and any(bound.values()), "database": database, "smsc": bound}
        if self._committer is not None and self._committer.fault:
            facts["reason"] = self._committer.fault
        return facts


Join = Callable[[Service], object]


def join_everything(service: Service) -> None:
    """Hang the dialogues, the statements and the socket for orders in."""
    join_dialogues(service)
    join_statements(service)
    join_orders(service)


def serve(settings: Settings, reactor: Any, joins: Sequence[Join] = (join_everything,)) -> str | None:
    """Run the service until SIGTERM or SIGINT; returns why it stopped by itself, or None.

    `reactor` is `smsc_gateway.line.reactor.install()`. Raises what the start raised.
    """
    outcome: dict[str, Any] = {}

    async def life() -> None:
        try:
            service = outcome["service"] = Service(settings, reactor=reactor)
            for join in joins:
                join(service)
            await service.start()
        except BaseException as error:  # noqa: BLE001 - handed to the caller of `serve`
            outcome["error"] = error
            reactor.callLater(0, leave)
            return
        await service.died.wait()
        leave()

    def leave() -> None:
        """Stop the reactor, once: while it is stopping already another stop is an error of its own."""
        if not outcome.get("stopping"):
            outcome["stopping"] = True
            reactor.stop()

    def begin() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):  # in place of Twisted's, which stop as often as they are told
            signal.signal(number, lambda *_: reactor.callFromThread(leave))
        outcome["life"] = asyncio.ensure_future(life())

    async def end() -> None:
        outcome["stopping"] = True
        running = outcome.get("service")
        if running is not None:
            await running.stop()
        outcome["life"].cancel()

    reactor.callWhenRunning(begin)
    reactor.addSystemEventTrigger("before", "shutdown", lambda: deferred(end()))
    reactor.run()
    if "error" in outcome:
        raise outcome["error"]
    stopped: Service = outcome["service"]
    return stopped.supervisor.reason
