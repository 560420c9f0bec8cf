"""The numbers that rows carry: they rise over every restart, whatever the clock says.

What is compared by number (the cut-off of a run, the order of the books) must not meet an older number later.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import BigInteger, Column, Connection, Integer, func, select

from .schema import load_areas


def highest_number(conn: Connection) -> int:
    """The highest number that a row of any table has been given; 0 in an empty database."""
    columns = list(_numbered())
    return max(conn.execute(select(func.max(column))).scalar() or 0 for column in columns)


def _numbered() -> Iterator[Column[int]]:
    """The primary keys that may come from `StepContext.next_number`: one number that the database does not make."""
    for table in load_areas().sorted_tables:
        keys = list(table.primary_key.columns)
        is_ours = len(keys) == 1 and keys[0].autoincrement is False and not keys[0].foreign_keys
        if is_ours and isinstance(keys[0].type, BigInteger | Integer):
            yield keys[0]
