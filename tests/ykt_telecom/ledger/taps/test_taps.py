"""Taps: one rule book for purchases, punches and doors; in any order of uploads the books are those of the card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select

from tests.ykt_telecom.ledger.money.world import HUAXIN, NOON, World, a_world, iccid_of
from ykt_telecom.ledger.attendance.steps import AttendanceEvent, post_events
from ykt_telecom.ledger.attendance.steps import Kind as Place
from ykt_telecom.ledger.money.steps import (
    CardTransaction,
    DisputeReason,
    Kind,
    NotTaken,
    Taken,
    balance,
    post_transactions,
    trial_balance,
)
from ykt_telecom.ledger.money.tables import card_transaction
from ykt_telecom.ledger.taps.rules import LARGEST_COUNTER, Fault
from ykt_telecom.ledger.taps.steps import is_complete
from ykt_telecom.ledger.taps.tables import tap

pytestmark = pytest.mark.usefixtures("worlds")

Report = CardTransaction | AttendanceEvent
TERMINALS = ("ST01", "ST02", "CZ01")


def a_member_world(members: int = 1) -> World:
    world = a_world()
    for number in range(1, members + 1):
        world.add_member(number, HUAXIN)
    return world


def money(kind: Kind, amount: int, counter: int, **changes: object) -> CardTransaction:
    made = CardTransaction(iccid_of(1), HUAXIN, kind, amount, counter, "ST01", NOON + timedelta(minutes=counter))
    return replace(made, **changes)  # type: ignore[arg-type]


def door(counter: int, **changes: object) -> AttendanceEvent:
    made = AttendanceEvent(iccid_of(1), HUAXIN, counter, "东门", NOON + timedelta(minutes=counter), Place.DOOR)
    return replace(made, **changes)  # type: ignore[arg-type]


def upload(world: World, *reports: Report) -> list[Taken | NotTaken]:
    """One upload in one transaction; a result for each report, in its order."""
    bought = [one for one in reports if isinstance(one, CardTransaction)]
    seen = [one for one in reports if isinstance(one, AttendanceEvent)]

    def post(both: list[list[Taken | NotTaken]]) -> None:
        world.run(lambda conn, context: both.append(post_transactions(conn, context, bought, origin="test")))
        world.run(lambda conn, context: both.append(post_events(conn, context, seen, origin="test")))

    both: list[list[Taken | NotTaken]] = []
    post(both)
    of_money, of_places = (iter(results) for results in both)
    return [next(of_money if isinstance(one, CardTransaction) else of_places) for one in reports]


def purse(world: World, number: int = 1) -> int:
    with world.reading() as conn:
        return balance(conn, iccid=iccid_of(number), enterprise_id=HUAXIN)


def disputes(world: World) -> dict[int, str | None]:
    """Counter → reason of everything that is not booked."""
    table = card_transaction.c
    with world.reading() as conn:
        rows = conn.execute(select(table.counter, table.reason).where(table.state == Taken.DISPUTED))
        return {row.counter: row.reason for row in rows}


def fault(result: Taken | NotTaken) -> Fault:
    assert isinstance(result, NotTaken)
    return result.fault


@pytest.mark.parametrize("first", ["purchase", "punch"])
def test_a_counter_is_one_tap_whatever_it_was(first: str) -> None:
    """A purchase and a punch cannot share a counter: one of them is not this card's."""
    world = a_member_world()
    bought, seen = money(Kind.LOAD, 100, 7), door(7, kind=Place.PUNCH)
    reports: tuple[Report, Report] = (bought, seen) if first == "purchase" else (seen, bought)
    assert upload(world, reports[0]) == [Taken.POSTED]
    assert fault(upload(world, reports[1])[0]) is Fault.CONFLICT
    assert purse(world) == (100 if first == "purchase" else 0)


@pytest.mark.parametrize("counter", [-1, 0, LARGEST_COUNTER + 1])
def test_a_card_counts_in_two_octets(counter: int) -> None:
    """Whatever kind of tap says otherwise is not taken."""
    world = a_member_world()
    for report in (money(Kind.LOAD, 100, counter), door(counter)):
        assert fault(upload(world, report)[0]) is Fault.COUNTER
    assert upload(world, money(Kind.LOAD, 100, LARGEST_COUNTER)) == [Taken.POSTED]


@pytest.mark.parametrize(
    "other",
    [
        {"kind": Kind.PURCHASE},
        {"amount_fen": 101},
        {"terminal": "ST02"},
        {"occurred_at": NOON},
        {"card_balance_fen": 101},
        {"card_balance_fen": None},
        {"tac": bytes(8)},
        {"tac": None},
    ],
)
def test_a_repetition_is_compared_whole(other: dict[str, object]) -> None:
    """Everything that was reported, TAC and balance too: else a forged repetition would count as known."""
    world = a_member_world()
    told = money(Kind.LOAD, 100, 1, card_balance_fen=100, tac=bytes.fromhex("0102030405060708"))
    assert upload(world, told, told) == [Taken.POSTED, Taken.DUPLICATE]
    assert upload(world, told) == [Taken.DUPLICATE]
    assert fault(upload(world, replace(told, **other))[0]) is Fault.CONFLICT  # type: ignore[arg-type]
    assert purse(world) == 100


def test_a_conflict_within_one_upload_is_found() -> None:
    """The second report of a counter in the same file is compared with the first."""
    first, second = upload(a_member_world(), money(Kind.LOAD, 100, 1), money(Kind.LOAD, 200, 1))
    assert first is Taken.POSTED
    assert fault(second) is Fault.CONFLICT


def test_a_tap_is_booked_for_the_application_of_its_time() -> None:
    """What is not taken leaves nothing behind, not even a counter."""
    world = a_member_world()
    assert fault(upload(world, money(Kind.LOAD, 100, 1, enterprise_id=4711))[0]) is Fault.NO_APPLICATION
    with world.reading() as conn:
        assert conn.execute(select(tap)).all() == []
    assert upload(world, money(Kind.LOAD, 100, 1)) == [Taken.POSTED]


# --- undo -------------------------------------------------------------------------------------------------------

LOAD, BUY, BACK = money(Kind.LOAD, 5_000, 1), money(Kind.PURCHASE, 1_000, 2), money(Kind.UNDO, 1_000, 3)


def test_a_purchase_is_undone_once_whatever_the_clock_says() -> None:
    """LOAD 50, PURCHASE 10, UNDO at 12:05, UNDO at 12:04: 50 on the purse, the second undo is disputed."""
    world = a_member_world()
    later = replace(BACK, occurred_at=NOON + timedelta(minutes=5))
    earlier = replace(BACK, counter=4, occurred_at=NOON + timedelta(minutes=4))
    assert upload(world, LOAD, BUY) == [Taken.POSTED, Taken.POSTED]
    assert upload(world, later) == [Taken.POSTED]
    assert upload(world, earlier) == [Taken.DISPUTED]
    assert purse(world) == 5_000
    assert disputes(world) == {4: DisputeReason.UNDO_UNFOUNDED}


def test_an_undo_that_comes_before_its_purchase_waits_for_it() -> None:
    """Terminals upload in any order: nothing stays disputed that the card really did."""
    world = a_member_world()
    assert upload(world, BACK) == [Taken.DISPUTED]
    assert disputes(world) == {3: DisputeReason.UNDO_WAITS}
    assert upload(world, BUY) == [Taken.POSTED]
    assert disputes(world) == {}
    assert purse(world) == 0
    assert upload(world, LOAD) == [Taken.POSTED]
    assert purse(world) == 5_000


def test_an_undo_waits_for_the_taps_between_it_and_the_purchase() -> None:
    """A missing counter may have been another purchase; once it was a door, the undo is booked."""
    world = a_member_world()
    assert upload(world, LOAD, BUY, replace(BACK, counter=4)) == [Taken.POSTED, Taken.POSTED, Taken.DISPUTED]
    assert purse(world) == 4_000
    assert upload(world, door(3)) == [Taken.POSTED]
    assert purse(world) == 5_000


@pytest.mark.parametrize(
    ("between", "undo"),
    [
        ((), replace(BACK, terminal="ST02")),
        ((), replace(BACK, amount_fen=999)),
        ((money(Kind.LOAD, 100, 3),), replace(BACK, counter=4)),
        ((money(Kind.PURCHASE, 100, 3),), replace(BACK, counter=4)),
        ((BACK,), replace(BACK, counter=4)),
    ],
)
def test_only_the_last_money_record_is_undone(between: tuple[CardTransaction, ...], undo: CardTransaction) -> None:
    """Another terminal, another amount, another record in between: the card would have refused it."""
    world = a_member_world()
    upload(world, LOAD, BUY, *between)
    before = purse(world)
    assert upload(world, undo) == [Taken.DISPUTED]
    assert disputes(world) == {undo.counter: DisputeReason.UNDO_UNFOUNDED}
    assert purse(world) == before


def a_life(chance: Random, number: int, length: int) -> list[Report]:
    """What a genuine card did: it refuses what it cannot pay and undoes its newest money record only."""
    reports: list[Report] = []
    left, last = 0, None
    for counter in range(1, length + 1):
        at = NOON + timedelta(minutes=counter)
        choice = chance.random()
        if choice < 0.25:
            reports.append(AttendanceEvent(iccid_of(number), HUAXIN, counter, "KQ01", at))
            continue
        if last is not None and choice < 0.45:
            kind, amount, terminal, last = Kind.UNDO, last.amount_fen, last.terminal, None
            left += amount
        elif left and choice < 0.8:
            kind, amount, terminal = Kind.PURCHASE, chance.randint(1, left), chance.choice(TERMINALS[:2])
            left -= amount
        else:
            kind, amount, terminal, last = Kind.LOAD, chance.randint(1, 5_000), "CZ01", None
            left += amount
        one = CardTransaction(iccid_of(number), HUAXIN, kind, amount, counter, terminal, at, left)
        last = one if kind is Kind.PURCHASE else None
        reports.append(one)
    return reports


def balance_of(life: Sequence[Report]) -> int:
    balances = [one.card_balance_fen for one in life if isinstance(one, CardTransaction)]
    return balances[-1] or 0 if balances else 0


@pytest.mark.parametrize("seed", range(12))
def test_whatever_the_order_of_uploads_the_books_are_the_card(seed: int) -> None:
    """Shuffled, doubled, in uploads of any size: every tap once, nothing disputed, the card's own balance."""
    chance, world = Random(seed), a_member_world(2)
    lives = [a_life(chance, number, 25) for number in (1, 2)]
    sent = [one for life in lives for one in life]
    sent += chance.sample(sent, 8)
    chance.shuffle(sent)
    results: list[Taken | NotTaken] = []
    while sent:
        size = chance.randint(1, 9)
        results += upload(world, *sent[:size])
        sent = sent[size:]
    assert results.count(Taken.DUPLICATE) == 8
    assert not [result for result in results if isinstance(result, NotTaken)]
    assert disputes(world) == {}
    assert [purse(world, number) for number in (1, 2)] == [balance_of(life) for life in lives]
    with world.reading() as conn:
        debit, credit = trial_balance(conn, HUAXIN)
        assert debit == credit
        assert is_complete(conn, 10_000 + HUAXIN, 25)


@pytest.mark.parametrize("seed", range(12))
def test_an_upload_of_many_is_many_uploads_of_one(seed: int) -> None:
    """The same results and the same rows, genuine reports or not."""
    chance = Random(seed)
    reports = a_life(chance, 1, 12)
    reports += [money(chance.choice(list(Kind)), chance.randint(1, 3_000), chance.randint(0, 14)) for _ in range(8)]
    bought = [one for one in reports if isinstance(one, CardTransaction)]
    chance.shuffle(bought)
    together = a_member_world()
    results, kept = upload(together, *bought), stored(together)
    alone = a_member_world()
    one_by_one = [upload(alone, one)[0] for one in bought]
    for at_once, at_first in zip(results, one_by_one, strict=True):
        # disputed at first, it may be booked with one of those that came after it in the same upload
        assert at_once == at_first or (at_once, at_first) == (Taken.POSTED, Taken.DISPUTED)
    assert kept == stored(alone)


def stored(world: World) -> tuple[object, ...]:
    """What the world holds, without ids."""
    table, seen = card_transaction.c, tap.c
    with world.reading() as conn:
        taps = conn.execute(select(seen.counter, seen.kind, seen.amount_fen).order_by(seen.counter)).all()
        rows = conn.execute(
            select(table.counter, table.state, table.reason, table.undoes).order_by(table.counter)
        ).all()
    return taps, rows, purse(world)
