"""Who watches the simulator's lines: a log of every PDU as JSON lines, and a capture for Wireshark.

A bind's password is replaced by asterisks of its length before anything is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import IO, Any, Protocol

from telecom_codecs.pcap import SMPP_PORT, TcpConversation, file_header, packet_record

from ..smpp import operations as op
from ..smpp.codec import HEADER, decode, encode
from ..smpp.errors import PduError
from ..smpp.states import BIND_STEPS

Endpoint = tuple[str, int]
_SECRET = frozenset({*BIND_STEPS, op.Outbind.command_id})


class Observer(Protocol):
    """Sees lines come and go, and every PDU; `link` numbers the connections."""

    def opened(self, link: int, client: Endpoint, server: Endpoint) -> None: ...

    def pdu(self, link: int, inward: bool, octets: bytes) -> None: ...

    def closed(self, link: int) -> None: ...


def public(octets: bytes) -> bytes:
    """The PDU without its password; a bind that cannot be read is cut to its header."""
    command_id = HEADER.unpack_from(octets)[1]
    if command_id not in _SECRET:
        return octets
    try:
        pdu = decode(octets)
        return encode(replace(pdu, password=b"*" * min(len(pdu.password), 8)))
    except (PduError, ValueError):
        return (16).to_bytes(4, "big") + octets[4:16]


class PduLog:
    """One JSON object a line: time, direction ("in" from the ESME), link, name, sequence, status, octets."""

    def __init__(self, out: IO[str], clock: Callable[[], datetime]) -> None:
        self._out = out
        self._clock = clock
        self.count = 0

    def opened(self, link: int, client: Endpoint, server: Endpoint) -> None:
        """Lines are not PDUs: nothing is written."""

    def pdu(self, link: int, inward: bool, octets: bytes) -> None:
        _, command_id, status, sequence = HEADER.unpack_from(octets)
        line: dict[str, Any] = {
            "time": self._clock().isoformat(timespec="microseconds"),
            "direction": "in" if inward else "out",
            "link": link,
            "pdu": op.name_of(command_id),
            "sequence": sequence,
            "status": status,
            "octets": public(octets).hex(),
        }
        self._out.write(json.dumps(line) + "\n")
        self._out.flush()
        self.count += 1

    def closed(self, link: int) -> None:
        """Nothing is written."""


class PcapLog:
    """A capture file of all lines; the server's port is shown as 2775, so that Wireshark knows it for SMPP."""

    def __init__(self, out: IO[bytes], clock: Callable[[], datetime]) -> None:
        self._out = out
        self._clock = clock
        self._talks: dict[int, TcpConversation] = {}
        out.write(file_header())

    def opened(self, link: int, client: Endpoint, server: Endpoint) -> None:
        talk = TcpConversation(_ipv4(client), (_ipv4(server)[0], SMPP_PORT))
        self._talks[link] = talk
        self._write(*talk.opening())

    def pdu(self, link: int, inward: bool, octets: bytes) -> None:
        self._write(*self._talks[link].carry(public(octets), from_client=inward))

    def closed(self, link: int) -> None:
        talk = self._talks.pop(link, None)
        if talk is not None:
            self._write(*talk.closing())

    def _write(self, *frames: bytes) -> None:
        now = self._clock().timestamp()
        for frame in frames:
            self._out.write(packet_record(frame, now))
        self._out.flush()


def _ipv4(endpoint: Endpoint) -> Endpoint:
    host, port = endpoint
    return (host if host.count(".") == 3 and ":" not in host else "127.0.0.1", port)
