"""Packets for the jobs whose lane is free: counter, octets and state in one commit; what comes back may leave after it.

There is no row that waits to be handed: a packet is built when there is room for it, so a counter is never older than
the octets that carry it. A packet that was refused for now goes again before anything new, with the same octets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, exists, insert, or_, select

from telecom_codecs.card.identities import Aid, Iccid
from telecom_codecs.crypto.secret_key import KeySet
from telecom_codecs.errors import CodecError, LocalError
from telecom_codecs.ota.packet_security import seal_command
from telecom_codecs.ota.secured_packet import CommandPacket, Spi
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.dcs import DCS_OTA, PID_DATA_DOWNLOAD
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET

from ..messaging.outgoing import Handed
from ..registry.cards.tables import card, card_application
from ..registry.directory.tables import enterprise
from ..registry.keys.steps import NoKey
from ..registry.keys.wrapping import BindingMismatch
from ..storage.context import StepContext
from ..storage.literal import among
from ..storage.sql import Statement, instant
from .counters import CounterExhausted, CounterKey, reserve_many
from .jobs import AUDIT, JOB_COLUMNS, JOB_WIDTH, KINDS, PERSONALISE, Job, JobBook
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
from .states import LANE_STATES, WAITING_STATES, JobEvent, JobState
from .tables import job, packet

_C, _A, _E = card.c, card_application.c, enterprise.c
_in_lane = job.alias("lane")
_READY = Statement(
    select(
        *JOB_COLUMNS,
        _C.msisdn,
        _C.mt_kic,
        _C.mt_kid,
        _C.key_generation,
        _A.aid,
        _A.slot,
        _A.name,
        _A.rights,
        _A.key_version,
        _E.load_cap_fen,
    )
    .select_from(
        job.join(card, _C.iccid == job.c.iccid)
        .outerjoin(card_application, _A.id == job.c.application_id)
        .outerjoin(enterprise, _E.id == _A.enterprise_id)
    )
    .where(
        among(job.c.state, WAITING_STATES),
        job.c.due_at == job.c.deadline,
        job.c.priority <= bindparam("least"),
        ~exists(select(_in_lane.c.id).where(_in_lane.c.iccid == job.c.iccid, among(_in_lane.c.state, LANE_STATES))),
    )
    .order_by(job.c.priority, job.c.id)
    .limit(bindparam("room"))
)
_AGAIN = Statement(
    select(packet.c.id, packet.c.octets, packet.c.counter, packet.c.msisdn)
    .where(
        among(packet.c.state, ("QUEUED",)),
        packet.c.priority <= bindparam("least"),
        or_(packet.c.not_before.is_(None), packet.c.not_before <= bindparam("now")),
    )
    .order_by(packet.c.priority, packet.c.id)
    .limit(bindparam("room"))
)
_INSERT = Statement(
    insert(packet),
    (
        "id", "job_id", "number", "purpose", "iccid", "msisdn", "priority", "key_index", "generation", "counter", "tar",
        "spi", "kic", "kid", "challenge", "octets", "commands", "segments", "accepted", "state", "fenced", "refusals",
        "handed_at",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Target:
    """A job with its card and its application, as the packet needs them."""

    order: Job
    msisdn: str = field(repr=False)
    kic: int
    kid: int
    generation: int
    aid: str | None
    slot: int | None
    name: str | None
    rights: int | None
    key_version: int | None
    cap_fen: int | None

    @property
    def counter_key(self) -> CounterKey:
        return CounterKey(self.order.iccid, self.kic >> 4, self.generation)


def hand_over(conn: Connection, context: StepContext, means: OtaMeans, room: int, least: int) -> list[Handed]:
    """Up to `room` segments of packets that may leave after the commit; each card's lane carries one of them."""
    book = JobBook(conn, context, means)
    handed = _go_again(conn, book, room, least)
    if len(handed) < room:
        targets = _targets(book, _READY.rows(conn, room=room - len(handed), least=least))
        handed += _build(conn, context, means, book, targets)
    book.write()
    return handed


def _go_again(conn: Connection, book: JobBook, room: int, least: int) -> list[Handed]:
    """What was refused for now leaves first: the identical octets, the same counter."""
    rows = _AGAIN.rows(conn, now=book.now, least=least, room=room)
    book.load_packets(row[0] for row in rows)
    handed: list[Handed] = []
    for number, octets, counter, msisdn in rows:
        one = book.packets[number]
        order = book.jobs[one.job_id]
        if order.state not in LANE_STATES or order.attempts != one.number:
            one.state, one.keeps_octets = "WITHDRAWN", False  # answered, or given up, meanwhile
            book.change_packet(one)
            continue
        if order.state == JobState.RETRY_WAIT:
            due_at = book.later(book.means.policy.por_timeout)
            book.move(order, JobEvent.HAND, due_at=due_at)
        one.state, one.not_before = "HANDED", None
        book.change_packet(one)
        handed += _segments(
            book, order, number=number, msisdn=msisdn, octets=octets, counter=counter, there=one.accepted
        )
    return handed


def _targets(book: JobBook, rows: Sequence[Any]) -> list[_Target]:
    """One job a card: the lane takes no second."""
    found: dict[str, _Target] = {}
    for row in rows:
        if row[2] not in found:
            found[row[2]] = _Target(book.add_job(row[:JOB_WIDTH]), *row[JOB_WIDTH:])
    return list(found.values())


def _build(
    conn: Connection, context: StepContext, means: OtaMeans, book: JobBook, targets: Sequence[_Target]
) -> list[Handed]:
    if not targets:
        return []
    means.open_keys(conn, [(one.order.iccid, one.generation) for one in targets], "MT")
    counters = reserve_many(conn, [one.counter_key for one in targets])
    spi = Spi.decode(means.policy.spi)
    rows: list[dict[str, Any]] = []
    handed: list[Handed] = []
    for target in targets:
        try:
            counter = counters[target.counter_key]
            if counter is None:
                raise CounterExhausted(
                    f"card …{target.order.iccid[-6:]}: the counter of its key set is used up; PUT KEY is due"
                )
            row = _packet(conn, context, means, target=target, counter=counter, spi=spi)
        except (CodecError, NoKey, BindingMismatch, CounterExhausted) as error:
            _cannot_build(book, target.order, str(error))
            continue
        rows.append(row)
        order = target.order
        order.attempts = row["number"]
        due_at = book.later(means.policy.por_timeout)
        book.move(order, JobEvent.HAND, due_at=due_at)
        segments = _segments(book, order, number=row["id"], msisdn=target.msisdn, octets=row["octets"], counter=counter)
        row["segments"] = len(segments)
        handed += segments
    _INSERT.many(conn, rows)
    return handed


def _segments(
    book: JobBook, order: Job, *, number: int, msisdn: str, octets: bytes, counter: int, there: int = 0
) -> list[Handed]:
    policy = book.means.policy
    segments = split_packet(octets, iei=IEI_COMMAND_PACKET, reference=counter & 0xFF)
    left = max(1, (order.deadline - book.now) // 1_000_000)
    validity = min(left, max(1, int(policy.lifetime(order.attempts).total_seconds())))
    last = len(segments)
    return [
        Handed(
            number,
            place,
            msisdn,
            PID_DATA_DOWNLOAD,
            DCS_OTA,
            True,
            user_data,
            receipt=policy.receipts and place == last,
            validity=validity,
        )
        for place, user_data in enumerate(segments, start=1)
        if not there >> (place - 1) & 1  # the SMSC has these already
    ]


def _cannot_build(book: JobBook, order: Job, reason: str) -> None:
    """Nothing ever left: the job has failed. Otherwise it is in doubt and stays, for a late answer or its deadline."""
    if order.attempts == 0:
        book.finish(order, JobEvent.REFUSE_FOR_GOOD, reason=reason)
        return
    book.move(order, JobEvent.LOSE_SIGHT, reason=reason, due_at=book.later(book.means.policy.delay(order.attempts)))


def _packet(
    conn: Connection, context: StepContext, means: OtaMeans, *, target: _Target, counter: int, spi: Spi
) -> dict[str, Any]:
    """The packet's row, sealed."""
    order = target.order
    keys = means.key_set(conn, order.iccid, target.generation, "MT")
    challenge = context.tokens.octets(8) if order.kind == JobKind.QUERY else None
    try:
        script = _script(conn, means, target, keys, challenge or b"")
    except (
        ValueError,
        OverflowError,
        LookupError,
        TypeError,
    ) as error:  # a figure that does not fit its field: this order's fault alone
        raise LocalError(f"the order cannot be written: {error}") from None
    command = CommandPacket(spi, target.kic, target.kid, script.tar, counter, script.octets)
    octets = seal_command(command, keys, means.provider, weak_algorithms=means.policy.weak_algorithms)
    return {
        "id": context.next_number(),
        "job_id": order.id,
        "number": order.attempts + 1,
        "purpose": order.purpose,
        "iccid": order.iccid,
        "msisdn": target.msisdn,
        "priority": order.priority,
        "key_index": target.kic >> 4,
        "generation": target.generation,
        "counter": counter,
        "tar": int.from_bytes(script.tar.octets, "big"),
        "spi": int.from_bytes(means.policy.spi, "big"),
        "kic": target.kic,
        "kid": target.kid,
        "challenge": challenge,
        "octets": octets,
        "commands": script.commands,
        "segments": 1,
        "accepted": 0,
        "state": "HANDED",
        "fenced": 0,
        "refusals": 0,
        "handed_at": instant(context.now),
    }


def _script(conn: Connection, means: OtaMeans, target: _Target, keys: KeySet, challenge: bytes) -> Script:
    order, kind = target.order, KINDS[target.order.kind]
    if kind is JobKind.ANSWER:
        return answer_script(order.content())
    if kind is JobKind.QUERY and order.purpose != AUDIT:
        assert target.slot is not None
        return query_script(target.slot, challenge)
    application = _application(conn, means, target)
    if order.purpose == AUDIT:
        return audit_script(application.aid)
    if kind is JobKind.DELETE:
        return delete_script(application.aid)
    if kind in (JobKind.CLOSE, JobKind.REOPEN):
        return administration_script(kind, application, order.reference, means.provider)
    if keys.key_encryption is None:
        raise NoKey(f"card …{order.iccid[-6:]} has no DEK: import the card's keys")
    make = personalise_script if order.purpose == PERSONALISE else install_script
    return make(application, keys.key_encryption, means.provider)


def _application(conn: Connection, means: OtaMeans, target: _Target) -> Application:
    order = target.order
    if target.aid is None or target.key_version is None or order.enterprise_id is None:
        raise LocalError(f"job {order.id} names no application")
    assert target.slot is not None
    assert target.name is not None
    assert target.rights is not None
    assert target.cap_fen is not None
    return Application(
        Iccid(order.iccid),
        Aid.from_hex(target.aid),
        order.enterprise_id,
        target.slot,
        target.name,
        target.rights,
        target.cap_fen,
        target.key_version,
        means.mother_key(conn, order.enterprise_id, target.key_version),
    )
