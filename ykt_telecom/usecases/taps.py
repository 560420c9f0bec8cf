"""Uploads of what terminals took: card transactions and attendance. All lines of a file or none, the same file once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Connection

from ..ledger.attendance.imports import import_events, read_events
from ..ledger.money.imports import import_transactions, read_transactions
from ..ledger.taps.imports import ImportReport
from ..ledger.taps.table_text import BadFile, Upload
from ..registry.audit.subject import Subject, SubjectKind
from ..registry.people.principals import Principal
from ..storage.context import StepContext
from ..texts.refusals import BadRow, Refused, Words
from .means import Context
from .results import Done, Result
from .runner import LongWork, UseCase, Work, note_changes
from .sheets import bad_rows
from .subjects import enterprises_in_files


@dataclass(frozen=True, slots=True)
class LoadFile:
    """A CSV file as it is; `enterprise` in it is a code or an id."""

    file: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of the lines. `repeated`: this file was imported before, nothing changed."""

    posted: int
    duplicates: int
    disputed: int
    repeated: bool


class _Post(Protocol):
    def __call__(self, conn: Connection, context: StepContext, upload: Any) -> ImportReport: ...


def _load(read: Callable[..., Upload[Any]], post: _Post, use_case: Callable[[], UseCase[Any, Any]]) -> LongWork:
    """The work of loading files of one kind."""

    async def one(work: Work, who: Principal, order: LoadFile) -> Result[Loaded]:
        names = await work.transactions.read(lambda conn: enterprises_in_files(conn, who))
        try:
            upload = await work.transactions.apart(lambda: read(order.file, names))
            return await work.transactions.perform(
                lambda conn, context: step(conn, context, work, who, upload), bulk=True
            )
        except BadFile as bad:
            return _refused(bad)

    def step(conn: Connection, context: StepContext, work: Work, who: Principal, upload: Upload[Any]) -> Result[Loaded]:
        report = post(conn, context, upload)
        loaded = Loaded(report.posted, report.duplicates, report.disputed, report.is_repeated)
        facts = {"posted": loaded.posted, "duplicates": loaded.duplicates, "disputed": loaded.disputed}
        subject = None if report.is_repeated else Subject(SubjectKind.FILE, upload.digest[:16])
        done = Done(loaded, subject, facts)
        note_changes(conn, Context(context, work.means), who, use_case(), [done])
        return done

    async def all_of_them(work: Work, who: Principal, orders: Sequence[LoadFile]) -> list[Result[Loaded]]:
        return [await one(work, who, order) for order in orders]

    return all_of_them


def _refused(bad: BadFile) -> Refused:
    return bad_rows([BadRow(error.line, "", Words(error.message, error.message)) for error in bad.errors])


LOAD_TRANSACTIONS: UseCase[LoadFile, Loaded] = UseCase(
    "load_transactions",
    LoadFile,
    Loaded,
    action="transaction.load",
    work=_load(read_transactions, import_transactions, lambda: LOAD_TRANSACTIONS),
)
LOAD_ATTENDANCE: UseCase[LoadFile, Loaded] = UseCase(
    "load_attendance",
    LoadFile,
    Loaded,
    action="attendance.load",
    work=_load(read_events, import_events, lambda: LOAD_ATTENDANCE),
)
