"""Packets from the command line: sealed, cut, opened again, and what a wrong key gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from telecom_codecs.errors import CheckFailed, CodecError, LocalError
from tests.vectors import curated
from ykt_telecom.faces.cli.packet import packet

SELECT, READ = "00A40004023F00", "00B2010426"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(packet, arguments)


def decoded(*arguments: str) -> dict[str, Any]:
    """What `decode --json` says."""
    result = run("decode", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def a_key_file(folder: Path, kic_key: str = "11" * 16, kid_key: str = "22" * 16, more: str = "") -> str:
    path = folder / "keys.toml"
    path.write_text(f'kic_key = "{kic_key}"\nkid_key = "{kid_key}"\n{more}', encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("row", [r for r in curated("ota") if r["kind"] == "command" and r["kid_key"] and r["kic_key"]],
                         ids=lambda row: row["name"])  # fmt: skip
def test_a_foreign_packet_is_written_and_read(row: dict[str, Any], tmp_path: Path) -> None:
    """The same octets as another program's, and its script back."""
    weak = ("--weak",)
    keys = ("--keys", a_key_file(tmp_path, row["kic_key"], row["kid_key"]))
    security = ("--spi", row["spi1"] + row["spi2"], "--kic", row["kic"], "--kid", row["kid"])
    length = ("--mac-length", "4") if len(row["rc_cc_ds"]) == 8 else ()
    counter = ("--tar", row["tar"], "--cntr", str(int(row["cntr"], 16)))
    data = ("--data", row["plaintext"]) if row["plaintext"] else ()
    sealed = run("encode", *keys, *security, *counter, *length, *data, *weak)
    assert sealed.output.strip() == row["packet"]
    found = decoded(*keys, *weak, row["packet"])
    assert (found["data"], found["tar"].lower()) == (row["plaintext"], row["tar"])


def test_a_long_script_comes_back_from_its_segments(tmp_path: Path) -> None:
    """Sealed once, cut, given in any order."""
    keys = ("--keys", a_key_file(tmp_path))
    apdus = [argument for _ in range(30) for argument in ("--apdu", SELECT, "--apdu", READ)]
    lines = run("encode", *keys, "--tar", "B00011", "--cntr", "5", "--segments", "9", *apdus).output.split()
    assert len(lines) == 3
    found = decoded(*keys, *reversed(lines))
    assert found["apdus"] == [SELECT.lower(), READ.lower()] * 30
    assert (found["cntr"], found["spi"], found["check_octets"]) == (5, "1639", 8)
    missing = run("decode", *keys, *lines[1:])
    assert isinstance(missing.exception, CodecError)
    assert missing.exit_code == 1


def test_a_response_is_read_by_what_its_command_asked(tmp_path: Path) -> None:
    """Authentic only with its CC; an unsecured one needs no key and proves nothing."""
    keys = ("--keys", a_key_file(tmp_path, more='spi = "1639"\nkic = "12"\nkid = "12"\n'))
    answer = ("--response", "--tar", "B00011", "--cntr", "5", "--data", "019000")
    sealed = run("encode", *keys, *answer, "--segments", "0").output.strip()
    assert sealed.startswith("027100")
    found = decoded("--response", *keys, sealed)
    assert (found["authentic"], found["executed"], found["sw"], found["meaning"]) == (True, 1, "9000", "OK")
    plain = run("encode", "--spi", "0001", *answer).output.strip()
    assert decoded("--response", "--spi", "0001", plain)["authentic"] is False


def test_people_read_it_without_json(tmp_path: Path) -> None:
    """One name a line."""
    keys = ("--keys", a_key_file(tmp_path))
    sealed = run("encode", *keys, "--tar", "B00011", "--apdu", SELECT).output.strip()
    lines = run("decode", *keys, sealed).output.splitlines()
    assert "tar           B00011" in lines
    assert f"apdus         {SELECT.lower()}" in lines


def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    """Status 1; the answer names no key."""
    sealed = run("encode", "--keys", a_key_file(tmp_path), "--tar", "B00011", "--apdu", SELECT).output.strip()
    result = run("decode", "--keys", a_key_file(tmp_path, kid_key="33" * 16), sealed)
    assert isinstance(result.exception, CheckFailed)
    assert "33" * 16 not in result.output + str(result.exception)


def test_weak_algorithms_need_a_word(tmp_path: Path) -> None:
    """Single DES only on demand."""
    keys = ("--keys", a_key_file(tmp_path, "11" * 8, "22" * 8))
    arguments = ("encode", *keys, "--kic", "11", "--kid", "11", "--tar", "B00011", "--apdu", SELECT)
    assert isinstance(run(*arguments).exception, LocalError)
    assert run(*arguments, "--weak").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("encode", "--tar", "B000"),
        ("encode", "--tar", "B00011", "--apdu", "0"),
        ("encode", "--tar", "B00011", "--apdu", SELECT, "--data", "00"),
        ("encode", "--tar", "B00011", "--cntr", "1099511627776"),
        ("encode", "--keys", "/no/such/file", "--tar", "B00011"),
        ("decode", "xyz"),
        ("decode",),
    ],
)
def test_a_slip_on_the_command_line_is_explained(arguments: tuple[str, ...]) -> None:
    """Usage errors are status 2 and name the option."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage" in result.output


@pytest.mark.parametrize("octets", ["0000", "0003020100", "027000", "02700000", "00" * 20])
def test_what_is_no_packet_is_refused(octets: str) -> None:
    """A declared error, whatever comes."""
    assert isinstance(run("decode", octets).exception, CodecError)
