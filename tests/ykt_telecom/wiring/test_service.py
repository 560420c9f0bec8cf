"""The service in one process, with a link that is a list: start, work, readiness, stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, select

from smsc_gateway.links.outcome import Certainty, SubmitResult
from smsc_gateway.smpp.operations import DeliverSm, EsmClass, SubmitSm
from telecom_codecs.card.identities import Iccid, Imsi, Msisdn
from telecom_codecs.crypto.secret_key import KeySet
from tests.tasks import in_task
from tests.ykt_telecom.lab import ENTERPRISE, ICCID, MSISDN, PROVIDER, a_key, a_request, card_keys
from tests.ykt_telecom.small_card import SmallCard
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.messaging.texts import Text, enqueue_texts
from ykt_telecom.ota.orders import Order, Ordered, order_jobs
from ykt_telecom.ota.outcome import JobKind, JobOutcome
from ykt_telecom.registry.cards.steps import NewCard, add_card
from ykt_telecom.registry.directory.steps import NewEnterprise, add_enterprises
from ykt_telecom.registry.keys.steps import KeyUsage, store_card_keys, store_mother_key
from ykt_telecom.registry.keys.wrapping import KekRefused, KeyRing, create_kek, open_key_ring
from ykt_telecom.runtime.settings import LinkSettings, Settings, read_settings
from ykt_telecom.storage.context import StepContext
from ykt_telecom.wiring.service import Service


@dataclass(frozen=True)
class Offer:
    """A deliver_sm; its answer goes to the link's list."""

    pdu: DeliverSm
    statuses: list[int]

    def answer(self, status: int) -> None:
        self.statuses.append(status)


class ListLink:
    """A bound link with one card behind it; its answers come back as deliver_sm, as from an SMSC."""

    def __init__(self, card: SmallCard) -> None:
        self.card = card
        self.is_bound = False
        self.is_mute = False
        self.submitted: list[SubmitSm] = []
        self.statuses: list[int] = []
        self.on_answers: Callable[[list[tuple[int, SubmitResult]]], None] = lambda _answers: None
        self.on_late: Callable[[int, SubmitResult], None] = lambda _number, _result: None
        self.on_room: Callable[[], None] = lambda: None
        self.on_deliver_many: Callable[[list[Any]], None] = lambda _deliveries: None

    @property
    def room(self) -> int:
        return 100 if self.is_bound else 0

    def start(self) -> None:
        self.is_bound = True
        self.on_room()

    async def stop(self) -> None:
        self.is_bound = False

    def submit_many(self, items: Sequence[tuple[int, SubmitSm]]) -> None:
        for number, pdu in items:
            self.submitted.append(pdu)
            result = SubmitResult(0, f"{len(self.submitted):X}", Certainty.ACCEPTED)
            asyncio.get_running_loop().call_soon(self.on_answers, [(number, result)])
            if pdu.data_coding == 0xF6:
                for answer in self.card.receive(pdu.short_message):
                    asyncio.get_running_loop().call_soon(self.receive, answer)

    def receive(self, user_data: bytes) -> None:
        pdu = DeliverSm(
            source_addr=MSISDN.encode(),
            destination_addr=b"106572000",
            esm_class=EsmClass.UDHI,
            data_coding=0xF6,
            short_message=user_data,
        )
        self.on_deliver_many([Offer(pdu, self.statuses)])


@dataclass
class Running:
    service: Service
    link: ListLink
    outcomes: list[JobOutcome] = field(default_factory=list)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    async def order(self, kind: JobKind) -> JobOutcome:
        """Order a job; its outcome."""
        order = Order(kind, ICCID, ENTERPRISE, {"name": "红岩", "rights": 7}, "test")
        ordered = await self.service.committer.together(order_jobs, order)
        assert isinstance(ordered, Ordered)
        await self.until(lambda: any(one.job_id == ordered.job_id for one in self.outcomes))
        return next(one for one in self.outcomes if one.job_id == ordered.job_id)


def settings_in(folder: Path) -> Settings:
    return read_settings(
        None, {}, data_dir=folder, http={"port": 0}, smsc={"links": [{"system_id": "ykt", "name": "one"}]}
    )


def furnish(service: Service) -> Callable[[Connection, StepContext], None]:
    def step(conn: Connection, context: StepContext) -> None:
        now = context.now
        nonce = context.tokens.octets
        add_enterprises(conn, context, [NewEnterprise("ACME", "红岩", id=ENTERPRISE)])
        key = a_key("mother")
        store_mother_key(
            conn, service.ring, ENTERPRISE, 1, key, provider=PROVIDER, nonce=nonce(12), actor="test", now=now
        )
        add_card(conn, NewCard(Iccid(ICCID), Imsi("460001234567890"), Msisdn(MSISDN)), actor="test", now=now)
        keys = card_keys()
        store_card_keys(conn, service.ring, ICCID, keys, generation=1, provider=PROVIDER, nonce=lambda: nonce(12))

    return step


@asynccontextmanager
async def a_service(
    folder: Path, *, fresh: bool = True, joins: Sequence[Callable[[Service], object]] = ()
) -> AsyncIterator[Running]:
    keys = card_keys()
    card = SmallCard(Iccid(ICCID), KeySet(keys[KeyUsage.MT_KIC], keys[KeyUsage.MT_KID], keys[KeyUsage.MT_DEK]))
    links: list[ListLink] = []

    def link_of(_: LinkSettings) -> ListLink:
        links.append(ListLink(card))
        return links[-1]

    service = Service(settings_in(folder), ring=KeyRing(a_key("kek", 32)), link_factory=link_of)
    outcomes: list[JobOutcome] = []
    service.means.followers["test"] = lambda _conn, _context, told: outcomes.extend(told)
    for join in joins:
        join(service)
    if fresh:
        await service.open_storage().perform(furnish(service))
    await service.start()
    try:
        yield Running(service, links[0], outcomes)
    finally:
        await service.stop()


@in_task
async def test_an_application_lives_and_dies_through_the_whole_service(tmp_path: Path) -> None:
    """Issue, query, close, delete: each ordered after the other's outcome, over committer, pump and inbox."""
    async with a_service(tmp_path) as running:
        for kind in (JobKind.ISSUE, JobKind.QUERY, JobKind.CLOSE, JobKind.DELETE):
            outcome = await running.order(kind)
            assert (outcome.state, outcome.reason) == ("APPLIED", None)
        assert set(running.link.statuses) == {0}
        assert running.link.card.applications == {}


@in_task
async def test_the_service_says_whether_it_lives_and_can_work(tmp_path: Path) -> None:
    """/healthz as long as the process lives; /readyz only with an SMSC bound and a database that takes writes."""
    async with a_service(tmp_path) as running:
        assert running.service.http is not None
        async with httpx.AsyncClient(base_url=running.service.http.url) as client:
            assert (await client.get("/healthz")).json() == {"status": "alive", "insecure": []}
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["smsc"]) == (200, {"one": True})
            running.link.is_bound = False
            assert (await client.get("/readyz")).status_code == 503
            running.link.is_bound = True
            running.service.committer.fault = "database or disk is full"
            broken = await client.get("/readyz")
            assert (broken.status_code, broken.json()["reason"]) == (503, "database or disk is full")


@in_task
async def test_a_text_that_waits_is_sent_after_a_restart(tmp_path: Path) -> None:
    """Saved while no SMSC was there, stopped, started again: the text goes out."""

    def step(conn: Connection, context: StepContext) -> None:
        enqueue_texts(conn, context, [Text(MSISDN, "你好", "NOTICE", "test")])

    async with a_service(tmp_path) as running:
        running.link.is_bound = False
        await running.service.committer.perform(step)
    async with a_service(tmp_path, fresh=False) as running:
        await running.until(lambda: len(running.link.submitted) == 1)
    async with a_service(tmp_path, fresh=False) as running:
        states = await running.service.committer.read(lambda conn: [row.state for row in conn.execute(select(outbox))])
        assert states == ["ACCEPTED"]
        assert running.link.submitted == []


@in_task
async def test_nothing_is_sent_over_a_link_that_only_receives(tmp_path: Path) -> None:
    """A transmitter and a receiver side by side: the receiver takes no message, or it would come back as refused."""
    made: dict[str, ListLink] = {}

    def link_of(settings: LinkSettings) -> ListLink:
        made[settings.bind] = ListLink(SmallCard(Iccid(ICCID), KeySet(a_key("a"), a_key("b"))))
        return made[settings.bind]

    def step(conn: Connection, context: StepContext) -> None:
        enqueue_texts(conn, context, [Text(MSISDN, "你好", "NOTICE", "test") for _ in range(20)])

    links = [{"system_id": "ykt", "name": bind, "bind": bind} for bind in ("receiver", "transmitter")]
    settings = read_settings(
        None, {}, data_dir=tmp_path, http={"enabled": False}, smsc={"links": links, "in_flight": 1}
    )
    service = Service(settings, ring=KeyRing(a_key("kek", 32)), link_factory=link_of)
    await service.start()
    try:
        await service.committer.perform(step)
        async with asyncio.timeout(10):
            while sum(len(link.submitted) for link in made.values()) < 20:
                await asyncio.sleep(0.005)
    finally:
        await service.stop()
    assert {bind: len(link.submitted) for bind, link in made.items()} == {"receiver": 0, "transmitter": 20}


@in_task
async def test_a_message_our_own_fault_refuses_is_put_aside_in_the_end(tmp_path: Path) -> None:
    """0x64 twice, so that the SMSC tries again; then it is stored as refused, or it would come for ever."""

    def broken(*_: object) -> None:
        raise RuntimeError("a bug of ours")

    async with a_service(tmp_path) as running:
        running.service.means.requests = broken
        for tries in range(1, 4):
            running.link.receive(a_request(1))
            await running.until(lambda tries=tries: len(running.link.statuses) == tries)  # type: ignore[misc]
        assert running.link.statuses == [0x64, 0x64, 0]


@in_task
async def test_a_critical_task_that_dies_stops_the_service_with_its_reason(tmp_path: Path) -> None:
    """Nothing dies silently."""

    async def dies() -> None:
        raise RuntimeError("worn out")

    async with a_service(tmp_path) as running:
        running.service.supervisor.spawn(dies(), name="wheel", critical=True)
        async with asyncio.timeout(5):
            await running.service.died.wait()
        assert running.service.supervisor.reason == "wheel died: RuntimeError: worn out"


@in_task
async def test_what_was_hung_in_is_started_before_the_link_and_stopped_first(tmp_path: Path) -> None:
    """The business takes up its work before the first message can come."""
    order: list[str] = []

    def note(word: str) -> Callable[[], Awaitable[None]]:
        async def noting() -> None:
            order.append(word)

        return noting

    class Link(ListLink):
        def start(self) -> None:
            order.append("link")
            super().start()

    card = SmallCard(Iccid(ICCID), KeySet(a_key("a"), a_key("b")))
    service = Service(settings_in(tmp_path), ring=KeyRing(a_key("kek", 32)), link_factory=lambda _: Link(card))
    service.schedules.append(lambda _scheduler: order.append("schedule"))
    service.on_start.append(note("begin"))
    service.on_stop.append(note("end"))
    await service.start()
    await service.stop()
    assert order == ["schedule", "begin", "link", "end"]


def test_the_key_file_is_held_to_its_rules(tmp_path: Path) -> None:
    """Missing, readable by others, malformed or beside the database: refused with the remedy."""
    database = tmp_path / "database" / "ykt.db"
    kek = tmp_path / "secrets" / "kek"
    with pytest.raises(KekRefused, match="ykt init"):
        open_key_ring(kek, database)
    create_kek(kek, bytes(range(32)))
    assert kek.stat().st_mode & 0o777 == 0o600
    open_key_ring(kek, database)
    kek.chmod(0o640)
    with pytest.raises(KekRefused, match="chmod 600"):
        open_key_ring(kek, database)
    kek.chmod(0o600)
    kek.write_text("short", encoding="ascii")
    with pytest.raises(KekRefused, match="64 hexadecimal"):
        open_key_ring(kek, database)
    create_kek(tmp_path / "database" / "kek", bytes(32))
    with pytest.raises(KekRefused, match="folder"):
        open_key_ring(tmp_path / "database" / "kek", database)
