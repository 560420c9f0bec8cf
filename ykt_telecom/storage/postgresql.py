"""A database on a PostgreSQL server, by psycopg 3: one session writes, and it alone holds the lock of the instance.

The lock is an advisory one of the writing session, so it is never outlived: a session that the server has ended takes
the lock with it, and the next one must take it anew before anything is written. A number that grows with every
instance tells whether another one has been there meanwhile; then this one writes no more.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .faults import AlreadyRunning, OutcomeUnknown, SchemaMismatch, StorageUnavailable, connection_lost
from .later import collecting

_DRIVER = "postgresql+psycopg"

#: First half of the key of the advisory lock; the second is the schema. Any number that is ours alone.
_LOCK = 0x594B54
_INSTANCES = "ykt_instance"

#: A dead server is noticed within half a minute, on both sides; answers come only when the disk has what they say.
_SESSION = "-c synchronous_commit=on -c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
_CONNECT = {
    "application_name": "ykt",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}

#: How long the writer asks what became of a transaction whose COMMIT was not answered, and how often.
_PATIENCE = 10.0
_PAUSE = 0.1


@dataclass(slots=True)
class _Instance:
    """The number of this instance; None until the first session has taken the lock."""

    number: int | None = None


@dataclass(frozen=True, slots=True)
class PostgresqlDatabase:
    """A database on a server; see :class:`~ykt_telecom.storage.database.Database`."""

    #: one session, which holds the lock; what is not written goes over `readers`
    engine: Engine
    readers: Engine
    address: str
    patience: float = _PATIENCE
    _one_writes: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """As promised; raises :class:`OutcomeUnknown` when COMMIT was not answered and nobody can be asked."""
        with self._one_writes, self.engine.connect() as connection:
            transaction = connection.begin()
            try:
                with collecting(connection) as after:
                    yield connection
                number = connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()
            except BaseException:
                transaction.rollback()
                raise
            try:
                transaction.commit()
            except DBAPIError as error:
                if not connection_lost(error):
                    raise
                if number is not None:
                    self._learn(str(number), error)
        for told in after:
            told()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.readers.connect() as connection:
            yield connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def migrating(self) -> AbstractContextManager[Connection]:
        return self.writing()

    def checkpoint(self) -> None:
        """The server does it."""

    def close(self) -> None:
        self.engine.dispose()
        self.readers.dispose()

    def _learn(self, number: str, cause: DBAPIError) -> None:
        """The connection died under COMMIT: ask the server what became of the transaction, as soon as it answers."""
        deadline = time.monotonic() + self.patience
        while True:
            state = self._state_of(number)
            if state == "committed":
                return
            if state == "aborted":
                raise StorageUnavailable("the connection was lost while committing; nothing was stored") from cause
            if time.monotonic() >= deadline:
                raise OutcomeUnknown(
                    f"the connection was lost while committing transaction {number}, and the server does not say "
                    "whether it is stored"
                ) from cause
            time.sleep(_PAUSE)

    def _state_of(self, number: str) -> str | None:
        try:
            with self.readers.connect() as connection:
                found = connection.execute(text("SELECT pg_xact_status(CAST(:number AS xid8))"), {"number": number})
                state: str | None = found.scalar()
                return state
        except DBAPIError:
            return None


def open_server(location: str) -> PostgresqlDatabase:
    """Connect and hold the schema against a second instance.

    Raises :class:`AlreadyRunning` when somebody else holds it, :class:`StorageUnavailable` when nobody answers.
    """
    database = _connect(location)
    instance = _Instance()
    event.listen(database.engine, "connect", lambda session, _record: _take_lock(session, instance, database.address))
    try:
        with database.engine.connect() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
        if encoding != "UTF8":
            raise SchemaMismatch(f"{database.address}: encoding {encoding}; create the database with ENCODING 'UTF8'")
    except DBAPIError as error:
        database.close()
        raise StorageUnavailable(f"{database.address}: {_first_line(error)}") from None
    except BaseException:
        database.close()
        raise
    return database


def open_server_for_reading(location: str) -> PostgresqlDatabase:
    """Connect beside the instance that holds the schema, without its lock; the server refuses what writes."""
    url = make_url(location)
    options = f"{url.query.get('options', '')} -c default_transaction_read_only=on"
    return _connect(url.update_query_dict({"options": options}).render_as_string(hide_password=False), NullPool)


def address_of(location: str) -> str:
    """Where it is, for people: without password and options."""
    return make_url(location).difference_update_query(["options"]).render_as_string(hide_password=True)


def _connect(location: str, pool: type[NullPool] | None = None) -> PostgresqlDatabase:
    url = make_url(location).set(drivername=_DRIVER)
    arguments = {**_CONNECT, "options": f"{_SESSION} {url.query.get('options', '')}"}
    common: dict[str, Any] = {"connect_args": arguments, "pool_pre_ping": True, "hide_parameters": True}
    readers = create_engine(url, poolclass=pool, **common) if pool else create_engine(url, pool_size=4, **common)
    writer = create_engine(url, pool_size=1, max_overflow=0, **common)
    return PostgresqlDatabase(writer, readers, address_of(location))


def _take_lock(session: Any, instance: _Instance, address: str) -> None:
    """Every writing session begins here: it gets the lock of the schema, or it is none."""
    with session.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_lock(%s, current_schema()::regnamespace::oid::bigint::bit(32)::int)", (_LOCK,)
        )
        if not cursor.fetchone()[0]:
            session.close()
            raise AlreadyRunning(f"another instance uses {address}; stop it first")
        cursor.execute(f"CREATE SEQUENCE IF NOT EXISTS {_INSTANCES}")
        if instance.number is None:
            cursor.execute(f"SELECT nextval('{_INSTANCES}')")
            instance.number = int(cursor.fetchone()[0])
        else:
            cursor.execute(f"SELECT last_value FROM {_INSTANCES}")  # noqa: S608 - a constant
            latest = int(cursor.fetchone()[0])
            if latest != instance.number:
                session.close()
                raise AlreadyRunning(f"another instance has used {address} meanwhile; stop this one")
    session.commit()


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or [type(error.orig).__name__])[0]
