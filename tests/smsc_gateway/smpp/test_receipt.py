"""Receipts as centres really write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_gateway.smpp.operations import DataSm, DeliverSm, MessageState, Tag, Tlv
from smsc_gateway.smpp.receipt import Receipt, canonical_ids, find_receipt, format_text, parse_text, receipt_tlvs

S = MessageState
STANDARD = b"id:0a1 sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 stat:DELIVRD err:000 text:hello"

TEXTS: list[tuple[bytes, str, MessageState]] = [
    (STANDARD, "0a1", S.DELIVERED),
    (STANDARD.upper(), "0A1", S.DELIVERED),
    (b"id:7 stat:DELIVRD", "7", S.DELIVERED),
    (b"stat:UNDELIV err:001 id:7", "7", S.UNDELIVERABLE),  # other order
    (b"id:7 sub:001dlvrd:001submit date:2601011200 done date:20260101120100 stat:EXPIRED err:0A", "7", S.EXPIRED),
    (b'id:"7" stat:DELETED', "7", S.DELETED),
    (b"id: 7 stat: ACCEPTD", "7", S.ACCEPTED),
    (b"id:7,stat:REJECTD,err:12", "7", S.REJECTED),
    (b"id:7 stat:ENROUTE", "7", S.ENROUTE),
    (b"id:7 stat:UNKNOWN", "7", S.UNKNOWN),
    (b"id:7 stat:SKIPPED", "7", S.SKIPPED),
    (b"id:7 stat:DELIVERED", "7", S.DELIVERED),
    (b"id:7 stat:MA:0001 err:0", "7", S.UNKNOWN),  # a Chinese centre's own code: it heard nothing
    (b"id:7 stat:MB:0001", "7", S.UNDELIVERABLE),
    (b"id:7 stat:MC:0001", "7", S.UNKNOWN),
    (b"id:7 stat:MI:0024", "7", S.EXPIRED),
    (b"id:7 stat:MJ:0001", "7", S.DELETED),
    (b"id:7 stat:MK:0001", "7", S.UNDELIVERABLE),
    (b"id:7 stat:ML:0000", "7", S.ACCEPTED),
    (b"id:7 stat:MM:0000", "7", S.UNKNOWN),
    (b"id:7 stat:MN:0001", "7", S.REJECTED),
    (b"id:7 stat:ID:0111", "7", S.UNDELIVERABLE),
    (b"id:7 stat:IA:0054", "7", S.UNKNOWN),
    (b"id:7 stat:IB:0069", "7", S.UNDELIVERABLE),
    (b"id:7 stat:CA:0054", "7", S.UNKNOWN),
    (b"id:7 stat:CB:0007", "7", S.UNDELIVERABLE),
    (b"id:7 stat:DA:0054", "7", S.UNKNOWN),
    (b"id:7 stat:SA:0054", "7", S.UNKNOWN),
    (b"id:7 stat:SB:0001", "7", S.UNDELIVERABLE),
    (b"id:7 stat:ZZ:0001", "7", S.UNKNOWN),
    (b"id:7 stat:2 err:0", "7", S.DELIVERED),  # message_state as a number
    (b"id:7 stat:005", "7", S.UNDELIVERABLE),
    (b"id:7\0stat:DELIVRD\0err:000\0", "7", S.DELIVERED),
    (b"id:7 stat:DB:0108", "7", S.UNDELIVERABLE),
    (b"id:7 stat:WHATEVER", "7", S.UNKNOWN),
    (b"id:6ba7b810-9dad stat:DELIVRD text:\xff\xfe id:9", "6ba7b810-9dad", S.DELIVERED),
    (b"id:7 submit_date:2601011200 done_date:2601011200 stat:DELIVRD\0", "7", S.DELIVERED),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message_id", "state"), TEXTS)
def test_every_way_of_writing_a_receipt_is_read(text: bytes, message_id: str, state: MessageState) -> None:
    """Order, case, missing fields and own words do not lose a receipt."""
    found = parse_text(text)
    assert found is not None
    assert (found.message_id, found.state) == (message_id, state)


@pytest.mark.parametrize("text", [b"", b"hello", b"id:7", b"stat:DELIVRD", b"text:id:7 stat:DELIVRD", b"valid: 3"])
def test_texts_that_are_no_receipts_are_not(text: bytes) -> None:
    """A member's SMS is not mistaken for one."""
    assert parse_text(text) is None


def test_whole_receipt_is_read() -> None:
    """All fields of Appendix B."""
    assert parse_text(STANDARD) == Receipt("0a1", S.DELIVERED, "DELIVRD", "000", "2601011200", "2601011201", b"hello")


@pytest.mark.parametrize("state", list(S))
def test_what_we_write_we_read(state: MessageState) -> None:
    """The simulator's receipts in both forms."""
    text = format_text("00FF", state, submitted="2601011200", done="2601011201", error=3, text=b"hi")
    found = find_receipt(DeliverSm(esm_class=4, short_message=text, tlvs=receipt_tlvs("00FF", state, error=3)))
    assert found is not None
    assert (found.message_id, found.state, found.error) == ("00FF", state, "003")


def test_tlvs_win_over_the_text() -> None:
    """The text's id may be cut or in decimal."""
    found = find_receipt(DeliverSm(esm_class=4, short_message=STANDARD, tlvs=receipt_tlvs("A1", S.EXPIRED)))
    assert found is not None
    assert (found.message_id, found.state) == ("A1", S.EXPIRED)


@pytest.mark.parametrize(
    ("tlv", "text", "expected"),
    [
        (S.SCHEDULED, b"UNDELIV", S.UNDELIVERABLE),  # 0 beside a final word says nothing
        (S.ENROUTE, b"DELIVRD", S.DELIVERED),
        (S.EXPIRED, b"ENROUTE", S.EXPIRED),
        (S.ENROUTE, b"ACCEPTD", S.ENROUTE),
    ],
)
def test_final_state_wins_over_one_that_is_not(tlv: S, text: bytes, expected: S) -> None:
    """A receipt whose TLV and text disagree still ends its message."""
    tlvs = (Tlv(Tag.MESSAGE_STATE, bytes((tlv,))),)
    found = find_receipt(DeliverSm(esm_class=4, short_message=b"id:7 stat:" + text, tlvs=tlvs))
    assert found is not None
    assert found.state is expected


def test_receipt_with_two_ids_names_both() -> None:
    """The TLV's first, then the text's: whichever is ours."""
    found = find_receipt(DeliverSm(esm_class=4, short_message=STANDARD, tlvs=receipt_tlvs("77", S.DELIVERED)))
    assert found is not None
    assert found.message_ids == ("77", "0a1")


@pytest.mark.parametrize("text", [b"", b"your message was delivered", b"stat:DELIVRD", b"\xff\0\0"])
def test_receipt_that_cannot_be_read_is_one_all_the_same(text: bytes) -> None:
    """It is kept for a person to see, with its octets."""
    found = find_receipt(DeliverSm(esm_class=4, short_message=text))
    assert found is not None
    assert (found.message_ids, found.state, found.text) == ((), S.UNKNOWN, text)


def test_marked_receipt_without_a_state_names_its_message() -> None:
    """It is not final."""
    found = find_receipt(DeliverSm(esm_class=4, short_message=b"id:7 err:000"))
    assert found is not None
    assert (found.message_id, found.state) == ("7", S.UNKNOWN)


@pytest.mark.parametrize(
    "message",
    [
        DeliverSm(short_message=STANDARD),  # esm_class 0
        DeliverSm(esm_class=0x04, tlvs=receipt_tlvs("0a1", S.DELIVERED)),  # TLVs only
        DeliverSm(tlvs=receipt_tlvs("0a1", S.DELIVERED)),
        DeliverSm(tlvs=(Tlv(Tag.MESSAGE_STATE, b"\0\0\0\x02"), Tlv(Tag.RECEIPTED_MESSAGE_ID, b"0a1"))),
        DataSm(esm_class=4, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, STANDARD),)),  # by data_sm
        DeliverSm(esm_class=0x04 | 0x80, short_message=STANDARD),
    ],
)  # fmt: skip
def test_receipts_are_found_however_they_are_marked(message: DeliverSm | DataSm) -> None:
    """The type bits are often missing."""
    found = find_receipt(message)
    assert found is not None
    assert (found.message_id, found.state) == ("0a1", S.DELIVERED)


@pytest.mark.parametrize(
    "message",
    [
        DeliverSm(short_message=b"hello"),
        DeliverSm(esm_class=0x40, short_message=bytes.fromhex("027100") + STANDARD),
        DeliverSm(esm_class=0x08, short_message=b"read"),
    ],
)
def test_other_messages_are_no_receipts(message: DeliverSm) -> None:
    """A PoR or a text is passed on as it is."""
    assert find_receipt(message) is None


def test_intermediate_notification_is_not_final() -> None:
    """ENROUTE may be followed by anything."""
    found = find_receipt(DeliverSm(esm_class=0x20, short_message=b"id:7 stat:ENROUTE"))
    assert found is not None
    assert not found.is_final


PAIRS = [
    ("00000000A1", "161"),  # hex in the answer, decimal in the receipt
    ("161", "a1"),
    ("abCDef", "ABCDEF"),
    ("0000000042", "42"),
    ("42 ", "42"),
    ('"42"', "42"),
    ("6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "6ba7b8109dad11d180b400c04fd430c8"),
    ("0e99", "E99"),
]


@pytest.mark.parametrize(("answered", "receipted"), PAIRS)
def test_two_spellings_of_one_id_share_a_key(answered: str, receipted: str) -> None:
    """The link between submit_sm_resp and receipt survives the centre's formatting."""
    assert set(canonical_ids(answered)) & set(canonical_ids(receipted))


def test_different_ids_share_no_key() -> None:
    """Neighbours stay apart."""
    keys = [set(canonical_ids(f"{number:08X}")) for number in (0x1000001, 0x1000002, 0x1000003)]
    assert not keys[0] & keys[1]
    assert not keys[1] & keys[2]


@given(st.text(max_size=70))
def test_ids_of_any_kind_have_keys(message_id: str) -> None:
    """Total, and the id as it came is first."""
    keys = canonical_ids(message_id)
    assert keys[:1] == ((message_id,) if message_id else ())


@given(st.binary(max_size=300))
def test_any_text_is_a_receipt_or_none(text: bytes) -> None:
    """Hostile texts raise nothing."""
    parse_text(text)
    parse_text(b"id:1 stat:" + text)
