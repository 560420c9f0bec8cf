"""Applications on cards: issued, asked, closed, opened again and deleted over the air."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from telecom_codecs.onecard.rights import Rights

from ..flows.dialogue.lookup import find_application, outstanding
from ..ledger.money.steps import open_purse
from ..ota.outcome import JobKind
from ..registry.cards.states import ApplicationState
from ..registry.directory.steps import memberships_of
from ..registry.people.principals import Principal
from ..texts.amount import format_yuan
from ..texts.refusals import Code, Refused, invalid, refuse
from .means import Context
from .ordering import CardOrder, order_from_cards
from .results import Done, Result
from .runner import UseCase
from .subjects import Card, Enterprise, cards_named, enterprises_named

LONGEST_NAME = 8  #: of an application on the card


ALL_RIGHTS = Rights.DOOR | Rights.ATTENDANCE | Rights.PURSE


@dataclass(frozen=True, slots=True)
class IssueApplication:
    """Order an enterprise's application onto a member's card. `name` is the enterprise's beginning unless given."""

    card: str
    enterprise: str
    name: str | None = None
    rights: int = int(ALL_RIGHTS)
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class CardAndEnterprise:
    """The application of an enterprise on a card."""

    card: str
    enterprise: str


@dataclass(frozen=True, slots=True)
class Ordered:
    """The order is saved; it goes over the air as soon as the card's lane is free."""

    job: int
    card: str
    enterprise: str


def issue_application(
    conn: Connection, context: Context, who: Principal, orders: Sequence[IssueApplication]
) -> list[Result[Ordered]]:
    """The order over the air and the purse behind it. The holder must be a member of that enterprise."""
    cards = cards_named(conn, who, (order.card for order in orders))
    owners = enterprises_named(conn, who, (order.enterprise for order in orders))
    held = memberships_of(conn, (one.msisdn for one in cards.values() if isinstance(one, Card) and one.msisdn))
    judged = [_judge(context, order, cards[order.card], owners[order.enterprise], held) for order in orders]
    asked = [one for one in judged if isinstance(one, CardOrder)]
    jobs = iter(order_from_cards(conn, context, who, asked))
    results: list[Result[Ordered]] = []
    for order, one in zip(orders, judged, strict=True):
        if isinstance(one, Refused):
            results.append(one)
            continue
        job = next(jobs)
        if not isinstance(job, Refused) and order.rights & Rights.PURSE:
            open_purse(
                conn,
                iccid=one.iccid,
                enterprise_id=one.enterprise_id,
                now=context.now,
                valid_until=order.valid_until,
            )
        results.append(_ordered(job, cards[order.card], owners[order.enterprise]))
    return results


def _judge(
    context: Context,
    order: IssueApplication,
    card: Card | Refused,
    owner: Enterprise | Refused,
    held: set[tuple[str, int]],
) -> CardOrder | Refused:
    if isinstance(card, Refused):
        return card
    if isinstance(owner, Refused):
        return owner
    if (card.msisdn, owner.id) not in held:
        return refuse(Code.NOT_A_MEMBER, card=f"card {card.tail}", code=owner.code)
    if order.valid_until is not None and order.valid_until < context.now.date():
        return refuse(Code.VALIDITY_PAST, day=order.valid_until)
    if not 0 < order.rights <= ALL_RIGHTS:
        return invalid("用途应为 door、attendance、purse 之一或多项", "rights: one or more of door, attendance, purse")
    if order.name is not None and not 0 < len(order.name.strip()) <= LONGEST_NAME:
        return invalid(
            f"应用名称应为 1 至 {LONGEST_NAME} 个字符", f"the name on the card has 1 to {LONGEST_NAME} characters"
        )
    name = (order.name or owner.name)[:LONGEST_NAME].strip()
    return CardOrder(JobKind.ISSUE, card.iccid, owner.id, {"name": name, "rights": order.rights})


def _ordered(job: int | Refused, card: Card | Refused, owner: Enterprise | Refused) -> Result[Ordered]:
    if isinstance(job, Refused):
        return job
    assert isinstance(card, Card)
    assert isinstance(owner, Enterprise)
    return Done(Ordered(job, card.tail, owner.code), card.subject, {"enterprise": owner.id, "job": job})


Step = Callable[[Connection, Context, Principal, Sequence[CardAndEnterprise]], list[Result[Ordered]]]


#: Why the application may not be asked for this, or None.
Check = Callable[[Connection, Card, Enterprise], Refused | None]


def _any_time(_conn: Connection, _card: Card, _owner: Enterprise) -> None:
    """The card and the job's own rules decide."""


def _closed_and_empty(conn: Connection, card: Card, owner: Enterprise) -> Refused | None:
    """A deletion destroys the card's records: closed first, nothing left on either side, every tap uploaded."""
    application = find_application(conn, card.iccid, owner.id)
    if application is None:
        return None
    if application.state != ApplicationState.PENDING_DELETE or application.card_balance_fen is None:
        return refuse(Code.NOT_CLOSED, card=card.tail, code=owner.code)
    balance, counter = application.card_balance_fen, application.card_offline_counter or 0
    owed, missing = outstanding(conn, application, balance, counter)
    if owed:
        return refuse(Code.BALANCE_OPEN, amount=format_yuan(owed))
    return refuse(Code.UPLOADS_MISSING, counter=counter) if missing else None


def _order_of(kind: JobKind, check: Check) -> Step:
    """The step that orders one kind of job from an application that is there."""

    def step(
        conn: Connection, context: Context, who: Principal, orders: Sequence[CardAndEnterprise]
    ) -> list[Result[Ordered]]:
        cards = cards_named(conn, who, (order.card for order in orders))
        owners = enterprises_named(conn, who, (order.enterprise for order in orders))
        judged: list[CardOrder | Refused] = []
        for order in orders:
            card, owner = cards[order.card], owners[order.enterprise]
            if isinstance(card, Refused):
                judged.append(card)
            elif isinstance(owner, Refused):
                judged.append(owner)
            else:
                judged.append(check(conn, card, owner) or CardOrder(kind, card.iccid, owner.id))
        asked = [one for one in judged if isinstance(one, CardOrder)]
        jobs = iter(order_from_cards(conn, context, who, asked))
        return [
            one if isinstance(one, Refused) else _ordered(next(jobs), cards[order.card], owners[order.enterprise])
            for order, one in zip(orders, judged, strict=True)
        ]

    return step


def _use_case(name: str, kind: JobKind, action: str, check: Check = _any_time) -> UseCase[CardAndEnterprise, Ordered]:
    return UseCase(name, CardAndEnterprise, Ordered, _order_of(kind, check), action=action)


ISSUE_APPLICATION: UseCase[IssueApplication, Ordered] = UseCase(
    "issue_application", IssueApplication, Ordered, issue_application, action="application.issue"
)
QUERY_CARD = _use_case("query_card", JobKind.QUERY, "application.query")
CLOSE_APPLICATION = _use_case("close_application", JobKind.CLOSE, "application.close")
REOPEN_APPLICATION = _use_case("reopen_application", JobKind.REOPEN, "application.reopen")
DELETE_APPLICATION = _use_case("delete_application", JobKind.DELETE, "application.delete", _closed_and_empty)
