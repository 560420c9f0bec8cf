"""`ykt smsc probe` and `ykt sms send` against the simulator on a loopback port."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from twisted.internet import reactor

from smsc_gateway.cli.tools import probe, sms
from smsc_gateway.smsc.faults import FaultScript
from smsc_gateway.smsc.faulty import FaultyServer
from smsc_gateway.smsc.handsets import PlainHandset
from tests.tasks import in_task

from ..loopback import ACCOUNT, PHONE, a_server, now


async def asked(
    command: click.Command, *arguments: str, script: str = "", password: str = ACCOUNT.password, **options: Any
) -> tuple[Result, PlainHandset]:
    """Run a command beside the loop against a simulator with one phone."""
    if script:
        ids = (f"{number:08X}" for number in range(0xA1, 0xFFFF))
        server = FaultyServer(
            [ACCOUNT], script=FaultScript.parse(script), reactor=reactor, clock=now, message_ids=ids, **options
        )
    else:
        server = a_server(**options)  # type: ignore[assignment]
    phone = PlainHandset(PHONE)
    server.attach(phone)
    port = server.listen(port=0)
    at = arguments.index("AT")
    line = [*arguments[:at], "127.0.0.1", str(port), "--system-id", "ykt", *arguments[at + 1 :]]
    runner = CliRunner(env={"YKT_SMPP_PASSWORD": password})
    result = await asyncio.get_running_loop().run_in_executor(None, lambda: runner.invoke(command, line))
    await server.stop()
    return result, phone


@in_task
async def test_probe_finds_nothing_odd_with_our_simulator() -> None:
    """Binds, answers, refusals and receipts as the standard has them; smpplib gets on as well."""
    result, phone = await asked(probe, "AT", "--from", "10086", "--to", f"+{PHONE}", "--json")
    told = [line for line in result.stdout.splitlines() if line.startswith("{")]  # our own log is there too
    findings = {finding["question"]: finding for finding in map(json.loads, told)}
    assert result.exit_code == 0, result.output
    assert not [finding for finding in findings.values() if finding["well"] is False]
    assert "sc_interface_version 0x34" in findings["bind_transceiver"]["answer"]
    assert findings["receipts"]["answer"].startswith("2 of 2")
    assert findings["smpplib"]["well"]
    assert len(phone.inbox) == 2
    assert "secret" not in result.output


@in_task
async def test_probe_tells_in_which_spelling_receipts_come() -> None:
    """Hexadecimal in the answer, decimal in the receipt."""
    result, _ = await asked(probe, "AT", "--to", PHONE, script='[[fault]]\nkind = "id"\nstyle = "decimal"\n')
    assert "0 with the id as given, 2 in another spelling (161 for 000000A1)" in result.stdout


@in_task
async def test_probe_with_a_wrong_password_says_so_and_fails() -> None:
    """The exit code is for scripts."""
    result, _ = await asked(probe, "AT", password="wrong")
    assert result.exit_code == 1
    assert "RINVPASWD" in result.stdout


@in_task
async def test_long_text_is_sent_and_its_receipts_awaited() -> None:
    """Two segments, both delivered: 0."""
    result, phone = await asked(sms, "send", "AT", "--from", "10086", "--to", PHONE, "--text", "长" * 80, "--wait", "5")
    assert result.exit_code == 0, result.output
    assert result.stdout.count("accepted as") == 2
    assert result.stdout.count(": delivered") == 2
    assert [tpdu.udhi for tpdu in phone.inbox] == [True, True]


@pytest.mark.parametrize(
    ("number", "script", "wait", "code", "words"),
    [
        ("8613900000009", "", "5", 1, "undeliverable, error 001"),
        ("no number", "", "0", 1, "RINVDSTADR: 11>; do not send it again"),
        (PHONE, '[[fault]]\nkind = "throttle"\n', "0", 1, "it may be sent again"),
        (PHONE, '[[fault]]\nkind = "silence"\n', "0", 3, "it may have been accepted"),
        (PHONE, '[[fault]]\nkind = "lost_receipt"\n', "0.3", 3, "accepted as"),
    ],
)
@in_task
async def test_exit_code_says_what_became_of_it(number: str, script: str, wait: str, code: int, words: str) -> None:
    """1 when it failed, 3 when nobody knows."""
    result, _ = await asked(
        sms, "send", "AT", "--to", number, "--text", "hello", "--wait", wait, "--timeout", "0.5", script=script
    )
    assert (result.exit_code, words in result.output) == (code, True), result.output


def test_nobody_listens() -> None:
    """One line, no trace."""
    arguments = ["send", "127.0.0.1", "1", "--system-id", "x", "--to", "1", "--text", "x"]
    result = CliRunner(env={"YKT_SMPP_PASSWORD": "x"}).invoke(sms, arguments)
    assert result.exit_code == 1
    assert "cannot connect to 127.0.0.1:1" in result.output
