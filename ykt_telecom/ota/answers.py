"""The 27-octet answer of an enterprise application — docs/wire/card-application.md §6.2."""

from __future__ import annotations

import struct
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, Self

from telecom_codecs.errors import BadValue

_LAYOUT = struct.Struct(">BIIIIH8s")
LENGTH = _LAYOUT.size
SIGNED_LENGTH = 19


class CardStatus(IntEnum):
    """Status octet of an answer; see the tables of §6.1, §6.3 and §6.4."""

    DONE = 0x00
    ALREADY_DONE = 0x01
    OLD_RSN_DIFFERS = 0x02
    OVER_CAP = 0x03
    CLOSED = 0x04
    FROZEN = 0x05
    MAC_WRONG = 0x06
    EXPIRED = 0x07


@dataclass(frozen=True, slots=True)
class EnterpriseAnswer:
    """What the card says about one application. Amounts in fen.

    Raises `BadValue` on decoding anything but 27 octets.
    """

    status: int
    rsn: int
    amount_fen: int
    job_reference: int
    balance_fen: int
    offline_counter: int

    @classmethod
    def decode(cls, octets: bytes) -> tuple[Self, bytes]:
        """The answer and its TAC (8 octets), which the caller verifies over the first 19."""
        if len(octets) != LENGTH:
            raise BadValue(f"an application's answer has {LENGTH} octets, not {len(octets)}", clause="wire §6.2")
        *fields, tac = _LAYOUT.unpack(octets)
        return cls(*fields), tac

    def signed_octets(self) -> bytes:
        """The 19 octets under the TAC."""
        return _LAYOUT.pack(
            self.status,
            self.rsn,
            self.amount_fen,
            self.job_reference,
            self.balance_fen,
            self.offline_counter,
            bytes(8),
        )[:SIGNED_LENGTH]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)
