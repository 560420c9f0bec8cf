"""`ykt transaction`, `ykt attendance`, `ykt statement` on a data folder of their own."""

from __future__ import annotations

import pytest

from tests.ykt_telecom.faces.cli.typed import Typed
from tests.ykt_telecom.ledger.money.world import HUAXIN, a_world, iccid_of
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.runtime.clock import SystemClock
from ykt_telecom.storage.database import open_database

CODE = "huaxin"


@pytest.fixture
def office(ykt: Typed) -> Typed:
    """An installation with one enterprise and one member, copied from a world in memory."""
    world = a_world()
    world.add_member(1, HUAXIN)
    database = open_database(ykt.data / "database" / "ykt.db")
    with world.reading() as source, database.writing() as target:
        for table in ("enterprise", "member", "card", "card_application"):
            rows = source.exec_driver_sql(f"select * from {table}").mappings().all()  # noqa: S608
            for row in rows:
                names = ", ".join(f'"{name}"' for name in row)
                marks = ", ".join("?" for _ in row)
                target.exec_driver_sql(f"insert into {table} ({names}) values ({marks})", tuple(row.values()))  # noqa: S608
        target.exec_driver_sql("update enterprise set code = ? where id = ?", (CODE.upper(), HUAXIN))
    database.close()
    return ykt


def test_import_run_and_show(office: Typed) -> None:
    """An evening at the back office: two files, one run, one look."""
    bought = office.file(
        "iccid,enterprise,kind,amount,counter,terminal,time,balance,tac\n"
        f"{iccid_of(1)},{CODE},load,100.00,1,充值1号,2026-10-12 12:03:05,,\n"
        f"{iccid_of(1)},{HUAXIN},purchase,12.00,2,食堂2号,2026-10-12 12:04:05,88.00,\n",
        encoding="gbk",
    )
    assert office("transaction", "import", bought) == "2 posted, 0 known already, 0 disputed\n"
    assert "nothing changed" in office("transaction", "import", bought)
    seen = office.file(
        "iccid,enterprise,kind,counter,terminal,time,tac\n"
        f"{iccid_of(1)},{HUAXIN},punch,3,KQ01,2026-10-12 08:52,\n"
        f"{iccid_of(1)},{HUAXIN},punch,4,KQ01,2026-10-12 18:07,\n",
    )
    loaded = office.json("attendance", "import", seen)
    assert loaded == {"posted": 2, "duplicates": 0, "disputed": 0, "repeated": False}
    assert office("statement", "run", "--period", "2026-10", "--enterprise", CODE) == (
        "enterprise HUAXIN consumption 2026-10: 1 written in 1 segments, 0 suppressed\n"
        "enterprise HUAXIN attendance 2026-10: 1 written in 1 segments, 0 suppressed\n"
    )
    shown = office("statement", "show", "--period", "2026-10", "--kind", "consumption")
    assert "2026-10 华信科技 consumption SENT: QUEUED 1, segments 1" in shown
    assert "  华信科技 consumption 张* …0001: QUEUED, 1 segments" in shown
    assert "attendance" not in shown
    overview = office.json("statement", "show", "--period", "2026-10")
    assert len(overview["statements"]) == len(overview["runs"]) == 2
    assert "张三" not in str(overview)


def test_every_change_of_the_evening_has_its_audit_row(office: Typed) -> None:
    """Loads, schedules and runs: who, what, and nothing for what changed nothing."""
    bought = office.file(
        "iccid,enterprise,kind,amount,counter,terminal,time,balance,tac\n"
        f"{iccid_of(1)},{CODE},load,100.00,1,充值1号,2026-10-12 12:03:05,,\n"
    )
    for _ in range(2):
        office("transaction", "import", bought)
    schedule = ["--enterprise", CODE, "--kind", "attendance", "--hour", "9", "--since", "2026-10", "--day", "5"]
    assert office("statement", "schedule", *schedule) == "set; a running service reads it at its next start\n"
    for _ in range(2):
        office("statement", "run", "--period", "2026-10", "--kind", "attendance", "--enterprise", CODE)
    database = open_database(office.data / "database" / "ykt.db")
    with database.reading() as conn:
        rows = conn.exec_driver_sql("select actor, action from audit_row order by seq").all()
    database.close()
    told = [row.action for row in rows if row.actor.startswith("cli:")]
    assert told == ["user.add", "transaction.load", "statement.schedule", "statement.run"]


def test_what_is_wrong_is_said_in_lines_with_the_remedy(office: Typed) -> None:
    """Exit 1 when the thing failed, 2 for the usage."""
    heading = "iccid,enterprise,kind,amount,counter,terminal,time,balance,tac\n"
    told = office("transaction", "import", office.file(heading + "1,HUAXIN,gift,3,4,5,6,,\n"), status=1)
    assert "line 2: kind" in told
    assert "nothing was imported" in told
    told = office("transaction", "import", office.file(heading + "1,NOBODY,load,3,4,5,2026-10-12 12:03,,\n"), status=1)
    assert "line 2: enterprise: 'NOBODY'" in told
    office("statement", "run", "--period", "2026-13", status=2)
    assert "no enterprise '7'" in office("statement", "run", "--period", "2026-10", "--enterprise", "7", status=1)
    nobody = ["--enterprise", "7", "--kind", "attendance", "--hour", "9", "--since", "2026-10", "--day", "1"]
    assert "no enterprise '7'" in office("statement", "schedule", *nobody, status=1)
    early = office("statement", "run", "--period", str(Period.of(SystemClock().now())), status=1)
    assert "has not ended" in early
    office.data /= "elsewhere"
    assert "ykt init" in office("statement", "run", "--period", "2026-10", status=1)
