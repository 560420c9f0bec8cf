"""What the SMSC says of a statement's segments moves the statement by its table, one fact or many at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, select

from tests.ykt_telecom.flows.statements.month import SEPTEMBER, a_month, run_all
from tests.ykt_telecom.ledger.money.world import HUAXIN, NOON, World, a_world
from ykt_telecom.flows.statements.following import on_receipts, on_sent
from ykt_telecom.flows.statements.overview import runs_of
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.flows.statements.tables import statement, statement_run
from ykt_telecom.messaging.facts import OutboxState, TextReceipt, TextSent
from ykt_telecom.storage.context import StepContext


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


SENT = st.builds(
    lambda number, segment, state, doubtful: TextSent(0, segment, 2, state, 0, doubtful, "statement", number),
    st.integers(1, 4),
    st.sampled_from((1, 2)),
    st.sampled_from(list(OutboxState)),
    st.booleans(),
)
RECEIPT = st.builds(
    lambda number, segment, state: TextReceipt(0, segment, 2, state, None, "statement", number, NOON),
    st.integers(1, 4),
    st.sampled_from((1, 2)),
    st.sampled_from(("DELIVRD", "UNDELIV", "EXPIRED", "ENROUTE")),
)


def four_statements() -> World:
    world = a_world()

    def write(connection: Connection, _: StepContext) -> None:
        run = {"enterprise_id": HUAXIN, "kind": "CONSUMPTION", "period": "2026-09"}
        connection.execute(
            insert(statement_run).values(
                **run, id=1, revision=0, state="SENT", cutoff=0, members_up_to=4, opened_at=NOON
            )
        )
        for number in range(1, 5):
            connection.execute(
                insert(statement).values(
                    **run,
                    id=number,
                    run_id=1,
                    member_id=number,
                    state="QUEUED",
                    segments=1 + number % 2,
                    delivered=0,
                    possible_duplicate=False,
                    created_at=NOON,
                    updated_at=NOON,
                )
            )

    for number in range(1, 5):
        world.add_member(number, HUAXIN)
    world.run(write)
    return world


def tell(world: World, facts: Sequence[TextSent | TextReceipt]) -> None:
    """As one list for each kind, in their order: what was sent first, then the receipts."""
    sent = [fact for fact in facts if isinstance(fact, TextSent)]
    receipts = [fact for fact in facts if isinstance(fact, TextReceipt)]
    world.run(lambda connection, context: on_sent(connection, context, sent))
    world.run(lambda connection, context: on_receipts(connection, context, receipts))


def what_became(world: World) -> list[Any]:
    with world.reading() as connection:
        return list(connection.execute(select(statement).order_by(statement.c.id)).all())


@given(st.lists(SENT, max_size=12), st.lists(RECEIPT, max_size=12))
@settings(max_examples=25, deadline=None)
def test_facts_told_together_do_what_they_do_one_by_one(sent: list[TextSent], receipts: list[TextReceipt]) -> None:
    """A busy turn of the loop brings hundreds; their order within a statement stands."""
    together, one_by_one = four_statements(), four_statements()
    told: list[TextSent | TextReceipt] = [*sent, *receipts]
    tell(together, told)
    for fact in told:
        tell(one_by_one, [fact])
    assert what_became(together) == what_became(one_by_one)


def test_what_is_told_of_others_changes_nothing() -> None:
    """A text of another origin, or one whose statement is gone: nothing changes, nothing fails."""
    world = four_statements()
    before = what_became(world)
    stranger = TextSent(0, 1, 1, OutboxState.REFUSED, 0, True, "dialogue", 1)
    gone = TextSent(0, 1, 1, OutboxState.REFUSED, 0, True, "statement", 99)
    tell(world, [stranger, gone, TextReceipt(0, 1, 1, "UNDELIV", None, "dialogue", 1, NOON)])
    assert what_became(world) == before
