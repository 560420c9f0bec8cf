"""Response packets: is it authentic, whose is it, what follows – for all that came at once.

Only a PoR with a good CC whose TAR and CNTR equal a packet of that card counts. All packets stay matchable, and each is
answered once. Every authentic PoR is a fence: packets with a lower CNTR can never run any more.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, select

from telecom_codecs.card.identities import Aid, Iccid
from telecom_codecs.crypto.key_derivation import KeyUsage, derive_application_key
from telecom_codecs.errors import CodecError
from telecom_codecs.ota.packet_security import open_response
from telecom_codecs.ota.secured_packet import PorStatus, ResponsePacket, Spi

from ..messaging.inbox import InboxState, Incoming, Taken
from ..registry.audit.steps import record
from ..registry.audit.subject import Subject
from ..registry.cards.applications import CardWord
from ..registry.cards.states import LIVE_CARD_STATES, ApplicationEvent
from ..registry.cards.tables import card, card_application
from ..registry.keys.steps import NoKey
from ..registry.keys.wrapping import BindingMismatch
from ..storage.context import StepContext
from ..storage.literal import among
from ..storage.sql import Statement, in_list
from .counters import CounterExhausted, reserve
from .jobs import (
    AUDIT,
    JOB_COLUMNS,
    JOB_WIDTH,
    KINDS,
    PACKET_COLUMNS,
    PACKET_WIDTH,
    PERSONALISE,
    SCRIPT,
    Job,
    JobBook,
    Packet,
)
from .means import OtaMeans
from .outcome import REPEATABLE, JobKind
from .states import ANSWERABLE_STATES, LANE_STATES, JobEvent, JobState
from .tables import job, packet
from .verdict import Next, Verdict, judge

_INTERIM = frozenset({PorStatus.MORE_TIME, PorStatus.RESPONSE_IN_SUBMIT, PorStatus.RESPONSE_IN_USSD})
#: A second answer to the same packet may still overrule one of these.
_OPEN_STATUSES = frozenset({None, PorStatus.COUNTER_LOW, *_INTERIM})
#: A card answers these unsecured, without the counter where it could not read it (docs/wire/card-application.md §3).
_UNSECURED_STATUSES = frozenset({0x01, 0x05, 0x06, 0x09, 0x0A})

_P, _A = packet.c, card_application.c
_APPLICATION = (_A.aid, _A.key_version)
_OPEN = Statement(
    select(card.c.msisdn, card.c.iccid, card.c.key_generation, *PACKET_COLUMNS, *JOB_COLUMNS, *_APPLICATION)
    .select_from(
        card.outerjoin(packet, (_P.iccid == card.c.iccid) & _P.por_status.is_(None))
        .outerjoin(job, job.c.id == _P.job_id)
        .outerjoin(card_application, _A.id == job.c.application_id)
    )
    .where(in_list(card.c.msisdn, "numbers"), among(card.c.state, LIVE_CARD_STATES))
    .order_by(_P.id)
)
_WAYS = Statement(
    select(_P.spi, _P.kic, _P.kid, _P.generation, _P.key_index).where(_P.iccid == bindparam("card")).distinct()
)
_EXACT = Statement(
    select(*PACKET_COLUMNS, *JOB_COLUMNS, *_APPLICATION)
    .select_from(packet.join(job, job.c.id == _P.job_id).outerjoin(card_application, _A.id == job.c.application_id))
    .where(
        _P.iccid == bindparam("card"),
        _P.key_index == bindparam("index"),
        _P.generation == bindparam("of"),
        _P.counter == bindparam("cntr"),
    )
)
_IN_DOUBT = Statement(
    select(*JOB_COLUMNS).where(in_list(job.c.iccid, "cards"), among(job.c.state, (JobState.INDETERMINATE,)))
)


@lru_cache(maxsize=256)
def _spi(number: int) -> Spi:
    return Spi.decode(number.to_bytes(2, "big"))


class Reception(StrEnum):
    """What became of a response packet; the word of its audit row."""

    COUNTED = "por.counted"
    INTERIM = "por.interim"
    DUPLICATE = "por.duplicate"
    UNSECURED = "por.unsecured"
    UNMATCHED = "por.unmatched"
    FORGED = "por.forged"
    FOREIGN = "por.foreign"


_STATES = {
    Reception.DUPLICATE: InboxState.DUPLICATE,
    Reception.FORGED: InboxState.REFUSED,
    Reception.FOREIGN: InboxState.REFUSED,
    Reception.UNMATCHED: InboxState.REFUSED,
}


@dataclass(slots=True)
class _Card:
    """A card that something came from, and its packets without an answer."""

    iccid: str = field(repr=False)
    generation: int
    open: list[Packet] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A response packet, the way it opened, and whether its check is good."""

    packet: ResponsePacket
    way: tuple[int, int, int, int]
    key_index: int
    authentic: bool


def take_proofs(conn: Connection, context: StepContext, means: OtaMeans, items: Sequence[Incoming]) -> list[Taken]:
    """Take in response packets (from RPL on); each with all that follows from it."""
    book = _ProofBook(conn, context, means)
    book.load(items)
    receptions = [book.take(item) for item in items]
    book.end()
    return [Taken(_STATES.get(word, InboxState.DONE), word, iccid) for word, iccid in receptions]


class _ProofBook(JobBook):
    """One step's response packets, and the jobs they are about."""

    def __init__(self, conn: Connection, context: StepContext, means: OtaMeans) -> None:
        super().__init__(conn, context, means)
        self.cards: dict[str, _Card] = {}
        self.applications: dict[int, tuple[str, int]] = {}
        self.fenced: set[str] = set()

    def load(self, items: Sequence[Incoming]) -> None:
        """The cards behind the numbers, and their packets without an answer, with one look."""
        for msisdn, iccid, generation, *rest in _OPEN.rows(self.conn, numbers=sorted({item.source for item in items})):
            found = self.cards.get(msisdn)
            if found is None:
                found = self.cards[msisdn] = _Card(iccid, generation)
            if rest[0] is not None:
                found.open.append(self.add(rest))
        self.means.open_keys(
            self.conn,
            [(one.iccid, way) for one in self.cards.values() for way in {open_.generation for open_ in one.open}],
            "MT",
        )

    def add(self, row: Sequence[Any]) -> Packet:
        """A row of packet, job and application."""
        order = self.add_job(row[PACKET_WIDTH : PACKET_WIDTH + JOB_WIDTH])
        aid, version = row[PACKET_WIDTH + JOB_WIDTH :]
        if order.application_id is not None and aid is not None:
            self.applications[order.application_id] = (aid, version)
        return self.add_packet(row[:PACKET_WIDTH])

    def take(self, item: Incoming) -> tuple[Reception, str | None]:
        owner = self.cards.get(item.source)
        if owner is None:
            return self._alarm(Reception.FOREIGN, None), None
        opened = self._open(owner, item.body)
        if opened is None:
            return self._alarm(Reception.FORGED, owner.iccid), owner.iccid
        found = self._matching(owner, opened)
        if opened.authentic and found is not None:
            return self._take_proof(owner, found, opened.packet), owner.iccid
        if not opened.authentic:
            hinted = (
                found if found is not None and found.por_status is None else self._outstanding(owner, opened.packet)
            )
            if hinted is not None:
                return self._take_hint(hinted, opened.packet), owner.iccid
        return self._alarm(Reception.UNMATCHED, owner.iccid), owner.iccid

    def end(self) -> None:
        """Let what waits in doubt behind a fence go on at once, then write."""
        if self.fenced:
            for row in _IN_DOUBT.rows(self.conn, cards=sorted(self.fenced)):
                order = self.add_job(row)
                if order.state == JobState.INDETERMINATE:
                    order.due_at = min(self.now, order.deadline)
                    self.change(order)
        self.write()

    def _alarm(self, what: Reception, iccid: str | None) -> Reception:
        record(self.conn, at=self.context.now, actor="ota", action=what, subject=Subject.card(iccid or ""))
        return what

    # --- whose is it -----------------------------------------------------------------------------------------------

    def _open(self, owner: _Card, octets: bytes) -> _Opened | None:
        """Opened as one of the ways in which this card was written to: those still unanswered, then all others."""
        tried = dict.fromkeys((*one.way, one.key_index) for one in owner.open)
        opened = self._try(owner.iccid, tried, octets)
        if opened is not None and (opened.authentic or not tried):
            return opened
        others = {tuple(row): None for row in _WAYS.rows(self.conn, card=owner.iccid)}
        return self._try(owner.iccid, (way for way in others if way not in tried), octets) or opened

    def _try(self, iccid: str, ways: Iterable[tuple[int, ...]], octets: bytes) -> _Opened | None:
        means, unauthentic = self.means, None
        for spi, kic, kid, generation, key_index in ways:
            try:
                opened = open_response(
                    octets,
                    _spi(spi),
                    kic,
                    kid,
                    means.key_set(self.conn, iccid, generation, "MT"),
                    means.provider,
                    weak_algorithms=means.policy.weak_algorithms,
                )
            except (CodecError, NoKey, BindingMismatch):
                continue
            found = _Opened(opened.packet, (spi, kic, kid, generation), key_index, opened.authentic)
            if found.authentic:
                return found
            unauthentic = unauthentic or found
        return unauthentic

    def _matching(self, owner: _Card, opened: _Opened) -> Packet | None:
        """The packet with this CNTR and TAR that may have left."""
        counter, generation = opened.packet.counter, opened.way[3]
        known = next(
            (
                one
                for one in owner.open
                if (one.counter, one.generation, one.key_index) == (counter, generation, opened.key_index)
            ),
            None,
        )
        if known is None:
            where = {"card": owner.iccid, "index": opened.key_index, "of": generation, "cntr": counter}
            rows = _EXACT.rows(self.conn, **where)
            known = self.add(rows[0]) if rows else None
        if known is None or known.tar != int.from_bytes(opened.packet.tar.octets, "big") or not known.may_be_out:
            return None
        return known

    def _outstanding(self, owner: _Card, said: ResponsePacket) -> Packet | None:
        """The one packet in this card's lane, where the card's refusal could not name a counter."""
        if said.counter != 0 or said.status not in _UNSECURED_STATUSES:
            return None
        for one in owner.open:
            order = self.jobs[one.job_id]
            if order.attempts == one.number and order.state == JobState.SUBMITTED and one.may_be_out:
                return one
        return None

    # --- what follows ----------------------------------------------------------------------------------------------

    def _take_hint(self, found: Packet, said: ResponsePacket) -> Reception:
        """An unsecured error PoR: anyone can write one, so it decides nothing; the card is asked again soon."""
        order = self.jobs[found.job_id]
        record(
            self.conn,
            at=self.context.now,
            actor="ota",
            action=Reception.UNSECURED,
            subject=Subject.job(order.id),
            facts={"status": said.status, "attempt": found.number},
        )
        if order.attempts == found.number and order.state in LANE_STATES:
            told = PorStatus(said.status).name if said.status in set(PorStatus) else f"{said.status:02X}"
            if said.status == PorStatus.TAR_UNKNOWN and order.application_id is not None:
                order.purpose = AUDIT  # perhaps the application is gone; the card manager can prove it
            due_at = self.later(self.means.policy.delay(order.attempts))
            self.move(order, JobEvent.LOSE_SIGHT, reason=f"unsecured PoR {told}", due_at=due_at)
            self.withdraw(order)
        return Reception.UNSECURED

    def _take_proof(self, owner: _Card, found: Packet, said: ResponsePacket) -> Reception:
        if found.por_status not in _OPEN_STATUSES or found.por_status == said.status:
            return Reception.DUPLICATE
        self.prove(found, said.status)
        if said.status in _INTERIM:
            return Reception.INTERIM
        self._fence(owner, found)
        order = self.jobs[found.job_id]
        if said.status == PorStatus.OK:
            self._take_answer(order, found, said.data)
        elif order.state not in ANSWERABLE_STATES or found.number < order.attempts:
            pass  # ended, or a later packet may have done it: that one's own answer decides
        elif said.status == PorStatus.COUNTER_LOW:
            self._resynchronise(order, found)
        else:
            state = PorStatus(said.status) if said.status in set(PorStatus) else None
            reason = state.remedy if state else f"the card answered status {said.status:02X}"
            self._reject(order, Verdict(Next.REJECT, reason), said.status)
        return Reception.COUNTED

    def _fence(self, owner: _Card, found: Packet) -> None:
        """Older packets of this key set can never run any more; who waits in doubt behind them may go on at once."""
        for one in owner.open:
            lane = (one.key_index, one.generation) == (found.key_index, found.generation)
            if lane and one.counter < found.counter and one.por_status is None and not one.fenced:
                one.fenced = 1
                self.change_packet(one)
                if one.job_id != found.job_id:
                    self.fenced.add(owner.iccid)

    def _take_answer(self, order: Job, found: Packet, octets: bytes) -> None:
        kind = KINDS[order.kind]
        sent_before = refused_before = False
        if found.number > 1 and kind in (JobKind.DELETE, JobKind.ISSUE):
            self.load_packets_of([order.id])
            earlier = [
                one
                for one in self.packets_of(order)
                if one.number < found.number and one.may_be_out and one.purpose == SCRIPT
            ]
            # only a deletion asks: gone already, by an earlier packet of ours? and only an audit of an issue: has the
            # card said before that there is something in its way?
            sent_before = kind is JobKind.DELETE and bool(earlier)
            asked = kind is JobKind.ISSUE and found.purpose == AUDIT
            refused_before = asked and any(one.por_status == PorStatus.OK for one in earlier)
        verdict = judge(
            kind,
            found.purpose,
            octets,
            commands=found.commands,
            sent_before=sent_before,
            refused_before=refused_before,
        )
        if verdict.answer is not None and not self._tac_is_good(order, found, verdict):
            record(self.conn, at=self.context.now, actor="ota", action="tac.wrong", subject=Subject.job(order.id))
            verdict = Verdict(Next.REJECT, "the TAC of the answer is wrong: check the mother key", verdict.status_word)
        said = verdict.answer
        if said is not None and order.application_id is not None:
            word = CardWord(
                order.application_id,
                said.status,
                said.balance_fen,
                said.rsn,
                said.offline_counter,
                found.counter,
                self.now,
            )
            self.note_word(word)
        if order.state not in ANSWERABLE_STATES:
            self._learn_late(order, verdict)
            return
        self.move(order, JobEvent.ANSWER)
        self._follow(order, found, verdict)

    def _tac_is_good(self, order: Job, found: Packet, verdict: Verdict) -> bool:
        answer, application_id = verdict.answer, order.application_id
        if answer is None or application_id is None or order.enterprise_id is None:
            return False
        at_hand = self.means.tac_key(application_id)
        if at_hand is None:
            text, version = self.applications[application_id]
            iccid, aid = Iccid(order.iccid), Aid.from_hex(text)
            mother = self.means.mother_key(self.conn, order.enterprise_id, version)
            key = derive_application_key(mother, KeyUsage.TAC, version, iccid, aid, self.means.provider)
            at_hand = self.means.keep_tac_key(application_id, key, aid.octets + iccid.octets())
        key, named = at_hand
        covered = named + answer.signed_octets() + (found.challenge or b"")
        return hmac.compare_digest(self.means.provider.cmac(key, covered)[:8], verdict.tac)

    def _learn_late(self, order: Job, verdict: Verdict) -> None:
        """The job has ended already; only what the card proves about its application is kept."""
        if verdict.absent or (verdict.follows is Next.CONFIRM and order.kind == JobKind.DELETE):
            self.learn(order, ApplicationEvent.DELETED)
        elif verdict.follows is Next.CONFIRM and order.kind == JobKind.ISSUE:
            self.learn(order, ApplicationEvent.INSTALLED, ApplicationEvent.PERSONALISED, ApplicationEvent.ACTIVATED)

    def _follow(self, order: Job, found: Packet, verdict: Verdict) -> None:
        """Act on the verdict; the job is in POR_OK."""
        policy = self.means.policy
        if verdict.installed:
            self.learn(order, ApplicationEvent.INSTALLED)
        if verdict.follows is Next.CONFIRM:
            self.finish(
                order,
                JobEvent.CONFIRM,
                reason=verdict.reason,
                status=PorStatus.OK,
                status_word=verdict.status_word,
                answer=verdict.answer,
                answer_status=verdict.answer_status,
            )
        elif verdict.follows is Next.REJECT or order.attempts >= policy.most_attempts:
            self._reject(order, verdict, PorStatus.OK)
        elif verdict.follows is Next.ASK:
            order.purpose = AUDIT
            self.move(order, JobEvent.ASK, reason=verdict.reason)
        else:
            at_once = order.purpose == AUDIT
            order.purpose = PERSONALISE if verdict.follows is Next.PERSONALISE else SCRIPT
            due_at = None if at_once else self.later(policy.delay(order.attempts))
            self.move(order, JobEvent.RESEND, reason=verdict.reason, due_at=due_at)

    def _reject(self, order: Job, verdict: Verdict, status: int) -> None:
        if order.state != JobState.POR_OK:
            self.move(order, JobEvent.ANSWER)
        if verdict.absent:
            self.learn(order, ApplicationEvent.ABSENT)
        self.load_packets_of([order.id])
        self.finish(
            order,
            JobEvent.REJECT,
            reason=verdict.reason,
            status=status,
            status_word=verdict.status_word,
            answer=verdict.answer,
        )

    def _resynchronise(self, order: Job, found: Packet) -> None:
        """An authentic 02: the card is ahead. Raise the mark, then send again, or ask first what may have been done."""
        self.move(order, JobEvent.COUNTER_LOW, reason=PorStatus.COUNTER_LOW.remedy)
        raises = self.means.policy.counter_raises
        try:
            if order.resyncs >= len(raises):
                raise CounterExhausted("the card's counter is still ahead after every raise: a person must look at it")
            reserve(self.conn, order.iccid, found.key_index, found.generation, step=raises[order.resyncs])
        except CounterExhausted as error:
            self.finish(order, JobEvent.REJECT, reason=str(error), status=PorStatus.COUNTER_LOW)
            return
        order.resyncs += 1
        repeatable = KINDS[order.kind] in REPEATABLE
        if not repeatable:
            order.purpose = AUDIT
        self.move(order, JobEvent.RESEND if repeatable else JobEvent.ASK, reason="the counter was raised")
