"""What SCP02 and SCP03 share: security levels, session keys, class octets, padding — GlobalPlatform §10, annexes D, E.

A secure channel protects the APDUs of one session with a security domain on the card. The protocols themselves are
:mod:`.scp02` and :mod:`.scp03`. Challenges are handed in, every step returns the channel's next state.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from ..card.apdu import CommandApdu
from ..crypto.secret_key import SecretKey
from ..errors import BadValue, CheckFailed, LocalError

INITIALIZE_UPDATE_INS: Final = 0x50
EXTERNAL_AUTHENTICATE_INS: Final = 0x82
PROPRIETARY_CLA: Final = 0x80
SECURE_CLA: Final = 0x84
CLASS_CLAUSE: Final = "GlobalPlatform §11.1.4"
REFUSED: Final = "the secure messaging of this APDU is not good: end the session and open a new one"


class SecurityLevel(IntFlag):
    """P1 of EXTERNAL AUTHENTICATE — GlobalPlatform §E.5.2.3, Amd D §7.1.2.1."""

    NONE = 0x00
    C_MAC = 0x01  #: commands carry a MAC
    C_DECRYPTION = 0x02  #: commands are ciphered
    R_MAC = 0x10  #: responses carry a MAC
    R_ENCRYPTION = 0x20  #: responses are ciphered


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """Keys of one session. `dek` ciphers keys inside PUT KEY; in SCP03 it is the static one."""

    enc: SecretKey
    mac: SecretKey
    rmac: SecretKey
    dek: SecretKey


def initialize_update(host_challenge: bytes, *, key_version: int = 0, key_id: int = 0) -> CommandApdu:
    """INITIALIZE UPDATE with the host's 8 (S16: 16) octets; key version 0 takes the card's first key set."""
    return CommandApdu(PROPRIETARY_CLA, INITIALIZE_UPDATE_INS, key_version, key_id, host_challenge, le=256)


def _secure_bit(cla: int) -> int:
    """The bit that announces GlobalPlatform's secure messaging: another one for logical channels from 4 on."""
    return 0x20 if cla & 0x40 else 0x04


def _foreign_bits(cla: int) -> int:
    """Bits of the class octet that GlobalPlatform does not use: the other secure messaging, chaining."""
    return cla & (0x10 if cla & 0x40 else 0x38)


def secure_cla(cla: int) -> int:
    """The class octet with its secure messaging bit set; LocalError if it carries one already."""
    if cla & _secure_bit(cla) or _foreign_bits(cla):
        raise LocalError(f"CLA {cla:02X} carries secure messaging already, or chaining", clause=CLASS_CLAUSE)
    return cla | _secure_bit(cla)


def plain_cla(cla: int) -> int:
    """The class octet without its secure messaging bit; BadValue where that is not set."""
    if not cla & _secure_bit(cla) or _foreign_bits(cla):
        raise BadValue(f"CLA {cla:02X} announces no secure messaging of ours", offset=0, clause=CLASS_CLAUSE)
    return cla & ~_secure_bit(cla)


def checked_header(apdu: CommandApdu, lc: int) -> bytes:
    """The header a MAC covers: secure messaging announced, logical channel zero, Lc of what goes out."""
    if lc > 0xFF:
        raise LocalError(f"{lc} octets with MAC and padding do not fit a short APDU", clause=CLASS_CLAUSE)
    return bytes((apdu.cla & 0x80 | 0x04, apdu.ins, apdu.p1, apdu.p2, lc))


def padded(octets: bytes, block: int) -> bytes:
    """ISO 9797-1 padding method 2: 80, then zeros up to whole blocks."""
    return octets + b"\x80" + bytes(-(len(octets) + 1) % block)


def unpadded(octets: bytes, block: int) -> bytes:
    """What stands before 80 00…; CheckFailed if there is none in the last block."""
    body = octets.rstrip(b"\x00")
    if not body.endswith(b"\x80") or len(octets) - len(body) >= block:
        raise CheckFailed(REFUSED)
    return body[:-1]


def split_mac(octets: bytes, length: int) -> tuple[bytes, bytes]:
    """Data and the MAC behind it; CheckFailed where there is no room for one."""
    if len(octets) < length:
        raise CheckFailed(REFUSED)
    return octets[: len(octets) - length], octets[len(octets) - length :]
