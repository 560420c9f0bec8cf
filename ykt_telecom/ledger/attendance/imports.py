"""Import of a file of attendance events: all of it or nothing, and the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ...storage.context import StepContext
from ..taps.imports import ImportReport, import_rows
from ..taps.rules import NotTaken, Taken
from ..taps.table_text import Upload, read_enterprise, read_hex, read_moment, read_number, read_upload
from .steps import AttendanceEvent, Kind, post_events

COLUMNS = ("iccid", "enterprise", "kind", "counter", "terminal", "time", "tac")
FILE_KIND = "ATTENDANCE"


def read_events(octets: bytes, enterprises: Mapping[str, int]) -> Upload[AttendanceEvent]:
    """The rows of a file; raises :class:`BadFile`. `kind` is punch or door; `tac` may be empty."""
    return read_upload(octets, COLUMNS, lambda fields: _row(fields, enterprises))


def import_events(conn: Connection, context: StepContext, upload: Upload[AttendanceEvent]) -> ImportReport:
    """Take every row; raises :class:`BadFile` when one cannot be taken (the caller's transaction then rolls back)."""

    def post(rows: Sequence[AttendanceEvent], origin: str) -> Sequence[Taken | NotTaken]:
        return post_events(conn, context, rows, origin=origin)

    return import_rows(conn, context, upload, FILE_KIND, post)


def _row(fields: dict[str, str], enterprises: Mapping[str, int]) -> AttendanceEvent:
    try:
        kind = Kind(fields["kind"].upper())
    except ValueError:
        raise ValueError(f"kind: {fields['kind'][:20]!r} is none of punch, door") from None
    return AttendanceEvent(
        iccid=fields["iccid"],
        enterprise_id=read_enterprise(fields["enterprise"], enterprises),
        counter=read_number(fields["counter"], "counter"),
        terminal=fields["terminal"],
        occurred_at=read_moment(fields["time"]),
        kind=kind,
        tac=read_hex(fields["tac"], "tac"),
    )
