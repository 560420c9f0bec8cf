"""The two counted lists of SMPP 3.4: the destinations of submit_multi and its failures (§4.5.1.1, §4.5.2.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from telecom_codecs.errors import LocalError

__all__ = ["read_destinations", "read_failures", "write_destinations", "write_failures"]


@dataclass(frozen=True, slots=True)
class Destination:
    """One destination of submit_multi: an SME address (dest_flag 1)."""

    addr: bytes
    ton: int = 0
    npi: int = 0


@dataclass(frozen=True, slots=True)
class DistributionList:
    """One destination of submit_multi: the name of a list kept at the SMSC (dest_flag 2)."""

    name: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """One destination that submit_multi_resp refuses, and its command_status."""

    addr: bytes
    status: int
    ton: int = 0
    npi: int = 0


def _c_octets(value: bytes, size: int) -> bytes:
    if len(value) >= size or 0 in value:
        raise LocalError(f"an address or list name of {len(value)} octets does not fit a field of {size}")
    return value + b"\0"


def write_destinations(destinations: tuple[Destination | DistributionList, ...]) -> bytes:
    """number_of_dests and dest_address(es)."""
    out = bytearray((len(destinations),))
    for one in destinations:
        if isinstance(one, DistributionList):
            out += b"\x02" + _c_octets(one.name, 21)
        else:
            out += bytes((1, one.ton, one.npi)) + _c_octets(one.addr, 21)
    return bytes(out)


def read_destinations(d: bytes, i: int) -> tuple[tuple[Destination | DistributionList, ...], int]:
    """The list at `i` and the offset after it; ValueError or IndexError when it is cut or a flag is unknown."""
    found: list[Destination | DistributionList] = []
    count = d[i]
    i += 1
    for _ in range(count):
        flag = d[i]
        if flag == 2:
            end = d.index(0, i + 1)
            found.append(DistributionList(d[i + 1 : end]))
        elif flag == 1:
            end = d.index(0, i + 3)
            found.append(Destination(d[i + 3 : end], d[i + 1], d[i + 2]))
        else:
            raise ValueError("dest_flag")
        i = end + 1
    return tuple(found), i


def write_failures(failures: tuple[Failure, ...]) -> bytes:
    """no_unsuccess and unsuccess_sme(s)."""
    out = bytearray((len(failures),))
    for one in failures:
        out += bytes((one.ton, one.npi)) + _c_octets(one.addr, 21) + struct.pack(">I", one.status)
    return bytes(out)


def read_failures(d: bytes, i: int) -> tuple[tuple[Failure, ...], int]:
    """The list at `i` and the offset after it; ValueError or IndexError when it is cut."""
    found: list[Failure] = []
    count = d[i]
    i += 1
    for _ in range(count):
        end = d.index(0, i + 2)
        if end + 5 > len(d):
            raise ValueError("unsuccess_sme")
        found.append(Failure(d[i + 2 : end], int.from_bytes(d[end + 1 : end + 5], "big"), d[i], d[i + 1]))
        i = end + 5
    return tuple(found), i
