"""A desk for dialogues: the steps on a world with the platform's own jobs and outbox, cards played by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, select

from telecom_codecs.card.identities import Iccid
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.enterprise_answer import EnterpriseAnswer
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import FORMS, CardRequest, Operation
from telecom_codecs.sms import gsm7, ucs2
from telecom_codecs.sms.dcs import Alphabet, DataCoding
from telecom_codecs.sms.udh import split_user_data
from tests.ykt_telecom.ledger.money.world import HUAXIN, World, a_world, iccid_of, msisdn_of
from ykt_telecom.flows.dialogue.book import ORIGIN
from ykt_telecom.flows.dialogue.neighbours import Neighbours, Verdict, VerifyOrder
from ykt_telecom.flows.dialogue.password import PasswordSeal
from ykt_telecom.flows.dialogue.password_steps import set_password
from ykt_telecom.flows.dialogue.steps import DialogueSteps
from ykt_telecom.flows.dialogue.tables import dialogue
from ykt_telecom.messaging.facts import MoRequest
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.ota.jobs import JobBook
from ykt_telecom.ota.means import OtaMeans, OtaPolicy
from ykt_telecom.ota.outcome import JobKind, JobOutcome
from ykt_telecom.ota.states import JobEvent, JobState
from ykt_telecom.ota.tables import job
from ykt_telecom.registry.audit.tables import audit_row
from ykt_telecom.registry.keys.wrapping import KeyRing
from ykt_telecom.storage.context import StepContext

RIGHT = ServicePassword(b"194837")
WRONG = ServicePassword(b"555123")


class Pepper:
    """Test octets, never used elsewhere."""

    def octets(self) -> bytes:
        return b"pepper of the tests only"


@dataclass(frozen=True)
class Ordered:
    """A job that was ordered."""

    job_id: int
    kind: str
    iccid: str
    enterprise_id: int | None
    payload: Mapping[str, Any]
    origin_id: int


@dataclass
class Desk:
    """What members, cards and the pool do, one step after the other; all else is read from the database."""

    world: World
    seal: PasswordSeal = field(default_factory=lambda: PasswordSeal(Pepper(), cheap=True))
    waiting: list[VerifyOrder] = field(default_factory=list)
    ended: list[JobOutcome] = field(default_factory=list)
    evaluated: int = 0
    counter: int = 0

    def __post_init__(self) -> None:
        self.steps = DialogueSteps(Neighbours(self.waiting.append, self.seal))
        self.means = OtaMeans(KeyRing(SecretKey(bytes(range(32)))), OpenSslProvider(), OtaPolicy())
        self.means.followers[ORIGIN] = self._follow

    def _follow(self, conn: Connection, context: StepContext, outcomes: Sequence[JobOutcome]) -> None:
        self.ended += outcomes
        self.steps.on_job_outcomes(conn, context, outcomes)

    # --- what the card and the platform do -----------------------------------------------------------------------

    def give_password(self, number: int = 1, password: ServicePassword = RIGHT) -> None:
        verifier = self.seal.bind(self.seal.seal(password, bytes(16)), iccid_of(number))
        self.world.run(
            lambda connection, context: set_password(
                connection, iccid=iccid_of(number), verifier=verifier, now=context.now
            )
        )

    def ask(self, operation: Operation, **changes: Any) -> MoRequest:
        """The card asks; the request, for asking it again."""
        enterprise = HUAXIN if FORMS[operation].enterprise else 0
        asked: dict[str, Any] = {"enterprise_id": enterprise, "language": Language.ZH, **changes}
        self.counter += 1
        named = Iccid(asked.pop("iccid", iccid_of(1)))
        signer = asked.pop("signer", str(named))
        octets = CardRequest(operation, 0x100 + self.counter, named, **asked).encode()
        request = a_request(octets, counter=self.counter, iccid=signer)
        self.take(request)
        return request

    def take(self, *requests: MoRequest) -> None:
        """Requests that came together."""
        self.world.run(lambda conn, context: self.steps.on_mo_requests(conn, context, requests))

    def judge(self) -> None:
        """What the verification does, at once."""
        for order in self._taken():
            matched = None
            if order.verifier is not None and order.candidate is not None:
                self.evaluated += 1
                matched = self.seal.matches(order.verifier, order.candidate, order.iccid)
            self.decide(Verdict(order.dialogue_id, matched))

    def _taken(self) -> list[VerifyOrder]:
        orders = list(self.waiting)
        self.waiting.clear()
        return orders

    def decide(self, *verdicts: Verdict) -> None:
        """Verdicts that came together."""
        self.world.run(lambda conn, context: self.steps.on_verdicts(conn, context, verdicts))

    def restart(self) -> None:
        """Forget everything in memory, then recover."""
        self.waiting.clear()
        self.world.run(self.steps.recover)

    def end(self, kind: JobKind, state: JobState = JobState.APPLIED, **changes: Any) -> JobOutcome:
        """The last job that was ordered comes to its end."""
        ordered = self.orders[-1]
        assert ordered.kind == kind
        self.finish((an_outcome(ordered, state, **changes),))
        return self.ended[-1]

    def finish(self, ends: Sequence[JobOutcome]) -> None:
        """Jobs come to these ends in one step; whoever ordered them is told."""

        def step(conn: Connection, context: StepContext) -> None:
            book = JobBook(conn, context, self.means)
            book.load_jobs(end.job_id for end in ends)
            for end in ends:
                order = book.jobs[end.job_id]
                if end.status is not None and end.state in (JobState.APPLIED, JobState.FAILED):
                    book.move(order, JobEvent.ANSWER)
                book.finish(
                    order,
                    _end_of(end),
                    status=end.status,
                    status_word=end.status_word,
                    answer=end.answer,
                    answer_status=end.answer_status,
                )
            book.write()

        self.world.run(step)

    def tell(self, *outcomes: JobOutcome) -> None:
        """Outcomes that came together, whatever stands in the job's row."""
        self.world.run(lambda conn, context: self.steps.on_job_outcomes(conn, context, outcomes))

    # --- what there is to see -------------------------------------------------------------------------------------

    def rows(self) -> list[Any]:
        with self.world.reading() as connection:
            return list(connection.execute(select(dialogue).order_by(dialogue.c.id)))

    @property
    def orders(self) -> list[Ordered]:
        """The jobs that were ordered."""
        with self.world.reading() as connection:
            rows = connection.execute(select(job).where(job.c.origin == ORIGIN).order_by(job.c.id)).all()
        return [
            Ordered(row.id, row.kind, row.iccid, row.enterprise_id, json.loads(row.payload), row.origin_id)
            for row in rows
        ]

    @property
    def texts(self) -> list[tuple[str, str, str]]:
        """The short messages that were sent: MSISDN, text, class."""
        with self.world.reading() as connection:
            rows = connection.execute(select(outbox).order_by(outbox.c.id)).all()
        told: dict[int, tuple[str, str, str]] = {}
        for row in rows:
            body = text_in(row)
            before = told[row.message][1] if row.message in told else ""
            told[row.message] = (row.msisdn, before + body, row.message_class)
        return list(told.values())

    @property
    def audit(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What the audit log says about dialogues and passwords."""
        with self.world.reading() as connection:
            rows = connection.execute(select(audit_row).order_by(audit_row.c.seq)).all()
        return [(row.action, row.facts) for row in rows if row.action.startswith(("dialogue.", "password."))]

    @property
    def state(self) -> str:
        return str(self.rows()[-1].state)

    @property
    def screen(self) -> str:
        """The last text ordered for the screen."""
        return str([ordered for ordered in self.orders if ordered.kind == JobKind.ANSWER][-1].payload["text"])

    @property
    def kinds(self) -> list[str]:
        return [ordered.kind for ordered in self.orders]


def text_in(row: Any) -> str:
    """The text in a row of the outbox."""
    _, body = split_user_data(bool(row.udhi), bytes(row.user_data))
    is_ucs2 = DataCoding.decode(row.dcs).alphabet is Alphabet.UCS2
    return ucs2.decode(body) if is_ucs2 else gsm7.decode(body)


def _end_of(end: JobOutcome) -> JobEvent:
    if end.state is JobState.APPLIED:
        return JobEvent.CONFIRM
    if end.state is JobState.FAILED:
        return JobEvent.REFUSE_FOR_GOOD if end.status is None else JobEvent.REJECT
    return {JobState.EXPIRED: JobEvent.EXPIRE, JobState.CANCELLED: JobEvent.CANCEL}[end.state]


def again(request: MoRequest) -> MoRequest:
    """The same request, as its counter says."""
    return replace(request, is_repeat=True)


def a_desk() -> Desk:
    """One member of two enterprises, with the service password RIGHT."""
    world = a_world()
    world.add_member(1, HUAXIN)
    world.add_member(2, HUAXIN, "李四")
    desk = Desk(world)
    desk.give_password()
    return desk


def a_request(octets: bytes, *, counter: int = 1, iccid: str = iccid_of(1)) -> MoRequest:
    digest = f"{counter:064x}"
    return MoRequest(iccid, counter, octets, msisdn_of(9), counter, digest)


def an_outcome(ordered: Ordered, state: JobState = JobState.APPLIED, **changes: Any) -> JobOutcome:
    """The end of a job; `balance` and `offline` make the card's answer."""
    answer = None
    if ordered.kind in (JobKind.CLOSE, JobKind.REOPEN) and state is JobState.APPLIED:
        answer = EnterpriseAnswer(
            changes.pop("status_octet", 0), 0, 0, 0, changes.pop("balance", 0), changes.pop("offline", 0)
        )
    values: dict[str, Any] = {
        "job_id": ordered.job_id,
        "kind": JobKind(ordered.kind),
        "iccid": ordered.iccid,
        "enterprise_id": ordered.enterprise_id,
        "application_id": None,
        "state": state,
        "status": 0,
        "status_word": None,
        "answer": answer,
        "answer_status": 0 if ordered.kind == JobKind.ANSWER else None,
        "reason": None,
        "origin": "dialogue",
        "origin_id": ordered.origin_id,
        "payload": ordered.payload,
    }
    return JobOutcome(**{**values, **changes})
