"""The figures of purses for a run: what was booked since the run before, on top of its closing balances.

One query reads a whole page of purses by the index of their bookings. A purse without a closing balance of the run
before (new, replaced, held back) is added up from its first day. Everything there is on a purse must come to its
balance, whatever it is told of: else the books or a closing balance are wrong, and nobody is told anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select

from ...ledger.money.steps import Kind
from ...ledger.money.tables import card_transaction, purse
from ...storage.literal import among
from ...storage.sql import Statement, in_list, instant
from .run import Run
from .tables import purse_closing
from .texts import Consumption


@dataclass(frozen=True, slots=True)
class Closing:
    """What a purse held when the run's period ended. Every booking up to `read_up_to` is in it."""

    iccid: str = field(repr=False)
    balance_fen: int
    read_up_to: int


@dataclass(frozen=True, slots=True)
class PurseMonth:
    """What a run tells of one purse. `closing` is None when nothing was ever booked on it."""

    figures: Consumption
    closing: Closing | None
    is_balanced: bool


def _sums() -> Any:
    """By purse and kind: what is new since the run before; `left` of it belongs to later runs.

    Of what is left, `ahead` is the first booking that this run's cut-off covers: the next run reads on from there.
    """
    booked, known = card_transaction.c, purse_closing.c
    is_new = or_(booked.booking > bindparam("told"), booked.occurred_at >= bindparam("told_until"))
    in_time, in_period = booked.booking <= bindparam("cutoff"), booked.occurred_at < bindparam("ends")
    is_left = or_(booked.booking > bindparam("cutoff"), booked.occurred_at >= bindparam("ends"))
    return (
        select(
            purse.c.iccid,
            booked.kind,
            purse.c.balance_fen,
            purse.c.valid_until,
            known.closing_fen,
            func.count(booked.amount_fen),
            func.coalesce(func.sum(booked.amount_fen), 0),
            func.count(case((is_left, 1))),
            func.coalesce(func.sum(case((is_left, booked.amount_fen))), 0),
            func.count(case((and_(booked.occurred_at < bindparam("starts"), in_time), 1))),
            func.min(case((and_(in_time, ~in_period), booked.booking))),
        )
        .select_from(purse)
        .outerjoin(
            purse_closing,
            and_(
                known.iccid == purse.c.iccid,
                known.enterprise_id == purse.c.enterprise_id,
                known.run_id == bindparam("told_run"),
            ),
        )
        .outerjoin(
            card_transaction,
            and_(
                booked.iccid == purse.c.iccid,
                booked.enterprise_id == purse.c.enterprise_id,
                among(booked.kind, Kind),
                booked.booking > func.coalesce(known.read_up_to, 0),
                is_new,
            ),
        )
        .where(purse.c.enterprise_id == bindparam("enterprise"), in_list(purse.c.iccid, "iccids"))
        # by both primary keys: what else stands in their rows needs no aggregate
        .group_by(purse.c.iccid, purse.c.enterprise_id, known.iccid, known.enterprise_id, booked.kind)
    )


_SUMS = Statement(_sums())

#: What the run before would have closed with.
_FROM_THE_FIRST_DAY = Statement(
    select(card_transaction.c.iccid, card_transaction.c.kind, func.sum(card_transaction.c.amount_fen))
    .where(
        in_list(card_transaction.c.iccid, "iccids"),
        card_transaction.c.enterprise_id == bindparam("enterprise"),
        among(card_transaction.c.kind, Kind),
        card_transaction.c.booking <= bindparam("told"),
        card_transaction.c.occurred_at < bindparam("told_until"),
    )
    .group_by(card_transaction.c.iccid, card_transaction.c.kind)
)


def purse_months(connection: Connection, run: Run, iccids: Sequence[str]) -> Mapping[str, PurseMonth]:
    """By ICCID; cards without a purse of this enterprise are left out."""
    purses: dict[str, list[Any]] = {}
    unknown: dict[str, None] = {}
    for row in _SUMS.rows(
        connection,
        iccids=iccids,
        enterprise=run.enterprise_id,
        cutoff=run.cutoff,
        starts=instant(run.period.starts()),
        ends=instant(run.period.ends()),
        told=run.told.cutoff,
        told_run=run.told.run_id,
        told_until=instant(run.told.until),
    ):
        purses.setdefault(row[0], []).append(row)
        if row[4] is None:
            unknown[row[0]] = None
    openings = _openings(connection, run, list(unknown))
    return {iccid: _month(run, rows, openings.get(iccid)) for iccid, rows in purses.items()}


def _openings(connection: Connection, run: Run, iccids: Sequence[str]) -> Mapping[str, int]:
    if not iccids:
        return {}
    found: dict[str, int] = {}
    for iccid, kind, total in _FROM_THE_FIRST_DAY.rows(
        connection,
        iccids=iccids,
        enterprise=run.enterprise_id,
        told=run.told.cutoff,
        told_until=instant(run.told.until),
    ):
        found[iccid] = found.get(iccid, 0) + (-int(total) if kind == Kind.PURCHASE else int(total))
    return found


def _month(run: Run, rows: Sequence[Any], opening_fen: int | None) -> PurseMonth:
    """Of one purse: a row for each kind of booking. `opening_fen` is given where no closing balance is known."""
    bought = spent = undone = undone_fen = loads = loaded = late = left_fen = 0
    ahead = None
    for _, kind, _, _, _, count, total, left, left_total, is_late, first_ahead in rows:
        number, amount = count - left, int(total) - int(left_total)
        if kind == Kind.PURCHASE:
            bought, spent, left_fen = number, amount, left_fen - int(left_total)
        elif kind == Kind.LOAD:
            loads, loaded, left_fen = number, amount, left_fen + int(left_total)
        elif kind == Kind.UNDO:
            undone, undone_fen, left_fen = number, amount, left_fen + int(left_total)
        late += is_late
        if first_ahead is not None and (ahead is None or first_ahead < ahead):
            ahead = first_ahead
    iccid, _, balance_fen, until, known_fen = rows[0][:5]
    start_fen = known_fen if opening_fen is None else opening_fen
    closing_fen = (start_fen or 0) + loaded + undone_fen - spent
    closing = None
    if start_fen is not None or bought or undone or loads:
        closing = Closing(iccid, closing_fen, run.cutoff if ahead is None else ahead - 1)
    valid_until = date.fromisoformat(until) if isinstance(until, str) else until
    return PurseMonth(
        Consumption(bought - undone, spent - undone_fen, loads, loaded, closing_fen, valid_until, late),
        closing,
        closing_fen + left_fen == balance_fen,
    )
