"""`ykt smsc serve` as a process."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import smpplib.client
from click.testing import CliRunner

from smsc_gateway.cli.caller import Caller
from smsc_gateway.cli.smsc import smsc
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.status import CommandStatus
from smsc_gateway.smsc.handsets import HandsetFileError, PlainHandset, load_handsets

COMMAND = [sys.executable, "-c", "from smsc_gateway.cli.smsc import smsc; smsc()"]


def test_serve_prints_its_port_takes_a_bind_and_drains_on_sigterm(tmp_path: Path) -> None:
    """Plain options mean serve; port 0 is told; SIGTERM unbinds and exits 0."""
    handsets = tmp_path / "phones.toml"
    handsets.write_text('[[handset]]\nkind = "plain"\nmsisdn = "8613800000001"\n')
    log, capture = tmp_path / "pdus.jsonl", tmp_path / "lines.pcap"
    options = ["--port", "0", "--account", "a:b:10086", "--handsets", str(handsets)]
    options += ["--pdu-log", str(log), "--pcap", str(capture)]
    with subprocess.Popen([*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        word, address = process.stdout.readline().split()
        assert word == "listening"
        client = smpplib.client.Client(address.split(":")[0], int(address.split(":")[1]), allow_unknown_opt_params=True)
        try:
            client.connect()
            client.bind_transceiver(system_id="a", password="b")
            process.send_signal(signal.SIGTERM)
            client.read_once()  # unbind, answered by smpplib
            client.disconnect()
            assert process.wait(15) == 0
        finally:
            process.kill()
    names = [json.loads(line)["pdu"] for line in log.read_text().splitlines()]
    assert names[:3] == ["bind_transceiver", "bind_transceiver_resp", "unbind"]
    assert capture.read_bytes()[:4] == bytes.fromhex("d4c3b2a1")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["serve", "--account", "nopassword"], "ID:PASSWORD"),
        (["serve", "--account", "a:b", "--account", "a:c"], "same ID"),
        (["--port", "70000"], "70000"),
        (["serve", "--handsets", "/no/such/file.toml"], "/no/such/file.toml"),
        (["serve", "--faults", "/no/such/faults.toml"], "/no/such/faults.toml"),
        (["serve", "--faults", __file__], "at line 1"),
    ],
)
def test_bad_configuration_is_one_line_and_exit_2(arguments: list[str], why: str) -> None:
    """The key and the remedy, no stack trace."""
    result = CliRunner().invoke(smsc, arguments)
    assert result.exit_code == 2
    assert why in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[handset]]\n", "msisdn"),
        ('[[handset]]\nmsisdn = "abc"\n', "msisdn"),
        ('[[handset]]\nmsisdn = "1"\nkind = "fax"\n', "kind 'fax' is unknown"),
        ('[[handset]]\nmsisdn = "1"\n[[handset]]\nmsisdn = "1"\n', "stands twice"),
        ("[[handset", "handsets.toml"),
    ],
)
def test_handset_file_mistakes_name_the_table(tmp_path: Path, text: str, why: str) -> None:
    """Which table, and what to write instead."""
    path = tmp_path / "handsets.toml"
    path.write_text(text)
    with pytest.raises(HandsetFileError, match=why):
        load_handsets(path)


def test_a_port_that_is_taken_is_one_line_and_exit_1() -> None:
    """Somebody else listens there: said, with what to do, and no traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1
    assert "choose another --port" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_tls_file_that_is_none_is_one_line_and_exit_2(tmp_path: Path) -> None:
    """No certificate in it: the option is named."""
    (tmp_path / "empty.pem").write_text("nothing")
    options = ["--port", "0", "--tls", str(tmp_path / "empty.pem")]
    ran = subprocess.run([*COMMAND, *options], capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 2
    assert "--tls" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_plain_handsets_need_no_other_package(tmp_path: Path) -> None:
    """The built-in kind."""
    path = tmp_path / "handsets.toml"
    path.write_text('[[handset]]\nmsisdn = "8613800000001"\n[[handset]]\nmsisdn = "8613800000002"\n')
    phones = load_handsets(path)
    assert [type(phone) for phone in phones] == [PlainHandset, PlainHandset]


def test_help_is_everywhere() -> None:
    """--help of the group and of serve."""
    assert "serve" in CliRunner().invoke(smsc, ["--help"]).output
    assert "--deliver-before-resp" in CliRunner().invoke(smsc, ["serve", "--help"]).output


def test_serve_misbehaves_by_its_script(tmp_path: Path) -> None:
    """One refused bind, then one that is taken."""
    script = tmp_path / "faults.toml"
    script.write_text('[[fault]]\nkind = "bind_refused"\ncount = 1\n')
    options = ["--port", "0", "--account", "a:b", "--faults", str(script)]
    with subprocess.Popen(
        [*COMMAND, *options], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        host, port = process.stdout.readline().split()[1].split(":")
        try:
            bind = op.BindTransceiver(system_id=b"a", password=b"b")
            for expected in (CommandStatus.RBINDFAIL, CommandStatus.ROK):
                caller = Caller(host, int(port))
                answers, _ = caller.raw(op.encode(bind, 1))
                assert op.decode(answers[0]).status == expected
                caller.close()
        finally:
            process.kill()
