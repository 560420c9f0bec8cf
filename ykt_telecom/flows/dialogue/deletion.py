"""Close, then delete: what follows the end of each job of a deletion.

Nothing left and every tap uploaded: DELETE. Otherwise REOPEN, so that a refused deletion leaves the application usable.
A job that nobody ever answered ends the same way: REOPEN changes nothing on an application that is open or gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from telecom_codecs.onecard.enterprise_answer import CardStatus

from ...ota.outcome import JobKind, JobOutcome
from ...ota.states import JobState
from ...texts.notices import Refusal
from .book import Dialogue, DialogueBook
from .lookup import find_enterprises, find_holders, outstanding
from .machine import Event, State
from .words import FinalWords, balance_left_words, deleted_words, refusal_words

_CLOSED = (CardStatus.DONE, CardStatus.ALREADY_DONE)
#: The job that a deletion waits for, by its state.
_AWAITED: Mapping[str, JobKind] = {
    State.CLOSING: JobKind.CLOSE,
    State.DELETING: JobKind.DELETE,
    State.REOPENING: JobKind.REOPEN,
}


class Deletions:
    """The deletions of one step, with what their cards and enterprises are."""

    def __init__(self, book: DialogueBook) -> None:
        self._book = book
        going_on = [one for one in book.known() if one.state in _AWAITED]
        self._holders = find_holders(book.conn, [one.iccid for one in going_on])
        numbers = [one.enterprise_id for one in going_on if one.enterprise_id is not None]
        self._enterprises = find_enterprises(book.conn, numbers)

    def after(self, one: Dialogue, outcome: JobOutcome) -> None:
        """Go on behind the job that the dialogue waited for; the end of any other is passed over."""
        if _AWAITED.get(one.state) is not outcome.kind:
            return
        if outcome.kind is JobKind.CLOSE:
            self._after_close(one, outcome)
        elif outcome.kind is JobKind.DELETE:
            self._after_delete(one, outcome)
        else:
            self._after_reopen(one)

    def _after_close(self, one: Dialogue, outcome: JobOutcome) -> None:
        """The card named its final balance and offline counter, or did not close."""
        said = outcome.answer
        if outcome.state is not JobState.APPLIED or said is None or said.status not in _CLOSED:
            self._reopen(one, Event.CLOSE_FAILED, *_why(outcome))
            return
        holder = self._holders.get(one.iccid)
        application = None if holder is None else holder.applications.get(one.enterprise_id or 0)
        if application is None:
            self._reopen(one, Event.CLOSE_FAILED, Refusal.BUSY, "A0")
            return
        owed, missing = outstanding(self._book.conn, application, said.balance_fen, said.offline_counter)
        if owed:
            self._reopen(one, Event.OWING, Refusal.BALANCE_LEFT, amount_fen=owed)
        elif missing:
            self._reopen(one, Event.OWING, Refusal.BUSY, "UPLOAD")
        else:
            refused = partial(self._reopen, one, Event.OWING, Refusal.BUSY, "D0")
            self._book.order(one, JobKind.DELETE, Event.EMPTY, refused)

    def _after_delete(self, one: Dialogue, outcome: JobOutcome) -> None:
        """The application is gone, or the card kept it."""
        if outcome.state is not JobState.APPLIED:
            self._reopen(one, Event.DELETE_FAILED, *_why(outcome))
            return
        words = deleted_words(one.id, one.spoken, self._enterprises[one.enterprise_id or 0])
        self._book.answer(one, Event.DELETED, words)

    def _after_reopen(self, one: Dialogue) -> None:
        """Whatever became of REOPEN, the member is told why the deletion was not carried out."""
        self._book.answer(one, Event.REOPEN_ENDED, self._not_deleted(one))

    def _reopen(self, one: Dialogue, event: Event, refusal: Refusal, code: str = "", *, amount_fen: int = 0) -> None:
        """Remember why the deletion is off, and put the application back into use."""
        one.refusal, one.refusal_code, one.amount_fen = refusal.value, code, amount_fen

        def refused() -> None:
            self._book.move(one, event)
            self._after_reopen(one)

        self._book.order(one, JobKind.REOPEN, event, refused)

    def _not_deleted(self, one: Dialogue) -> FinalWords:
        refusal, amount = Refusal(one.refusal or Refusal.BUSY), one.amount_fen or 0
        if refusal is Refusal.BALANCE_LEFT:
            return balance_left_words(one.id, one.spoken, self._enterprises[one.enterprise_id or 0], amount)
        return refusal_words(one.id, one.spoken, refusal, code=one.refusal_code or "")


def _why(outcome: JobOutcome) -> tuple[Refusal, str]:
    """The text that tells a job's bad end: no result, or a code that the service desk can read."""
    if outcome.state is JobState.EXPIRED:
        return Refusal.NO_RESULT_YET, ""
    if outcome.answer is not None and outcome.answer.status not in _CLOSED:
        return Refusal.BUSY, f"C{outcome.answer.status:02X}"
    if outcome.status_word is not None:
        return Refusal.BUSY, f"{outcome.status_word:04X}"
    return Refusal.BUSY, "J0" if outcome.status is None else f"P{outcome.status:02X}"
