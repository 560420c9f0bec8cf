"""Conditions on states written as literals: only then can SQLite prove that a partial index covers the query.

With `state IN (?, ?)` it cannot know the states when it plans, so it scans the table: the cost of one round trip grew
with every card and every job there ever was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import literal_column


def among(column: Any, states: Iterable[str]) -> Any:
    """`column IN ('A', 'B')`, spelled as in the index."""
    return column.in_(_literals(states))


def outside(column: Any, states: Iterable[str]) -> Any:
    """`column NOT IN ('A', 'B')`, spelled as in the index."""
    return column.not_in(_literals(states))


def _literals(states: Iterable[str]) -> list[Any]:
    return [literal_column("'{}'".format(str(state).replace("'", "''"))) for state in states]
