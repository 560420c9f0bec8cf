"""Dialogues and statements on the platform's own committer, orders and outbox, without a link."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy import select

from telecom_codecs.card.identities import Iccid
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.requests import CardRequest, Operation
from tests.tasks import in_task
from tests.ykt_telecom.flows.dialogue.desk import RIGHT, Ordered, a_request, an_outcome
from tests.ykt_telecom.ledger.money.world import HUAXIN, a_world, iccid_of
from ykt_telecom.flows.dialogue.password import password_seal
from ykt_telecom.flows.dialogue.password_steps import set_password
from ykt_telecom.flows.dialogue.tables import dialogue
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.flows.statements.schedule import set_schedule
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.flows.statements.tables import statement
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.messaging.texts import TextFollowers
from ykt_telecom.ota.means import OtaMeans, OtaPolicy
from ykt_telecom.ota.tables import job
from ykt_telecom.registry.cards.tables import card_application
from ykt_telecom.registry.keys.wrapping import KeyRing
from ykt_telecom.runtime.clock import BUSINESS_ZONE, Clock, ManualClock
from ykt_telecom.runtime.supervisor import Supervisor
from ykt_telecom.runtime.tokens import SeededTokens
from ykt_telecom.storage.committer import Committer
from ykt_telecom.storage.database import create_all, open_database
from ykt_telecom.wiring.dialogues import join_dialogues
from ykt_telecom.wiring.statements import join_statements


@dataclass
class Host:
    """What a service offers, without links and HTTP."""

    committer: Committer
    clock: Clock
    ring: KeyRing
    means: OtaMeans
    texts: TextFollowers = field(default_factory=TextFollowers)
    schedules: list[Callable[[AsyncIOScheduler], None]] = field(default_factory=list)
    on_start: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    on_stop: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    supervisor: Supervisor = field(default_factory=lambda: Supervisor(print))

    async def rows(self, table: Any) -> list[Any]:
        return await self.committer.read(lambda connection: list(connection.execute(select(table))))


@contextmanager
def a_host(folder: Path) -> Iterator[Host]:
    """A member's world on a database file."""
    world = a_world()
    world.add_member(1, HUAXIN)
    clock = ManualClock(datetime(2026, 10, 12, 12, 3, tzinfo=BUSINESS_ZONE))
    database = open_database(folder / "database" / "ykt.db")
    create_all(database, clock.now())
    with world.reading() as source, database.writing() as target:
        for name in ("enterprise", "member", "card", "card_application"):
            for row in source.exec_driver_sql(f"select * from {name}").mappings():  # noqa: S608
                marks = ", ".join("?" for _ in row)
                columns = ", ".join(f'"{column}"' for column in row)
                target.exec_driver_sql(f"insert into {name} ({columns}) values ({marks})", tuple(row.values()))  # noqa: S608
    committer = Committer(database, clock, SeededTokens())
    ring = KeyRing(SecretKey(bytes(range(32))))
    yield Host(committer, clock, ring, OtaMeans(ring, OpenSslProvider(), OtaPolicy()))
    database.close()


def a_deletion(counter: int) -> Any:
    asked = CardRequest(Operation.DELETE, counter, Iccid(iccid_of(1)), HUAXIN, Language.ZH, password=RIGHT)
    return a_request(asked.encode(), counter=counter)


@in_task
async def test_a_deletion_runs_on_the_platform_s_own_orders(tmp_path: Path) -> None:
    """Request, password in the pool, CLOSE, DELETE, answer: each a job row of the same application."""
    with a_host(tmp_path) as host:
        host.committer.start()
        seal = password_seal(host.ring, cheap=True)
        verification = join_dialogues(host, seal=seal, deadline=0.01)
        verifier = seal.bind(seal.seal(RIGHT, bytes(16)), iccid_of(1))
        await host.committer.perform(
            lambda connection, context: set_password(connection, iccid=iccid_of(1), verifier=verifier, now=context.now)
        )
        for begin in host.on_start:
            await begin()
        take = host.means.requests
        assert take is not None
        await host.committer.perform(lambda connection, context: take(connection, context, [a_deletion(1)]))
        await verification.drain()
        for kind in ("CLOSE", "DELETE", "ANSWER"):
            found = (await host.rows(job))[-1]
            assert (found.kind, found.origin) == (kind, "dialogue")
            ordered = Ordered(found.id, kind, found.iccid, found.enterprise_id, found.payload, found.origin_id)
            outcome = an_outcome(ordered, answer_status=2) if kind == "ANSWER" else an_outcome(ordered)
            tell = host.means.followers["dialogue"]
            await host.committer.perform(lambda conn, context, one=outcome, to=tell: to(conn, context, [one]))  # type: ignore[misc]
        assert [row.state for row in await host.rows(dialogue)] == ["TEXTED"]
        assert [row.state for row in await host.rows(card_application)] == ["PENDING_DELETE"]
        (message,) = await host.rows(outbox)
        assert message.user_data.decode("utf-16-be").startswith("【移动一卡通】华信科技应用已从卡中删除")
        for end in host.on_stop:
            await end()
        await host.committer.stop()


@in_task
async def test_statements_are_scheduled_and_caught_up_at_start(tmp_path: Path) -> None:
    """The service was down on the fifth: September goes out at the start, October on its day."""
    with a_host(tmp_path) as host:
        host.committer.start()
        await host.committer.run(
            lambda connection: set_schedule(
                connection,
                enterprise_id=HUAXIN,
                kind=StatementKind.CONSUMPTION,
                day=5,
                hour=9,
                since=Period(2026, 9),
            )
        )
        join_statements(host)
        scheduler = AsyncIOScheduler(timezone=BUSINESS_ZONE, event_loop=asyncio.get_running_loop())
        for schedule in host.schedules:
            schedule(scheduler)
        for begin in host.on_start:
            await begin()
        assert [scheduled.id for scheduled in scheduler.get_jobs()] == ["statement-1001-consumption"]
        await host.supervisor.stop()
        assert [(row.period, row.state) for row in await host.rows(statement)] == [("2026-09", "QUEUED")]
        await scheduler.get_jobs()[0].func(*scheduler.get_jobs()[0].args)
        assert len(await host.rows(statement)) == 1
        await host.committer.stop()
