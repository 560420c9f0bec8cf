"""Whatever a card, handset or network sends: a value that is written back unchanged, or a declared CodecError."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telecom_codecs.cat import (
    ControlVerdict,
    Message,
    Opaque,
    TerminalProfile,
    TerminalResponse,
    decode_envelope,
    decode_objects,
    decode_proactive,
    encode_envelope,
    encode_objects,
    encode_proactive,
    registered_commands,
    registered_envelopes,
    registered_objects,
)
from telecom_codecs.errors import (
    BadValue,
    CodecError,
    LimitExceeded,
    LocalError,
    RemoteError,
    TrailingOctets,
    Truncated,
)
from tests.vectors import curated, foreign, needs_vectors

Decode = Callable[[bytes], Any]
Encode = Callable[[Any], bytes]
CODECS: dict[str, tuple[Decode, Encode]] = {
    "proactive_command": (decode_proactive, encode_proactive),
    "envelope": (decode_envelope, encode_envelope),
    "terminal_response": (TerminalResponse.decode, TerminalResponse.encode),
    "comprehension_tlv": (decode_objects, encode_objects),
    "control_verdict": (ControlVerdict.decode, ControlVerdict.encode),
    "profile": (TerminalProfile.decode, TerminalProfile.encode),
}
ROWS = list(curated("cat"))


def _survives(kind: str, octets: bytes) -> None:
    """Refused with a RemoteError, or accepted and written back; the value written back reads the same."""
    decode, encode = CODECS[kind]
    try:
        value = decode(octets)
    except RemoteError:
        return
    assert encode(value) == octets
    assert decode(encode(value)) == value


@given(st.sampled_from(sorted(CODECS)), st.binary(max_size=300))
@settings(max_examples=1000, deadline=None)
def test_random_octets_are_refused_or_survive(kind: str, octets: bytes) -> None:
    """Octets nobody meant."""
    _survives(kind, octets)


@st.composite
def _objects(draw: st.DrawFn) -> bytes:
    """A list of objects with real tags and any values, in any length form."""
    parts = []
    for _ in range(draw(st.integers(0, 6))):
        tag = draw(st.sampled_from(sorted(registered_objects())))
        value = draw(st.binary(max_size=12))
        length = draw(st.sampled_from([b"", b"\x81", b"\x82\x00"])) + bytes((len(value),))
        parts.append(bytes((tag | draw(st.sampled_from([0, 0x80])),)) + length + value)
    return b"".join(parts)


@given(
    _objects(), st.sampled_from(sorted(registered_commands())), st.integers(0, 255), st.binary(min_size=2, max_size=2)
)
@settings(max_examples=500, deadline=None)
def test_any_objects_in_any_command_are_refused_or_survive(body: bytes, kind: int, bits: int, devices: bytes) -> None:
    """Every command type with objects in any order, number and form."""
    inner = bytes((0x81, 3, 1, kind, bits, 0x82, 2)) + devices + body
    _survives("proactive_command", b"\xd0" + (b"\x81" if len(inner) > 127 else b"") + bytes((len(inner),)) + inner)
    _survives("terminal_response", inner[:9] + b"\x83\x01\x00" + body)


@given(_objects(), st.sampled_from(sorted(registered_envelopes())))
@settings(max_examples=300, deadline=None)
def test_any_objects_in_any_envelope_are_refused_or_survive(body: bytes, tag: int) -> None:
    """Every envelope with objects in any order, number and form."""
    inner = b"\x82\x02\x82\x81" + body
    _survives("envelope", bytes((tag,)) + (b"\x81" if len(inner) > 127 else b"") + bytes((len(inner),)) + inner)
    _survives("control_verdict", b"\x02" + (b"\x81" if len(body) > 127 else b"") + bytes((len(body),)) + body)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_message_cut_anywhere_is_refused(row: dict[str, Any]) -> None:
    """A cut BER-TLV never reads as a message; a cut terminal response at most as a shorter one."""
    octets = bytes.fromhex(row["hex"])
    for length in range(len(octets)):
        if row["kind"] == "terminal_response":
            _survives(row["kind"], octets[:length])
            continue
        with pytest.raises((Truncated, BadValue)):
            CODECS[row["kind"]][0](octets[:length])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["name"])
def test_message_with_a_tail_is_refused(row: dict[str, Any]) -> None:
    """One octet behind the BER-TLV; in a terminal response a tag without length."""
    expected = Truncated if row["kind"] == "terminal_response" else (TrailingOctets, LimitExceeded)
    with pytest.raises(expected):
        CODECS[row["kind"]][0](bytes.fromhex(row["hex"]) + b"\x01")


def test_length_bomb_is_refused_at_once() -> None:
    """Four length octets announcing 4 GiB."""
    with pytest.raises(Truncated):
        decode_proactive(bytes.fromhex("d084ffffffff810301"))
    with pytest.raises(Truncated):
        decode_objects(bytes.fromhex("8d84ffffffff04"))


def test_more_than_a_fetch_can_bring_is_refused() -> None:
    """One FETCH brings 256 octets, one APDU 255."""
    for decode in (decode_proactive, decode_envelope, TerminalResponse.decode, TerminalProfile.decode):
        with pytest.raises(LimitExceeded):
            decode(bytes(300))


def test_number_of_objects_is_bounded() -> None:
    """A list of a thousand empty objects is refused without reading them all; a longer one without reading any."""
    with pytest.raises(LimitExceeded, match="512"):
        decode_objects(b"\x95\x00" * 1_000)
    with pytest.raises(LimitExceeded, match="octets"):
        decode_objects(b"\x95\x00" * 1_000_000)


def test_fault_is_told_with_its_place_and_clause() -> None:
    """Text string with half a UCS-2 character: offset from the first octet FETCH returned."""
    with pytest.raises(Truncated) as caught:
        decode_proactive(bytes.fromhex("d00f8103012180820281028d0408597d00"))
    assert caught.value.offset == 16
    assert "text string" in str(caught.value)


def test_broken_object_is_ignored_when_its_flag_allows_it() -> None:
    """An icon of three octets: kept in place without CR flag, refused with it (TS 102 223 §6.10)."""
    head = "d0148103012180820281028d0204411e03000102"
    command = decode_proactive(bytes.fromhex(head.replace("d014", "d012")))
    assert command.extras == (Opaque(0x1E, b"\x00\x01\x02"),)
    assert encode_proactive(command).hex() == head.replace("d014", "d012")
    with pytest.raises(BadValue, match="icon identifier"):
        decode_proactive(bytes.fromhex(head.replace("d014", "d012").replace("1e03", "9e03")))


def test_command_nobody_knows_is_kept() -> None:
    """Type 7F with an unknown three-octet tag; the ME answers with result 31."""
    octets = bytes.fromhex("d00f8103017f05820281827f800101aa")
    command = decode_proactive(octets.replace(b"\xd0\x0f", b"\xd0\x0e"))
    assert command.details.type == 0x7F
    assert command.extras == (Opaque(0x7F0001, b"\xaa"),)
    assert encode_proactive(command) == octets.replace(b"\xd0\x0f", b"\xd0\x0e")


def test_envelope_nobody_knows_is_kept() -> None:
    """Tag EF with one unknown object."""
    octets = bytes.fromhex("ef03dd01aa")
    assert encode_envelope(decode_envelope(octets)) == octets


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        ("d100", "not a proactive command"),
        ("d00482028182", "not the command details"),
        ("d0058103012400", "device identities"),
        ("d009810301230082028182", "text string"),
        ("d00f8103012500820281828501418f0100", "identifier 00"),
        ("d00b810301270082028182a40100", "left over"),
    ],
)
def test_missing_or_reserved_parts_are_named(octets: str, fault: str) -> None:
    """Not D0; details not first; no devices; no text to ask with; item 0; a length that lies."""
    with pytest.raises(RemoteError, match=fault):
        decode_proactive(bytes.fromhex(octets))


def _changed(value: Any) -> Any:
    """Another value of the same kind; None where there is none to be had generically."""
    match value:
        case bool():
            return not value
        case int():
            return int(value) ^ 1
        case str():
            return value[:-1] + ("1" if value[-1:] != "1" else "2")
        case bytes():
            return bytes((value[0] ^ 1,)) + value[1:] if value else b"\x01"
        case tuple() if value:
            return value[:-1]
    return None


def _variants(message: Message) -> list[Message]:
    variants = []
    for item in fields(message):
        value = getattr(message, item.name)
        if item.name in {"form", "extras", "devices", "reserved_qualifier"} or value is None:
            continue
        changed = _changed(value)
        if changed is not None:
            variants.append(replace(message, **{item.name: changed}))
    return variants


@needs_vectors
def test_changing_a_field_changes_the_octets() -> None:
    """No message holds a copy of the octets it was read from."""
    tried = 0
    for row in foreign("cat"):
        if row["kind"] not in {"proactive_command", "envelope", "terminal_response"}:
            continue
        decode, encode = CODECS[row["kind"]]
        for variant in _variants(decode(bytes.fromhex(row["hex"]))):
            try:
                octets = encode(variant)
            except LocalError:
                continue  # longer than a FETCH, or a value that the field cannot hold
            tried += 1
            assert octets.hex() != row["hex"], (row["name"], variant)
    assert tried > 3500


def test_every_error_is_declared() -> None:
    """RemoteError for what came from elsewhere, LocalError for what the caller asked."""
    assert issubclass(RemoteError, CodecError)
    assert not issubclass(LocalError, RemoteError)


def test_an_empty_ussd_string_stays_empty() -> None:
    """A call control answer with a USSD string without even its DCS is written back as it came."""
    _survives("control_verdict", bytes.fromhex("02020a00"))
