"""Step for response packets: is it authentic, whose is it, what follows.

Only a PoR with a good CC whose TAR and CNTR equal an attempt of that card counts. All attempts stay matchable, and
each is answered once. Every authentic PoR is a fence: packets with a lower CNTR can never run any more.
"""

from __future__ import annotations

import hmac
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, false, select, true, update

from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.errors import CodecError
from telecom_codecs.ota.packet_security import open_response
from telecom_codecs.ota.secured_packet import PorStatus, ResponsePacket, Spi

from ..messaging.outbox import withdraw
from ..registry.audit.steps import record
from ..registry.cards.states import ApplicationEvent
from ..registry.cards.steps import live_card_of
from ..registry.keys.steps import NoKey
from ..registry.keys.wrapping import BindingMismatch
from ..storage.context import StepContext
from .applications import learn, note_answer
from .building import load_application
from .counters import CounterExhausted, reserve
from .ending import finish
from .means import OtaMeans
from .outcome import REPEATABLE, JobKind
from .states import ANSWERABLE_STATES, LANE_STATES, JobEvent, JobState
from .steps import AUDIT, PERSONALISE, SCRIPT, find_job, move
from .tables import attempt, job
from .verdict import Next, Verdict, judge

_INTERIM = frozenset({PorStatus.MORE_TIME, PorStatus.RESPONSE_IN_SUBMIT, PorStatus.RESPONSE_IN_USSD})
#: A second answer to the same attempt may still overrule one of these.
_OPEN_STATUSES = frozenset({None, PorStatus.COUNTER_LOW, *_INTERIM})
#: How many C-APDUs each script carries (scripts.py).
_COMMANDS = {SCRIPT: 3, PERSONALISE: 2}

# statements of the hot path are built once: building costs more than SQLite does
_WAYS = (
    select(attempt.c.spi, attempt.c.kic, attempt.c.kid, attempt.c.key_index, attempt.c.generation)
    .where(attempt.c.iccid == bindparam("iccid"))
    .distinct()
)
_LANE = (
    (attempt.c.iccid == bindparam("card"))
    & (attempt.c.key_index == bindparam("index"))
    & (attempt.c.generation == bindparam("of"))
)
_MATCHING = select(attempt).where(_LANE, attempt.c.counter == bindparam("cntr"), attempt.c.may_be_sent == true())
_ANSWERED = update(attempt).where(attempt.c.id == bindparam("key"))
_OLDER = update(attempt).where(
    _LANE,
    attempt.c.counter < bindparam("cntr"),
    attempt.c.status.is_(None),
    attempt.c.fenced == false(),
)
_BEHIND = update(job).where(
    job.c.iccid == bindparam("card"), job.c.state == JobState.INDETERMINATE, job.c.id != bindparam("but")
)
_SENT_BEFORE = (
    select(attempt.c.id)
    .where(
        attempt.c.job_id == bindparam("job"),
        attempt.c.number < bindparam("before"),
        attempt.c.may_be_sent == true(),
        attempt.c.purpose == SCRIPT,
    )
    .limit(1)
)
_ANSWERED_BEFORE = _SENT_BEFORE.where(attempt.c.status == PorStatus.OK)
_TOLD_LATER = (
    select(attempt.c.id)
    .join(job, job.c.id == attempt.c.job_id)
    .where(
        _LANE,
        attempt.c.counter > bindparam("cntr"),
        attempt.c.status == PorStatus.OK,
        attempt.c.purpose == SCRIPT,
        job.c.application_id == bindparam("application"),
    )
    .limit(1)
)


class Reception(StrEnum):
    """What became of a response packet; the word that stands in the inbox and the audit log."""

    COUNTED = "por.counted"
    INTERIM = "por.interim"
    DUPLICATE = "por.duplicate"
    UNSECURED = "por.unsecured"
    UNMATCHED = "por.unmatched"
    FORGED = "por.forged"
    FOREIGN = "por.foreign"


def take_response(
    conn: Connection, context: StepContext, means: OtaMeans, source_msisdn: str, octets: bytes
) -> Reception:
    """Take in a response packet (from RPL on) that came from a number."""
    owner = live_card_of(conn, source_msisdn)
    if owner is None:
        return _alarm(conn, context, Reception.FOREIGN, "")
    opened = _open(conn, means, owner.iccid, octets)
    if opened is None:
        return _alarm(conn, context, Reception.FORGED, owner.iccid)
    packet, tried, authentic = opened
    found = _matching(conn, owner.iccid, tried, packet)
    if found is None:
        return _alarm(conn, context, Reception.UNMATCHED, owner.iccid)
    if not authentic:
        return _take_hint(conn, context, means, found, packet)
    return _take_proof(conn, context, means, found, packet)


def _alarm(conn: Connection, context: StepContext, what: Reception, iccid: str) -> Reception:
    record(conn, at=context.now, actor="ota", action=what, subject=f"card:{iccid}")
    return what


def _open(conn: Connection, means: OtaMeans, iccid: str, octets: bytes) -> tuple[ResponsePacket, Row[Any], bool] | None:
    """The packet opened as one of the ways in which this card was last written to."""
    ways: list[Any] = list(conn.execute(_WAYS, {"iccid": iccid}))
    for way in ways:
        try:
            keys = means.key_set(conn, iccid, way.generation, "MT")
            opened = open_response(
                octets,
                Spi.decode(bytes.fromhex(way.spi)),
                way.kic,
                way.kid,
                keys,
                means.provider,
                weak_algorithms=means.policy.weak_algorithms,
            )
        except (CodecError, NoKey, BindingMismatch):
            continue
        return opened.packet, way, opened.authentic
    return None


def _matching(conn: Connection, iccid: str, way: Row[Any], packet: ResponsePacket) -> Row[Any] | None:
    """The attempt with this CNTR and TAR."""
    lane = {"card": iccid, "index": way.key_index, "of": way.generation}
    found = conn.execute(_MATCHING, {**lane, "cntr": packet.counter}).one_or_none()
    if found is None or found.tar != packet.tar.octets.hex():
        return None
    return found


def _take_hint(
    conn: Connection, context: StepContext, means: OtaMeans, found: Row[Any], packet: ResponsePacket
) -> Reception:
    """An unsecured error PoR: anyone can write one, so it decides nothing and hurries nothing."""
    record(
        conn,
        at=context.now,
        actor="ota",
        action=Reception.UNSECURED,
        subject=found.job_id,
        facts={"status": packet.status, "attempt": found.number},
    )
    order = find_job(conn, found.job_id)
    current = order.attempts == found.number and JobState(order.state) in LANE_STATES
    if current and order.state not in (JobState.BUILT, JobState.RETRY_WAIT) and found.status is None:
        told = PorStatus(packet.status).name if packet.status in set(PorStatus) else f"{packet.status:02X}"
        due_at = order.due_at or context.now + means.policy.por_timeout
        purpose = order.purpose
        if packet.status == PorStatus.TAR_UNKNOWN and order.application_id is not None:
            purpose = AUDIT  # perhaps the application is gone; the card manager can prove it
        withdraw(conn, found.id)
        move(
            conn,
            order,
            JobEvent.LOSE_SIGHT,
            context.now,
            reason=f"unsecured PoR {told}",
            due_at=due_at,
            purpose=purpose,
        )
    return Reception.UNSECURED


def _take_proof(
    conn: Connection, context: StepContext, means: OtaMeans, found: Row[Any], packet: ResponsePacket
) -> Reception:
    if found.status not in _OPEN_STATUSES or found.status == packet.status:
        return Reception.DUPLICATE
    conn.execute(_ANSWERED, {"key": found.id, "status": packet.status, "answered_at": context.now})
    if packet.status in _INTERIM:
        return Reception.INTERIM
    _fence(conn, context, found)
    order = find_job(conn, found.job_id)
    if packet.status == PorStatus.OK:
        _take_answer(conn, context, means, order, found=found, octets=packet.data)
    elif JobState(order.state) not in ANSWERABLE_STATES or found.number < order.attempts:
        pass  # ended, or a later attempt may have done it: that one's own answer decides
    elif packet.status == PorStatus.COUNTER_LOW:
        _resynchronise(conn, context, means, order, found)
    else:
        state = PorStatus(packet.status) if packet.status in set(PorStatus) else None
        reason = state.remedy if state else f"the card answered status {packet.status:02X}"
        _reject(conn, context, means, order, Verdict(Next.REJECT, reason), status=packet.status)
    return Reception.COUNTED


def _fence(conn: Connection, context: StepContext, found: Row[Any]) -> None:
    """Older packets of this key set can never run any more; who waits in doubt behind them may go on at once."""
    lane = {"card": found.iccid, "index": found.key_index, "of": found.generation}
    if conn.execute(_OLDER, {**lane, "cntr": found.counter, "fenced": True}).rowcount:
        conn.execute(_BEHIND, {"card": found.iccid, "but": found.job_id, "due_at": context.now})


def _take_answer(
    conn: Connection, context: StepContext, means: OtaMeans, order: Row[Any], *, found: Row[Any], octets: bytes
) -> None:
    kind = JobKind(order.kind)
    # only a deletion asks: gone already, by an earlier attempt of ours?
    earlier = {"job": order.id, "before": found.number}
    sent_before = kind is JobKind.DELETE and conn.execute(_SENT_BEFORE, earlier).first() is not None
    # and only an audit of an issue: has the card said before that there is something in its way?
    asked = kind is JobKind.ISSUE and found.purpose == AUDIT
    refused_before = asked and conn.execute(_ANSWERED_BEFORE, earlier).first() is not None
    verdict = judge(
        kind,
        found.purpose,
        octets,
        commands=_COMMANDS.get(found.purpose, 2),
        sent_before=sent_before,
        refused_before=refused_before,
    )
    if verdict.answer is not None and not _tac_is_good(conn, means, order, found, verdict):
        record(conn, at=context.now, actor="ota", action="tac.wrong", subject=order.id)
        verdict = Verdict(Next.REJECT, "the TAC of the answer is wrong: check the mother key", verdict.status_word)
    if verdict.answer is not None and order.application_id is not None and _is_latest(conn, order, found):
        note_answer(conn, order.application_id, verdict.answer, context.now)
    if JobState(order.state) not in ANSWERABLE_STATES:
        _learn_late(conn, context, order, verdict)
        return
    move(conn, order, JobEvent.ANSWER, context.now, reason=verdict.reason)
    _follow(conn, context, means, find_job(conn, order.id), verdict)


def _is_latest(conn: Connection, order: Row[Any], found: Row[Any]) -> bool:
    """The card has not told anything about this application later: a late answer is not its last word."""
    lane = {"card": found.iccid, "index": found.key_index, "of": found.generation}
    told = {**lane, "cntr": found.counter, "application": order.application_id}
    return conn.execute(_TOLD_LATER, told).first() is None


def _tac_is_good(conn: Connection, means: OtaMeans, order: Row[Any], found: Row[Any], verdict: Verdict) -> bool:
    answer = verdict.answer
    if answer is None or order.application_id is None:
        return False
    application = load_application(conn, means, order.application_id)
    challenge = bytes.fromhex(found.challenge) if order.kind == JobKind.QUERY else b""
    expected = application.mac(KeyUsage.TAC, answer.signed_octets() + challenge, means.provider)
    return hmac.compare_digest(expected, verdict.tac)


def _learn_late(conn: Connection, context: StepContext, order: Row[Any], verdict: Verdict) -> None:
    """The job has ended already; only what the card proves about its application is kept."""
    if verdict.absent or (verdict.follows is Next.CONFIRM and order.kind == JobKind.DELETE):
        learn(conn, order.application_id, ApplicationEvent.DELETED, now=context.now)
    elif verdict.follows is Next.CONFIRM and order.kind == JobKind.ISSUE:
        events = (ApplicationEvent.INSTALLED, ApplicationEvent.PERSONALISED, ApplicationEvent.ACTIVATED)
        learn(conn, order.application_id, *events, now=context.now)


def _follow(conn: Connection, context: StepContext, means: OtaMeans, order: Row[Any], verdict: Verdict) -> None:
    """Act on the verdict; the job is in POR_OK."""
    if verdict.installed:
        learn(conn, order.application_id, ApplicationEvent.INSTALLED, now=context.now)
    if verdict.follows is Next.CONFIRM:
        finish(
            conn,
            context,
            means,
            order,
            JobEvent.CONFIRM,
            reason=verdict.reason,
            status=PorStatus.OK,
            status_word=verdict.status_word,
            answer=verdict.answer,
            answer_status=verdict.answer_status,
        )
    elif verdict.follows is Next.REJECT or order.attempts >= means.policy.most_attempts:
        _reject(conn, context, means, order, verdict, status=PorStatus.OK)
    elif verdict.follows is Next.ASK:
        move(conn, order, JobEvent.ASK, context.now, reason=verdict.reason, due_at=context.now, purpose=AUDIT)
    else:
        purpose = PERSONALISE if verdict.follows is Next.PERSONALISE else SCRIPT
        due_at = context.now if order.purpose == AUDIT else context.now + means.policy.delay(order.attempts)
        move(conn, order, JobEvent.RESEND, context.now, reason=verdict.reason, due_at=due_at, purpose=purpose)


def _reject(
    conn: Connection, context: StepContext, means: OtaMeans, order: Row[Any], verdict: Verdict, *, status: int
) -> None:
    if JobState(order.state) is not JobState.POR_OK:
        move(conn, order, JobEvent.ANSWER, context.now, reason=verdict.reason)
        order = find_job(conn, order.id)
    if verdict.absent:
        learn(conn, order.application_id, ApplicationEvent.ABSENT, now=context.now)
    finish(
        conn,
        context,
        means,
        order,
        JobEvent.REJECT,
        reason=verdict.reason,
        status=status,
        status_word=verdict.status_word,
        answer=verdict.answer,
    )


def _resynchronise(conn: Connection, context: StepContext, means: OtaMeans, order: Row[Any], found: Row[Any]) -> None:
    """An authentic 02: the card is ahead. Raise the mark, then send again (or ask first, if it may have been us)."""
    move(conn, order, JobEvent.COUNTER_LOW, context.now, reason=PorStatus.COUNTER_LOW.remedy)
    order = find_job(conn, order.id)
    raises = means.policy.counter_raises
    try:
        if order.resyncs >= len(raises):
            raise CounterExhausted("the card's counter is still ahead after every raise: a person must look at it")
        reserve(conn, order.iccid, found.key_index, found.generation, step=raises[order.resyncs])
    except CounterExhausted as error:
        finish(conn, context, means, order, JobEvent.REJECT, reason=str(error), status=PorStatus.COUNTER_LOW)
        return
    repeatable = JobKind(order.kind) in REPEATABLE
    move(
        conn,
        order,
        JobEvent.RESEND if repeatable else JobEvent.ASK,
        context.now,
        reason="the counter was raised",
        due_at=context.now,
        resyncs=order.resyncs + 1,
        purpose=order.purpose if repeatable else AUDIT,
    )
