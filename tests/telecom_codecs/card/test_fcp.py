"""FCP templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.fcp import ArrReference, Fcp, FileDescriptor, FileStructure, LifeCycle, PinReference
from telecom_codecs.card.identities import Aid
from telecom_codecs.errors import CodecError, LocalError
from telecom_codecs.tlv import BerTlv

MF = Fcp(
    FileDescriptor(FileStructure.DF),
    0x3F00,
    proprietary=(BerTlv(0x80, b"\x71"), BerTlv(0x83, b"\x00\x00\x20\x00")),
    life_cycle=0x05,
    security=ArrReference(0x2F06, ((None, 2),)),
    pins=(PinReference(0x01, True), PinReference(0x81, False), PinReference(0x0A, True)),
    total_size=0x1000,
)

# TS 102 221 11.1.1.3, worked by hand: 82 descriptor, 83 FID, A5, 8A, 8B, C6, 80, 81, 88
TEMPLATES = [
    (
        MF,
        "622d 82027821 83023f00 a509 800171 830400002000 8a0105 8b032f0602c60c 9001a0 830101 830181 83010a 81021000",
    ),
    (
        Fcp(
            FileDescriptor(FileStructure.TRANSPARENT),
            0x2FE2,
            life_cycle=5,
            security=ArrReference(0x2F06, ((1, 3), (2, 4))),
            file_size=10,
            short_file_id=2,
        ),
        "621a 82024121 83022fe2 8a0105 8b062f0601030204 8002000a 880110",
    ),
    (
        Fcp(FileDescriptor(FileStructure.LINEAR_FIXED, record_length=30, record_count=10), 0x6F3A, file_size=300),
        "620f 82054221001e0a 83026f3a 8002012c",
    ),
    (
        Fcp(
            FileDescriptor(FileStructure.DF),
            df_name=Aid(bytes.fromhex("a0000000871002")),
            pins=(PinReference(0x01, True, 0x08),),
            short_file_id=0,
        ),
        "621a 82027821 8407a0000000871002 c609 900180 950108 830101 8800",
    ),
    (
        Fcp(
            FileDescriptor(0x3B, shareable=False),
            security_compact=b"\x40\x00",
            security_expanded=(BerTlv(0x80, b"\x01"), BerTlv(0x90, b"")),
            others=(BerTlv(0x9F01, b"x"),),
        ),
        "6213 82023b21 8c024000 ab05 800101 9000 9f010178",
    ),
]


@pytest.mark.parametrize(("template", "octets"), TEMPLATES)
def test_what_a_card_tells_of_a_file_goes_both_ways(template: Fcp, octets: str) -> None:
    """MF, transparent and linear fixed files, an ADF, and a structure nobody knows."""
    assert template.encode() == bytes.fromhex(octets)
    assert Fcp.decode(bytes.fromhex(octets)) == template


@pytest.mark.parametrize(
    ("octet", "state"),
    [
        (0x00, LifeCycle.NO_INFORMATION),
        (0x01, LifeCycle.CREATION),
        (0x03, LifeCycle.INITIALISATION),
        (0x05, LifeCycle.ACTIVATED),
        (0x07, LifeCycle.ACTIVATED),
        (0x04, LifeCycle.DEACTIVATED),
        (0x06, LifeCycle.DEACTIVATED),
        (0x0C, LifeCycle.TERMINATED),
        (0x0F, LifeCycle.TERMINATED),
        (0x80, None),
    ],
)
def test_several_octets_mean_one_life_cycle_state(octet: int, state: LifeCycle | None) -> None:
    """Bits that do not count are not compared."""
    assert LifeCycle.of(octet) is state


# other tag; no descriptor; descriptor of 3 octets; double object; FID of 1 octet; SFI with low bits; SFI of 2 octets;
# security reference of 5 octets; PIN template without PS; more PINs than bits; usage without PIN; AID of 4 octets
BAD = [
    "6f0482027821",
    "6200",
    "6205 8203782100",
    "6208 82027821 82027821",
    "6207 82027821 8301 3f",
    "6207 82027821 880111",
    "6208 82027821 88021010",
    "620b 82027821 8b052f06010302",
    "6209 82027821 c603830101",
    "6209 82027821 c6039000 83",
    "620b 82027821 c605 9000 830101",
    "620c 82027821 c606 900180 950108",
    "620a 82027821 8404a0000000",
    "6204 82027821 00",
    "6204 820278",
]


@pytest.mark.parametrize("octets", BAD)
def test_a_bad_template_is_refused(octets: str) -> None:
    """A file is not guessed at."""
    with pytest.raises(CodecError):
        Fcp.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "template",
    [
        Fcp(FileDescriptor(0x100)),
        Fcp(FileDescriptor(FileStructure.LINEAR_FIXED, record_length=0x10000)),
        Fcp(FileDescriptor(FileStructure.DF), 0x10000),
        Fcp(FileDescriptor(FileStructure.DF), short_file_id=31),
        Fcp(FileDescriptor(FileStructure.DF), others=(BerTlv(0x83, b""),)),
        Fcp(FileDescriptor(FileStructure.DF), security=ArrReference(0x2F06, ())),
        Fcp(FileDescriptor(FileStructure.DF), security=ArrReference(0x2F06, ((None, 1), (None, 2)))),
    ],
)
def test_what_no_template_carries_is_our_fault(template: Fcp) -> None:
    """Identifiers, sizes and references have their widths."""
    with pytest.raises(LocalError):
        template.encode()


octet = st.integers(0, 255)
descriptors = st.builds(FileDescriptor, st.sampled_from(FileStructure), st.booleans(), octet) | st.builds(
    FileDescriptor, st.sampled_from(FileStructure), st.booleans(), octet, st.integers(0, 0xFFFF), octet
)
templates = st.builds(
    Fcp,
    descriptors,
    st.none() | st.integers(0, 0xFFFF),
    st.none() | st.builds(Aid, st.binary(min_size=5, max_size=16)),
    st.just((BerTlv(0x80, b"\x71"),)) | st.just(()),
    st.none() | octet,
    st.none() | st.builds(ArrReference, st.integers(0, 0xFFFF), st.tuples(st.tuples(st.none(), octet))),
    pins=st.lists(st.builds(PinReference, octet, st.booleans(), st.none() | octet), max_size=20).map(tuple),
    file_size=st.none() | st.integers(0, 0xFFFFFFFF),
    total_size=st.none() | st.integers(0, 0xFFFFFFFF),
    short_file_id=st.none() | st.integers(0, 30),
)


@given(templates)
def test_any_template_comes_back(template: Fcp) -> None:
    """With any of the optional objects."""
    assert Fcp.decode(template.encode()) == template


@given(st.sampled_from(TEMPLATES), st.integers(0, 100), octet)
def test_any_changed_octet_is_read_or_refused(row: tuple[Fcp, str], at: int, value: int) -> None:
    """Only declared errors; an accepted template re-encodes to the same value."""
    octets = bytearray(row[0].encode())
    octets[at % len(octets)] = value
    try:
        template = Fcp.decode(bytes(octets))
    except CodecError:
        return
    assert Fcp.decode(template.encode()) == template


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Only declared errors."""
    for whole in (octets, b"\x62" + bytes((len(octets),)) + octets):
        try:
            Fcp.decode(whole)
        except CodecError:
            continue
