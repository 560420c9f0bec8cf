"""Addresses in TPDUs, of service centres and in CAT objects."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import BadValue, CodecError, LimitExceeded, LocalError
from telecom_codecs.octets import Cursor
from telecom_codecs.sms.address import NO_RP_ADDRESS, Address, decode_semi_octets, encode_semi_octets
from telecom_codecs.tlv import decode_ber, decode_comprehension_all
from tests.vectors import curated, foreign, needs_vectors

FOREIGN = [row for row in curated("sms") if row["kind"] == "address"]
TON = {"unknown": 0, "international": 1}
NPI = {"unknown": 0, "isdn_e164": 1}


@pytest.mark.parametrize("row", FOREIGN, ids=lambda row: row["name"])
def test_addresses_of_other_programs_agree_both_ways(row: dict[str, Any]) -> None:
    """Digits and texts, in TP fields and service centre addresses."""
    octets = bytes.fromhex(row["hex"])
    address = Address(row["digits"], row["ton"], row["npi"])
    cursor = Cursor(octets)
    if row["form"] == "tp":
        assert Address.decode_tp(cursor) == address
        assert address.encode_tp() == octets
    else:
        assert Address.decode_rp(cursor) == address
        assert address.encode_rp() == octets
    cursor.expect_end()


@needs_vectors
def test_foreign_addresses_agree_both_ways() -> None:
    """The three address rows of the foreign set."""
    rows = [row for row in foreign("ota") if row["kind"] == "sms_address"]
    assert len(rows) == 3
    for row in rows:
        meaning = row["decoded"]
        octets = bytes.fromhex(row["hex"])
        address = Address(meaning["digits"], TON[meaning["ton"]], NPI[meaning["npi"]])
        assert Address.decode_tp(Cursor(octets)) == address
        assert address.encode_tp() == octets


@needs_vectors
def test_foreign_cat_addresses_re_encode_to_the_same_octets() -> None:
    """Every address object of the foreign dialogues, one of them without the extension bit."""
    seen = 0
    for row in foreign("cat"):
        octets = bytes.fromhex(row["hex"])
        if octets[0] != 0xD0:
            continue
        for item in decode_comprehension_all(decode_ber(octets).value):
            if item.tag == 0x06:
                assert Address.decode_value(item.value).encode_value() == item.value, row["name"]
                seen += 1
    assert seen > 50


@pytest.mark.parametrize(("digits", "octets"), [("", ""), ("1", "f1"), ("12", "21"), ("*#abc", "badcfe"), ("0", "f0")])
def test_semi_octets_are_swapped_and_filled(digits: str, octets: str) -> None:
    """Every digit of the alphabet has a row."""
    assert encode_semi_octets(digits).hex() == octets
    assert decode_semi_octets(bytes.fromhex(octets)) == digits


@pytest.mark.parametrize("digits", ["+1", "1 2", "d", "A", "１"])
def test_what_is_no_digit_is_our_fault(digits: str) -> None:
    """The plus sign is the type of number."""
    with pytest.raises(LocalError):
        Address(digits).encode_tp()


# fill among the digits; odd count without fill; fill in an even count; even count ending in fill
@pytest.mark.parametrize("octets", ["0491f143", "03912143", "0491f1f3", "049121f3", "0691ffffff"])
def test_fill_in_the_wrong_place_is_refused(octets: str) -> None:
    """A number is not guessed at: it names a subscriber."""
    with pytest.raises(BadValue) as caught:
        Address.decode_tp(Cursor(bytes.fromhex(octets)))
    assert caught.value.offset is not None


@pytest.mark.parametrize("octets", ["", "04", "0491", "049121", "15912121212121212121212121"])
def test_a_cut_or_overlong_address_is_refused(octets: str) -> None:
    """At most 20 semi-octets."""
    with pytest.raises(CodecError):
        Address.decode_tp(Cursor(bytes.fromhex(octets)))
    with pytest.raises(CodecError):
        Address.decode_value(b"")


def test_an_address_is_at_most_twenty_digits() -> None:
    """And eleven characters."""
    with pytest.raises(LimitExceeded):
        Address.decode_tp(Cursor(b"\xff\x91" + bytes(128)))
    for address in (Address("1" * 21), Address("A" * 12, ton=5), Address("1", ton=8), Address("1", npi=16)):
        with pytest.raises(LocalError):
            address.encode_tp()


def test_what_a_sender_did_beside_the_standard_is_kept_but_means_nothing() -> None:
    """A counted fill and a missing extension bit change octets, not identity."""
    counted = bytes.fromhex("08d0e5759a0e")
    address = Address.decode_tp(Cursor(counted))
    assert address == Address("ekit", ton=5, npi=0)
    assert address.encode_tp() == counted
    assert Address("ekit", ton=5, npi=0).encode_tp().hex() == "07d0e5759a0e"
    bare = bytes.fromhex("0000103254")
    assert Address.decode_value(bare[1:]) == Address("01234 5".replace(" ", ""), ton=0, npi=0)
    assert Address.decode_value(bare[1:]).encode_value() == bare[1:]


def test_seven_characters_and_eight_fill_the_same_octets() -> None:
    """Without a count, a last @ is fill."""
    seven, eight = Address("CAMPUS1", ton=5), Address("CAMPUS@@", ton=5)
    assert Address.decode_value(seven.encode_value()) == seven
    assert Address.decode_tp(Cursor(eight.encode_tp())) == eight
    with pytest.raises(LocalError):
        eight.encode_value()


def test_a_counted_fill_that_would_add_a_character_is_not_written() -> None:
    """An unknown escape shortens the text, so the octet counted before is no fill any more."""
    address = Address.decode_tp(Cursor(bytes.fromhex("0fd0d0932fffdcd0ad856532")))
    assert address.counts_fill
    assert Address.decode_tp(Cursor(address.encode_tp())) == address


def test_no_service_centre_address_is_one_octet() -> None:
    """The phone's own setting is used then."""
    assert Address.decode_rp(Cursor(NO_RP_ADDRESS)) is None
    assert Address.decode_rp(Cursor(Address("").encode_rp())) == Address("")


numbers = st.builds(
    Address, st.text("0123456789*#abc", max_size=20), st.integers(0, 7).filter(lambda ton: ton != 5), st.integers(0, 15)
)
names = st.builds(Address, st.text("ABCdef 123@", max_size=11), st.just(5), st.integers(0, 15))


@given(numbers | names)
def test_any_address_comes_back(address: Address) -> None:
    """In a TPDU; and numbers in a CAT object, too."""
    assert Address.decode_tp(Cursor(address.encode_tp())) == address
    if address.ton != 5:
        assert Address.decode_value(address.encode_value()) == address


@given(st.binary(max_size=16))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Only declared errors, and what is accepted comes back."""
    try:
        address = Address.decode_tp(Cursor(octets))
        assert Address.decode_tp(Cursor(address.encode_tp())) == address
    except CodecError:
        pass
    try:
        value = Address.decode_value(octets)
        assert Address.decode_value(value.encode_value()) == value
    except CodecError:
        pass
