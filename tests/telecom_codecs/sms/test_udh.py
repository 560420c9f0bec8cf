"""The user data header."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import BadValue, CodecError, LocalError, TrailingOctets, Truncated
from telecom_codecs.octets import Cursor
from telecom_codecs.sms.udh import (
    IEI_COMMAND_PACKET,
    IEI_LOCKING_SHIFT,
    IEI_RESPONSE_PACKET,
    IEI_SINGLE_SHIFT,
    Concatenation,
    Element,
    Ports,
    UserDataHeader,
    split_user_data,
)
from tests.vectors import foreign, needs_vectors


@needs_vectors
def test_foreign_headers_agree_both_ways() -> None:
    """The four header rows of the foreign set, element by element, and what stands behind them."""
    rows = [row for row in foreign("ota") if row["kind"] == "udh"]
    assert len(rows) == 4
    for row in rows:
        meaning = row["decoded"]
        elements = tuple(Element(int(iei, 16), bytes.fromhex(value)) for iei, value in meaning["ies"])
        rest = bytes.fromhex(meaning["remainder"])
        assert split_user_data(True, bytes.fromhex(row["hex"])) == (UserDataHeader(elements), rest)
        assert UserDataHeader(elements).encode() + rest == bytes.fromhex(row["hex"])


# TS 23.040 9.2.3.24.1, .8, .3, .4, .15, .16 and TS 31.115 4.2, worked by hand
ELEMENTS = [
    (Concatenation(0x2A, 2, 1).element(), "00032a0201"),
    (Concatenation(0x012A, 2, 1, wide=True).element(), "0804012a0201"),
    (Ports(0xF4, 0xF5, wide=False).element(), "0402f4f5"),
    (Ports(9204, 9205).element(), "050423f423f5"),
    (Element(IEI_SINGLE_SHIFT, b"\x01"), "240101"),
    (Element(IEI_LOCKING_SHIFT, b"\x03"), "250103"),
    (Element(IEI_COMMAND_PACKET), "7000"),
    (Element(IEI_RESPONSE_PACKET), "7100"),
    (Element(0xC5, b"\x01\x02"), "c5020102"),
]


@pytest.mark.parametrize(("element", "octets"), ELEMENTS)
def test_an_element_stands_in_the_header_both_ways(element: Element, octets: str) -> None:
    """Every element we meet, and one nobody knows."""
    expected = bytes.fromhex(f"{len(octets) // 2:02x}" + octets)
    header = UserDataHeader((element,))
    assert header.encode() == expected
    assert UserDataHeader.decode(expected) == header
    assert header.find(element.iei) == element


def test_the_properties_read_what_the_elements_say() -> None:
    """One header with all of them."""
    concatenation, ports = Concatenation(7, 3, 2), Ports(9204, 9204)
    elements = (concatenation.element(), ports.element(), Element(0x24, b"\x01"), Element(0x25, b"\x03"))
    header = UserDataHeader(elements)
    assert header.concatenation == concatenation
    assert header.ports == ports
    assert (header.single_shift, header.locking_shift) == (1, 3)
    empty = UserDataHeader()
    assert (empty.concatenation, empty.ports, empty.single_shift, empty.find(0x70)) == (None, None, 0, None)


def test_of_repeated_elements_the_last_counts() -> None:
    """8-bit and 16-bit references exclude each other the same way."""
    header = UserDataHeader((Concatenation(1, 2, 1).element(), Concatenation(2, 3, 1, wide=True).element()))
    assert header.concatenation == Concatenation(2, 3, 1, wide=True)


# sequence 0; total 0; sequence above total; a length that is not the element's
@pytest.mark.parametrize("value", ["010300", "010000", "010304", "0103", "01030100"])
def test_an_impossible_concatenation_is_ignored_in_a_header_and_refused_alone(value: str) -> None:
    """The standard tells a receiver to ignore the element; a checker wants to know."""
    element = Element(0x00, bytes.fromhex(value))
    assert UserDataHeader((element,)).concatenation is None
    with pytest.raises(BadValue):
        Concatenation.decode(element)


def test_ports_of_a_wrong_length_are_ignored_in_a_header_and_refused_alone() -> None:
    """As with concatenation."""
    element = Element(0x05, b"\x01\x02")
    assert UserDataHeader((element,)).ports is None
    with pytest.raises(BadValue):
        Ports.decode(element)


# no UDHL; UDHL beyond the octets; element cut at length and value; UDHL that cannot be
@pytest.mark.parametrize("octets", ["", "02", "0270", "0170", "0370 01", "0400030102", "8c" + "00" * 140, "ff" * 256])
def test_a_bad_header_is_refused(octets: str) -> None:
    """The last element must end where the header does."""
    with pytest.raises(CodecError) as caught:
        split_user_data(True, bytes.fromhex(octets))
    assert caught.value.offset is not None


def test_a_header_in_octets_of_its_own_fills_them() -> None:
    """And a cursor stops behind it."""
    with pytest.raises(TrailingOctets):
        UserDataHeader.decode(bytes.fromhex("02700000"))
    cursor = Cursor(bytes.fromhex("027000aa"))
    UserDataHeader.decode(cursor)
    assert cursor.rest() == b"\xaa"
    with pytest.raises(Truncated):
        UserDataHeader.decode(b"")


def test_without_udhi_everything_is_body() -> None:
    """The same octets mean something else then."""
    assert split_user_data(False, bytes.fromhex("027000")) == (None, bytes.fromhex("027000"))


@pytest.mark.parametrize("sequence", [0, 4, -1])
def test_a_segment_outside_its_message_is_our_fault(sequence: int) -> None:
    """Segments count from 1 to the total."""
    with pytest.raises(LocalError):
        Concatenation(1, 3, sequence).element()


def test_what_no_header_carries_is_our_fault() -> None:
    """References, ports, identifiers and lengths have their widths."""
    with pytest.raises(LocalError):
        Concatenation(256, 3, 1).element()
    with pytest.raises(LocalError):
        Ports(0x10000, 1).element()
    with pytest.raises(LocalError):
        Element(0x100).encode()
    with pytest.raises(LocalError):
        UserDataHeader((Element(1, bytes(138)),)).encode()


elements = st.builds(Element, st.integers(0, 255), st.binary(max_size=20))


@given(st.lists(elements, max_size=6))
def test_any_header_comes_back(parts: list[Element]) -> None:
    """Unknown elements in any order."""
    header = UserDataHeader(tuple(parts))
    assert UserDataHeader.decode(header.encode()) == header


@given(st.booleans(), st.binary(max_size=160))
def test_any_octets_are_read_or_refused(udhi: bool, octets: bytes) -> None:
    """Only declared errors; an accepted header re-encodes to its octets."""
    try:
        header, body = split_user_data(udhi, octets)
    except CodecError:
        return
    assert (header.encode() if header else b"") + body == octets
    if header is not None:
        _ = header.concatenation, header.ports, header.single_shift, header.locking_shift
