"""Row numbers go on above what the database holds, however far the clock was set back meanwhile."""

from __future__ import annotations

import pytest

from tests.ykt_telecom.flows.statements.month import a_month, run_all
from tests.ykt_telecom.ledger.money.world import World
from ykt_telecom.runtime.tokens import SeededTokens, SystemTokens, Tokens
from ykt_telecom.storage.numbers import highest_number


@pytest.fixture(scope="module")
def world() -> World:
    """Books, statements and texts of a first life."""
    lived = a_month(2, days=3)
    run_all(lived)
    return lived


@pytest.mark.parametrize("table", ["posting", "statement", "outbox", "statement_run", "attendance_event"])
def test_a_second_life_goes_on_above_the_first(world: World, table: str) -> None:
    """A cut-off of the first life never covers what is booked in the second."""
    tokens = SeededTokens("the second life")
    with world.reading() as connection:
        tokens.at_least(highest_number(connection))
        last = connection.exec_driver_sql(f"select max(id) from {table}").scalar_one()  # noqa: S608 - a name above
    assert tokens.next_number() > last > 0


@pytest.mark.parametrize("tokens", [SeededTokens(), SystemTokens()], ids=["seeded", "system"])
def test_a_number_is_never_lowered(tokens: Tokens) -> None:
    """An empty database has nothing to say to a source that has given numbers already."""
    given = tokens.next_number()
    tokens.at_least(0)
    assert tokens.next_number() > given
    tokens.at_least(given + (1 << 60))
    assert tokens.next_number() > given + (1 << 60)
