"""The commands around the service: what a person types, what comes back, and the exit status."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ykt_telecom.lab import ICCID, MSISDN
from ykt_telecom.__main__ import main
from ykt_telecom.storage.database import open_database


class Typed:
    """Runs `ykt …` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.data = folder / "installation"

    def __call__(self, *words: str, status: int = 0) -> str:
        """What was printed; the exit status must be the one expected."""
        self._monkeypatch.setattr("sys.argv", ["ykt", *words, "--data", str(self.data)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = self._capsys.readouterr()
        assert (ended.value.code or 0) == status, told.err
        return told.out + told.err


@pytest.fixture
def ykt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    typed = Typed(monkeypatch, capsys, tmp_path)
    typed("init")
    return typed


def a_roster(folder: Path, text: str) -> str:
    path = folder / "roster.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_init_makes_a_private_installation_once(ykt: Typed) -> None:
    """Nobody else may read it; a second init keeps key and configuration."""
    assert not [path for path in ykt.data.rglob("*") if path.stat().st_mode & 0o077]
    key = (ykt.data / "secrets" / "kek").read_text(encoding="ascii")
    assert "kept" in ykt("init")
    assert (ykt.data / "secrets" / "kek").read_text(encoding="ascii") == key


def test_a_database_without_its_key_gets_no_new_one(ykt: Typed) -> None:
    """Another KEK would make every wrapped key unreadable for ever."""
    (ykt.data / "secrets" / "kek").unlink()
    assert "restore the KEK" in ykt("init", status=1)


def test_enterprises_members_and_cards_are_entered_and_listed(ykt: Typed, tmp_path: Path) -> None:
    """The way from an empty installation to a card that can be written to."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    roster = a_roster(tmp_path, f"msisdn,name,employee_no\n{MSISDN},张三,1\n8613800000002,李四,2\n")
    assert "2 added" in ykt("member", "import", "ACME", roster)
    assert "0 added, 2 unchanged" in ykt("member", "import", "ACME", roster)
    assert [row["name"] for row in json.loads(ykt("member", "list", "--json"))] == ["张三", "李四"]
    keys = ",".join(f"c0ffee{number:026x}" for number in range(1, 6))
    head = "iccid,imsi,msisdn,mt_kic,mt_kid,mt_dek,mo_kic,mo_kid"
    cards = a_roster(tmp_path, f"{head}\n{ICCID},460001234567890,{MSISDN},{keys}\n")
    assert "--plaintext-keys" in ykt("card", "import", cards, status=1)
    assert "1 added" in ykt("card", "import", cards, "--plaintext-keys")
    assert [row["state"] for row in json.loads(ykt("card", "list", "--json"))] == ["ISSUED"]
    assert "ordered: job " in ykt("card", "issue", ICCID, "ACME", "--right", "purse", "--valid-until", "2027-12-31")
    assert "already" in ykt("card", "issue", ICCID, "ACME", status=1)
    assert "ordered: job " in ykt("card", "query", ICCID, "ACME")
    kinds = {row["kind"]: row["state"] for row in json.loads(ykt("ota", "job", "list", "--json"))}
    assert kinds == {"ISSUE": "QUEUED", "QUERY": "QUEUED"}
    (application,) = json.loads(ykt("card", "show", ICCID, "--json"))["applications"]
    assert (application["name"], application["state"], application["booked_fen"]) == ("红岩实业", "PENDING_INSTALL", 0)
    assert f"c0ffee{1:026x}" not in (ykt.data / "database" / "ykt.db").read_bytes().hex()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("msisdn,nane\n1,2\n", "line 1 must name the columns"),
        ("msisdn,name\nabc,x\n", "line 2"),
        ("msisdn,name\n8613800000001\n", "line 2: 2 fields"),
        ("msisdn,name\n8613800000001," + "x" * 5000 + "\n", "too long"),
        ("msisdn,name\n8613800000001,\0\n", "NUL"),
    ],
    ids=["header", "number", "fields", "long", "nul"],
)
def test_a_bad_roster_is_refused_with_its_line(ykt: Typed, tmp_path: Path, text: str, told: str) -> None:
    """One line, the place, nothing entered."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    assert told in ykt("member", "import", "ACME", a_roster(tmp_path, text), status=1)
    assert "(none)" in ykt("member", "list")


def test_an_order_for_a_card_or_an_enterprise_that_is_not_there_is_refused(ykt: Typed) -> None:
    """Nothing is queued, and the remedy names where to look."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    assert "`ykt card list`" in ykt("card", "issue", ICCID, "ACME", status=1)
    assert "`ykt card list`" in ykt("card", "query", ICCID, "ACME", status=1)
    assert "`ykt card list`" in ykt("card", "show", ICCID, status=1)
    assert "`ykt enterprise list`" in ykt("card", "issue", ICCID, "NOPE", status=1)
    assert "(none)" in ykt("ota", "job", "list")


def test_equal_keys_for_two_usages_are_refused(ykt: Typed, tmp_path: Path) -> None:
    """KIc = KID would let one broken use break the other."""
    head = "iccid,imsi,msisdn,mt_kic,mt_kid,mt_dek,mo_kic,mo_kid"
    cards = a_roster(tmp_path, f"{head}\n{ICCID},,{MSISDN},{','.join(['11' * 16] * 5)}\n")
    assert "the same key" in ykt("card", "import", cards, "--plaintext-keys", status=1)
    assert "(none)" in ykt("card", "list")


def test_what_is_not_there_is_said_in_one_line(ykt: Typed) -> None:
    """No traceback; the remedy names the next command."""
    assert "`ykt ota job list`" in ykt("ota", "job", "show", "nonsense", status=1)
    assert "`ykt enterprise list`" in ykt("member", "add", "NONE", MSISDN, "x", status=1)
    assert "MSISDN" in ykt("member", "add", "NONE", "12x", "x", status=1)


def test_writing_beside_a_running_instance_is_turned_away(ykt: Typed) -> None:
    """Reading works, writing says who is in the way."""
    database = open_database(ykt.data / "database" / "ykt.db")
    try:
        assert "(none)" in ykt("card", "list")
        assert "another instance" in ykt("enterprise", "add", "ACME", "x", status=1)
    finally:
        database.close()


def test_a_bad_configuration_ends_with_status_2(ykt: Typed) -> None:
    """One line: the key and the nearest known one."""
    (ykt.data / "ykt.toml").write_text("[http]\nprot = 1\n", encoding="utf-8")
    assert "http.prot: unknown key; did you mean port?" in ykt("card", "list", status=2)


def test_the_audit_chain_can_be_verified(ykt: Typed) -> None:
    """A command seals what it records: an edit before any service ran is named."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    assert "2 records fit the chain and its anchor" in ykt("audit", "verify")
    with contextlib.closing(sqlite3.connect(ykt.data / "database" / "ykt.db")) as database:
        database.execute("update audit_row set actor = 'somebody else' where seq = 1")
        database.commit()
    assert "record 1 does not fit the chain" in ykt("audit", "verify", status=1)


@pytest.mark.parametrize("bad", ["readable", "missing", "beside", "malformed"])
def test_serve_names_a_kek_it_refuses_and_ends(ykt: Typed, bad: str) -> None:
    """Exit 2 with the key and the remedy; it must neither hang nor print a traceback."""
    kek = ykt.data / "secrets" / "kek"
    if bad == "readable":
        kek.chmod(0o644)
    elif bad == "missing":
        kek.unlink()
    elif bad == "beside":
        beside = ykt.data / "database" / "kek"
        kek.rename(beside)
        (ykt.data / "ykt.toml").write_text(f'[keys]\nkek_file = "{beside}"\n', encoding="utf-8")
    else:
        kek.write_text("zz", encoding="ascii")
    done = subprocess.run(
        [sys.executable, "-m", "ykt_telecom", "serve", "--data", str(ykt.data)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "ykt: keys.kek_file: " in done.stderr
    assert "Traceback" not in done.stderr
    assert "keys.kek_file: " in ykt("audit", "verify", status=2)


def test_a_number_that_is_no_enterprise_is_not_found(ykt: Typed) -> None:
    """Digits of another script, or more than an id has, are names that nobody bears."""
    for name in ("²", "9" * 30, "٣"):
        assert "no enterprise" in ykt("member", "list", "--enterprise", name, status=1)


def test_a_folder_that_cannot_be_made_is_named(ykt: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place and the reason in words, not an errno."""
    ykt.data = ykt.data / "ykt.toml"
    told = ykt("init", status=1)
    assert str(ykt.data) in told
    assert "Errno" not in told


def test_what_is_still_to_come_says_so(ykt: Typed) -> None:
    """Somebody who looks for the phone or the console learns what to do meanwhile."""
    assert "does not exist yet; `ykt demo`" in ykt("phone", status=2)
    assert "does not exist yet" in ykt("console", status=2)


@pytest.mark.parametrize("octets", [b"", b"this is no database" * 300], ids=["empty", "garbage"])
def test_a_damaged_database_is_said_in_one_line(ykt: Typed, octets: bytes) -> None:
    """No traceback and no SQL; the remedy is the backup."""
    for stale in (ykt.data / "database").glob("ykt.db-*"):
        stale.unlink()
    (ykt.data / "database" / "ykt.db").write_bytes(octets)
    told = ykt("card", "list", status=1)
    assert "restore it from a backup" in told
    assert "SELECT" not in told
    assert told.count("\n") == 1
