"""The figures of a batch of members, out of the books and the taps, as of a cut-off.

A run sees the rows up to its cut-off id and no others, so that running it again gives the same figures. What happened
before the month but was accepted after the earlier run's cut-off is carried into this one (补记).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, func, or_, select

from telecom_codecs.onecard.rights import Rights

from ...ledger.attendance.rules import judge_month
from ...ledger.attendance.steps import Kind as TapKind
from ...ledger.attendance.steps import shift_of
from ...ledger.attendance.tables import attendance_event, leave_day
from ...ledger.money.steps import Kind, Taken
from ...ledger.money.tables import card_transaction, purse
from ...registry.cards.states import ENDED_APPLICATION_STATES
from ...registry.cards.tables import card, card_application
from ...storage.literal import outside
from .period import Period
from .texts import Consumption, StatementText, attendance_text, consumption_text


@dataclass(frozen=True, slots=True)
class Scope:
    """Which run: its enterprise, month and cut-offs."""

    enterprise_id: int
    enterprise_name: str
    signature: str
    period: Period
    cutoff_id: int
    earlier_cutoff_id: int


def consumption_texts(connection: Connection, scope: Scope, members: Sequence[Row[Any]]) -> Mapping[int, StatementText]:
    """By member id; members without a purse and without a transaction are left out."""
    cards = _cards(connection, members)
    iccids = [iccid for found in cards.values() for iccid in found]
    entitled = _entitled(connection, scope, iccids, Rights.PURSE)
    sums = {row.iccid: row for row in _sums(connection, scope, iccids)}
    purses = {
        row.iccid: row.valid_until
        for row in connection.execute(
            select(purse.c.iccid, purse.c.valid_until).where(
                purse.c.enterprise_id == scope.enterprise_id, purse.c.iccid.in_(iccids)
            )
        )
    }
    texts = {}
    for member in members:
        mine = cards[member.msisdn]
        rows = [sums[iccid] for iccid in mine if iccid in sums]
        if not rows and not entitled.intersection(mine):
            continue
        figures = Consumption(
            purchases=sum(row.purchases for row in rows),
            spent_fen=sum(row.spent for row in rows),
            loads=sum(row.loads for row in rows),
            loaded_fen=sum(row.loaded for row in rows),
            closing_balance_fen=sum(row.closing for row in rows),
            valid_until=max((purses[iccid] for iccid in mine if purses.get(iccid)), default=None),
            late=sum(row.late for row in rows),
        )
        month = scope.period.month
        texts[member.id] = consumption_text(member.name, scope.enterprise_name, month, figures, scope.signature)
    return texts


def attendance_texts(connection: Connection, scope: Scope, members: Sequence[Row[Any]]) -> Mapping[int, StatementText]:
    """By member id; members without the right and without a tap are left out."""
    cards = _cards(connection, members)
    iccids = [iccid for found in cards.values() for iccid in found]
    entitled = _entitled(connection, scope, iccids, Rights.ATTENDANCE)
    hours = shift_of(connection, scope.enterprise_id)
    taps: dict[str, list[datetime]] = defaultdict(list)
    for row in connection.execute(
        select(attendance_event.c.iccid, attendance_event.c.occurred_at).where(
            attendance_event.c.enterprise_id == scope.enterprise_id,
            attendance_event.c.iccid.in_(iccids),
            attendance_event.c.kind == TapKind.PUNCH,
            attendance_event.c.id <= scope.cutoff_id,
            attendance_event.c.occurred_at >= scope.period.starts(),
            attendance_event.c.occurred_at < scope.period.ends(),
        )
    ):
        taps[row.iccid].append(row.occurred_at)
    leave: dict[int, list[date]] = defaultdict(list)
    for row in connection.execute(
        select(leave_day).where(
            leave_day.c.member_id.in_([member.id for member in members]),
            leave_day.c.day >= scope.period.starts().date(),
            leave_day.c.day < scope.period.ends().date(),
        )
    ):
        leave[row.member_id].append(row.day)
    texts = {}
    for member in members:
        mine = cards[member.msisdn]
        seen = [moment for iccid in mine for moment in taps[iccid]]
        if not seen and not entitled.intersection(mine):
            continue
        figures = judge_month(scope.period.year, scope.period.month, seen, leave[member.id], hours)
        month = scope.period.month
        texts[member.id] = attendance_text(member.name, scope.enterprise_name, month, figures, scope.signature)
    return texts


def _cards(connection: Connection, members: Sequence[Row[Any]]) -> Mapping[str, list[str]]:
    """ICCIDs by MSISDN: a member's month may lie on two cards when one was replaced."""
    found: dict[str, list[str]] = {member.msisdn: [] for member in members}
    for row in connection.execute(select(card.c.iccid, card.c.msisdn).where(card.c.msisdn.in_(list(found)))):
        found[row.msisdn].append(row.iccid)
    return found


def _entitled(connection: Connection, scope: Scope, iccids: Sequence[str], right: int) -> frozenset[str]:
    rows = connection.execute(
        select(card_application.c.iccid).where(
            card_application.c.enterprise_id == scope.enterprise_id,
            card_application.c.iccid.in_(iccids),
            outside(card_application.c.state, ENDED_APPLICATION_STATES),
            card_application.c.rights.bitwise_and(right) != 0,
        )
    )
    return frozenset(row.iccid for row in rows)


def _sums(connection: Connection, scope: Scope, iccids: Sequence[str]) -> Sequence[Any]:
    """Per card: what belongs into this statement, and the balance at the month's end. An undo takes a purchase away."""
    table = card_transaction.c
    starts, ends = scope.period.starts(), scope.period.ends()
    is_late = and_(table.occurred_at < starts, table.id > scope.earlier_cutoff_id)
    belongs = or_(table.occurred_at >= starts, is_late)
    amount = table.amount_fen

    def total(value: Any, *conditions: Any) -> Any:
        return func.coalesce(func.sum(case((and_(*conditions), value), else_=0)), 0)

    bought, undone = table.kind == Kind.PURCHASE, table.kind == Kind.UNDO
    loaded = table.kind == Kind.LOAD
    return connection.execute(
        select(
            table.iccid,
            (total(1, belongs, bought) - total(1, belongs, undone)).label("purchases"),
            (total(amount, belongs, bought) - total(amount, belongs, undone)).label("spent"),
            total(1, belongs, loaded).label("loads"),
            total(amount, belongs, loaded).label("loaded"),
            total(1, is_late).label("late"),
            (total(amount, or_(loaded, undone)) - total(amount, bought)).label("closing"),
        )
        .where(
            table.enterprise_id == scope.enterprise_id,
            table.iccid.in_(iccids),
            table.state == Taken.POSTED,
            table.id <= scope.cutoff_id,
            table.occurred_at < ends,
        )
        .group_by(table.iccid)
    ).all()
