"""From version 1 to today's: nothing is lost on the way, and a way that is not gone to its end was never begun."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, event, inspect, select, text, update

from tests.ykt_telecom.engines import ENGINES, SQLITE, a_place
from tests.ykt_telecom.storage.migrations.version1 import ICCID, OCTETS, install
from ykt_telecom.ledger.money.tables import card_transaction
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.ota.tables import job, packet
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.storage.database import Database, Location, create_all, open_database
from ykt_telecom.storage.faults import SchemaMismatch
from ykt_telecom.storage.migrations.upgrading import migrate, script, upgrade
from ykt_telecom.storage.schema import SCHEMA_VERSION, alembic_version, load_areas, revision_of, schema_version
from ykt_telecom.storage.sqlite import SqliteDatabase

pytestmark = pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")

NOON = datetime(2026, 3, 1, 12, tzinfo=BUSINESS_ZONE)
COPIED = ("enterprise", "member", "card", "card_key", "mother_key", "counter_mark", "mo_window", "service_password",
          "purse", "imported_file", "shift", "leave_day", "statement_schedule", "statement_opt_out", "posting",
          "ledger_entry", "audit_row", "audit_head")  # fmt: skip


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Location]:
    with a_place(request.param, tmp_path, empty=True) as location:
        yield location


@pytest.fixture
def database(empty: Location) -> Iterator[Database]:
    opened = open_database(empty)
    yield opened
    opened.close()


def version_1(database: Database) -> None:
    with database.migrating() as conn:
        install(conn)


def everything(conn: Connection, metadata: MetaData | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables (of these, when they are given), as the database keeps them."""
    if metadata is None:
        metadata = MetaData()
        metadata.reflect(conn)
    return {
        name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
        for name, table in metadata.tables.items()
    }


def shape(conn: Connection) -> dict[str, Any]:
    """What the database says of its tables: columns, keys, indexes, checks."""
    found: dict[str, Any] = {}
    look = inspect(conn)
    for table in look.get_table_names():
        found[table] = {
            "columns": [(c["name"], str(c["type"]), c["nullable"], _default(c)) for c in look.get_columns(table)],
            "key": look.get_pk_constraint(table),
            "foreign": sorted(
                repr({k: v for k, v in one.items() if k != "options"}) for one in look.get_foreign_keys(table)
            ),
            "unique": sorted(repr(one) for one in look.get_unique_constraints(table)),
            "checks": sorted(str(one["sqltext"]) for one in look.get_check_constraints(table)),
            "indexes": sorted(_index(one) for one in look.get_indexes(table)),
        }
    if conn.dialect.name == "sqlite":
        made = conn.exec_driver_sql(
            "select name, sql from sqlite_master where sql is not null and name not like 'ykt%%'"
        )
        found["sql"] = {row.name: " ".join(row.sql.replace('"', "").split()) for row in made}
    return found


def _index(index: Any) -> str:
    options = {name: str(value) for name, value in index.get("dialect_options", {}).items()}
    return repr({**index, "dialect_options": options})


def _default(column: Any) -> bool:
    return str(column["default"] or "").startswith("nextval(")


def test_the_migrations_lead_to_the_tables_of_the_code(empty: Location, database: Database, tmp_path: Path) -> None:
    """Whoever changes a table writes its migration: `python -m scripts.freeze_schema`, then the copies of version 2."""
    with database.migrating() as conn:
        migrate(conn, 0, 1)
        schema_of_1 = shape(conn)
    assert "attempt" in schema_of_1
    with database.migrating() as conn:
        migrate(conn, 1, SCHEMA_VERSION)
        migrated = shape(conn)
    engine = SQLITE if isinstance(empty, Path) else "postgresql"
    with a_place(engine, tmp_path / "new", empty=True) as place:
        fresh = open_database(place)
        create_all(fresh, NOON)
        with fresh.reading() as conn:
            created = shape(conn)
        fresh.close()
    assert set(migrated) == set(created)
    for table in created:
        assert migrated[table] == created[table], table


def test_the_newest_migration_is_the_version_of_the_code() -> None:
    """One line of revisions, and its end is what the program wants."""
    assert script().get_heads() == [revision_of(SCHEMA_VERSION)]


def test_an_installation_of_version_1_is_carried_over(database: Database) -> None:
    """Every row is there again, jobs go on where they were, and packets that waited leave with the same octets."""
    version_1(database)
    with database.reading() as conn:
        old = everything(conn)
    assert upgrade(database, NOON) == 1
    create_all(database, NOON)  # starts: the schema is today's
    assert upgrade(database, NOON) == SCHEMA_VERSION
    with database.reading() as conn:
        new = everything(conn)
        jobs = dict(conn.execute(select(job.c.iccid, job.c.state)).all())
        packets = {row.job_id: row for row in conn.execute(select(packet))}
        texts = conn.execute(select(outbox.c.message, outbox.c.reference).order_by(outbox.c.id)).all()
        undone = conn.execute(select(card_transaction.c.id, card_transaction.c.undoes)).all()
    for table in COPIED:
        assert new[table] == old[table], table
    assert [len(new[name]) for name in ("job", "packet", "tap", "outbox")] == [7, 5, 6, 3]
    assert not [name for name in new if name.startswith("ykt_")]
    states = ("APPLIED", "SUBMITTED", "RETRY_WAIT", "RETRY_WAIT", "QUEUED", "INDETERMINATE", "QUEUED")
    assert jobs == {f"{int(ICCID) + number}": state for number, state in enumerate(states)}
    assert packets[3].octets == OCTETS
    assert packets[4].octets == OCTETS[:60]
    assert packets[2].octets is None
    assert (packets[2].accepted, packets[2].state, packets[1].por_status) == (0b11, "ACCEPTED", 0)
    assert [reference for _, reference in texts] == [0, 42, 42]
    assert dict(undone) == {1: None, 2: None, 3: None, 4: 2, 5: None}


def test_numbers_go_on_after_the_upgrade(database: Database) -> None:
    """A row that comes next does not meet the number of one that was carried over."""
    version_1(database)
    upgrade(database, NOON)
    row = {"enterprise_id": 1001, "msisdn": "8613800000002", "name": "李四", "state": "ACTIVE", "created_at": NOON}
    table = load_areas().tables["member"]
    with database.writing() as conn:
        assert conn.execute(table.insert().values(**row).returning(table.c.id)).scalar_one() > 7


class Killed(Exception):
    """The migration ends here."""


def test_a_migration_that_ends_at_any_statement_was_never_begun(database: Database) -> None:
    """Whatever statement it dies at, everything is as it was; then it goes through."""
    version_1(database)
    metadata = MetaData()
    with database.reading() as conn:
        metadata.reflect(conn)
        before = everything(conn, metadata)
    statements = _dying_at(database, None)
    stride = 1 if isinstance(database, SqliteDatabase) else 7  # a server takes a second for each
    for number in range(1, statements + 1, stride):
        assert _dying_at(database, number) == number
        with database.reading() as conn:
            assert everything(conn, metadata) == before, number
    assert statements > 100
    upgrade(database, NOON)
    create_all(database, NOON)


def _dying_at(database: Database, number: int | None) -> int:
    """Migrate, dying after the statement of that number, or at the end; how many there were."""
    done = 0

    def count(*_: Any) -> None:
        nonlocal done
        done += 1
        if done == number:
            raise Killed

    with contextlib.suppress(Killed), database.migrating() as conn:
        event.listen(conn, "after_cursor_execute", count)
        migrate(conn, 1, SCHEMA_VERSION)
        raise Killed
    return done


def test_kill_minus_nine_in_a_migration_leaves_version_1(tmp_path: Path) -> None:
    """The process is gone in the middle of its transaction, with its pages in the log: the next start is as before."""
    place = tmp_path / "ykt.db"
    database = open_database(place)
    version_1(database)
    with database.reading() as conn:
        before = everything(conn)
    database.close()
    for number in (3, 60, 130):
        died = subprocess.run(
            [sys.executable, "-c", _DIES, str(place), str(number)],
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
            check=False,
        )
        assert died.returncode == -signal.SIGKILL
        database = open_database(place)
        with database.reading() as conn:
            assert everything(conn) == before
        database.close()
    database = open_database(place)
    assert upgrade(database, NOON) == 1
    create_all(database, NOON)
    database.close()


_DIES = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import Engine, event
from ykt_telecom.storage.database import open_database
from ykt_telecom.storage.migrations.upgrading import upgrade
database = open_database(Path(sys.argv[1]))
left = int(sys.argv[2])
@event.listens_for(Engine, "after_cursor_execute")
def count(conn, *_):
    global left
    left -= 1
    if left == 0:
        conn.connection.dbapi_connection.execute("pragma cache_spill=1")
        os.kill(os.getpid(), signal.SIGKILL)
upgrade(database, datetime.now(UTC))
"""


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (update(schema_version).values(version=1), "stop the service, copy the database, then run `ykt db upgrade`"),
        (update(schema_version).values(version=99), "version 99 is newer"),
        (update(alembic_version).values(version_num="0001"), "a migration that has not ended"),
        (text("ALTER TABLE purse_closing RENAME TO other"), "tables that do not fit \\(purse_closing\\)"),
    ],
)
def test_a_database_that_does_not_fit_is_refused_with_the_remedy(database: Database, break_it: Any, said: str) -> None:
    """Nothing is started on older, newer or half-migrated tables; the sentence says what to do."""
    create_all(database, NOON)
    with database.writing() as conn:
        conn.execute(break_it)
    with pytest.raises(SchemaMismatch, match=said):
        create_all(database, NOON)


def test_tables_of_others_are_left_alone(database: Database) -> None:
    """A database with somebody else's tables is no empty one."""
    with database.writing() as conn:
        conn.execute(text("CREATE TABLE theirs (id INTEGER)"))
    with pytest.raises(SchemaMismatch, match="some other program"):
        create_all(database, NOON)
    with pytest.raises(SchemaMismatch, match="nothing to upgrade"):
        upgrade(database, NOON)
