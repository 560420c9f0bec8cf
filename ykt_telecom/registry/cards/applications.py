"""Batch steps on the applications of cards: what orders and answers mean for many of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from ...storage.context import StepContext
from ...storage.literal import outside
from ...storage.sql import Statement, in_list, instant
from ..audit.steps import record
from ..audit.subject import Subject
from .states import (
    APPLICATION,
    CARD,
    ENDED_APPLICATION_STATES,
    ApplicationEvent,
    ApplicationState,
    CardEvent,
    CardState,
)
from .tables import card, card_application


@dataclass(frozen=True, slots=True)
class Move:
    """Events an application goes through, one after the other; those that do not fit its state are passed over.

    A late proof may meet an application that has moved on: then the later truth stands.
    """

    application_id: int
    events: tuple[ApplicationEvent, ...]
    actor: str = "ota"


@dataclass(frozen=True, slots=True)
class NewApplication:
    """An application about to be installed; slot and AID are free on that card."""

    id: int
    iccid: str = field(repr=False)
    enterprise_id: int
    slot: int
    aid: str
    name: str
    rights: int
    key_version: int


@dataclass(frozen=True, slots=True)
class CardWord:
    """What a card said about an application under its TAC; `counter` is the CNTR of the packet it answered."""

    application_id: int
    status: int
    balance_fen: int
    rsn: int
    offline_counter: int
    counter: int
    at: int


@dataclass(frozen=True, slots=True)
class LiveApplication:
    """An application that is, or may be, on a card."""

    id: int
    iccid: str = field(repr=False)
    enterprise_id: int
    slot: int
    state: ApplicationState

    @classmethod
    def pending(cls, new: NewApplication) -> Self:
        """The one that is about to be made."""
        return cls(new.id, new.iccid, new.enterprise_id, new.slot, ApplicationState.PENDING_INSTALL)

    def may(self, event: ApplicationEvent) -> bool:
        """Whether its state allows the event."""
        return APPLICATION.after(self.state, event) is not None


_A = card_application.c
_FIND = Statement(select(_A.id, _A.iccid, _A.state).where(in_list(_A.id, "ids")))
_LIVE = Statement(
    select(_A.id, _A.iccid, _A.enterprise_id, _A.slot, _A.state)
    .where(in_list(_A.iccid, "iccids"), outside(_A.state, ENDED_APPLICATION_STATES))
    .order_by(_A.iccid, _A.slot)
)
_INSERT = Statement(
    insert(card_application),
    (
        "id", "iccid", "enterprise_id", "slot", "aid", "name", "rights", "key_version", "state", "created_at",
        "updated_at",
    ),
)  # fmt: skip
_CHANGE = Statement(
    update(card_application)
    .where(_A.id == bindparam("key"), _A.state == bindparam("before"))
    .values(state=bindparam("state"), updated_at=bindparam("at"))
)
_NOTE = Statement(
    update(card_application)
    .where(_A.id == bindparam("key"), or_(_A.card_counter.is_(None), _A.card_counter <= bindparam("counter")))
    .values(
        card_status=bindparam("status"),
        card_balance_fen=bindparam("balance_fen"),
        card_rsn=bindparam("rsn"),
        card_offline_counter=bindparam("offline_counter"),
        card_answered_at=bindparam("at"),
        card_counter=bindparam("counter"),
    )
)
_CARDS = Statement(select(card.c.iccid, card.c.state).where(in_list(card.c.iccid, "iccids")))
_CHANGE_CARD = Statement(
    update(card)
    .where(card.c.iccid == bindparam("key"), card.c.state == bindparam("before"))
    .values(state=bindparam("state"), updated_at=bindparam("at"))
)


def live_applications_of(conn: Connection, iccids: Iterable[str]) -> dict[str, list[LiveApplication]]:
    """The applications that are, or may be, on each card, by slot."""
    found: dict[str, list[LiveApplication]] = {iccid: [] for iccid in iccids}
    for number, iccid, enterprise_id, slot, state in _LIVE.rows(conn, iccids=sorted(found)):
        found[iccid].append(LiveApplication(number, iccid, enterprise_id, slot, ApplicationState(state)))
    return found


def add_applications(conn: Connection, context: StepContext, news: Sequence[NewApplication], *, actor: str) -> None:
    """Make the rows of applications that are about to be installed."""
    at = instant(context.now)
    state = APPLICATION.follow(ApplicationState.NONE, ApplicationEvent.ORDER_INSTALL).value
    _INSERT.many(
        conn,
        [
            {
                "id": new.id,
                "iccid": new.iccid,
                "enterprise_id": new.enterprise_id,
                "slot": new.slot,
                "aid": new.aid,
                "name": new.name,
                "rights": new.rights,
                "key_version": new.key_version,
                "state": state,
                "created_at": at,
                "updated_at": at,
            }
            for new in news
        ],
    )
    for new in news:
        facts = {"card": new.iccid[-6:], "enterprise": new.enterprise_id, "slot": new.slot}
        subject = Subject.application(new.id)
        record(conn, at=context.now, actor=actor, action="application.order_install", subject=subject, facts=facts)


def move_applications(conn: Connection, context: StepContext, moves: Sequence[Move]) -> None:
    """Take applications through their events, and cards with them: ACTIVE with the first, ISSUED after the last."""
    if not moves:
        return
    rows = {row[0]: row for row in _FIND.rows(conn, ids=sorted({move.application_id for move in moves}))}
    states = {number: ApplicationState(row[2]) for number, row in rows.items()}
    for_cards: list[tuple[str, CardEvent, str]] = []
    for move in moves:
        for event in move.events:
            before = states[move.application_id]
            after = APPLICATION.after(before, event)
            if after is None or after == before:
                continue
            states[move.application_id] = after
            record(
                conn,
                at=context.now,
                actor=move.actor,
                action=f"application.{event.lower()}",
                subject=Subject.application(move.application_id),
                facts={"from": before, "to": after},
            )
            iccid = rows[move.application_id][1]
            if after is ApplicationState.ACTIVE:
                for_cards.append((iccid, CardEvent.APPLICATION_CONFIRMED, move.actor))
            elif after is ApplicationState.DELETED:
                for_cards.append((iccid, CardEvent.LAST_APPLICATION_GONE, move.actor))
    changed = [
        {"key": number, "before": rows[number][2], "state": after.value, "at": instant(context.now)}
        for number, after in states.items()
        if after != rows[number][2]
    ]
    _all_of(_CHANGE, conn, changed)
    _move_cards(conn, context, for_cards)


def _move_cards(conn: Connection, context: StepContext, moves: Sequence[tuple[str, CardEvent, str]]) -> None:
    if not moves:
        return
    iccids = sorted({iccid for iccid, _, _ in moves})
    before = {iccid: CardState(state) for iccid, state in _CARDS.rows(conn, iccids=iccids)}
    live = live_applications_of(conn, iccids)
    states = dict(before)
    for iccid, event, actor in moves:
        if event is CardEvent.LAST_APPLICATION_GONE and live[iccid]:
            continue
        after = CARD.after(states[iccid], event)
        if after is None or after == states[iccid]:
            continue
        facts = {"from": states[iccid], "to": after}
        record(
            conn, at=context.now, actor=actor, action=f"card.{event.lower()}", subject=Subject.card(iccid), facts=facts
        )
        states[iccid] = after
    at = instant(context.now)
    changed: list[dict[str, Any]] = [
        {"key": iccid, "before": before[iccid].value, "state": state.value, "at": at}
        for iccid, state in states.items()
        if state != before[iccid]
    ]
    _all_of(_CHANGE_CARD, conn, changed)


def _all_of(statement: Statement, conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if statement.many(conn, rows) != len(rows):
        raise RuntimeError("rows were changed by somebody else meanwhile")


def note_card_words(conn: Connection, words: Sequence[CardWord]) -> None:
    """Keep what the cards themselves said last; a late answer is not a card's last word."""
    _NOTE.many(
        conn,
        [
            {
                "key": word.application_id,
                "status": word.status,
                "balance_fen": word.balance_fen,
                "rsn": word.rsn,
                "offline_counter": word.offline_counter,
                "counter": word.counter,
                "at": word.at,
            }
            for word in words
        ],
    )
