"""`ykt password`: typed, checked, kept as a verifier only."""

from __future__ import annotations

import click
import pytest
from sqlalchemy import select

from telecom_codecs.onecard.password import ServicePassword
from tests.ykt_telecom.faces.cli.typed import ICCID, MSISDN, Typed
from ykt_telecom.flows.dialogue.password import password_seal
from ykt_telecom.flows.dialogue.tables import service_password
from ykt_telecom.registry.keys.wrapping import open_key_ring
from ykt_telecom.storage.database import open_database


def test_a_password_is_set_locked_and_unlocked(ykt: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the counter, with the identity checked."""
    ykt("card", "import", ykt.cards((ICCID, MSISDN)), "--plaintext-keys")

    def typed(text: str, card: str = MSISDN, status: int = 0) -> str:
        monkeypatch.setattr(click, "prompt", lambda *_args, **_options: text)
        told = ykt("password", "set", card, status=status)
        assert "194837" not in told
        return told

    assert "too easy" in typed("123456", status=1)
    assert "6 digits" in typed("12345", status=1)
    assert "`ykt card list`" in typed("194837", "13800000009", status=1)
    assert "`ykt password set`" in ykt("password", "unlock", ICCID, status=1)
    assert typed("194837") == "done\n"
    assert ykt("password", "lock", ICCID[-6:]) == "done\n"
    assert ykt.json("password", "unlock", ICCID) == {"card": f"…{ICCID[-6:]}"}
    path = ykt.data / "database" / "ykt.db"
    database = open_database(path)
    with database.reading() as connection:
        row = connection.execute(select(service_password)).one()
    database.close()
    assert row.locked_at is None
    seal = password_seal(open_key_ring(ykt.data / "secrets" / "kek", path))
    assert seal.matches(row.verifier, ServicePassword(b"194837"), ICCID)
    assert b"194837" not in path.read_bytes()
