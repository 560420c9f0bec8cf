"""What a database promises, on both engines; and what only a server can do to us."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, func, insert, make_url, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from tests.ykt_telecom.engines import POSTGRESQL, a_place
from ykt_telecom.registry.directory.tables import enterprise
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.storage.database import Location, create_all, open_database, open_for_reading
from ykt_telecom.storage.faults import AlreadyRunning, OutcomeUnknown, StorageUnavailable, is_transient, storage_fault
from ykt_telecom.storage.postgresql import PostgresqlDatabase

NOON = datetime(2026, 3, 1, 12, tzinfo=BUSINESS_ZONE)


def add(conn: Connection, number: int) -> None:
    row = {
        "id": number,
        "code": f"E{number}",
        "name": "红岩",
        "signature": "红岩",
        "load_cap_fen": 1,
        "state": "ACTIVE",
    }
    conn.execute(insert(enterprise).values(**row, created_at=NOON))


def count(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(enterprise)).scalar_one())


def test_a_second_instance_waits_outside(place: Location) -> None:
    """Two programs on one database would use counters twice; when the first has gone, the second gets in."""
    first = open_database(place)
    with pytest.raises(AlreadyRunning, match="another instance uses"):
        open_database(place)
    first.close()
    open_database(place).close()


def test_a_view_stands_still_while_others_write(place: Location) -> None:
    """What a reader has begun to look at does not change under it, and it keeps nobody waiting."""
    database = open_database(place)
    create_all(database, NOON)
    with database.reading() as view:
        assert count(view) == 0
        with database.writing() as conn:
            add(conn, 1)
        assert count(view) == 0
    with database.reading() as view:
        assert count(view) == 1
    database.close()


def test_whoever_only_looks_cannot_write(place: Location) -> None:
    """A command that reads beside the running service is refused by the database itself."""
    database = open_database(place)
    create_all(database, NOON)
    beside = open_for_reading(place)
    with beside.reading() as conn, pytest.raises(DBAPIError):
        add(conn, 1)
    beside.close()
    database.close()


def test_a_transaction_is_stored_whole_or_not_at_all(place: Location) -> None:
    """The second row breaks a rule: the first is gone, too, and the fault is the step's own."""
    database = open_database(place)
    create_all(database, NOON)
    with pytest.raises(IntegrityError) as raised, database.writing() as conn:  # noqa: PT012 - the second one raises
        add(conn, 1)
        add(conn, 1)
    assert storage_fault(raised.value) is None
    with database.reading() as conn:
        assert count(conn) == 0
    database.close()


# --- a server -------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with a_place(POSTGRESQL, tmp_path) as place:
        yield str(place)


@pytest.fixture
def database(server: str) -> Iterator[PostgresqlDatabase]:
    opened = open_database(server)
    assert isinstance(opened, PostgresqlDatabase)
    create_all(opened, NOON)
    yield opened
    opened.close()


def end_session(server: str, session: int) -> None:
    """As an administrator does, or a restart of the server."""
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as conn:
        conn.execute(text("select pg_terminate_backend(:session, 5000)"), {"session": session})


def session_of(conn: Connection) -> int:
    return int(conn.exec_driver_sql("select pg_backend_pid()").scalar_one())


def test_a_session_that_the_server_ended_is_the_storages_fault(server: str, database: PostgresqlDatabase) -> None:
    """Nothing of that transaction is stored; the next one has a new session, and the lock again."""
    with pytest.raises(DBAPIError) as raised, database.writing() as conn:  # noqa: PT012 - the second one raises
        add(conn, 1)
        end_session(server, session_of(conn))
        add(conn, 2)
    assert storage_fault(raised.value) is not None
    with database.writing() as conn:
        add(conn, 3)
        assert count(conn) == 1
    with pytest.raises(AlreadyRunning):
        open_database(server)


def test_an_instance_that_was_replaced_writes_no_more(server: str, database: PostgresqlDatabase) -> None:
    """Its session ends, another instance works and goes: what the first one remembers is no longer true."""
    with database.writing() as conn:
        session = session_of(conn)
    end_session(server, session)
    open_database(server).close()
    for _ in range(2):
        with pytest.raises(AlreadyRunning, match="meanwhile") as raised, database.writing() as conn:
            add(conn, 1)
        assert storage_fault(raised.value) is not None


def lost_at_commit(engine: Engine, before: bool) -> None:
    """Once, the session dies at COMMIT: before the server has it, or after, so that only the answer is lost."""
    dialect: Any = engine.dialect
    do_commit = dialect.do_commit

    def dies(session: Any) -> None:
        dialect.do_commit = do_commit
        if not before:
            do_commit(session)
        session.dbapi_connection.close()
        do_commit(session)

    dialect.do_commit = dies


def test_a_lost_answer_to_commit_is_looked_up(database: PostgresqlDatabase) -> None:
    """The transaction stands, so its caller is told so: nothing is done twice."""
    lost_at_commit(database.engine, before=False)
    with database.writing() as conn:
        add(conn, 1)
    with database.reading() as conn:
        assert count(conn) == 1


def test_a_commit_that_never_arrived_stored_nothing(database: PostgresqlDatabase) -> None:
    """The server rolled it back, and says so."""
    lost_at_commit(database.engine, before=True)
    with pytest.raises(StorageUnavailable, match="nothing was stored") as raised, database.writing() as conn:
        add(conn, 1)
    assert not isinstance(raised.value, OutcomeUnknown)
    with database.reading() as conn:
        assert count(conn) == 0


def test_an_outcome_that_nobody_knows_is_called_unknown(server: str, database: PostgresqlDatabase) -> None:
    """The server is gone with its answer: whoever asked must look before doing it again."""
    impatient = PostgresqlDatabase(database.engine, create_engine("postgresql+psycopg://127.0.0.1:1/x"), "x", 0.0)
    lost_at_commit(database.engine, before=False)
    with pytest.raises(OutcomeUnknown, match="does not say whether"), impatient.writing() as conn:
        add(conn, 1)


def test_two_sessions_that_cross_are_no_fault_of_the_step(server: str, database: PostgresqlDatabase) -> None:
    """SERIALIZATION_FAILURE: the same work may be done again."""
    engine = create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), poolclass=NullPool, isolation_level="REPEATABLE READ"
    )
    with database.writing() as conn:
        add(conn, 1)
    raise_cap = enterprise.update().values(load_cap_fen=enterprise.c.load_cap_fen + 1)
    with engine.connect() as other:
        assert count(other) == 1
        with database.writing() as conn:
            conn.execute(raise_cap)
        with pytest.raises(DBAPIError) as raised:
            other.execute(raise_cap)
    assert is_transient(raised.value)
    assert storage_fault(raised.value) is not None


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    """Whoever starts the service sees where it wanted to go."""
    with pytest.raises(StorageUnavailable, match=r"postgresql://ykt:\*\*\*@127.0.0.1:1/ykt: .*refused"):
        open_database("postgresql://ykt:geheim@127.0.0.1:1/ykt")


def test_no_value_stands_in_an_error(database: PostgresqlDatabase) -> None:
    """What was to be written may be a verifier or a member's text; errors end up in logs."""
    with pytest.raises(DBAPIError) as raised, database.reading() as conn:
        conn.execute(text("select :value from nowhere"), {"value": "135790"})
    assert "135790" not in str(raised.value)
