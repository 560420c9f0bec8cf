"""A believable month of one card at its enterprise: top-ups, lunches, coffees, now and then an undo.

Everything follows from the `Random` that is passed in. Counters begin at `FIRST_COUNTER`, far above those of a fresh
card, so that real taps of a simulated card never meet generated ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random

from sqlalchemy import Connection

from ..ledger.attendance.rules import DEFAULT_SHIFT, Shift, working_days
from ..ledger.attendance.steps import AttendanceEvent, post_events
from ..ledger.money.steps import CardTransaction, Kind, post_transactions
from ..runtime.clock import BUSINESS_ZONE
from ..storage.context import StepContext

FIRST_COUNTER = 30_001
_MEALS = (800, 1000, 1200, 1250, 1380, 1500, 1600, 1850, 2200)
_SNACKS = (300, 350, 450, 500, 680)


@dataclass(frozen=True, slots=True)
class GeneratedMonth:
    """What one card did in a month, in the order it happened; `closing_balance_fen` is what is left."""

    transactions: tuple[CardTransaction, ...]
    events: tuple[AttendanceEvent, ...]
    closing_balance_fen: int


def generate_month(
    chance: Random,
    *,
    iccid: str,
    enterprise_id: int,
    year: int,
    month: int,
    opening_balance_fen: int = 0,
    first_counter: int = FIRST_COUNTER,
    hours: Shift = DEFAULT_SHIFT,
    buys: bool = True,
    attends: bool = True,
) -> GeneratedMonth:
    """Transactions and punches of the month. Loads come before money runs out, so that nothing is disputed."""
    happened: list[tuple[datetime, CardTransaction | AttendanceEvent]] = []
    balance = opening_balance_fen
    for day in sorted(working_days(year, month)):
        if attends and chance.random() < 0.96:
            for moment in _punches(chance, day, hours):
                happened.append((moment, AttendanceEvent(iccid, enterprise_id, 0, "KQ01", moment)))
        if buys and chance.random() < 0.9:
            for what in _purchases(chance, iccid, enterprise_id, day, balance):
                balance += -what.amount_fen if what.kind is Kind.PURCHASE else what.amount_fen
                happened.append((what.occurred_at, replace(what, card_balance_fen=balance)))
    happened.sort(key=lambda pair: pair[0])
    numbered = [replace(what, counter=first_counter + place) for place, (_, what) in enumerate(happened)]
    return GeneratedMonth(
        tuple(what for what in numbered if isinstance(what, CardTransaction)),
        tuple(what for what in numbered if isinstance(what, AttendanceEvent)),
        balance,
    )


def post_month(conn: Connection, context: StepContext, made: GeneratedMonth, *, origin: str = "generator") -> None:
    """Take everything the month holds, in one step; the same month again is a month of duplicates."""
    post_transactions(conn, context, made.transactions, origin=origin)
    post_events(conn, context, made.events, origin=origin)


def _punches(chance: Random, day: date, hours: Shift) -> Iterator[datetime]:
    """Mostly in time; sometimes late, early, long, or with one tap forgotten."""
    midnight = datetime.combine(day, time(), BUSINESS_ZONE)
    start = hours.starts_minute + (chance.randint(3, 25) if chance.random() < 0.06 else -chance.randint(1, 25))
    end = hours.ends_minute + chance.choices((chance.randint(0, 20), chance.randint(30, 130), -20), (80, 17, 3))[0]
    forgotten = chance.random()
    if forgotten >= 0.02:
        yield midnight + timedelta(minutes=start, seconds=chance.randint(0, 59))
    if not 0.02 <= forgotten < 0.04:
        yield midnight + timedelta(minutes=end, seconds=chance.randint(0, 59))


def _purchases(chance: Random, iccid: str, enterprise_id: int, day: date, balance: int) -> Iterator[CardTransaction]:
    def at(hour: int, minute: int, kind: Kind, amount: int, terminal: str) -> CardTransaction:
        moment = datetime.combine(day, time(hour, minute, chance.randint(0, 59)), BUSINESS_ZONE)
        return CardTransaction(iccid, enterprise_id, kind, amount, 1, terminal, moment)

    if balance < 5_000:
        yield at(11, chance.randint(0, 20), Kind.LOAD, chance.choice((10_000, 20_000, 30_000)), "CZ01")
    lunch = chance.choice(_MEALS)
    window = f"ST{chance.randint(1, 3):02d}"
    minute = chance.randint(40, 55)
    yield at(11, minute, Kind.PURCHASE, lunch, window)
    if chance.random() < 0.35:
        yield at(15, chance.randint(0, 59), Kind.PURCHASE, chance.choice(_SNACKS), "XC01")
