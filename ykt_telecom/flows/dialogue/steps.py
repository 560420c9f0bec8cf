"""The steps of a dialogue, each inside the transaction that stores what caused it.

`on_mo_request` takes an authentic packet in, `on_verdict` the judgement of a password, `on_job_outcome` the end of a
job that a dialogue ordered, `recover` what a restart interrupted. An accepted request gets exactly one final notice
(INV-22): the screen, or the SMS with the same serial when the screen could not show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select

from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.requests import CardRequest, Operation

from ...ota.outcome import JobKind, JobOutcome
from ...storage.context import StepContext
from ...texts.notices import Refusal, password_locked_sms, refusal_text, result_sms
from ...texts.signature import signature_or_default
from . import deletion
from .balance import balance_text
from .lookup import (
    SERVED_CARD_STATES,
    find_application,
    find_card,
    find_purse,
    is_being_deleted,
    is_deletable,
    is_member,
)
from .machine import Event, State
from .neighbours import Neighbours, Request, Verdict, VerifyOrder
from .password_steps import let_in, note_right, note_wrong, verifier_of
from .tables import dialogue
from .turn import FinalWords, Turn, binding_of

ORIGIN = "dialogue"


#: A repeated request gets its stored answer for so long, and so often at most.
REPEATS_FOR, REPEATS_EVERY = timedelta(minutes=10), timedelta(seconds=5)


class DialogueSteps:
    """The steps as hooks: (connection, fact, context), with the neighbours they call bound."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours

    def on_mo_requests(self, connection: Connection, context: StepContext, requests: Sequence[Request]) -> None:
        for request in requests:
            self.on_mo_request(connection, request, context)

    def on_mo_request(self, connection: Connection, request: Request, context: StepContext) -> None:
        """Take a request in; never raises for what the card sent. The same counter again gets the same answer."""
        turn = Turn(connection, context, self._neighbours)
        before = turn.find_request(request.iccid, request.counter)
        if before is not None:
            _answer_again(turn, before, request)
            return
        if request.is_repeat:
            return  # an old packet whose dialogue is forgotten: never act on it anew
        try:
            asked = CardRequest.decode(request.request_octets)
        except CodecError as error:
            _reject(turn, request, None, f"malformed: {error}")
            return
        holder = find_card(connection, request.iccid)
        if str(asked.iccid) != request.iccid:
            _reject(turn, request, asked, "names another card than the one that signed it")
        elif holder is None or holder.msisdn is None:
            _reject(turn, request, asked, "the card has no subscriber")
        elif asked.operation is Operation.NOT_SHOWN:
            _take_not_shown(turn, request, asked)
        elif asked.operation is Operation.DELETE:
            _take_deletion(turn, request, asked, holder)
        else:
            _take_question(turn, request, asked, holder)

    def on_verdict(self, connection: Connection, verdict: Verdict, context: StepContext) -> None:
        """Store the judgement and go on. A second verdict on the same dialogue changes nothing."""
        turn = Turn(connection, context, self._neighbours)
        row = turn.find(verdict.dialogue_id)
        if row is not None and row.state == State.VERIFYING:
            _take_verdict(turn, row, verdict)

    def on_job_outcomes(self, connection: Connection, context: StepContext, outcomes: Sequence[JobOutcome]) -> None:
        for outcome in outcomes:
            self.on_job_outcome(connection, outcome, context)

    def on_job_outcome(self, connection: Connection, outcome: JobOutcome, context: StepContext) -> None:
        """Take the next step of the dialogue that ordered the job; outcomes of others and late ones are passed over."""
        if outcome.origin != ORIGIN or outcome.origin_id is None:
            return
        turn = Turn(connection, context, self._neighbours)
        row = turn.find(outcome.origin_id)
        if row is None or row.job_id != outcome.job_id:
            return
        match (State(row.state), outcome.kind):
            case (State.CLOSING, JobKind.CLOSE):
                deletion.after_close(turn, row, outcome)
            case (State.DELETING, JobKind.DELETE):
                deletion.after_delete(turn, row, outcome)
            case (State.REOPENING, JobKind.REOPEN):
                deletion.after_reopen(turn, row)
            case (_, JobKind.ANSWER):
                deletion.after_answer(turn, row, outcome)
            case _:
                pass

    def recover(self, connection: Connection, context: StepContext) -> int:
        """At start: judge again what was being judged, from the covered candidates. How many there were."""
        rows = connection.execute(select(dialogue).where(dialogue.c.state == State.VERIFYING)).all()
        for row in rows:
            binding = binding_of(row.iccid, row.counter)
            candidate = None if row.covered is None else self._neighbours.cover.uncover(row.covered, binding=binding)
            verifier = verifier_of(connection, iccid=row.iccid) if candidate is not None else None
            order = VerifyOrder(row.id, row.iccid, verifier, candidate)
            context.effects.append(partial(self._neighbours.verify, order))
        return len(rows)


def _reject(turn: Turn, request: Request, asked: CardRequest | None, reason: str) -> None:
    row = turn.open(request, asked, None, {"reason": reason[:120]})
    turn.move(row, Event.REJECT)


def _take_question(turn: Turn, request: Request, asked: CardRequest, holder: Row[Any]) -> None:
    """Answered at once: the balance, or a refusal."""
    row = turn.open(request, asked, holder.msisdn, {})
    application = find_application(turn.connection, request.iccid, asked.enterprise_id)
    if holder.state not in SERVED_CARD_STATES:
        words = _refusal(row, Refusal.CARD_LOST)
    elif asked.operation is not Operation.BALANCE:
        words = _refusal(row, Refusal.BUSY, code=f"U{asked.operation:02X}")
    elif application is None:
        words = _refusal(row, Refusal.NOT_A_MEMBER)
    else:
        purse = find_purse(turn.connection, request.iccid, application.enterprise_id)
        text = balance_text(
            application.enterprise_name,
            0 if purse is None else purse.balance_fen,
            None if purse is None else purse.valid_until,
            turn.context.now,
            asked.language,
        )
        signature = signature_or_default(application.signature)
        words = FinalWords(text, result_sms(text, row.id, asked.language, signature))
    turn.answer(row, Event.ANSWER, words)


def _take_deletion(turn: Turn, request: Request, asked: CardRequest, holder: Row[Any]) -> None:
    """Count the try, then have it judged after the commit. A request that cannot succeed waits just as long."""
    application = find_application(turn.connection, request.iccid, asked.enterprise_id)
    refusal: Refusal | None = None
    verifier: str | None = None
    if holder.state not in SERVED_CARD_STATES:
        refusal = Refusal.CARD_LOST
    elif application is None or not is_member(turn.connection, holder.msisdn, application.enterprise_id):
        refusal = Refusal.NOT_VERIFIED
    elif not is_deletable(turn.connection, application) or is_being_deleted(
        turn.connection, request.iccid, application.enterprise_id
    ):
        refusal = Refusal.IN_PROGRESS
    else:
        verifier = let_in(turn.connection, iccid=request.iccid)
        refusal = Refusal.NOT_VERIFIED if verifier is None else None
    candidate = None if verifier is None else asked.password
    values = {
        "refusal": refusal,
        "evaluates": candidate is not None,
        "covered": None if candidate is None else turn.cover(request, candidate),
        "enterprise_id": asked.enterprise_id if application is None else application.enterprise_id,
    }
    row = turn.open(request, asked, holder.msisdn, values)
    turn.move(row, Event.ASK)
    order = VerifyOrder(row.id, row.iccid, verifier, candidate)
    turn.context.effects.append(partial(turn.neighbours.verify, order))


def _take_not_shown(turn: Turn, request: Request, asked: CardRequest) -> None:
    """Operation 7E: the SMS with the same serial, once."""
    told = None if asked.serial is None else turn.find(asked.serial)
    if told is None or told.iccid != request.iccid or told.sms_text is None:
        _reject(turn, request, asked, "reports a serial that this card was never given")
        return
    row = turn.open(request, asked, told.msisdn, {})
    turn.move(row, Event.NOTE)
    turn.tell_by_sms(told, Event.NOT_SHOWN)


def _answer_again(turn: Turn, before: Row[Any], request: Request) -> None:
    """A doubled request: the stored answer once more, and nothing else happens.

    An SMSC doubles within minutes; somebody who replays a packet for hours must not keep a card busy with answers.
    """
    now = turn.context.now
    is_fresh = now - before.received_at < REPEATS_FOR and now - before.updated_at >= REPEATS_EVERY
    answered = before.state == State.DONE and before.answer_text is not None
    if answered and is_fresh and before.digest == request.digest:
        turn.touch(before)
        turn.repeat(before, before.answer_text)


def _take_verdict(turn: Turn, row: Row[Any], verdict: Verdict) -> None:
    turn.forget_candidate(row)
    if row.evaluates and verdict.matched:
        note_right(turn.connection, iccid=row.iccid)
        turn.record("password.right", row)
        if turn.order(row, Event.RIGHT, JobKind.CLOSE):
            return
        refusal = Refusal.IN_PROGRESS
    elif row.evaluates:
        # a candidate that a restart lost counts as wrong, so that the tries let in never exceed three
        turn.record("password.wrong", row)
        if note_wrong(turn.connection, iccid=row.iccid, now=turn.context.now):
            _tell_lock(turn, row)
        refusal = Refusal.NOT_VERIFIED
    else:
        refusal = Refusal(row.refusal or Refusal.NOT_VERIFIED)
    turn.answer(row, Event.NOT_RIGHT, _refusal(row, refusal))


def _tell_lock(turn: Turn, row: Row[Any]) -> None:
    turn.record("password.locked", row)
    text = password_locked_sms(row.msisdn, turn.context.now)
    turn.send(row, text, "SECURITY")


def _refusal(row: Row[Any], refusal: Refusal, *, code: str = "") -> FinalWords:
    language = Language(row.language)
    text = refusal_text(refusal, language, code=code)
    return FinalWords(text, result_sms(text, row.id, language))
