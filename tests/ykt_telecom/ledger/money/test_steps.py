"""Money: taken once, booked in double entry, never below zero."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.ykt_telecom.ledger.money.world import HUAXIN, NOON, World, a_world, iccid_of
from ykt_telecom.demo.generator import FIRST_COUNTER, generate_month, post_month
from ykt_telecom.ledger.attendance.steps import AttendanceEvent, post_events
from ykt_telecom.ledger.money.steps import (
    FLOAT,
    SALES,
    CardTransaction,
    Kind,
    NotTaken,
    Taken,
    account_balance,
    balance,
    open_purse,
    post_transactions,
    purse_account,
    trial_balance,
)
from ykt_telecom.ledger.money.tables import card_transaction, ledger_entry, posting
from ykt_telecom.ledger.taps.rules import Fault
from ykt_telecom.ledger.taps.steps import application_at, is_complete

pytestmark = pytest.mark.usefixtures("worlds")


def a_transaction(**changes: object) -> CardTransaction:
    valid = CardTransaction(iccid_of(1), HUAXIN, Kind.LOAD, 10_000, 1, "CZ01", NOON)
    return replace(valid, **changes)  # type: ignore[arg-type]


def a_member_world() -> World:
    world = a_world()
    world.add_member(1, HUAXIN)
    return world


def post(world: World, what: CardTransaction) -> Taken | Fault:
    """What became of it; why, when it was not taken."""
    [result] = world.run(lambda connection, context: post_transactions(connection, context, [what], origin="test"))
    return result.fault if isinstance(result, NotTaken) else result


def money_on(world: World) -> int:
    with world.reading() as connection:
        return balance(connection, iccid=iccid_of(1), enterprise_id=HUAXIN)


def test_a_load_and_a_purchase_move_the_purse_and_both_sides_of_the_books() -> None:
    """What came in is either still on the card or was spent."""
    world = a_member_world()
    assert post(world, a_transaction()) is Taken.POSTED
    assert post(world, a_transaction(kind=Kind.PURCHASE, amount_fen=1_200, counter=2, terminal="ST01")) is Taken.POSTED
    with world.reading() as connection:
        assert trial_balance(connection, HUAXIN) == (11_200, 11_200)
        assert account_balance(connection, HUAXIN, purse_account(iccid_of(1))) == money_on(world) == 8_800
        assert account_balance(connection, HUAXIN, SALES) == 1_200
        assert account_balance(connection, HUAXIN, FLOAT) == -10_000


def test_the_same_upload_twice_is_booked_once() -> None:
    """A terminal that did not hear our answer sends again; nobody pays twice."""
    world = a_member_world()
    assert [post(world, a_transaction()) for _ in range(3)] == [Taken.POSTED, Taken.DUPLICATE, Taken.DUPLICATE]
    assert money_on(world) == 10_000


def test_a_counter_told_twice_is_one_upload() -> None:
    """A purchase and a punch under one counter: the second is not taken, and the tap behind it is still missing."""
    world = a_member_world()
    post(world, a_transaction())
    punch = AttendanceEvent(iccid_of(1), HUAXIN, 1, "KQ01", NOON)
    [result] = world.run(lambda connection, context: post_events(connection, context, [punch], origin="test"))
    assert isinstance(result, NotTaken)
    assert result.fault is Fault.CONFLICT
    with world.reading() as connection:
        application_id = application_at(connection, iccid_of(1), HUAXIN, NOON)
        assert application_id is not None
        assert [is_complete(connection, application_id, counter) for counter in (0, 1, 2)] == [True, True, False]


def test_a_counter_with_another_amount_is_not_taken() -> None:
    """One counter cannot stand for two purchases."""
    world = a_member_world()
    post(world, a_transaction())
    assert post(world, a_transaction(amount_fen=9_999)) is Fault.CONFLICT
    assert money_on(world) == 10_000


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_fen": 0},
        {"amount_fen": -1},
        {"amount_fen": 10_000_001},
        {"counter": 0},
        {"counter": 1 << 16},
        {"terminal": ""},
        {"terminal": "T" * 21},
        {"enterprise_id": 4711},
        {"iccid": iccid_of(2)},
    ],
)
def test_what_cannot_be_true_is_not_taken(changes: dict[str, object]) -> None:
    """A broken or foreign upload changes nothing."""
    world = a_member_world()
    assert isinstance(post(world, a_transaction(**changes)), Fault)
    with world.reading() as connection:
        assert connection.execute(select(func.count()).select_from(card_transaction)).scalar_one() == 0


def test_the_card_of_another_enterprise_is_unknown() -> None:
    """Spend only inside the issuing enterprise (M-9)."""
    assert post(a_member_world(), a_transaction(enterprise_id=1002)) is Fault.NO_APPLICATION


def test_a_purchase_uploaded_before_its_load_is_booked_with_it() -> None:
    """Terminals report in any order: the card's own balance and ours agree in the end, and the books balance."""
    world = a_member_world()
    assert post(world, a_transaction(kind=Kind.PURCHASE, amount_fen=300, counter=2)) is Taken.DISPUTED
    assert post(world, a_transaction(kind=Kind.PURCHASE, amount_fen=500, counter=3)) is Taken.DISPUTED
    assert post(world, a_transaction(kind=Kind.LOAD, amount_fen=700, counter=1)) is Taken.POSTED
    assert money_on(world) == 400
    with world.reading() as connection:
        assert trial_balance(connection, HUAXIN) == (1_000, 1_000)
    assert post(world, a_transaction(kind=Kind.LOAD, amount_fen=100, counter=4)) is Taken.POSTED
    assert money_on(world) == 0


def test_more_than_there_is_is_kept_and_disputed() -> None:
    """The purse never falls below zero; a person looks at what the terminal says."""
    world = a_member_world()
    post(world, a_transaction(amount_fen=500))
    assert post(world, a_transaction(kind=Kind.PURCHASE, amount_fen=501, counter=2)) is Taken.DISPUTED
    assert money_on(world) == 500
    with world.reading() as connection:
        assert connection.execute(select(func.count()).select_from(posting)).scalar_one() == 1


def test_an_expired_balance_is_not_spent() -> None:
    """Validity is whatever the enterprise set (INV-13)."""
    world = a_member_world()
    post(world, a_transaction())
    yesterday = date(2026, 10, 11)
    world.run(
        lambda connection, context: open_purse(
            connection, iccid=iccid_of(1), enterprise_id=HUAXIN, now=context.now, valid_until=yesterday
        )
    )
    assert post(world, a_transaction(kind=Kind.PURCHASE, amount_fen=1, counter=2)) is Taken.DISPUTED


def test_an_undo_takes_back_the_last_purchase_of_the_terminal_only_once() -> None:
    """Over-charged: the machine gives back the last operation, nothing else (INV-12)."""
    world = a_member_world()
    post(world, a_transaction())
    bought = a_transaction(kind=Kind.PURCHASE, amount_fen=1_200, counter=2, terminal="ST01")
    post(world, bought)
    undo = replace(bought, kind=Kind.UNDO, counter=3, occurred_at=NOON + timedelta(minutes=1))
    assert post(world, replace(undo, amount_fen=1_100, counter=9)) is Taken.DISPUTED
    assert post(world, undo) is Taken.POSTED
    assert money_on(world) == 10_000
    assert post(world, replace(undo, counter=4)) is Taken.DISPUTED
    assert money_on(world) == 10_000


@pytest.mark.embedded("pytest-twisted wraps a property anew for each parameter, and fails at the second")
@given(
    st.lists(
        st.tuples(st.sampled_from(Kind), st.integers(1, 3_000), st.integers(1, 12), st.sampled_from(["A", "B"])),
        max_size=25,
    )
)
@settings(max_examples=40, deadline=None)
def test_whatever_is_uploaded_the_books_are_even(uploads: list[tuple[Kind, int, int, str]]) -> None:
    """INV-7, INV-8, INV-9: debit equals credit, the purse is the sum of its account and not negative."""
    world = a_member_world()
    for place, (kind, amount, counter, terminal) in enumerate(uploads):
        what = CardTransaction(iccid_of(1), HUAXIN, kind, amount, counter, terminal, NOON + timedelta(minutes=place))
        post(world, what)
    with world.reading() as connection:
        debit, credit = trial_balance(connection, HUAXIN)
        purse = account_balance(connection, HUAXIN, purse_account(iccid_of(1)))
        spent = account_balance(connection, HUAXIN, SALES)
        taken_in = -account_balance(connection, HUAXIN, FLOAT)
        lines = connection.execute(select(func.count()).select_from(ledger_entry)).scalar_one()
        posted = connection.execute(select(func.count()).select_from(posting)).scalar_one()
    assert debit == credit
    assert purse == money_on(world) >= 0
    assert purse + spent == taken_in
    assert lines == 2 * posted


def test_a_generated_month_is_booked_without_a_dispute() -> None:
    """The demo's month looks like a real one and its last balance is what the books say."""
    world = a_member_world()
    made = generate_month(Random(7), iccid=iccid_of(1), enterprise_id=HUAXIN, year=2026, month=9)
    for _ in range(2):
        world.run(lambda connection, context: post_month(connection, context, made))
    with world.reading() as connection:
        assert set(connection.execute(select(card_transaction.c.state)).scalars()) == {"POSTED"}
    assert money_on(world) == made.closing_balance_fen
    assert made.transactions[-1].card_balance_fen == made.closing_balance_fen
    assert len(made.transactions) > 15
    assert len(made.events) > 30
    counters = [what.counter for what in made.transactions] + [what.counter for what in made.events]
    assert sorted(counters) == list(range(FIRST_COUNTER, FIRST_COUNTER + len(counters)))


def test_the_same_seed_makes_the_same_month() -> None:
    """A demo can be shown twice."""
    first, second = (
        generate_month(Random(3), iccid=iccid_of(1), enterprise_id=HUAXIN, year=2026, month=9) for _ in range(2)
    )
    assert first == second
