"""Rows that no step of the same transaction reads (histories): collected, and written together before COMMIT.

One statement for all of them costs little more than one statement for one. They are part of the transaction like
everything else: rolled back with it, durable with it. Outside `Database.writing` a row is written at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert, Table, insert

_KEY = "ykt_later"


@cache
def _insert_into(table: Table) -> Insert:
    return insert(table)


def insert_later(conn: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Write the row at the end of this transaction; the rows of a table keep their order and have the same columns."""
    collected = conn.info.get(_KEY)
    if collected is None:
        conn.execute(_insert_into(table), row)
    else:
        collected.setdefault(table, []).append(row)


@contextmanager
def collecting(conn: Connection) -> Iterator[None]:
    """Collect what :func:`insert_later` is given, and write it when the block ends well."""
    collected: dict[Table, list[Mapping[str, Any]]] = {}
    info = conn.info
    info[_KEY] = collected
    try:
        yield
        for table, rows in collected.items():
            conn.execute(_insert_into(table), rows)
    finally:
        info.pop(_KEY, None)
