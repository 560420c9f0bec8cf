"""Octets of a TCP stream cut into PDUs by command_length — SMPP 3.4 §3.2, §3.1.

Work is proportional to the octets: whole PDUs are sliced from what arrived, only a remainder is kept.
A length that no PDU can have is known after four octets; nothing is ever allocated for an announced size.
"""

from __future__ import annotations

from dataclasses import dataclass

from .codec import HEADER_SIZE

#: 64 KiB of body, which message_payload can need, and the header
MAX_PDU = 64 * 1024 + HEADER_SIZE
MIN_LIMIT = 16 * 1024 + HEADER_SIZE


@dataclass(frozen=True, slots=True)
class FrameError:
    """The stream is lost: answer generic_nack RINVCMDLEN with `sequence` (0: unknown), flush and close."""

    command_length: int
    sequence: int
    octets: bytes  #: the first octets of what cannot be a PDU, for the log


class Framer:
    """Cuts a stream into PDUs; after a :class:`FrameError` it swallows everything."""

    __slots__ = ("_broken", "_limit", "_rest", "_wanted")

    def __init__(self, limit: int = MAX_PDU) -> None:
        if not MIN_LIMIT <= limit <= MAX_PDU:
            raise ValueError(f"the PDU limit must be {MIN_LIMIT}..{MAX_PDU} octets, not {limit}")
        self._limit = limit
        self._rest = bytearray()
        self._wanted = 0
        self._broken = False

    @property
    def is_partial(self) -> bool:
        """Some octets of a PDU are here and the rest is not."""
        return bool(self._rest)

    def feed(self, octets: bytes) -> list[bytes | FrameError]:
        """The whole PDUs that `octets` complete, in order; at most one FrameError, at the end."""
        if self._broken:
            return []
        rest = self._rest
        if rest:
            rest += octets
            if len(rest) < self._wanted:
                return []
            octets = bytes(rest)
            rest.clear()
        found: list[bytes | FrameError] = []
        start = 0
        end = len(octets)
        while end - start >= 4:
            length = int.from_bytes(octets[start : start + 4], "big")
            if length < HEADER_SIZE or length > self._limit:
                found.append(self._broken_at(octets[start : start + HEADER_SIZE], length))
                return found
            if length > end - start:
                break
            found.append(octets[start : start + length])
            start += length
        if start < end:
            rest += octets[start:] if start else octets
            self._wanted = max(4, int.from_bytes(octets[start : start + 4], "big")) if end - start >= 4 else 4
        return found

    def _broken_at(self, head: bytes, length: int) -> FrameError:
        self._broken = True
        sequence = int.from_bytes(head[12:16], "big") if len(head) == HEADER_SIZE else 0
        return FrameError(length, sequence, head)
