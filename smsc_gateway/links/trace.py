"""Every PDU of one of our links, for an operator: a log of JSON lines and a capture for Wireshark."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from ..line.observers import Observer, PcapLog, PduLog

_LINE = 1  #: all connections of a link are one conversation of the capture
_OUR_END = ("127.0.0.1", 50_000)


class LinkTrace:
    """Call it with `(inward, octets)`: it writes what its files are for. `inward`: from the SMSC."""

    def __init__(
        self, *, pdu_log: Path | None, capture: Path | None, smsc: tuple[str, int], clock: Callable[[], datetime]
    ) -> None:
        self._files: list[IO[Any]] = []
        self._log: PduLog | None = None
        self._capture: Observer | None = None
        if pdu_log is not None:
            self._log = PduLog(self._opened(pdu_log, "a"), clock)
        if capture is not None:
            self._capture = PcapLog(self._opened(capture, "wb"), clock)
            self._capture.opened(_LINE, _OUR_END, smsc)

    def __call__(self, inward: bool, octets: bytes) -> None:
        if self._log is not None:
            self._log.pdu(_LINE, inward, octets)
        if self._capture is not None:
            self._capture.pdu(_LINE, not inward, octets)  # a capture is told from the server's end

    def close(self) -> None:
        """Nothing more is written."""
        if self._capture is not None:
            self._capture.closed(_LINE)
        self._log = self._capture = None
        for file in self._files:
            file.close()

    def _opened(self, path: Path, mode: str) -> IO[Any]:
        """The file, readable by its owner only: messages of people are in it."""
        encoding = None if "b" in mode else "utf-8"
        file: IO[Any] = open(path, mode, opener=_private, encoding=encoding)  # noqa: SIM115 - closed by close()
        self._files.append(file)
        return file


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
