"""MSISDN, ICCID, IMSI, TAR and AID."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.identities import Aid, Iccid, Imsi, Msisdn, Tar, luhn_digit
from telecom_codecs.errors import BadValue, CodecError


def test_the_check_digit_is_that_of_the_textbook() -> None:
    """7992739871 takes 3: the example of ISO/IEC 7812-1 descriptions."""
    assert luhn_digit("7992739871") == "3"
    assert Iccid("8986000000000000002").has_check_digit == (luhn_digit("898600000000000000") == "2")


# digits two by two, swapped, F at the end (TS 102 221 13.2), worked by hand
@pytest.mark.parametrize(
    ("digits", "octets"),
    [("8986001234567890123", "986800214365870921f3"), ("89860012345678901234", "98680021436587092143")],
)
def test_an_iccid_stands_swapped_in_its_file(digits: str, octets: str) -> None:
    """19 and 20 digits fill the same ten octets."""
    assert Iccid(digits).octets().hex() == octets
    assert Iccid.from_octets(bytes.fromhex(octets)) == Iccid(digits)


# length, parity nibble 9 for odd and 1 for even, digits (TS 31.102 4.2.2), worked by hand
@pytest.mark.parametrize(
    ("digits", "octets"),
    [
        ("460001234567890", "084906002143658709"),
        ("46000123456789", "0841060021436587f9"),
        ("460001", "04410600f1ffffffff"),
    ],
)
def test_an_imsi_stands_with_length_and_parity_in_its_file(digits: str, octets: str) -> None:
    """15, 14 and 6 digits."""
    assert Imsi.from_octets(Imsi(digits).octets()) == Imsi(digits)
    assert Imsi(digits).octets().hex() == octets


@pytest.mark.parametrize(
    "octets",
    ["", "00ffffffffffffffff", "09" + "11" * 8, "084106001032547698", "0449060010ff00ffff", "02f9ffffffffffffff"],
)
def test_a_spoilt_imsi_file_is_refused(octets: str) -> None:
    """Blank, too long, wrong parity, octets behind the length, no digits."""
    with pytest.raises(CodecError):
        Imsi.from_octets(bytes.fromhex(octets))


@pytest.mark.parametrize("octets", ["", "98" * 9, "98" * 11, "ff" * 10, "9886f000000000000000", "98860000000000000a00"])
def test_a_spoilt_iccid_file_is_refused(octets: str) -> None:
    """Blank, cut, or with fill among the digits."""
    with pytest.raises(CodecError):
        Iccid.from_octets(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "digits", ["", "1234", "+8613800000001", "8613800000001x", "1" * 16, "８６１３８００００００１"]
)
def test_a_number_that_is_no_msisdn_is_refused_at_the_door(digits: str) -> None:
    """Plus signs, letters and digits of other scripts stay outside."""
    with pytest.raises(BadValue):
        Msisdn(digits)


def test_error_texts_do_not_repeat_the_number() -> None:
    """Errors are logged; subscribers are not."""
    with pytest.raises(BadValue) as caught:
        Msisdn("138abc")
    assert "138abc" not in str(caught.value)


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (Msisdn("8613800000001").masked(), "86138****0001"),
        (Msisdn("12345").masked(), "12***"),
        (Iccid("8986001234567890123").masked(), "898600*********0123"),
        (Imsi("460001234567890").masked(), "46000******7890"),
    ],
)
def test_the_middle_of_an_identity_is_hidden_in_logs(masked: str, expected: str) -> None:
    """Enough to recognise, not enough to know."""
    assert masked == expected


def test_tar_and_aid_print_as_the_standards_do() -> None:
    """Three octets, and 5 to 16."""
    assert str(Tar.from_hex("b00010")) == "B00010"
    assert str(Aid.from_hex("a0000000871002")) == "A0000000871002"
    assert str(Msisdn("8613800000001")) == "8613800000001"
    assert str(Iccid("8986001234567890123")) == "8986001234567890123"
    assert str(Imsi("460001234567890")) == "460001234567890"


@pytest.mark.parametrize("octets", [b"", b"\x00" * 2, b"\x00" * 4, b"\x00" * 17])
def test_tar_and_aid_have_their_lengths(octets: bytes) -> None:
    """A TAR is never two octets, an AID never seventeen."""
    with pytest.raises(BadValue):
        Tar(octets)
    with pytest.raises(BadValue):
        Aid(octets)
    with pytest.raises(BadValue):
        Tar.from_hex("no hex")


@given(st.from_regex(r"[0-9]{19,20}", fullmatch=True), st.from_regex(r"[0-9]{6,15}", fullmatch=True))
def test_any_identity_comes_back_from_its_file(iccid: str, imsi: str) -> None:
    """Personalisation writes what the platform reads."""
    assert Iccid.from_octets(Iccid(iccid).octets()).digits == iccid
    assert Imsi.from_octets(Imsi(imsi).octets()).digits == imsi


@given(st.binary(max_size=12))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Only declared errors, and what is accepted comes back."""
    for kind in (Iccid, Imsi):
        try:
            value = kind.from_octets(octets)
        except CodecError:
            continue
        assert kind.from_octets(value.octets()) == value


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("13800000001", "8613800000001"),
        ("013800000001", "8613800000001"),
        ("８６１３８０００００００１", "8613800000001"),
        ("+86 (138) 0000-0001", "8613800000001"),
        ("0086 138\u00a00000 0001", "8613800000001"),
        ("86013800000001", "8613800000001"),
        ("'8613800000001", "8613800000001"),
        ("+852 9123 4567", "85291234567"),
        ("0044 7700 900123", "447700900123"),
    ],
)
def test_a_number_is_one_however_it_is_written(text: str, digits: str) -> None:
    """Whoever enters a member and whoever sends from the phone must name the same number."""
    assert Msisdn.of(text) == Msisdn(digits)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("8.6138E+12", "spreadsheet"),
        ("1.38E10", "spreadsheet"),
        ("1380000000", "11 digits"),
        ("86138000000012", "11 digits"),
        ("85291234567", "country"),
        ("+852 9123 456x", "decimal digits"),
        ("", "11 digits"),
        ("12x", "11 digits"),
        ("+" + "1" * 16, "decimal digits"),
    ],
)
def test_a_number_that_is_none_is_refused_with_the_way_to_write_it(text: str, told: str) -> None:
    """A clerk learns what to do with the file."""
    with pytest.raises(BadValue, match=told):
        Msisdn.of(text)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_bad_value(text: str) -> None:
    """Nothing else comes out, and a number that was taken is taken again as it is."""
    try:
        made = Msisdn.of(text)
    except BadValue:
        return
    assert Msisdn.of(f"+{made}") == made


def test_a_wrong_check_digit_is_named_with_the_right_one() -> None:
    """An ICCID is read off a card by people; INV-3."""
    assert Iccid.checked("8986 0012 3400 0000 0015") == Iccid("89860012340000000015")
    with pytest.raises(BadValue, match="ends in 7; its check digit is 5"):
        Iccid.checked("89860012340000000017")
