"""The data coding scheme of a short message or USSD string: one octet, all 256 of them.

3GPP TS 23.038 §4. A value is what the octet means; :attr:`DataCoding.octet` gives the same octet back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from ..errors import BadValue, LocalError

CLAUSE = "TS 23.038 4"

DCS_GSM7: Final = 0x00
DCS_OCTET: Final = 0x04
DCS_UCS2: Final = 0x08
DCS_OTA: Final = 0xF6  #: 8-bit, class 2 ((U)SIM specific): command packets, with PID 7F

#: TP-PID, the octet before the DCS — TS 23.040 §9.2.3.9
PID_PLAIN: Final = 0x00
PID_DATA_DOWNLOAD: Final = 0x7F  #: (U)SIM data download


class Alphabet(Enum):
    """Character set of the user data. A receiver reads RESERVED as GSM7 (§4, last sentence)."""

    GSM7 = 0
    OCTET = 1
    UCS2 = 2
    RESERVED = 3


class CodingGroup(Enum):
    """Coding group: bits 7 to 4 of the octet."""

    GENERAL = 0x00  #: 00xx
    AUTOMATIC_DELETION = 0x40  #: 01xx: as GENERAL, the ME deletes the message once read
    RESERVED = 0x80  #: 1000 to 1011
    WAITING_DISCARD = 0xC0  #: 1100: message waiting, contents may be discarded
    WAITING_STORE = 0xD0  #: 1101: message waiting, contents stored, GSM 7 bit
    WAITING_STORE_UCS2 = 0xE0  #: 1110: message waiting, contents stored, UCS2
    CLASS = 0xF0  #: 1111: alphabet and class


class WaitingKind(IntEnum):
    """What waits: bits 1 and 0 of a message waiting group."""

    VOICEMAIL = 0
    FAX = 1
    EMAIL = 2
    OTHER = 3


@dataclass(frozen=True, slots=True)
class Waiting:
    """Message waiting indication; `active` false clears it."""

    kind: WaitingKind
    active: bool


@dataclass(frozen=True, slots=True)
class DataCoding:
    """What one DCS octet means. `reserved` keeps the bits that mean nothing where they stand.

    `message_class` is 0 to 3 or None: 0 immediate display, 1 ME, 2 (U)SIM, 3 TE.

    >>> DataCoding.decode(0xF6).message_class, DataCoding.decode(0xF6).alphabet
    (2, <Alphabet.OCTET: 1>)
    """

    alphabet: Alphabet
    message_class: int | None = None
    compressed: bool = False
    group: CodingGroup = CodingGroup.GENERAL
    waiting: Waiting | None = None
    reserved: int = 0

    @staticmethod
    def decode(octet: int) -> DataCoding:
        """The meaning of `octet`; there is none that cannot be read."""
        if not 0 <= octet <= 0xFF:
            raise BadValue(f"DCS {octet:#x} is not an octet", clause=CLAUSE)
        return _TABLE[octet]

    @property
    def octet(self) -> int:
        """The DCS octet; LocalError where the group cannot say this."""
        octet = _octet(self)
        if _TABLE[octet] != self:
            raise LocalError(f"the group {self.group.name} cannot carry this coding", clause=CLAUSE)
        return octet

    @property
    def counts_septets(self) -> bool:
        """TP-UDL counts septets, packed; otherwise octets."""
        return not self.compressed and self.alphabet in (Alphabet.GSM7, Alphabet.RESERVED)


def _octet(coding: DataCoding) -> int:
    group = coding.group
    base: int = group.value
    if group in (CodingGroup.GENERAL, CodingGroup.AUTOMATIC_DELETION):
        low = coding.reserved if coding.message_class is None else 0x10 | coding.message_class
        return (base | coding.compressed << 5 | coding.alphabet.value << 2 | low) & 0xFF
    if group is CodingGroup.RESERVED:
        return (base | coding.reserved) & 0xFF
    if group is CodingGroup.CLASS:
        return (base | coding.reserved | (coding.alphabet is Alphabet.OCTET) << 2 | (coding.message_class or 0)) & 0xFF
    waiting = coding.waiting
    if waiting is None:
        raise LocalError(f"{group.name} without a waiting indication", clause=CLAUSE)
    return (base | coding.reserved | waiting.active << 3 | waiting.kind) & 0xFF


def _meaning(octet: int) -> DataCoding:
    if octet < 0x80:
        has_class = bool(octet & 0x10)
        return DataCoding(
            Alphabet(octet >> 2 & 3),
            octet & 3 if has_class else None,
            bool(octet & 0x20),
            CodingGroup(octet & 0x40),
            reserved=0 if has_class else octet & 3,
        )
    if octet < 0xC0:
        return DataCoding(Alphabet.RESERVED, group=CodingGroup.RESERVED, reserved=octet & 0x3F)
    if octet >= 0xF0:
        alphabet = Alphabet.OCTET if octet & 4 else Alphabet.GSM7
        return DataCoding(alphabet, octet & 3, group=CodingGroup.CLASS, reserved=octet & 8)
    group = CodingGroup(octet & 0xF0)
    alphabet = Alphabet.UCS2 if group is CodingGroup.WAITING_STORE_UCS2 else Alphabet.GSM7
    waiting = Waiting(WaitingKind(octet & 3), bool(octet & 8))
    return DataCoding(alphabet, group=group, waiting=waiting, reserved=octet & 4)


_TABLE: Final = tuple(_meaning(octet) for octet in range(0x100))
