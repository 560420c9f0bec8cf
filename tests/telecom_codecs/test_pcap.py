"""Captures for Wireshark."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs import pcap
from telecom_codecs.errors import CodecError, LocalError
from telecom_codecs.pcap import TcpConversation

SELECT = (bytes.fromhex("00a40004023f00"), bytes.fromhex("620882027821 83023f009000"))
FETCH = (bytes.fromhex("8012000013"), bytes.fromhex("d0118103012203820281828d0604456e7465729000"))
ENQUIRE_LINK = bytes.fromhex("00000010000000150000000000000001")
ENQUIRE_LINK_RESP = bytes.fromhex("00000010800000150000000000000001")

needs_tshark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def test_a_capture_reads_back_as_it_was_written() -> None:
    """Time to the microsecond, frames octet by octet."""
    octets = pcap.file_header() + pcap.packet_record(b"\x45", 1_000_000_000.25) + pcap.packet_record(b"", 0.0)
    assert octets[:4].hex() == "d4c3b2a1"
    assert pcap.decode_file(octets) == ((1_000_000_000.25, b"\x45"), (0.0, b""))


def test_a_foreign_or_cut_capture_is_refused() -> None:
    """Only what is written here is read here."""
    good = pcap.file_header() + pcap.packet_record(b"\x45\x00", 1.0)
    for octets in (b"", good[:-1], good[:30], b"\x00" * 24):
        with pytest.raises(CodecError):
            pcap.decode_file(octets)
    for timestamp in (-1.0, 2.0**33):
        with pytest.raises(LocalError):
            pcap.packet_record(b"", timestamp)


def test_a_frame_of_a_card_is_gsmtap_of_type_sim() -> None:
    """Version 2, four words of header, type 4, UDP port 4729; checksums as RFC 1071 wants them."""
    frame = pcap.gsmtap_sim_frame(*FETCH)
    assert frame[28:32].hex() == "02040400"
    assert frame[20:24] == (4729).to_bytes(2, "big") * 2
    assert frame[44:] == FETCH[0] + FETCH[1]
    assert checksum(frame[:20]) == 0
    pseudo = frame[12:20] + b"\x00\x11" + (len(frame) - 20).to_bytes(2, "big")
    assert checksum(pseudo + frame[20:]) == 0


def test_what_no_frame_carries_is_our_fault() -> None:
    """Sizes and addresses."""
    ends: dict[str, Any] = {"source": ("127.0.0.1", 1), "target": ("127.0.0.1", 2)}
    with pytest.raises(LocalError):
        pcap.udp_frame(bytes(0x10000), **ends)
    with pytest.raises(LocalError):
        pcap.tcp_frame(bytes(0x10000), sequence=0, acknowledged=0, **ends)
    with pytest.raises(LocalError):
        pcap.gsmtap_sim_frame(b"", b"", source="localhost")
    with pytest.raises(LocalError):
        pcap.udp_frame(b"", source=("127.0.0.1", 70000), target=("127.0.0.1", 1))


def test_a_long_stream_is_cut_into_frames_that_follow_each_other() -> None:
    """Sequence numbers count the octets carried."""
    talk = TcpConversation(("10.0.0.1", 40000), ("10.0.0.2", 2775))
    frames = list(talk.carry(bytes(pcap.MAX_SEGMENT + 1), from_client=True))
    first, second = [int.from_bytes(frame[24:28], "big") for frame in frames]
    assert second - first == pcap.MAX_SEGMENT


@given(st.lists(st.tuples(st.integers(0, (2**32 - 2) * 10**6), st.binary(max_size=20)), max_size=5))
def test_any_capture_comes_back(packets: list[tuple[int, bytes]]) -> None:
    """To the microsecond, until the year 2106."""
    written = tuple((microseconds / 10**6, frame) for microseconds, frame in packets)
    octets = pcap.file_header() + b"".join(pcap.packet_record(frame, at) for at, frame in written)
    assert pcap.decode_file(octets) == written


@given(st.binary(max_size=80))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    """Only declared errors; what is accepted can be written again."""
    try:
        packets = pcap.decode_file(pcap.file_header() + octets)
    except CodecError:
        return
    again = pcap.file_header() + b"".join(pcap.packet_record(frame, at) for at, frame in packets)
    assert pcap.decode_file(again) == packets


@needs_tshark
def test_wireshark_reads_the_dialogue_of_a_card(tmp_path: Path) -> None:
    """A SELECT and a FETCH are gsm_sim, the command inside is read, nothing is malformed."""
    path = tmp_path / "card.pcap"
    records = [pcap.packet_record(pcap.gsmtap_sim_frame(*pair), at) for at, pair in enumerate((SELECT, FETCH), 1)]
    path.write_bytes(pcap.file_header() + b"".join(records))
    select, fetch = dissected(path)
    assert all("gsm_sim" in layers for layers in (select, fetch))
    assert not any("_ws.malformed" in layers for layers in (select, fetch))
    assert "_ws.expert" not in json.dumps([select, fetch])
    assert select["gsm_sim"]["gsm_sim.apdu.sw"] == "0x9000"
    assert "etsi_cat" in json.dumps(fetch)


@needs_tshark
def test_wireshark_reads_an_exported_smpp_link(tmp_path: Path) -> None:
    """Handshake, one PDU each way, close: two SMPP PDUs, no TCP complaint."""
    path = tmp_path / "link.pcap"
    talk = TcpConversation(("10.0.0.1", 40000), ("10.0.0.2", 2775))
    frames = [*talk.opening(), *talk.carry(ENQUIRE_LINK, from_client=True)]
    frames += [*talk.carry(ENQUIRE_LINK_RESP, from_client=False), *talk.closing()]
    path.write_bytes(pcap.file_header() + b"".join(pcap.packet_record(frame, 1.0) for frame in frames))
    layers = dissected(path)
    assert [list(packet)[-1] for packet in layers].count("smpp") == 2
    text = json.dumps(layers)
    assert "_ws.malformed" not in text
    assert "tcp.analysis.retransmission" not in text
    assert "tcp.checksum_bad" not in text


def dissected(path: Path) -> list[dict[str, Any]]:
    """The layers of each packet as tshark sees them, checksums verified."""
    options = [f"-o{layer}.check_checksum:TRUE" for layer in ("ip", "udp", "tcp")]
    run = subprocess.run(
        ["tshark", "-r", str(path), "-T", "json", "--no-duplicate-keys", *options], capture_output=True, check=True
    )
    return [packet["_source"]["layers"] for packet in json.loads(run.stdout)]


def checksum(octets: bytes) -> int:
    """The Internet checksum over octets that hold their own; 0 where it is right."""
    octets += b"\x00" * (len(octets) % 2)
    total = sum(int.from_bytes(octets[at : at + 2], "big") for at in range(0, len(octets), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return 0xFFFF - total
