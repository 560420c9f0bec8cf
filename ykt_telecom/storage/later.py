"""Rows that no step of the same transaction reads (histories): collected, and written together before COMMIT.

One statement for all of them costs little more than one statement for one. They are part of the transaction like
everything else: rolled back with it, durable with it. Outside :func:`transaction` a row is written at once.
A table may have a writer of its own, which sees all its rows of the transaction at once (the seals of the audit log).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, Insert, Table, insert

_KEY = "ykt_later"

#: Writes all rows of a table; what it returns is called after the COMMIT.
Writer: TypeAlias = Callable[[Connection, Sequence[Mapping[str, Any]]], Callable[[], object] | None]

_WRITERS: WeakKeyDictionary[Engine, dict[Table, Writer]] = WeakKeyDictionary()


def write_with(engine: Engine, table: Table, writer: Writer) -> None:
    """From now on the table's collected rows are written by `writer`, at the end of each transaction of the engine."""
    _WRITERS.setdefault(engine, {})[table] = writer


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
def collecting(connection: Connection) -> Iterator[list[Callable[[], object]]]:
    """Collect what :func:`insert_later` is given, and write it when the block ends well; what to call after COMMIT."""
    after: list[Callable[[], object]] = []
    collected: dict[Table, list[Mapping[str, Any]]] = {}
    info = connection.info  # kept: a session that was lost no longer says where its own is
    info[_KEY] = collected
    try:
        yield after
        writers = _WRITERS.get(connection.engine, {})
        for table, rows in collected.items():
            writer = writers.get(table)
            if writer is None:
                connection.execute(_insert_into(table), rows)
            elif (told := writer(connection, rows)) is not None:
                after.append(told)
    finally:
        info.pop(_KEY, None)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """A transaction with what is collected in it: written before its COMMIT, told after it."""
    with engine.begin() as connection, collecting(connection) as after:
        yield connection
    for told in after:
        told()
