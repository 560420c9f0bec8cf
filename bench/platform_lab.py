"""Platform, SMSC simulator and cards for the platform's benches, over loopback SMPP, SQLite with synchronous=FULL.

The simulator and the cards live in this process or in a second one (`python -m bench.platform_lab --cards N`).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import logging
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

ACCESS_CODE = "106572000"
SYSTEM_ID, PASSWORD = "platform", "bench"
SEED = 7
SERVING = "listening on "


class HasCards(Protocol):
    """What setting up wants of the world: whose cards are imported."""

    cards: Any


@dataclass
class World:
    """Simulator and phones in this process; `stations` in the order of `cards`."""

    cards: Any
    stations: list[Any]
    smsc: Any
    port: int

    async def stop(self) -> None:
        await self.smsc.stop()


@dataclass
class DistantWorld:
    """The same in another process."""

    cards: Any
    port: int
    process: subprocess.Popen[str]
    stations: list[Any] = field(default_factory=list)

    async def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def a_world(reactor: Any, cards: int) -> World:
    """Simulator and phones, on the air."""
    from smsc_gateway.smsc.accounts import Account  # noqa: PLC0415 - after the reactor
    from smsc_gateway.smsc.server import SmscServer  # noqa: PLC0415
    from stk_applet_sim.population import seeded_population  # noqa: PLC0415
    from ykt_telecom.runtime.clock import SystemClock  # noqa: PLC0415

    population = seeded_population(cards, SEED)
    account = Account(SYSTEM_ID, PASSWORD, ACCESS_CODE)
    smsc = SmscServer([account], reactor=reactor, clock=SystemClock().now, message_ids=_message_ids())
    stations = [card.station(access_code=ACCESS_CODE, clock=time.monotonic) for card in population]
    for station in stations:
        smsc.attach(station)
    return World(population, stations, smsc, smsc.listen("127.0.0.1", 0))


def a_distant_world(cards: int) -> DistantWorld:
    """A second process with simulator and phones."""
    from stk_applet_sim.population import seeded_population  # noqa: PLC0415 - after the reactor

    command = [sys.executable, "-m", "bench.platform_lab", "--cards", str(cards)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline().removeprefix(SERVING))
    return DistantWorld(seeded_population(cards, SEED), port, process)


def _message_ids() -> Iterator[str]:
    prefix = f"{time.time_ns() // 1_000_000_000:08X}"
    return (f"{prefix}{number:08X}" for number in itertools.count(1))


@dataclass
class Platform:
    """The service and its world. `finished` holds a Future for each job that somebody waits for."""

    service: Any
    world: Any
    finished: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    def on_outcomes(self, _conn: Any, context: Any, outcomes: Any) -> None:
        context.effects.append(lambda: self._resolve(outcomes))

    def _resolve(self, outcomes: Any) -> None:
        for outcome in outcomes:
            future = self.finished.pop(outcome.job_id, None)
            if future is not None and not future.done():
                future.set_result(outcome)

    async def order(self, kind: Any, card: Any, enterprise: int) -> Any:
        """Order a job and wait for its outcome."""
        from ykt_telecom.ota.orders import Order, Ordered, order_jobs  # noqa: PLC0415 - after the reactor

        order = Order(kind, card.iccid.digits, enterprise, origin="bench")
        ordered = await self.service.committer.together(order_jobs, order)
        assert isinstance(ordered, Ordered), ordered
        future = self.finished.setdefault(ordered.job_id, asyncio.get_running_loop().create_future())
        return await future

    async def issue_all(self) -> None:
        """One application on every card."""
        from ykt_telecom.demo.people import WORK  # noqa: PLC0415 - after the reactor
        from ykt_telecom.demo.setting_up import Membership, issue  # noqa: PLC0415

        wanted = [Membership(number, card, WORK) for number, card in enumerate(self.world.cards)]
        for at in range(0, len(wanted), 100):
            ids = await issue(self.service, wanted[at : at + 100])
            for job_id in ids:
                self.finished.setdefault(job_id, asyncio.get_running_loop().create_future())
            await self._ended(ids)

    async def _ended(self, ids: Sequence[int]) -> None:
        """An outcome may have come before anybody waited for it: look into the table as well."""
        from sqlalchemy import func, select  # noqa: PLC0415 - after the reactor

        from ykt_telecom.ota.tables import job  # noqa: PLC0415

        applied = select(func.count()).select_from(job).where(job.c.id.in_(list(ids)), job.c.state == "APPLIED")
        while await self.service.committer.read(lambda conn: conn.execute(applied).scalar_one()) < len(ids):
            await asyncio.sleep(0.05)
        for job_id in ids:
            self.finished.pop(job_id, None)


@contextlib.asynccontextmanager
async def platform(reactor: Any, cards: int, *, distant: bool = False) -> AsyncIterator[Platform]:
    """Everything started, every card with one application."""
    from ykt_telecom.demo.setting_up import enter_everything  # noqa: PLC0415
    from ykt_telecom.registry.keys.wrapping import KEK_LENGTH, create_kek  # noqa: PLC0415
    from ykt_telecom.runtime.settings import Settings  # noqa: PLC0415 - after the reactor
    from ykt_telecom.wiring.dialogues import join_dialogues  # noqa: PLC0415
    from ykt_telecom.wiring.service import Service  # noqa: PLC0415
    from ykt_telecom.wiring.statements import join_statements  # noqa: PLC0415

    world: Any = a_distant_world(cards) if distant else a_world(reactor, cards)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("YKT_BENCH_DIR")) as folder:
        link = {"port": world.port, "system_id": SYSTEM_ID, "password": PASSWORD}
        values = {"data_dir": folder, "smsc": {"links": [link]}, "http": {"enabled": False}}
        settings = Settings.model_validate(values)
        create_kek(settings.kek_path, os.urandom(KEK_LENGTH))
        service = Service(settings, reactor=reactor)
        join_dialogues(service)
        join_statements(service)
        running = Platform(service, world)
        service.means.followers["bench"] = running.on_outcomes
        await enter_everything(service, world)
        await service.start()
        while not all(link.is_bound for link in service.links.values()):
            await asyncio.sleep(0.01)
        try:
            await running.issue_all()
            yield running
        finally:
            await service.stop()
            await world.stop()


@dataclass
class Run:
    """One repetition: how many were done in how many seconds, and how long each took (seconds)."""

    n: int
    seconds: float
    latencies: list[float]


async def closed_loop(n: int, window: int, work: Callable[[int], Awaitable[Any]]) -> Run:
    """`window` at a time until `n` are done; `work` gets the number of each."""
    numbers = iter(range(n))
    latencies: list[float] = []

    async def one_after_the_other() -> None:
        for number in numbers:
            begun = time.perf_counter()
            await work(number)
            latencies.append(time.perf_counter() - begun)

    start = time.perf_counter()
    await asyncio.gather(*(one_after_the_other() for _ in range(window)))
    return Run(n, time.perf_counter() - start, latencies)


async def open_loop(n: int, rate: float, work: Callable[[int], Awaitable[Any]]) -> Run:
    """`n` begun at a steady rate, however long they take. Lateness of the beginning counts as latency."""
    latencies: list[float] = []

    async def one(number: int, due: float) -> None:
        await work(number)
        latencies.append(time.perf_counter() - due)

    start = time.perf_counter()
    tasks = []
    for number in range(n):
        due = start + number / rate
        pause = due - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        tasks.append(asyncio.ensure_future(one(number, due)))
    await asyncio.gather(*tasks)
    return Run(n, time.perf_counter() - start, latencies)


def report(name: str, unit: str, runs: Sequence[Run], **extra: Any) -> None:
    """One JSON line: the median of the repetitions with their spread, latencies of the middle one."""
    rates = [run.n / run.seconds for run in runs]
    median = statistics.median(rates)
    latencies = sorted(min(runs, key=lambda run: abs(run.n / run.seconds - median)).latencies)
    line: dict[str, Any] = {
        "bench": name,
        "n": runs[0].n,
        "rate": round(median, 1),
        "least": round(min(rates), 1),
        "most": round(max(rates), 1),
        "unit": unit,
        "p50_ms": round(latencies[len(latencies) // 2] * 1e3, 1) if latencies else None,
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1e3, 1) if latencies else None,
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "load": round(os.getloadavg()[0], 1),
        **extra,
    }
    print(json.dumps(line), flush=True)


def run_in_reactor(work: Callable[[Any], Awaitable[None]]) -> None:
    """Run `work(reactor)` in the one loop; what it raises is raised here."""
    from smsc_gateway.line.reactor import install  # noqa: PLC0415 - before anything imports the reactor

    reactor = install()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    outcome: list[BaseException] = []

    async def life() -> None:
        try:
            await work(reactor)
        except BaseException as error:  # noqa: BLE001 - raised again below
            outcome.append(error)
        reactor.stop()

    tasks: list[asyncio.Future[None]] = []
    reactor.callWhenRunning(lambda: tasks.append(asyncio.ensure_future(life())))
    reactor.run()
    for error in outcome:
        raise error


def serve_world() -> None:
    """The second process: simulator and phones until SIGTERM."""
    parser = argparse.ArgumentParser(description=serve_world.__doc__)
    parser.add_argument("--cards", type=int, required=True)
    options = parser.parse_args()

    async def live(reactor: Any) -> None:
        world = a_world(reactor, options.cards)
        print(f"{SERVING}{world.port}", flush=True)
        await asyncio.Event().wait()

    run_in_reactor(live)


if __name__ == "__main__":
    serve_world()
