"""What the SMSC says about packets: answers to their segments, and delivery receipts. Neither proves what a card did.

An accepted segment changes its packet and nothing else; everything unusual moves the job, and never ends one in doubt.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, and_, bindparam, case, literal, or_, select, update

from smsc_gateway.smpp.receipt import message_key

from ..messaging.facts import INTERMEDIATE
from ..messaging.outgoing import Answer, Fate, GotReceipt, Judged, judge
from ..messaging.receipts import Parked, drop_parked, parked_for, receipt_names, receipt_state
from ..storage.context import StepContext
from ..storage.literal import among
from ..storage.marks import JOBS, mark
from ..storage.sql import Statement, in_list
from .jobs import Job, JobBook, Packet
from .means import OtaMeans
from .states import LANE_STATES, JobEvent, JobState
from .tables import job, packet

_P = packet.c
_ACCEPTED = Statement(
    update(packet)
    .where(_P.id == bindparam("key"))
    .values(
        accepted=_P.accepted.bitwise_or(bindparam("bit")),
        state=case(
            (_P.accepted.bitwise_or(bindparam("bit")) == literal(1).bitwise_lshift(_P.segments) - 1, "ACCEPTED"),
            else_=_P.state,
        ),
        # a receipt is asked for on the last segment only
        message_id=case((_P.segments == bindparam("place"), bindparam("name")), else_=_P.message_id),
        status=0,
        answered_at=bindparam("at"),
    )
)
_BY_MESSAGE_ID = Statement(
    select(_P.id, _P.message_id, _P.msisdn, _P.receipt)
    .where(
        in_list(_P.message_id, "names"),
        _P.message_id.is_not(None),
        or_(_P.receipt.is_(None), among(_P.receipt, sorted(INTERMEDIATE))),
    )
    .order_by(_P.id.desc())
)
_RECEIPT = Statement(
    update(packet)
    .where(_P.id == bindparam("key"))
    .values(receipt=bindparam("word"), receipt_error=bindparam("error"), receipt_at=bindparam("at"))
)
_PLACES = Statement(select(_P.id, _P.msisdn, _P.handed_at).where(in_list(_P.id, "ids")))
_HANDED = Statement(
    select(_P.id)
    .join_from(packet, job, and_(job.c.id == _P.job_id, job.c.attempts == _P.number))
    .where(among(job.c.state, LANE_STATES), among(_P.state, ("HANDED",)))
    .order_by(_P.id)
)


def note_answers(conn: Connection, context: StepContext, means: OtaMeans, answers: Sequence[Answer]) -> list[None]:
    """Store the answers to segments of packets, with all that follows for their jobs."""
    book = JobBook(conn, context, means)
    accepted: list[Answer] = []
    unusual: list[Answer] = []
    for answer in answers:
        (accepted if judge(answer.result, 0).fate is Fate.ACCEPTED else unusual).append(answer)
    _ACCEPTED.many(
        conn,
        [
            {
                "key": one.row,
                "bit": 1 << (one.segment - 1),
                "place": one.segment,
                "at": book.now,
                "name": message_key(one.result.message_id or "") or None,
            }
            for one in accepted
        ],
    )
    if unusual:
        book.load_packets(answer.row for answer in unusual)
        book.load_packets_of(book.packets[answer.row].job_id for answer in unusual if answer.row in book.packets)
        for answer in unusual:
            _note(book, answer)
    names = {message_key(one.result.message_id): one.row for one in accepted if one.result.message_id}
    _take_parked(book, names, parked_for(conn, names) if names else [])
    book.write()
    return [None] * len(answers)


def _note(book: JobBook, answer: Answer) -> None:
    """Anything but acceptance."""
    one = book.packets.get(answer.row)
    if one is None or one.state not in ("HANDED", "QUEUED"):
        return  # settled meanwhile
    judged = judge(answer.result, one.refusals)
    one.status = answer.result.status
    order = book.jobs[one.job_id]
    current = order.attempts == one.number and order.state in LANE_STATES
    if judged.fate is Fate.AGAIN and current:
        _go_again(book, order, one, judged, answer)
    elif judged.fate is Fate.AGAIN:
        one.state = "WITHDRAWN"  # answered meanwhile, or given up for a newer packet: what has not left stays
    else:
        one.state = "UNKNOWN" if judged.fate is Fate.UNKNOWN else "REFUSED"
        if current:
            _give_up(book, order, one, judged.fate)
    one.refusals += judged.counts
    book.change_packet(one)


def _go_again(book: JobBook, order: Job, one: Packet, judged: Judged, answer: Answer) -> None:
    one.state, one.not_before = "QUEUED", book.now + judged.wait
    if order.state == JobState.SUBMITTED:
        reason = None if answer.result.status < 0 else f"the SMSC refused for now: status {answer.result.status:#x}"
        book.move(order, JobEvent.REFUSE_FOR_NOW, reason=reason)
    mark(book.conn, JOBS)


def _give_up(book: JobBook, order: Job, one: Packet, fate: Fate) -> None:
    """This packet goes no further. Only when nothing of this job ever left is it certain that nothing was done."""
    if not any(known.may_be_out for known in book.packets_of(order)):
        reason = f"the SMSC refused it: status {one.status or 0:#x}; nothing was sent"
        book.finish(order, JobEvent.REFUSE_FOR_GOOD, reason=reason)
        return
    lose_sight(book, order, "the SMSC did not answer" if fate is Fate.UNKNOWN else "partly refused")


def lose_sight(book: JobBook, order: Job, reason: str) -> None:
    """Nobody can say whether the card acted: leave the lane, try again later."""
    due_at = book.later(book.means.policy.delay(order.attempts))
    book.move(order, JobEvent.LOSE_SIGHT, reason=reason, due_at=due_at)


def note_receipts(conn: Connection, context: StepContext, means: OtaMeans, items: Sequence[GotReceipt]) -> list[bool]:
    """Take in the receipts that name a packet: delivered proves delivery only, failed leaves the job in doubt."""
    wanted = {name for item in items for name in receipt_names(item.receipt)}
    found: dict[tuple[str, str], int] = {}
    for number, name, msisdn, _receipt in _BY_MESSAGE_ID.rows(conn, names=sorted(wanted)):
        found.setdefault((name, msisdn), number)
    book = JobBook(conn, context, means)
    rows, failed, results = [], [], []
    for item in items:
        place = next(
            (found[name, item.msisdn] for name in receipt_names(item.receipt) if (name, item.msisdn) in found),
            None,
        )
        results.append(place is not None)
        if place is None:
            continue
        word = receipt_state(item.receipt)
        rows.append({"key": place, "word": word, "error": (item.receipt.error or "")[:12] or None, "at": book.now})
        if word != "DELIVRD" and word not in INTERMEDIATE:
            failed.append((place, word))
    _RECEIPT.many(conn, rows)
    _take_failed(book, failed)
    book.write()
    return results


def _take_failed(book: JobBook, failed: Sequence[tuple[int, str]]) -> None:
    book.load_packets(number for number, _ in failed)
    for number, word in failed:
        one = book.packets[number]
        order = book.jobs[one.job_id]
        if order.attempts == one.number and order.state == JobState.SUBMITTED:
            lose_sight(book, order, f"delivery receipt {word}")


def _take_parked(book: JobBook, names: dict[str, int], parked: Sequence[Parked]) -> None:
    """Receipts that came before the answer that tells whose they are, but after the packet had left."""
    if not parked:
        return
    places = {number: (msisdn, at) for number, msisdn, at in _PLACES.rows(book.conn, ids=sorted(names.values()))}
    rows, failed, taken = [], [], []
    for receipt in parked:
        number = names[receipt.name]
        msisdn, handed_at = places[number]
        if receipt.msisdn != msisdn or receipt.received_at < handed_at:
            continue
        taken.append(receipt)
        rows.append({"key": number, "word": receipt.state, "error": receipt.error, "at": book.now})
        if receipt.state != "DELIVRD" and receipt.state not in INTERMEDIATE:
            failed.append((number, receipt.state))
    _RECEIPT.many(book.conn, rows)
    _take_failed(book, failed)
    drop_parked(book.conn, taken)


def settle(conn: Connection, context: StepContext, means: OtaMeans) -> int:
    """At start: a packet that was handed over without a stored answer may have left; its job is in doubt."""
    book = JobBook(conn, context, means)
    numbers = [row[0] for row in _HANDED.rows(conn)]
    book.load_packets(numbers)
    for number in numbers:
        one = book.packets[number]
        one.state = "UNKNOWN"
        book.change_packet(one)
        order = book.jobs[one.job_id]
        if order.state == JobState.SUBMITTED:
            lose_sight(book, order, "a restart came before the SMSC's answer")
    book.write()
    return len(numbers)
