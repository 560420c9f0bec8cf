"""No statement of a run, or of what is heard of its texts, reads or sorts a table that grows."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest
from sqlalchemy import Connection

from tests.ykt_telecom.ledger.money.world import a_world
from ykt_telecom.flows.statements import composing, following, punches, purses, writing
from ykt_telecom.storage.sql import Statement

MODULES: tuple[ModuleType, ...] = (composing, purses, punches, writing, following)


def statements() -> Iterator[tuple[str, Statement]]:
    """Every statement that these modules keep compiled."""
    for module in MODULES:
        for name, value in vars(module).items():
            if isinstance(value, Statement):
                yield f"{module.__name__.rpartition('.')[2]}.{name}", value
    for event, moves in following._MOVES.items():
        for _, move in moves:
            yield f"following.{event}", move


def plan_of(connection: Connection, statement: Statement) -> list[str]:
    compiled = statement._for(connection)
    given = tuple("[]" if place in compiled.listed else None for place, _ in enumerate(compiled.names))
    return [row[3] for row in connection.exec_driver_sql(f"explain query plan {compiled.sql}", given)]


@pytest.mark.parametrize(("name", "statement"), [pytest.param(*found, id=found[0]) for found in statements()])
def test_no_scan_and_no_temporary_sort(name: str, statement: Statement) -> None:
    """The 100,001st card costs what the 300th does."""
    with a_world().reading() as connection:
        plan = plan_of(connection, statement)
    for line in plan:
        assert "TEMP B-TREE" not in line, (name, plan)
        assert not line.startswith("SCAN ") or line.startswith("SCAN json_each"), (name, plan)
