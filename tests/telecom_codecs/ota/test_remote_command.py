"""Scripts for the card and its answers, compact and expanded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.errors import BadValue, CodecError, LocalError, RemoteError, Truncated
from telecom_codecs.ota.remote_command import (
    BadFormat,
    CommandScript,
    CompactResponse,
    ErrorAction,
    ImmediateAction,
    ResponseScript,
    ScriptChaining,
    decode_compact,
    decode_expanded,
    encode_compact,
    encode_expanded,
)
from telecom_codecs.tlv import BerTlv
from tests.vectors import curated, foreign, needs_vectors

SELECT = CommandApdu(0x00, 0xA4, 0x00, 0x04, bytes.fromhex("6F07"))
READ = CommandApdu(0x00, 0xB0, 0x00, 0x00, le=256)
GET_STATUS = CommandApdu(0x80, 0xF2, 0x40, 0x02, bytes.fromhex("4F00"), 256)

COMPACT = [
    ("00A40004026F0700B0000000", (SELECT, READ)),
    ("80F24002024F0000", (GET_STATUS,)),
    ("80F200001000A40004026F07", (CommandApdu(0x80, 0xF2, 0, 0, le=16), SELECT)),
    ("80F24002024F0000C0000000", (CommandApdu(0x80, 0xF2, 0x40, 2, b"\x4f\x00"), CommandApdu(0, 0xC0, 0, 0, le=256))),
    ("80CAFF2100", (CommandApdu(0x80, 0xCA, 0xFF, 0x21, le=256),)),
    ("0044000000", (CommandApdu(0x00, 0x44, 0, 0),)),
    ("0070000001", (CommandApdu(0x00, 0x70, 0, 0, le=1),)),
    (
        "80CB0080025C0080CB000000",
        (CommandApdu(0x80, 0xCB, 0, 0x80, b"\x5c\x00"), CommandApdu(0x80, 0xCB, 0, 0, le=256)),
    ),
    ("", ()),
]


@pytest.mark.parametrize(("octets", "commands"), COMPACT)
def test_a_compact_script_reads_and_writes_the_same(octets: str, commands: tuple[CommandApdu, ...]) -> None:
    """The operator sees the commands he wrote, whether P3 is a length to send or one to get."""
    assert decode_compact(bytes.fromhex(octets)) == commands
    assert encode_compact(commands) == bytes.fromhex(octets)


def test_octets_given_by_hand_go_out_as_they_are() -> None:
    """Whoever writes hex decides himself; a lone header still gets its P3."""
    assert encode_compact([bytes.fromhex("80500000"), bytes.fromhex("805000000A")]).hex() == "8050000000805000000a"


@pytest.mark.parametrize(
    "commands",
    [
        [GET_STATUS, SELECT],  # only the last may have data and Le
        [CommandApdu(0x80, 0x50, 0, 0, le=10)],  # nobody can tell Le from Lc here
        [CommandApdu(0x00, 0xB0, 0, 0, b"\x00")],  # READ BINARY has no data
        [CommandApdu(0x00, 0xD6, 0, 0, bytes(256))],  # extended length
        [b"\x00\xa4"],  # no command
        [SELECT] * 256,  # the count of the response has one octet
    ],
)
def test_what_a_compact_script_cannot_say_is_refused(commands: list[CommandApdu | bytes]) -> None:
    """Refused here, before a card reads something else than was meant."""
    with pytest.raises(LocalError):
        encode_compact(commands)


def test_a_compact_script_cut_anywhere_is_refused_or_shorter() -> None:
    """A cut packet never yields a command that was not sent."""
    whole = bytes.fromhex("00A40004026F0700D60000020102")
    for end in range(len(whole)):
        try:
            commands = decode_compact(whole[:end])
        except Truncated:
            continue
        assert end in (0, 7, 8)
        assert encode_compact(commands) == whole[:end]


@needs_vectors
@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r["name"]) for r in foreign("ota") if r.get("compact_remote_response")]
)
def test_compact_responses_of_cards_are_understood(row: dict[str, object]) -> None:
    """Number of commands, last status word, last data: as other tools read them."""
    stated = row["compact_remote_response"]
    assert isinstance(stated, dict)
    octets = bytes.fromhex(str(row["response_data"]))
    value = CompactResponse.decode(octets)
    assert value.executed == stated["number_of_commands"]
    assert f"{value.sw:04x}" == stated["last_sw"]
    assert value.data.hex() == stated["last_response_data"]
    assert value.encode() == octets


@needs_vectors
@pytest.mark.parametrize(
    "row",
    [
        pytest.param(r, id=r["name"])
        for r in foreign("ota")
        if r["kind"] in ("command", "concat_command") and str(r.get("plaintext", "")).startswith(("00a4", "a0a4"))
    ],
)
def test_compact_scripts_of_strangers_read_and_write_the_same(row: dict[str, str]) -> None:
    """Scripts that start with SELECT are compact command lists."""
    octets = bytes.fromhex(row["plaintext"])
    assert encode_compact(decode_compact(octets)) == octets


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r["name"]) for r in curated("ota") if r["kind"] == "expanded_command"]
)
def test_expanded_scripts_agree_with_other_tools(row: dict[str, str]) -> None:
    """Both length codings, as pySim and a live server write them."""
    octets = bytes.fromhex(row["hex"])
    apdus = tuple(CommandApdu.decode(bytes.fromhex(apdu)) for apdu in row["apdus"])
    assert decode_expanded(octets) == apdus
    assert encode_expanded(apdus, indefinite=octets[0] == 0xAE) == octets


@pytest.mark.parametrize(
    "row", [pytest.param(r, id=r["name"]) for r in curated("ota") if r["kind"] == "expanded_response"]
)
def test_expanded_responses_agree_with_other_tools(row: dict[str, object]) -> None:
    """The R-APDUs, how many ran, and what the card complains of."""
    octets = bytes.fromhex(str(row["hex"]))
    value = ResponseScript.decode(octets)
    assert value.executed == row["executed"]
    assert [response.encode().hex() for response in value.responses] == row["r_apdus"]
    assert value.bad_format == row.get("bad_format")
    assert value.chaining == row.get("chaining")
    assert (value.immediate_action is not None) == ("immediate_action" in row)
    assert value.encode() == octets


def test_an_expanded_script_keeps_actions_chaining_and_strange_objects() -> None:
    """Worked by hand from TS 101 220 tables 7.18 to 7.20: AA | 83 01 11 | 81 01 81 | 82 00 | 22 .. | 9A 01 FF."""
    octets = bytes.fromhex("AA148301118101818200220700A40004026F079A01FF".replace(" ", ""))
    script = CommandScript(
        (ImmediateAction(b"\x81"), ErrorAction(), SELECT, BerTlv(0x9A, b"\xff")), ScriptChaining.FIRST_KEEP_ON_RESET
    )
    assert CommandScript.decode(octets) == script
    assert script.encode() == octets
    with pytest.raises(BadValue):
        decode_expanded(octets)


def test_an_answer_that_was_cut_is_flagged() -> None:
    """SW 62F1 means that the rest of the script did not run."""
    assert ResponseScript((ResponseApdu(b"\x01", 0x62F1),), 1).was_cut
    assert not ResponseScript((ResponseApdu(b"\x01", 0x9000),), 1).was_cut


@pytest.mark.parametrize(
    "octets",
    [
        "",  # nothing
        "AA",  # no length
        "AA0322019000",  # inner length beyond the template
        "AA00FF",  # something after the template
        "AE802205",  # no end of contents
        "AB0223026132",  # no count first
        "AB0780010183010190",  # trailing octet inside
        "AB09800101900101900101",  # twice
        "AB0680010187010090",  # unknown object
        "AC00",  # not a scripting template
        "AA84FFFFFFFF",  # a length bomb
    ],
)
def test_broken_expanded_scripts_are_refused(octets: str) -> None:
    """Whatever comes, the answer is one declared error."""
    for decode in (CommandScript.decode, ResponseScript.decode):
        with pytest.raises(RemoteError):
            decode(bytes.fromhex(octets))


def test_complaints_have_names() -> None:
    """The console shows words, not numbers."""
    assert ResponseScript.decode(bytes.fromhex("AB06800101900102")).bad_format == BadFormat.WRONG_LENGTH


@given(st.binary(max_size=64))
def test_random_octets_are_read_or_refused(octets: bytes) -> None:
    """No input makes a decoder fail in another way, and what is accepted is written so that it reads the same."""
    for decode in (CommandScript.decode, ResponseScript.decode, CompactResponse.decode):
        try:
            value = decode(octets)
        except CodecError:
            continue
        assert type(value).decode(value.encode()) == value
    try:
        commands = decode_compact(octets)
    except CodecError:
        return
    assert decode_compact(encode_compact(commands)) == commands
