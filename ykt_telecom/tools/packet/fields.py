"""A secured packet as names and hex, for people and for JSON; and the segments of one back in one piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telecom_codecs.card.apdu import describe
from telecom_codecs.errors import BadValue, CodecError, Truncated
from telecom_codecs.ota.packet_security import OpenedCommand, OpenedResponse
from telecom_codecs.ota.remote_command import CompactResponse, decode_compact
from telecom_codecs.ota.secured_packet import PorStatus
from telecom_codecs.sms.concat import Reassembly
from telecom_codecs.sms.udh import split_user_data


def joined(pieces: Sequence[bytes]) -> bytes:
    """The packet in these octets: itself, behind its UDH, or cut into segments (any order)."""
    if len(pieces) == 1 and int.from_bytes(pieces[0][:2], "big") == len(pieces[0]) - 2:
        return pieces[0]
    box = Reassembly()
    for piece in pieces:
        header, body = split_user_data(True, piece)
        if header is None or not header.elements:
            raise BadValue("neither a packet that starts at its length nor user data with a header", offset=0)
        whole = box.add("", header, body, 0.0)
        if whole is not None:
            return whole.body
    raise Truncated("segments are missing: give all segments of the message")


def command_fields(opened: OpenedCommand) -> dict[str, Any]:
    """What a command packet says, and the APDUs where its data are a compact script."""
    packet = opened.packet
    found: dict[str, Any] = {
        "spi": packet.spi.encode().hex(),
        "kic": f"{packet.kic:02x}",
        "kid": f"{packet.kid:02x}",
        "tar": str(packet.tar),
        "cntr": packet.counter,
        "check_octets": opened.check_length,
        "starts_at_chl": opened.chl_start,
        "data": packet.data.hex(),
    }
    try:
        found["apdus"] = [apdu.encode().hex() for apdu in decode_compact(packet.data)]
    except CodecError:
        found["apdus"] = None
    return found


def response_fields(opened: OpenedResponse) -> dict[str, Any]:
    """What a response packet says; whether to believe it; the last status word where its data are a compact answer."""
    packet = opened.packet
    known = packet.status in set(PorStatus)
    found: dict[str, Any] = {
        "authentic": opened.authentic,
        "tar": str(packet.tar),
        "cntr": packet.counter,
        "status": f"{packet.status:02x}",
        "meaning": PorStatus(packet.status).name if known else "unknown",
        "remedy": PorStatus(packet.status).remedy if known else None,
        "data": packet.data.hex(),
    }
    try:
        answer = CompactResponse.decode(packet.data)
        found["executed"], found["sw"] = answer.executed, f"{answer.sw:04x}"
        found["sw_meaning"] = describe(answer.sw)
    except CodecError:
        found["executed"] = None
    return found


def as_lines(found: dict[str, Any]) -> str:
    """One name and value a line; lists one element a line; what is absent is left out."""
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, list):
            lines += [f"{name:13} {element}" for element in value]
        elif value is not None and value != "":
            lines.append(f"{name:13} {'yes' if value is True else 'no' if value is False else value}")
    return "\n".join(lines)
