"""Statements that are compiled once: lists in one parameter, constants of their own, and the indexes they are for."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, bindparam, create_engine, insert, select, text

from ykt_telecom.storage.literal import among
from ykt_telecom.storage.sql import Statement, in_list

PARCEL = Table(
    "parcel",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("town", String(10)),
    Column("state", String(10)),
    Index("ix_parcel_open", "town", sqlite_where=text("state in ('NEW', 'SENT')")),
)
OPEN = select(PARCEL.c.id).where(in_list(PARCEL.c.town, "towns"), among(PARCEL.c.state, ("NEW", "SENT")))
FIRST = Statement(OPEN.where(PARCEL.c.id != 3).order_by(PARCEL.c.id).limit(bindparam("most")))


def test_a_list_and_literal_states_use_the_index() -> None:
    """The very index that was made for them, whatever the length of the list."""
    engine = create_engine("sqlite://")
    PARCEL.metadata.create_all(engine)
    rows = [
        {"id": number, "town": f"T{number % 3}", "state": ("NEW", "SENT", "GONE")[number % 4 % 3]}
        for number in range(9)
    ]
    with engine.begin() as connection:
        Statement(insert(PARCEL), ["id", "town", "state"]).many(connection, rows)
        assert FIRST.rows(connection, towns=["T0", "T1"], most=3) == [(0,), (1,), (4,)]
        assert FIRST.rows(connection, towns=[], most=3) == []
        plan = connection.exec_driver_sql(f"explain query plan {OPEN.compile(engine)}", ("[]",)).all()
    assert any("ix_parcel_open" in row[3] for row in plan)


def test_a_value_that_is_missing_is_named() -> None:
    """A slip in a name is a KeyError at once, not a row less."""
    engine = create_engine("sqlite://")
    PARCEL.metadata.create_all(engine)
    with engine.begin() as connection, pytest.raises(KeyError, match="most"):
        FIRST.rows(connection, towns=[])
