"""submit_sm to SMS-DELIVER: alphabets, headers, segments."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.operations import Tag, Tlv
from smsc_gateway.smsc.air import Content, Refusal, content_of, msisdn_of, originating_address
from smsc_gateway.smsc.times import format_time, parse_time
from telecom_codecs.errors import BadValue
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import Reassembly
from telecom_codecs.sms.tpdu import Scts, SmsDeliver

from .centre_lab import START


def content(**changes: Any) -> Content:
    """What the air carries for a submit_sm; references are 7."""
    return content_of(op.SubmitSm(**changes), lambda: 7)


def over_the_air(made: Content) -> list[SmsDeliver]:
    """Each segment as its TPDU, encoded and read again: it fits the air."""
    tpdus = [made.tpdu(index, Address("10086"), Scts.of(START)) for index in range(len(made.segments))]
    return [SmsDeliver.decode(tpdu.encode()) for tpdu in tpdus]


@pytest.mark.parametrize(
    ("data_coding", "octets", "dcs", "text"),
    [
        (0, b"hello", 0, "hello"),
        (0, b"\x00\x1b\x65", 0, "@€"),
        (0, "é".encode("latin-1"), 0, "é"),
        (1, b"hello @", 0, "hello @"),
        (3, "ü".encode("latin-1"), 0, "ü"),
        (3, "ç".encode("latin-1"), 8, "ç"),
        (6, "д".encode("iso8859-5"), 8, "д"),
        (8, "余额".encode("utf-16-be"), 8, "余额"),
        (0x18, "余额".encode("utf-16-be"), 0x18, "余额"),
        (0xF0, b"flash", 0xF0, "flash"),
    ],
)
def test_texts_arrive_in_their_alphabet(data_coding: int, octets: bytes, dcs: int, text: str) -> None:
    """GSM 7 bit where it can say the text, UCS2 where it cannot, the octets untouched where the DCS says so."""
    (tpdu,) = over_the_air(content(data_coding=data_coding, short_message=octets))
    assert (tpdu.dcs, tpdu.text()) == (dcs, text)


@pytest.mark.parametrize("dcs", [0xF6, 0x16, 0xF5, 4])
def test_secured_packets_pass_untouched(dcs: int) -> None:
    """PID 7F, DCS and every octet, 140 of them."""
    packet = bytes.fromhex("027000") + bytes(range(137))
    (tpdu,) = over_the_air(content(esm_class=0x40, protocol_id=0x7F, data_coding=dcs, short_message=packet))
    assert (tpdu.pid, tpdu.dcs, tpdu.udhi, tpdu.user_data) == (0x7F, dcs, True, packet)


def joined(tpdus: list[SmsDeliver]) -> bytes:
    """The body of a concatenated message, put together by the independent reassembly."""
    reassembly = Reassembly()
    for tpdu in tpdus:
        assert tpdu.header is not None
        whole = reassembly.add("x", tpdu.header, tpdu.body, 0.0)
    assert whole is not None
    return whole.body


@pytest.mark.parametrize(
    ("data_coding", "octets"),
    [
        (0, b"a" * 161),
        (0, b"\x1b\x65" * 200),
        (8, "余额".encode("utf-16-be") * 70),
        (8, "😀".encode("utf-16-be") * 70),
        (4, bytes(range(256)) * 4),
    ],
)
def test_message_payload_is_cut_and_nothing_is_lost(data_coding: int, octets: bytes) -> None:
    """No escape or surrogate pair is cut; every TPDU fits."""
    tpdus = over_the_air(content(data_coding=data_coding, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, octets),)))
    assert len(tpdus) > 1
    assert joined(tpdus) == octets
    if data_coding != 4:
        assert all("\ufffd" not in (tpdu.text() or "") for tpdu in tpdus)


def test_long_short_message_is_cut_too() -> None:
    """254 octets in short_message are two short messages."""
    assert len(over_the_air(content(short_message=b"a" * 254))) == 2


def test_long_packet_keeps_its_identifier_in_the_first_segment_only() -> None:
    """TS 31.115: IEI 70 once."""
    payload = bytes.fromhex("027000") + bytes(300)
    pdu_tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, payload),)
    tpdus = over_the_air(content(esm_class=0x40, protocol_id=0x7F, data_coding=0xF6, tlvs=pdu_tlvs))
    assert [tpdu.header.find(0x70) is not None for tpdu in tpdus if tpdu.header] == [True, False, False]
    assert joined(tpdus) == bytes(300)


@pytest.mark.parametrize(("reference", "iei"), [(5, 0x00), (0x1234, 0x08)])
def test_sar_becomes_a_concatenation_header(reference: int, iei: int) -> None:
    """sar_msg_ref_num, sar_total_segments, sar_segment_seqnum."""
    sar = (
        Tlv(Tag.SAR_MSG_REF_NUM, reference.to_bytes(2, "big")),
        Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\x03"),
        Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\x02"),
    )
    (tpdu,) = over_the_air(content(short_message=b"hello", tlvs=sar))
    assert tpdu.header is not None
    assert tpdu.header.find(iei) is not None
    assert tpdu.header.concatenation is not None
    assert (tpdu.header.concatenation.total, tpdu.header.concatenation.sequence) == (3, 2)
    assert tpdu.text() == "hello"


def test_header_wins_over_sar() -> None:
    """Some senders set both: nothing is doubled."""
    sar = (Tlv(Tag.SAR_MSG_REF_NUM, b"\0\1"), Tlv(Tag.SAR_TOTAL_SEGMENTS, b"\2"), Tlv(Tag.SAR_SEGMENT_SEQNUM, b"\1"))
    user_data = bytes.fromhex("0500030902 01") + b"hello"
    (tpdu,) = over_the_air(content(esm_class=0x40, short_message=user_data, tlvs=sar))
    assert tpdu.user_data == user_data


@pytest.mark.parametrize(
    ("addr", "ton", "npi", "expected"),
    [
        (b"10086", 0, 1, Address("10086", 0, 1)),
        (b"+8613800000001", 1, 1, Address("8613800000001", 1, 1)),
        (b"YKT", 5, 0, Address("YKT", 5, 0)),
        (b"YKT", 1, 1, Address("YKT", 5, 0)),
    ],
)
def test_source_addresses_fit_the_air(addr: bytes, ton: int, npi: int, expected: Address) -> None:
    """Numbers, a leading +, and names, whatever TON they claim."""
    assert originating_address(addr, ton, npi) == expected


def test_source_name_that_no_tpdu_carries_is_refused() -> None:
    """Eleven letters at most."""
    with pytest.raises(Refusal, match="source address"):
        originating_address(b"a name too long", 5, 0)


@pytest.mark.parametrize("addr", [b"8613800000001", b"+8613800000001", b"008613800000001", b" 8613800000001 "])
def test_destinations_are_the_same_phone(addr: bytes) -> None:
    """Spellings of one number."""
    assert msisdn_of(addr) == "8613800000001"


def test_times_of_smpp() -> None:
    """Absolute with quarter hours, relative, and back."""
    assert parse_time(b"", START) is None
    assert parse_time(b"260101120000032+", START) == START
    assert (parse_time(b"000001020304000R", START) or START) > START
    assert format_time(START) == b"260101120000032+"
    assert parse_time(format_time(START), START) == START
    for bad in (b"x", b"260101120000032X", b"260101120000099+", b"261301120000032+"):
        with pytest.raises(BadValue):
            parse_time(bad, START)


@given(
    st.integers(0, 255),
    st.sampled_from([0, 0x40]),
    st.binary(max_size=600),
    st.lists(st.tuples(st.sampled_from([0x020C, 0x020E, 0x020F]), st.binary(max_size=3)), max_size=3),
)
def test_any_submission_fits_the_air_or_is_refused(
    data_coding: int, esm_class: int, payload: bytes, sar: list[tuple[int, bytes]]
) -> None:
    """Hostile payloads, headers and sar_* values raise Refusal and nothing else."""
    tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, payload), *(Tlv(tag, value) for tag, value in sar))
    try:
        made = content(data_coding=data_coding, esm_class=esm_class, tlvs=tlvs)
    except Refusal:
        return
    for index in range(len(made.segments)):
        made.tpdu(index, Address("10086"), Scts.of(START)).encode()
