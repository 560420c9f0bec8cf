"""Statements that are compiled once: lists in one parameter, constants of their own, and the indexes they are for."""

from __future__ import annotations

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, bindparam, create_engine, insert, select, text

from ykt_telecom.storage.literal import among
from ykt_telecom.storage.sql import Statement, in_list, in_pairs

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


def test_pairs_of_a_list_use_the_index_over_both_columns() -> None:
    """A card's one request by its counter, not all that the card ever asked."""
    engine = create_engine("sqlite://")
    columns = (Column("card", String(20)), Column("counter", Integer), Column("word", String(5)))
    asked = Table("asked", MetaData(), *columns, Index("ix_asked", "card", "counter"))
    asked.metadata.create_all(engine)
    wanted = select(asked.c.word).where(in_pairs((asked.c.card, asked.c.counter), "pairs")).order_by(asked.c.word)
    find = Statement(wanted)
    with engine.begin() as connection:
        rows = [{"card": f"C{number % 2}", "counter": number, "word": f"W{number}"} for number in range(6)]
        Statement(insert(asked), ["card", "counter", "word"]).many(connection, rows)
        assert find.rows(connection, pairs=[("C0", 2), ("C1", 5), ("C1", 4), ("C9", 0)]) == [("W2",), ("W5",)]
        assert find.rows(connection, pairs=[]) == []
        plan = connection.exec_driver_sql(f"explain query plan {wanted.compile(engine)}", ("[]",)).all()
    assert any("ix_asked (card=? AND counter=?)" in row[3] for row in plan), plan


def test_a_value_that_is_missing_is_named() -> None:
    """A slip in a name is a KeyError at once, not a row less."""
    engine = create_engine("sqlite://")
    PARCEL.metadata.create_all(engine)
    with engine.begin() as connection, pytest.raises(KeyError, match="most"):
        FIRST.rows(connection, towns=[])
