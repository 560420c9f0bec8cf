"""What can be read of a secured packet without a key."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.identities import Tar
from telecom_codecs.errors import BadValue, CodecError, LocalError, RemoteError, TrailingOctets, Truncated
from telecom_codecs.ota.secured_packet import (
    CheckAlgorithm,
    CipherAlgorithm,
    CommandHeader,
    CommandPacket,
    CounterCheck,
    KeyReference,
    PacketCheck,
    PorRequest,
    PorStatus,
    ResponseHeader,
    ResponsePacket,
    Spi,
)

SPIS = [
    ("0000", Spi()),
    ("0100", Spi(check=PacketCheck.RC)),
    ("0200", Spi(check=PacketCheck.CC)),
    ("0300", Spi(check=PacketCheck.DS)),
    ("0400", Spi(ciphered=True)),
    ("0800", Spi(CounterCheck.NO_REPLAY_CHECK)),
    ("1000", Spi(CounterCheck.HIGHER)),
    ("1800", Spi(CounterCheck.ONE_HIGHER)),
    ("0001", Spi(por=PorRequest.ALWAYS)),
    ("0002", Spi(por=PorRequest.ON_ERROR)),
    ("0003", Spi(por=PorRequest.RFU)),
    ("0004", Spi(por_check=PacketCheck.RC)),
    ("0008", Spi(por_check=PacketCheck.CC)),
    ("000C", Spi(por_check=PacketCheck.DS)),
    ("0010", Spi(por_ciphered=True)),
    ("0020", Spi(por_in_submit=True)),
    ("1639", Spi(CounterCheck.HIGHER, True, PacketCheck.CC, PorRequest.ALWAYS, PacketCheck.CC, True, True)),
]
PACKET = bytes.fromhex("00180d04193535b00000e3ec80a849b554421276af3883927c20")  # pySim, 3DES, ciphered, no CC


@pytest.mark.parametrize(("octets", "spi"), SPIS)
def test_every_bit_of_the_spi_has_its_meaning(octets: str, spi: Spi) -> None:
    """TS 102 225 §5.1.1, each flag alone and all of a usual one."""
    assert Spi.decode(bytes.fromhex(octets)) == spi
    assert spi.encode() == bytes.fromhex(octets)


def test_every_pair_of_octets_is_an_spi_or_refused() -> None:
    """2,048 of 65,536 are legal and survive; a changed field changes the octets."""
    legal = 0
    for number in range(0x10000):
        octets = number.to_bytes(2, "big")
        try:
            spi = Spi.decode(octets)
        except BadValue:
            continue
        legal += 1
        assert spi.encode() == octets
        assert dataclasses.replace(spi, ciphered=not spi.ciphered).encode() != octets
    assert legal == 2048
    for cut in (b"", b"\x00", b"\x00" * 3):
        with pytest.raises(RemoteError):
            Spi.decode(cut)


@pytest.mark.parametrize(
    ("octet", "cipher"),
    [(0x10, "IMPLICIT"), (0x11, "DES_CBC"), (0x12, "AES_CBC"), (0x15, "DES3_2"), (0x19, "DES3_3"), (0x1D, "DES_ECB")],
)
def test_every_ciphering_algorithm_is_known(octet: int, cipher: str) -> None:
    """KIc 12 is AES: the mistake people make is 13."""
    assert KeyReference.decode(octet).cipher is CipherAlgorithm[cipher]
    assert KeyReference.decode(octet).encode() == octet


@pytest.mark.parametrize(
    ("check", "octet", "algorithm"),
    [
        (PacketCheck.RC, 0x21, "CRC16"),
        (PacketCheck.RC, 0x25, "CRC32"),
        (PacketCheck.CC, 0x21, "DES_MAC8"),
        (PacketCheck.CC, 0x22, "AES_CMAC"),
        (PacketCheck.CC, 0x25, "DES3_2"),
        (PacketCheck.CC, 0x29, "DES3_3"),
    ],
)
def test_kid_means_what_the_spi_says(check: PacketCheck, octet: int, algorithm: str) -> None:
    """KID 21 is CRC-16 under RC and DES under CC."""
    assert KeyReference.decode(octet).check(check) is CheckAlgorithm[algorithm]


def test_reserved_algorithms_are_kept_and_refused_when_asked() -> None:
    """The octet survives; what it asks for does not happen."""
    reference = KeyReference.decode(0x13)
    assert (reference.index, reference.algorithm, reference.encode()) == (1, 3, 0x13)
    with pytest.raises(BadValue):
        _ = reference.cipher
    for check in PacketCheck:
        with pytest.raises(BadValue):
            reference.check(check)
    with pytest.raises(LocalError):
        KeyReference(16, 0)


def test_every_status_has_a_remedy() -> None:
    """The operator reads what to do next; there is one for each of 00 to 0C."""
    assert [int(status) for status in PorStatus] == list(range(13))
    assert all(status.remedy.endswith(".") for status in PorStatus)


def test_keys_are_looked_up_by_what_is_never_ciphered() -> None:
    """TAR, KIc and KID stand in clear even in a ciphered packet."""
    header = CommandHeader.peek(PACKET)
    assert (header.kic, header.kid, header.tar, header.check_length) == (0x35, 0x35, Tar.from_hex("B00000"), 0)
    assert header.spi == Spi.decode(bytes.fromhex("0419"))
    assert header.prefix + header.secured == PACKET
    assert not header.chl_start


def test_a_packet_cut_anywhere_or_with_a_tail_is_refused() -> None:
    """CPL counts every octet; and a ciphered packet without CPL is no packet."""
    for end in range(len(PACKET)):
        with pytest.raises(Truncated):
            CommandHeader.peek(PACKET[:end])
    with pytest.raises(TrailingOctets):
        CommandHeader.peek(PACKET + b"\x00")
    for cut in range(1, len(PACKET)):
        with pytest.raises(RemoteError):
            CommandHeader.peek(PACKET[cut:])


@pytest.mark.parametrize("octet", [0x00, 0x0C, 0x0E, 0x10, 0x12, 0x16, 0xFF])
def test_a_header_length_that_fits_no_check_is_refused(octet: int) -> None:
    """CHL is 0D, 0F, 11 or 15; RHL is 0A, 0C, 0E or 12."""
    with pytest.raises(RemoteError):
        CommandHeader.peek(PACKET[:2] + bytes((octet,)) + PACKET[3:])
    with pytest.raises(RemoteError):
        ResponseHeader.peek(bytes.fromhex("000E") + bytes((octet + 1 & 0xFF,)) + bytes(13))


def test_a_response_cut_anywhere_or_with_a_tail_is_refused() -> None:
    """RPL counts every octet."""
    packet = bytes.fromhex("000e0ab000110000000000000001612f")
    header = ResponseHeader.peek(packet)
    assert (header.tar, header.check_length, header.prefix + header.secured) == (Tar.from_hex("B00011"), 0, packet)
    for end in range(len(packet)):
        with pytest.raises(Truncated):
            ResponseHeader.peek(packet[:end])
    with pytest.raises(TrailingOctets):
        ResponseHeader.peek(packet + b"\x00")


def test_values_check_what_octets_can_hold() -> None:
    """CNTR has five octets; KIc, KID and the status one."""
    tar = Tar(bytes(3))
    assert CommandPacket(Spi(), 0, 0, tar, 2**40 - 1).counter == 2**40 - 1
    for make in (
        lambda: CommandPacket(Spi(), 0, 0, tar, 2**40),
        lambda: CommandPacket(Spi(), 0, 0, tar, -1),
        lambda: CommandPacket(Spi(), 256, 0, tar, 0),
        lambda: CommandPacket(Spi(), 0, -1, tar, 0),
        lambda: ResponsePacket(tar, 2**40, 0),
        lambda: ResponsePacket(tar, 0, 256),
    ):
        with pytest.raises(LocalError):
            make()


@given(st.binary(max_size=60))
def test_random_octets_are_read_or_refused(octets: bytes) -> None:
    """With and without a length that fits: nothing but a declared error."""
    for packet in (octets, len(octets).to_bytes(2, "big") + octets):
        for peek in (CommandHeader.peek, ResponseHeader.peek):
            try:
                header = peek(packet)
            except CodecError:
                continue
            assert (header.prefix + header.secured)[-len(packet) :] == packet
