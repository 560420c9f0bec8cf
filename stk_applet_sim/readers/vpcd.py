"""Puts a simulated card into the virtual PC/SC reader: a TCP client of vpcd, one blocking loop.

vpcd sends the length and the body of a message in two segments; with delayed acknowledgements that costs 40 ms each
time, so quick acknowledgement is armed again before every read (the kernel forgets it). A card state file is written
before the answer leaves: what the reader has seen happen has happened.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from ..uicc.card import Uicc
from .vpcd_link import Card, VpcdLink

READ_OCTETS = 70_000


class KeptCard:
    """A card whose persistent state is in a file: written after every command that changed it, before the answer."""

    def __init__(self, card: Uicc, path: Path) -> None:
        self._card = card
        self._path = path
        self._writes = card.memory.writes

    def process(self, c_apdu: bytes) -> bytes:
        answer = self._card.process(c_apdu)
        if self._card.memory.writes != self._writes:
            self._writes = self._card.memory.writes
            self.store()
        return answer

    def reset(self) -> bytes:
        return self._card.reset()

    def store(self) -> None:
        """The old file or the new one, never half of it."""
        fresh = self._path.with_name(f"{self._path.name}.new")
        with open(fresh, "wb", opener=_private) as file:
            file.write(self._card.snapshot())
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def serve(card: Card, host: str, port: int, *, connected: Callable[[], None] = lambda: None) -> None:
    """Stay in the reader until it goes away. OSError when it is not there."""
    with socket.create_connection((host, port)) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected()
        link = VpcdLink(card)
        while octets := _read(line):
            if answer := link.receive(octets):
                line.sendall(answer)


def _read(line: socket.socket) -> bytes:
    if hasattr(socket, "TCP_QUICKACK"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return line.recv(READ_OCTETS)


def _private(path: str, flags: int) -> int:
    """Keys are in it: for the owner only."""
    return os.open(path, flags, 0o600)
