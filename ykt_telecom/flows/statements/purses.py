"""The figures of purses for a run: what was booked since the run before, on top of its closing balances.

One query reads a whole page of purses by the index of their bookings. A purse without a closing balance of the run
before (new, replaced, held back) is added up from its first day. Everything there is on a purse must come to its
balance, whatever it is told of: else the books or a closing balance are wrong, and nobody is told anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, and_, bindparam, case, func, or_, select

from ...ledger.money.steps import Kind
from ...ledger.money.tables import card_transaction, purse
from ...storage.literal import among
from ...storage.sql import Statement, in_list, instant
from .run import Run
from .tables import purse_closing


@dataclass(frozen=True, slots=True)
class Closing:
    """What a purse held when the run's period ended. Every booking up to `read_up_to` is in it."""

    iccid: str
    balance_fen: int
    read_up_to: int


@dataclass(frozen=True, slots=True)
class PurseMonth:
    """What a run tells of one purse. `closing` is None when nothing was ever booked on it."""

    purchases: int
    spent_fen: int
    loads: int
    loaded_fen: int
    late: int
    valid_until: date | None
    closing: Closing | None
    is_balanced: bool


@dataclass(slots=True)
class _Sums:
    """Of one purse. `known_fen` is the closing balance of the run before, None when that has to be added up."""

    balance_fen: int
    valid_until: date | None
    known_fen: int | None
    told: dict[str, tuple[int, int]]
    late: int = 0
    change_fen: int = 0
    left_fen: int = 0
    ahead: int | None = None


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
            func.min(purse.c.balance_fen),
            func.min(purse.c.valid_until),
            func.min(known.closing_fen),
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
        .group_by(purse.c.iccid, booked.kind)
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
    found = _read_sums(connection, run, iccids)
    openings = _openings(connection, run, [iccid for iccid, sums in found.items() if sums.known_fen is None])
    return {iccid: _month(run, iccid, sums, openings.get(iccid, sums.known_fen)) for iccid, sums in found.items()}


def _read_sums(connection: Connection, run: Run, iccids: Sequence[str]) -> Mapping[str, _Sums]:
    found: dict[str, _Sums] = {}
    rows = _SUMS.rows(
        connection,
        iccids=iccids,
        enterprise=run.enterprise_id,
        cutoff=run.cutoff,
        starts=instant(run.period.starts()),
        ends=instant(run.period.ends()),
        told=run.told.cutoff,
        told_run=run.told.run_id,
        told_until=instant(run.told.until),
    )
    for iccid, kind, balance, until, known, count, total, left, left_total, late, ahead in rows:
        sums = found.get(iccid)
        if sums is None:
            sums = found[iccid] = _Sums(balance, _day(until), known, {})
        if kind is None:
            continue
        sums.told[kind] = (count - left, int(total) - int(left_total))
        sums.late += late
        sums.change_fen += _signed(kind, int(total) - int(left_total))
        sums.left_fen += _signed(kind, int(left_total))
        if ahead is not None and (sums.ahead is None or ahead < sums.ahead):
            sums.ahead = ahead
    return found


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
        found[iccid] = found.get(iccid, 0) + _signed(kind, int(total))
    return found


def _month(run: Run, iccid: str, sums: _Sums, opening_fen: int | None) -> PurseMonth:
    bought, spent = sums.told.get(Kind.PURCHASE, (0, 0))
    undone, undone_fen = sums.told.get(Kind.UNDO, (0, 0))
    loads, loaded = sums.told.get(Kind.LOAD, (0, 0))
    closing_fen = (opening_fen or 0) + sums.change_fen
    closing = None
    if opening_fen is not None or bought or undone or loads:
        closing = Closing(iccid, closing_fen, run.cutoff if sums.ahead is None else sums.ahead - 1)
    return PurseMonth(
        purchases=bought - undone,
        spent_fen=spent - undone_fen,
        loads=loads,
        loaded_fen=loaded,
        late=sums.late,
        valid_until=sums.valid_until,
        closing=closing,
        is_balanced=closing_fen + sums.left_fen == sums.balance_fen,
    )


def _signed(kind: str, amount_fen: int) -> int:
    return -amount_fen if kind == Kind.PURCHASE else amount_fen


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else value
