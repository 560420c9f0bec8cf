"""Programs of strangers take our card for real: pcsc-tools, OpenSC, pyscard through pcscd and the virtual reader.

To enable, as root: apt-get install -y pcscd pcsc-tools opensc vsmartcard-vpcd, and pyscard in this Python (the extra
`pcsc`: apt-get install -y libpcsclite-dev swig gcc python3-dev, then pip install pyscard).
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from stk_applet_sim.uicc.profile import CardProfile

from .island import READER, SECOND_PORT, SECOND_READER, Island, island, missing

WHY_NOT = missing("pcsc_scan", "opensc-tool", "timeout") or (
    "" if importlib.util.find_spec("smartcard") else "pyscard is not installed; pip install 'ykt-telecom[pcsc]'"
)
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=f"pcscd: {WHY_NOT}")

YKT = CardProfile.named("ykt")
APDUS, APDUS_PER_SECOND = 50_000, 1_000
READER_COMMAND = "from stk_applet_sim.cli.sim import reader; reader()"
LOOP = """
import json, sys, time
from smartcard.System import readers
[reader] = [reader for reader in readers() if str(reader) == sys.argv[1]]
connection = reader.createConnection()
connection.connect()
connection.transmit(list(bytes.fromhex("00A4000C022FE2")))
command, expected = list(bytes.fromhex("00B000000A")), list(bytes.fromhex(sys.argv[2]))
errors, begun = 0, time.perf_counter()
for _ in range(int(sys.argv[3])):
    errors += connection.transmit(command) != (expected, 0x90, 0x00)
print(json.dumps({"errors": errors, "seconds": time.perf_counter() - begun}))
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    """A private PC/SC world with a `ykt` card in it."""
    with island(tmp_path_factory.mktemp("pcsc")) as made, made.card("ykt"):
        yield made


def desk(world: Island, *words: str) -> str:
    ran = world.run(sys.executable, "-c", READER_COMMAND, *words)
    assert ran.returncode == 0, ran.stdout
    return ran.stdout


def test_pcsc_scan_sees_the_card(world: Island) -> None:
    """The card is there, with our ATR, and the scanner finds no fault in the ATR's checksum."""
    seen = re.sub("\x1b\\[[0-9;]*m", "", world.run("timeout", "4", "pcsc_scan").stdout)
    assert READER in seen
    assert "Card inserted" in seen
    assert f"ATR: {YKT.atr.hex(' ').upper()}" in seen
    assert "(correct checksum)" in seen


def test_opensc_reads_the_atr_and_sends_apdus(world: Island) -> None:
    """opensc-tool -a and -s."""
    assert world.run("opensc-tool", "-r", "0", "-a").stdout.strip() == YKT.atr.hex(":")
    answered = world.run("opensc-tool", "-r", "0", "-s", "00:A4:00:04:02:3F:00").stdout
    assert "SW1=0x90, SW2=0x00" in answered or "SW1=0x61" in answered, answered


def test_fifty_thousand_apdus_without_an_error(world: Island) -> None:
    """pyscard reads EF.ICCID over and over: every answer right, more than a thousand a second."""
    iccid = YKT.identity.iccid.octets().hex()
    ran = world.run(sys.executable, "-c", LOOP, READER, iccid, str(APDUS), timeout=300)
    assert ran.returncode == 0, ran.stdout
    found = json.loads(ran.stdout)
    assert found["errors"] == 0
    assert APDUS / found["seconds"] >= APDUS_PER_SECOND


def test_two_cards_are_not_mixed_up(world: Island) -> None:
    """Two programs read two cards at once, thousands of times: each hears its own card only."""
    plain = CardProfile.named("plain")
    with world.card("plain", "--vpcd", f"127.0.0.1:{SECOND_PORT}", reader=SECOND_READER), ThreadPoolExecutor() as pool:
        loops = [
            pool.submit(world.run, sys.executable, "-c", LOOP, reader, profile.identity.iccid.octets().hex(), "3000")
            for reader, profile in ((READER, YKT), (SECOND_READER, plain))
        ]
        found = [json.loads(loop.result().stdout) for loop in loops]
    assert [one["errors"] for one in found] == [0, 0]


def test_our_desk_reads_our_card(world: Island) -> None:
    """`ykt reader list`, `read`, `apps` and `apdu` on the same reader."""
    assert READER in desk(world, "list").splitlines()
    facts = json.loads(desk(world, "read", "--reader", "00 00", "--json"))
    identity = YKT.identity
    assert facts == {
        "reader": READER,
        "atr": YKT.atr.hex().upper(),
        "iccid": identity.iccid.digits,
        "imsi": identity.imsi.digits,
        "msisdn": identity.msisdn.digits,
        "service_provider": "YKT OneCard",
    }
    kinds = [row["kind"] for row in json.loads(desk(world, "apps", "--reader", READER, "--json"))]
    assert kinds == ["USIM", "card manager", "menu applet"]
    assert desk(world, "apdu", "--reader", READER, "00A40004026FFF").startswith("6A82")


def test_desk_tells_which_readers_there_are(world: Island) -> None:
    """A wrong name ends in one line with the right ones."""
    ran = world.run(sys.executable, "-c", READER_COMMAND, "read", "--reader", "Nobody's")
    assert ran.returncode == 1
    assert READER in ran.stdout
    assert len(ran.stdout.splitlines()) == 1


def test_state_file_survives_the_card_being_pulled(tmp_path: Path) -> None:
    """A try of PIN 2 spent before the card was taken out is still spent when it comes back."""
    state = tmp_path / "card.json"
    with island(tmp_path) as world:
        with world.card("plain", "--state", str(state)):
            assert desk(world, "apdu", "--reader", READER, "00200081083131313131313131").startswith("63C2")
        with world.card("plain", "--state", str(state)):
            assert desk(world, "apdu", "--reader", READER, "0020008100").startswith("63C2")
