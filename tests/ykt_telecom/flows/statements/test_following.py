"""What the SMSC says of a statement's segments moves the statement by its table, one fact or many at a time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from tests.ykt_telecom.flows.statements.month import SEPTEMBER, a_month, run_all
from tests.ykt_telecom.ledger.money.world import HUAXIN, World
from ykt_telecom.flows.statements.following import on_receipts, on_sent
from ykt_telecom.flows.statements.overview import runs_of
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.flows.statements.tables import statement
from ykt_telecom.messaging.facts import OutboxState, TextReceipt, TextSent


def a_statement(world: World) -> Any:
    run_all(world, enterprise_id=HUAXIN, kinds=[StatementKind.CONSUMPTION])
    world.run(lambda connection, _: connection.execute(statement.update().values(segments=2)))
    with world.reading() as connection:
        return connection.execute(select(statement)).one()


def receipt(world: World, row: Any, segment: int, state: str, origin: str = "statement") -> None:
    fact = TextReceipt(row.message, segment, 2, state, None, origin, row.id, world.now)
    world.run(lambda connection, context: on_receipts(connection, context, [fact]))


def submit(world: World, row: Any, state: OutboxState, *, doubtful: bool = False) -> None:
    fact = TextSent(row.message, 1, 2, state, 0, doubtful, "statement", row.id)
    world.run(lambda connection, context: on_sent(connection, context, [fact]))


def state_of(world: World) -> tuple[str, bool]:
    with world.reading() as connection:
        row = connection.execute(select(statement)).one()
    return row.state, row.possible_duplicate


def test_a_statement_is_delivered_when_every_segment_is() -> None:
    """A receipt that comes twice does not stand for the other one."""
    world = a_month(1)
    row = a_statement(world)
    submit(world, row, OutboxState.ACCEPTED)
    assert state_of(world) == ("ACCEPTED", False)
    for segment, state, expected in (
        (1, "DELIVRD", "ACCEPTED"),
        (1, "DELIVRD", "ACCEPTED"),
        (2, "ENROUTE", "ACCEPTED"),
        (2, "DELIVRD", "DELIVERED"),
        (2, "DELIVRD", "DELIVERED"),
    ):
        receipt(world, row, segment, state)
        assert state_of(world)[0] == expected
    submit(world, row, OutboxState.ACCEPTED)
    receipt(world, row, 1, "UNDELIV", origin="dialogue")
    assert state_of(world) == ("DELIVERED", False)


def test_a_failed_segment_stands_and_a_doubt_is_shown() -> None:
    """UNDELIV is the end; sent twice by a crash is flagged (I9)."""
    world = a_month(1)
    row = a_statement(world)
    submit(world, row, OutboxState.UNKNOWN, doubtful=True)
    assert state_of(world) == ("UNKNOWN", True)
    submit(world, row, OutboxState.ACCEPTED)
    assert state_of(world) == ("UNKNOWN", True)
    receipt(world, row, 1, "UNDELIV")
    receipt(world, row, 2, "DELIVRD")
    assert state_of(world) == ("UNDELIVERED", True)
    with world.reading() as connection:
        line = runs_of(connection, SEPTEMBER)[0]
    assert (line.states, line.possible_duplicates) == ((("UNDELIVERED", 1),), 1)
