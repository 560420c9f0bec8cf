"""submit_sm → submit_sm_resp over loopback, client and simulator in two processes: `python -m bench.smpp_link`.

The simulator runs as `ykt smsc serve` does, log and capture off; the clients are our EsmeLink and, beside it in the
same run, smpplib. One JSON line per client: median of the repetitions with their spread, latencies of the middle one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from random import Random
from typing import Any

import structlog

SERVE = "from smsc_gateway.cli import smsc; smsc()"
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


async def ours(reactor: Any, port: int, n: int, window: int) -> tuple[float, list[float]]:
    """Seconds for n submissions through EsmeLink with `window` Tasks, and the latencies."""
    from smsc_gateway.esme import Certainty, EsmeLink, LinkConfig  # noqa: PLC0415 - after the reactor
    from smsc_gateway.smpp.operations import DeliverSm, SubmitSm  # noqa: PLC0415

    async def on_deliver(_: DeliverSm) -> int:
        return 0

    config = LinkConfig("127.0.0.1", port, "bench", "bench", window=window)
    link = EsmeLink(config, on_deliver=on_deliver, reactor=reactor, random=Random(1))
    link.start()
    await link.bound.wait()
    latencies: list[float] = []
    left = n
    submission = SubmitSm(**SUBMISSION)

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            begun = time.perf_counter()
            result = await link.submit(submission)
            latencies.append(time.perf_counter() - begun)
            assert result.certainty is Certainty.ACCEPTED, result

    start = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(window)))
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
    line = {
        "bench": f"smpp_link: {name}",
        "n": n,
        "rate": round(median),
        "least": round(min(rates)),
        "most": round(max(rates)),
        "unit": "submit/s",
        "p50_ms": round(latencies[len(latencies) // 2] * 1e3, 3),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)] * 1e3, 3),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        **extra,
    }
    print(json.dumps(line), flush=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def run(reactor: Any, options: argparse.Namespace, port: int, pid: int) -> None:
    await ours(reactor, port, options.n // 10, options.window)  # warm
    before, mine = cpu_seconds(pid), time.process_time()
    runs = [await ours(reactor, port, options.n, options.window) for _ in range(options.repeat)]
    total = options.n * options.repeat
    extra = {
        "window": options.window,
        "client_cpu_us": round((time.process_time() - mine) / total * 1e6, 2),
        "server_cpu_us": round((cpu_seconds(pid) - before) / total * 1e6, 2),
    }
    report("EsmeLink > simulator", options.n, runs, extra)
    n = max(1000, options.n // 10)
    loop = asyncio.get_running_loop()
    peer = [await loop.run_in_executor(None, theirs, port, n, options.window) for _ in range(options.repeat)]
    report("smpplib > simulator", n, peer, {"window": options.window})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=50_000)
    parser.add_argument("--window", type=int, default=50)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    from smsc_gateway.reactor import install  # noqa: PLC0415 - before anything imports the reactor

    reactor = install()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    command = [sys.executable, "-c", SERVE, "--port", "0", "--account", "bench:bench"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        reactor.callWhenRunning(_start, reactor, run(reactor, options, port, process.pid))
        reactor.run()
        process.terminate()


def _start(reactor: Any, work: Any) -> None:
    task = asyncio.ensure_future(work, loop=reactor._asyncioEventloop)
    task.add_done_callback(lambda done: (reactor.stop(), done.result()))


if __name__ == "__main__":
    main()
