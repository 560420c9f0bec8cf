"""Import of a file of card transactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from ...storage.context import StepContext
from ...texts.amount import parse_yuan
from ..taps.imports import ImportReport, import_rows
from ..taps.rules import NotTaken, Taken
from ..taps.table_text import Upload, read_enterprise, read_hex, read_moment, read_number, read_upload
from .steps import CardTransaction, Kind, post_transactions

COLUMNS = ("iccid", "enterprise", "kind", "amount", "counter", "terminal", "time", "balance", "tac")
FILE_KIND = "TRANSACTION"


def read_transactions(octets: bytes, enterprises: Mapping[str, int]) -> Upload[CardTransaction]:
    """The rows of a file; raises :class:`BadFile`. Amounts and balance in yuan; `balance` and `tac` may be empty.

    `enterprises` are the codes (in small letters) and the ids in digits that may stand in the file.
    """
    return read_upload(octets, COLUMNS, lambda fields: _row(fields, enterprises))


def import_transactions(conn: Connection, context: StepContext, upload: Upload[CardTransaction]) -> ImportReport:
    """Take every row; raises :class:`BadFile` when one cannot be taken (the caller's transaction then rolls back)."""

    def post(rows: Sequence[CardTransaction], origin: str) -> Sequence[Taken | NotTaken]:
        return post_transactions(conn, context, rows, origin=origin)

    return import_rows(conn, context, upload, FILE_KIND, post)


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
