"""The dialogues of one step: read together, moved in memory, written together with what they order and send.

A step decides dialogue by dialogue; :meth:`DialogueBook.write` ends it with one order for all cards, one text list and
one statement for each kind of change. One item is a book of one; there is no second way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from telecom_codecs.onecard.answers import AnswerKind
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.requests import CardRequest

from ...messaging.facts import MoRequest
from ...messaging.outgoing import PRIORITY_DIALOGUE
from ...messaging.texts import Text, enqueue_texts
from ...ota.orders import Order, Ordered, order_jobs
from ...ota.outcome import JobKind
from ...registry.audit.steps import record
from ...registry.audit.subject import Subject
from ...storage.context import StepContext
from ...storage.literal import among
from ...storage.sql import Statement, in_list, in_pairs, instant
from .machine import DIALOGUE, OPEN_STATES, Event, OutOfTurn, State
from .tables import dialogue, dialogue_serial
from .words import FinalWords

ORIGIN = "dialogue"

#: What happens to most dialogues: one audit row for all that it happened to in one step.
_PLAIN = frozenset({Event.ANSWER, Event.ASK, Event.NOTE, Event.RIGHT, Event.EMPTY, Event.DELETED, Event.QUEUED})


@dataclass(slots=True)
class Dialogue:
    """A dialogue's row in this transaction; instants in microseconds. Its state changes by :meth:`DialogueBook.move`.

    The fields are the columns of its table.
    """

    id: int
    iccid: str = field(repr=False)
    counter: int
    digest: str = field(repr=False)
    inbox_id: int | None
    operation: int | None
    request_number: int | None
    enterprise_id: int | None
    language: int
    msisdn: str | None = field(repr=False)
    received_at: int
    updated_at: int
    state: str = State.RECEIVED
    reason: str | None = None
    evaluates: bool = False
    covered: bytes | None = field(default=None, repr=False)
    refusal: str | None = None
    refusal_code: str | None = None
    amount_fen: int | None = field(default=None, repr=False)
    job_id: int | None = None
    answer_text: str | None = field(default=None, repr=False)
    sms_text: str | None = field(default=None, repr=False)
    notice: str | None = None
    outbox_id: int | None = None
    possible_duplicate: bool = False

    @property
    def spoken(self) -> Language:
        return Language(self.language)

    @property
    def binding(self) -> bytes:
        """What its covered candidate is bound to."""
        return f"{self.iccid}|{self.counter}".encode()


_NAMES = tuple(column.name for column in fields(Dialogue))
_COLUMNS = tuple(dialogue.c[name] for name in _NAMES)
_CHANGING = (
    "state", "covered", "refusal", "refusal_code", "amount_fen", "job_id", "answer_text", "sms_text", "notice",
    "outbox_id", "possible_duplicate", "updated_at",
)  # fmt: skip
_D, _S = dialogue.c, dialogue_serial.c
_FIND = Statement(select(*_COLUMNS).where(in_list(_D.id, "ids")))
_FIND_REQUESTS = Statement(select(*_COLUMNS).where(in_pairs((_D.iccid, _D.counter), "requests")))
# by the index of what is open, which an ORDER BY would make it leave
_VERIFYING = Statement(select(*_COLUMNS).where(among(_D.state, OPEN_STATES), among(_D.state, (State.VERIFYING,))))
_INSERT = Statement(insert(dialogue), _NAMES)
_CHANGE = Statement(
    update(dialogue).where(_D.id == bindparam("key")).values({name: bindparam(name) for name in _CHANGING})
)
_RAISE = Statement(update(dialogue_serial).values(last=_S.last + bindparam("count")).returning(_S.last))
_BEGIN = Statement(
    insert(dialogue_serial).from_select(
        ("id", "last"), select(1, func.coalesce(func.max(_D.id), 0)).select_from(dialogue)
    )
)


@dataclass(frozen=True, slots=True)
class _Wish:
    """An order that a dialogue waits for: `placed` when it is saved, `refused` when the card does not allow it now."""

    dialogue_id: int
    order: Order
    placed: Callable[[int], None]
    refused: Callable[[], None]


class DialogueBook:
    """What one step knows of dialogues, and what it changes. :meth:`write` ends it."""

    def __init__(self, conn: Connection, context: StepContext) -> None:
        self.conn = conn
        self.context = context
        self.now = instant(context.now)
        self._rows: dict[int, Dialogue] = {}
        self._requests: dict[tuple[str, int], Dialogue] = {}
        self._new: dict[int, Dialogue] = {}
        self._changed: dict[int, Dialogue] = {}
        self._wishes: list[_Wish] = []
        self._waiting: set[int] = set()
        self._texts: list[tuple[Text, Dialogue | None]] = []
        self._plain: dict[str, list[int]] = defaultdict(list)
        self._last_serial = 0

    # --- reading ---------------------------------------------------------------------------------------------------

    def load(self, serials: Iterable[int]) -> None:
        """The dialogues of these serials, as far as there are any."""
        missing = sorted(set(serials) - self._rows.keys())
        if missing:
            self._add(_FIND.rows(self.conn, ids=missing))

    def load_requests(self, requests: Iterable[tuple[str, int]]) -> None:
        """The dialogues of these (ICCID, counter)."""
        self._add(_FIND_REQUESTS.rows(self.conn, requests=sorted(set(requests))))

    def load_verifying(self) -> Sequence[Dialogue]:
        """All whose password is being judged."""
        return self._add(sorted(_VERIFYING.rows(self.conn)))

    def _add(self, rows: Iterable[Sequence[Any]]) -> Sequence[Dialogue]:
        found = [Dialogue(*row) for row in rows]
        for one in found:
            self._rows[one.id] = self._requests[one.iccid, one.counter] = one
        return found

    def find(self, serial: int) -> Dialogue | None:
        """A loaded dialogue as it stands now: what it waits for in this step is settled first."""
        if serial in self._waiting:
            self.settle()
        return self._rows.get(serial)

    def find_request(self, iccid: str, counter: int) -> Dialogue | None:
        """The loaded dialogue of a request. It may still wait for what it ordered in this very step."""
        return self._requests.get((iccid, counter))

    def known(self) -> Iterable[Dialogue]:
        """All that are loaded."""
        return self._rows.values()

    # --- changing --------------------------------------------------------------------------------------------------

    def take_serials(self, count: int) -> None:
        """Take the next `count` serials; :meth:`open` gives them out."""
        if not count:
            return
        rows = _RAISE.rows(self.conn, count=count)
        if not rows:
            _BEGIN.run(self.conn)
            rows = _RAISE.rows(self.conn, count=count)
        self._last_serial = rows[0][0] - count

    def open(self, request: MoRequest, asked: CardRequest | None, msisdn: str | None) -> Dialogue:
        """A new dialogue in its first state, with the next of the serials taken."""
        self._last_serial += 1
        one = Dialogue(
            self._last_serial,
            request.iccid,
            request.counter,
            request.digest,
            request.inbox_id,
            None if asked is None else int(asked.operation),
            None if asked is None else asked.number,
            None if asked is None else asked.enterprise_id,
            int(Language.ZH if asked is None else asked.language),
            msisdn,
            self.now,
            self.now,
        )
        self._rows[one.id] = self._requests[one.iccid, one.counter] = self._new[one.id] = one
        return one

    def move(self, one: Dialogue, event: Event) -> None:
        """One transition, with its audit; raises :class:`OutOfTurn` and changes nothing for a refused pair."""
        one.state = DIALOGUE.follow(one.state, event).value
        self.touch(one)
        action = f"dialogue.{event.lower()}"
        if event in _PLAIN:
            self._plain[action].append(one.id)
        else:
            self.record(action, one)

    def touch(self, one: Dialogue) -> None:
        """Columns of the dialogue were set, or something was done for it now."""
        one.updated_at = self.now
        self._changed[one.id] = one

    def record(self, action: str, one: Dialogue) -> None:
        """An audit row about this dialogue alone."""
        facts = {"card": one.iccid[-6:], "operation": one.operation, "state": one.state}
        subject = Subject.dialogue(one.id)
        record(self.conn, at=self.context.now, actor=ORIGIN, action=action, subject=subject, facts=facts)

    def order(self, one: Dialogue, kind: JobKind, event: Event, refused: Callable[[], None]) -> None:
        """Order a job on the dialogue's application and move on; `refused` when the application does not allow it."""

        def placed(job_id: int) -> None:
            one.job_id = job_id
            self.move(one, event)

        self._wish(one, kind, placed, refused)

    def answer(self, one: Dialogue, event: Event, words: FinalWords) -> None:
        """Order the screen's text, and keep what the SMS would say."""
        one.answer_text, one.sms_text = words.screen, words.sms

        def placed(job_id: int) -> None:
            one.job_id, one.notice = job_id, "SCREEN"
            self.move(one, event)

        def refused() -> None:  # the card came to its end meanwhile; its holder is told all the same
            self.move(one, event)
            self.tell_by_sms(one, Event.NOT_QUEUED)

        self._wish(one, JobKind.ANSWER, placed, refused)

    def repeat(self, one: Dialogue) -> None:
        """Order the text for the card's screen once more; what becomes of it changes nothing."""
        self.touch(one)
        self._wish(one, JobKind.ANSWER, lambda _: None, lambda: None)

    def tell_by_sms(self, one: Dialogue, event: Event) -> None:
        """The SMS becomes the notice; it is sent once, whatever is reported again."""
        if one.state == State.TEXTED or one.sms_text is None:
            return
        try:
            self.move(one, event)
        except OutOfTurn:
            return  # the end of an answer that was repeated for a doubled request
        one.notice, one.possible_duplicate = "SMS", event is Event.IN_DOUBT
        self._texts.append((self._text(one, one.sms_text, "TRANSACTION"), one))

    def warn(self, one: Dialogue, text: str) -> None:
        """A security notice to the registered number, beside the dialogue's own."""
        self._texts.append((self._text(one, text, "SECURITY"), None))

    def _text(self, one: Dialogue, text: str, message_class: str) -> Text:
        assert one.msisdn is not None
        return Text(one.msisdn, text, message_class, ORIGIN, one.id, PRIORITY_DIALOGUE)

    def _wish(self, one: Dialogue, kind: JobKind, placed: Callable[[int], None], refused: Callable[[], None]) -> None:
        answers = kind is JobKind.ANSWER
        payload = _screen(one) if answers else {}
        enterprise_id = None if answers else one.enterprise_id
        order = Order(kind, one.iccid, enterprise_id, payload, ORIGIN, one.id, PRIORITY_DIALOGUE)
        self._wishes.append(_Wish(one.id, order, placed, refused))
        self._waiting.add(one.id)

    # --- writing ---------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Place all orders that dialogues wait for; what is refused may lead to another order."""
        while self._wishes:
            wishes, self._wishes = self._wishes, []
            self._waiting.clear()
            for wish, result in zip(
                wishes, order_jobs(self.conn, self.context, [wish.order for wish in wishes]), strict=True
            ):
                if isinstance(result, Ordered):
                    wish.placed(result.job_id)
                else:
                    wish.refused()

    def write(self) -> None:
        """Order, send and write everything that was decided."""
        self.settle()
        told = enqueue_texts(self.conn, self.context, [text for text, _ in self._texts])
        for enqueued, (_, one) in zip(told, self._texts, strict=True):
            if one is not None:
                one.outbox_id = enqueued.message
        _INSERT.many(self.conn, [{name: getattr(one, name) for name in _NAMES} for one in self._new.values()])
        changed = [one for one in self._changed.values() if one.id not in self._new]
        _CHANGE.many(self.conn, [{name: getattr(one, name) for name in _CHANGING} | {"key": one.id} for one in changed])
        for action, serials in self._plain.items():
            subject, facts = Subject.dialogue(serials[0]), {"dialogues": serials}
            record(self.conn, at=self.context.now, actor=ORIGIN, action=action, subject=subject, facts=facts)


def _screen(one: Dialogue) -> Mapping[str, Any]:
    """The answer's payload, as `JobKind.ANSWER` says."""
    return {
        "kind": int(AnswerKind.FINAL),
        "request": one.request_number,
        "serial": f"{one.id:012x}",
        "text": one.answer_text,
    }
