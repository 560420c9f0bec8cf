"""`ykt decode` reads octets as people type and paste them."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from ykt_telecom.faces.cli.decode import decode
from ykt_telecom.tools.decode.typed import NotOctets, messages_of_arguments, messages_of_text, octets_of

SELECT = bytes.fromhex("00A40004023F00")
LONG = bytes(range(40))

XXD = """\
00000000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f  ................
00000010: 1011 1213 1415 1617 1819 1a1b 1c1d 1e1f  ................
00000020: 2021 2223 2425 2627                       !"#$%&'
"""
HEXDUMP = """\
00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|
00000010  10 11 12 13 14 15 16 17  18 19 1a 1b 1c 1d 1e 1f  |................|
00000020  20 21 22 23 24 25 26 27                           | !"#$%&'|
00000028
"""
WIRESHARK = """\
0000   00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f   ................
0010   10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f   ................
0020   20 21 22 23 24 25 26 27                            !"#$%&'
"""
TCPDUMP = """\
	0x0000:  0001 0203 0405 0607 0809 0a0b 0c0d 0e0f  ................
	0x0010:  1011 1213 1415 1617 1819 1a1b 1c1d 1e1f  ................
	0x0020:  2021 2223 2425 2627                      .!"#$%&'
"""
OD = """\
000000 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f
000010 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f
000020 20 21 22 23 24 25 26 27
000028
"""


@pytest.mark.parametrize(
    "text",
    [
        "00A40004023F00",
        "00 a4 00 04 02 3f 00",
        "00A40004 023F00",
        "00:A4:00:04:02:3F:00",
        "00,a4,00,04,02,3f,00",
        "0x00A40004023F00",
        "0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00",
        "{0x0, 0xA4, 0x0, 0x4, 0x2, 0x3F, 0x0};",
        r"\x00\xa4\x00\x04\x02\x3f\x00",
        r'"\x00\xa4\x00\x04\x02\x3f\x00"',
        "  00A40004023F00\n",
    ],
)
def test_octets_are_read_in_every_spelling(text: str) -> None:
    """From a terminal, a specification, C, Python, a log."""
    assert octets_of(text) == SELECT
    assert messages_of_text(text) == (SELECT,)
    assert messages_of_arguments([text]) == (SELECT,)


@pytest.mark.parametrize(
    "dump", [XXD, HEXDUMP, WIRESHARK, TCPDUMP, OD], ids=["xxd", "hexdump", "wireshark", "tcpdump", "od"]
)
def test_a_dump_with_offsets_is_one_message(dump: str) -> None:
    """Offsets and characters fall away; the next dump, behind a blank line or at offset 0, is the next message."""
    assert messages_of_text(dump) == (LONG,)
    assert messages_of_text(dump + "\n" + dump) == (LONG, LONG)


def test_characters_of_a_dump_that_look_like_hex_are_no_octets() -> None:
    """The text "ABCDABCDABCDABCD" beside its octets, and a last line of two."""
    dump = "00000000: 4142 4344 4142 4344 4142 4344 4142 4344  ABCDABCDABCDABCD\n00000010: 4142       AB\n"
    assert messages_of_text(dump) == (b"ABCD" * 4 + b"AB",)
    assert messages_of_text("0000  41 42   AB") == (b"AB",)


def test_a_dump_whose_offsets_do_not_count_is_taken_as_lines() -> None:
    """Groups of four digits are octets, not offsets, unless they count what stands before them."""
    assert messages_of_text("0000 001D 0000") == (bytes.fromhex("0000001D0000"),)
    assert messages_of_text("0000 0102\n0008 0304") == (bytes.fromhex("00000102"), bytes.fromhex("00080304"))


def test_a_text_holds_a_message_a_line() -> None:
    """The segments of one message, one below the other; comments and blank lines are none."""
    text = "# first\n027000\n\n00A4\n"
    assert messages_of_text(text) == (bytes.fromhex("027000"), bytes.fromhex("00A4"))


def test_octets_that_nobody_quoted_are_one_message() -> None:
    """`ykt decode 00 A4 00 04 02 3F 00`; whole segments stay apart."""
    assert messages_of_arguments(["00", "A4", "00", "04", "02", "3F", "00"]) == (SELECT,)
    assert messages_of_arguments(["00A40004", "023F", "00"]) == (SELECT,)
    assert messages_of_arguments(["0x00,", "0xA4,", "0x00"]) == (b"\x00\xa4\x00",)
    assert messages_of_arguments(["0001020304", "0506070809"]) == (bytes(range(5)), bytes(range(5, 10)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("00A4O0", "'O' at character 5"),
        ("00 a4 zz", "'z' at character 7"),
        ("00A40", "5 hex digits: one is missing or too many"),
        ("", "empty"),
        ("0x", "empty"),
        ("余额", "'余' at character 1"),
    ],
)
def test_what_is_no_hex_is_named(text: str, words: str) -> None:
    """Which character, and where."""
    with pytest.raises(NotOctets, match=words):
        octets_of(text)


@given(st.binary(min_size=1, max_size=100))
def test_octets_come_back_from_every_way_to_write_them(octets: bytes) -> None:
    """Also those that look like an offset."""
    assert octets_of(octets.hex(" ")) == octets
    assert messages_of_arguments(octets.hex(" ").split()) == (octets,)
    assert octets_of("".join(f"\\x{octet:02x}" for octet in octets)) == octets


@given(st.text(max_size=60))
def test_any_text_is_octets_or_a_refusal(text: str) -> None:
    """Nothing else is raised."""
    with suppress(NotOctets):
        assert all(messages_of_text(text))


def names_of(*arguments: str, given_text: str | bytes | None = None) -> list[str]:
    """The layers that `ykt decode --json` shows, outermost only."""
    result = CliRunner().invoke(decode, ["--json", *arguments], input=given_text)
    assert result.exit_code == 0, result.output
    return [layer["layer"] for layer in json.loads(result.output)]


def test_input_files_and_arguments_are_all_read(tmp_path: Path) -> None:
    """`-`, nothing at all, `@file`, the name of a file, a file of octets, and arguments beside them."""
    text, octets = tmp_path / "select.hex", tmp_path / "select.bin"
    text.write_text("00a40004023f00\n")
    octets.write_bytes(SELECT)
    for arguments in ([f"@{text}"], [str(text)]):
        assert names_of(*arguments) == ["C-APDU"]
    for arguments in ([], ["-"]):
        assert names_of(*arguments, given_text="00a40004023f00") == ["C-APDU"]
        assert names_of(*arguments, given_text=b"00000000: 00a4 0004 023f 00  .......") == ["C-APDU"]
    assert names_of("9000", f"@{text}", f"@{octets}") == ["R-APDU", "C-APDU", "C-APDU"]


def test_a_file_that_is_not_there_is_a_usage_error() -> None:
    """Status 2, and its name."""
    result = CliRunner().invoke(decode, ["@nowhere.hex"])
    assert result.exit_code == 2
    assert "nowhere.hex" in result.output


MODEM = "07919761989901F0" + "040B919761989901F10000112022814434FF05E8329BFD06"


def test_a_modem_shows_the_address_of_the_message_centre_first() -> None:
    """TS 27.005 <pdu>: what AT+CMGR prints, and AT+CMGS takes (00: the phone's own centre)."""
    result = CliRunner().invoke(decode, [MODEM])
    assert result.exit_code == 0, result.output
    assert "SMSC address  79168999100" in result.output
    assert "“hello”" in result.output
    assert names_of("0011000B916407281553F80000AA0AE8329BFD4697D9EC37")[0].startswith("short message in a modem's form")


def test_segments_in_a_modem_s_form_are_joined() -> None:
    """The whole text behind the last segment."""
    first, second = (
        f"07919761989901F0440B919761989901F100041120228144340008{body}"
        for body in ("050003070201D2E2", "050003070202F3F4")
    )
    result = CliRunner().invoke(decode, ["--json", first, second])
    assert "joined from 2 segments" in result.output


@pytest.mark.parametrize("octets", ["00a4", "00a40004023f", "00a40004023f0000ff", "12"])
def test_a_c_apdu_that_is_none_ends_with_status_1(octets: str) -> None:
    """Cut in its header, cut in its data, with something behind that is no status word."""
    result = CliRunner().invoke(decode, [octets])
    assert result.exit_code == 1
    assert "!!" in result.output


def test_a_terminal_is_not_steered_by_what_a_packet_brings() -> None:
    """ESC [2J in a serial or a text would clear the screen of whoever looks; U+202E would turn the line."""
    serial = "0101000000071b5b324a0000046f6b"
    text = "010100000007000000000001" + "08" + "001b005b0032004a202e4f59"
    for data in (serial, text):
        packet = f"{16 + len(data) // 2 - 2:04x}" + "0d0000000059" + "4b54" + "000000000100" + data
        for arguments in ([packet], ["--json", packet]):
            output = CliRunner().invoke(decode, arguments).output
            assert "answer to the menu applet" in output
            assert "\x1b" not in output
            assert "\u202e" not in output


@pytest.mark.parametrize(
    ("kic", "words"),
    [
        ("10", "known implicitly"),
        ("14", "known implicitly"),
        ("18", "known implicitly"),
        ("1c", "known implicitly"),
        ("13", "proprietary"),
        ("16", "algorithm 6 (reserved)"),
        ("12", "AES_CBC"),
    ],
)
def test_an_algorithm_known_implicitly_is_called_so(kic: str, words: str) -> None:
    """TS 102 225 §5.1.2: bits 2-1 are 00, whatever bits 4-3 say."""
    packet = "00150d" + "0400" + kic + kic + "b00001" + "00" * 13
    assert words in CliRunner().invoke(decode, ["--as", "command-packet", packet]).output
