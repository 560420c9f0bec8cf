"""What a secured packet says, without any key — ETSI TS 102 225 §5.1 and §5.2, 3GPP TS 31.115 §4.

The values of command and response packets, the SPI, and what the KIc and KID octets ask for.
Sealing and opening, which need keys, are in :mod:`telecom_codecs.ota.packet_security`; the user data
header around a packet (`02 70 00`, `02 71 00`) is in :mod:`telecom_codecs.sms.udh`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Final, Self

from ..card.identities import Tar
from ..errors import BadValue, LimitExceeded, LocalError, TrailingOctets, Truncated

COUNTER_OCTETS: Final = 5
COUNTER_MAX: Final = 2**40 - 1
MAXIMUM_LENGTH: Final = 0xFFFF  #: CPL and RPL have two octets.
COMMAND_HEADER: Final = 13  #: CHL without RC/CC/DS: SPI KIc KID TAR CNTR PCNTR.
RESPONSE_HEADER: Final = 10  #: RHL without RC/CC/DS: TAR CNTR PCNTR status.
_CHECK_LENGTHS: Final = (0, 2, 4, 8)


class PacketCheck(IntEnum):
    """SPI octet 1, bits 2-1 (command) and octet 2, bits 4-3 (response) — ETSI TS 102 225 §5.1.1."""

    NONE = 0b00  #: no RC, CC or DS
    RC = 0b01  #: redundancy check: finds accidents, stops nobody
    CC = 0b10  #: cryptographic checksum
    DS = 0b11  #: digital signature; no card we meet has it, neither sealed nor opened here


class CounterCheck(IntEnum):
    """SPI octet 1, bits 5-4 — ETSI TS 102 225 §5.1.1."""

    NONE = 0b00  #: CNTR absent or ignored
    NO_REPLAY_CHECK = 0b01  #: CNTR present, not checked
    HIGHER = 0b10  #: process only if higher than the card's
    ONE_HIGHER = 0b11  #: process only if exactly one higher


class PorRequest(IntEnum):
    """SPI octet 2, bits 2-1 — ETSI TS 102 225 §5.1.1."""

    NONE = 0b00  #: no proof of receipt
    ALWAYS = 0b01  #: proof of receipt always
    ON_ERROR = 0b10  #: proof of receipt only when something went wrong
    RFU = 0b11  #: reserved


@dataclass(frozen=True, slots=True)
class Spi:
    """How the command is secured and what proof of receipt it asks for: both SPI octets.

    >>> Spi.decode(bytes.fromhex("1639")).por_in_submit
    True
    """

    counter: CounterCheck = CounterCheck.NONE
    ciphered: bool = False
    check: PacketCheck = PacketCheck.NONE
    por: PorRequest = PorRequest.NONE
    por_check: PacketCheck = PacketCheck.NONE
    por_ciphered: bool = False
    por_in_submit: bool = False
    _octets: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        first = self.counter << 3 | self.ciphered << 2 | self.check
        second = self.por_in_submit << 5 | self.por_ciphered << 4 | self.por_check << 2 | self.por
        object.__setattr__(self, "_octets", bytes((first, second)))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Two octets; reserved bits set are refused, for nobody knows what they ask for."""
        if len(octets) != 2:
            raise Truncated(f"SPI: 2 octets wanted, {len(octets)} given", clause="TS 102 225 §5.1.1")
        first, second = octets
        if first >> 5:
            raise BadValue(f"SPI octet 1 is {first:02X}: bits 8-6 are RFU", offset=0, clause="TS 102 225 §5.1.1")
        if second >> 6:
            raise BadValue(f"SPI octet 2 is {second:02X}: bits 8-7 are RFU", offset=1, clause="TS 102 225 §5.1.1")
        return cls(
            CounterCheck(first >> 3 & 3),
            bool(first & 4),
            PacketCheck(first & 3),
            PorRequest(second & 3),
            PacketCheck(second >> 2 & 3),
            bool(second & 0x10),
            bool(second & 0x20),
        )

    def encode(self) -> bytes:
        return self._octets


class CipherAlgorithm(IntEnum):
    """KIc bits 4-1 — ETSI TS 102 225 §5.1.2."""

    IMPLICIT = 0x0  #: known to both sides; we refuse to guess
    DES_CBC = 0x1  #: weak
    AES_CBC = 0x2  #: 128, 192 or 256 bits: the key says
    DES3_2 = 0x5  #: outer-CBC, two keys
    DES3_3 = 0x9  #: outer-CBC, three keys
    DES_ECB = 0xD  #: weak


class CheckAlgorithm(Enum):
    """What KID bits 4-1 mean under an RC or a CC — ETSI TS 102 225 §5.1.3. The value is (check, bits)."""

    CRC16 = (PacketCheck.RC, 0x1)
    CRC32 = (PacketCheck.RC, 0x5)
    DES_MAC8 = (PacketCheck.CC, 0x1)  #: weak
    AES_CMAC = (PacketCheck.CC, 0x2)
    DES3_2 = (PacketCheck.CC, 0x5)
    DES3_3 = (PacketCheck.CC, 0x9)


@dataclass(frozen=True, slots=True)
class KeyReference:
    """A KIc or KID octet: key set index (bits 8-5) and algorithm (bits 4-1).

    Unknown algorithms are kept as numbers; :meth:`cipher` and :meth:`check` refuse them.

    >>> KeyReference.decode(0x12).cipher.name
    'AES_CBC'
    """

    index: int
    algorithm: int

    def __post_init__(self) -> None:
        if not (0 <= self.index <= 15 and 0 <= self.algorithm <= 15):
            raise LocalError(f"key index {self.index} and algorithm {self.algorithm} have four bits each")

    @classmethod
    def decode(cls, octet: int) -> Self:
        return cls(octet >> 4, octet & 15)

    def encode(self) -> int:
        return self.index << 4 | self.algorithm

    @property
    def cipher(self) -> CipherAlgorithm:
        """The octet read as KIc; `BadValue` for a reserved or proprietary algorithm."""
        if self.is_implicit:
            return CipherAlgorithm.IMPLICIT
        try:
            return CipherAlgorithm(self.algorithm)
        except ValueError:
            kind = "proprietary" if self.is_proprietary else "reserved"
            raise BadValue(f"KIc algorithm {self.algorithm:X} is {kind}", clause="TS 102 225 §5.1.2") from None

    @property
    def is_implicit(self) -> bool:
        """Bits 2-1 are 00: the algorithm is known implicitly by both sides, whatever bits 4-3 say."""
        return self.algorithm & 3 == 0

    @property
    def is_proprietary(self) -> bool:
        """Bits 2-1 are 11: a proprietary algorithm."""
        return self.algorithm & 3 == 3

    def check(self, check: PacketCheck) -> CheckAlgorithm:
        """The octet read as KID under `check` (RC or CC); `BadValue` for anything else."""
        try:
            return CheckAlgorithm((check, self.algorithm))
        except ValueError:
            kind = "known implicitly" if self.is_implicit else "proprietary" if self.is_proprietary else "reserved"
            raise BadValue(
                f"KID algorithm {self.algorithm:X} is {kind} under {check.name}", clause="TS 102 225 §5.1.3"
            ) from None


class PorStatus(IntEnum):
    """Response status code — ETSI TS 102 225 §5.2, table 5; 3GPP TS 31.115 §4.

    `remedy` is the sentence an operator reads.
    """

    OK = 0x00
    CHECK_FAILED = 0x01
    COUNTER_LOW = 0x02
    COUNTER_HIGH = 0x03
    COUNTER_BLOCKED = 0x04
    CIPHERING_ERROR = 0x05
    SECURITY_ERROR = 0x06
    INSUFFICIENT_MEMORY = 0x07
    MORE_TIME = 0x08
    TAR_UNKNOWN = 0x09
    INSUFFICIENT_SECURITY_LEVEL = 0x0A
    RESPONSE_IN_SUBMIT = 0x0B
    RESPONSE_IN_USSD = 0x0C

    @property
    def remedy(self) -> str:
        return _REMEDIES[self]


_REMEDIES: Final = {
    PorStatus.OK: "Done.",
    PorStatus.CHECK_FAILED: "Card refused the RC/CC/DS. Compare the key check values and the KID of this card.",
    PorStatus.COUNTER_LOW: "Card has seen this CNTR or a higher one. Resynchronise the counter, then resend.",
    PorStatus.COUNTER_HIGH: "CNTR is more than one ahead under 'exactly one higher'. Use 'higher', then resend.",
    PorStatus.COUNTER_BLOCKED: "Card's counter is used up. Replace the key set by PUT KEY.",
    PorStatus.CIPHERING_ERROR: "Card could not decipher. Compare the key check values and the KIc of this card.",
    PorStatus.SECURITY_ERROR: "Card found another security error. Check counter, key set and SPI by hand.",
    PorStatus.INSUFFICIENT_MEMORY: "Packet is too long for the card. Split the script.",
    PorStatus.MORE_TIME: "Card needs more time. Wait for the final response.",
    PorStatus.TAR_UNKNOWN: "No application of this TAR on the card. Check the inventory of the card.",
    PorStatus.INSUFFICIENT_SECURITY_LEVEL: "SPI is below the application's minimum security level. Raise the SPI.",
    PorStatus.RESPONSE_IN_SUBMIT: "The response follows in an SMS-SUBMIT. Wait for it.",
    PorStatus.RESPONSE_IN_USSD: "The response follows by USSD. Wait for it.",
}


def _check_counter(counter: int) -> None:
    if not 0 <= counter <= COUNTER_MAX:
        raise LocalError(f"CNTR {counter} does not fit 5 octets", clause="TS 102 225 §5.1.4")


@dataclass(frozen=True, slots=True)
class CommandPacket:
    """A command packet in clear: header fields and secured data, no key, no length, no padding.

    `kic` and `kid` are the octets (see :class:`KeyReference`), `counter` is CNTR.
    """

    spi: Spi
    kic: int
    kid: int
    tar: Tar
    counter: int
    data: bytes = b""

    def __post_init__(self) -> None:
        _check_counter(self.counter)
        if not (0 <= self.kic <= 0xFF and 0 <= self.kid <= 0xFF):
            raise LocalError(f"KIc {self.kic} and KID {self.kid} are one octet each", clause="TS 102 225 §5.1")


@dataclass(frozen=True, slots=True)
class ResponsePacket:
    """A response packet in clear: the PoR of the command with this TAR and CNTR. Unknown statuses stay numbers."""

    tar: Tar
    counter: int
    status: int
    data: bytes = b""

    def __post_init__(self) -> None:
        _check_counter(self.counter)
        if not 0 <= self.status <= 0xFF:
            raise LocalError(f"status {self.status} is one octet", clause="TS 102 225 §5.2")


@lru_cache(maxsize=4096)
def spi_of(octets: bytes) -> Spi:
    """:meth:`Spi.decode`, remembered: there are few and they come in every packet."""
    return Spi.decode(octets)


@lru_cache(maxsize=4096)
def tar_of(octets: bytes) -> Tar:
    """The TAR of these three octets, remembered."""
    return Tar(octets)


@dataclass(frozen=True, slots=True)
class CommandHeader:
    """The part of a command packet that is never ciphered: enough to look the keys up.

    `prefix` is CPL..TAR as the check covers it (CPL put back when the sender left it out), `secured`
    the rest: CNTR PCNTR RC/CC/DS data, ciphered if `spi.ciphered`.
    """

    spi: Spi
    kic: int
    kid: int
    tar: Tar
    check_length: int
    prefix: bytes
    secured: bytes
    chl_start: bool = False

    @classmethod
    def peek(cls, packet: bytes) -> Self:
        """Read the header of a packet that starts at CPL.

        A packet that starts at CHL is read too if it is not ciphered (some tools leave CPL out then);
        `chl_start` tells.
        """
        prefix, check_length, secured, chl_start = split_command(packet)
        spi, tar = spi_of(prefix[3:5]), tar_of(prefix[7:10])
        return cls(spi, prefix[5], prefix[6], tar, check_length, prefix, secured, chl_start)


def split_command(packet: bytes) -> tuple[bytes, int, bytes, bool]:
    """CPL..TAR, the length of the check, the rest, and whether CPL was left out (it is put back).

    What :meth:`CommandHeader.peek` is made of, for those who need no value of it.
    """
    length = len(packet)
    if length < 2:
        raise Truncated("command packet: no CPL", offset=0, clause="TS 102 225 §5.1")
    if length > MAXIMUM_LENGTH + 2:
        raise LimitExceeded(f"command packet of {length} octets", clause="TS 102 225 §5.1")
    stated = packet[0] << 8 | packet[1]
    chl_start = stated != length - 2
    if chl_start:
        if not _starts_at_chl(packet):
            error = Truncated if stated > length - 2 else TrailingOctets
            raise error(f"CPL says {stated} octets, {length - 2} follow", offset=0, clause="TS 102 225 §5.1")
        packet = length.to_bytes(2, "big") + packet
    _check_header(packet, COMMAND_HEADER, "command packet", "CHL", 2 if chl_start else 0)
    return packet[:10], packet[2] - COMMAND_HEADER, packet[10:], chl_start


def split_response(packet: bytes) -> tuple[bytes, int, bytes]:
    """RPL..TAR, the length of the check, and the rest."""
    length = len(packet)
    if length < 2:
        raise Truncated("response packet: no RPL", offset=0, clause="TS 102 225 §5.2")
    if length > MAXIMUM_LENGTH + 2:
        raise LimitExceeded(f"response packet of {length} octets", clause="TS 102 225 §5.2")
    stated = packet[0] << 8 | packet[1]
    if stated != length - 2:
        error = Truncated if stated > length - 2 else TrailingOctets
        raise error(f"RPL says {stated} octets, {length - 2} follow", offset=0, clause="TS 102 225 §5.2")
    _check_header(packet, RESPONSE_HEADER, "response packet", "RHL", 0)
    return packet[:6], packet[2] - RESPONSE_HEADER, packet[6:]


def _check_header(packet: bytes, header: int, title: str, field_name: str, shift: int) -> None:
    """Header and check are all there. `shift` octets at the start are ours and do not count in offsets."""
    length = len(packet)
    if length < header + 3:
        raise Truncated(f"{title} ends in its header", offset=length - shift, clause="TS 102 225 §5")
    check_length = packet[2] - header
    if check_length not in _CHECK_LENGTHS:
        raise BadValue(f"{field_name} is {packet[2]:02X}", offset=2 - shift, clause="TS 102 225 §5")
    if length < header + 3 + check_length:
        raise Truncated(f"{title} ends in its check", offset=length - shift, clause="TS 102 225 §5")


def _starts_at_chl(packet: bytes) -> bool:
    """Whether the octets make sense as an unciphered packet without CPL."""
    if len(packet) < COMMAND_HEADER + 1:
        return False
    chl, first, second = packet[:3]
    ciphered, checked = bool(first & 4), bool(first & 3)
    if first >> 5 or second >> 6 or ciphered:
        return False
    return chl - COMMAND_HEADER in (_CHECK_LENGTHS[1:] if checked else _CHECK_LENGTHS[:1])


@dataclass(frozen=True, slots=True)
class ResponseHeader:
    """The part of a response packet that is never ciphered. `secured` is CNTR PCNTR status RC/CC/DS data."""

    tar: Tar
    check_length: int
    prefix: bytes
    secured: bytes

    @classmethod
    def peek(cls, packet: bytes) -> Self:
        """Read the header of a packet that starts at RPL."""
        prefix, check_length, secured = split_response(packet)
        return cls(tar_of(prefix[3:6]), check_length, prefix, secured)
