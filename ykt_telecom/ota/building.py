"""Step that gives lanes to waiting jobs: counter, packet and outbox rows in one transaction."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Connection, Row, bindparam, exists, insert, or_, select

from telecom_codecs.card.identities import Aid, Iccid
from telecom_codecs.errors import CodecError, LocalError
from telecom_codecs.ota.packet_security import seal_command
from telecom_codecs.ota.secured_packet import CommandPacket, Spi
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET

from ..messaging.outbox import enqueue_packet
from ..registry.cards.tables import card, card_application
from ..registry.directory.tables import enterprise
from ..registry.keys.steps import NoKey
from ..registry.keys.wrapping import BindingMismatch
from ..storage.context import StepContext
from ..storage.literal import among
from .counters import CounterExhausted, reserve
from .ending import finish
from .means import OtaMeans
from .outcome import JobKind
from .scripts import (
    Application,
    Script,
    administration_script,
    answer_script,
    audit_script,
    delete_script,
    install_script,
    personalise_script,
    query_script,
)
from .states import LANE_STATES, WAITING_STATES, JobEvent
from .steps import AUDIT, PERSONALISE, change_job, move
from .tables import attempt, job

#: `origin` of the outbox rows of a packet; `origin_id` is the attempt.
ATTEMPT = "attempt"

_INSERT = insert(attempt)
_CARD = select(card).where(card.c.iccid == bindparam("iccid"))
_APPLICATION = (
    select(card_application, enterprise.c.load_cap_fen)
    .join(enterprise, enterprise.c.id == card_application.c.enterprise_id)
    .where(card_application.c.id == bindparam("id"))
)
_lane = job.alias("lane")
_WAITING = (
    select(job)
    .where(
        among(job.c.state, WAITING_STATES),
        or_(job.c.due_at.is_(None), job.c.due_at <= bindparam("now")),
        ~exists(select(_lane.c.iccid).where(_lane.c.iccid == job.c.iccid, among(_lane.c.state, LANE_STATES))),
    )
    .order_by(job.c.priority, job.c.created_at, job.c.id)
    .limit(bindparam("most"))
)


def build_waiting(conn: Connection, context: StepContext, means: OtaMeans) -> int:
    """Build a packet for each waiting job whose lane is free and whose time has come; how many were built."""
    waiting = conn.execute(_WAITING, {"now": context.now, "most": means.policy.build_batch}).all()
    taken: set[str] = set()
    for found in waiting:
        if found.iccid not in taken:
            taken.add(found.iccid)
            try:
                build_attempt(conn, context, means, found)
            except (CodecError, NoKey, BindingMismatch, CounterExhausted) as error:
                _cannot_build(conn, context, means, found, str(error))
    return len(taken)


def _cannot_build(conn: Connection, context: StepContext, means: OtaMeans, found: Row[Any], reason: str) -> None:
    """Nothing ever left: the job has failed. Otherwise it is in doubt and stays, for a late answer or its deadline."""
    if found.attempts == 0:
        finish(conn, context, means, found, JobEvent.REFUSE_FOR_GOOD, reason=reason[:96])
        return
    due_at = context.now + means.policy.delay(found.attempts)
    change_job(conn, found.id, due_at=due_at, reason=reason[:96])


def build_attempt(conn: Connection, context: StepContext, means: OtaMeans, found: Row[Any]) -> None:
    """Take the lane and a counter, and put the packet's segments into the outbox."""
    owner = conn.execute(_CARD, {"iccid": found.iccid}).one()
    keys = means.key_set(conn, found.iccid, owner.key_generation, "MT")
    challenge = context.tokens.octets(8)
    try:
        script = _script(conn, means, found, owner.key_generation, challenge)
    except (ValueError, OverflowError) as error:  # a figure that does not fit its field: this order's fault alone
        raise LocalError(f"the order cannot be written: {error}") from None
    key_index = owner.mt_kic >> 4
    counter = reserve(conn, found.iccid, key_index, owner.key_generation)
    packet = CommandPacket(Spi.decode(means.policy.spi), owner.mt_kic, owner.mt_kid, script.tar, counter, script.octets)
    octets = seal_command(packet, keys, means.provider, weak_algorithms=means.policy.weak_algorithms)
    number = found.attempts + 1
    attempt_id = context.next_id()
    segments = split_packet(octets, iei=IEI_COMMAND_PACKET, reference=counter & 0xFF)
    conn.execute(
        _INSERT,
        {
            "id": attempt_id,
            "job_id": found.id,
            "number": number,
            "purpose": found.purpose,
            "iccid": found.iccid,
            "key_index": key_index,
            "generation": owner.key_generation,
            "counter": counter,
            "tar": script.tar.octets.hex(),
            "spi": means.policy.spi.hex(),
            "kic": owner.mt_kic,
            "kid": owner.mt_kid,
            "challenge": challenge.hex(),
            "digest": hashlib.sha256(octets).hexdigest(),
            "segments": len(segments),
            "may_be_sent": False,
            "fenced": False,
            "built_at": context.now,
        },
    )
    enqueue_packet(
        conn,
        outbox_id=attempt_id,
        msisdn=owner.msisdn,
        segments=segments,
        origin=ATTEMPT,
        origin_id=attempt_id,
        now=context.now,
        priority=found.priority,
    )
    move(conn, found, JobEvent.BUILD, context.now, attempts=number, due_at=None)


def load_application(conn: Connection, means: OtaMeans, application_id: str) -> Application:
    """The application with its mother key, as the scripts want it."""
    row = conn.execute(_APPLICATION, {"id": application_id}).one()
    return Application(
        Iccid(row.iccid),
        Aid.from_hex(row.aid),
        row.enterprise_id,
        row.slot,
        row.name,
        row.rights,
        row.load_cap_fen,
        row.key_version,
        means.mother_key(conn, row.enterprise_id, row.key_version),
    )


def _script(conn: Connection, means: OtaMeans, found: Row[Any], generation: int, challenge: bytes) -> Script:
    kind = JobKind(found.kind)
    if kind is JobKind.ANSWER:
        return answer_script(found.payload)
    application = load_application(conn, means, found.application_id)
    if found.purpose == AUDIT:
        return audit_script(application.aid)
    if kind is JobKind.DELETE:
        return delete_script(application.aid)
    if kind is JobKind.QUERY:
        return query_script(application.slot, challenge)
    if kind in (JobKind.CLOSE, JobKind.REOPEN):
        return administration_script(kind, application, found.reference, means.provider)
    dek = means.key_set(conn, found.iccid, generation, "MT").key_encryption
    if dek is None:
        raise NoKey(f"card …{found.iccid[-6:]} has no DEK: import the card's keys")
    make = personalise_script if found.purpose == PERSONALISE else install_script
    return make(application, dek, means.provider)
