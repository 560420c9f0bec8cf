"""Texts: saved with what decides them, claimed by the pump, settled by the SMSC's answers and receipts.

A text of which nobody knows whether it arrived is sent once more, flagged as a possible duplicate; when that is in
doubt, too, it ends UNKNOWN and whoever ordered it is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, exists, func, insert, or_, select, update

from telecom_codecs.sms.concat import split_text

from ..storage.context import StepContext
from ..storage.literal import among
from ..storage.marks import OUTBOX, mark
from ..storage.sql import Statement, in_list, instant
from .facts import INTERMEDIATE, OutboxState, TextReceipt, TextSent
from .outgoing import PRIORITY_BULK, Answer, Fate, GotReceipt, Handed, judge
from .receipts import Parked, drop_parked, parked_for, receipt_names, receipt_state, spellings
from .tables import outbox

_O = outbox.c
_INSERT = Statement(
    insert(outbox),
    (
        "id", "message", "segment", "segments", "msisdn", "pid", "dcs", "udhi", "user_data", "reference",
        "message_class", "priority", "origin", "origin_id", "state", "refusals", "possible_duplicate", "queued_at",
    ),
)  # fmt: skip
_REFERENCES = Statement(
    select(_O.msisdn, _O.reference, _O.id)
    .where(in_list(_O.msisdn, "numbers"), _O.segments > 1, _O.segment == 1)
    .order_by(_O.msisdn, _O.id)
)
_RIPE = Statement(
    update(outbox)
    .where(among(_O.state, ("QUEUED",)), _O.not_before.is_not(None), _O.not_before <= bindparam("now"))
    .values(not_before=None)
)
_earlier = outbox.alias("earlier")
_READY = Statement(
    select(_O.id, _O.segment, _O.msisdn, _O.pid, _O.dcs, _O.udhi, _O.user_data)
    .where(
        among(_O.state, ("QUEUED",)),
        _O.not_before.is_(None),
        _O.priority <= bindparam("least"),
        # what was refused for now is not overtaken by what was written later to the same number
        ~exists(
            select(_earlier.c.id).where(
                among(_earlier.c.state, ("QUEUED",)),
                _earlier.c.not_before.is_not(None),
                _earlier.c.msisdn == _O.msisdn,
                _earlier.c.id < _O.id,
            )
        ),
    )
    .order_by(_O.priority, _O.id)
    .limit(bindparam("room"))
)
_HAND = Statement(update(outbox).where(_O.id == bindparam("key")).values(state="HANDED", handed_at=bindparam("at")))
_ROW = (
    _O.id, _O.message, _O.segment, _O.segments, _O.origin, _O.origin_id, _O.state, _O.refusals, _O.possible_duplicate,
)  # fmt: skip
_ROWS = Statement(select(*_ROW).where(in_list(_O.id, "ids")).order_by(_O.id))
_LEFT_HANDED = Statement(select(*_ROW).where(among(_O.state, ("HANDED",))).order_by(_O.id))
_ANSWER = Statement(
    update(outbox)
    .where(_O.id == bindparam("key"), _O.state == bindparam("before"))
    .values(
        state=bindparam("state"),
        refusals=bindparam("refusals"),
        not_before=bindparam("not_before"),
        possible_duplicate=bindparam("doubled"),
        status=bindparam("status"),
        message_id=bindparam("name"),
        answered_at=bindparam("at"),
    )
)
_refused = outbox.alias("refused")
#: Half a text is no text: whatever of it has not left when a segment is refused for good never will.
_WITHDRAW_REST = Statement(
    update(outbox)
    .where(
        in_list(_O.message, "messages"),
        among(_O.state, ("QUEUED",)),
        exists(select(_refused.c.id).where(_refused.c.message == _O.message, _refused.c.state == "REFUSED")),
    )
    .values(state="WITHDRAWN", not_before=None)
)
_BY_MESSAGE_ID = Statement(
    select(*_ROW, _O.message_id, _O.msisdn)
    .where(
        in_list(_O.message_id, "names"),
        _O.message_id.is_not(None),
        or_(_O.receipt.is_(None), among(_O.receipt, sorted(INTERMEDIATE))),
    )
    .order_by(_O.id.desc())
)
_PLACES = Statement(select(*_ROW, _O.msisdn, _O.handed_at).where(in_list(_O.id, "ids")))
_RECEIPT = Statement(
    update(outbox)
    .where(_O.id == bindparam("key"))
    .values(receipt=bindparam("word"), receipt_error=bindparam("error"), receipt_at=bindparam("at"))
)
_NEXT = Statement(select(func.min(_O.not_before)).where(among(_O.state, ("QUEUED",)), _O.not_before.is_not(None)))

OnTextsSent: TypeAlias = Callable[[Connection, StepContext, Sequence[TextSent]], None]
OnTextReceipts: TypeAlias = Callable[[Connection, StepContext, Sequence[TextReceipt]], None]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to a number. `message_class` names why it is sent ("NOTICE", "STATEMENT"…) for quotas and listings."""

    msisdn: str = field(repr=False)
    text: str = field(repr=False)
    message_class: str
    origin: str
    origin_id: int | None = None
    priority: int = PRIORITY_BULK


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A saved text: the id of its first segment, and how many it takes."""

    message: int
    segments: int


@dataclass(slots=True)
class TextFollowers:
    """Who is told what became of texts, by their origin."""

    sent: dict[str, OnTextsSent] = field(default_factory=dict)
    receipts: dict[str, OnTextReceipts] = field(default_factory=dict)


def enqueue_texts(conn: Connection, context: StepContext, texts: Sequence[Text]) -> list[Enqueued]:
    """Save texts to send, in their order; a receipt is asked for on every segment.

    The concatenation references of a number follow one another, so that two long texts on their way are never mixed.
    """
    split = [split_text(text.text, reference=0) for text in texts]
    last = _last_references(conn, {text.msisdn for text, parts in zip(texts, split, strict=True) if len(parts) > 1})
    at = instant(context.now)
    rows: list[dict[str, Any]] = []
    results = []
    for text, parts in zip(texts, split, strict=True):
        reference, segments = 0, parts
        if len(parts) > 1:
            reference = last[text.msisdn] = (last[text.msisdn] + 1) & 0xFF
            segments = split_text(text.text, reference=reference)
        ids = [context.next_number() for _ in segments]
        results.append(Enqueued(ids[0], len(ids)))
        rows += [
            {
                "id": number,
                "message": ids[0],
                "segment": place,
                "segments": len(ids),
                "msisdn": text.msisdn,
                "pid": 0,
                "dcs": segment.dcs,
                "udhi": segment.udhi,
                "user_data": segment.user_data,
                "reference": reference,
                "message_class": text.message_class,
                "priority": text.priority,
                "origin": text.origin,
                "origin_id": text.origin_id,
                "state": "QUEUED",
                "refusals": 0,
                "possible_duplicate": False,
                "queued_at": at,
            }
            for place, (number, segment) in enumerate(zip(ids, segments, strict=True), start=1)
        ]
    _INSERT.many(conn, rows)
    if rows:
        mark(conn, OUTBOX)
    return results


def _last_references(conn: Connection, numbers: set[str]) -> dict[str, int]:
    """The concatenation reference each number was last given; -1 for none."""
    found = dict.fromkeys(numbers, -1)
    if numbers:
        found |= {msisdn: reference for msisdn, reference, _ in _REFERENCES.rows(conn, numbers=sorted(numbers))}
    return found


@dataclass(slots=True)
class _Row:
    """A segment of a text in this transaction."""

    id: int
    message: int
    segment: int
    segments: int
    origin: str
    origin_id: int | None
    state: str
    refusals: int
    doubled: bool

    def sent(self, state: OutboxState, status: int | None) -> TextSent:
        return TextSent(
            self.message, self.segment, self.segments, state, status, self.doubled, self.origin, self.origin_id
        )

    def receipt(self, word: str, error: str | None, context: StepContext) -> TextReceipt:
        return TextReceipt(
            self.message, self.segment, self.segments, word, error, self.origin, self.origin_id, context.now
        )


_WIDTH = len(_ROW)
_AFTER = {Fate.ACCEPTED: OutboxState.ACCEPTED, Fate.REFUSED: OutboxState.REFUSED, Fate.UNKNOWN: OutboxState.UNKNOWN}


class TextsOut:
    """The texts as something outgoing."""

    def __init__(self, followers: TextFollowers) -> None:
        self._followers = followers

    def claim(self, conn: Connection, context: StepContext, room: int, least: int) -> list[Handed]:
        now = instant(context.now)
        _RIPE.run(conn, now=now)
        rows = _READY.rows(conn, room=room, least=least)
        _HAND.many(conn, [{"key": row[0], "at": now} for row in rows])
        return [
            Handed(number, segment, msisdn, pid, dcs, bool(udhi), user_data, receipt=True)
            for number, segment, msisdn, pid, dcs, udhi, user_data in rows
        ]

    def note_answers(self, conn: Connection, context: StepContext, answers: Sequence[Answer]) -> Sequence[None]:
        rows = {row[0]: _Row(*row) for row in _ROWS.rows(conn, ids=[answer.row for answer in answers])}
        _Noting(conn, context, self._followers).note(rows, answers)
        return [None] * len(answers)

    def note_receipts(self, conn: Connection, context: StepContext, items: Sequence[GotReceipt]) -> Sequence[bool]:
        wanted = {name for item in items for name in receipt_names(item.receipt)}
        found: dict[tuple[str, str], _Row] = {}
        for row in _BY_MESSAGE_ID.rows(conn, names=sorted(wanted)):
            found.setdefault((row[_WIDTH], row[_WIDTH + 1]), _Row(*row[:_WIDTH]))
        taken: list[tuple[_Row, str, str | None]] = []
        results = []
        for item in items:
            names = [(name, item.msisdn) for name in receipt_names(item.receipt)]
            row = next((found[name] for name in names if name in found), None)
            results.append(row is not None)
            if row is not None:
                taken.append((row, receipt_state(item.receipt), (item.receipt.error or "")[:12] or None))
        take_receipts(conn, context, self._followers, taken)
        return results

    def settle(self, conn: Connection, context: StepContext) -> int:
        """What was handed over without a stored answer is in doubt: it goes once more, flagged."""
        rows = [_Row(*row) for row in _LEFT_HANDED.rows(conn)]
        _Noting(conn, context, self._followers).doubt(rows)
        return len(rows)


def take_receipts(
    conn: Connection,
    context: StepContext,
    followers: TextFollowers,
    taken: Sequence[tuple[_Row, str, str | None]],
) -> None:
    """Store the words of receipts, and tell whoever ordered the texts. The first final word stands."""
    at = instant(context.now)
    _RECEIPT.many(conn, [{"key": row.id, "word": word, "error": error, "at": at} for row, word, error in taken])
    told: dict[str, list[TextReceipt]] = defaultdict(list)
    for row, word, error in taken:
        if row.origin in followers.receipts:
            told[row.origin].append(row.receipt(word, error, context))
    for origin, facts in told.items():
        followers.receipts[origin](conn, context, facts)


class _Noting:
    """Answers to texts within one step."""

    def __init__(self, conn: Connection, context: StepContext, followers: TextFollowers) -> None:
        self.conn = conn
        self.context = context
        self.followers = followers
        self.now = instant(context.now)
        self.changes: list[dict[str, Any]] = []
        self.told: dict[str, list[TextSent]] = defaultdict(list)
        self.long: set[int] = set()  #: texts of several segments that were refused, or wait

    def note(self, rows: Mapping[int, _Row], answers: Sequence[Answer]) -> None:
        names: dict[str, int] = {}
        for answer in answers:
            row = rows.get(answer.row)
            if row is None or row.state in ("ACCEPTED", "REFUSED", "WITHDRAWN"):
                continue  # settled meanwhile
            judged = judge(answer.result, row.refusals)
            if row.state != "HANDED" and (judged.fate is not Fate.ACCEPTED or not row.doubled):
                continue  # a late answer counts only when it ends the doubt
            before, row.refusals = row.state, row.refusals + judged.counts
            if judged.fate is Fate.UNKNOWN:
                self._in_doubt(row, before, answer.result.status)
            elif judged.fate is Fate.AGAIN:
                wait = self.now + judged.wait if judged.wait else None
                self._change(row, before, OutboxState.QUEUED, answer.result.status, not_before=wait)
                if answer.result.status >= 0:
                    self._tell(row, OutboxState.QUEUED, answer.result.status)
            else:
                name = spellings(answer.result.message_id)[0] if answer.result.message_id else None
                if name is not None:
                    names[name] = row.id
                self._change(row, before, _AFTER[judged.fate], answer.result.status, name=name)
                self._tell(row, _AFTER[judged.fate], answer.result.status)
        self._write()
        if names:
            self._take_parked(names, parked_for(self.conn, names))

    def doubt(self, rows: Sequence[_Row]) -> None:
        for row in rows:
            self._in_doubt(row, row.state, None)
        self._write()

    def _in_doubt(self, row: _Row, before: str, status: int | None) -> None:
        """Sent, and nobody says whether it arrived: once more, flagged; then it is somebody else's decision."""
        if row.doubled:
            self._change(row, before, OutboxState.UNKNOWN, status)
            self._tell(row, OutboxState.UNKNOWN, status)
            return
        row.doubled = True
        self._change(row, before, OutboxState.QUEUED, status, not_before=self.now + 1_000_000)
        self._tell(row, OutboxState.QUEUED, status)

    def _change(
        self,
        row: _Row,
        before: str,
        state: OutboxState,
        status: int | None,
        *,
        not_before: int | None = None,
        name: str | None = None,
    ) -> None:
        row.state = state.value
        if row.segments > 1 and state is not OutboxState.ACCEPTED:
            self.long.add(row.message)
        self.changes.append(
            {
                "key": row.id,
                "before": before,
                "state": state.value,
                "refusals": row.refusals,
                "not_before": not_before,
                "doubled": bool(row.doubled),
                "status": status,
                "name": name,
                "at": self.now,
            }
        )

    def _tell(self, row: _Row, state: OutboxState, status: int | None) -> None:
        if row.origin in self.followers.sent:
            self.told[row.origin].append(row.sent(state, status))

    def _write(self) -> None:
        _ANSWER.many(self.conn, self.changes)
        if self.long:
            _WITHDRAW_REST.run(self.conn, messages=sorted(self.long))
        for origin, facts in self.told.items():
            self.followers.sent[origin](self.conn, self.context, facts)
        if any(change["state"] == "QUEUED" for change in self.changes):
            mark(self.conn, OUTBOX)

    def _take_parked(self, names: Mapping[str, int], parked: Sequence[Parked]) -> None:
        """Receipts that came before the answer that tells whose they are, but after the segment had left."""
        if not parked:
            return
        rows = {row[0]: row for row in _PLACES.rows(self.conn, ids=sorted(names.values()))}
        taken, used = [], []
        for receipt in parked:
            row = rows[names[receipt.name]]
            if receipt.msisdn == row[_WIDTH] and receipt.received_at >= row[_WIDTH + 1]:
                taken.append((_Row(*row[:_WIDTH]), receipt.state, receipt.error))
                used.append(receipt)
        take_receipts(self.conn, self.context, self.followers, taken)
        drop_parked(self.conn, used)
