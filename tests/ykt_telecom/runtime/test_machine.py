"""State machines: no gap gets past the import, and every transition is what somebody wrote down beside the table."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import column
from sqlalchemy.dialects import sqlite

from scripts.draw_states import FOLDER, machines, pages
from ykt_telecom.runtime.machine import REFUSE, IncompleteTable, Machine, refuse
from ykt_telecom.storage.literal import among, outside

WRITTEN = Path(__file__).parent / "transitions"
ALL = {machine.name: machine for machine in machines()}


def written(name: str) -> dict[tuple[str, str], str]:
    """The transitions of a machine as they stand in tests, one a line: `STATE EVENT -> STATE`."""
    found: dict[tuple[str, str], str] = {}
    for line in (WRITTEN / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            state, event, arrow, after = line.split()
            assert arrow == "->"
            assert (state, event) not in found, f"{name}: {line} stands there twice"
            found[state, event] = after
    return found


@pytest.mark.parametrize("name", ALL)
def test_each_event_in_each_state_does_what_is_written(name: str) -> None:
    """A transition that is deleted, added or bent differs from the list that somebody wrote by hand."""
    machine, expected = ALL[name], written(name)
    known = set(product(map(str, machine.states), map(str, machine.events)))
    assert set(expected) <= known, "the list names a state or an event that is gone"
    for state, event in product(machine.states, machine.events):
        after = expected.get((state, event))
        assert machine.after(state, event) == after, f"{name}: {event} in {state}"
        if after is None:
            with pytest.raises(machine.refusal, match=f"{event} does not fit the state {state}"):
                machine.follow(state, event)
        else:
            assert machine.follow(str(state), event) == after


def test_every_list_has_its_machine() -> None:
    """A machine that is renamed or dropped takes its list with it."""
    assert {path.stem for path in WRITTEN.glob("*.txt")} == set(ALL)


def test_the_drawings_are_current() -> None:
    """docs/states/ shows the tables as they are; `make states` draws them anew."""
    assert {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")} == pages()


class Door(StrEnum):
    OPEN = "OPEN"
    SHUT = "SHUT"
    GONE = "GONE"


class Hand(StrEnum):
    PUSH = "PUSH"
    PULL = "PULL"


class Stranger(StrEnum):
    OPEN = "OPEN"


WHOLE: dict[Any, dict[Any, Any]] = {
    Door.OPEN: {Hand.PUSH: Door.SHUT, Hand.PULL: Door.GONE},
    Door.SHUT: {Hand.PUSH: Door.SHUT, Hand.PULL: Door.OPEN},
    Door.GONE: refuse(*Hand),
}


def a_door(changes: Mapping[Any, Any]) -> Machine[Any, Any]:
    return Machine("door", (Door.OPEN,), ValueError, {**WHOLE, **changes})


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({Door.SHUT: {Hand.PUSH: Door.SHUT}}, "row SHUT does not say what PULL do"),
        ({Door.SHUT: {}}, "row SHUT does not say what PUSH, PULL do"),
        ({Door.OPEN: {Hand.PUSH: Door.SHUT, Hand.PULL: REFUSE}}, "nothing leads to GONE"),
        ({Door.SHUT: refuse(*Hand), Door.OPEN: {Hand.PUSH: Door.SHUT, Hand.PULL: Stranger.OPEN}}, "none of its names"),
        ({Door.SHUT: {**refuse(*Hand), "PUT": Door.OPEN}}, "none of its names"),
    ],
)
def test_a_table_with_a_gap_does_not_import(rows: Mapping[Any, Any], words: str) -> None:
    """A missing event, a lost state or a foreign name is found before anything runs."""
    with pytest.raises(IncompleteTable, match=words):
        a_door(rows)


def test_a_state_without_a_row_does_not_import() -> None:
    """A new state has to say what every event does there."""
    with pytest.raises(IncompleteTable, match="the state GONE has no row"):
        Machine("door", (Door.OPEN,), ValueError, {state: WHOLE[state] for state in (Door.OPEN, Door.SHUT)})


def test_an_event_that_nobody_takes_does_not_import() -> None:
    """An event that every state refuses is dead code."""
    rows = {Door.OPEN: {Hand.PUSH: Door.SHUT, Hand.PULL: REFUSE}, Door.SHUT: {Hand.PUSH: Door.GONE, Hand.PULL: REFUSE}}
    with pytest.raises(IncompleteTable, match="PULL are refused everywhere"):
        a_door(rows)


def test_many_objects_are_moved_by_one_statement_a_target() -> None:
    """The machine tells the states an event takes, the ends, and where each state leads."""
    door = a_door({})
    assert door.taking(Hand.PULL) == (Door.OPEN, Door.SHUT)
    assert door.sources(Hand.PUSH) == {Door.SHUT: (Door.OPEN, Door.SHUT)}
    assert door.ends == (Door.GONE,)
    with pytest.raises(KeyError):
        door.after("AJAR", Hand.PUSH)


def test_index_and_query_spell_a_condition_alike() -> None:
    """Only then does the planner see that the partial index covers the query."""
    door, dialect = a_door({}), sqlite.dialect()
    state: Any = column("state")

    def said(condition: Any) -> str:
        text = str(condition.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        return text.removeprefix("(").removesuffix("))") + ")" if text.startswith("(") else text

    states = (Door.OPEN, Door.SHUT)
    assert door.among(states) == said(among(state, states))
    assert door.outside(states) == said(outside(state, states))
