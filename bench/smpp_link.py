"""submit_sm → submit_sm_resp over loopback, client and simulator in two processes: `python -m bench.smpp_link`.

The simulator runs as `ykt smsc serve` does, log and capture off; the clients are our AwaitedLink and, beside it in the
same run, smpplib, and node-smpp and smpp.twisted3 where YKT_NODE_SMPP and YKT_SMPP_TWISTED3 name them (as for
tests/interop). One JSON line per client and window: median of the repetitions with their spread, latencies of the
middle one, CPU time per message of both ends, and how far the resident memory of both grew.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import resource
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import structlog

PEERS = Path(__file__).parent / "peers"
SERVE = "from smsc_gateway.cli.smsc import smsc; smsc()"
SUBMISSION: dict[str, Any] = {
    "source_addr_ton": 1,
    "source_addr_npi": 1,
    "source_addr": b"106900001",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": b"8613900000009",
    "esm_class": 0x40,
    "protocol_id": 0x7F,
    "data_coding": 0xF6,
    "short_message": bytes.fromhex("027000") + bytes(range(1, 138)),
}


async def ours(reactor: Any, port: int, n: int, window: int, options: argparse.Namespace) -> tuple[float, list[float]]:
    """Seconds for n submissions through AwaitedLink with `window` Tasks, and the latencies."""
    from smsc_gateway.line.tls import Tls  # noqa: PLC0415
    from smsc_gateway.links.awaited import AwaitedLink  # noqa: PLC0415 - after the reactor
    from smsc_gateway.links.config import LinkConfig  # noqa: PLC0415
    from smsc_gateway.links.outcome import Certainty  # noqa: PLC0415
    from smsc_gateway.smpp.operations import DeliverSm, SubmitSm  # noqa: PLC0415

    receipts = 0

    async def on_deliver(_: DeliverSm) -> int:
        nonlocal receipts
        receipts += 1
        return 0

    tls = Tls(pin=options.pin) if options.pin else None
    config = LinkConfig("127.0.0.1", port, "bench", "bench", window=window, tls=tls)
    link = AwaitedLink(config, on_deliver=on_deliver, reactor=reactor, random=Random(1))
    link.start()
    await link.bound.wait()
    latencies: list[float] = []
    left = n
    submission = SubmitSm(**SUBMISSION, registered_delivery=int(options.receipts))
    sample = max(1, n // 100_000)  # latencies of a million messages would be the memory measured

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            begun = time.perf_counter()
            result = await link.submit(submission)
            if left % sample == 0:
                latencies.append(time.perf_counter() - begun)
            assert result.certainty is Certainty.ACCEPTED, result

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(window)))
    while options.receipts and receipts < n:
        await asyncio.sleep(0.001)
    seconds = time.perf_counter() - start
    await link.stop()
    return seconds, latencies


def theirs(port: int, n: int, window: int) -> tuple[float, list[float]]:
    """The same through smpplib: a reading thread frees places in the window."""
    import smpplib.client  # noqa: PLC0415

    client = smpplib.client.Client("127.0.0.1", port, allow_unknown_opt_params=True)
    room = threading.Semaphore(window)
    begun: dict[int, float] = {}
    latencies: list[float] = []
    done = threading.Event()

    def sent(pdu: Any) -> None:
        latencies.append(time.perf_counter() - begun.pop(pdu.sequence))
        room.release()
        if len(latencies) == n:
            done.set()

    client.set_message_sent_handler(sent)
    client.connect()
    client.bind_transceiver(system_id="bench", password="bench")  # noqa: S106 - the bench's own simulator
    reading = threading.Thread(target=_listen, args=(client,), daemon=True)
    reading.start()
    text = {name: value.decode() if name.endswith("addr") else value for name, value in SUBMISSION.items()}
    start = time.perf_counter()
    for _ in range(n):
        room.acquire()
        pdu = smpplib.smpp.make_pdu("submit_sm", client=client, **text)
        begun[pdu.sequence] = time.perf_counter()
        client.send_pdu(pdu)
    done.wait(60)
    seconds = time.perf_counter() - start
    client.send_pdu(smpplib.smpp.make_pdu("unbind", client=client))
    reading.join(5)
    client.state = "CLOSED"
    return seconds, latencies


def _listen(client: Any) -> None:
    """smpplib's reading loop; the end of the connection ends it."""
    with contextlib.suppress(Exception):
        client.listen()


def report(name: str, n: int, runs: list[tuple[float, list[float]]], extra: dict[str, Any]) -> None:
    rates = [n / seconds for seconds, _ in runs]
    median = statistics.median(rates)
    _, latencies = min(runs, key=lambda run: abs(n / run[0] - median))
    latencies.sort()
    line: dict[str, Any] = {
        "bench": f"smpp_link: {name}",
        "n": n,
        "rate": round(median),
        "least": round(min(rates)),
        "most": round(max(rates)),
        "unit": "submit/s",
        "rss_mb": round(resident(os.getpid()), 1),
        "load": round(os.getloadavg()[0], 1),
        **extra,
    }
    if latencies:
        line["p50_ms"] = round(latencies[len(latencies) // 2] * 1e3, 3)
        line["p99_ms"] = round(latencies[int(len(latencies) * 0.99)] * 1e3, 3)
    print(json.dumps(line), flush=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def resident(pid: int) -> float:
    """Resident memory of a process now, MB."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def program(*command: str) -> tuple[float, list[float]]:
    """A peer's client as a program of its own: the seconds it reports."""
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])["seconds"], []


async def run(reactor: Any, options: argparse.Namespace, port: int, pid: int) -> None:
    await ours(reactor, port, max(2000, options.n // 10), 50, options)  # warm
    for window in options.window:
        await run_window(reactor, options, port, pid, window)


async def run_window(reactor: Any, options: argparse.Namespace, port: int, pid: int, window: int) -> None:
    """Every client at one window, one after another."""
    before, mine, memory = cpu_seconds(pid), time.process_time(), (resident(os.getpid()), resident(pid))
    runs = [await ours(reactor, port, options.n, window, options) for _ in range(options.repeat)]
    total = options.n * options.repeat
    extra = {
        "window": window,
        "receipts": options.receipts,
        "tls": bool(options.pin),
        "client_cpu_us": round((time.process_time() - mine) / total * 1e6, 2),
        "server_cpu_us": round((cpu_seconds(pid) - before) / total * 1e6, 2),
        "client_growth_mb": round(resident(os.getpid()) - memory[0], 1),
        "server_growth_mb": round(resident(pid) - memory[1], 1),
    }
    report("AwaitedLink > simulator", options.n, runs, extra)
    if options.alone or options.pin:
        return
    n = max(1000, options.n // 10)
    peers: dict[str, Callable[[], tuple[float, list[float]]]] = {"smpplib": lambda: theirs(port, n, window)}
    node, twisted3 = os.environ.get("YKT_NODE_SMPP"), os.environ.get("YKT_SMPP_TWISTED3")
    numbers = (str(port), str(n), str(window))
    if node:
        peers["node-smpp"] = lambda: program("node", str(PEERS / "node_load.js"), node, *numbers)
    if twisted3:
        peers["smpp.twisted3"] = lambda: program(twisted3, str(PEERS / "twisted3_load.py"), *numbers)
    loop = asyncio.get_running_loop()
    for name, client in peers.items():
        peer = [await loop.run_in_executor(None, client) for _ in range(options.repeat)]
        report(f"{name} > simulator", n, peer, {"window": window})


def certificate(folder: Path) -> tuple[Path, str]:
    """A throw-away certificate with its key, and its SHA-256."""
    path = folder / "bench.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=bench", "-keyout", str(path), "-out", str(folder / "cert.pem")),
        ],
        check=True,
        capture_output=True,
    )
    pem = (folder / "cert.pem").read_text(encoding="ascii")
    with path.open("a", encoding="ascii") as file:
        file.write(pem)
    return path, hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--window", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--receipts", action="store_true", help="ask for receipts and await them")
    parser.add_argument("--tls", action="store_true", help="over TLS, pinned; our client only")
    parser.add_argument("--alone", action="store_true", help="our client only")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    path, options.pin = certificate(folder) if options.tls else (None, "")
    from smsc_gateway.line.reactor import install  # noqa: PLC0415 - before anything imports the reactor

    reactor = install()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    command = [sys.executable, "-c", SERVE, "--port", "0", "--account", "bench:bench"]
    if path is not None:
        command += ["--tls", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        reactor.callWhenRunning(_start, reactor, run(reactor, options, port, process.pid))
        reactor.run()
        process.terminate()
    shutil.rmtree(folder)


def _start(reactor: Any, work: Any) -> None:
    task = asyncio.ensure_future(work, loop=reactor._asyncioEventloop)
    task.add_done_callback(lambda done: (reactor.stop(), done.result()))


if __name__ == "__main__":
    main()
