"""Captures that Wireshark reads: the pcap file, GSMTAP frames of a SIM, TCP frames of SMPP.

Classic pcap with microseconds, link type RAW (packets start at the IPv4 header); GSMTAP version 2, type SIM
(4), UDP port 4729; RFC 791, 768, 793. Only octets are made here: who writes the file hands in the time.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address
from typing import Final

from .errors import BadValue, LocalError
from .octets import Cursor

LINKTYPE_RAW: Final = 101
GSMTAP_PORT: Final = 4729
SMPP_PORT: Final = 2775
SNAPLEN: Final = 0x40000

GSMTAP_TYPE_SIM: Final = 0x04
SIM_APDU: Final = 0x00  #: GSMTAP sub-type: command and answer in one frame

_MAGIC: Final = 0xA1B2C3D4
_FILE_HEADER: Final = struct.Struct("<IHHiIII")
_RECORD_HEADER: Final = struct.Struct("<IIII")
_IP_HEADER: Final = struct.Struct("!BBHHHBBH4s4s")
_UDP_HEADER: Final = struct.Struct("!HHHH")
_TCP_HEADER: Final = struct.Struct("!HHIIBBHHH")
_PSEUDO_HEADER: Final = struct.Struct("!4s4sBBH")
_GSMTAP_HEADER: Final = struct.Struct("!BBBBHbbIBBBB")
_UDP: Final = 17
_TCP: Final = 6
_PUSH_ACK: Final = 0x18
_SYN: Final = 0x02
_ACK: Final = 0x10
_FIN: Final = 0x01

MAX_SEGMENT: Final = 0xFFFF - 40  #: octets one TCP frame can carry


def file_header(linktype: int = LINKTYPE_RAW) -> bytes:
    """The 24 octets a capture file starts with."""
    return _FILE_HEADER.pack(_MAGIC, 2, 4, 0, 0, SNAPLEN, linktype)


def packet_record(frame: bytes, timestamp: float) -> bytes:
    """One packet: `timestamp` in seconds since 1970, rounded to microseconds, then the frame."""
    if not 0 <= timestamp < (1 << 32) - 1 or len(frame) > SNAPLEN:
        raise LocalError(f"time {timestamp} or frame of {len(frame)} octets does not fit a pcap record")
    seconds = int(timestamp)
    carry, microseconds = divmod(round((timestamp - seconds) * 1_000_000), 1_000_000)
    return _RECORD_HEADER.pack(seconds + carry, microseconds, len(frame), len(frame)) + frame


def decode_file(octets: bytes) -> tuple[tuple[float, bytes], ...]:
    """Time and frame of each packet in a capture as written here."""
    cursor = Cursor(octets)
    magic, major, minor, _, _, _, linktype = _FILE_HEADER.unpack(cursor.take(_FILE_HEADER.size, "pcap header"))
    if (magic, major, minor, linktype) != (_MAGIC, 2, 4, LINKTYPE_RAW):
        raise BadValue(f"not a little-endian pcap 2.4 file of link type {LINKTYPE_RAW}", offset=0)
    packets = []
    while cursor.remaining:
        start = cursor.offset
        seconds, microseconds, captured, _ = _RECORD_HEADER.unpack(cursor.take(_RECORD_HEADER.size, "record"))
        if microseconds >= 1_000_000 or seconds >= (1 << 32) - 1 or captured > SNAPLEN:
            raise BadValue(f"{microseconds} microseconds, {captured} octets captured", offset=start)
        packets.append(((seconds * 1_000_000 + microseconds) / 1_000_000, cursor.take(captured, "frame")))
    return tuple(packets)


def gsmtap_sim_frame(c_apdu: bytes, r_apdu: bytes, *, source: str = "127.0.0.1", target: str = "127.0.0.1") -> bytes:
    """One exchange with a card, as Wireshark's `gsm_sim` wants it: command and, behind it, data and SW.

    A GET RESPONSE that a T=0 card asked for is best merged: give the command with the data it led to.
    """
    header = _GSMTAP_HEADER.pack(2, 4, GSMTAP_TYPE_SIM, 0, 0, 0, 0, 0, SIM_APDU, 0, 0, 0)
    return udp_frame(header + c_apdu + r_apdu, source=(source, GSMTAP_PORT), target=(target, GSMTAP_PORT))


def udp_frame(payload: bytes, *, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """IPv4 and UDP around `payload`; addresses are (dotted quad, port)."""
    length = _UDP_HEADER.size + len(payload)
    addresses = _address(source), _address(target)
    if length > 0xFFFF - _IP_HEADER.size:
        raise LocalError(f"UDP payload of {len(payload)} octets")
    bare = _UDP_HEADER.pack(source[1], target[1], length, 0) + payload
    checksum = _checksum(_PSEUDO_HEADER.pack(*addresses, 0, _UDP, length) + bare) or 0xFFFF
    return _ip(_UDP, addresses, bare[:6] + checksum.to_bytes(2, "big") + payload)


def tcp_frame(
    payload: bytes,
    *,
    source: tuple[str, int],
    target: tuple[str, int],
    sequence: int,
    acknowledged: int,
    flags: int = _PUSH_ACK,
) -> bytes:
    """IPv4 and TCP around `payload`; sequence numbers wrap at 2^32."""
    addresses = _address(source), _address(target)
    if len(payload) > MAX_SEGMENT:
        raise LocalError(f"TCP payload of {len(payload)} octets")
    ports = source[1], target[1]
    numbers = sequence & 0xFFFFFFFF, acknowledged & 0xFFFFFFFF
    bare = _TCP_HEADER.pack(*ports, *numbers, 5 << 4, flags, 0xFFFF, 0, 0) + payload
    checksum = _checksum(_PSEUDO_HEADER.pack(*addresses, 0, _TCP, len(bare)) + bare)
    return _ip(_TCP, addresses, bare[:16] + checksum.to_bytes(2, "big") + bare[18:])


@dataclass(slots=True)
class TcpConversation:
    """Frames of one TCP connection for an export: keeps the sequence numbers of both ends.

    `client` and `server` are (dotted quad, port).
    """

    client: tuple[str, int]
    server: tuple[str, int]
    _next: dict[bool, int] = field(default_factory=lambda: {True: 1000, False: 5000}, init=False, repr=False)

    def opening(self) -> tuple[bytes, ...]:
        """SYN, SYN ACK, ACK."""
        frames = (self._control(True, _SYN), self._control(False, _SYN | _ACK))
        return (*frames, self._control(True, _ACK))

    def closing(self, *, by_client: bool = True) -> tuple[bytes, ...]:
        """FIN of one end, FIN of the other, ACK."""
        frames = (self._control(by_client, _FIN | _ACK), self._control(not by_client, _FIN | _ACK))
        return (*frames, self._control(by_client, _ACK))

    def carry(self, octets: bytes, *, from_client: bool) -> Iterator[bytes]:
        """The frames that carry `octets` in one direction."""
        for at in range(0, len(octets), MAX_SEGMENT):
            piece = octets[at : at + MAX_SEGMENT]
            yield self._frame(from_client, piece, _PUSH_ACK)
            self._next[from_client] += len(piece)

    def _control(self, from_client: bool, flags: int) -> bytes:
        frame = self._frame(from_client, b"", flags)
        self._next[from_client] += bool(flags & (_SYN | _FIN))
        return frame

    def _frame(self, from_client: bool, payload: bytes, flags: int) -> bytes:
        ends = (self.client, self.server) if from_client else (self.server, self.client)
        return tcp_frame(
            payload,
            source=ends[0],
            target=ends[1],
            sequence=self._next[from_client],
            acknowledged=self._next[not from_client] if flags & _ACK else 0,
            flags=flags,
        )


def _ip(protocol: int, addresses: tuple[bytes, bytes], payload: bytes) -> bytes:
    total = _IP_HEADER.size + len(payload)
    bare = _IP_HEADER.pack(0x45, 0, total, 0, 0x4000, 64, protocol, 0, *addresses)
    return bare[:10] + _checksum(bare).to_bytes(2, "big") + bare[12:] + payload


def _address(end: tuple[str, int]) -> bytes:
    """The four octets of (dotted quad, port); LocalError where either is none."""
    address, port = end
    if not 0 <= port <= 0xFFFF:
        raise LocalError(f"port {port}")
    try:
        return IPv4Address(address).packed
    except AddressValueError:
        raise LocalError("not an IPv4 address") from None


def _checksum(octets: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(octets) % 2:
        octets += b"\x00"
    total: int = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
