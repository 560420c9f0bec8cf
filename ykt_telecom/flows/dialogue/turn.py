"""One turn of a dialogue: what a step writes, orders and sends within its transaction.

Every change of state goes through :meth:`Turn.move`, which follows the table and leaves an audit row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from telecom_codecs.onecard.answers import AnswerKind
from telecom_codecs.onecard.language import Language
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import CardRequest

from ...ota.outcome import JobKind
from ...registry.audit.subject import Subject
from ...registry.cards.states import Refused
from ...storage.context import StepContext
from .machine import DIALOGUE, Event, OutOfTurn, State
from .neighbours import Neighbours, Request
from .password import NONCE_OCTETS
from .tables import dialogue

# statements of the hot path are built once: building costs more than SQLite does
_FIND = select(dialogue).where(dialogue.c.id == bindparam("id"))
_FIND_REQUEST = select(dialogue).where(dialogue.c.iccid == bindparam("iccid"), dialogue.c.counter == bindparam("cntr"))
_OPEN = insert(dialogue).returning(dialogue)
_MOVE = update(dialogue).where(dialogue.c.id == bindparam("key")).returning(dialogue)
_CHANGE = update(dialogue).where(dialogue.c.id == bindparam("key"))


@dataclass(frozen=True, slots=True)
class FinalWords:
    """How a dialogue ends: for the screen, and for the SMS that may have to replace it."""

    screen: str = field(repr=False)
    sms: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """One step's transaction, time and neighbours."""

    connection: Connection
    context: StepContext
    neighbours: Neighbours

    def find(self, dialogue_id: int) -> Row[Any] | None:
        return self.connection.execute(_FIND, {"id": dialogue_id}).one_or_none()

    def find_request(self, iccid: str, counter: int) -> Row[Any] | None:
        return self.connection.execute(_FIND_REQUEST, {"iccid": iccid, "cntr": counter}).one_or_none()

    def open(
        self, request: Request, asked: CardRequest | None, msisdn: str | None, values: Mapping[str, Any]
    ) -> Row[Any]:
        """Store a new dialogue in its first state."""
        fixed: dict[str, Any] = {
            "iccid": request.iccid,
            "counter": request.counter,
            "digest": request.digest,
            "inbox_id": request.inbox_id,
            "operation": None if asked is None else int(asked.operation),
            "request_number": None if asked is None else asked.number,
            "enterprise_id": None if asked is None else asked.enterprise_id,
            "language": int(Language.ZH if asked is None else asked.language),
            "msisdn": msisdn,
            "state": State.RECEIVED,
            "evaluates": False,
            "possible_duplicate": False,
            "received_at": self.context.now,
            "updated_at": self.context.now,
        }
        return self.connection.execute(_OPEN, {**fixed, **values}).one()

    def move(self, row: Row[Any], event: Event, **values: Any) -> Row[Any]:
        """One transition, with its audit row; raises :class:`OutOfTurn` and changes nothing for a refused pair."""
        after = DIALOGUE.follow(row.state, event)
        change = {"key": row.id, "state": after, "updated_at": self.context.now, **values}
        moved = self.connection.execute(_MOVE, change).one()
        self.record(f"dialogue.{event.lower()}", row, state=after.value)
        return moved

    def record(self, action: str, row: Row[Any], **facts: Any) -> None:
        known = {"card": row.iccid[-6:], "operation": row.operation, **facts}
        self.neighbours.record(
            self.connection, action=action, subject=str(Subject.dialogue(row.id)), facts=known, now=self.context.now
        )

    def cover(self, request: Request, password: ServicePassword) -> bytes:
        """The candidate as it may lie in the database until its verdict."""
        nonce = self.context.tokens.octets(NONCE_OCTETS)
        binding = binding_of(request.iccid, request.counter)
        return self.neighbours.cover.cover(password, binding=binding, nonce=nonce)

    def forget_candidate(self, row: Row[Any]) -> None:
        """The verdict is being stored: the candidate goes in the same transaction."""
        self.connection.execute(_CHANGE, {"key": row.id, "covered": None})

    def order(self, row: Row[Any], event: Event, kind: JobKind, **values: Any) -> bool:
        """Order a job on the application and move on; False when the application does not allow it now."""
        try:
            job_id = self._order_job(row, kind, row.enterprise_id, {})
        except Refused:
            return False
        self.move(row, event, job_id=job_id, **values)
        return True

    def answer(self, row: Row[Any], event: Event, words: FinalWords) -> None:
        """Order the screen's text and keep what the SMS would say."""
        told = {"answer_text": words.screen, "sms_text": words.sms}
        try:
            job_id = self.repeat(row, words.screen)
        except Refused:  # the card came to its end meanwhile; its holder is told all the same
            self.tell_by_sms(self.move(row, event, **told), Event.NOT_QUEUED)
        else:
            self.move(row, event, job_id=job_id, notice="SCREEN", **told)

    def touch(self, row: Row[Any]) -> None:
        """Note that something was done for the dialogue now."""
        self.connection.execute(update(dialogue).where(dialogue.c.id == row.id).values(updated_at=self.context.now))

    def repeat(self, row: Row[Any], text: str) -> int:
        """Order the text for the card's screen; the job's id."""
        payload = {
            "kind": int(AnswerKind.FINAL),
            "request": row.request_number,
            "serial": f"{row.id:012x}",
            "text": text,
        }
        return self._order_job(row, JobKind.ANSWER, None, payload)

    def tell_by_sms(self, row: Row[Any], event: Event) -> None:
        """The SMS becomes the notice; it is sent once, whatever is reported again."""
        if row.state == State.TEXTED or row.sms_text is None:
            return
        in_doubt = event is Event.IN_DOUBT
        try:
            self.move(row, event, notice="SMS", possible_duplicate=in_doubt)
        except OutOfTurn:
            return  # the end of an answer that was repeated for a doubled request
        outbox_id = self.send(row, row.sms_text, "TRANSACTION")
        self.connection.execute(_CHANGE, {"key": row.id, "outbox_id": outbox_id})

    def send(self, row: Row[Any], text: str, message_class: str) -> int:
        """A short message to the registered number; its id."""
        return self.neighbours.send_text(
            self.connection,
            self.context,
            msisdn=row.msisdn,
            text=text,
            message_class=message_class,
            origin_id=row.id,
        )

    def _order_job(self, row: Row[Any], kind: JobKind, enterprise_id: int | None, payload: Mapping[str, Any]) -> int:
        return self.neighbours.order_job(
            self.connection,
            self.context,
            kind=kind,
            iccid=row.iccid,
            enterprise_id=enterprise_id,
            payload=payload,
            origin_id=row.id,
        )


def binding_of(iccid: str, counter: int) -> bytes:
    """What a covered candidate is bound to: its own request."""
    return f"{iccid}|{counter}".encode()
