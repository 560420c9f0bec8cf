"""`ykt transaction`, `ykt attendance`, `ykt statement` on a data folder of their own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.ykt_telecom.ledger.money.world import HUAXIN, a_world, iccid_of
from ykt_telecom.faces.cli.attendance import attendance
from ykt_telecom.faces.cli.statements import statement
from ykt_telecom.faces.cli.transactions import transaction
from ykt_telecom.flows.statements.period import Period
from ykt_telecom.registry.keys.wrapping import KEK_LENGTH, create_kek
from ykt_telecom.runtime.clock import SystemClock
from ykt_telecom.storage.database import create_all, open_database


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with one member, copied from a world in memory."""
    world = a_world()
    world.add_member(1, HUAXIN)
    create_kek(tmp_path / "secrets" / "kek", bytes(KEK_LENGTH))
    database = open_database(tmp_path / "database" / "ykt.db")
    create_all(database, SystemClock().now())
    with world.reading() as source, database.writing() as target:
        for table in ("enterprise", "member", "card", "card_application"):
            rows = source.exec_driver_sql(f"select * from {table}").mappings().all()  # noqa: S608
            for row in rows:
                names = ", ".join(f'"{name}"' for name in row)
                marks = ", ".join("?" for _ in row)
                target.exec_driver_sql(f"insert into {table} ({names}) values ({marks})", tuple(row.values()))  # noqa: S608
    database.close()
    return tmp_path


def test_import_run_and_show(folder: Path) -> None:
    """An evening at the back office: two files, one run, one look."""
    runner, data = CliRunner(), ["--data", str(folder)]
    bought = folder / "bought.csv"
    bought.write_text(
        "iccid,enterprise,kind,amount,counter,terminal,time,balance,tac\n"
        f"{iccid_of(1)},{HUAXIN},load,100.00,1,充值1号,2026-10-12 12:03:05,,\n"
        f"{iccid_of(1)},{HUAXIN},purchase,12.00,2,食堂2号,2026-10-12 12:04:05,88.00,\n",
        encoding="gbk",
    )
    result = runner.invoke(transaction, ["import", str(bought), *data])
    assert (result.exit_code, result.output) == (0, "2 posted, 0 known already, 0 disputed\n")
    assert "nothing changed" in runner.invoke(transaction, ["import", str(bought), *data]).output

    seen = folder / "seen.csv"
    seen.write_text(
        "iccid,enterprise,kind,counter,terminal,time,tac\n"
        f"{iccid_of(1)},{HUAXIN},punch,3,KQ01,2026-10-12 08:52,\n"
        f"{iccid_of(1)},{HUAXIN},punch,4,KQ01,2026-10-12 18:07,\n",
        encoding="utf-8",
    )
    result = runner.invoke(attendance, ["import", str(seen), "--json", *data])
    assert json.loads(result.output) == {"posted": 2, "duplicates": 0, "disputed": 0, "repeated": False}

    result = runner.invoke(statement, ["run", "--period", "2026-10", "--enterprise", str(HUAXIN), *data])
    assert result.output == (
        "enterprise 1001 consumption 2026-10: 1 written in 1 segments, 0 suppressed\n"
        "enterprise 1001 attendance 2026-10: 1 written in 1 segments, 0 suppressed\n"
    )
    result = runner.invoke(statement, ["show", "--period", "2026-10", "--kind", "consumption", *data])
    assert "2026-10 华信科技 consumption SENT: QUEUED 1, segments 1" in result.output
    assert "  华信科技 consumption 张* …0001: QUEUED, 1 segments" in result.output
    shown = json.loads(runner.invoke(statement, ["show", "--period", "2026-10", "--json", *data]).output)
    assert len(shown["statements"]) == len(shown["runs"]) == 2
    assert "张三" not in str(shown)


def test_what_is_wrong_is_said_in_lines_with_the_remedy(folder: Path) -> None:
    """Exit 1 when the thing failed, 2 for the usage."""
    runner, data = CliRunner(), ["--data", str(folder)]
    bad = folder / "bad.csv"
    bad.write_text("iccid,enterprise,kind,amount,counter,terminal,time,balance,tac\n1,2,gift,3,4,5,6,,\n")
    result = runner.invoke(transaction, ["import", str(bad), *data])
    assert result.exit_code == 1
    assert "line 2: kind" in result.output
    assert "nothing was imported" in result.output
    assert runner.invoke(statement, ["run", "--period", "2026-13", *data]).exit_code == 2
    assert runner.invoke(statement, ["run", "--period", "2026-10"]).exit_code == 2
    missing = runner.invoke(statement, ["run", "--period", "2026-10", "--data", str(folder / "elsewhere")])
    assert missing.exit_code == 1
    assert "ykt init" in missing.output
    unknown = runner.invoke(statement, ["run", "--period", "2026-10", "--enterprise", "7", *data])
    assert (unknown.exit_code, "no enterprise 7" in unknown.output) == (1, True)
    nobody = ["schedule", "--enterprise", "7", "--kind", "attendance", "--hour", "9", "--since", "2026-10"]
    assert "no enterprise 7" in runner.invoke(statement, [*nobody, "--day", "1", *data]).output
    early = runner.invoke(statement, ["run", "--period", str(Period.of(SystemClock().now())), *data])
    assert (early.exit_code, "has not ended" in early.output) == (1, True)
    wrong = ["schedule", "--enterprise", str(HUAXIN), "--kind", "attendance", "--hour", "9", "--since", "2026-10"]
    assert runner.invoke(statement, [*wrong, "--day", "31", *data]).exit_code == 2
    assert runner.invoke(statement, [*wrong, "--day", "5", *data]).exit_code == 0


def test_a_running_service_is_named_as_the_reason(folder: Path) -> None:
    """Two writers on one database are one too many."""
    database = open_database(folder / "database" / "ykt.db")
    result = CliRunner().invoke(statement, ["run", "--period", "2026-10", "--data", str(folder)])
    looked = CliRunner().invoke(statement, ["show", "--data", str(folder)])
    database.close()
    assert looked.exit_code == 0, "looking works beside it"
    assert result.exit_code == 1
    assert "another instance uses" in result.output
    assert "stop it first" in result.output
