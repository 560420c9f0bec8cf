"""SQL that is written once and runs often: a Core statement compiled once per database, run with plain values.

Only here may a dialect be named. A :class:`Statement` takes values as the database keeps them (instants as
microseconds, JSON as text, a list for :func:`in_list`): looking a statement up in the compile cache and converting its
parameters costs more than the database's own work.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Table, bindparam, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import NullType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def instant(moment: datetime) -> int:
    """An aware moment as the database keeps it: microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


class _Listed(NullType):
    """The type of a parameter that is a whole list."""

    cache_ok = True


class _InList(ColumnElement[bool]):
    inherit_cache = False
    type = Boolean()

    def __init__(self, column: Any, name: str) -> None:
        self.column = column
        self.listed = bindparam(name, type_=_Listed())

    def get_children(self, **_kw: Any) -> Iterable[ClauseElement]:
        return (self.column, self.listed)

    def self_group(self, against: Any = None) -> _InList:
        """As it stands: SQLAlchemy would write `… = 1` behind it for SQLite, and no index would serve."""
        return self


class _Paired(_Listed):
    """The type of a parameter that is a whole list of pairs: JSON for both databases."""


class _InPairs(_InList):
    inherit_cache = False

    def __init__(self, columns: tuple[Any, Any], name: str) -> None:
        self.column, self.second = columns
        self.listed = bindparam(name, type_=_Paired())

    def get_children(self, **_kw: Any) -> Iterable[ClauseElement]:
        return (self.column, self.second, self.listed)


def in_list(column: Any, name: str) -> ColumnElement[bool]:
    """`column` is one of the values of the parameter `name`: a list of any length in one parameter."""
    return _InList(column, name)


def in_pairs(columns: tuple[Any, Any], name: str) -> ColumnElement[bool]:
    """The two columns, a text and a number, are one of the pairs of the parameter `name`, by an index over both."""
    return _InPairs(columns, name)


@compiles(_InList, "sqlite")
def _in_json(element: _InList, compiler: Any, **kw: Any) -> str:
    column, listed = compiler.process(element.column, **kw), compiler.process(element.listed, **kw)
    return f"{column} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - compiled parts, no values


@compiles(_InList, "postgresql")
def _in_array(element: _InList, compiler: Any, **kw: Any) -> str:
    return f"{compiler.process(element.column, **kw)} = ANY({compiler.process(element.listed, **kw)})"


@compiles(_InPairs, "sqlite")
def _in_json_pairs(element: _InPairs, compiler: Any, **kw: Any) -> str:
    # without the casts SQLite looks for the first column only, and reads all that is there under it
    taken = "CAST(json_extract(value, '$[0]') AS TEXT), CAST(json_extract(value, '$[1]') AS INTEGER)"
    return _pairs(element, compiler, taken, "json_each({})", **kw)


@compiles(_InPairs, "postgresql")
def _in_jsonb_pairs(element: _InPairs, compiler: Any, **kw: Any) -> str:
    return _pairs(element, compiler, "p ->> 0, CAST(p ->> 1 AS bigint)", "jsonb_array_elements({}::jsonb) AS p", **kw)


def _pairs(element: _InPairs, compiler: Any, taken: str, source: str, **kw: Any) -> str:
    first, second = compiler.process(element.column, **kw), compiler.process(element.second, **kw)
    listed = source.format(compiler.process(element.listed, **kw))
    return f"({first}, {second}) IN (SELECT {taken} FROM {listed})"  # noqa: S608 - compiled parts, no values


_POSITIONAL: dict[str, Dialect] = {
    "sqlite": sqlite.dialect(paramstyle="qmark"),
    "postgresql": postgresql.psycopg.dialect(paramstyle="format"),  # type: ignore[no-untyped-call]
}


class _Compiled:
    __slots__ = ("fixed", "listed", "names", "paired", "sql")

    def __init__(self, element: Any, dialect: str, names: Sequence[str] | None) -> None:
        compiled = element.compile(
            dialect=_POSITIONAL[dialect],
            column_keys=names,
            compile_kwargs={"render_postcompile": True},
        )
        self.sql = str(compiled)
        self.names: tuple[str, ...] = tuple(compiled.positiontup)
        binds = compiled.binds
        #: what the statement brings itself: values that stand in it
        self.fixed = {name: _plain(binds[name].value) for name in self.names if not _is_given(binds[name], names)}
        self.listed = frozenset(
            place for place, name in enumerate(self.names) if isinstance(compiled.binds[name].type, _Listed)
        )
        self.paired = frozenset(place for place in self.listed if isinstance(binds[self.names[place]].type, _Paired))


def _is_given(bind: Any, columns: Sequence[str] | None) -> bool:
    """The parameter comes with each run; otherwise its value stands in the statement."""
    return bool(bind.required) or bind.key in (columns or ())


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


class Statement:
    """A Core statement with named parameters. `columns` are those an INSERT or UPDATE sets from parameters."""

    __slots__ = ("_columns", "_element", "_ready")

    def __init__(self, element: Any, columns: Sequence[str] | None = None) -> None:
        self._element = element
        self._columns = columns
        self._ready: dict[str, _Compiled] = {}

    def _for(self, conn: Connection) -> _Compiled:
        name = conn.dialect.name
        found = self._ready.get(name)
        if found is None:
            found = self._ready[name] = _Compiled(self._element, name, self._columns)
        return found

    def many(self, conn: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """Run it for each row of parameters; how many rows of the table it touched."""
        if not rows:
            return 0
        compiled = self._for(conn)
        names = compiled.names
        if compiled.fixed:
            rows = [{**compiled.fixed, **row} for row in rows]
        return conn.exec_driver_sql(compiled.sql, [tuple([row[name] for name in names]) for row in rows]).rowcount

    def rows(self, conn: Connection, **values: Any) -> Sequence[Any]:
        """Run it once; all rows of its answer, as the database keeps them."""
        found: Sequence[Any] = self._once(conn, values).fetchall()
        return found

    def run(self, conn: Connection, **values: Any) -> int:
        """Run it once; how many rows of the table it touched."""
        touched: int = self._once(conn, values).rowcount
        return touched

    def _once(self, conn: Connection, values: dict[str, Any]) -> Any:
        compiled = self._for(conn)
        if compiled.fixed:
            values = {**compiled.fixed, **values}
        given = tuple(
            _listed(conn, values[name], place in compiled.paired) if place in compiled.listed else values[name]
            for place, name in enumerate(compiled.names)
        )
        return conn.exec_driver_sql(compiled.sql, given)


def upsert(table: Table, key: Sequence[str], values: Sequence[str]) -> Statement:
    """INSERT that, where the key is there already, sets the other columns: `many` with a row for each.

    Both databases spell it alike.
    """
    columns = [*key, *values]
    changes = ", ".join(f"{name} = excluded.{name}" for name in values)
    marks = ", ".join(f":{name}" for name in columns)
    # names of our own tables and columns, no values
    return Statement(
        text(
            f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
            f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"
        )
    )


def _listed(conn: Connection, values: Iterable[Any], are_pairs: bool) -> Any:
    found = list(values)
    return json.dumps(found) if are_pairs or conn.dialect.name == "sqlite" else found
