"""A TCP stream becomes PDUs, whatever its pieces, and hostile lengths cost nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_gateway.smpp.framer import MAX_PDU, FrameError, Framer
from smsc_gateway.smpp.operations import EnquireLink, SubmitSm, encode

STREAM = [encode(EnquireLink(), 1), encode(SubmitSm(short_message=b"a" * 254), 2), encode(EnquireLink(), 3)]


def test_many_pdus_in_one_read_come_out_in_order() -> None:
    """A busy centre's hundred PDUs in one segment are all seen."""
    assert Framer().feed(b"".join(STREAM * 40)) == STREAM * 40


def test_one_octet_per_read_gives_the_same_pdus() -> None:
    """A dribbling line loses nothing."""
    framer = Framer()
    found = [frame for octet in b"".join(STREAM) for frame in framer.feed(bytes((octet,)))]
    assert found == STREAM
    assert not framer.is_partial


@given(st.lists(st.integers(1, 400), max_size=12))
def test_any_cutting_gives_the_same_pdus(cuts: list[int]) -> None:
    """TCP may cut anywhere."""
    octets = b"".join(STREAM)
    framer = Framer()
    found: list[bytes | FrameError] = []
    start = 0
    for cut in [*cuts, len(octets)]:
        found += framer.feed(octets[start : start + cut])
        start += cut
    assert found == STREAM


@pytest.mark.parametrize("length", [0, 1, 15, MAX_PDU + 1, 0x7FFFFFFF, 0xFFFFFFFF])
def test_impossible_length_is_known_after_four_octets(length: int) -> None:
    """2**31-1 neither allocates nor waits; nothing after it is believed."""
    framer = Framer()
    assert framer.feed(length.to_bytes(4, "big")) == [FrameError(length, 0, length.to_bytes(4, "big"))]
    assert framer.feed(STREAM[0]) == []


def test_bad_length_with_a_whole_header_names_its_sequence() -> None:
    """The nack can then carry the peer's number."""
    head = bytes.fromhex("0000000f 00000004 00000000 00000007")
    assert Framer().feed(STREAM[0] + head) == [STREAM[0], FrameError(15, 7, head)]


def test_pdus_before_the_bad_one_are_kept() -> None:
    """What was well said before the line went mad still counts."""
    assert Framer().feed(STREAM[1] + b"GET / HTTP/1.1\r\n\r\n")[0] == STREAM[1]


@pytest.mark.parametrize("limit", [0, 16, MAX_PDU + 1])
def test_limit_outside_16_to_64_kib_is_refused(limit: int) -> None:
    """A limit that would cut real traffic, or none at all, is a mistake of configuration."""
    with pytest.raises(ValueError, match="PDU limit"):
        Framer(limit)
