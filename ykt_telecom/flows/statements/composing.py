"""Composes pages of a run: reads the figures of the next members and words them. Writes nothing.

A page is a pure function of the run, its members and what was booked up to the cut-off; it may be composed beside the
writer, ahead of the pages before it, and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select

from telecom_codecs.onecard.rights import Rights

from ...registry.cards.states import ENDED_APPLICATION_STATES
from ...registry.cards.tables import card, card_application
from ...registry.directory.states import MemberState
from ...registry.directory.tables import member
from ...storage.literal import among, outside
from ...storage.sql import Statement, in_list
from .punches import Presence, attendance_months
from .purses import Closing, PurseMonth, purse_months
from .run import Run
from .states import StatementKind, Suppression
from .texts import Consumption, StatementText, attendance_text, consumption_text


@dataclass(frozen=True, slots=True)
class Bill:
    """One member's statement: what it says, or why there is none."""

    member_id: int
    msisdn: str = field(repr=False)
    told: StatementText | Suppression


@dataclass(frozen=True, slots=True)
class Page:
    """The bills of the members after `after` up to `up_to`, in their order; without any, the run is at its end."""

    run: Run
    after: int
    up_to: int
    bills: tuple[Bill, ...]
    closings: tuple[Closing, ...] = ()


@dataclass(frozen=True, slots=True)
class _Member:
    id: int
    msisdn: str = field(repr=False)
    name: str
    iccids: Sequence[str]


_MEMBERS = Statement(
    select(member.c.id, member.c.msisdn, member.c.name)
    .where(
        member.c.enterprise_id == bindparam("enterprise"),
        among(member.c.state, (MemberState.ACTIVE,)),
        member.c.id > bindparam("after"),
    )
    .order_by(member.c.id)
    .limit(bindparam("most"))
)
#: A member's month may lie on two cards when one was replaced.
_CARDS = Statement(select(card.c.msisdn, card.c.iccid).where(in_list(card.c.msisdn, "msisdns")))
_ENTITLED = Statement(
    select(card_application.c.iccid).where(
        in_list(card_application.c.iccid, "iccids"),
        card_application.c.enterprise_id == bindparam("enterprise"),
        outside(card_application.c.state, ENDED_APPLICATION_STATES),
        card_application.c.rights.bitwise_and(bindparam("right")) != 0,
    )
)


def compose(connection: Connection, run: Run, after: int, limit: int) -> Page:
    """The page of up to `limit` members after the member `after`."""
    members = _members(connection, run, after, limit)
    if not members:
        return Page(run, after, after, ())
    words = _consumption if run.kind is StatementKind.CONSUMPTION else _attendance
    bills, closings = words(connection, run, members)
    return Page(run, after, members[-1].id, bills, closings)


def _members(connection: Connection, run: Run, after: int, limit: int) -> list[_Member]:
    rows = _MEMBERS.rows(connection, enterprise=run.enterprise_id, after=after, most=limit)
    cards: dict[str, list[str]] = {msisdn: [] for _, msisdn, _ in rows}
    for msisdn, iccid in _CARDS.rows(connection, msisdns=list(cards)) if rows else ():
        cards[msisdn].append(iccid)
    return [_Member(member_id, msisdn, name, cards[msisdn]) for member_id, msisdn, name in rows]


def _consumption(
    connection: Connection, run: Run, members: Sequence[_Member]
) -> tuple[tuple[Bill, ...], tuple[Closing, ...]]:
    purses = purse_months(connection, run, [iccid for one in members for iccid in one.iccids])
    mine = [[purses[iccid] for iccid in one.iccids if iccid in purses] for one in members]
    closed = [[month.closing for month in months if month.closing is not None] for months in mine]
    idle = [one for one, closing in zip(members, closed, strict=True) if not closing]
    entitled = _entitled(connection, run, idle, Rights.PURSE)
    bills: list[Bill] = []
    closings: list[Closing] = []
    for one, months, closing in zip(members, mine, closed, strict=True):
        told: StatementText | Suppression
        if not closing and not entitled.intersection(one.iccids):
            told = Suppression.NO_APPLICATION
        elif not all(month.is_balanced for month in months):
            told = Suppression.UNBALANCED
        else:
            told = consumption_text(run.heading, _added(months))
            closings += closing
        bills.append(Bill(one.id, one.msisdn, told))
    return tuple(bills), tuple(closings)


def _added(months: Sequence[PurseMonth]) -> Consumption:
    """One member's purses of one enterprise, told as one."""
    if len(months) == 1:
        return months[0].figures
    told = [month.figures for month in months]
    return Consumption(
        purchases=sum([one.purchases for one in told]),
        spent_fen=sum([one.spent_fen for one in told]),
        loads=sum([one.loads for one in told]),
        loaded_fen=sum([one.loaded_fen for one in told]),
        closing_balance_fen=sum([one.closing_balance_fen for one in told]),
        valid_until=max([one.valid_until for one in told if one.valid_until is not None], default=None),
        late=sum([one.late for one in told]),
    )


def _attendance(
    connection: Connection, run: Run, members: Sequence[_Member]
) -> tuple[tuple[Bill, ...], tuple[Closing, ...]]:
    months = attendance_months(connection, run, [Presence(one.id, one.iccids) for one in members])
    unseen = [one for one in members if not months[one.id][1]]
    entitled = _entitled(connection, run, unseen, Rights.ATTENDANCE)
    bills = []
    for one in members:
        figures, was_seen = months[one.id]
        told: StatementText | Suppression = Suppression.NO_APPLICATION
        if was_seen or entitled.intersection(one.iccids):
            told = attendance_text(run.heading, one.name, figures)
        bills.append(Bill(one.id, one.msisdn, told))
    return tuple(bills), ()


def _entitled(connection: Connection, run: Run, members: Sequence[_Member], right: Rights) -> frozenset[str]:
    iccids = [iccid for one in members for iccid in one.iccids]
    if not iccids:
        return frozenset()
    rows: Sequence[Any] = _ENTITLED.rows(connection, iccids=iccids, enterprise=run.enterprise_id, right=int(right))
    return frozenset([row[0] for row in rows])
