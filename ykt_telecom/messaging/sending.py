"""Steps of sending: claim what is next, note what the SMSC said, and settle what a crash left open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, or_, select, update

from smsc_gateway.smpp.receipt import message_key
from smsc_gateway.smpp.status import UNCLEAR_TRIES, RetryClass, retry_class

from ..storage.context import StepContext
from ..storage.marks import OUTBOX, mark
from .facts import OutboxState, SubmitFact
from .outbox import PACKET, withdraw
from .receipts import claim_parked
from .receivers import Hooks
from .tables import outbox

# statements of the hot path are built once: building costs more than SQLite does
_READY = (
    select(outbox.c.outbox_id)
    .where(
        outbox.c.state == OutboxState.QUEUED,
        or_(outbox.c.not_before.is_(None), outbox.c.not_before <= bindparam("now")),
    )
    .order_by(outbox.c.priority, outbox.c.seq)
    .limit(bindparam("most"))
)
_SEGMENTS = (
    select(outbox)
    .where(outbox.c.outbox_id.in_(bindparam("ids", expanding=True)))
    .order_by(outbox.c.outbox_id, outbox.c.segment)
)
_HAND = (
    update(outbox)
    .where(outbox.c.seq.in_(bindparam("seqs", expanding=True)))
    .values(state=OutboxState.HANDED, handed_at=bindparam("now"), tries=outbox.c.tries + 1)
)
_FIND = select(outbox).where(outbox.c.seq == bindparam("seq"))
_CHANGE = update(outbox).where(outbox.c.seq == bindparam("key")).returning(outbox)

#: What has not left yet of a message waits with the segment that was refused: else it would stand in others' way.
_HOLD = update(outbox).where(outbox.c.outbox_id == bindparam("id"), outbox.c.state == OutboxState.QUEUED)

#: A text of which nobody knows whether it arrived is sent again this often, flagged as a possible duplicate.
_TEXT_RESENDS = 4
#: Tries of a message that the SMSC refuses and nobody knows why.
_UNKNOWN_STATUS_TRIES = UNCLEAR_TRIES
#: Waits after an explicit refusal; the last one repeats.
_REFUSAL_WAITS = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 5, 10, 30, 60))


@dataclass(frozen=True, slots=True)
class ClaimedSegment:
    """A segment that is durably marked as handed over and may now leave."""

    seq: int
    outbox_id: str
    segment: int
    msisdn: str = field(repr=False)
    pid: int
    dcs: int
    udhi: bool
    user_data: bytes = field(repr=False)
    receipt_wanted: bool


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """What became of a claimed segment. QUEUED: refused for now (`status`), or not sent at all (`status` None)."""

    seq: int
    state: OutboxState
    status: int | None = None
    message_id: str | None = None


def claim(conn: Connection, context: StepContext, hooks: Hooks, limit: int) -> list[tuple[ClaimedSegment, ...]]:
    """Mark up to `limit` messages as handed over and return their segments, message by message, in order.

    A message with a segment that waits for a refusal to pass waits as a whole: nothing overtakes it.
    """
    ready = conn.execute(_READY, {"now": context.now, "most": limit * 4}).all()
    names = list(dict.fromkeys(row.outbox_id for row in ready))[:limit]
    if not names:
        return []
    rows = conn.execute(_SEGMENTS, {"ids": names}).all()
    messages: dict[str, list[Row[Any]]] = {name: [] for name in names}
    for row in rows:
        messages[row.outbox_id].append(row)
    claimed = []
    for segments in messages.values():
        waiting = [row for row in segments if row.state == OutboxState.QUEUED]
        held = any(row.not_before is not None and row.not_before > context.now for row in waiting)
        busy = any(row.state == OutboxState.HANDED for row in segments)
        if waiting and not held and not busy:
            claimed.append(waiting)
    seqs = [row.seq for waiting in claimed for row in waiting]
    if seqs:
        conn.execute(_HAND, {"seqs": seqs, "now": context.now})
    for waiting in claimed:
        _tell(conn, context, hooks, waiting[0], OutboxState.HANDED, status=None)
    return [tuple(_claimed(row) for row in waiting) for waiting in claimed]


def _claimed(row: Row[Any]) -> ClaimedSegment:
    return ClaimedSegment(
        row.seq,
        row.outbox_id,
        row.segment,
        row.msisdn,
        row.pid,
        row.dcs,
        row.udhi,
        row.user_data,
        row.receipt_wanted,
    )


def note_results(conn: Connection, context: StepContext, hooks: Hooks, results: Sequence[SegmentResult]) -> None:
    """Store what the SMSC said about claimed segments, and tell whoever ordered them.

    Segments that were not sent go back first: whoever hears of a refusal before them may withdraw them.
    """
    for result in sorted(results, key=_was_sent):
        row = conn.execute(_FIND, {"seq": result.seq}).one()
        if row.state != OutboxState.HANDED:
            continue  # settled meanwhile
        _note(conn, context, hooks, row, result)


def _was_sent(result: SegmentResult) -> bool:
    return result.state is not OutboxState.QUEUED or result.status is not None


def _note(conn: Connection, context: StepContext, hooks: Hooks, row: Row[Any], result: SegmentResult) -> None:
    state, changes = result.state, dict[str, Any]()
    if state is OutboxState.QUEUED and result.status is not None and _means_never(row, result.status):
        state = OutboxState.REFUSED
    if state is OutboxState.QUEUED and result.status is not None:
        wait = _REFUSAL_WAITS[min(row.tries, len(_REFUSAL_WAITS)) - 1]
        changes = {"not_before": context.now + wait}
    elif state is OutboxState.UNKNOWN and row.kind != PACKET and _goes_again(row):
        state = OutboxState.QUEUED
        changes = {"possible_duplicate": True, "not_before": context.now + _REFUSAL_WAITS[0]}
    elif state is OutboxState.ACCEPTED:
        changes = {"message_id": message_key(result.message_id) if result.message_id else None}
    change = {"state": state, "status": result.status, "answered_at": context.now, **changes}
    row = conn.execute(_CHANGE, {"key": row.seq, **change}).one()
    if state is OutboxState.QUEUED:
        if row.segments > 1 and row.not_before is not None:
            conn.execute(_HOLD, {"id": row.outbox_id, "not_before": row.not_before})
        mark(conn, OUTBOX)
    if not _was_sent(result):
        return
    if state is OutboxState.REFUSED:
        withdraw(conn, row.outbox_id)
    _tell(conn, context, hooks, row, state, status=result.status)
    if state is OutboxState.ACCEPTED:
        claim_parked(conn, context, hooks, row)


def _means_never(row: Row[Any], status: int) -> bool:
    """A status whose meaning nobody knows (vendor values) is tried again a few times; then it counts as final."""
    return row.tries >= _UNKNOWN_STATUS_TRIES and retry_class(status) is RetryClass.UNCLEAR


def _goes_again(row: Row[Any]) -> bool:
    """Refusals count as tries, too: after any number of them a text in doubt goes once more."""
    return row.tries <= _TEXT_RESENDS or not row.possible_duplicate


def settle_after_crash(conn: Connection, context: StepContext, hooks: Hooks) -> int:
    """What was handed over without a stored answer is in doubt: texts go again, flagged; packets count as unknown."""
    rows = conn.execute(select(outbox).where(outbox.c.state == OutboxState.HANDED).order_by(outbox.c.seq)).all()
    for row in rows:
        _note(conn, context, hooks, row, SegmentResult(row.seq, OutboxState.UNKNOWN, None))
    return len(rows)


def _tell(
    conn: Connection, context: StepContext, hooks: Hooks, row: Row[Any], state: OutboxState, *, status: int | None
) -> None:
    fact = SubmitFact(
        row.outbox_id,
        row.segment,
        row.segments,
        row.msisdn,
        state,
        status,
        row.possible_duplicate,
        row.origin,
        row.origin_id,
    )
    for tell in hooks.on_submit:
        tell(conn, fact, context)
