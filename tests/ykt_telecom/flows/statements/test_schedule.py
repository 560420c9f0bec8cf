"""When statements are sent: schedules, and what was missed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.ykt_telecom.flows.statements.month import WorldBooks, a_month
from tests.ykt_telecom.ledger.money.world import HUAXIN, World, a_world
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.flows.statements.runs import catch_up
from ykt_telecom.flows.statements.schedule import BadSchedule, DueRun, due_runs, set_schedule, triggers
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.flows.statements.tables import statement_run
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.wiring.transactions import drive


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
    reports = drive(catch_up(WorldBooks(world)))
    assert [str(report.period) for report in reports] == ["2026-07", "2026-08", "2026-09"]
    world.now += timedelta(days=1)
    assert drive(catch_up(WorldBooks(world))) == ()
    with world.reading() as connection:
        assert connection.execute(select(func.count()).select_from(statement_run)).scalar_one() == 3


@pytest.mark.parametrize("changes", [{"day": 0}, {"day": 29}, {"hour": 8}, {"hour": 20}, {"minute": 60}])
def test_a_schedule_that_some_month_does_not_have_is_refused(changes: dict[str, int]) -> None:
    """February has 28 days; nobody wants a bill at night."""
    with pytest.raises(BadSchedule):
        schedule(a_world(), **changes)
