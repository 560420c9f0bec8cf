"""Import of a file of attendance events: all of it or nothing, and the same file again changes nothing."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from ..money.imports import ImportReport, is_imported, note_import
from ..money.table_text import BadFile, LineError, Upload, read_hex, read_moment, read_number, read_upload
from .steps import AttendanceEvent, Kind, NotTaken, Taken, post_event

COLUMNS = ("iccid", "enterprise", "kind", "counter", "terminal", "time", "tac")
FILE_KIND = "ATTENDANCE"


def read_events(octets: bytes) -> Upload[AttendanceEvent]:
    """The rows of a file; raises :class:`BadFile`. `kind` is punch or door; `tac` may be empty."""
    return read_upload(octets, COLUMNS, _row)


def import_events(connection: Connection, upload: Upload[AttendanceEvent], *, now: datetime) -> ImportReport:
    """Take every row; raises :class:`BadFile` when one cannot be taken (the caller's transaction then rolls back)."""
    if is_imported(connection, upload.digest):
        return ImportReport(0, 0, 0, is_repeated=True)
    counts = dict.fromkeys(Taken, 0)
    errors: list[LineError] = []
    for line, what in upload.rows:
        try:
            counts[post_event(connection, what, now=now, origin=f"file:{upload.digest}"[:72])] += 1
        except NotTaken as refused:
            errors.append(LineError(line, str(refused)))
    if errors:
        raise BadFile(errors)
    note_import(connection, upload.digest, FILE_KIND, len(upload.rows), now)
    return ImportReport(counts[Taken.POSTED], counts[Taken.DUPLICATE], 0)


def _row(fields: dict[str, str]) -> AttendanceEvent:
    try:
        kind = Kind(fields["kind"].upper())
    except ValueError:
        raise ValueError(f"kind: {fields['kind'][:20]!r} is none of punch, door") from None
    return AttendanceEvent(
        iccid=fields["iccid"],
        enterprise_id=read_number(fields["enterprise"], "enterprise"),
        counter=read_number(fields["counter"], "counter"),
        terminal=fields["terminal"],
        occurred_at=read_moment(fields["time"]),
        kind=kind,
        tac=read_hex(fields["tac"], "tac"),
    )
