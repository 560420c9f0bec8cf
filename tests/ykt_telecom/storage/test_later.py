"""Rows written at the end of a transaction: in their order, with it or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ykt_telecom.registry.audit.tables import audit_row
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.storage.database import Database, create_all, open_database
from ykt_telecom.storage.later import insert_later

NOON = datetime(2026, 3, 1, 12, tzinfo=BUSINESS_ZONE)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    found = open_database(tmp_path / "later.db")
    create_all(found, NOON)
    yield found
    found.close()


def a_row(action: str) -> dict[str, Any]:
    return {"at": NOON, "actor": "test", "action": action, "subject": "", "facts": {}}


def actions(database: Database) -> list[str]:
    with database.reading() as conn:
        return [row.action for row in conn.execute(select(audit_row).order_by(audit_row.c.seq))]


def test_rows_come_in_the_order_they_were_given(database: Database) -> None:
    """Nothing is there while the transaction runs; everything is, in its order, after it."""
    with database.writing() as conn:
        for action in ("a", "b", "c"):
            insert_later(conn, audit_row, a_row(action))
        assert conn.execute(select(audit_row)).all() == []
    assert actions(database) == ["a", "b", "c"]


def test_a_failed_transaction_leaves_none_and_hands_none_on(database: Database) -> None:
    """What was collected goes with the transaction: the next one on the same connection starts empty."""

    def fail() -> None:
        with database.writing() as conn:
            insert_later(conn, audit_row, a_row("lost"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.writing() as conn:
        insert_later(conn, audit_row, a_row("kept"))
    assert actions(database) == ["kept"]


def test_a_row_that_does_not_fit_fails_its_transaction(database: Database) -> None:
    """A broken row is found before COMMIT, so the step that gave it is told."""
    with pytest.raises(Exception, match="NOT NULL"), database.writing() as conn:
        insert_later(conn, audit_row, {**a_row("broken"), "actor": None})
    assert actions(database) == []


def test_elsewhere_a_row_is_written_at_once(database: Database) -> None:
    """A transaction that nobody collects for."""
    with database.engine.begin() as conn:
        insert_later(conn, audit_row, a_row("now"))
        assert len(conn.execute(select(audit_row)).all()) == 1
