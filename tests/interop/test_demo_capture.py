"""The demo's real traffic, captured on the loopback interface, through the eyes of tshark."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from smsc_gateway.smpp.operations import SubmitSm, decode

TSHARK = shutil.which("tshark")
pytestmark = pytest.mark.skipif(TSHARK is None, reason="tshark: not installed; apt-get install tshark")


def a_free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def dissected(capture: Path, *arguments: str) -> list[str]:
    assert TSHARK is not None
    command = [TSHARK, "-r", str(capture), *arguments]
    shown = subprocess.run(command, capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()


@pytest.fixture(scope="module")
def tour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The guided tour, played once while the loopback interface is captured."""
    folder = tmp_path_factory.mktemp("tour")
    port = a_free_port()
    assert TSHARK is not None
    command = [TSHARK, "-q", "-i", "lo", "-f", f"tcp port {port}", "-w", str(folder / "smpp.pcap")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as capturing:
        assert capturing.stderr is not None
        if not any("Capturing" in line for line in iter(capturing.stderr.readline, "")):
            pytest.skip("capture: not allowed here; run as root or setcap cap_net_raw+ep on dumpcap")
        played = subprocess.run(
            [
                *(sys.executable, "-m", "ykt_telecom", "demo", "--script", "--cards", "4", "--smpp", str(port)),
                *("--pdu-log", str(folder / "pdus.jsonl"), "--stk-capture", str(folder / "stk.pcap")),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        capturing.terminate()
        capturing.communicate(timeout=30)
    assert played.returncode == 0, played.stdout[-2000:] + played.stderr
    assert "facts verified" in played.stdout
    return folder, port


def test_tshark_sees_the_pdus_that_our_log_has(tour: tuple[Path, int]) -> None:
    """As many PDUs dissected as logged, none malformed."""
    folder, port = tour
    capture, smpp = folder / "smpp.pcap", ["-d", f"tcp.port=={port},smpp"]
    rows = dissected(capture, *smpp, "-Y", "smpp", "-T", "fields", "-e", "smpp.command_id")
    logged = (folder / "pdus.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(len(row.split(",")) for row in rows) == len(logged)
    assert dissected(capture, *smpp, "-Y", "_ws.malformed") == []


def test_packets_for_cards_are_marked_as_such(tour: tuple[Path, int]) -> None:
    """PID 7F, DCS F6, UDHI, at most 140 octets; texts are UCS-2 and end at 140 octets too."""
    folder, _ = tour
    kinds: Counter[tuple[int, int, int]] = Counter()
    for line in (folder / "pdus.jsonl").read_text(encoding="utf-8").splitlines():
        pdu = decode(bytes.fromhex(json.loads(line)["octets"]))
        if isinstance(pdu, SubmitSm):
            kinds[pdu.protocol_id, pdu.data_coding, pdu.esm_class & 0x40] += 1
            assert len(pdu.short_message) <= 140
    assert {kind for kind in kinds if kind[0]} == {(0x7F, 0xF6, 0x40)}
    assert all(dcs == 0x08 for pid, dcs, _ in kinds if pid == 0)


def test_tshark_reads_the_stk_session(tour: tuple[Path, int]) -> None:
    """Every command of the path with its Chinese texts, none malformed."""
    folder, _ = tour
    capture = folder / "stk.pcap"
    shown = "\n".join(dissected(capture, "-V"))
    for piece in ("SET UP MENU", "SELECT ITEM", "GET INPUT", "SEND SHORT MESSAGE", "DISPLAY TEXT"):
        assert piece in shown
    for text in ("移动一卡通", "余额查询", "请输入6位一卡通服务密码", "应用已删除"):
        assert text in shown
    assert dissected(capture, "-Y", "_ws.malformed") == []
