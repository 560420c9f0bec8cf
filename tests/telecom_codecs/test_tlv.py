"""BER-TLV and COMPREHENSION-TLV."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import BadValue, CodecError, LimitExceeded, LocalError, TrailingOctets, Truncated
from telecom_codecs.octets import Cursor
from telecom_codecs.tlv import (
    BerTlv,
    ComprehensionTlv,
    decode_ber,
    decode_ber_all,
    decode_ber_length,
    decode_comprehension_all,
    encode_ber_all,
    encode_ber_length,
    encode_comprehension_all,
    find_ber,
)
from tests.vectors import foreign, needs_vectors

# ISO/IEC 7816-4 table 5, worked by hand
LENGTHS = [
    (0, "00"),
    (0x7F, "7f"),
    (0x80, "8180"),
    (0xFF, "81ff"),
    (0x100, "820100"),
    (0xFFFF, "82ffff"),
    (0x10000, "83010000"),
    (0xFFFFFFFF, "84ffffffff"),
]


@pytest.mark.parametrize(("length", "octets"), LENGTHS)
def test_a_length_is_written_in_its_shortest_form_and_read_back(length: int, octets: str) -> None:
    """Each form of the length field, at both of its ends."""
    assert encode_ber_length(length).hex() == octets
    assert decode_ber_length(Cursor(bytes.fromhex(octets))) == length


@pytest.mark.parametrize("octets", ["8105", "820005", "83000005", "8400000005"])
def test_a_length_longer_than_needed_is_understood(octets: str) -> None:
    """Some cards always write two or three octets."""
    assert decode_ber_length(Cursor(bytes.fromhex(octets))) == 5


@pytest.mark.parametrize("length", [-1, 1 << 32])
def test_a_length_that_no_form_carries_is_our_fault(length: int) -> None:
    """Nobody can announce 4 GiB."""
    with pytest.raises(LocalError):
        encode_ber_length(length)


BER = [
    (BerTlv(0x83, b"\x3f\x00"), "83023f00"),
    (BerTlv(0x7F49, b""), "7f4900"),
    (BerTlv(0xDF1F, b"\x01"), "df1f01 01"),
    (BerTlv(0x9F8101, b"\xaa"), "9f810101aa"),
    (BerTlv(0xD0, bytes(128)), "d08180" + "00" * 128),
]


@pytest.mark.parametrize(("value", "octets"), BER)
def test_an_object_with_a_tag_of_one_to_three_octets_goes_both_ways(value: BerTlv, octets: str) -> None:
    """Tags stand as the standard prints them."""
    assert value.encode() == bytes.fromhex(octets)
    assert decode_ber(bytes.fromhex(octets)) == value


# why each row is bad: nothing; no length; value cut; indefinite length; five length octets; 2^31 octets announced;
# tag 00; tag without end; tag of four octets; octets left over
BAD_BER = [
    ("", Truncated),
    ("83", Truncated),
    ("83023f", Truncated),
    ("a080", BadValue),
    ("a0850000000001", BadValue),
    ("a08480000000", Truncated),
    ("0000", BadValue),
    ("9f81", Truncated),
    ("9f81818101", BadValue),
    ("830100 00", TrailingOctets),
]


@pytest.mark.parametrize(("octets", "error"), BAD_BER)
def test_a_bad_object_is_refused_with_the_place(octets: str, error: type[CodecError]) -> None:
    """Whatever a length says, nothing is read that is not there."""
    with pytest.raises(error) as caught:
        decode_ber(bytes.fromhex(octets))
    assert caught.value.offset is not None


@pytest.mark.parametrize("tag", [0, -1, 0x1F, 0x9F, 0x8301, 0x9F81, 0x9F0101, 0x1000000])
def test_a_tag_that_would_be_read_otherwise_is_not_written(tag: int) -> None:
    """What goes out comes back as the same tag."""
    with pytest.raises(LocalError):
        BerTlv(tag, b"").encode()


def test_children_open_one_level_only() -> None:
    """A thousand nested objects cost nothing until somebody descends."""
    octets = b""
    for _ in range(300):
        octets = BerTlv(0xA0, octets).encode()
    outer = decode_ber(octets)
    assert outer.is_constructed
    assert outer.children()[0].encode() == outer.value


def test_a_list_longer_than_its_bound_is_hostile() -> None:
    """A list of thousands of empty objects is cut off, not stored."""
    with pytest.raises(LimitExceeded):
        decode_ber_all(b"\x81\x00" * 4097)
    with pytest.raises(LimitExceeded):
        decode_comprehension_all(b"\x81\x00" * 4097)


def test_the_first_object_with_a_tag_is_found() -> None:
    """Lists keep order and doubles."""
    objects = (BerTlv(0x80, b"a"), BerTlv(0x81, b"b"), BerTlv(0x80, b"c"))
    assert find_ber(objects, 0x80) == objects[0]
    assert find_ber(objects, 0x82) is None
    assert decode_ber(BerTlv.of(0xA5, *objects).encode()).children() == objects


COMPREHENSION = [
    (ComprehensionTlv(0x05, b"Menu"), "85044d656e75"),
    (ComprehensionTlv(0x05, b"Menu", comprehension_required=False), "05044d656e75"),
    (ComprehensionTlv(0x7F0102, b"\x01"), "7f810201 01"),
    (ComprehensionTlv(0x7F0102, b"\x01", comprehension_required=False), "7f010201 01"),
    (ComprehensionTlv(0x7E, bytes(200)), "fe81c8" + "00" * 200),
]


@pytest.mark.parametrize(("value", "octets"), COMPREHENSION)
def test_a_comprehension_tag_keeps_its_flag_both_ways(value: ComprehensionTlv, octets: str) -> None:
    """One and three octets, with and without CR, known or not."""
    assert value.encode() == bytes.fromhex(octets)
    assert decode_comprehension_all(bytes.fromhex(octets)) == (value,)


# reserved tags 00, 80, FF; three-octet tag 0000 and without its end; value cut; indefinite length
@pytest.mark.parametrize("octets", ["0000", "8000", "ff00", "7f000000", "7f80", "8505 41", "8580"])
def test_a_bad_comprehension_object_is_refused(octets: str) -> None:
    """Reserved tags are no data."""
    with pytest.raises(CodecError):
        decode_comprehension_all(bytes.fromhex(octets))


@pytest.mark.parametrize("tag", [0, 0x7F, 0x80, 0x85, 0x7F0000, 0x7F8000, 0x800001])
def test_a_comprehension_tag_with_its_flag_inside_is_our_fault(tag: int) -> None:
    """The flag is a field of its own."""
    with pytest.raises(LocalError):
        ComprehensionTlv(tag, b"").encode()


one_octet_tags = st.integers(1, 0xFF).filter(lambda tag: tag & 0x1F != 0x1F)
ber_objects = st.builds(BerTlv, one_octet_tags | st.sampled_from([0x7F49, 0x9F70, 0xDF8101]), st.binary(max_size=300))
comprehension_objects = st.builds(
    ComprehensionTlv,
    st.integers(1, 0x7E) | st.integers(0x7F0001, 0x7F7FFF),
    st.binary(max_size=300),
    st.booleans(),
)


@given(st.lists(ber_objects, max_size=5))
def test_any_objects_come_back(objects: list[BerTlv]) -> None:
    """Nothing is lost between value and octets."""
    assert decode_ber_all(encode_ber_all(objects)) == tuple(objects)


@given(st.lists(comprehension_objects, max_size=5))
def test_any_comprehension_objects_come_back(objects: list[ComprehensionTlv]) -> None:
    """Unknown tags included."""
    assert decode_comprehension_all(encode_comprehension_all(objects)) == tuple(objects)


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Nothing but a declared error comes out of hostile octets, and what is accepted comes back."""
    try:
        objects = decode_ber_all(octets)
        assert decode_ber_all(encode_ber_all(objects)) == objects
    except CodecError:
        pass
    try:
        comprehensions = decode_comprehension_all(octets)
        assert decode_comprehension_all(encode_comprehension_all(comprehensions)) == comprehensions
    except CodecError:
        pass


@needs_vectors
def test_foreign_card_dialogues_are_lists_of_comprehension_objects() -> None:
    """All 944 FETCH, ENVELOPE and TERMINAL RESPONSE fields of the foreign set re-encode to the same octets."""
    seen = 0
    for row in foreign("cat"):
        octets = bytes.fromhex(row["hex"])
        if row["kind"] == "apdu":
            continue
        seen += 1
        if octets[0] >= 0xD0:
            outer = decode_ber(octets)
            objects = decode_comprehension_all(outer.value)
            assert BerTlv(outer.tag, encode_comprehension_all(objects)).encode() == octets, row["name"]
        else:
            assert encode_comprehension_all(decode_comprehension_all(octets)) == octets, row["name"]
    assert seen == 944
