"""Our short messages as Wireshark reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from telecom_codecs import pcap
from telecom_codecs.sms import gsm7, ucs2
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.dcs import DCS_GSM7, DCS_OCTET, DCS_OTA, DCS_UCS2
from telecom_codecs.sms.tpdu import (
    Command,
    DeliverReport,
    EnhancedValidity,
    FromNetwork,
    FromStation,
    RelativeValidity,
    Scts,
    SmsDeliver,
    SmsSubmit,
    StatusReport,
    SubmitReport,
)
from telecom_codecs.sms.udh import Concatenation, UserDataHeader
from telecom_codecs.tlv import BerTlv, ComprehensionTlv, encode_comprehension_all

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")

STAMP = Scts(2026, 11, 22, 8, 0, 0, 32)
PHONE = Address("8613800000001")
SEGMENT = UserDataHeader((Concatenation(1, 2, 1).element(),)).encode()
PACKET = bytes.fromhex("0270000028150619 1515b00000") + bytes(32)
POR = bytes.fromhex("027100000b0a") + bytes(10)

#: a message and the text tshark must show
DELIVERS: list[tuple[SmsDeliver, str]] = [
    (SmsDeliver(PHONE, 0, DCS_UCS2, STAMP, ucs2.encode("余额12.50元")), "余额12.50元"),
    (SmsDeliver(PHONE, 0, DCS_GSM7, STAMP, SEGMENT + gsm7.encode("hello [€]"), udhi=True), "hello [€]"),
    (SmsDeliver(Address("YKT", ton=5, npi=0), 0x7F, DCS_OTA, STAMP, PACKET, udhi=True), ""),
]
SUBMITS: list[tuple[SmsSubmit, str]] = [
    (SmsSubmit(PHONE, 0, DCS_UCS2, ucs2.encode("查询"), validity=RelativeValidity(167)), "查询"),
    (SmsSubmit(PHONE, 0, DCS_OCTET, b"YE", validity=STAMP), ""),
    (SmsSubmit(PHONE, 0, DCS_OCTET, b"YE", validity=EnhancedValidity(seconds=90)), ""),
    (SmsSubmit(PHONE, 0, DCS_GSM7, SEGMENT + gsm7.encode("x" * 153), udhi=True, reply_path=True), "x" * 153),
]
OTHERS: list[tuple[FromNetwork | FromStation, str]] = [
    (StatusReport(3, PHONE, STAMP, STAMP, 0), ""),
    (StatusReport(3, PHONE, STAMP, STAMP, 0x46, ucs2.encode("无"), 0, DCS_UCS2, has_parameters=True), "无"),
    (DeliverReport(), ""),
    (DeliverReport(POR, 0x7F, DCS_OTA, udhi=True), ""),
    (DeliverReport(failure_cause=0xD5), ""),
    (SubmitReport(STAMP), ""),
    (SubmitReport(STAMP, failure_cause=0xC0), ""),
    (Command(PHONE, 0, 2, 7, b"\x01"), ""),
]


def test_every_tpdu_is_dissected_in_both_directions(tmp_path: Path) -> None:
    """Fifteen TPDUs inside RP messages: fifteen gsm_sms, none malformed, the same texts."""
    rows: list[tuple[FromNetwork | FromStation, str]] = [*DELIVERS, *SUBMITS, *OTHERS]
    frames = [in_relay(message) for message, _ in rows]
    dlt = ("-o", 'uat:user_dlts:"User 0 (DLT=147)","gsm_a_rp","0","","0",""')
    seen = shown(tmp_path / "rp.pcap", pcap.file_header(147), frames, *dlt)
    assert seen == [("gsm_sms", text, "", "") for _, text in rows]


def test_a_message_is_dissected_inside_the_dialogue_of_a_card(tmp_path: Path) -> None:
    """DELIVER in ENVELOPE, SUBMIT in SEND SHORT MESSAGE, as frames of a SIM."""
    frames = [in_envelope(deliver) for deliver, _ in DELIVERS] + [in_fetch(submit) for submit, _ in SUBMITS]
    seen = shown(tmp_path / "sim.pcap", pcap.file_header(), frames)
    assert seen == [("gsm_sms", text, "", "") for _, text in [*DELIVERS, *SUBMITS]]


def in_relay(message: FromNetwork | FromStation) -> bytes:
    """An RP message around a TPDU (TS 24.011 §7.3), so that its direction is known."""
    tpdu = message.encode()
    user_data = bytes((len(tpdu),)) + tpdu
    up = isinstance(message, (SmsSubmit, DeliverReport, Command))
    if isinstance(message, (DeliverReport, SubmitReport)):
        kind, cause = (2, b"") if message.is_ack else (4, b"\x01\x6f")
        return bytes((kind + (not up), 1)) + cause + b"\x41" + user_data
    centre = Address("8613800100500").encode_rp()
    return bytes((not up, 1)) + (b"\x00" + centre if up else centre + b"\x00") + user_data


def in_envelope(message: SmsDeliver) -> bytes:
    objects = [
        ComprehensionTlv(0x02, b"\x83\x81"),
        ComprehensionTlv(0x06, Address("10086", ton=0).encode_value(), comprehension_required=False),
        ComprehensionTlv(0x0B, message.encode()),
    ]
    download = BerTlv(0xD1, encode_comprehension_all(objects)).encode()
    return pcap.gsmtap_sim_frame(bytes((0x80, 0xC2, 0, 0, len(download))) + download, b"\x90\x00")


def in_fetch(message: SmsSubmit) -> bytes:
    objects = [
        ComprehensionTlv(0x01, b"\x01\x13\x00"),
        ComprehensionTlv(0x02, b"\x81\x83"),
        ComprehensionTlv(0x0B, message.encode()),
    ]
    command = BerTlv(0xD0, encode_comprehension_all(objects)).encode()
    return pcap.gsmtap_sim_frame(bytes((0x80, 0x12, 0, 0, len(command))), command + b"\x90\x00")


def shown(path: Path, header: bytes, frames: list[bytes], *options: str) -> list[tuple[str, ...]]:
    """For each frame: its last protocol, the text, and complaints of tshark (malformed, expert)."""
    path.write_bytes(header + b"".join(pcap.packet_record(frame, at) for at, frame in enumerate(frames, 1)))
    names = ("frame.protocols", "gsm_sms.sms_text", "_ws.malformed", "_ws.expert.message")
    fields = [option for name in names for option in ("-e", name)]
    command = ["tshark", "-r", str(path), *options, "-T", "fields", *fields]
    run = subprocess.run(command, capture_output=True, check=True, encoding="utf-8")
    rows = [line.split("\t") for line in run.stdout.splitlines()]
    return [(row[0].split(":")[-1], *row[1:]) for row in rows]
