"""The steps of dialogues, each inside the transaction that stores what caused it, for all that came at once.

`on_mo_requests` takes authentic packets in, `on_verdicts` the judgements of passwords, `on_job_outcomes` the ends of
jobs that dialogues ordered, `recover` what a restart interrupted. An accepted request gets exactly one final notice
(INV-22): the screen, or the SMS with the same serial when the screen could not show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from sqlalchemy import Connection

from telecom_codecs.onecard.answers import QueueStatus

from ...messaging.facts import MoRequest
from ...ota.outcome import JobKind, JobOutcome
from ...ota.states import JobState
from ...storage.context import StepContext
from ...texts.notices import Refusal, password_locked_sms
from .book import ORIGIN, Dialogue, DialogueBook
from .deletion import Deletions
from .machine import Event, State
from .neighbours import Neighbours, Verdict, VerifyOrder
from .password_steps import PasswordTries
from .requests import take_requests
from .words import refusal_words


class DialogueSteps:
    """The steps, with what lies outside of their transactions bound."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours

    def on_mo_requests(self, conn: Connection, context: StepContext, requests: Sequence[MoRequest]) -> None:
        """Take requests in; never raises for what a card sent. The same counter again gets the same answer."""
        take_requests(conn, context, self._neighbours, requests)

    def on_verdicts(self, conn: Connection, context: StepContext, verdicts: Sequence[Verdict]) -> Sequence[None]:
        """Store the judgements and go on. A second verdict on the same dialogue changes nothing."""
        book = DialogueBook(conn, context)
        book.load(verdict.dialogue_id for verdict in verdicts)
        cards = [one.iccid for verdict in verdicts if (one := book.find(verdict.dialogue_id)) is not None]
        tries = PasswordTries(conn, context, cards)
        for verdict in verdicts:
            one = book.find(verdict.dialogue_id)
            if one is not None and one.state == State.VERIFYING:
                _take_verdict(book, tries, one, verdict)
        tries.write()
        book.write()
        return [None] * len(verdicts)

    def on_job_outcomes(self, conn: Connection, context: StepContext, outcomes: Sequence[JobOutcome]) -> None:
        """Take the next step of each dialogue that ordered a job; outcomes of others and late ones are passed over."""
        book = DialogueBook(conn, context)
        mine = [outcome for outcome in outcomes if outcome.origin == ORIGIN]
        book.load(outcome.origin_id for outcome in mine if outcome.origin_id is not None)
        deletions = Deletions(book)
        for outcome in mine:
            one = None if outcome.origin_id is None else book.find(outcome.origin_id)
            if one is None or one.job_id != outcome.job_id:
                continue
            if outcome.kind is JobKind.ANSWER:
                _take_answer(book, one, outcome)
            else:
                deletions.after(one, outcome)
        book.write()

    def recover(self, conn: Connection, context: StepContext) -> int:
        """At start: judge again what was being judged, from the covered candidates. How many there were."""
        judged = DialogueBook(conn, context).load_verifying()
        tries = PasswordTries(conn, context, [one.iccid for one in judged])
        for one in judged:
            cover = self._neighbours.cover
            candidate = None if one.covered is None else cover.uncover(one.covered, binding=one.binding)
            verifier = tries.verifier_of(one.iccid) if candidate is not None else None
            order = VerifyOrder(one.id, one.iccid, verifier, candidate)
            context.effects.append(partial(self._neighbours.verify, order))
        return len(judged)


def _take_verdict(book: DialogueBook, tries: PasswordTries, one: Dialogue, verdict: Verdict) -> None:
    one.covered = None  # the candidate goes in the transaction that stores its verdict
    book.touch(one)
    if one.evaluates and verdict.matched:
        tries.note_right(one.iccid)
        book.record("password.right", one)
        book.order(one, JobKind.CLOSE, Event.RIGHT, partial(_refuse, book, one, Refusal.IN_PROGRESS))
        return
    if one.evaluates:
        # a candidate that a restart lost counts as wrong, so that the tries let in never exceed three
        book.record("password.wrong", one)
        if tries.note_wrong(one.iccid):
            assert one.msisdn is not None
            book.record("password.locked", one)
            book.warn(one, password_locked_sms(one.msisdn, book.context.now))
        _refuse(book, one, Refusal.NOT_VERIFIED)
    else:
        _refuse(book, one, Refusal(one.refusal or Refusal.NOT_VERIFIED))


def _refuse(book: DialogueBook, one: Dialogue, refusal: Refusal) -> None:
    book.answer(one, Event.NOT_RIGHT, refusal_words(one.id, one.spoken, refusal))


def _take_answer(book: DialogueBook, one: Dialogue, outcome: JobOutcome) -> None:
    """The card has the answer for its screen, or the SMS takes over."""
    if outcome.state is JobState.APPLIED and outcome.answer_status in (QueueStatus.QUEUED, QueueStatus.REPLACED):
        if one.state == State.ANSWERING:
            book.move(one, Event.QUEUED)
    elif outcome.state is JobState.EXPIRED:
        book.tell_by_sms(one, Event.IN_DOUBT)
    else:
        book.tell_by_sms(one, Event.NOT_QUEUED)
