"""The committer: one writer, isolated failures, effects after the commit."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import OperationalError

from tests.tasks import in_task
from ykt_telecom.registry.audit.steps import record
from ykt_telecom.registry.audit.tables import audit_row
from ykt_telecom.runtime.clock import BUSINESS_ZONE, ManualClock
from ykt_telecom.runtime.tokens import SeededTokens
from ykt_telecom.storage.committer import Committer, Failed
from ykt_telecom.storage.context import StepContext
from ykt_telecom.storage.database import create_all, open_database, open_for_reading
from ykt_telecom.storage.faults import AlreadyRunning, StorageUnavailable
from ykt_telecom.storage.marks import OUTBOX, mark
from ykt_telecom.storage.schema import schema_version

NOON = datetime(2026, 3, 1, 12, tzinfo=BUSINESS_ZONE)


@asynccontextmanager
async def a_committer(folder: Path) -> AsyncIterator[Committer]:
    database = open_database(folder / "db" / "ykt.db")
    create_all(database, NOON)
    committer = Committer(database, ManualClock(NOON), SeededTokens())
    committer.start()
    try:
        yield committer
    finally:
        await committer.stop()
        database.close()


def a_row(conn: Connection, action: str) -> None:
    record(conn, at=NOON, actor="test", action=action, subject="s")


def count(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(audit_row)).scalar_one())


def test_an_error_of_the_database_names_no_values(tmp_path: Path) -> None:
    """What was to be written or found may be a verifier or a member's text; errors end up in logs."""
    path = tmp_path / "db" / "ykt.db"
    database = open_database(path)
    create_all(database, NOON)
    for opened in (database, open_for_reading(path)):
        with pytest.raises(OperationalError) as raised, opened.reading() as conn:
            conn.execute(text("select :value from nowhere"), {"value": "135790"})
        assert "135790" not in str(raised.value)
        opened.engine.dispose()


@in_task
async def test_what_was_answered_is_in_the_database(tmp_path: Path) -> None:
    """When `run` returns, another connection sees the row."""
    async with a_committer(tmp_path) as committer:
        await committer.run(lambda conn: a_row(conn, "one"))
        assert await committer.read(count) == 1


@in_task
async def test_steps_that_wait_together_share_a_transaction(tmp_path: Path) -> None:
    """A burst of a hundred steps costs a few transactions, not a hundred."""
    async with a_committer(tmp_path) as committer:
        await asyncio.gather(*(committer.run(lambda conn: a_row(conn, "row")) for _ in range(100)))
        assert await committer.read(count) == 100
        assert committer.steps == 100
        assert committer.transactions < 50


@in_task
async def test_a_raising_step_harms_nobody_else(tmp_path: Path) -> None:
    """Its own writes are gone, its caller gets the error, its neighbours are stored."""

    def fails(conn: Connection) -> None:
        a_row(conn, "gone")
        raise KeyError("bad order")

    async with a_committer(tmp_path) as committer:
        results = await asyncio.gather(
            committer.run(lambda conn: a_row(conn, "before")),
            committer.run(fails),
            committer.run(lambda conn: a_row(conn, "after")),
            return_exceptions=True,
        )
        assert [type(result) for result in results] == [type(None), KeyError, type(None)]
        assert await committer.read(count) == 2


@in_task
async def test_effects_run_after_the_commit_and_only_then(tmp_path: Path) -> None:
    """A step that raises leaves no effect; one that is run again leaves its effect once."""
    told: list[str] = []

    def tells(conn: Connection, context: StepContext) -> None:
        a_row(conn, "told")
        context.effects.append(lambda: told.append("told"))

    def fails(conn: Connection, context: StepContext) -> None:
        context.effects.append(lambda: told.append("never"))
        raise ValueError("no")

    async with a_committer(tmp_path) as committer:
        await asyncio.gather(committer.perform(tells), committer.perform(fails), return_exceptions=True)
    assert told == ["told"]


@in_task
async def test_a_mark_wakes_its_listeners_once_a_commit(tmp_path: Path) -> None:
    """Whoever sends the outbox is woken when a transaction has put something into it."""
    woken: list[str] = []
    async with a_committer(tmp_path) as committer:
        committer.listeners[OUTBOX] = [lambda: woken.append("pump")]
        await committer.run(lambda conn: mark(conn, OUTBOX))
        await committer.run(lambda conn: a_row(conn, "unmarked"))
    assert woken == ["pump"]


@in_task
async def test_a_full_disk_rejects_and_a_later_commit_recovers(tmp_path: Path) -> None:
    """Not ready while nothing can be stored; ready again with the first commit that works."""

    def full(conn: Connection) -> None:
        fault = sqlite3.OperationalError("database or disk is full")
        fault.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise OperationalError("insert", {}, fault)

    async with a_committer(tmp_path) as committer:
        with pytest.raises(StorageUnavailable, match="full"):
            await committer.run(full)
        assert not committer.is_ready
        await committer.run(lambda conn: a_row(conn, "space again"))
        assert committer.is_ready


@in_task
async def test_stopping_commits_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    """Nobody who was let in is dropped; nobody is let in afterwards."""
    async with a_committer(tmp_path) as committer:
        waiting = [asyncio.ensure_future(committer.run(lambda conn: a_row(conn, "late"))) for _ in range(20)]
        await asyncio.sleep(0)
        await committer.stop()
        assert await asyncio.gather(*waiting) == [None] * 20
        with pytest.raises(StorageUnavailable, match="stopping"):
            await committer.run(count)


def test_a_second_instance_is_turned_away(tmp_path: Path) -> None:
    """Two programs on one database would reuse counters."""
    database = open_database(tmp_path / "ykt.db")
    with pytest.raises(AlreadyRunning):
        open_database(tmp_path / "ykt.db")
    database.close()
    open_database(tmp_path / "ykt.db").close()


def test_the_database_is_durable_and_private(tmp_path: Path) -> None:
    """WAL, synchronous FULL, foreign keys on; nobody else may read the files."""
    database = open_database(tmp_path / "db" / "ykt.db")
    create_all(database, NOON)
    create_all(database, NOON)
    with database.writing() as conn:
        found = [
            conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert conn.execute(select(schema_version.c.applied_at)).scalar_one() == NOON
    assert found == ["wal", 2, 1]
    modes = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "db").iterdir()}
    database.close()
    assert set(modes.values()) == {0}
    assert (tmp_path / "db").stat().st_mode & 0o077 == 0


def a_batch(conn: Connection, context: StepContext, items: Sequence[str]) -> list[str]:
    """Writes a row for each item; "bad" is an error of its own, told apart only when it runs alone."""
    for item in items:
        if item == "bad":
            raise ValueError("bad item")
        a_row(conn, item)
    return [f"{item} of {len(items)}" for item in items]


@in_task
async def test_items_that_wait_for_one_step_share_a_call(tmp_path: Path) -> None:
    """A burst for one function is one call of it with all items, and each caller hears of its own."""
    async with a_committer(tmp_path) as committer:
        told = await asyncio.gather(*(committer.together(a_batch, f"item{number}") for number in range(40)))
        assert [one.partition(" ")[0] for one in told] == [f"item{number}" for number in range(40)]
        assert max(int(one.rpartition(" ")[2]) for one in told) > 20


@in_task
async def test_an_item_that_raises_fails_alone(tmp_path: Path) -> None:
    """One bad item undoes nothing but itself."""
    async with a_committer(tmp_path) as committer:
        waiting = [committer.together(a_batch, item) for item in ("one", "bad", "two")]
        told = await asyncio.gather(*waiting, return_exceptions=True)
        assert told[0] == "one of 1"
        assert told[2] == "two of 1"
        assert isinstance(told[1], ValueError)
        assert await committer.read(count) == 2


@in_task
async def test_a_list_hears_of_all_its_items_at_once(tmp_path: Path) -> None:
    """A list given in one piece gets one answer: a result, or what failed, for each."""
    async with a_committer(tmp_path) as committer:
        told: asyncio.Future[Sequence[object]] = asyncio.get_running_loop().create_future()
        committer.together_all(a_batch, ["one", "bad"], told.set_result)
        first, second = await told
        assert first == "one of 1"
        assert isinstance(second, Failed)
        assert str(second.error) == "bad item"
