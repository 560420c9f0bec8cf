"""The cursor every decoder reads with."""

from __future__ import annotations

import pytest

from telecom_codecs.errors import BadValue, CodecError, LocalError, RemoteError, TrailingOctets, Truncated
from telecom_codecs.octets import Cursor


def test_fields_are_read_big_endian_one_after_the_other() -> None:
    """A reader takes the fields in the order of the standard's table."""
    cursor = Cursor(bytes.fromhex("01 0203 040506 0708090A FF"))
    assert (cursor.u8(), cursor.u16(), cursor.u24(), cursor.u32()) == (1, 0x0203, 0x040506, 0x0708090A)
    assert cursor.peek() == 0xFF
    assert cursor.rest() == b"\xff"
    cursor.expect_end()


@pytest.mark.parametrize("count", [3, 1 << 31, -1])
def test_reading_past_the_end_says_what_was_wanted_and_where(count: int) -> None:
    """A cut or hostile length is refused at its offset and the cursor stays where it was."""
    cursor = Cursor(b"\x00\x01")
    with pytest.raises(Truncated, match="PCNTR") as caught:
        cursor.take(count, "PCNTR")
    assert (caught.value.offset, cursor.remaining) == (0, 2)


def test_offsets_of_a_nested_cursor_count_from_the_outermost_octets() -> None:
    """An error deep in a packet points into the hex dump the operator has before him."""
    cursor = Cursor(bytes(10))
    cursor.take(4)
    inner = cursor.sub(3, "UDH")
    inner.take(2)
    with pytest.raises(Truncated) as caught:
        inner.u16("element")
    assert caught.value.offset == 6


def test_leftovers_are_refused() -> None:
    """Octets behind the value mean that a length lied."""
    cursor = Cursor(b"\x00\x01")
    cursor.u8()
    with pytest.raises(TrailingOctets) as caught:
        cursor.expect_end("PDU")
    assert caught.value.offset == 1


def test_peek_at_the_end_is_truncated() -> None:
    """Looking ahead is reading, too."""
    with pytest.raises(Truncated):
        Cursor(b"").peek()


def test_an_error_reads_as_one_line_with_offset_and_clause() -> None:
    """An operator sees what, where and which rule."""
    assert str(BadValue("UDHL 200", offset=3, clause="TS 23.040 9.2.3.24")) == (
        "UDHL 200 at offset 3 [TS 23.040 9.2.3.24]"
    )
    assert str(LocalError("too long")) == "too long"


def test_errors_say_whose_fault_it_is() -> None:
    """The peer's faults and our own never mix."""
    assert issubclass(Truncated, RemoteError)
    assert not issubclass(LocalError, RemoteError)
    assert issubclass(LocalError, CodecError)
