"""Import of a file of card transactions: all of it or nothing, and the same file again changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection, insert, select

from ...texts.amount import parse_yuan
from ..money.steps import CardTransaction, Kind, NotTaken, Taken, post_transaction
from ..money.tables import imported_file
from .table_text import BadFile, LineError, Upload, read_enterprise, read_hex, read_moment, read_number, read_upload

R = TypeVar("R")

COLUMNS = ("iccid", "enterprise", "kind", "amount", "counter", "terminal", "time", "balance", "tac")
FILE_KIND = "TRANSACTION"


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did. `is_repeated`: this file was imported before."""

    posted: int
    duplicates: int
    disputed: int
    is_repeated: bool = False


def read_transactions(octets: bytes, enterprises: Mapping[str, int]) -> Upload[CardTransaction]:
    """The rows of a file; raises :class:`BadFile`. Amounts and balance in yuan; `balance` and `tac` may be empty.

    `enterprises` are the codes (in small letters) and the ids in digits that may stand in the file.
    """
    return read_upload(octets, COLUMNS, lambda fields: _row(fields, enterprises))


def import_transactions(connection: Connection, upload: Upload[CardTransaction], *, now: datetime) -> ImportReport:
    """Take every row; raises :class:`BadFile` when one cannot be taken (the caller's transaction then rolls back)."""

    def post(what: CardTransaction, origin: str) -> str:
        return post_transaction(connection, what, now=now, origin=origin).name

    return import_rows(connection, upload, FILE_KIND, post, now=now)


def import_rows(
    connection: Connection, upload: Upload[R], kind: str, post: Callable[[R, str], str], *, now: datetime
) -> ImportReport:
    """Post every row of a file that was not imported before; `post` takes a row and its origin and names what came.

    Raises :class:`BadFile` with all lines that cannot be taken.
    """
    if is_imported(connection, upload.digest):
        return ImportReport(0, 0, 0, is_repeated=True)
    counts: Counter[str] = Counter()
    errors: list[LineError] = []
    for line, what in upload.rows:
        try:
            counts[post(what, f"file:{upload.digest}"[:72])] += 1
        except NotTaken as refused:
            errors.append(LineError(line, str(refused)))
    if errors:
        raise BadFile(errors)
    note_import(connection, upload.digest, kind, len(upload.rows), now)
    return ImportReport(counts[Taken.POSTED.name], counts[Taken.DUPLICATE.name], counts[Taken.DISPUTED.name])


def is_imported(connection: Connection, digest: str) -> bool:
    found = connection.execute(select(imported_file.c.digest).where(imported_file.c.digest == digest))
    return found.first() is not None


def note_import(connection: Connection, digest: str, kind: str, rows: int, now: datetime) -> None:
    """Remember a file, so that the same octets again change nothing."""
    connection.execute(insert(imported_file).values(digest=digest, kind=kind, rows=rows, imported_at=now))


def _row(fields: dict[str, str], enterprises: Mapping[str, int]) -> CardTransaction:
    try:
        kind = Kind(fields["kind"].upper())
    except ValueError:
        raise ValueError(f"kind: {fields['kind'][:20]!r} is none of load, purchase, undo") from None
    return CardTransaction(
        iccid=fields["iccid"],
        enterprise_id=read_enterprise(fields["enterprise"], enterprises),
        kind=kind,
        amount_fen=parse_yuan(fields["amount"]),
        counter=read_number(fields["counter"], "counter"),
        terminal=fields["terminal"],
        occurred_at=read_moment(fields["time"]),
        card_balance_fen=parse_yuan(fields["balance"]) if fields["balance"] else None,
        tac=read_hex(fields["tac"], "tac"),
    )
