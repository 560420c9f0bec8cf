"""The jobs and packets of one step: read together, changed in memory, written together.

A step reads what its items need with a few statements, decides item by item on these values, and the :class:`JobBook`
writes every change at the end, a statement for each kind. One item is a book of one; there is no second way.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, case, insert, select, update

from telecom_codecs.onecard.enterprise_answer import EnterpriseAnswer

from ..registry.audit.steps import record
from ..registry.audit.subject import Subject
from ..registry.cards.applications import CardWord, Move, move_applications, note_card_words
from ..registry.cards.states import ApplicationEvent
from ..storage.context import StepContext
from ..storage.marks import JOBS, mark
from ..storage.sql import Statement, in_list, instant
from .means import OtaMeans
from .outcome import JobKind, JobOutcome
from .states import JOB, LANE_STATES, TERMINAL_STATES, JobEvent, JobState
from .tables import job, job_event, packet

SCRIPT, AUDIT, PERSONALISE = "SCRIPT", "AUDIT", "PERSON"
REASON_LENGTH = 96

_STATES: Mapping[str, JobState] = {state.value: state for state in JobState}
KINDS: Mapping[str, JobKind] = {kind.value: kind for kind in JobKind}

#: Steps that every job takes; they are no news. Their times stand in the packet.
_PLAIN = frozenset({JobEvent.HAND, JobEvent.ANSWER, JobEvent.CONFIRM})

#: What an application has gone through when its job was applied; a state it has passed already is passed over.
_APPLIED: Mapping[JobKind, tuple[ApplicationEvent, ...]] = {
    JobKind.ISSUE: (ApplicationEvent.INSTALLED, ApplicationEvent.PERSONALISED, ApplicationEvent.ACTIVATED),
    JobKind.REOPEN: (ApplicationEvent.REOPENED,),
    JobKind.DELETE: (ApplicationEvent.DELETED,),
}


@dataclass(slots=True)
class Job:
    """A job's row in this transaction; instants in microseconds. Its state changes by :meth:`JobBook.move` only."""

    id: int
    kind: str
    iccid: str = field(repr=False)
    enterprise_id: int | None
    application_id: int | None
    payload: str = field(repr=False)
    origin: str
    origin_id: int | None
    priority: int
    reference: int
    state: str
    reason: str | None
    purpose: str
    attempts: int
    resyncs: int
    due_at: int
    deadline: int
    status: int | None = None
    status_word: int | None = None
    answer: str | None = None
    before: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        self.before = self.state

    def content(self) -> Mapping[str, Any]:
        """The payload, read."""
        found: Mapping[str, Any] = json.loads(self.payload) if self.payload != "{}" else {}
        return found

    def __repr__(self) -> str:  # the payload may be a member's text
        return f"Job(id={self.id}, kind={self.kind}, state={self.state})"


JOB_COLUMNS = tuple(
    job.c[name]
    for name in (
        "id", "kind", "iccid", "enterprise_id", "application_id", "payload", "origin", "origin_id", "priority",
        "reference", "state", "reason", "purpose", "attempts", "resyncs", "due_at", "deadline",
    )
)  # fmt: skip
JOB_WIDTH = len(JOB_COLUMNS)


@dataclass(slots=True)
class Packet:
    """A packet's row in this transaction, without its octets."""

    id: int
    job_id: int
    number: int
    purpose: str
    iccid: str = field(repr=False)
    key_index: int
    generation: int
    counter: int
    tar: int
    spi: int
    kic: int
    kid: int
    challenge: bytes | None = field(repr=False)
    commands: int
    segments: int
    accepted: int
    state: str
    fenced: int
    refusals: int
    not_before: int | None
    status: int | None
    message_id: str | None
    receipt: str | None
    por_status: int | None
    keeps_octets: bool = True

    @property
    def may_be_out(self) -> bool:
        """The SMSC has it, or some of it, or may have it: whatever the order in which its segments are answered."""
        in_part = self.segments > 1 and self.state == "REFUSED"
        return self.state in ("HANDED", "ACCEPTED", "UNKNOWN") or self.accepted > 0 or in_part

    @property
    def way(self) -> tuple[int, int, int, int]:
        """How it was secured, and with which keys."""
        return (self.spi, self.kic, self.kid, self.generation)


PACKET_COLUMNS = tuple(
    packet.c[name]
    for name in (
        "id", "job_id", "number", "purpose", "iccid", "key_index", "generation", "counter", "tar", "spi", "kic", "kid",
        "challenge", "commands", "segments", "accepted", "state", "fenced", "refusals", "not_before", "status",
        "message_id", "receipt", "por_status",
    )
)  # fmt: skip
PACKET_WIDTH = len(PACKET_COLUMNS)

_JOBS = Statement(select(*JOB_COLUMNS).where(in_list(job.c.id, "ids")))
_PACKETS = Statement(select(*PACKET_COLUMNS).where(in_list(packet.c.id, "ids")).order_by(packet.c.id))
_PACKETS_OF = Statement(select(*PACKET_COLUMNS).where(in_list(packet.c.job_id, "jobs")).order_by(packet.c.id))
_JOB_SET = ("state", "reason", "purpose", "attempts", "resyncs", "due_at", "status", "status_word", "answer")
_CHANGE_JOB = Statement(
    update(job)
    .where(job.c.id == bindparam("key"), job.c.state == bindparam("before"))
    .values({name: bindparam(name) for name in (*_JOB_SET, "updated_at")})
)
_PACKET_SET = ("accepted", "state", "fenced", "refusals", "not_before", "status", "message_id", "receipt", "por_status")
_CHANGE_PACKET = Statement(
    update(packet)
    .where(packet.c.id == bindparam("key"))
    .values(
        {name: bindparam(name) for name in _PACKET_SET}
        | {"octets": case((bindparam("keeps") == 1, packet.c.octets), else_=None)}
    )
)
#: The plain proof: it touches one index and not five.
_PROVE_PACKET = Statement(
    update(packet)
    .where(packet.c.id == bindparam("key"))
    .values(por_status=bindparam("por_status"), por_at=bindparam("at"), octets=None)
)
_EVENT = Statement(insert(job_event), ("id", "job_id", "at", "event", "state", "reason"))


class JobBook:
    """What one step knows of jobs and packets, and what it changes. :meth:`write` ends it."""

    def __init__(self, conn: Connection, context: StepContext, means: OtaMeans) -> None:
        self.conn = conn
        self.context = context
        self.means = means
        self.now = instant(context.now)
        self.jobs: dict[int, Job] = {}
        self.packets: dict[int, Packet] = {}
        self._of_job: dict[int, list[Packet]] = {}
        self._changed: dict[int, Job] = {}
        self._changed_packets: dict[int, Packet] = {}
        self._proved: list[Packet] = []
        self._events: list[dict[str, Any]] = []
        self._ended: list[tuple[Job, JobOutcome | None]] = []
        self._moves: list[Move] = []
        self._words: list[CardWord] = []

    # --- reading ---------------------------------------------------------------------------------------------------

    def add_job(self, row: Sequence[Any]) -> Job:
        """The job of a row of JOB_COLUMNS; one that is known already stays as it was changed."""
        known = self.jobs.get(row[0])
        if known is None:
            known = self.jobs[row[0]] = Job(*row)
        return known

    def add_packet(self, row: Sequence[Any]) -> Packet:
        known = self.packets.get(row[0])
        if known is None:
            known = self.packets[row[0]] = Packet(*row)
            self._of_job.setdefault(known.job_id, []).append(known)
        return known

    def load_jobs(self, ids: Iterable[int]) -> None:
        missing = sorted(set(ids) - self.jobs.keys())
        if missing:
            for row in _JOBS.rows(self.conn, ids=missing):
                self.add_job(row)

    def load_packets(self, ids: Iterable[int]) -> None:
        """The packets, and their jobs."""
        wanted = set(ids)
        missing = sorted(wanted - self.packets.keys())
        if missing:
            for row in _PACKETS.rows(self.conn, ids=missing):
                self.add_packet(row)
        self.load_jobs(self.packets[one].job_id for one in wanted if one in self.packets)

    def load_packets_of(self, jobs: Iterable[int]) -> None:
        """All packets of these jobs."""
        wanted = sorted(set(jobs))
        if wanted:
            for row in _PACKETS_OF.rows(self.conn, jobs=wanted):
                self.add_packet(row)

    def packets_of(self, order: Job) -> list[Packet]:
        """Those of its packets that are known; all of them after :meth:`load_packets_of`."""
        return self._of_job.get(order.id, [])

    # --- changing --------------------------------------------------------------------------------------------------

    def move(self, order: Job, event: JobEvent, *, reason: str | None = None, due_at: int | None = None) -> None:
        """Take the job through one event. `due_at` is when to look again, its deadline at the latest."""
        after = JOB.follow(order.state, event)
        order.state = after
        order.due_at = order.deadline if due_at is None or due_at > order.deadline else due_at
        order.reason = None if reason is None else reason[:REASON_LENGTH]
        self._changed[order.id] = order
        if event not in _PLAIN or reason is not None:
            self._events.append(
                {
                    "id": self.context.next_number(),
                    "job_id": order.id,
                    "at": self.now,
                    "event": event.value,
                    "state": after.value,
                    "reason": order.reason,
                }
            )

    def change(self, order: Job) -> None:
        """Columns of the job were set that are not its state."""
        self._changed[order.id] = order

    def change_packet(self, one: Packet) -> None:
        self._changed_packets[one.id] = one

    def prove(self, one: Packet, status: int) -> None:
        """The card has answered this packet: its octets are not needed any more."""
        one.por_status = status
        one.keeps_octets = False
        self._proved.append(one)

    def learn(self, order: Job, *events: ApplicationEvent) -> None:
        """What the card has proved about the job's application; events that no longer fit its state are passed over."""
        if order.application_id is not None and events:
            self._moves.append(Move(order.application_id, events, actor="card"))

    def note_word(self, word: CardWord) -> None:
        """What the card itself last said about an application."""
        self._words.append(word)

    def later(self, wait: timedelta) -> int:
        return self.now + wait // timedelta(microseconds=1)

    def finish(
        self,
        order: Job,
        event: JobEvent,
        *,
        reason: str | None = None,
        status: int | None = None,
        status_word: int | None = None,
        answer: EnterpriseAnswer | None = None,
        answer_status: int | None = None,
    ) -> None:
        """Move the job into a terminal state; whoever ordered it is told when the book is written.

        For EXPIRE and REFUSE_FOR_GOOD its packets must have been loaded: whether one may be out decides what becomes
        of the application.
        """
        self.move(order, event, reason=reason)
        order.status, order.status_word = status, status_word
        order.answer = _kept(answer, answer_status)
        self._settle_application(order)
        self.withdraw(order)
        told = None
        if order.origin in self.means.followers:
            told = JobOutcome(
                job_id=order.id,
                kind=KINDS[order.kind],
                iccid=order.iccid,
                enterprise_id=order.enterprise_id,
                application_id=order.application_id,
                state=_STATES[order.state],
                status=status,
                status_word=status_word,
                answer=answer,
                answer_status=answer_status,
                reason=order.reason,
                origin=order.origin,
                origin_id=order.origin_id,
                payload=order.content(),
            )
        self._ended.append((order, told))

    def withdraw(self, order: Job) -> None:
        """Known packets of the job that have not left never will."""
        for one in self.packets_of(order):
            if one.state == "QUEUED":
                one.state, one.keeps_octets = "WITHDRAWN", False
                self.change_packet(one)

    def _settle_application(self, order: Job) -> None:
        kind = KINDS[order.kind]
        if order.state == JobState.APPLIED:
            self.learn(order, *_APPLIED.get(kind, ()))
        elif kind is JobKind.ISSUE or (kind is JobKind.DELETE and order.state == JobState.EXPIRED):
            sent = any(one.may_be_out for one in self.packets_of(order))
            in_doubt = order.state == JobState.EXPIRED and sent
            self.learn(order, ApplicationEvent.NO_ANSWER if in_doubt else ApplicationEvent.REFUSED)

    # --- writing ---------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write every change, tell who ordered what has ended, and wake whoever can go on."""
        self._write_jobs()
        self._write_packets()
        move_applications(self.conn, self.context, self._moves)
        note_card_words(self.conn, self._words)
        _EVENT.many(self.conn, self._events)
        self._record_ends()
        told = defaultdict(list)
        for _, outcome in self._ended:
            if outcome is not None:
                told[outcome.origin].append(outcome)
        for origin, outcomes in told.items():
            self.means.followers[origin](self.conn, self.context, outcomes)

    def _write_jobs(self) -> None:
        rows = [
            {
                "key": one.id,
                "before": one.before,
                "state": str(one.state),
                "reason": one.reason,
                "purpose": one.purpose,
                "attempts": one.attempts,
                "resyncs": one.resyncs,
                "due_at": one.due_at,
                "status": one.status,
                "status_word": one.status_word,
                "answer": one.answer,
                "updated_at": self.now,
            }
            for one in self._changed.values()
        ]
        touched = _CHANGE_JOB.many(self.conn, rows)
        if touched != len(rows):
            raise RuntimeError(f"{len(rows) - touched} jobs were changed by somebody else meanwhile")
        if any(one.state not in LANE_STATES for one in self._changed.values()):
            mark(self.conn, JOBS)  # a lane is free, or a job waits for one
        for one in self._changed.values():
            one.before = one.state

    def _write_packets(self) -> None:
        _CHANGE_PACKET.many(
            self.conn,
            [
                {name: getattr(one, name) for name in _PACKET_SET} | {"key": one.id, "keeps": int(one.keeps_octets)}
                for one in self._changed_packets.values()
            ],
        )
        _PROVE_PACKET.many(
            self.conn, [{"key": one.id, "por_status": one.por_status, "at": self.now} for one in self._proved]
        )

    def _record_ends(self) -> None:
        """One audit row for all jobs of a kind that were applied; one for each that came to another end."""
        plain: dict[str, list[int]] = defaultdict(list)
        for order, _ in self._ended:
            if order.state == JobState.APPLIED:
                plain[order.kind].append(order.id)
                continue
            record(
                self.conn,
                at=self.context.now,
                actor="ota",
                action=f"job.{order.state.lower()}",
                subject=Subject.job(order.id),
                facts={"kind": order.kind, "card": order.iccid[-6:], "reason": order.reason},
            )
        for kind, ids in plain.items():
            record_jobs(self.conn, self.context.now, "ota", f"job.applied.{kind.lower()}", ids)


def record_jobs(conn: Connection, at: datetime, actor: str, action: str, ids: Sequence[int]) -> None:
    """One audit row for one action on many jobs."""
    record(conn, at=at, actor=actor, action=action, subject=Subject.job(ids[0]), facts={"jobs": list(ids)})


def _kept(answer: EnterpriseAnswer | None, answer_status: int | None) -> str | None:
    """What stays of the card's answer, as JSON."""
    if answer is not None:
        return (
            f'{{"status":{answer.status},"rsn":{answer.rsn},"amount_fen":{answer.amount_fen},'
            f'"job_reference":{answer.job_reference},"balance_fen":{answer.balance_fen},'
            f'"offline_counter":{answer.offline_counter}}}'
        )
    return None if answer_status is None else f'{{"answer_status":{answer_status}}}'


def is_over(order: Job) -> bool:
    """The job has come to its end."""
    return order.state in TERMINAL_STATES
