"""Short message TPDUs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.errors import BadValue, CodecError, LimitExceeded, LocalError, TrailingOctets, Truncated
from telecom_codecs.sms import gsm7, ucs2
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.dcs import DCS_GSM7, DCS_OCTET, DCS_OTA, DCS_UCS2
from telecom_codecs.sms.tpdu import (
    Command,
    DeliverReport,
    EnhancedValidity,
    RelativeValidity,
    Scts,
    SmsDeliver,
    SmsSubmit,
    StatusReport,
    SubmitReport,
    Validity,
    decode_from_network,
    decode_from_station,
)
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET, Concatenation, Element, Ports, UserDataHeader
from telecom_codecs.tlv import decode_ber, decode_comprehension_all
from tests.vectors import curated, foreign, needs_vectors

STAMP = Scts(2008, 9, 1, 12, 30, 0, 32)
CPI = UserDataHeader((Element(IEI_COMMAND_PACKET),))
FOREIGN = [row for row in curated("sms") if row["kind"] == "tpdu"]


def a_deliver(**changes: Any) -> SmsDeliver:
    fields: dict[str, Any] = {
        "originating": Address("10086", ton=0),
        "pid": 0,
        "dcs": DCS_UCS2,
        "scts": STAMP,
        "user_data": ucs2.encode("余额12.50元"),
    }
    return SmsDeliver(**fields | changes)


def a_submit(**changes: Any) -> SmsSubmit:
    fields: dict[str, Any] = {
        "destination": Address("10086", ton=0),
        "pid": 0,
        "dcs": DCS_OCTET,
        "user_data": b"YE",
    }
    return SmsSubmit(**fields | changes)


def a_status_report(**changes: Any) -> StatusReport:
    fields: dict[str, Any] = {
        "reference": 7,
        "recipient": Address("8613800000001"),
        "scts": STAMP,
        "discharge": STAMP,
        "status": 0,
    }
    return StatusReport(**fields | changes)


@pytest.mark.parametrize("row", FOREIGN, ids=lambda row: row["name"])
def test_messages_of_other_programs_agree_both_ways(row: dict[str, Any]) -> None:
    """Address, text and time as the source states them; the same octets again, but for a fill bit."""
    octets = bytes.fromhex(row["hex"])
    found = decode_from_network(octets) if row["direction"] == "network" else decode_from_station(octets)
    assert found.encode().hex() == row.get("written", row["hex"])
    if isinstance(found, SmsDeliver):
        assert (found.originating.digits, found.text()) == (row["address"], row["text"])
        assert found.scts.moment() == datetime.fromisoformat(row["scts"])
    elif isinstance(found, SmsSubmit):
        assert (found.destination.digits, found.text()) == (row["address"], row.get("text"))
    elif isinstance(found, StatusReport):
        assert (found.recipient.digits, found.is_delivered, found.reference) == (row["address"], True, 0xD6)
        assert found.scts.moment() == datetime.fromisoformat(row["scts"])


@needs_vectors
def test_foreign_tpdus_agree_both_ways() -> None:
    """The six TPDU rows of the foreign set and the TPDU of the recorded ENVELOPE."""
    seen = 0
    for row in foreign("ota"):
        if row["kind"] in ("sms_tpdu", "sms_concat"):
            octets = bytes.fromhex(row["hex"])
        elif row["kind"] == "envelope_sms_pp":
            octets = decode_comprehension_all(decode_ber(bytes.fromhex(row["hex"])).value)[-1].value
        else:
            continue
        kind = SmsSubmit if row["decoded"].get("mti") == "SUBMIT" else SmsDeliver
        assert kind.decode(octets).encode() == octets, row["name"]
        seen += 1
    assert seen == 7


@needs_vectors
def test_foreign_tpdus_mean_what_their_sources_say() -> None:
    """Field by field, for the rows that state fields."""
    rows = {row["name"]: bytes.fromhex(row["hex"]) for row in foreign("ota") if "hex" in row}
    submit = SmsSubmit.decode(rows["sms-submit-concat-wap"])
    assert submit.destination == Address("61416271170")
    assert (submit.reference, submit.pid, submit.dcs, submit.validity) == (13, 0, 245, RelativeValidity(0xA7))
    assert (submit.reject_duplicates, submit.reply_path, submit.status_report_request) == (True, False, False)
    assert submit.header == UserDataHeader((Ports(9204, 9204).element(), Concatenation(1, 2, 1).element()))
    assert submit.body.startswith(b"BEGIN:VCARD")
    deliver = SmsDeliver.decode(rows["sms-deliver-alnum-oa"])
    assert deliver.originating.ton == 5
    assert (deliver.more_messages, deliver.udhi, deliver.pid, deliver.dcs) == (False, False, 127, 246)
    assert deliver.scts.encode().hex() == "90709030751300"
    assert deliver.user_data.hex() == "24010101bb400101"
    first = SmsDeliver.decode(rows["concat-first-of-3"])
    assert first.header is not None
    assert first.header.concatenation == Concatenation(1, 3, 1)
    assert first.header.find(IEI_COMMAND_PACKET) is not None
    second = SmsDeliver.decode(rows["concat-second-of-3"])
    assert second.header is not None
    assert second.header.concatenation == Concatenation(1, 3, 2)
    assert second.header.find(IEI_COMMAND_PACKET) is None
    assert SmsDeliver.decode(rows["concat-single-with-cpi"]).header == CPI
    sealed = SmsDeliver.decode(rows["proact-sms-submit-por-aes"])
    assert (sealed.originating.digits, sealed.pid, sealed.dcs, sealed.header) == ("1122", 0x7F, DCS_OTA, CPI)


# every flag of the first octet alone
FLAGS = [
    (a_deliver(), 0x04),
    (a_deliver(more_messages=True), 0x00),
    (a_deliver(loop_prevention=True), 0x0C),
    (a_deliver(status_report_indication=True), 0x24),
    (a_deliver(reply_path=True), 0x84),
    (a_deliver(udhi=True, dcs=DCS_OTA, user_data=CPI.encode()), 0x44),
    (a_submit(), 0x01),
    (a_submit(reject_duplicates=True), 0x05),
    (a_submit(status_report_request=True), 0x21),
    (a_submit(reply_path=True), 0x81),
    (a_submit(udhi=True, user_data=CPI.encode()), 0x41),
    (a_submit(validity=RelativeValidity(0)), 0x11),
    (a_submit(validity=STAMP), 0x19),
    (a_submit(validity=EnhancedValidity()), 0x09),
    (a_status_report(), 0x06),
    (a_status_report(more_messages=True), 0x02),
    (a_status_report(loop_prevention=True), 0x0E),
    (a_status_report(answers_command=True), 0x26),
    (Command(Address("1"), 0, 0, 7), 0x02),
    (Command(Address("1"), 0, 2, 7, b"\x01", 3, status_report_request=True), 0x22),
    (DeliverReport(), 0x00),
    (DeliverReport(CPI.encode(), dcs=DCS_OTA, udhi=True), 0x40),
    (SubmitReport(STAMP), 0x01),
    (SubmitReport(STAMP, CPI.encode(), dcs=DCS_OTA, udhi=True), 0x41),
]


@pytest.mark.parametrize(("message", "first"), FLAGS)
def test_each_flag_stands_alone_in_the_first_octet(message: Any, first: int) -> None:
    """TS 23.040 9.2.2, table by table."""
    octets = message.encode()
    assert octets[0] == first
    assert type(message).decode(octets) == message


# TS 23.040 9.2.2.1a, 9.2.2.2a: FCS only on RP-ERROR, PI says which fields follow; worked by hand
REPORTS = [
    (DeliverReport(), "0000"),
    (DeliverReport(pid=0x7F), "00017f"),
    (DeliverReport(b"\x02\x71\x00\xaa", 0x7F, DCS_OTA, udhi=True), "40077ff60402 7100aa"),
    (DeliverReport(failure_cause=0xD5), "00d500"),
    (DeliverReport(b"ab", dcs=DCS_OCTET, failure_cause=0xFF), "00ff0604026162"),
    (DeliverReport(b"\x61", reserved_parameters=0x08), "000c0161"),
    (SubmitReport(STAMP), "0100 80901021030023"),
    (SubmitReport(STAMP, failure_cause=0xC0), "01c000 80901021030023"),
]


@pytest.mark.parametrize(("report", "octets"), REPORTS)
def test_a_report_tells_its_fields_in_the_parameter_indicator(report: Any, octets: str) -> None:
    """RP-ACK and RP-ERROR are told apart by the octet behind the first."""
    assert report.encode() == bytes.fromhex(octets)
    assert type(report).decode(bytes.fromhex(octets)) == report
    assert report.is_ack is (report.failure_cause is None)


def test_a_status_report_may_end_with_its_status() -> None:
    """TP-PI may be missing altogether, or be there and empty."""
    bare, empty = a_status_report(), a_status_report(has_parameters=True)
    assert empty.encode() == bare.encode() + b"\x00"
    assert StatusReport.decode(empty.encode()) == empty
    full = a_status_report(status=0x46, pid=0, dcs=DCS_UCS2, user_data=ucs2.encode("无"), has_parameters=True)
    assert StatusReport.decode(full.encode()) == full
    assert full.text() == "无"
    assert (full.is_delivered, full.is_final) == (False, True)
    assert not a_status_report(status=0x20).is_final


def test_a_packet_for_the_card_is_user_data_class_two() -> None:
    """PID 7F, DCS F6, UDHI: what a card takes as a command packet."""
    packet = CPI.encode() + bytes.fromhex("0011AABB")
    octets = a_deliver(pid=0x7F, dcs=DCS_OTA, udhi=True, user_data=packet).encode()
    assert octets.endswith(bytes((len(packet),)) + packet)
    assert SmsDeliver.decode(octets).body == bytes.fromhex("0011AABB")


@pytest.mark.parametrize("count", [0, 1, 7, 8, 152, 153])
def test_a_text_behind_a_header_starts_on_a_septet(count: int) -> None:
    """Fill bits follow six octets of header; the length counts septets."""
    header = UserDataHeader((Concatenation(9, 2, 1).element(),))
    text = "abcdefgh" * 19 + "z"
    message = a_deliver(dcs=DCS_GSM7, udhi=True, user_data=header.encode() + gsm7.encode(text[:count]))
    octets = message.encode()
    assert octets[15] == 7 + count
    assert SmsDeliver.decode(octets) == message
    assert SmsDeliver.decode(octets).text() == text[:count]


def test_a_national_language_is_read_by_the_elements_of_the_header() -> None:
    """Turkish by single shift."""
    header = UserDataHeader((Element(0x24, b"\x01"),))
    text = "ışık"
    septets = gsm7.encode(text, single_shift=1)
    assert a_submit(dcs=DCS_GSM7, udhi=True, user_data=header.encode() + septets).text() == text


def test_octets_and_compressed_texts_have_no_text() -> None:
    """Nobody is shown binary data."""
    assert a_deliver(dcs=DCS_OTA, user_data=b"\x01").text() is None
    assert a_deliver(dcs=0x20, user_data=b"\x01").text() is None


def test_a_full_message_is_140_octets_or_160_septets() -> None:
    """One more is our fault, and announced by a peer it is refused."""
    assert len(a_deliver(dcs=DCS_OCTET, user_data=bytes(140)).encode()) == 16 + 140
    assert SmsDeliver.decode(a_deliver(dcs=DCS_GSM7, user_data=bytes(160)).encode()).user_data == bytes(160)
    for dcs, size in ((DCS_OCTET, 141), (DCS_GSM7, 161)):
        with pytest.raises(LocalError):
            a_deliver(dcs=dcs, user_data=bytes(size)).encode()
    head = a_deliver(dcs=DCS_OCTET, user_data=b"").encode()[:-1]
    with pytest.raises(LimitExceeded):
        SmsDeliver.decode(head + b"\x8d" + bytes(141))


WHOLE = [
    a_deliver(),
    a_deliver(dcs=DCS_GSM7, user_data=b"hello"),
    a_submit(validity=STAMP, udhi=True, user_data=CPI.encode() + b"\x01"),
    a_status_report(pid=0, dcs=4, user_data=b"ab", has_parameters=True),
    DeliverReport(b"\x02\x71\x00\xaa", 0x7F, DCS_OTA, udhi=True),
    SubmitReport(STAMP, failure_cause=0xC0),
    Command(Address("10086", ton=0), 0, 2, 7, b"\x01\x02"),
]


STATUS_REPORT_CORE = len(a_status_report().encode())  # a whole report without TP-PI


@pytest.mark.parametrize("message", WHOLE, ids=lambda message: type(message).__name__)
def test_a_message_cut_anywhere_or_lengthened_is_refused(message: Any) -> None:
    """Each length is tried."""
    octets = message.encode()
    for end in range(len(octets)):
        if isinstance(message, StatusReport) and end == STATUS_REPORT_CORE:
            continue
        with pytest.raises(Truncated):
            type(message).decode(octets[:end])
    with pytest.raises(TrailingOctets):
        type(message).decode(octets + b"\x00")


@pytest.mark.parametrize(
    ("octets", "error"),
    [
        ("03", BadValue),  # TP-MTI 3 is reserved
        ("", Truncated),
        ("00", Truncated),
    ],
)
def test_what_is_no_message_is_refused(octets: str, error: type[CodecError]) -> None:
    """In both directions."""
    for decode in (decode_from_network, decode_from_station):
        with pytest.raises(error):
            decode(bytes.fromhex(octets))


# UDHI without user data; UDHL beyond the user data; header in a text longer than UDL; PI with extension
BAD = [
    (SmsDeliver, "44059101 00f0 00f6 80901021030023 00".replace(" ", "")),
    (SmsDeliver, "44058101 00f0 00f6 80901021030023 02 05 00".replace(" ", "")),
    (SmsDeliver, "44058101 00f0 0000 80901021030023 03 05 70 00".replace(" ", "")),
    (DeliverReport, "0080"),
    (DeliverReport, "00d580"),
    (DeliverReport, "4000"),
    (SmsSubmit, "0907 058101 00f0 00 04 07 00000000 0000 00".replace(" ", "")),
]


@pytest.mark.parametrize(("kind", "octets"), BAD)
def test_a_message_that_contradicts_itself_is_refused(kind: Any, octets: str) -> None:
    """Flags promise what the octets do not hold."""
    with pytest.raises(CodecError) as caught:
        kind.decode(bytes.fromhex(octets))
    assert caught.value.offset is not None


@pytest.mark.parametrize(
    "message",
    [
        a_deliver(pid=256),
        a_deliver(udhi=True, dcs=DCS_GSM7, user_data=b""),
        a_deliver(udhi=True, dcs=DCS_GSM7, user_data=b"\x05"),
        a_submit(reference=-1),
        a_submit(validity=RelativeValidity(256)),
        DeliverReport(failure_cause=0x7F),
        DeliverReport(udhi=True),
        DeliverReport(bytes(160), dcs=DCS_OTA),
        DeliverReport(reserved_parameters=1),
        Command(Address("1"), 0, 0, 0, bytes(158)),
    ],
)
def test_what_no_message_carries_is_our_fault(message: Any) -> None:
    """The caller is told, nothing is cut."""
    with pytest.raises(LocalError):
        message.encode()


octet = st.integers(0, 255)
addresses = st.builds(Address, st.text("0123456789", max_size=20), st.sampled_from([0, 1, 2, 3]), st.integers(0, 15))
stamps = st.builds(
    Scts,
    st.integers(1990, 2089),
    *(st.integers(0, 99) for _ in range(5)),
    st.integers(-79, 79),
)
validities: st.SearchStrategy[Validity | None] = st.none() | stamps | st.builds(RelativeValidity, octet)
flag = st.booleans()


delivers = st.builds(
    SmsDeliver,
    addresses,
    octet,
    st.sampled_from([DCS_OTA, DCS_OCTET]),
    stamps,
    st.binary(max_size=140),
    more_messages=flag,
    status_report_indication=flag,
    reply_path=flag,
    loop_prevention=flag,
)
submits = st.builds(
    SmsSubmit,
    addresses,
    octet,
    st.just(DCS_UCS2),
    st.text(max_size=35).map(ucs2.encode),
    reference=octet,
    validity=validities,
    reject_duplicates=flag,
    status_report_request=flag,
    reply_path=flag,
)
reports = st.builds(
    DeliverReport,
    st.binary(max_size=150),
    st.none() | octet,
    st.just(DCS_OTA),
    st.none() | st.integers(0x80, 0xFF),
)


@given(delivers | submits | reports)
def test_any_message_comes_back(message: SmsDeliver | SmsSubmit | DeliverReport) -> None:
    """Data and texts of any length with any flags."""
    assert type(message).decode(message.encode()) == message


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Only declared errors; an accepted message re-encodes to the same value."""
    for decode in (decode_from_network, decode_from_station):
        try:
            message = decode(octets)
        except CodecError:
            continue
        assert decode(message.encode()) == message


@given(st.sampled_from(WHOLE), st.integers(0, 200), octet)
def test_any_changed_octet_is_read_or_refused(message: Any, at: int, value: int) -> None:
    """Messages one octet away from a good one."""
    octets = bytearray(message.encode())
    octets[at % len(octets)] = value
    for decode in (decode_from_network, decode_from_station):
        try:
            found = decode(bytes(octets))
        except CodecError:
            continue
        assert decode(found.encode()) == found
