"""The commands around the service: what a person types, what comes back, and the exit status."""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ykt_telecom.faces.cli.typed import CARD_HEADING, ICCID, MSISDN, OTHER_ICCID, OTHER_MSISDN, Typed
from ykt_telecom.storage.database import open_database
from ykt_telecom.wiring import doors


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


def test_the_first_token_is_shown_once(ykt: Typed) -> None:
    """Whoever makes the installation gets the administrator's; a second init has none to show."""
    assert "token:" not in ykt("init")
    assert ykt.json("init")["token"] is None
    (admin,) = ykt.json("user", "list")
    assert (admin["name"], admin["roles"], admin["state"]) == ("admin", ["OA"], "ACTIVE")


def test_enterprises_members_and_cards_are_entered_and_listed(ykt: Typed) -> None:
    """The way from an empty installation to a card that can be written to."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    roster = ykt.file(f"msisdn,name,employee_no\n{MSISDN},张三,1\n13800000002,李四,2\n")
    assert "2 added" in ykt("member", "import", "acme", roster)
    assert "0 added, 2 unchanged" in ykt("member", "import", "ACME", roster)
    members = ykt.json("member", "list")
    assert [(row["enterprise"], row["name"]) for row in members] == [("ACME", "张三"), ("ACME", "李四")]
    cards = ykt.cards((ICCID, MSISDN))
    assert "--plaintext-keys" in ykt("card", "import", cards, status=1)
    assert "1 added" in ykt("card", "import", cards, "--plaintext-keys")
    assert [row["state"] for row in ykt.json("card", "list")] == ["ISSUED"]
    assert "ordered: job " in ykt("card", "issue", ICCID, "ACME", "--right", "purse", "--valid-until", "2027-12-31")
    assert "already" in ykt("card", "issue", ICCID, "ACME", status=1)
    assert "ordered: job " in ykt("card", "query", ICCID, "ACME")
    jobs = ykt.json("ota", "job", "list")
    assert {row["kind"]: row["state"] for row in jobs} == {"ISSUE": "QUEUED", "QUERY": "QUEUED"}
    assert {row["card"] for row in jobs} == {f"…{ICCID[-6:]}"}
    shown = ykt.json("ota", "job", "show", str(jobs[0]["id"]))
    assert (shown["enterprise"], shown["packets"], shown["events"]) == ("ACME", [], [])
    (application,) = ykt.json("card", "show", ICCID)["applications"]
    assert (application["name"], application["state"], application["booked_fen"]) == ("红岩实业", "PENDING_INSTALL", 0)
    assert "0.00" in ykt("card", "show", ICCID)
    assert f"c0ffee0{1:025x}" not in (ykt.data / "database" / "ykt.db").read_bytes().hex()


@pytest.mark.parametrize("name", [MSISDN, "13800000001", "+86 138 0000 0001", ICCID, ICCID[-6:], ICCID[-10:]])
def test_a_card_is_named_as_people_know_it(ykt: Typed, name: str) -> None:
    """By its number as it is dialled, by its ICCID, or by the digits that every list shows."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    ykt("member", "add", "ACME", "13800000001", "张三")
    ykt("card", "import", ykt.cards((ICCID, MSISDN), (OTHER_ICCID, OTHER_MSISDN)), "--plaintext-keys")
    assert ykt.json("card", "issue", name, "acme")["card"] == f"…{ICCID[-6:]}"


def test_an_application_is_for_members_and_for_days_to_come(ykt: Typed) -> None:
    """What cannot have been meant is refused before anything goes over the air."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    ykt("card", "import", ykt.cards((ICCID, MSISDN)), "--plaintext-keys")
    assert "no member of ACME" in ykt("card", "issue", ICCID, "ACME", status=1)
    ykt("member", "add", "ACME", MSISDN, "张三")
    assert "2020-01-01 has passed" in ykt("card", "issue", ICCID, "ACME", "--valid-until", "2020-01-01", status=1)
    assert "at most" not in ykt("card", "issue", ICCID, "ACME", "--name", "九个字的应用名称吗", status=1)
    assert "(none)" in ykt("ota", "job", "list")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("msisdn,nane\n1,2\n", "line 1, column nane: line 1 must name the columns msisdn, name"),
        ("msisdn,name\nabc,x\n", "line 2, column msisdn"),
        ("msisdn,name\n8.6138E+12,x\n", "format the column as text"),
        ("msisdn,name\n8613800000001\n", "line 2: 1 fields: 2 are wanted"),
        ("msisdn,name\n8613800000001," + "x" * 5000 + "\n", "longer than 4096"),
        ("msisdn,name\n8613800000001," + "x" * 300 + "\n", "line 2, column name: more than 200"),
        ("msisdn,name\n8613800000001,\0\n", "line 2: a NUL"),
        ("", "line 1 must name"),
    ],
    ids=["header", "number", "spreadsheet", "fields", "long line", "long field", "nul", "empty"],
)
def test_a_bad_roster_is_refused_with_its_line(ykt: Typed, text: str, told: str) -> None:
    """One line, the place, nothing entered."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    assert told in ykt("member", "import", "ACME", ykt.file(text), status=1)
    assert "(none)" in ykt("member", "list")


def test_every_bad_row_is_told_at_once(ykt: Typed) -> None:
    """Line, column as the file calls it, and reason; the clerk corrects the file once."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    ykt("member", "add", "ACME", "13800000009", "老王", "--employee-no", "9")
    roster = ykt.file(
        "姓名;手机号;工号\n张三;13800000001;1\n李四;138;2\n王五;13800000003;9\n赵六;13800000001;4\n;13800000005;5\n",
        encoding="gbk",
    )
    out, err = ykt.both("member", "import", "ACME", roster, status=1)
    assert (out, [line.partition(":")[0] for line in err.splitlines()]) == (
        "",
        ["line 3, column 手机号", "line 4, column 工号", "line 5, column 手机号", "line 6, column 姓名", "ykt"],
    )
    assert "4 mistakes" in err
    refused = ykt.json("member", "import", "ACME", roster, status=1)["refused"]
    assert (refused["code"], [row["line"] for row in refused["rows"]]) == ("rows", [3, 4, 5, 6])
    assert [row["name"] for row in ykt.json("member", "list")] == ["老王"]


@pytest.mark.parametrize(
    ("heading", "delimiter", "encoding"),
    [
        ("手机号,姓名", ",", "gbk"),
        ("手机号\t姓名", "\t", "utf-16"),
        ("Mobile;Full Name", ";", "utf-8-sig"),
        ("MSISDN,NAME", ",", "gb18030"),
    ],
)
def test_a_roster_is_read_as_a_spreadsheet_saves_it(ykt: Typed, heading: str, delimiter: str, encoding: str) -> None:
    """Columns, separators and encodings of a clerk's office."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    roster = ykt.file(f"{heading}\r\n138-0000-0001{delimiter}张三\r\n", encoding=encoding)
    assert "1 added" in ykt("member", "import", "ACME", roster)
    assert ykt.json("member", "list")[0]["msisdn"] == "8613800000001"


def test_the_template_is_a_roster_without_lines(ykt: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints is taken back as it is."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    monkeypatch.setattr("sys.argv", ["ykt", "member", "template"])
    done = subprocess.run(
        [sys.executable, "-m", "ykt_telecom", "member", "template"], capture_output=True, text=True, check=True
    )
    assert "0 added" in ykt("member", "import", "ACME", ykt.file(done.stdout))


def test_a_card_file_names_every_bad_line(ykt: Typed) -> None:
    """A misread digit with the right one, a key that is none, the same card or number twice, the same key twice."""
    keys = ",".join(f"{number:032x}" for number in range(1, 6))
    lines = [
        f"{ICCID[:-1]}4,,{MSISDN},{keys}",
        f"{ICCID},,{MSISDN},{keys.replace('1', 'x', 1)}",
        f"{ICCID},,{MSISDN},{keys}",
        f"{ICCID},,,{keys}",
        f"{OTHER_ICCID},,13800000001,{keys}",
        f"{OTHER_ICCID},,,{','.join(['11' * 16] * 5)}",
    ]
    _, err = ykt.both("card", "import", ykt.file("\n".join([CARD_HEADING, *lines])), "--plaintext-keys", status=1)
    told = err.splitlines()
    assert "line 2, column iccid" in told[0]
    assert "its check digit is 8" in told[0]
    assert "line 3, column mt_kic" in told[1]
    assert told[2] == "line 5, column iccid: repeats line 4"
    assert told[3] == "line 6, column msisdn: repeats line 4"
    assert "the same key" in told[4]
    assert "(none)" in ykt("card", "list")


def test_an_order_for_a_card_or_an_enterprise_that_is_not_there_is_refused(ykt: Typed) -> None:
    """Nothing is queued, and the remedy names where to look."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    assert "`ykt card list`" in ykt("card", "issue", ICCID, "ACME", status=1)
    assert "`ykt card list`" in ykt("card", "query", ICCID, "ACME", status=1)
    assert "`ykt card list`" in ykt("card", "show", ICCID, status=1)
    assert "`ykt enterprise list`" in ykt("member", "list", "--enterprise", "NOPE", status=1)
    assert "(none)" in ykt("ota", "job", "list")


def test_what_is_not_there_is_said_in_one_line(ykt: Typed) -> None:
    """No traceback; the remedy names the next command."""
    assert "`ykt ota job list`" in ykt("ota", "job", "show", "404", status=1)
    assert "`ykt enterprise list`" in ykt("member", "add", "NONE", MSISDN, "x", status=1)
    assert "13800000001" in ykt("member", "add", "NONE", "12x", "x", status=1)


def test_a_database_that_is_held_without_taking_orders_is_named(ykt: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading works beside it; writing waits a while, then says who is in the way."""
    monkeypatch.setattr(doors, "_PAUSE", 0.0)
    database = open_database(ykt.data / "database" / "ykt.db")
    try:
        assert "(none)" in ykt("card", "list")
        assert "another instance" in ykt("enterprise", "add", "ACME", "x", status=1)
    finally:
        database.close()


def test_no_command_leaves_its_memory_on_the_disk(ykt: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and passwords would lie in a core file."""
    limits: list[tuple[int, tuple[int, int]]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda *limit: limits.append(limit))
    ykt("enterprise", "list")
    assert limits == [(resource.RLIMIT_CORE, (0, 0))]


@pytest.mark.parametrize("way", ["file", "variable", "readable file"])
def test_a_command_acts_by_the_token_it_is_given(ykt: Typed, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From a file of one's own or the environment, never from the command line."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    token = ykt.json("user", "add", "li", "--role", "enterprise-clerk", "--enterprise", "ACME")["token"]
    file = ykt.file(token + "\n", "token")
    words = ["enterprise", "add", "OTHER", "别家"]
    if way == "variable":
        ykt.as_user(token)
    else:
        Path(file).chmod(0o600 if way == "file" else 0o644)
        words += ["--token-file", file]
    told = ykt(*words, status=2 if way == "readable file" else 1)
    assert ("`chmod 600" if way == "readable file" else "your role does not allow add_enterprise") in told
    ykt.as_owner()
    assert [row["code"] for row in ykt.json("enterprise", "list")] == ["ACME"]


def test_refusals_speak_the_language_of_the_terminal(ykt: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clerk's terminal is Chinese; the code for programs is the same."""
    assert "no enterprise 'NOPE'" in ykt("member", "list", "--enterprise", "NOPE", status=1)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "没有单位 'NOPE'" in ykt("member", "list", "--enterprise", "NOPE", status=1)


def test_a_wrong_word_on_the_command_line_ends_with_status_2(ykt: Typed) -> None:
    """Nothing that looks like an answer is printed."""
    assert "'foo'" in ykt("ota", "job", "list", "--state", "foo", status=2).lower()
    assert "--right" in ykt("card", "issue", ICCID, "ACME", "--right", "swim", status=2)
    assert "31" in ykt(
        "statement", "schedule", "--enterprise", "A", "--kind", "attendance", "--day", "31", "--hour", "9",
        "--since", "2026-10", status=2,
    )  # fmt: skip


def test_a_bad_configuration_ends_with_status_2(ykt: Typed) -> None:
    """One line: the key and the nearest known one."""
    (ykt.data / "ykt.toml").write_text("[http]\nprot = 1\n", encoding="utf-8")
    assert "http.prot: unknown key; did you mean port?" in ykt("card", "list", status=2)


def test_the_audit_chain_can_be_verified(ykt: Typed) -> None:
    """A command seals what it records: an edit before any service ran is named."""
    ykt("enterprise", "add", "ACME", "红岩实业")
    assert "3 records fit the chain and its anchor" in ykt("audit", "verify")
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
