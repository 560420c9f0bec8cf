"""The platform under measurement, alone in this process; SMSC and cards in a second. Only this module knows its API.

SQLite with synchronous=FULL, loopback SMPP, a database of the size asked for (filling.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from telecom_codecs.crypto.secret_key import SecretKey

from .figures import Run, in_time
from .filling import FIRST_ENTERPRISE, KEK, SEED, enterprise_of, filled
from .simulated import ACCESS_CODE, PASSWORD, SERVING, SYSTEM_ID

DATABASE = "sqlite"
WINDOW = 500  #: of the link: a centre of an operator gives a heavy account as much
ORDERED_AT_ONCE = 100  #: jobs in one step, as a campaign orders them


class Simulated:
    """The second process, and the line to it."""

    def __init__(self, cards: int) -> None:
        command = [sys.executable, "-m", "bench.simulated", "--cards", str(cards)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().removeprefix(SERVING))

    async def tell(self, **command: Any) -> dict[str, Any]:
        """Have a command carried out; RuntimeError when the process is gone."""

        def carry() -> str:
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            return self.process.stdout.readline()

        answer = await asyncio.get_running_loop().run_in_executor(None, carry)
        if not answer:
            raise RuntimeError(f"the simulator died at {command['do']}")
        told: dict[str, Any] = json.loads(answer)
        return told

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()


@dataclass
class _Batch:
    """Jobs of one measurement: how many are still to be ordered and to end, and what is told when all have."""

    left: int
    open: int
    done: asyncio.Future[None]
    begun: dict[int, float]
    latencies: list[float]


class Platform:
    """The running service. Cards are named by their places in the population."""

    def __init__(self, service: Any, simulated: Simulated, cards: int, path: Path) -> None:
        self.service = service
        self.simulated = simulated
        self.cards = cards
        self.path = path
        self.started_in = 0.0  #: seconds from the first line of the program's own until the SMSC had bound it
        self._iccids: dict[int, str] = {}
        self._place = 0
        self._batch: _Batch | None = None
        service.means.followers["bench"] = self._on_outcomes

    async def died(self) -> str:
        """Why the service stopped by itself; waits until it does."""
        await self.service.died.wait()
        return str(self.service.supervisor.reason)

    async def database_octets(self) -> int:
        """How large the database is, pages that wait in the WAL included."""
        pragmas = ("page_count", "page_size")

        def look(conn: Any) -> list[int]:
            return [conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas]

        count, size = await self.service.committer.read(look)
        return int(count * size)

    async def open_jobs(self) -> int:
        """Jobs that have not ended."""
        from sqlalchemy import func, select  # noqa: PLC0415 - after the reactor

        from ykt_telecom.ota.states import TERMINAL_STATES  # noqa: PLC0415
        from ykt_telecom.ota.tables import job  # noqa: PLC0415

        counted = select(func.count()).where(job.c.state.not_in(tuple(TERMINAL_STATES)))
        return int(await self.service.committer.read(lambda conn: conn.execute(counted).scalar_one()))

    # --- OTA round trips -----------------------------------------------------------------------------------------

    def stop_ordering(self) -> None:
        """Begin no further round trips; those under way end, and with them the measurement."""
        if self._batch is not None:
            self._batch.left = 0

    async def round_trips(self, n: int, window: int) -> Run:
        """`n` QUERY jobs on cards in turn, `window` of them open at a time; fewer after :meth:`stop_ordering`."""
        done = asyncio.get_running_loop().create_future()
        batch = self._batch = _Batch(n, 0, done, {}, [])
        start, cpu = time.perf_counter(), time.process_time()
        for _ in range(0, min(n, window), ORDERED_AT_ONCE):
            self._order(min(ORDERED_AT_ONCE, window))
        await done
        ended = len(batch.latencies)
        return Run(ended, time.perf_counter() - start, time.process_time() - cpu, batch.latencies)

    def _order(self, count: int) -> None:
        """Order that many, if that many are left."""
        from ykt_telecom.ota.orders import Order, order_jobs  # noqa: PLC0415 - after the reactor
        from ykt_telecom.ota.outcome import JobKind  # noqa: PLC0415

        batch = self._batch
        assert batch is not None
        count = min(count, batch.left)
        batch.left -= count
        batch.open += count
        orders = [
            Order(JobKind.QUERY, self._iccid(at), enterprise_of(at), origin="bench") for at in self._places(count)
        ]
        begun = time.perf_counter()
        self.service.committer.together_all(order_jobs, orders, partial(self._ordered, batch, begun), bulk=True)

    def _ordered(self, batch: _Batch, begun: float, results: Sequence[Any]) -> None:
        for result in results:
            if not hasattr(result, "job_id"):
                self._fail(batch, f"an order was refused: {result}")
                return
            batch.begun.setdefault(result.job_id, begun)

    def _on_outcomes(self, _conn: Any, context: Any, outcomes: Any) -> None:
        context.effects.append(lambda: self._ended(outcomes))

    def _ended(self, outcomes: Any) -> None:
        batch = self._batch
        if batch is None:
            return
        now = time.perf_counter()
        for outcome in outcomes:
            if outcome.state != "APPLIED":
                self._fail(batch, f"a QUERY ended {outcome.state}: {outcome.reason}")
                return
            batch.latencies.append(now - batch.begun.pop(outcome.job_id, now))
        batch.open -= len(outcomes)
        if batch.left:
            self._order(len(outcomes))
        elif not batch.open and not batch.done.done():
            batch.done.set_result(None)

    @staticmethod
    def _fail(batch: _Batch, why: str) -> None:
        if not batch.done.done():
            batch.done.set_exception(RuntimeError(why))

    def _places(self, count: int) -> list[int]:
        first, self._place = self._place, self._place + count
        return [place % self.cards for place in range(first, first + count)]

    def _iccid(self, at: int) -> str:
        found = self._iccids.get(at)
        if found is None:
            from stk_applet_sim.population import SeededCards  # noqa: PLC0415 - after the reactor

            found = self._iccids[at] = SeededCards(self.cards, SEED)[at].iccid.digits
        return found

    # --- dialogues -----------------------------------------------------------------------------------------------

    async def dialogues(self, n: int, *, window: int = 50, rate: float = 0.0) -> Run:
        """`n` balance requests, answered on the card; sealed before the time begins."""
        await self.simulated.tell(do="seal", n=n)
        cpu = time.process_time()
        told = await self.simulated.tell(do="ask", n=n, window=window, rate=rate)
        return Run(n, told["seconds"], time.process_time() - cpu, told["latencies"])

    # --- statements ----------------------------------------------------------------------------------------------

    async def statements(self, months_ago: int) -> Run:
        """One month for all members of one enterprise, until every receipt is stored."""
        from sqlalchemy import func, select  # noqa: PLC0415 - after the reactor

        from ykt_telecom.flows.statements.period import Period  # noqa: PLC0415
        from ykt_telecom.flows.statements.runs import run_one  # noqa: PLC0415
        from ykt_telecom.flows.statements.states import StatementKind  # noqa: PLC0415
        from ykt_telecom.flows.statements.tables import statement  # noqa: PLC0415

        period = Period.of(self.service.clock.now())
        for _ in range(months_ago):
            period = period.before()
        committer = self.service.committer
        start, cpu = time.perf_counter(), time.process_time()
        made = await run_one(committer, FIRST_ENTERPRISE, StatementKind.CONSUMPTION, period)
        delivered = select(func.count()).where(statement.c.run_id == made.run_id, statement.c.state == "DELIVERED")
        while await committer.read(lambda conn: conn.execute(delivered).scalar_one()) < made.written:
            await asyncio.sleep(0.05)
        if not made.written:
            raise RuntimeError(f"no statement was written: {made}")
        return Run(made.written, time.perf_counter() - start, time.process_time() - cpu)


@contextlib.asynccontextmanager
async def platform(reactor: Any, cards: int, *, ended_jobs: int = 0, open_jobs: int = 0) -> AsyncIterator[Platform]:
    """Everything started on a database of this size, and bound."""
    from ykt_telecom.registry.keys.wrapping import create_kek  # noqa: PLC0415
    from ykt_telecom.runtime.settings import Settings  # noqa: PLC0415 - after the reactor
    from ykt_telecom.wiring.dialogues import join_dialogues  # noqa: PLC0415
    from ykt_telecom.wiring.service import Service  # noqa: PLC0415
    from ykt_telecom.wiring.statements import join_statements  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get("YKT_BENCH_DIR")) as folder:
        simulated = Simulated(cards)
        link = {"port": simulated.port, "system_id": SYSTEM_ID, "password": PASSWORD, "window": WINDOW}
        settings = Settings.model_validate({
            "data_dir": folder,
            "smsc": {"links": [link]},
            "sms": {"access_code": ACCESS_CODE},
            "http": {"enabled": False},
        })  # fmt: skip
        made = filled(settings.database_path.parent, cards, ended_jobs, open_jobs)
        made.rename(settings.database_path)
        create_kek(settings.kek_path, SecretKey(KEK).octets())
        begun = time.perf_counter()
        service = Service(settings, reactor=reactor)
        join_dialogues(service)
        join_statements(service)
        running = Platform(service, simulated, cards, settings.database_path)
        try:
            await service.start()
            await in_time(_bound(service), 30, "the bind", running.died())
            running.started_in = time.perf_counter() - begun
            yield running
        finally:
            await service.stop()
            simulated.stop()


async def _bound(service: Any) -> None:
    while not all(link.is_bound for link in service.links.values()):
        await asyncio.sleep(0.01)
