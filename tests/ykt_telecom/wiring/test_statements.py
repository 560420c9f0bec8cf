"""The work on runs that are due, beside a running service: it holds nothing back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from tests.tasks import in_task
from tests.ykt_telecom.flows.statements.month import SEPTEMBER, WorldBooks, a_month, counts
from tests.ykt_telecom.ledger.money.world import CUIHU, HUAXIN, World
from ykt_telecom.flows.statements.composing import Page
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.flows.statements.schedule import set_schedule
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.flows.statements.tables import statement
from ykt_telecom.runtime.supervisor import Supervisor
from ykt_telecom.storage.committer import BatchStep
from ykt_telecom.storage.faults import StorageUnavailable
from ykt_telecom.wiring.statements import DueWork

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


def schedule(world: World, enterprise_id: int = HUAXIN, **changes: Any) -> None:
    values = {"kind": StatementKind.CONSUMPTION, "day": 5, "hour": 9, "since": SEPTEMBER, **changes}
    world.run(lambda connection, _: set_schedule(connection, enterprise_id=enterprise_id, **values))


async def at_once(_seconds: float) -> None:
    """Nobody waits here."""


def work_on(books: WorldBooks) -> DueWork:
    return DueWork(books, Supervisor(pytest.fail), sleep=at_once)


class Faulty(WorldBooks):
    """Raises once, instead of the transaction that `fails_at` names."""

    fails_at = 0
    error: Exception = StorageUnavailable("database or disk is full")

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        self._fail()
        return super().together(step, item, bulk=bulk)

    async def perform(self, step: Any, *, bulk: bool = False) -> Any:
        self._fail()
        return await super().perform(step, bulk=bulk)

    def _fail(self) -> None:
        if self.transactions + 1 == self.fails_at:
            self.fails_at = 0
            raise self.error


@in_task
async def test_a_trigger_sends_nothing_from_before_its_schedule() -> None:
    """Set up in October for October's bill: what fires on the 5th of October sends no September."""
    world = a_month(2)
    schedule(world, since=Period(2026, 10))
    await work_on(WorldBooks(world)).run(HUAXIN, StatementKind.CONSUMPTION)
    assert counts(world) == (0, 0, 0)


@in_task
async def test_a_trigger_leaves_other_schedules_alone() -> None:
    """Attendance is due at the same hour and has a trigger of its own."""
    world = a_month(2)
    for kind in StatementKind:
        schedule(world, kind=kind)
    await work_on(WorldBooks(world)).run(HUAXIN, StatementKind.ATTENDANCE)
    with world.reading() as connection:
        assert set(connection.execute(select(statement.c.kind)).scalars()) == {StatementKind.ATTENDANCE}


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
@in_task
async def test_a_run_waits_for_a_full_disk(fails_at: int) -> None:
    """The disk is full when the trigger fires, or between two pages: the bills go out when there is room again."""
    world = a_month(2)
    schedule(world)
    books = Faulty(world)
    books.fails_at = fails_at
    await work_on(books).run(HUAXIN, StatementKind.CONSUMPTION)
    assert books.fails_at == 0
    assert counts(world) == (2, 2, 2)


@in_task
async def test_a_run_that_fails_leaves_the_others_alone() -> None:
    """One enterprise's run cannot be written: the next one's bills go out all the same, and so do its own later."""
    world = a_month(3)
    schedule(world)
    schedule(world, CUIHU)
    books = Faulty(world)
    books.fails_at, books.error = 3, ValueError("a bill nobody foresaw")
    work = work_on(books)
    await work.run()
    with world.reading() as connection:
        assert set(connection.execute(select(statement.c.enterprise_id)).scalars()) == {CUIHU}
    await work.run()
    assert counts(world) == (4, 4, 4)


@in_task
async def test_two_who_ask_at_once_work_one_after_the_other() -> None:
    """The trigger fires while the start still catches up: each statement once."""
    world = a_month(3)
    schedule(world)
    work = work_on(WorldBooks(world))
    await asyncio.gather(work.run(), work.run(HUAXIN, StatementKind.CONSUMPTION))
    assert counts(world) == (3, 3, 3)


class Waiting(WorldBooks):
    """Its writer takes pages and stores none."""

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        assert isinstance(item, Page)
        return asyncio.get_running_loop().create_future()


@in_task
async def test_neither_a_start_nor_a_stop_waits_for_the_bills() -> None:
    """Many members are due at the start, and the writer is busy: begun is begun, and a stop leaves them as they are."""
    world = a_month(3)
    schedule(world)
    work = work_on(Waiting(world))
    work.begin()
    for _ in range(20):
        await asyncio.sleep(0)
    await work.end()
    assert counts(world) == (0, 0, 0)
    await work_on(WorldBooks(world)).run()
    assert counts(world) == (3, 3, 3)
