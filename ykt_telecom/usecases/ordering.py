"""Orders to cards, as use cases give them: values in, one job or one refusal for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..ota.orders import NotOrdered, Order, order_jobs
from ..ota.outcome import JobKind
from ..registry.people.principals import Principal
from ..texts.refusals import Code, Refused, refuse
from .means import Context

#: Behind dialogues, before campaigns.
PRIORITY = 5
#: Who asked is in the audit row; the job itself only remembers that a use case ordered it.
ORIGIN = "usecase"


@dataclass(frozen=True, slots=True)
class CardOrder:
    """Something wanted from a card's application."""

    kind: JobKind
    iccid: str = field(repr=False)
    enterprise_id: int
    payload: Mapping[str, Any] = field(repr=False, default_factory=dict)


def order_from_cards(
    conn: Connection, context: Context, who: Principal, orders: Sequence[CardOrder]
) -> list[int | Refused]:
    """The job of each order, or why the card does not allow it now."""
    wanted = [
        Order(order.kind, order.iccid, order.enterprise_id, order.payload, ORIGIN, who.id, PRIORITY) for order in orders
    ]
    return [
        refuse(Code.CARD_STATE, reason=found.reason) if isinstance(found, NotOrdered) else found.job_id
        for found in order_jobs(conn, context.step, wanted)
    ]
