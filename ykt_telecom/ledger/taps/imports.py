"""Import of a file of taps: all of it or nothing, and the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, insert, select

from ...storage.context import StepContext
from .rules import NotTaken, Taken
from .table_text import BadFile, LineError, Upload
from .tables import imported_file

R = TypeVar("R")

#: Characters of the name of where a tap is from.
_ORIGIN = 72


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `is_repeated`: this file was imported before."""

    posted: int
    duplicates: int
    disputed: int
    is_repeated: bool = False


#: Takes rows and the name of where they are from; a result for each.
Post: TypeAlias = Callable[[Sequence[R], str], Sequence[Taken | NotTaken]]


def import_rows(conn: Connection, context: StepContext, upload: Upload[R], kind: str, post: Post[R]) -> ImportReport:
    """Post every row of a file that was not imported before, in one call.

    Raises :class:`BadFile` with all lines that cannot be taken; the caller's transaction then rolls back.
    """
    if is_imported(conn, upload.digest):
        return ImportReport(0, 0, 0, is_repeated=True)
    results = post([row for _, row in upload.rows], f"file:{upload.digest}"[:_ORIGIN])
    errors = [
        LineError(line, result.words)
        for (line, _), result in zip(upload.rows, results, strict=True)
        if isinstance(result, NotTaken)
    ]
    if errors:
        raise BadFile(errors)
    values = {"digest": upload.digest, "kind": kind, "rows": len(upload.rows), "imported_at": context.now}
    conn.execute(insert(imported_file).values(values))
    return ImportReport(results.count(Taken.POSTED), results.count(Taken.DUPLICATE), results.count(Taken.DISPUTED))


def is_imported(conn: Connection, digest: str) -> bool:
    """Whether these octets were imported before."""
    return conn.execute(select(imported_file.c.digest).where(imported_file.c.digest == digest)).first() is not None
