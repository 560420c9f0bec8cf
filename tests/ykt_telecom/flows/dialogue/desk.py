"""A desk for dialogues: the steps on an in-memory world, with neighbours that record what they were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from telecom_codecs.card.identities import Iccid
from telecom_codecs.onecard.enterprise_answer import EnterpriseAnswer
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import FORMS, CardRequest, Operation
from tests.ykt_telecom.ledger.money.world import HUAXIN, World, a_world, iccid_of, msisdn_of
from ykt_telecom.flows.dialogue.neighbours import Neighbours, Verdict, VerifyOrder
from ykt_telecom.flows.dialogue.password import PasswordSeal
from ykt_telecom.flows.dialogue.password_steps import set_password
from ykt_telecom.flows.dialogue.steps import DialogueSteps
from ykt_telecom.flows.dialogue.tables import dialogue
from ykt_telecom.messaging.facts import MoRequest
from ykt_telecom.ota.outcome import JobKind, JobOutcome
from ykt_telecom.ota.states import JobState
from ykt_telecom.registry.cards.states import Refused
from ykt_telecom.registry.cards.tables import card_application
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
    """Records and answers for the neighbours. `refuses` makes the next orders of those kinds raise."""

    world: World
    seal: PasswordSeal = field(default_factory=lambda: PasswordSeal(Pepper(), cheap=True))
    orders: list[Ordered] = field(default_factory=list)
    texts: list[tuple[str, str, str]] = field(default_factory=list)  # MSISDN, text, class
    audit: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    waiting: list[VerifyOrder] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    evaluated: int = 0
    counter: int = 0

    def __post_init__(self) -> None:
        self.steps = DialogueSteps(Neighbours(self._order, self._text, self._record, self._wait, self.seal))

    def _wait(self, order: VerifyOrder) -> None:
        self.waiting.append(order)

    def _order(
        self,
        connection: Connection,
        context: StepContext,
        *,
        kind: JobKind,
        iccid: str,
        enterprise_id: int | None,
        payload: Mapping[str, Any],
        origin_id: int,
    ) -> int:
        if kind in self.refuses:
            raise Refused(f"{kind} is refused by the test")
        if kind in (JobKind.CLOSE, JobKind.DELETE):
            self._set_application(connection, iccid, enterprise_id, "PENDING_DELETE")
        job_id = context.next_number()
        self.orders.append(Ordered(job_id, str(kind), iccid, enterprise_id, payload, origin_id))
        return job_id

    @staticmethod
    def _set_application(connection: Connection, iccid: str, enterprise_id: int | None, state: str) -> None:
        mine = (card_application.c.iccid == iccid) & (card_application.c.enterprise_id == enterprise_id)
        connection.execute(update(card_application).where(mine).values(state=state))

    def _text(
        self,
        connection: Connection,
        context: StepContext,
        *,
        msisdn: str,
        text: str,
        message_class: str,
        origin_id: int,
    ) -> int:
        self.texts.append((msisdn, text, message_class))
        return context.next_number()

    def _record(
        self, connection: Connection, *, action: str, subject: str, facts: Mapping[str, Any], now: datetime
    ) -> None:
        self.audit.append((action, facts))

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

    def take(self, request: MoRequest) -> None:
        self.world.run(lambda connection, context: self.steps.on_mo_request(connection, request, context))

    def judge(self) -> None:
        """What the verification does, at once."""
        orders, self.waiting = self.waiting, []
        for order in orders:
            matched = None
            if order.verifier is not None and order.candidate is not None:
                self.evaluated += 1
                matched = self.seal.matches(order.verifier, order.candidate, order.iccid)
            self.decide(Verdict(order.dialogue_id, matched))

    def decide(self, verdict: Verdict) -> None:
        self.world.run(lambda connection, context: self.steps.on_verdict(connection, verdict, context))

    def restart(self) -> None:
        """Forget everything in memory, then recover."""
        self.waiting = []
        self.world.run(self.steps.recover)

    def end(self, kind: JobKind, state: JobState = JobState.APPLIED, **changes: Any) -> JobOutcome:
        """The last job that was ordered comes to its end."""
        ordered = self.orders[-1]
        assert ordered.kind == kind
        outcome = an_outcome(ordered, state, **changes)
        self.tell(outcome)
        return outcome

    def tell(self, outcome: JobOutcome) -> None:
        self.world.run(lambda connection, context: self.steps.on_job_outcome(connection, outcome, context))

    def rows(self) -> list[Any]:
        with self.world.reading() as connection:
            return list(connection.execute(select(dialogue).order_by(dialogue.c.id)))

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
