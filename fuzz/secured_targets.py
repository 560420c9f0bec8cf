"""Secured packets and secure channels under fixed test keys, with seeds sealed under every algorithm."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.key_derivation import DomainKeys
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.errors import LocalError
from telecom_codecs.globalplatform import scp02, scp03, secure_messaging
from telecom_codecs.globalplatform.keys import KeyType, NewKey, PutKey
from telecom_codecs.ota import packet_security, secured_packet
from telecom_codecs.ota.secured_packet import (
    CommandHeader,
    CommandPacket,
    KeyReference,
    PacketCheck,
    ResponseHeader,
    ResponsePacket,
    Spi,
)

from . import corpus
from .target import Target, hexes, named

PROVIDER: Final = OpenSslProvider()
KEYS: Final = KeySet(SecretKey(bytes(range(16))), SecretKey(bytes(range(16, 32))))
STATIC: Final = DomainKeys(*(SecretKey(bytes((number,)) * 16) for number in (0x40, 0x41, 0x42)))
TAR: Final = Tar.from_hex("B00011")
LEVEL02: Final = scp02.SecurityLevel(0x03)
LEVEL03: Final = scp03.SecurityLevel(0x33)
_PLAIN: Final = CommandApdu(0x80, 0xE2, 0x91, 0x00, bytes.fromhex("bf3e035c015a"), le=256)


def _kid(by_code: bool, kid: int) -> int:
    """A redundancy check has algorithms of its own: CRC-16 and CRC-32."""
    return (0x15 if kid == 0x15 else 0x11) if by_code else kid


def _spis() -> Iterator[tuple[Spi, int, int]]:
    """SPI, KIc and KID for every check and cipher that keys of 16 octets serve."""
    for kic, kid in ((0x12, 0x12), (0x15, 0x15), (0x11, 0x11)):
        for first in (0x00, 0x02, 0x04, 0x06, 0x11, 0x12, 0x15, 0x16, 0x1E):
            yield Spi.decode(bytes((first, 0x39))), kic, _kid(first & 3 == 1, kid)


def _commands() -> tuple[bytes, ...]:
    found = []
    for spi, kic, kid in _spis():
        for keys in (KEYS, None):
            packet = CommandPacket(spi, kic, kid, TAR, 5, bytes.fromhex("00a40004023f00"))
            try:
                found.append(packet_security.seal_command(packet, keys, PROVIDER, weak_algorithms=True))
            except LocalError:
                continue
    return tuple(dict.fromkeys(found))


def _open_command(octets: bytes) -> tuple[CommandPacket, int]:
    opened = packet_security.open_command(octets, KEYS, PROVIDER, weak_algorithms=True)
    return opened.packet, opened.check_length


def _seal_command(value: tuple[CommandPacket, int]) -> bytes:
    packet, length = value
    return packet_security.seal_command(packet, KEYS, PROVIDER, mac_length=length or 8, weak_algorithms=True)


_ASKED: Final = tuple(
    (Spi.decode(bytes((0x16, second))), key, _kid(second >> 2 & 3 == 1, key))
    for second in (0x01, 0x05, 0x09, 0x11, 0x15, 0x19)
    for key in (0x12, 0x15)
)


def _open_response(octets: bytes) -> tuple[int, ResponsePacket, bool]:
    """The first octet says what the command asked for."""
    number = (octets[0] if octets else 0) % len(_ASKED)
    spi, kic, kid = _ASKED[number]
    opened = packet_security.open_response(octets[1:], spi, kic, kid, KEYS, PROVIDER)
    return number, opened.packet, opened.authentic


def _seal_response(value: tuple[int, ResponsePacket, bool]) -> bytes:
    number, packet, authentic = value
    spi, kic, kid = _ASKED[number]
    plain = spi.por_check is PacketCheck.NONE and not spi.por_ciphered
    secured = authentic or plain or packet.status not in packet_security.UNSECURED_STATUSES or bool(packet.data)
    sealed = packet_security.seal_response(packet, spi, kic, kid, KEYS, PROVIDER, secured=secured)
    return bytes((number,)) + sealed


def _responses() -> tuple[bytes, ...]:
    good = ResponsePacket(TAR, 5, 0, b"\x01\x90\x00")
    error = ResponsePacket(TAR, 5, 0x06)
    return tuple(
        _seal_response((number, packet, packet is good and spi.por_check is PacketCheck.CC))
        for number, (spi, _, _) in enumerate(_ASKED)
        for packet in (good, error)
    )


def _split_command(octets: bytes) -> Any:
    return secured_packet.split_command(octets)


def _key_reference(octets: bytes) -> tuple[KeyReference, object]:
    """The octet and what it asks of ciphering; reserved algorithms are refused."""
    reference = KeyReference.decode(octets[0] if octets else 0)
    return reference, reference.cipher


def _channel02() -> tuple[scp02.InitializeUpdateResponse, CommandApdu, scp02.Scp02Channel]:
    keys = scp02.derive_session(STATIC, 7, PROVIDER)
    cryptogram = scp02.card_cryptogram(keys, bytes(8), 7, bytes(6), PROVIDER)
    response = scp02.InitializeUpdateResponse(bytes(10), 0x20, 7, bytes(6), cryptogram)
    return response, *scp02.establish(STATIC, bytes(8), response, LEVEL02, PROVIDER)


def _channel03() -> tuple[scp03.InitializeUpdateResponse, CommandApdu, scp03.Scp03Channel]:
    keys = scp03.derive_session(STATIC, bytes(8), bytes(8), PROVIDER)
    cryptogram = scp03.card_cryptogram(keys, bytes(8), bytes(8), PROVIDER)
    response = scp03.InitializeUpdateResponse(bytes(10), 0x30, 0x70, bytes(8), cryptogram, 5)
    return response, *scp03.establish(STATIC, bytes(8), response, LEVEL03, PROVIDER)


def _unpadded(octets: bytes) -> bytes:
    return secure_messaging.unpadded(octets, 16)


def _padded(octets: bytes) -> bytes:
    return secure_messaging.padded(octets, 16)


def _channel_targets() -> tuple[Target, ...]:
    response02, authenticate02, channel02 = _channel02()
    response03, authenticate03, channel03 = _channel03()
    wrapped02, wrapped03 = channel02.wrap(_PLAIN, PROVIDER)[0], channel03.wrap(_PLAIN, PROVIDER)[0]
    sealed = channel03.seal_response(ResponseApdu(b"answer", 0x9000), PROVIDER)
    first, second = scp02.InitializeUpdateResponse, scp03.InitializeUpdateResponse
    return (
        named("scp02.InitializeUpdateResponse", first.decode, first.encode, response02.encode()),
        named("scp03.InitializeUpdateResponse", second.decode, second.encode, response03.encode(),
              scp03.InitializeUpdateResponse(bytes(10), 1, 0x01, bytes(16), bytes(16)).encode()),
        named("scp02.accept", scp02.accept, None, authenticate02.encode(), read=lambda octets: scp02.accept(
            STATIC, bytes(8), response02, CommandApdu.decode(octets), PROVIDER)),
        named("scp03.accept", scp03.accept, None, authenticate03.encode(), read=lambda octets: scp03.accept(
            STATIC, bytes(8), response03, CommandApdu.decode(octets), PROVIDER)),
        named("scp02.unwrap", scp02.Scp02Channel.unwrap, lambda apdu: channel02.wrap(apdu, PROVIDER)[0].encode(),
              wrapped02.encode(), read=lambda octets: channel02.unwrap(CommandApdu.decode(octets), PROVIDER)[0]),
        named("scp03.unwrap", scp03.Scp03Channel.unwrap, lambda apdu: channel03.wrap(apdu, PROVIDER)[0].encode(),
              wrapped03.encode(), read=lambda octets: channel03.unwrap(CommandApdu.decode(octets), PROVIDER)[0]),
        named("scp03.open_response", scp03.Scp03Channel.open_response,
              lambda answer: channel03.seal_response(answer, PROVIDER).encode(), sealed.encode(),
              read=lambda octets: channel03.open_response(ResponseApdu.decode(octets), PROVIDER)),
        named("secure_messaging.unpadded", secure_messaging.unpadded, _padded, b"abc\x80" + bytes(12), read=_unpadded),
        named("secure_messaging.plain_cla", secure_messaging.plain_cla,
              lambda cla: bytes((secure_messaging.secure_cla(cla),)), *hexes("84", "04", "e0"), weight=1,
              read=lambda octets: secure_messaging.plain_cla(octets[0] if octets else 0)),
        named("secure_messaging.split_mac", secure_messaging.split_mac, b"".join, bytes(12), weight=1,
              read=lambda octets: secure_messaging.split_mac(octets, 8)),
    )  # fmt: skip


def _put_key() -> Target:
    key = SecretKey(bytes(range(16)))
    order = PutKey((NewKey(KeyType.AES, key), NewKey(KeyType.AES, STATIC.mac)), 0x21)
    return named(
        "gp.PutKey", PutKey.open, lambda value: value.apdu(STATIC.dek, PROVIDER).encode(),
        order.apdu(STATIC.dek, PROVIDER).encode(),
        read=lambda octets: PutKey.open(CommandApdu.decode(octets), STATIC.dek, PROVIDER),
    )  # fmt: skip


def targets() -> tuple[Target, ...]:
    """Headers without keys, packets and channels with them."""
    commands = corpus.octets("command", field="packet")[:120] + _commands()
    responses = corpus.octets("response", field="packet")[:80] + tuple(octets[1:] for octets in _responses())
    without_cpl = tuple(octets[2:] for octets in commands[-40:])
    return (
        named("packet.Spi", Spi.decode, Spi.encode, *hexes("1639", "0001", "1221"), weight=1),
        named("packet.KeyReference", KeyReference.decode, lambda value: bytes((value[0].encode(),)), *hexes("12", "15"),
              read=_key_reference, weight=1),
        named("packet.CommandHeader", CommandHeader.peek, None, *commands, *without_cpl),
        named("packet.split_command", secured_packet.split_command, None, *commands, read=_split_command),
        named("packet.ResponseHeader", ResponseHeader.peek, None, *responses),
        named("packet.split_response", secured_packet.split_response, None, *responses),
        named("packet.open_command", packet_security.open_command, _seal_command, *_commands(), *without_cpl,
              read=_open_command, weight=24),
        named("packet.open_response", packet_security.open_response, _seal_response, *_responses(),
              read=_open_response, weight=16),
        *_channel_targets(),
        _put_key(),
    )  # fmt: skip
