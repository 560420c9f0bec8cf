"""Requests of the menu applets, taken in: read together, decided one after the other, written together.

Nothing here raises for what a card sent. The same counter again gets the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from telecom_codecs.errors import CodecError
from telecom_codecs.onecard.requests import CardRequest, Operation

from ...messaging.facts import MoRequest
from ...storage.context import StepContext
from ...texts.notices import Refusal
from .book import Dialogue, DialogueBook
from .lookup import Application, Deletable, Holder, find_holders
from .machine import Event, State
from .neighbours import Neighbours, VerifyOrder
from .password import NONCE_OCTETS
from .password_steps import PasswordTries
from .words import balance_words, refusal_words

#: A repeated request gets its stored answer for so long, and so often at most.
REPEATS_FOR, REPEATS_EVERY = timedelta(minutes=10), timedelta(seconds=5)
_MICROSECOND = timedelta(microseconds=1)
_REASON_LENGTH = 120


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that is new, read; or the reason why it cannot be."""

    request: MoRequest
    wish: CardRequest | None = field(default=None, repr=False)
    fault: str = ""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the cards of one step are, and what deletions want to know when there are any."""

    holders: Mapping[str, Holder]
    deletable: Deletable | None
    tries: PasswordTries | None


def take_requests(
    conn: Connection, context: StepContext, neighbours: Neighbours, requests: Sequence[MoRequest]
) -> None:
    """Open a dialogue for each request that is new, and answer it or have its password judged after the commit."""
    book = DialogueBook(conn, context)
    book.load_requests((request.iccid, request.counter) for request in requests)
    asked = list(_new_ones(book, requests))
    found = _look_up(conn, context, [one for one in asked if one.wish is not None])
    book.load(one.wish.serial for one in asked if one.wish is not None and one.wish.serial is not None)
    book.take_serials(len(asked))
    taking = _Taking(book, context, neighbours, found)
    for one in asked:
        taking.take(one)
    if found.tries is not None:
        found.tries.write()
    book.write()


def _new_ones(book: DialogueBook, requests: Sequence[MoRequest]) -> Iterator[_Asked]:
    """Those to act on. A repetition gets its stored answer; one whose dialogue is forgotten is never acted on anew."""
    seen: set[tuple[str, int]] = set()
    for request in requests:
        name = (request.iccid, request.counter)
        before = book.find_request(*name)
        if before is not None:
            _answer_again(book, before, request)
        elif not request.is_repeat and name not in seen:
            seen.add(name)
            try:
                yield _Asked(request, CardRequest.decode(request.request_octets))
            except CodecError as error:
                yield _Asked(request, fault=f"malformed: {error}"[:_REASON_LENGTH])


def _answer_again(book: DialogueBook, before: Dialogue, request: MoRequest) -> None:
    """A doubled request: the stored answer once more, and nothing else happens.

    An SMSC doubles within minutes; somebody who replays a packet for hours must not keep a card busy with answers.
    """
    is_fresh = (
        book.now - before.received_at < REPEATS_FOR // _MICROSECOND
        and book.now - before.updated_at >= REPEATS_EVERY // _MICROSECOND
    )
    answered = before.state == State.DONE and before.answer_text is not None
    if answered and is_fresh and before.digest == request.digest:
        book.repeat(before)


def _look_up(conn: Connection, context: StepContext, asked: Sequence[_Asked]) -> _Found:
    holders = find_holders(conn, {one.request.iccid for one in asked}) if asked else {}
    deleting = {one.request.iccid for one in asked if one.wish and one.wish.operation is Operation.DELETE}
    if not deleting:
        return _Found(holders, None, None)
    deletable = Deletable(conn, {iccid: holder for iccid, holder in holders.items() if iccid in deleting})
    return _Found(holders, deletable, PasswordTries(conn, context, deleting))


@dataclass(frozen=True, slots=True)
class _Taking:
    """The decisions of one step."""

    book: DialogueBook
    context: StepContext
    neighbours: Neighbours
    found: _Found

    def take(self, asked: _Asked) -> None:
        request, wish = asked.request, asked.wish
        if wish is None:
            self._reject(request, None, asked.fault)
            return
        holder = self.found.holders.get(request.iccid)
        if str(wish.iccid) != request.iccid:
            self._reject(request, wish, "names another card than the one that signed it")
        elif holder is None or holder.msisdn is None:
            self._reject(request, wish, "the card has no subscriber")
        elif wish.operation is Operation.NOT_SHOWN:
            self._take_not_shown(request, wish)
        elif wish.operation is Operation.DELETE:
            self._take_deletion(request, wish, holder)
        else:
            self._take_question(request, wish, holder)

    def _reject(self, request: MoRequest, wish: CardRequest | None, reason: str) -> None:
        one = self.book.open(request, wish, None)
        one.reason = reason
        self.book.move(one, Event.REJECT)

    def _take_question(self, request: MoRequest, wish: CardRequest, holder: Holder) -> None:
        """Answered at once: the balance, or a refusal."""
        one = self.book.open(request, wish, holder.msisdn)
        application = holder.applications.get(wish.enterprise_id)
        if not holder.is_served:
            words = refusal_words(one.id, wish.language, Refusal.CARD_LOST)
        elif wish.operation is not Operation.BALANCE:
            words = refusal_words(one.id, wish.language, Refusal.BUSY, code=f"U{wish.operation:02X}")
        elif application is None:
            words = refusal_words(one.id, wish.language, Refusal.NOT_A_MEMBER)
        else:
            words = balance_words(one.id, wish.language, application, self.context.now)
        self.book.answer(one, Event.ANSWER, words)

    def _take_deletion(self, request: MoRequest, wish: CardRequest, holder: Holder) -> None:
        """Count the try, then have it judged after the commit. A request that cannot succeed waits just as long."""
        assert self.found.deletable is not None
        refusal, verifier = self._let_in(request.iccid, holder, holder.applications.get(wish.enterprise_id))
        candidate = None if verifier is None else wish.password
        one = self.book.open(request, wish, holder.msisdn)
        one.refusal = refusal
        if candidate is not None:
            one.evaluates = True
            nonce = self.context.tokens.octets(NONCE_OCTETS)
            one.covered = self.neighbours.cover.cover(candidate, binding=one.binding, nonce=nonce)
        self.book.move(one, Event.ASK)
        self.found.deletable.begin(request.iccid, wish.enterprise_id)
        order = VerifyOrder(one.id, one.iccid, verifier, candidate)
        self.context.effects.append(partial(self.neighbours.verify, order))

    def _let_in(self, iccid: str, holder: Holder, application: Application | None) -> tuple[str | None, str | None]:
        """The refusal that is certain already, or the verifier to compare with."""
        deletable, tries = self.found.deletable, self.found.tries
        assert deletable is not None
        assert tries is not None
        assert holder.msisdn is not None
        if not holder.is_served:
            return Refusal.CARD_LOST.value, None
        if application is None or not deletable.is_member(holder.msisdn, application.enterprise_id):
            return Refusal.NOT_VERIFIED.value, None
        if not deletable.is_free(iccid, application):
            return Refusal.IN_PROGRESS.value, None
        verifier = tries.let_in(iccid)
        return (Refusal.NOT_VERIFIED.value if verifier is None else None), verifier

    def _take_not_shown(self, request: MoRequest, wish: CardRequest) -> None:
        """Operation 7E: the SMS with the same serial, once."""
        told = None if wish.serial is None else self.book.find(wish.serial)
        if told is None or told.iccid != request.iccid or told.sms_text is None:
            self._reject(request, wish, "reports a serial that this card was never given")
            return
        one = self.book.open(request, wish, told.msisdn)
        self.book.move(one, Event.NOTE)
        self.book.tell_by_sms(told, Event.NOT_SHOWN)
