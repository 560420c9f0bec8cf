"""`ykt password`: typed, checked, kept as a verifier only."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from sqlalchemy import select

from telecom_codecs.onecard.password import ServicePassword
from tests.ykt_telecom.ledger.money.world import iccid_of
from tests.ykt_telecom.wiring.test_dialogues import a_host
from ykt_telecom.faces.cli.passwords import password
from ykt_telecom.flows.dialogue.tables import service_password
from ykt_telecom.registry.keys.wrapping import create_kek, open_key_ring
from ykt_telecom.storage.database import open_database
from ykt_telecom.wiring.dialogues import password_seal


def test_a_password_is_set_locked_and_unlocked(tmp_path: Path) -> None:
    """At the counter, with the identity checked."""
    with a_host(tmp_path):
        pass
    create_kek(tmp_path / "secrets" / "kek", bytes(range(32)))
    runner, data = CliRunner(), ["--data", str(tmp_path)]

    def typed(text: str, iccid: str = iccid_of(1)) -> tuple[int, str]:
        result = runner.invoke(password, ["set", iccid, *data], input=f"{text}\n{text}\n")
        assert "194837" not in result.output
        return result.exit_code, result.output

    assert typed("123456")[0] == 1
    assert typed("12345")[0] == 1
    assert "ykt card list" in typed("194837", iccid_of(9))[1]
    assert runner.invoke(password, ["unlock", iccid_of(1), *data]).exit_code == 1
    assert typed("194837")[0] == 0
    assert runner.invoke(password, ["lock", iccid_of(1), *data]).exit_code == 0
    assert runner.invoke(password, ["unlock", iccid_of(1), *data]).exit_code == 0
    path = tmp_path / "database" / "ykt.db"
    database = open_database(path)
    with database.reading() as connection:
        row = connection.execute(select(service_password)).one()
    database.close()
    assert row.locked_at is None
    seal = password_seal(open_key_ring(tmp_path / "secrets" / "kek", path))
    assert seal.matches(row.verifier, ServicePassword(b"194837"))
    assert b"194837" not in path.read_bytes()
