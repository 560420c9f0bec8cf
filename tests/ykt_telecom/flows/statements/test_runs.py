"""Statement runs: every member once, whatever crashes; figures that add up, whatever comes late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update

from tests.ykt_telecom.flows.statements.month import SEPTEMBER, Killed, WorldBooks, a_month, book, counts, run_all
from tests.ykt_telecom.ledger.money.world import HUAXIN, a_world, iccid_of
from ykt_telecom.flows.statements.overview import statements_of
from ykt_telecom.flows.statements.period import BadPeriod
from ykt_telecom.flows.statements.run import NoSuchEnterprise, open_run
from ykt_telecom.flows.statements.runs import run_one, run_statements
from ykt_telecom.flows.statements.states import StatementKind
from ykt_telecom.flows.statements.tables import statement
from ykt_telecom.flows.statements.writing import set_opt_out
from ykt_telecom.ledger.attendance.tables import attendance_event
from ykt_telecom.ledger.money.steps import CardTransaction, Kind
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.registry.cards.tables import card_application
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.wiring.transactions import drive

pytestmark = pytest.mark.usefixtures("worlds")


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
                select(func.count()).select_from(outbox).where(outbox.c.message == row.message)
            ).scalar_one()
            assert segments == row.segments
            assert row.text.startswith("【移动一卡通】")


def test_a_run_killed_at_any_transaction_is_finished_by_the_next() -> None:
    """None missing, none doubled: wherever it dies, and again where the second one dies."""
    reference = a_month(6, days=3)
    books = WorldBooks(reference)
    drive(run_statements(books, SEPTEMBER, page=2))
    with reference.reading() as connection:
        texts = sorted(connection.execute(select(statement.c.text)).scalars())
    for dies_at in range(1, books.transactions + 1):
        world = a_month(6, days=3)
        with pytest.raises(Killed):
            drive(run_statements(WorldBooks(world, dies_at), SEPTEMBER, page=2))
        drive(run_statements(WorldBooks(world), SEPTEMBER, page=2))
        with world.reading() as connection:
            assert sorted(connection.execute(select(statement.c.text)).scalars()) == texts
        assert counts(world) == (16, 16, 16)


def test_a_page_killed_after_its_texts_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Statement, message, closing balance and progress are one transaction."""
    world = a_month(6, days=3)

    def dying(*arguments: Any) -> None:
        raise Killed

    monkeypatch.setattr("ykt_telecom.flows.statements.writing._close_purses", dying)
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
    book(world, CardTransaction(iccid_of(1), HUAXIN, Kind.LOAD, 77_700, 9, "CZ01", moment))
    assert run_all(world, kinds=[StatementKind.CONSUMPTION])[0].run_id == opened
    world.now += timedelta(days=30)
    october = drive(run_one(WorldBooks(world), HUAXIN, StatementKind.CONSUMPTION, SEPTEMBER.after()))
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
        drive(run_statements(WorldBooks(world), SEPTEMBER.after()))
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
    second = card_application.c.iccid == iccid_of(2)
    punches = attendance_event.c.iccid == iccid_of(2)
    world.run(lambda connection, _: connection.execute(delete(attendance_event).where(punches)))
    world.run(lambda connection, _: connection.execute(update(card_application).where(second).values(rights=4)))
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
