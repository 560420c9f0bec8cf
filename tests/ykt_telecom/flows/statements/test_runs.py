"""Statement runs: every member once, whatever crashes; receipts; schedules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

import pytest
from sqlalchemy import Connection, func, select

from tests.ykt_telecom.ledger.money.world import CUIHU, HUAXIN, World, a_world, iccid_of, msisdn_of
from ykt_telecom.demo.generator import generate_month
from ykt_telecom.faces.cli.offline import drive
from ykt_telecom.flows.statements.overview import runs_of, statements_of
from ykt_telecom.flows.statements.period import BadPeriod, Period
from ykt_telecom.flows.statements.runs import RunReport, catch_up, run_one, run_statements
from ykt_telecom.flows.statements.schedule import BadSchedule, DueRun, due_runs, set_schedule, triggers
from ykt_telecom.flows.statements.steps import (
    NoSuchEnterprise,
    StatementKind,
    on_receipt,
    on_submit,
    open_run,
    set_opt_out,
    write_batch,
)
from ykt_telecom.flows.statements.tables import statement, statement_run
from ykt_telecom.ledger.attendance.steps import post_event
from ykt_telecom.ledger.money.steps import CardTransaction, Kind, post_transaction
from ykt_telecom.messaging.facts import OutboxState, ReceiptFact, SubmitFact
from ykt_telecom.messaging.outbox import enqueue_text
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.storage.context import StepContext
from ykt_telecom.storage.faults import StorageUnavailable
from ykt_telecom.wiring.statements import run_due

T = TypeVar("T")
SEPTEMBER = Period(2026, 9)
MEMBERS = 12


class Killed(BaseException):
    """kill -9."""


@dataclass
class Performer:
    """Performs steps on a world, and is killed before the commit of the `dies_at`-th transaction."""

    world: World
    dies_at: int | None = None
    transactions: int = 0

    async def perform(self, step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> T:
        self.transactions += 1

        def guarded(connection: Connection, context: StepContext) -> T:
            result = step(connection, context)
            if self.transactions == self.dies_at:
                raise Killed
            return result

        return self.world.run(guarded)


def a_month(members: int = MEMBERS, days: int = 40) -> World:
    """Two enterprises, their members, and a generated September (of each the first `days` transactions and taps)."""
    world = a_world()
    chance = Random(5)
    for number in range(1, members + 1):
        world.add_member(number, HUAXIN, "王伟")
        if number % 3 == 0:
            world.add_member(number, CUIHU, "王伟")
        made = generate_month(chance, iccid=iccid_of(number), enterprise_id=HUAXIN, year=2026, month=9)

        def post(connection: Connection, context: StepContext, made: Any = made) -> None:
            for what in made.transactions[:days]:
                post_transaction(connection, what, now=context.now, origin="test")
            for tap in made.events[:days]:
                post_event(connection, tap, now=context.now, origin="test")

        world.run(post)
    return world


def run_all(world: World, dies_at: int | None = None, **changes: Any) -> tuple[RunReport, ...]:
    return drive(run_statements(Performer(world, dies_at).perform, SEPTEMBER, batch=5, **changes))


def counts(world: World) -> tuple[int, int, int]:
    """Statements, distinct ones, messages in the outbox."""
    with world.reading() as connection:
        rows = connection.execute(
            select(statement.c.member_id, statement.c.enterprise_id, statement.c.kind, statement.c.period)
        ).all()
        messages = connection.execute(select(func.count(func.distinct(outbox.c.outbox_id)))).scalar_one()
    return len(rows), len(set(rows)), messages


def test_every_member_gets_each_statement_once() -> None:
    """INV-18, INV-20: one row, one message, the segments that were submitted; running again adds nothing."""
    world = a_month()
    first = run_all(world)
    assert [report.written for report in first] == [12, 12, 4, 4]
    assert counts(world) == (32, 32, 32)
    again = run_all(world)
    assert [(report.written, report.segments) for report in again] == [(0, 0)] * 4
    assert counts(world) == (32, 32, 32)
    with world.reading() as connection:
        for row in connection.execute(select(statement)).all():
            segments = connection.execute(
                select(func.count()).select_from(outbox).where(outbox.c.outbox_id == row.outbox_id)
            ).scalar_one()
            assert segments == row.segments
            assert row.text.startswith("【移动一卡通】")


def test_a_run_killed_at_any_transaction_is_finished_by_the_next() -> None:
    """None missing, none doubled: wherever it dies, and again where the second one dies."""
    reference = a_month(6, days=3)
    performer = Performer(reference)
    drive(run_statements(performer.perform, SEPTEMBER, batch=2))
    with reference.reading() as connection:
        texts = sorted(connection.execute(select(statement.c.text)).scalars())
    for dies_at in range(1, performer.transactions + 1):
        world = a_month(6, days=3)
        with pytest.raises(Killed):
            drive(run_statements(Performer(world, dies_at).perform, SEPTEMBER, batch=2))
        drive(run_statements(Performer(world).perform, SEPTEMBER, batch=2))
        with world.reading() as connection:
            assert sorted(connection.execute(select(statement.c.text)).scalars()) == texts
        assert counts(world) == (16, 16, 16)


def test_a_batch_killed_between_two_members_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statement, message and progress are one transaction."""
    world = a_month(6, days=3)
    calls = 0

    def dying(*arguments: Any, **named: Any) -> int:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise Killed
        return enqueue_text(*arguments, **named)

    monkeypatch.setattr("ykt_telecom.flows.statements.steps.enqueue_text", dying)
    with pytest.raises(Killed):
        run_all(world)
    assert counts(world) == (0, 0, 0)
    monkeypatch.undo()
    run_all(world)
    assert counts(world) == (16, 16, 16)


def test_what_is_uploaded_after_the_cut_off_goes_into_the_next_statement() -> None:
    """补记: the figures of a run never change, and nothing is lost."""
    world = a_month(1)
    opened = world.run(
        lambda connection, context: open_run(
            connection, context, enterprise_id=HUAXIN, kind=StatementKind.CONSUMPTION, period=SEPTEMBER
        )
    )
    moment = datetime(2026, 9, 30, 12, 0, tzinfo=BUSINESS_ZONE)
    late = CardTransaction(iccid_of(1), HUAXIN, Kind.LOAD, 77_700, 9, "CZ01", moment)
    world.run(lambda connection, context: post_transaction(connection, late, now=context.now, origin="late"))
    world.run(lambda connection, context: write_batch(connection, context, opened))
    world.now += timedelta(days=30)
    october = drive(run_one(Performer(world).perform, HUAXIN, StatementKind.CONSUMPTION, SEPTEMBER.after()))
    assert october.written == 1
    with world.reading() as connection:
        before, after = connection.execute(select(statement.c.text).order_by(statement.c.period)).scalars()
    assert "777.00" not in before
    assert "补记" not in before
    assert "充值1笔777.00元" in after.replace("共", "")
    assert "含补记1笔" in after


def test_a_month_that_goes_on_is_not_closed() -> None:
    """A run is final: one too early would swallow the rest of the month."""
    world = a_month(1)
    with pytest.raises(BadPeriod, match="from 2026-11-01 on"):
        drive(run_statements(Performer(world).perform, SEPTEMBER.after()))
    with world.reading() as connection:
        assert connection.execute(select(statement.c.id)).first() is None


def test_opted_out_and_strangers_are_written_down_and_not_sent() -> None:
    """INV-19; a member without an application has nothing to be told."""
    world = a_month(3)
    world.run(
        lambda connection, context: set_opt_out(
            connection, context, member_id=1, kind=StatementKind.CONSUMPTION, opted_out=True
        )
    )
    world.run(lambda connection, _: connection.exec_driver_sql("delete from attendance_event where iccid like '%2'"))
    world.run(
        lambda connection, _: connection.exec_driver_sql("update card_application set rights=4 where iccid like '%2'")
    )
    reports = run_all(world, enterprise_id=HUAXIN)
    assert [(report.written, report.suppressed) for report in reports] == [(2, 1), (2, 1)]
    with world.reading() as connection:
        lines = [(line.kind, line.state, line.reason) for line in statements_of(connection, SEPTEMBER)]
    assert ("CONSUMPTION", "SUPPRESSED", "OPTED_OUT") in lines
    assert ("ATTENDANCE", "SUPPRESSED", "NO_APPLICATION") in lines


def test_an_enterprise_that_is_not_there_is_named() -> None:
    """A slip of the finger in a number."""
    with pytest.raises(NoSuchEnterprise):
        run_all(a_world(), enterprise_id=4711)


# --- receipts --------------------------------------------------------------------------------------------------


def a_statement(world: World) -> Any:
    run_all(world, enterprise_id=HUAXIN, kinds=[StatementKind.CONSUMPTION])
    world.run(lambda connection, _: connection.execute(statement.update().values(segments=2)))
    with world.reading() as connection:
        return connection.execute(select(statement)).one()


def receipt(world: World, row: Any, segment: int, state: str, origin: str = "statement") -> None:
    fact = ReceiptFact(row.outbox_id, segment, 2, msisdn_of(1), state, None, origin, row.id, world.now)
    world.run(lambda connection, context: on_receipt(connection, fact, context))


def submit(world: World, row: Any, state: OutboxState, *, doubtful: bool = False) -> None:
    fact = SubmitFact(row.outbox_id, 1, 2, msisdn_of(1), state, 0, doubtful, "statement", row.id)
    world.run(lambda connection, context: on_submit(connection, fact, context))


def state_of(world: World) -> tuple[str, bool]:
    with world.reading() as connection:
        row = connection.execute(select(statement)).one()
    return row.state, row.possible_duplicate


def test_a_statement_is_delivered_when_every_segment_is() -> None:
    """A receipt that comes twice does not stand for the other one."""
    world = a_month(1)
    row = a_statement(world)
    submit(world, row, OutboxState.ACCEPTED)
    assert state_of(world) == ("ACCEPTED", False)
    for segment, state, expected in (
        (1, "DELIVRD", "ACCEPTED"),
        (1, "DELIVRD", "ACCEPTED"),
        (2, "ENROUTE", "ACCEPTED"),
        (2, "DELIVRD", "DELIVERED"),
        (2, "DELIVRD", "DELIVERED"),
    ):
        receipt(world, row, segment, state)
        assert state_of(world)[0] == expected
    submit(world, row, OutboxState.ACCEPTED)
    receipt(world, row, 1, "UNDELIV", origin="dialogue")
    assert state_of(world) == ("DELIVERED", False)


def test_a_failed_segment_stands_and_a_doubt_is_shown() -> None:
    """UNDELIV is the end; sent twice by a crash is flagged (I9)."""
    world = a_month(1)
    row = a_statement(world)
    submit(world, row, OutboxState.UNKNOWN, doubtful=True)
    assert state_of(world) == ("UNKNOWN", True)
    submit(world, row, OutboxState.ACCEPTED)
    assert state_of(world) == ("UNKNOWN", True)
    receipt(world, row, 1, "UNDELIV")
    receipt(world, row, 2, "DELIVRD")
    assert state_of(world) == ("UNDELIVERED", True)
    with world.reading() as connection:
        line = runs_of(connection, SEPTEMBER)[0]
    assert (line.states, line.possible_duplicates) == ((("UNDELIVERED", 1),), 1)


# --- schedules -------------------------------------------------------------------------------------------------


def schedule(world: World, **changes: Any) -> None:
    values = {"enterprise_id": HUAXIN, "kind": StatementKind.CONSUMPTION, "day": 5, "hour": 9, "since": Period(2026, 7)}
    world.run(lambda connection, _: set_schedule(connection, **{**values, **changes}))


def test_a_trigger_fires_in_business_time() -> None:
    """09:00 in Shanghai on the day that was set."""
    world = a_world()
    schedule(world)
    schedule(world, kind=StatementKind.ATTENDANCE, enabled=False)
    with world.reading() as connection:
        (found,) = triggers(connection)
    fires = found.trigger.get_next_fire_time(None, datetime(2026, 10, 6, tzinfo=BUSINESS_ZONE))
    assert fires.isoformat() == "2026-11-05T09:00:00+08:00"
    assert found.job_id == "statement-1001-consumption"


@pytest.mark.parametrize(
    ("now", "periods"),
    [
        ("2026-08-05 08:59", []),
        ("2026-08-05 09:00", [(2026, 7)]),
        ("2026-10-04 23:59", [(2026, 7), (2026, 8)]),
        ("2026-10-05 09:00", [(2026, 7), (2026, 8), (2026, 9)]),
    ],
)
def test_what_was_missed_is_due_from_its_hour_on(now: str, periods: list[tuple[int, int]]) -> None:
    """The service was down for months: each period once, the oldest first."""
    world = a_world()
    schedule(world)
    moment = datetime.fromisoformat(now).replace(tzinfo=BUSINESS_ZONE)
    with world.reading() as connection:
        due = due_runs(connection, moment)
    assert due == tuple(DueRun(HUAXIN, StatementKind.CONSUMPTION, Period(*period)) for period in periods)


def test_catching_up_runs_each_missed_period_once() -> None:
    """At the start after a long night, and at the next start nothing more."""
    world = a_month(2)
    schedule(world)
    reports = drive(catch_up(Performer(world).perform))
    assert [str(report.period) for report in reports] == ["2026-07", "2026-08", "2026-09"]
    world.now += timedelta(days=1)
    assert drive(catch_up(Performer(world).perform)) == ()
    with world.reading() as connection:
        assert connection.execute(select(func.count()).select_from(statement_run)).scalar_one() == 3


async def at_once(_seconds: float) -> None:
    """Nobody waits here."""


def test_a_trigger_sends_nothing_from_before_its_schedule() -> None:
    """Set up in October for October's bill: what fires on the 5th of October sends no September."""
    world = a_month(2)
    schedule(world, since=Period(2026, 10))
    drive(run_due(Performer(world).perform, HUAXIN, StatementKind.CONSUMPTION, sleep=at_once))
    assert counts(world) == (0, 0, 0)


def test_a_trigger_leaves_other_schedules_alone() -> None:
    """Attendance is due at the same hour and has a trigger of its own."""
    world = a_month(2)
    for kind in StatementKind:
        schedule(world, kind=kind, since=SEPTEMBER)
    drive(run_due(Performer(world).perform, HUAXIN, StatementKind.ATTENDANCE, sleep=at_once))
    with world.reading() as connection:
        assert set(connection.execute(select(statement.c.kind)).scalars()) == {StatementKind.ATTENDANCE}


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_run_waits_for_a_full_disk(fails_at: int) -> None:
    """The disk is full when the trigger fires, or between two batches: the bills go out when there is room again."""
    world = a_month(2)
    schedule(world, since=SEPTEMBER)
    performer = Performer(world)
    waited: list[float] = []

    async def perform(step: Callable[[Connection, StepContext], T], *, bulk: bool = False) -> T:
        if performer.transactions + 1 == fails_at and not waited:
            raise StorageUnavailable("database or disk is full")
        return await performer.perform(step, bulk=bulk)

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    drive(run_due(perform, HUAXIN, StatementKind.CONSUMPTION, sleep=sleep))
    assert len(waited) == 1
    assert counts(world) == (2, 2, 2)


@pytest.mark.parametrize("changes", [{"day": 0}, {"day": 29}, {"hour": 8}, {"hour": 20}, {"minute": 60}])
def test_a_schedule_that_some_month_does_not_have_is_refused(changes: dict[str, int]) -> None:
    """February has 28 days; nobody wants a bill at night."""
    with pytest.raises(BadSchedule):
        schedule(a_world(), **changes)
