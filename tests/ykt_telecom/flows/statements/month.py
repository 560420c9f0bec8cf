"""A month of two small enterprises, and books on it that can be killed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from sqlalchemy import Connection, func, select

from tests.ykt_telecom.ledger.money.world import CUIHU, HUAXIN, World, a_world, iccid_of
from ykt_telecom.demo.generator import generate_month
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.flows.statements.runs import RunReport, run_statements
from ykt_telecom.flows.statements.tables import statement
from ykt_telecom.ledger.attendance.steps import post_events
from ykt_telecom.ledger.money.steps import CardTransaction, post_transactions
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.storage.committer import BatchStep
from ykt_telecom.storage.context import StepContext
from ykt_telecom.wiring.transactions import Settled, drive

T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

SEPTEMBER = Period(2026, 9)
MEMBERS = 12


class Killed(BaseException):
    """kill -9."""


@dataclass
class WorldBooks:
    """Steps on a world, each done at once; killed before the commit of the `dies_at`-th transaction."""

    world: World
    dies_at: int | None = None
    transactions: int = 0

    def run(self, step: Callable[[Connection, StepContext], T]) -> T:
        self.transactions += 1

        def guarded(connection: Connection, context: StepContext) -> T:
            result = step(connection, context)
            if self.transactions == self.dies_at:
                raise Killed
            return result

        return self.world.run(guarded)

    async def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> T:
        return self.run(step)

    def together(self, step: BatchStep[I, R], item: I, *, bulk: bool = False) -> Awaitable[R]:
        return Settled(self.run(lambda connection, context: step(connection, context, [item]))[0])

    async def read(self, step: Callable[[Connection], T]) -> T:
        with self.world.reading() as connection:
            return step(connection)


def a_month(members: int = MEMBERS, days: int = 40) -> World:
    """Two enterprises, their members, and a generated September (of each the first `days` transactions and taps)."""
    world = a_world()
    chance = Random(5)
    for number in range(1, members + 1):
        world.add_member(number, HUAXIN, "王伟")
        if number % 3 == 0:
            world.add_member(number, CUIHU, "王伟")
        made = generate_month(chance, iccid=iccid_of(number), enterprise_id=HUAXIN, year=2026, month=9)

        def post(connection: Connection, context: StepContext, made: Any = made) -> None:
            post_transactions(connection, context, made.transactions[:days], origin="test")
            post_events(connection, context, made.events[:days], origin="test")

        world.run(post)
    return world


def book(world: World, *transactions: CardTransaction) -> None:
    """Upload them, in this order."""

    world.run(lambda connection, context: post_transactions(connection, context, transactions, origin="test"))


def run_all(
    world: World, dies_at: int | None = None, period: Period = SEPTEMBER, **changes: Any
) -> tuple[RunReport, ...]:
    return drive(run_statements(WorldBooks(world, dies_at), period, **{"page": 5, **changes}))


def counts(world: World) -> tuple[int, int, int]:
    """Statements, distinct ones, messages in the outbox."""
    with world.reading() as connection:
        rows = connection.execute(
            select(statement.c.member_id, statement.c.enterprise_id, statement.c.kind, statement.c.period)
        ).all()
        messages = connection.execute(select(func.count(func.distinct(outbox.c.message)))).scalar_one()
    return len(rows), len(set(rows)), messages
