"""SIGTERM, once and twice: a clean end, whatever runs."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

SERVE = """
import sys
from pathlib import Path
from smsc_gateway.line.reactor import install
reactor = install()
from ykt_telecom.runtime.settings import read_settings
from ykt_telecom.wiring.service import Service, serve
settings = read_settings(None, {}, data_dir=Path(sys.argv[1]), http={"port": 0})
from ykt_telecom.registry.keys.wrapping import create_kek
create_kek(settings.kek_path, bytes(range(32)))
def join(service):
    async def started():
        reactor.callLater(0.2, lambda: print("started", flush=True))
    async def stopping():
        service.died.set()  # a critical part ends while the service stops
    service.on_start.append(started)
    service.on_stop.append(stopping)
reason = serve(settings, reactor, (join,))
print("reason", reason)
"""


def test_service_stops_cleanly_also_when_it_is_told_twice(tmp_path: Path) -> None:
    """No traceback, exit 0: neither from a part that dies while it stops nor from the second signal."""
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        seen: list[str] = []
        for line in process.stdout:
            seen.append(line)
            if line.startswith("started"):
                break
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    text = "".join(seen) + rest
    assert "Traceback" not in text, text
    assert "never retrieved" not in text, text
    assert process.returncode == 0, text
    assert "reason None" in text
