"""Write the schema of today's tables beside its migration: `python -m scripts.freeze_schema`.

Until a version is released its frozen statements follow the tables; afterwards a change of a table is a new version.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from ykt_telecom.storage import migrations
from ykt_telecom.storage.schema import SCHEMA_VERSION, alembic_version, load_areas, revision_of, schema_version

VERSIONS = Path(migrations.__file__).parent / "versions"


def statements(dialect: Any) -> Iterator[str]:
    """Everything but the tables in which versions are noted."""
    for table in load_areas().sorted_tables:
        if table in (schema_version, alembic_version):
            continue
        made = str(CreateTable(table).compile(dialect=dialect)).strip().expandtabs(4)
        yield "\n".join(line.rstrip() for line in made.splitlines())
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(CreateIndex(index).compile(dialect=dialect)).strip()


def main() -> None:
    """Both engines."""
    dialects = {"sqlite": sqlite.dialect(), "postgresql": postgresql.psycopg.dialect()}  # type: ignore[no-untyped-call]
    for name, dialect in dialects.items():
        path = VERSIONS / f"{revision_of(SCHEMA_VERSION)}_{name}.sql"
        path.write_text(";\n\n".join(statements(dialect)) + ";\n", encoding="utf-8")
        print(path)


if __name__ == "__main__":
    main()
