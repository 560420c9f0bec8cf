"""Kannel, bound to our simulator: 1,000 messages by HTTP, its own delivery reports, and phones' messages.

Kannel comes from Debian (`apt-get install kannel`). It runs twice as programs of its own: bearerbox and smsbox, on
loopback ports only.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from smsc_gateway.smsc.handsets import PlainHandset
from tests.interop.dissection import Captured, needs_tshark
from tests.smsc_gateway.loopback import PHONE, a_server
from tests.tasks import in_task

BEARERBOX, SMSBOX = (shutil.which(name, path="/usr/sbin:/usr/bin") for name in ("bearerbox", "smsbox"))
pytestmark = pytest.mark.skipif(
    BEARERBOX is None or SMSBOX is None, reason="kannel: not installed; apt-get install --no-install-recommends kannel"
)
COUNT = 1_000
MO = 100

CONFIGURATION = """
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = bar
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = simulator
host = 127.0.0.1
port = {smsc}
transceiver-mode = true
smsc-username = ykt
smsc-password = secret
system-type = ""
interface-version = 34
enquire-link-interval = 30

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {http}
sendsms-interface = 127.0.0.1
global-sender = 10086

group = sendsms-user
username = u
password = p
max-messages = 10
concatenation = true

group = sms-service
keyword = default
catch-all = true
max-messages = 0
get-url = "http://127.0.0.1:{reports}/mo?text=%b&coding=%c"
"""


class Reports:
    """What Kannel tells us over HTTP: delivery reports and phones' messages."""

    def __init__(self) -> None:
        self.delivered: list[str] = []
        self.others: list[str] = []
        self.texts: list[str] = []
        reports = self

        class Listener(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                where = urllib.parse.urlparse(self.path)
                query = urllib.parse.parse_qs(where.query, encoding="latin-1")
                if where.path == "/mo":
                    raw = query.get("text", [""])[0].encode("latin-1")
                    reports.texts.append(raw.decode("utf-16-be" if query.get("coding") == ["2"] else "utf-8"))
                else:
                    (reports.delivered if query["type"] == ["1"] else reports.others).append(query["id"][0])
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 1024  # Kannel fetches hundreds of reports at once and does not try again

        self.server = Server(("127.0.0.1", 0), Listener)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports


@contextmanager
def kannel(folder: Path, smsc: int, reports: int) -> Iterator[int]:
    """Both boxes, up; the port of sendsms."""
    admin, boxes, http = free_ports(3)
    configuration = folder / "kannel.conf"
    configuration.write_text(CONFIGURATION.format(admin=admin, boxes=boxes, http=http, smsc=smsc, reports=reports))
    assert BEARERBOX is not None
    assert SMSBOX is not None
    running: list[subprocess.Popen[bytes]] = []
    try:
        for program, port in ((BEARERBOX, boxes), (SMSBOX, http)):
            with (folder / f"{Path(program).name}.log").open("wb") as log:
                running.append(subprocess.Popen([program, "-v", "1", str(configuration)], stdout=log, stderr=log))
            _wait_for(port)
        yield http
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with closing(socket.socket()) as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}")


def send(http: int, reports: int, number: int) -> str:
    """One sendsms request: ASCII, UCS-2 or a long one in turn; Kannel's answer."""
    text = (f"message {number}", f"消息 {number}", "长" * 80 + str(number))[number % 3]
    fields = {
        "username": "u",
        "password": "p",
        "to": f"+{PHONE}",
        "dlr-mask": "3",
        "dlr-url": f"http://127.0.0.1:{reports}/dlr?type=%d&id={number}",
        "coding": "0" if number % 3 == 0 else "2",
        "charset": "UTF-8",
        "text": text,
    }
    url = f"http://127.0.0.1:{http}/cgi-bin/sendsms?{urllib.parse.urlencode(fields)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


@needs_tshark
@in_task
async def test_kannel_sends_a_thousand_messages_and_gets_a_thousand_reports(tmp_path: Path) -> None:
    """Each is accepted and reported as delivered; each message of the phone comes out of Kannel's own URL."""
    captured = Captured(tmp_path / "smpp.pcap")
    server = a_server(observers=captured.observers)
    phone = PlainHandset(PHONE)
    server.attach(phone)
    reports = Reports()
    port = server.listen(port=0)
    loop = asyncio.get_running_loop()

    def talk() -> list[str]:
        with kannel(tmp_path, port, reports.port) as http:
            _until(lambda: server.counts["connections"] >= 1)
            with ThreadPoolExecutor(64) as senders:
                answers = list(senders.map(lambda number: send(http, reports.port, number), range(COUNT)))
            _until(lambda: len(reports.delivered) >= COUNT)
            loop.call_soon_threadsafe(from_the_phone)
            _until(lambda: len(reports.texts) >= MO)
            return answers

    def from_the_phone() -> None:
        for number in range(MO):
            phone.send("10086", f"余额 {number}" if number % 2 else f"balance {number}")

    answers = await loop.run_in_executor(None, talk)
    await server.stop()
    reports.server.shutdown()
    reports.server.server_close()
    assert {answer.partition(":")[0] for answer in answers} <= {"0", "3"}, set(answers)
    assert sorted(map(int, reports.delivered)) == list(range(COUNT))
    assert reports.others == []
    assert len(reports.texts) == MO
    assert sum(tpdu.udhi for tpdu in phone.inbox) >= 2 * (COUNT // 3)
    assert sum(not tpdu.udhi for tpdu in phone.inbox) == COUNT - COUNT // 3
    assert (server.counts["refused PDUs"], server.counts["submissions refused"]) == (0, 0)
    captured.tshark_agrees()


def _until(claim: object, seconds: float = 60.0) -> None:
    assert callable(claim)
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            raise TimeoutError("Kannel did not get there")
        time.sleep(0.02)
