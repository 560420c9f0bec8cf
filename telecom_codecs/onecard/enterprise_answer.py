"""The 27-octet answer of an enterprise application — docs/wire/card-application.md §6.2."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from ..errors import LocalError, TrailingOctets, Truncated
from .macs import MAC_OCTETS

CLAUSE: Final = "docs/wire/card-application.md §6.2"
_LAYOUT: Final = struct.Struct(">BIIIIH8s")
LENGTH: Final = _LAYOUT.size
SIGNED_LENGTH: Final = LENGTH - MAC_OCTETS


class CardStatus(IntEnum):
    """Status octet of an answer, by the tables of §6.1, §6.3 and §6.4. Another value means that nothing was done."""

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
    """What the card says about one application. Amounts in fen; a status nobody knows is kept (§6.2)."""

    status: int
    rsn: int
    amount_fen: int
    job_reference: int
    balance_fen: int
    offline_counter: int

    def signed_octets(self) -> bytes:
        """The 19 octets under the TAC; for QUERY the challenge follows them there."""
        return self._packed(bytes(MAC_OCTETS))[:SIGNED_LENGTH]

    def encode(self, tac: bytes) -> bytes:
        """The 27 octets with their TAC."""
        if len(tac) != MAC_OCTETS:
            raise LocalError(f"a TAC has {MAC_OCTETS} octets, not {len(tac)}", clause=CLAUSE)
        return self._packed(tac)

    @classmethod
    def decode(cls, octets: bytes) -> tuple[Self, bytes]:
        """The answer and its TAC (8 octets), which the caller verifies over the first 19."""
        if len(octets) != LENGTH:
            error = Truncated if len(octets) < LENGTH else TrailingOctets
            raise error(f"an application's answer has {LENGTH} octets, not {len(octets)}", clause=CLAUSE)
        *fields, tac = _LAYOUT.unpack(octets)
        return cls(*fields), tac

    def _packed(self, tac: bytes) -> bytes:
        numbers = (self.rsn, self.amount_fen, self.job_reference, self.balance_fen)
        try:
            return _LAYOUT.pack(self.status, *numbers, self.offline_counter, tac)
        except struct.error as error:
            raise LocalError(f"a figure does not fit its field: {error}", clause=CLAUSE) from None
