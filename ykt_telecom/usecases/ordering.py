"""Orders to cards, as use cases give them: values in, one job or one refusal for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from ..ota.outcome import JobKind
from ..ota.steps import order_job
from ..registry.cards.states import Refused as StateRefused
from ..registry.cards.steps import NoSuchCard
from ..registry.keys.steps import NoKey
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
) -> list[str | Refused]:
    """The job of each order, or why the card does not allow it now."""
    return [_order(conn, context, who, order) for order in orders]


def _order(conn: Connection, context: Context, who: Principal, order: CardOrder) -> str | Refused:
    job_id = context.step.next_id()
    try:
        order_job(
            conn,
            job_id=job_id,
            kind=order.kind,
            iccid=order.iccid,
            enterprise_id=order.enterprise_id,
            payload=order.payload,
            origin=ORIGIN,
            origin_id=str(who.id),
            priority=PRIORITY,
            now=context.now,
        )
    except (StateRefused, NoSuchCard, NoKey) as refused:
        return refuse(Code.CARD_STATE, reason=str(refused))
    return job_id
