"""Texts of statements to the outbox, as lists; the facts about them, as lists.

Speaks the language of the messaging that takes lists to the one that takes one text at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from ...messaging.facts import INTERMEDIATE, OutboxState, ReceiptFact, SubmitFact
from ...messaging.outbox import PRIORITY_BULK, enqueue_text
from ...storage.context import StepContext


@dataclass(frozen=True, slots=True)
class Text:
    """A text to send."""

    msisdn: str = field(repr=False)
    text: str = field(repr=False)
    message_class: str
    origin: str
    origin_id: int | None
    priority: int = PRIORITY_BULK


@dataclass(frozen=True, slots=True)
class Enqueued:
    """A text in the outbox."""

    message: int
    segments: int


@dataclass(frozen=True, slots=True)
class TextSent:
    """A segment of a text changed its state."""

    message: int
    segment: int
    segments: int
    state: OutboxState
    status: int | None
    possible_duplicate: bool
    origin: str
    origin_id: int | None


@dataclass(frozen=True, slots=True)
class TextReceipt:
    """The SMSC's word on a segment that it had accepted."""

    message: int
    segment: int
    segments: int
    state: str
    error: str | None
    origin: str
    origin_id: int | None
    at: datetime

    @property
    def is_delivered(self) -> bool:
        return self.state == "DELIVRD"

    @property
    def is_final(self) -> bool:
        """False for the intermediate states of a message still on its way."""
        return self.state not in INTERMEDIATE


def enqueue_texts(connection: Connection, context: StepContext, texts: Sequence[Text]) -> list[Enqueued]:
    """Save the texts to send; one result for each, in their order."""
    enqueued = []
    for text in texts:
        message = context.next_number()
        segments = enqueue_text(
            connection,
            outbox_id=str(message),
            msisdn=text.msisdn,
            text=text.text,
            message_class=text.message_class,
            origin=text.origin,
            origin_id=None if text.origin_id is None else str(text.origin_id),
            now=context.now,
            priority=text.priority,
        )
        enqueued.append(Enqueued(message, segments))
    return enqueued


def sent_of(fact: SubmitFact) -> TextSent:
    return TextSent(
        int(fact.outbox_id),
        fact.segment,
        fact.segments,
        fact.state,
        fact.status,
        fact.possible_duplicate,
        fact.origin,
        None if fact.origin_id is None else int(fact.origin_id),
    )


def receipt_of(fact: ReceiptFact) -> TextReceipt:
    return TextReceipt(
        int(fact.outbox_id),
        fact.segment,
        fact.segments,
        fact.state,
        fact.error,
        fact.origin,
        None if fact.origin_id is None else int(fact.origin_id),
        fact.at,
    )
