"""Figures that add up, whatever comes late: each booking is told once, on top of the closing balance before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import case, delete, func, select, update

from tests.ykt_telecom.flows.statements.month import WorldBooks, a_month, book, run_all
from tests.ykt_telecom.ledger.money.world import HUAXIN, World, a_world, iccid_of
from ykt_telecom.flows.statements.composing import compose
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.flows.statements.purses import PurseMonth, purse_months
from ykt_telecom.flows.statements.run import Run, open_run, read_run
from ykt_telecom.flows.statements.runs import run_one, run_statements
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.flows.statements.tables import purse_closing, statement, statement_run
from ykt_telecom.ledger.money.steps import CardTransaction, Kind
from ykt_telecom.ledger.money.tables import card_transaction, purse
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.wiring.transactions import drive

JULY = Period(2026, 7)
CONSUMPTION = StatementKind.CONSUMPTION


def a_member() -> World:
    world = a_world()
    world.add_member(1, HUAXIN)
    return world


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=BUSINESS_ZONE)


def a_tap(kind: Kind, yuan: int, counter: int, moment: datetime, terminal: str = "ST01") -> CardTransaction:
    return CardTransaction(iccid_of(1), HUAXIN, kind, yuan * 100, counter, terminal, moment)


def texts(world: World) -> list[str]:
    """In the words of the compact rung, whichever was sent."""
    with world.reading() as connection:
        found = connection.execute(select(statement.c.text).order_by(statement.c.period)).scalars()
        return [text.replace("账单：消费", "").replace("共", "").replace("月末", "") for text in found]


def run_month(world: World, period: Period, now: datetime) -> None:
    world.now = now
    drive(run_one(WorldBooks(world), HUAXIN, CONSUMPTION, period))


def test_a_purchase_that_was_disputed_first_is_told_when_it_is_booked() -> None:
    """H12: uploaded in August before the load that paid for it; September tells it as late, and adds up."""
    world = a_member()
    book(world, a_tap(Kind.LOAD, 10, 1, at(8, 1)), a_tap(Kind.PURCHASE, 50, 3, at(8, 20)))
    run_month(world, Period(2026, 8), at(9, 4))
    book(world, a_tap(Kind.LOAD, 100, 2, at(9, 5)))
    run_month(world, Period(2026, 9), at(10, 4))
    august, september = texts(world)
    assert "消费0笔0.00元，充值1笔10.00元，余额10.00元" in august
    assert "消费1笔50.00元(含补记1笔)，充值1笔100.00元，余额60.00元" in september


def test_a_month_that_was_left_out_is_told_late() -> None:
    """July, then September: August's bookings are in no statement of their own."""
    world = a_member()
    book(world, a_tap(Kind.LOAD, 10, 1, at(7, 1)), a_tap(Kind.LOAD, 20, 2, at(8, 2)))
    run_month(world, JULY, at(8, 4))
    run_month(world, Period(2026, 9), at(10, 4))
    assert "充值1笔20.00元，余额30.00元" in texts(world)[1]
    assert "含补记1笔" in texts(world)[1]


def test_a_period_that_is_run_after_a_later_one_tells_nothing_twice() -> None:
    """September went out first; what was booked since is October's to tell, not August's."""
    world = a_member()
    book(world, a_tap(Kind.LOAD, 10, 1, at(8, 1)))
    run_month(world, Period(2026, 9), at(10, 4))
    book(world, a_tap(Kind.LOAD, 20, 2, at(8, 2)))
    run_month(world, Period(2026, 8), at(10, 5))
    run_month(world, Period(2026, 10), at(11, 4))
    august, september, october = texts(world)
    assert "充值1笔10.00元，余额10.00元" in august
    assert "充值0笔0.00元，余额10.00元" in september
    assert "充值1笔20.00元，余额30.00元" in october


def test_a_purse_that_does_not_add_up_is_held_and_the_others_are_told() -> None:
    """Somebody wrote into the books by hand: finance must look before the member is told a wrong balance."""
    world = a_month(3)
    wrong = purse.c.iccid == iccid_of(2)
    world.run(lambda connection, _: connection.execute(update(purse).where(wrong).values(balance_fen=1)))
    report = run_all(world, enterprise_id=HUAXIN, kinds=[CONSUMPTION])[0]
    assert (report.written, report.suppressed) == (2, 1)
    with world.reading() as connection:
        held = select(statement.c.member_id, statement.c.reason).where(statement.c.state == "SUPPRESSED")
        assert connection.execute(held).all() == [(2, "UNBALANCED")]
        assert connection.execute(select(purse_closing).where(purse_closing.c.iccid == iccid_of(2))).all() == []


def opened(world: World, period: Period) -> int:
    return world.run(
        lambda connection, context: open_run(connection, context, enterprise_id=HUAXIN, kind=CONSUMPTION, period=period)
    )


def told_by_hand(world: World, run: Run) -> tuple[int, int, int, int, int, int]:
    """Purchases, spent, loads, loaded, late and closing balance, row by row."""
    period, told = run.period, run.told
    purchases = spent = loads = loaded = late = closing = 0
    with world.reading() as connection:
        rows = connection.execute(select(card_transaction).where(card_transaction.c.booking.is_not(None))).all()
    for row in rows:
        if row.booking > run.cutoff or row.occurred_at >= period.ends():
            continue
        closing += -row.amount_fen if row.kind == Kind.PURCHASE else row.amount_fen
        if row.booking <= told.cutoff and row.occurred_at < told.until:
            continue
        late += row.occurred_at < period.starts()
        count, amount = (-1, -row.amount_fen) if row.kind == Kind.UNDO else (1, row.amount_fen)
        if row.kind == Kind.LOAD:
            loads, loaded = loads + count, loaded + amount
        else:
            purchases, spent = purchases + count, spent + amount
    return purchases, spent, loads, loaded, late, closing


def told(month: PurseMonth) -> tuple[int, int, int, int, int, int]:
    figures = month.figures
    assert month.closing is None or month.closing.balance_fen == figures.closing_balance_fen
    return (
        figures.purchases,
        figures.spent_fen,
        figures.loads,
        figures.loaded_fen,
        figures.late,
        figures.closing_balance_fen,
    )


def upload_at_random(world: World, chance: Random, counter: int, most: int) -> int:
    """Taps of any month around now, late and ahead of time, in any order; some are disputed, some undone."""
    for _ in range(chance.randrange(most)):
        counter += 1
        moment = world.now + timedelta(days=chance.randrange(-100, 40), minutes=chance.randrange(1440))
        kind = chance.choice((Kind.LOAD, Kind.PURCHASE, Kind.PURCHASE))
        book(world, a_tap(kind, chance.randrange(1, 60), counter, moment, f"T{counter}"))
        if kind is Kind.PURCHASE and chance.random() < 0.3:
            counter += 1
            undo = a_tap(Kind.UNDO, 1, counter, moment + timedelta(minutes=1), f"T{counter - 1}")
            with world.reading() as connection:
                amount = connection.execute(
                    select(card_transaction.c.amount_fen).where(card_transaction.c.counter == counter - 1)
                ).scalar_one()
            book(world, CardTransaction(**{**_fields(undo), "amount_fen": amount}))
    return counter


def _fields(what: CardTransaction) -> dict[str, Any]:
    return {name: getattr(what, name) for name in CardTransaction.__slots__}


@given(st.integers(0, 2**32), st.lists(st.sampled_from(range(7, 13)), min_size=1, max_size=8, unique=True))
@settings(max_examples=15, deadline=None)
def test_what_is_told_is_what_the_books_say(seed: int, months: list[int]) -> None:
    """Months in any order, left out or not; with the closing balances and without them: to the fen, as by hand."""
    world, chance, counter = a_member(), Random(seed), 0
    for month in months:
        world.now = max(world.now, at(month, 1) + timedelta(days=chance.randrange(31, 40)))
        counter = upload_at_random(world, chance, counter, 12)
        period = Period(2026, month)
        run_id = opened(world, period)
        counter = upload_at_random(world, chance, counter, 5)
        with world.reading() as connection:
            run = read_run(connection, run_id)
            assert run is not None
            found = purse_months(connection, run, [iccid_of(1)])
        expected = told_by_hand(world, run)
        if found:
            assert told(found[iccid_of(1)]) == expected
            assert found[iccid_of(1)].is_balanced
        with world.engine.connect() as connection:
            connection.execute(delete(purse_closing))
            again = purse_months(connection, run, [iccid_of(1)])
            assert {iccid: told(one) for iccid, one in again.items()} == {
                iccid: told(one) for iccid, one in found.items()
            }
        drive(run_one(WorldBooks(world), HUAXIN, CONSUMPTION, period))


@given(st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_every_booking_is_told_once(seed: int) -> None:
    """Month after month: what was told adds up to what is on the purse, less what is still to be told."""
    world, chance, counter = a_member(), Random(seed), 0
    world.now = at(7, 10)
    sums = [0, 0]
    for month in range(7, 11):
        counter = upload_at_random(world, chance, counter, 10)
        world.now = at(month + 1, 4)
        counter = upload_at_random(world, chance, counter, 4)
        run_id = opened(world, Period(2026, month))
        with world.reading() as connection:
            run = read_run(connection, run_id)
            assert run is not None
            for one in purse_months(connection, run, [iccid_of(1)]).values():
                sums[0] += one.figures.loaded_fen - one.figures.spent_fen
                sums[1] = one.figures.closing_balance_fen
        drive(run_one(WorldBooks(world), HUAXIN, CONSUMPTION, Period(2026, month)))
    amount = func.sum(card_transaction.c.amount_fen * case((card_transaction.c.kind == Kind.PURCHASE, -1), else_=1))
    first = at(7, 1)
    with world.reading() as connection:
        cutoff = connection.execute(
            select(statement_run.c.cutoff).order_by(statement_run.c.period).limit(1)
        ).scalar_one()
        history = connection.execute(
            select(func.coalesce(amount, 0)).where(
                card_transaction.c.booking <= cutoff, card_transaction.c.occurred_at < first
            )
        ).scalar_one()
    assert history + sums[0] == sums[1]


@pytest.mark.parametrize("kind", list(StatementKind))
def test_pages_of_one_tell_what_a_page_of_all_tells(kind: StatementKind) -> None:
    """How many members are composed and written at once changes nothing of what anybody is told."""
    rows = []
    for page in (1, 5, 100):
        world = a_month(12)
        drive(run_statements(WorldBooks(world), Period(2026, 9), kinds=[kind], page=page))
        columns = [column for column in statement.columns if column.name not in ("id", "run_id", "message")]
        with world.reading() as connection:
            bills = connection.execute(
                select(*columns).order_by(statement.c.enterprise_id, statement.c.member_id)
            ).all()
            closings = connection.execute(
                select(purse_closing.c.iccid, purse_closing.c.closing_fen, purse_closing.c.read_up_to).order_by(
                    purse_closing.c.iccid
                )
            ).all()
        rows.append((bills, closings))
    assert rows[0] == rows[1] == rows[2]


def test_a_page_may_be_composed_ahead_and_again() -> None:
    """The writer has not come so far, or a crash lost the page: the same octets."""
    world = a_month(6)
    run_id = opened(world, Period(2026, 9))
    with world.reading() as connection:
        run = read_run(connection, run_id)
        assert run is not None
        second = compose(connection, run, 3, 3)
    drive(run_one(WorldBooks(world), HUAXIN, CONSUMPTION, Period(2026, 9), page=3))
    with world.reading() as connection:
        written = connection.execute(select(statement.c.text).where(statement.c.member_id > 3)).scalars().all()
    assert [getattr(bill.told, "text", None) for bill in second.bills] == written
