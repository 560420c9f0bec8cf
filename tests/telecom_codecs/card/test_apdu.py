"""C-APDU, R-APDU and status words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu, RetryClass, describe, is_ok, retry_class
from telecom_codecs.errors import BadValue, CodecError, LocalError, TrailingOctets, Truncated

# ISO/IEC 7816-3 12.1.3: each case, short and extended, at its bounds
CASES = [
    (CommandApdu(0x00, 0x44, 0x00, 0x00), 1, "00440000"),
    (CommandApdu(0x80, 0x12, 0x00, 0x00, le=0x13), 2, "8012000013"),
    (CommandApdu(0x80, 0x12, 0x00, 0x00, le=0x100), 2, "8012000000"),
    (CommandApdu(0x00, 0xB0, 0x00, 0x00, le=0x101), 2, "00b00000000101"),
    (CommandApdu(0x00, 0xB0, 0x00, 0x00, le=0x10000), 2, "00b00000000000"),
    (CommandApdu(0x00, 0xA4, 0x00, 0x04, b"\x3f\x00"), 3, "00a40004023f00"),
    (CommandApdu(0x80, 0xE2, 0x00, 0x00, bytes(255)), 3, "80e20000ff" + "00" * 255),
    (CommandApdu(0x80, 0xE2, 0x00, 0x00, bytes(256)), 3, "80e20000000100" + "00" * 256),
    (CommandApdu(0x00, 0xA4, 0x00, 0x04, b"\x3f\x00", 0x100), 4, "00a40004023f0000"),
    (CommandApdu(0x00, 0x88, 0x00, 0x81, b"\x01", 0x101), 4, "00880081000001010101"),
    (CommandApdu(0x00, 0x88, 0x00, 0x81, bytes(256), 0x10000), 4, "00880081000100" + "00" * 256 + "0000"),
]


@pytest.mark.parametrize(("command", "case", "octets"), CASES)
def test_a_command_of_each_case_goes_both_ways(command: CommandApdu, case: int, octets: str) -> None:
    """Short where it fits, extended where it must."""
    assert command.case == case
    assert command.encode().hex() == octets
    assert CommandApdu.decode(bytes.fromhex(octets)) == command


# header cut; Lc beyond the data; two octets of Le after short Lc; extended length cut; extended Lc 0 with data;
# extended data cut; one octet of Le after extended Lc; three of them
BAD = [
    ("", Truncated),
    ("00a400", Truncated),
    ("00a40004033f00", Truncated),
    ("00a40004023f000000", TrailingOctets),
    ("00a400040000", Truncated),
    ("00a400040000003f", BadValue),
    ("00a40004000002 3f", Truncated),
    ("00a40004000001 3f00", Truncated),
    ("00a40004000001 3f000000", TrailingOctets),
]


@pytest.mark.parametrize(("octets", "error"), BAD)
def test_a_command_whose_lengths_disagree_is_refused(octets: str, error: type[CodecError]) -> None:
    """Every octet is accounted for."""
    with pytest.raises(error) as caught:
        CommandApdu.decode(bytes.fromhex(octets))
    assert caught.value.offset is not None


@pytest.mark.parametrize(
    "command",
    [
        CommandApdu(0x100, 0, 0, 0),
        CommandApdu(0, 0, 0, -1),
        CommandApdu(0, 0, 0, 0, le=0),
        CommandApdu(0, 0, 0, 0, le=0x10001),
        CommandApdu(0, 0, 0, 0, bytes(0x10000)),
    ],
)
def test_what_no_command_carries_is_our_fault(command: CommandApdu) -> None:
    """Le 0 is written as None."""
    with pytest.raises(LocalError):
        command.encode()


def test_a_response_ends_in_its_status_word() -> None:
    """Data may be empty."""
    response = ResponseApdu(b"\x01", 0x9110)
    assert response.encode().hex() == "019110"
    assert ResponseApdu.decode(bytes.fromhex("019110")) == response
    assert (response.sw1, response.sw2, response.is_ok) == (0x91, 0x10, True)
    assert ResponseApdu.decode(bytes.fromhex("6a82")) == ResponseApdu(b"", 0x6A82)
    for octets in (b"", b"\x90"):
        with pytest.raises(Truncated):
            ResponseApdu.decode(octets)
    with pytest.raises(TrailingOctets):
        ResponseApdu.decode(bytes(0x10003))
    with pytest.raises(LocalError):
        ResponseApdu(b"", 0x10000).encode()


# TS 102 221 10.2.1: what an operator reads and what the platform does next
WORDS = [
    (0x9000, RetryClass.DONE, True, "normal ending"),
    (0x9113, RetryClass.FETCH, True, "19 octets pending"),
    (0x6100, RetryClass.FETCH, True, "256 octets"),
    (0x9F1A, RetryClass.FETCH, True, "26 octets"),
    (0x6C1C, RetryClass.REPEAT, False, "repeat with 28"),
    (0x9300, RetryClass.LATER, False, "busy"),
    (0x6581, RetryClass.LATER, False, "memory problem"),
    (0x63C2, RetryClass.SECURITY, False, "2 tries left"),
    (0x6982, RetryClass.SECURITY, False, "security status"),
    (0x6A82, RetryClass.FINAL, False, "not found"),
    (0x6A84, RetryClass.FINAL, False, "memory space"),
    (0x6310, RetryClass.FETCH, False, "more data available"),
    (0x9203, RetryClass.DONE, False, "3 internal retries"),
    (0x1234, RetryClass.FINAL, False, "unknown"),
]


@pytest.mark.parametrize(("sw", "again", "ok", "words"), WORDS)
def test_a_status_word_says_what_to_do_next(sw: int, again: RetryClass, ok: bool, words: str) -> None:
    """Each class has a row."""
    assert {row[1] for row in WORDS} == set(RetryClass)
    assert retry_class(sw) is again
    assert is_ok(sw) is ok
    assert f"{sw:04X}: " in describe(sw)
    assert words in describe(sw)


def test_every_status_word_has_a_class_and_a_sentence() -> None:
    """All 65536; only REPEAT and LATER are worth sending again unchanged."""
    for sw in range(0x10000):
        assert len(describe(sw)) > len("9000: ")
        assert retry_class(sw).is_worth_retrying == (retry_class(sw) in (RetryClass.REPEAT, RetryClass.LATER))


octet = st.integers(0, 255)
commands = st.builds(
    CommandApdu, octet, octet, octet, octet, st.binary(max_size=300), st.none() | st.integers(1, 0x10000)
)


@given(commands)
def test_any_command_comes_back(command: CommandApdu) -> None:
    """Whatever form is chosen."""
    assert CommandApdu.decode(command.encode()) == command


@given(st.binary(max_size=40))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Only declared errors; an accepted command re-encodes to the same value."""
    for kind in (CommandApdu, ResponseApdu):
        try:
            value = kind.decode(octets)
        except CodecError:
            continue
        assert kind.decode(value.encode()) == value
