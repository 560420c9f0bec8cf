"""What tshark makes of a simulator's lines, held against our own log of them."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from smsc_gateway.line.observers import Observer, PcapLog, PduLog
from tests.smsc_gateway.loopback import now

TSHARK = shutil.which("tshark")
needs_tshark = pytest.mark.skipif(TSHARK is None, reason="tshark: not installed; apt-get install tshark")


class Captured:
    """Observers for a simulator; afterwards :meth:`tshark_agrees` tells whether a stranger reads what we logged."""

    def __init__(self, capture: Path) -> None:
        self._capture = capture
        self._file = capture.open("wb")
        self._text = io.StringIO()
        self.observers: list[Observer] = [PduLog(self._text, now), PcapLog(self._file, now)]

    def tshark_agrees(self) -> None:
        """As many PDUs, none malformed, every request answered exactly once."""
        self._file.close()
        logged = [json.loads(line) for line in self._text.getvalue().splitlines()]
        fields = ("smpp.command_id", "tcp.srcport", "smpp.sequence_number", "tcp.stream")
        seen: Counter[tuple[int, bool, int, str]] = Counter()
        for line in self._dissected("smpp", *(word for name in fields for word in ("-e", name))):
            commands, source, sequences, stream = line.split("\t")
            for command, sequence in zip(commands.split(","), sequences.split(","), strict=True):
                seen[int(command, 16), source == "2775", int(sequence, 0), stream] += 1
        assert seen.total() == len(logged)
        assert set(seen.values()) == {1}
        for command_id, from_smsc, number, stream in seen:
            if command_id < 0x80000000:
                answered = seen[command_id | 0x80000000, not from_smsc, number, stream]
                assert answered == 1, f"{command_id:08x} {number}"
        assert self._dissected("_ws.malformed || _ws.expert.severity >= 8388608", "-e", "frame.number") == []

    def _dissected(self, condition: str, *fields: str) -> list[str]:
        assert TSHARK is not None
        command = [TSHARK, "-r", str(self._capture), "-Y", condition, "-T", "fields", *fields]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
