"""Long messages, split and put together."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import LocalError
from telecom_codecs.sms import gsm7, ucs2
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import Joined, Reassembly, segment_count, split_packet, split_text
from telecom_codecs.sms.dcs import DCS_GSM7, DCS_UCS2
from telecom_codecs.sms.tpdu import SmsSubmit
from telecom_codecs.sms.udh import (
    IEI_COMMAND_PACKET,
    IEI_RESPONSE_PACKET,
    Concatenation,
    UserDataHeader,
    split_user_data,
)
from tests.vectors import foreign, needs_vectors


def a_reassembly(limit_sets: int = 10, limit_octets: int = 10_000, ttl: float = 60.0) -> Reassembly:
    return Reassembly(limit_sets, limit_octets, ttl)


def a_header(sequence: int, total: int = 3, reference: int = 1, *, wide: bool = False) -> UserDataHeader:
    return UserDataHeader((Concatenation(reference, total, sequence, wide).element(),))


# how many characters of what, and how many segments (23.040 9.2.3.24.1 and 23.038)
COUNTS = [
    ("a" * 160, [160]),
    ("a" * 161, [153, 8]),
    ("a" * 306, [153, 153]),
    ("a" * 307, [153, 153, 1]),
    ("€" * 80, [80]),
    ("€" * 81, [76, 5]),
    ("余" * 70, [70]),
    ("余" * 71, [67, 4]),
    ("余" * 134, [67, 67]),
    ("余" * 135, [67, 67, 1]),
    ("😀" * 35, [35]),
    ("😀" * 36, [33, 3]),
    ("", [0]),
]


@pytest.mark.parametrize(("text", "lengths"), COUNTS)
def test_a_text_takes_as_many_messages_as_the_operator_bills(text: str, lengths: list[int]) -> None:
    """160/153 septets, 70/67 UTF-16 units; escapes and surrogate pairs stay whole."""
    segments = split_text(text, reference=7)
    assert [len(segment.text) for segment in segments] == lengths
    assert segment_count(text) == len(lengths)
    assert "".join(segment.text for segment in segments) == text


def test_a_chinese_statement_is_ucs2_with_a_header_in_each_segment() -> None:
    """Six octets of header and 67 characters."""
    first, second = split_text("余" * 71, reference=0x2A)
    assert (first.dcs, first.udhi, len(first.user_data)) == (DCS_UCS2, True, 140)
    assert first.user_data[:6].hex() == "0500032a0201"
    assert second.user_data.hex() == "0500032a0202" + "4f59" * 4


def test_a_gsm_text_is_handed_on_unpacked_and_packed_by_the_tpdu() -> None:
    """What SMPP carries in septets is 140 octets on the air."""
    first, _ = split_text("a" * 161, reference=1)
    assert (first.dcs, len(first.user_data)) == (DCS_GSM7, 6 + 153)
    octets = SmsSubmit(Address("10086"), 0, first.dcs, first.user_data, first.udhi).encode()
    assert SmsSubmit.decode(octets).text() == "a" * 153
    assert len(octets) == 1 + 1 + 2 + 3 + 2 + 1 + 140


def test_gsm_can_be_ruled_out() -> None:
    """A link whose default alphabet is unknown sends everything as UCS2."""
    (segment,) = split_text("Balance", reference=1, allow_gsm7=False)
    assert (segment.dcs, segment.user_data) == (DCS_UCS2, ucs2.encode("Balance"))
    assert segment_count("a" * 71, allow_gsm7=False) == 2


def test_a_wide_reference_costs_one_octet() -> None:
    """66 units, 152 septets."""
    assert [len(segment.text) for segment in split_text("余" * 71, reference=0x1234, wide=True)] == [66, 5]
    first, _ = split_text("a" * 161, reference=0x1234, wide=True)
    assert (first.user_data[:7].hex(), len(first.text)) == ("06080412340201", 152)


def test_a_text_beyond_255_segments_is_our_fault() -> None:
    """Nothing is cut off."""
    assert segment_count("余" * 67 * 255) == 255
    with pytest.raises(LocalError):
        split_text("余" * (67 * 255 + 1), reference=1)
    with pytest.raises(LocalError):
        split_text("余" * 71, reference=256)


# TS 31.115 4.2 and 23.040: 137, then 132 + 134 each (131 + 133 with a 16-bit reference)
PACKETS = [
    (0, False, [0]),
    (137, False, [137]),
    (138, False, [132, 6]),
    (266, False, [132, 134]),
    (267, False, [132, 134, 1]),
    (138, True, [131, 7]),
    (264, True, [131, 133]),
    (265, True, [131, 133, 1]),
]


@pytest.mark.parametrize(("size", "wide", "lengths"), PACKETS)
def test_a_packet_fills_its_segments(size: int, wide: bool, lengths: list[int]) -> None:
    """The packet identifier stands in the first segment only."""
    packet = bytes(at & 0xFF for at in range(size))
    segments = split_packet(packet, iei=IEI_COMMAND_PACKET, reference=3, wide=wide)
    parts = [split_user_data(True, segment) for segment in segments]
    assert [len(body) for _, body in parts] == lengths
    assert b"".join(body for _, body in parts) == packet
    assert all(len(segment) <= 140 for segment in segments)
    named = [header is not None and header.find(IEI_COMMAND_PACKET) is not None for header, _ in parts]
    assert named == [True] + [False] * (len(segments) - 1)


def test_a_response_packet_is_named_71() -> None:
    """The way back looks the same."""
    (single,) = split_packet(b"\xaa", iei=IEI_RESPONSE_PACKET, reference=0)
    assert single.hex() == "027100aa"
    first, second = split_packet(bytes(138), iei=IEI_RESPONSE_PACKET, reference=5)
    assert (first[:8].hex(), second[:6].hex()) == ("0700030502017100", "050003050202")


def test_a_packet_beyond_255_segments_is_our_fault() -> None:
    """34 168 octets are the most."""
    assert len(split_packet(bytes(132 + 254 * 134), iei=0x70, reference=0)) == 255
    with pytest.raises(LocalError):
        split_packet(bytes(133 + 254 * 134), iei=0x70, reference=0)


@needs_vectors
def test_foreign_segments_agree_both_ways() -> None:
    """Two command packets and one response of the foreign set: split to the same segments, joined in any order."""
    rows = {row["name"]: row for row in foreign("ota")}
    seen = 0
    for row in rows.values():
        if row["kind"] not in ("concat_command", "concat_response"):
            continue
        packet = bytes.fromhex(row["packet"] if "packet" in row else rows[row["base"]]["packet"])
        segments = tuple(bytes.fromhex(segment) for segment in row["user_data_segments"])
        iei = IEI_COMMAND_PACKET if row["kind"] == "concat_command" else IEI_RESPONSE_PACKET
        assert split_packet(packet, iei=iei, reference=segments[0][3]) == segments
        for order in itertools.permutations(segments):
            box = a_reassembly()
            results = [box.add("card", *split_user_data(True, segment), 0.0) for segment in order]
            joined = results[-1]
            assert joined is not None
            assert (joined.body, joined.segments, results[:-1]) == (packet, len(segments), [None] * (len(order) - 1))
            assert joined.header_of_first.find(iei) is not None
        seen += 1
    assert seen == 3


def test_a_message_without_concatenation_is_whole_at_once() -> None:
    """Nothing waits for a segment that was never announced."""
    box = a_reassembly()
    assert box.add("a", None, b"x", 0.0) == Joined(UserDataHeader(), b"x")
    assert box.add("a", a_header(1, 1), b"x", 0.0) == Joined(a_header(1, 1), b"x")
    assert len(box) == 0


def test_segments_in_any_order_and_doubled_make_one_message() -> None:
    """Networks repeat and reorder."""
    box = a_reassembly()
    assert box.add("a", a_header(3), b"c", 0.0) is None
    assert box.add("a", a_header(1), b"a", 1.0) is None
    assert box.add("a", a_header(3), b"c", 2.0) is None
    assert box.add("a", a_header(2), b"b", 3.0) == Joined(a_header(1), b"abc", None, 3)
    assert (len(box), box.octets) == (0, 0)


def test_sets_of_different_senders_references_and_widths_do_not_mix() -> None:
    """The same number means another message elsewhere."""
    box = a_reassembly()
    box.add("a", a_header(1, 2), b"a1", 0.0)
    box.add("b", a_header(1, 2), b"b1", 0.0)
    box.add("a", a_header(1, 2, 2), b"a2", 0.0)
    box.add("a", a_header(1, 2, wide=True), b"aw", 0.0)
    assert len(box) == 4
    joined = box.add("a", a_header(2, 2), b"!", 0.0)
    assert joined is not None
    assert joined.body == b"a1!"


# another total, other octets under the same number, another DCS
@pytest.mark.parametrize(
    ("header", "body", "dcs"), [(a_header(2, 4), b"b", 0), (a_header(1), b"z", 0), (a_header(2), b"b", 8)]
)
def test_a_contradicting_segment_discards_the_set_and_starts_a_new_one(
    header: UserDataHeader, body: bytes, dcs: int
) -> None:
    """An eight-bit reference was used again before the first message was whole."""
    box = a_reassembly()
    box.add("a", a_header(1), b"a", 0.0, dcs=0)
    box.add("a", header, body, 1.0, dcs=dcs)
    assert (len(box), box.octets) == (1, 64 + 1)
    assert box.add("a", a_header(3), b"c", 2.0, dcs=0) is None


def test_an_impossible_segment_is_a_message_of_its_own() -> None:
    """Segment 4 of 3: the element is ignored, as the standard demands."""
    box = a_reassembly()
    header = UserDataHeader.decode(bytes.fromhex("050003010304"))
    assert box.add("a", header, b"x", 0.0) == Joined(header, b"x")


def test_a_set_is_given_up_after_its_time() -> None:
    """Counted from its first segment: repeats do not keep it alive."""
    box = a_reassembly(ttl=60.0)
    box.add("a", a_header(1), b"a", 0.0)
    box.add("a", a_header(1), b"a", 59.0)
    assert box.expire(60.0) == ()
    (given_up,) = box.expire(60.5)
    assert (given_up.key, given_up.reference, given_up.received, given_up.total, given_up.since) == ("a", 1, 1, 3, 0.0)
    assert (len(box), box.octets) == (0, 0)


def test_hostile_segments_do_not_grow_memory() -> None:
    """First segments of messages that never come, and empty ones."""
    box = a_reassembly(limit_sets=10, limit_octets=5_000)
    for number in range(1000):
        box.add(number, a_header(1, 255), bytes(134), 0.0)
        assert len(box) <= 10
        assert box.octets <= 5_000
    for sequence in range(1, 255):
        box.add("empty", a_header(sequence, 255), b"", 0.0)
        assert box.octets <= 5_000


def test_the_oldest_set_makes_room() -> None:
    """A new message is worth more than one that waits."""
    box = a_reassembly(limit_sets=2)
    for key in ("old", "middle", "new"):
        box.add(key, a_header(1, 2), b"1", 0.0)
    assert box.add("new", a_header(2, 2), b"2", 0.0) is not None
    assert box.add("middle", a_header(2, 2), b"2", 0.0) is not None
    assert box.add("old", a_header(2, 2), b"2", 0.0) is None


texts = st.text(alphabet=st.sampled_from("aé€[余额😀𠀀\n"), max_size=400)


@given(texts, st.randoms(use_true_random=False), st.booleans())
def test_any_text_comes_back_from_its_shuffled_segments(text: str, chance: object, wide: bool) -> None:
    """No character is lost or cut, in either alphabet."""
    segments = list(split_text(text, reference=9, wide=wide))
    chance.shuffle(segments)  # type: ignore[attr-defined]
    box = a_reassembly()
    joined = None
    for segment in segments:
        header, body = split_user_data(segment.udhi, segment.user_data)
        joined = box.add("a", header, body, 0.0, dcs=segment.dcs)
        (ucs2 if segment.dcs == DCS_UCS2 else gsm7).decode(body)
    assert joined is not None
    assert (ucs2.decode if joined.dcs == DCS_UCS2 else gsm7.decode)(joined.body) == text


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4), st.integers(0, 4), st.binary(max_size=4)),
        max_size=60,
    )
)
def test_no_order_of_segments_breaks_the_bounds(parts: list[tuple[int, int, int, int, bytes]]) -> None:
    """Any totals, numbers and references, over time."""
    box = a_reassembly(limit_sets=3, limit_octets=500, ttl=5.0)
    for now, (key, reference, total, sequence, body) in enumerate(parts):
        header = UserDataHeader.decode(bytes((5, 0, 3, reference, total, sequence)))
        joined = box.add(key, header, body, float(now))
        assert joined is None or joined.segments in (1, total)
        assert len(box) <= 3
        assert box.octets <= 500
