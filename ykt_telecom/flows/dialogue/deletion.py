"""Close, then delete: what follows the end of each job of a deletion, and of its answer.

Nothing left and every tap uploaded: DELETE. Otherwise REOPEN, so that a refused deletion leaves the application usable.
A job that nobody ever answered ends the same way: REOPEN changes nothing on an application that is open or gone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from telecom_codecs.onecard.answers import QueueStatus
from telecom_codecs.onecard.enterprise_answer import CardStatus
from telecom_codecs.onecard.language import Language

from ...ota.outcome import JobKind, JobOutcome
from ...ota.states import JobState
from ...registry.directory.tables import enterprise
from ...texts.notices import (
    Refusal,
    balance_left_sms,
    deleted_sms,
    deleted_text,
    refusal_text,
    result_sms,
)
from ...texts.signature import signature_or_default
from .lookup import find_application, outstanding
from .machine import Event, State
from .turn import FinalWords, Turn

_CLOSED = (CardStatus.DONE, CardStatus.ALREADY_DONE)


def after_close(turn: Turn, row: Row[Any], outcome: JobOutcome) -> None:
    """The card named its final balance and offline counter, or did not close."""
    said = outcome.answer
    if outcome.state is not JobState.APPLIED or said is None or said.status not in _CLOSED:
        _reopen(turn, row, Event.CLOSE_FAILED, *_why(outcome))
        return
    application = find_application(turn.connection, row.iccid, row.enterprise_id)
    if application is None:
        _reopen(turn, row, Event.CLOSE_FAILED, Refusal.BUSY, "A0")
        return
    owed, missing = outstanding(turn.connection, application, said.balance_fen, said.offline_counter)
    if owed:
        _reopen(turn, row, Event.OWING, Refusal.BALANCE_LEFT, amount_fen=owed)
    elif missing:
        _reopen(turn, row, Event.OWING, Refusal.BUSY, "UPLOAD")
    elif not turn.order(row, Event.EMPTY, JobKind.DELETE):
        _reopen(turn, row, Event.OWING, Refusal.BUSY, "D0")


def after_delete(turn: Turn, row: Row[Any], outcome: JobOutcome) -> None:
    """The application is gone, or the card kept it."""
    if outcome.state is not JobState.APPLIED:
        _reopen(turn, row, Event.DELETE_FAILED, *_why(outcome))
        return
    name, signature = _enterprise(turn.connection, row)
    language = Language(row.language)
    text = deleted_text(name, language)
    chinese = language is Language.ZH
    sms = deleted_sms(name, row.id, signature) if chinese else result_sms(text, row.id, language)
    turn.answer(row, Event.DELETED, FinalWords(text, sms))


def after_reopen(turn: Turn, row: Row[Any]) -> None:
    """Whatever became of REOPEN, the member is told why the deletion was not carried out."""
    turn.answer(row, Event.REOPEN_ENDED, _not_deleted(turn, row))


def after_answer(turn: Turn, row: Row[Any], outcome: JobOutcome) -> None:
    """The card has the answer for its screen, or the SMS takes over."""
    if outcome.state is JobState.APPLIED and outcome.answer_status in (QueueStatus.QUEUED, QueueStatus.REPLACED):
        if row.state == State.ANSWERING:
            turn.move(row, Event.QUEUED)
    elif outcome.state is JobState.EXPIRED:
        turn.tell_by_sms(row, Event.IN_DOUBT)
    else:
        turn.tell_by_sms(row, Event.NOT_QUEUED)


def _reopen(turn: Turn, row: Row[Any], event: Event, refusal: Refusal, code: str = "", *, amount_fen: int = 0) -> None:
    """Remember why the deletion is off, and put the application back into use."""
    reasons = {"refusal": refusal, "refusal_code": code, "amount_fen": amount_fen}
    if not turn.order(row, event, JobKind.REOPEN, **reasons):
        moved = turn.move(row, event, **reasons)
        turn.answer(moved, Event.REOPEN_ENDED, _not_deleted(turn, moved))


def _not_deleted(turn: Turn, row: Row[Any]) -> FinalWords:
    language, refusal = Language(row.language), Refusal(row.refusal)
    amount = row.amount_fen or 0
    text = refusal_text(refusal, language, amount_fen=amount, code=row.refusal_code or "")
    if refusal is Refusal.BALANCE_LEFT and language is Language.ZH:
        name, signature = _enterprise(turn.connection, row)
        return FinalWords(text, balance_left_sms(name, amount, row.id, signature))
    return FinalWords(text, result_sms(text, row.id, language))


def _why(outcome: JobOutcome) -> tuple[Refusal, str]:
    """The text that tells a job's bad end: no result, or a code that the service desk can read."""
    if outcome.state is JobState.EXPIRED:
        return Refusal.NO_RESULT_YET, ""
    if outcome.answer is not None and outcome.answer.status not in _CLOSED:
        return Refusal.BUSY, f"C{outcome.answer.status:02X}"
    if outcome.status_word is not None:
        return Refusal.BUSY, f"{outcome.status_word:04X}"
    return Refusal.BUSY, "J0" if outcome.status is None else f"P{outcome.status:02X}"


def _enterprise(connection: Connection, row: Row[Any]) -> tuple[str, str]:
    found = connection.execute(
        select(enterprise.c.name, enterprise.c.signature).where(enterprise.c.id == row.enterprise_id)
    ).one()
    return found.name, signature_or_default(found.signature)
