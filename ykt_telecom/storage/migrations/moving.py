"""What the migrations in `versions/` need to make tables and to move their rows, on both engines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files

from sqlalchemy import Connection, inspect, text

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


def same(connection: Connection, table: str, **changed: str) -> dict[str, str]:
    """Each column of a new table from the old one's of that name, but for those given; what neither has stays null."""
    inspector = inspect(connection)
    if connection.dialect.name == "postgresql":
        old = {column["name"] for column in inspector.get_columns(table, schema=BEFORE)}
    else:
        old = {column["name"] for column in inspector.get_columns(before(connection, table))}
    new = [column["name"] for column in inspector.get_columns(table)]
    return {name: changed.get(name, f'old."{name}"') for name in new if name in old or name in changed}


def number(connection: Connection, table: str, order: str) -> str:
    """Number the rows of an old table from 1; the name of the temporary table (`old_id`, `new_id`) that says which."""
    name = f"ykt_number_{table}"
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {name} (old_id VARCHAR(64) PRIMARY KEY, new_id BIGINT NOT NULL)"
    )
    counted = f"SELECT id, row_number() OVER (ORDER BY {order}) FROM {before(connection, table)}"  # noqa: S608 - names
    connection.exec_driver_sql(f"INSERT INTO {name} {counted}")
    return name


def octet(connection: Connection, column: str, place: int) -> str:
    """An expression for one octet of a binary column, the first being 0."""
    if connection.dialect.name == "postgresql":
        return f"get_byte({column}, {place})"
    digits = f"hex(substr({column}, {place + 1}, 1))"
    high, low = (f"(instr('0123456789ABCDEF', substr({digits}, {at}, 1)) - 1)" for at in (1, 2))
    return f"{high} * 16 + {low}"


def go_on_counting(connection: Connection) -> None:
    """Numbers that the database gives go on above those that were copied, and above those it has given before."""
    if connection.dialect.name == "sqlite":
        given = f"SELECT substr(name, {len(BEFORE) + 2}), seq FROM sqlite_sequence WHERE name LIKE '{BEFORE}%'"  # noqa: S608 - names
        for table, highest in connection.exec_driver_sql(given).all():
            known = connection.execute(
                text("SELECT 1 FROM sqlite_sequence WHERE name = :name"), {"name": table}
            ).first()
            change = (
                "UPDATE sqlite_sequence SET seq = max(seq, :seq) WHERE name = :name"
                if known
                else "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"
            )
            connection.execute(text(change), {"name": table, "seq": highest})
        return
    for table in inspect(connection).get_table_names():
        for column in inspect(connection).get_columns(table):
            if str(column["default"] or "").startswith("nextval("):
                name = column["name"]
                highest = f'coalesce((SELECT max("{name}") FROM "{table}"), 0)'  # noqa: S608 - names
                sequence = f"pg_get_serial_sequence('\"{table}\"', '{name}')"
                connection.exec_driver_sql(f"SELECT setval({sequence}, {highest} + 1, false)")
