"""Sealing and opening secured packets under keys — ETSI TS 102 225 §5, 3GPP TS 31.115 §4.

Opening checks the RC or CC before it looks at the padding, compares in constant time and has one
answer, :class:`CheckFailed`, to every ciphertext or check that is not good, so that nobody can use
us as an oracle. What is allowed by policy (counters, minimum security level) is not decided here.

Single DES and 3DES keys whose neighbouring parts are equal are refused unless `weak_algorithms=True`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest
from typing import Final

from ..crypto.crc import crc16, crc32
from ..crypto.secret_key import BlockCipher, CryptoProvider, KeySet, Mode, SecretKey
from ..errors import BadValue, CheckFailed, CodecError, LocalError
from .secured_packet import (
    COMMAND_HEADER,
    MAXIMUM_LENGTH,
    RESPONSE_HEADER,
    CheckAlgorithm,
    CipherAlgorithm,
    CommandPacket,
    KeyReference,
    PacketCheck,
    PorStatus,
    ResponsePacket,
    Spi,
    spi_of,
    split_command,
    split_response,
    tar_of,
)

__all__ = [
    "BlockCipher",
    "CryptoProvider",
    "KeySet",
    "OpenedCommand",
    "OpenedResponse",
    "SecretKey",
    "deciphered_command",
    "deciphered_response",
    "open_command",
    "open_response",
    "seal_command",
    "seal_response",
]

#: UDHL, IEIa and IEIDLa of a response packet: its check covers them — 3GPP TS 31.115 §4.4. The same three octets also
#: where the packet goes out in several messages, whose first UDHL is 07:
#: docs/decisions/0003-check-of-a-long-response-packet.md.
RESPONSE_UDH: Final = b"\x02\x71\x00"

#: Errors that a card may answer before it trusts the sender: unsecured and without data.
UNSECURED_STATUSES: Final = frozenset(
    {
        PorStatus.CHECK_FAILED,
        PorStatus.CIPHERING_ERROR,
        PorStatus.SECURITY_ERROR,
        PorStatus.TAR_UNKNOWN,
        PorStatus.INSUFFICIENT_SECURITY_LEVEL,
    }
)

_ZERO_IV: Final = bytes(16)
_REFUSED: Final = "the packet does not open under these keys"

_CIPHERS: Final[dict[CipherAlgorithm, tuple[BlockCipher, Mode, tuple[int, ...]]]] = {
    CipherAlgorithm.DES_CBC: (BlockCipher.DES, "cbc", (8,)),
    CipherAlgorithm.DES_ECB: (BlockCipher.DES, "ecb", (8,)),
    CipherAlgorithm.DES3_2: (BlockCipher.DES3, "cbc", (16,)),
    CipherAlgorithm.DES3_3: (BlockCipher.DES3, "cbc", (24,)),
    CipherAlgorithm.AES_CBC: (BlockCipher.AES, "cbc", (16, 24, 32)),
}
_CHECKS: Final[dict[CheckAlgorithm, tuple[BlockCipher, tuple[int, ...], tuple[int, ...]]]] = {
    CheckAlgorithm.DES_MAC8: (BlockCipher.DES, (8,), (8,)),
    CheckAlgorithm.DES3_2: (BlockCipher.DES3, (16,), (8,)),
    CheckAlgorithm.DES3_3: (BlockCipher.DES3, (24,), (8,)),
    CheckAlgorithm.AES_CMAC: (BlockCipher.AES, (16, 24, 32), (4, 8)),
}


@dataclass(frozen=True, slots=True)
class OpenedCommand:
    """A command packet whose check was good. `check_length` is what a card mirrors in its response."""

    packet: CommandPacket
    chl_start: bool
    check_length: int = 0


@dataclass(frozen=True, slots=True)
class OpenedResponse:
    """A response packet; `authentic` only if it carried a good CC. The rest is a hint, no proof."""

    packet: ResponsePacket
    authentic: bool


@dataclass(frozen=True, slots=True)
class _Suite:
    """What SPI, KIc and KID ask for, looked up once per combination."""

    cipher: BlockCipher | None
    mode: Mode
    block: int  #: 1 when not ciphered: no padding
    cipher_keys: tuple[int, ...]
    check: CheckAlgorithm | None
    check_cipher: BlockCipher | None
    check_keys: tuple[int, ...]
    check_lengths: tuple[int, ...]

    def admit(self, keys: KeySet | None, weak_algorithms: bool, fault: type[CodecError]) -> None:
        """Raise `fault` unless the keys fit the algorithms and are strong enough."""
        if keys is None:
            if self.cipher is not None or self.check_cipher is not None:
                raise fault("the SPI asks for keys and none are given")
            return
        if self.cipher is not None:
            _admit_key(
                "KIc", self.cipher, self.cipher_keys, keys.ciphering, weak_algorithms=weak_algorithms, fault=fault
            )
        if self.check_cipher is not None:
            _admit_key(
                "KID", self.check_cipher, self.check_keys, keys.check, weak_algorithms=weak_algorithms, fault=fault
            )

    def checksum(self, covered: bytes, keys: KeySet | None, provider: CryptoProvider, length: int) -> bytes:
        """The RC or CC over `covered`; empty when none is asked for."""
        if self.check is None:
            return b""
        if keys is not None and self.check_cipher is BlockCipher.AES:
            return provider.cmac(keys.check, covered)[:length]
        if keys is not None and self.check_cipher is not None:
            return provider.cbc_mac(self.check_cipher, keys.check, covered)
        return crc16(covered) if self.check is CheckAlgorithm.CRC16 else crc32(covered)


def _admit_key(
    name: str,
    cipher: BlockCipher,
    lengths: tuple[int, ...],
    key: SecretKey,
    *,
    weak_algorithms: bool,
    fault: type[CodecError],
) -> None:
    if key.length not in lengths:
        raise fault(f"{name} asks for {cipher.value} with {lengths} octets, the key has {key.length}")
    if weak_algorithms or cipher is BlockCipher.AES:
        return
    if cipher is BlockCipher.DES:
        raise fault(f"{name} asks for single DES: weak algorithms are not allowed")
    if key.is_degenerate:
        raise fault(f"{name}: the 3DES key is worth a single DES key: weak algorithms are not allowed")


@lru_cache(maxsize=1024)
def _suite(security: int, kic: int, kid: int) -> _Suite:
    """`security` is bits 3-1 of SPI octet 1, or their like of a response; kic and kid without their index."""
    cipher: BlockCipher | None = None
    mode: Mode = "cbc"
    cipher_keys: tuple[int, ...] = ()
    block = 1
    if security & 4:
        algorithm = KeyReference.decode(kic).cipher
        if algorithm is CipherAlgorithm.IMPLICIT:
            raise BadValue(f"KIc algorithm {kic & 15:X}: known implicitly, but not to us", clause="TS 102 225 §5.1.2")
        cipher, mode, cipher_keys = _CIPHERS[algorithm]
        block = cipher.block
    checking = PacketCheck(security & 3)
    if checking is PacketCheck.NONE:
        return _Suite(cipher, mode, block, cipher_keys, None, None, (), (0,))
    if checking is PacketCheck.DS:
        raise BadValue("digital signatures are not supported", clause="TS 102 225 §5.1.1")
    check = KeyReference.decode(kid).check(checking)
    if checking is PacketCheck.RC:
        return _Suite(
            cipher, mode, block, cipher_keys, check, None, (), (2,) if check is CheckAlgorithm.CRC16 else (4,)
        )
    check_cipher, check_keys, lengths = _CHECKS[check]
    return _Suite(cipher, mode, block, cipher_keys, check, check_cipher, check_keys, lengths)


def _sealing_suite(
    security: int, kic: int, kid: int, keys: KeySet | None, *, mac_length: int, weak_algorithms: bool
) -> tuple[_Suite, int]:
    """The suite and the length of its check; every objection is the caller's fault."""
    try:
        suite = _suite(security, kic & 15, kid & 15)
    except BadValue as error:
        raise LocalError(error.message, clause=error.clause) from None
    length = suite.check_lengths[0]
    if suite.check is CheckAlgorithm.AES_CMAC:
        if mac_length not in suite.check_lengths:
            raise LocalError(f"a CMAC of {mac_length} octets: 4 or 8 are allowed", clause="TS 102 225 §5.1.3.1")
        length = mac_length
    suite.admit(keys, weak_algorithms, LocalError)
    return suite, length


def seal_command(
    packet: CommandPacket,
    keys: KeySet | None,
    provider: CryptoProvider,
    *,
    mac_length: int = 8,
    weak_algorithms: bool = False,
) -> bytes:
    """The octets of `packet`, from CPL on. `mac_length` (4 or 8) matters to AES-CMAC only.

    `keys` may be None if the SPI asks for neither CC nor ciphering. Raises `LocalError`.
    """
    spi = packet.spi.encode()
    suite, check_length = _sealing_suite(
        spi[0] & 7, packet.kic, packet.kid, keys, mac_length=mac_length, weak_algorithms=weak_algorithms
    )
    data = packet.data
    padding = -(6 + check_length + len(data)) % suite.block
    length = COMMAND_HEADER + 1 + check_length + len(data) + padding
    if length > MAXIMUM_LENGTH:
        raise LocalError(f"CPL {length} does not fit two octets", clause="TS 102 225 §5.1")
    head = b"%b%c%b%c%c%b" % (
        length.to_bytes(2, "big"),
        COMMAND_HEADER + check_length,
        spi,
        packet.kic,
        packet.kid,
        packet.tar.octets,
    )
    counter = b"%b%c" % (packet.counter.to_bytes(5, "big"), padding)
    body = data + bytes(padding)
    secured = counter + suite.checksum(head + counter + body, keys, provider, check_length) + body
    if suite.cipher is not None and keys is not None:
        secured = provider.encrypt(suite.cipher, suite.mode, keys.ciphering, _ZERO_IV[: suite.block], secured)
    return head + secured


def _decipher(suite: _Suite, secured: bytes, keys: KeySet | None, provider: CryptoProvider) -> bytes:
    if suite.cipher is None or keys is None:
        return secured
    if len(secured) % suite.block:
        raise CheckFailed(_REFUSED)
    return provider.decrypt(suite.cipher, suite.mode, keys.ciphering, _ZERO_IV[: suite.block], secured)


def _without_padding(body: bytes, padding: int, suite: _Suite) -> bytes:
    """The secured data; called only after the check was good. Padding of unchecked packets must be zero."""
    if not padding:
        return body
    kept = len(body) - padding
    if suite.cipher is None or kept < 0 or (suite.check_cipher is None and any(body[kept:])):
        raise CheckFailed(_REFUSED)
    return body[:kept]


def open_command(
    octets: bytes, keys: KeySet | None, provider: CryptoProvider, *, weak_algorithms: bool = False
) -> OpenedCommand:
    """Open a command packet that starts at CPL (or, unciphered, at CHL).

    Raises `CheckFailed` for a bad check, ciphertext or padding, `BadValue` for algorithms that are
    reserved, weak or do not fit the keys, `Truncated`/`TrailingOctets` for lengths.
    """
    prefix, check_length, ciphered, chl_start = split_command(octets)
    spi, kic, kid = spi_of(prefix[3:5]), prefix[5], prefix[6]
    suite = _suite(prefix[3] & 7, kic & 15, kid & 15)
    suite.admit(keys, weak_algorithms, BadValue)
    if check_length not in suite.check_lengths:
        raise BadValue(f"CHL {COMMAND_HEADER + check_length:02X} contradicts SPI and KID", offset=0 if chl_start else 2)
    secured = _decipher(suite, ciphered, keys, provider)
    counter, check, body = secured[:6], secured[6 : 6 + check_length], secured[6 + check_length :]
    if not compare_digest(check, suite.checksum(prefix + counter + body, keys, provider, check_length)):
        raise CheckFailed(_REFUSED)
    data = _without_padding(body, counter[5], suite)
    packet = CommandPacket(spi, kic, kid, tar_of(prefix[7:10]), int.from_bytes(counter[:5], "big"), data)
    return OpenedCommand(packet, chl_start, check_length)


def _response_security(spi: Spi) -> int:
    return spi.por_ciphered << 2 | spi.por_check


def seal_response(  # noqa: PLR0917 - the value, what the command asked, and with what
    response: ResponsePacket,
    spi: Spi,
    kic: int,
    kid: int,
    keys: KeySet | None,
    provider: CryptoProvider,
    *,
    secured: bool = True,
    mac_length: int = 8,
    weak_algorithms: bool = False,
) -> bytes:
    """The octets of `response`, from RPL on, secured as the command's `spi`, `kic` and `kid` ask.

    `secured=False` leaves check and ciphering out whatever the SPI says: for the errors a card answers
    before it trusts the sender. Raises `LocalError`.
    """
    security = _response_security(spi) if secured else 0
    suite, check_length = _sealing_suite(
        security, kic, kid, keys, mac_length=mac_length, weak_algorithms=weak_algorithms
    )
    data = response.data
    padding = -(7 + check_length + len(data)) % suite.block
    length = RESPONSE_HEADER + 1 + check_length + len(data) + padding
    if length > MAXIMUM_LENGTH:
        raise LocalError(f"RPL {length} does not fit two octets", clause="TS 102 225 §5.2")
    head = b"%b%c%b" % (length.to_bytes(2, "big"), RESPONSE_HEADER + check_length, response.tar.octets)
    counter = b"%b%c%c" % (response.counter.to_bytes(5, "big"), padding, response.status)
    body = data + bytes(padding)
    check = suite.checksum(RESPONSE_UDH + head + counter + body, keys, provider, check_length)
    secret = counter + check + body
    if suite.cipher is not None and keys is not None:
        secret = provider.encrypt(suite.cipher, suite.mode, keys.ciphering, _ZERO_IV[: suite.block], secret)
    return head + secret


def _unsecured_error(prefix: bytes, check_length: int, plain: bytes) -> ResponsePacket | None:
    """The error PoR a card sends before it trusts the sender, if the octets are one."""
    if check_length or len(plain) != 7 or plain[5] or plain[6] not in UNSECURED_STATUSES:
        return None
    return ResponsePacket(tar_of(prefix[3:6]), int.from_bytes(plain[:5], "big"), plain[6])


def open_response(  # noqa: PLR0917 - the octets, what the command asked, and with what
    octets: bytes,
    spi: Spi,
    kic: int,
    kid: int,
    keys: KeySet | None,
    provider: CryptoProvider,
    *,
    weak_algorithms: bool = False,
) -> OpenedResponse:
    """Open a response packet that starts at RPL, secured as the command's `spi`, `kic` and `kid` asked.

    The errors 01, 05, 06, 09 and 0A are also read unsecured and without data; then `authentic` is False.
    Raises `CheckFailed` for a bad or missing check, bad ciphertext or padding, `BadValue` for algorithms.
    """
    prefix, check_length, ciphered = split_response(octets)
    suite = _suite(_response_security(spi), kic & 15, kid & 15)
    if suite.cipher is not None or suite.check is not None:
        error = _unsecured_error(prefix, check_length, ciphered)
        if error is not None:
            return OpenedResponse(error, False)
    suite.admit(keys, weak_algorithms, BadValue)
    if check_length not in suite.check_lengths:
        raise CheckFailed(_REFUSED, offset=2)
    secured = _decipher(suite, ciphered, keys, provider)
    counter, check, body = secured[:7], secured[7 : 7 + check_length], secured[7 + check_length :]
    covered = RESPONSE_UDH + prefix + counter + body
    if not compare_digest(check, suite.checksum(covered, keys, provider, check_length)):
        raise CheckFailed(_REFUSED)
    data = _without_padding(body, counter[5], suite)
    packet = ResponsePacket(tar_of(prefix[3:6]), int.from_bytes(counter[:5], "big"), counter[6], data)
    return OpenedResponse(packet, spi.por_check is PacketCheck.CC)


def deciphered_command(
    octets: bytes, keys: KeySet | None, provider: CryptoProvider, *, weak_algorithms: bool = False
) -> bytes:
    """The packet from CPL on with its ciphered part in clear, octet for octet; for people who look at packets.

    Nothing is checked: to act on a packet, use :func:`open_command`. Raises as that does.
    """
    prefix, _, ciphered, _ = split_command(octets)
    suite = _suite(prefix[3] & 7, prefix[5] & 15, prefix[6] & 15)
    suite.admit(keys, weak_algorithms, BadValue)
    return prefix + _decipher(suite, ciphered, keys, provider)


def deciphered_response(  # noqa: PLR0917 - as open_response
    octets: bytes,
    spi: Spi,
    kic: int,
    kid: int,
    keys: KeySet | None,
    provider: CryptoProvider,
    *,
    weak_algorithms: bool = False,
) -> bytes:
    """The response packet from RPL on in clear, octet for octet; the twin of :func:`deciphered_command`.

    An error answered without security (see :func:`open_response`) comes back as it is.
    """
    prefix, check_length, ciphered = split_response(octets)
    if _unsecured_error(prefix, check_length, ciphered) is not None:
        return octets
    suite = _suite(_response_security(spi), kic & 15, kid & 15)
    suite.admit(keys, weak_algorithms, BadValue)
    return prefix + _decipher(suite, ciphered, keys, provider)
