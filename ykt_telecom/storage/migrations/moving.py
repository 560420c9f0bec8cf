"""What the migrations in `versions/` need to make tables and to move their rows, on both engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files

from sqlalchemy import Connection, inspect

#: Where the tables of the version before stand while their rows are copied: a schema, or a prefix of their names.
BEFORE = "ykt_before"


def frozen(revision: str, connection: Connection) -> Iterator[str]:
    """The statements of `versions/<revision>_<engine>.sql`: a schema as it was, whatever the code says today."""
    name = f"{revision}_{connection.dialect.name}.sql"
    octets = files(__package__).joinpath("versions", name).read_text(encoding="utf-8")
    for statement in octets.split(";\n"):
        if statement.strip():
            yield statement.strip()


def run(connection: Connection, statements: Iterator[str]) -> None:
    """One after the other, on this connection's transaction."""
    for statement in statements:
        connection.exec_driver_sql(statement)


def set_aside(connection: Connection, keep: frozenset[str]) -> frozenset[str]:
    """Move every table but `keep` out of the way of the new ones; the names of the tables moved."""
    tables = frozenset(inspect(connection).get_table_names()) - keep
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"CREATE SCHEMA {BEFORE}")
        for table in sorted(tables):  # constraints, indexes and sequences go with their table
            connection.exec_driver_sql(f'ALTER TABLE "{table}" SET SCHEMA {BEFORE}')
        return tables
    for table in sorted(tables):
        for index in inspect(connection).get_indexes(table):
            connection.exec_driver_sql(f'DROP INDEX "{index["name"]}"')
        connection.exec_driver_sql(f'ALTER TABLE "{table}" RENAME TO "{before(connection, table)}"')
    return tables


def before(connection: Connection, table: str) -> str:
    """How a table that was set aside is called now."""
    return f'{BEFORE}."{table}"' if connection.dialect.name == "postgresql" else f"{BEFORE}_{table}"


def copy(connection: Connection, table: str, columns: Mapping[str, str], source: str) -> None:
    """Fill a new table: each column from an expression over `source`, a FROM clause."""
    names = ", ".join(f'"{name}"' for name in columns)
    values = ", ".join(columns.values())
    connection.exec_driver_sql(f'INSERT INTO "{table}" ({names}) SELECT {values} FROM {source}')  # noqa: S608 - names of tables and columns


def drop_before(connection: Connection, tables: frozenset[str]) -> None:
    """Forget what was set aside."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP SCHEMA {BEFORE} CASCADE")
        return
    for table in sorted(tables):
        connection.exec_driver_sql(f'DROP TABLE "{before(connection, table)}"')
