"""`ykt decode` shows what any octets of this field are, and never falls over them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from telecom_codecs.card.identities import Aid, Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.globalplatform.install import InstallForInstall
from telecom_codecs.ota.packet_security import seal_command
from telecom_codecs.ota.secured_packet import CommandPacket, Spi
from telecom_codecs.ota.toolkit_parameters import (
    InstallParameters,
    MenuEntry,
    UiccToolkitParameters,
    minimum_security_level,
)
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import split_text
from telecom_codecs.sms.time import Scts
from telecom_codecs.sms.tpdu import SmsDeliver
from tests.vectors import foreign, needs_vectors
from ykt_telecom.faces.cli.decode import decode
from ykt_telecom.tools.decode import DecodeKeys, Layer, as_json, as_text, decode_layers

# pySim tests/unittests/test_ota.py, a real sysmoISIM-SJA5: SELECT MF by RFM under AES, keys 2001…0F / 2011…0F
COMMAND = "02700000281506192222b00011e87cceebb2d93083011ce294f93fc4d8de80da1abae8c37ca3e72ec4432e5058"
RESPONSE = "027100002412b00011ebc6b497e2cad7aedf36ace0e3a29b38853f0fe9ccde81913be5702b73abce1f"
KEY_FILE = """
kic_key = "200102030405060708090a0b0c0d0e0f"
kid_key = "201102030405060708090a0b0c0d0e0f"
spi = "0619"
kic = "22"
kid = "22"
"""
# 3GPP TS 31.124 27.22.4.3: GET INPUT "Enter Hello"; 27.22.7.1.1: menu selection of item 2
GET_INPUT = "d01b8103012303820281828d0c04456e7465722048656c6c6f91020202"
KIND_OF = {"terminal_response": "terminal-response"}
MENU_SELECTION = "d30782020181900102"


def text_of(*octets: str) -> str:
    return "\n".join(as_text(layer) for layer in decode_layers([bytes.fromhex(hex_) for hex_ in octets]))


def labelled(layer: Layer) -> bytes:
    return b"".join(label.octets for label in layer.labels)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (COMMAND, ["command packet follows", "PoR always in DELIVER-REPORT", "AES_CMAC", "b00011", "ciphered"]),
        (RESPONSE, ["response packet follows", "RHL"]),
        (GET_INPUT, ["GET INPUT", "“Enter Hello”", "maximum length  2 characters"]),
        (MENU_SELECTION, ["MENU SELECTION", "source  keypad", "destination  uicc", "item 2"]),
        ("a0a40000023f00", ["SELECT", "3f00"]),
        ("0000001000000015000000000000002a", ["enquire_link", "42"]),
        ("9300", ["toolkit is busy"]),
    ],
)
def test_octets_of_any_kind_are_recognised(octets: str, words: list[str]) -> None:
    """Paste hex, get its layers: nobody has to say what it is."""
    shown = text_of(octets)
    for word in words:
        assert word in shown


@needs_vectors
def test_every_octet_of_a_vector_is_labelled() -> None:
    """The labels of a layer, joined, are its octets."""
    for vector in foreign("cat"):
        if vector["kind"] in {"proactive_command", "envelope"}:
            (layer,) = decode_layers([bytes.fromhex(vector["hex"])], "proactive")
            assert labelled(layer) == layer.octets, vector["name"]


@needs_vectors
def test_segments_given_together_show_the_joined_packet() -> None:
    """Two segments of one command packet: after both, the packet that they carry."""
    vector = next(vector for vector in foreign("ota") if vector["name"] == "concat-3des-rfm-22x-select")
    layers = decode_layers([bytes.fromhex(segment) for segment in reversed(vector["user_data_segments"])])
    assert layers[-1].octets.hex() == vector["packet"]


def test_keys_from_a_file_open_the_packet(tmp_path: Path) -> None:
    """With the card's keys the script inside is readable, for command and response."""
    keys = tmp_path / "keys.toml"
    keys.write_text(KEY_FILE)
    runner = CliRunner()
    result = runner.invoke(decode, ["--keys", str(keys), COMMAND, RESPONSE])
    assert result.exit_code == 0, result.output
    assert "SELECT" in result.output
    assert "OK: Done." in result.output
    assert "6132" in result.output


def test_wrong_keys_are_said_to_be_wrong(tmp_path: Path) -> None:
    """A packet that does not open under the keys: the fault is shown, exit status 1, no key is printed."""
    keys = tmp_path / "keys.toml"
    keys.write_text(KEY_FILE.replace("20010203", "30010203"))
    result = CliRunner().invoke(decode, ["--keys", str(keys), "--json", COMMAND])
    assert result.exit_code == 1
    assert "does not open" in result.output
    assert "30010203" not in result.output
    assert json.loads(result.output)[0]["layer"].startswith("user data")


@pytest.mark.parametrize(("arguments", "remedy"), [(["xyz"], "not hex"), ([""], "empty"), ([], "HEX")])
def test_nonsense_gets_one_line_and_status_2(arguments: list[str], remedy: str) -> None:
    """What is not hex is refused with a word on what to type instead."""
    result = CliRunner().invoke(decode, arguments)
    assert result.exit_code == 2
    assert remedy in result.output


@given(st.binary(min_size=1, max_size=200), st.sampled_from([b"", b"\xd0", b"\xd1", b"\x02\x70\x00", b"\x44", b"\x01"]))
def test_hostile_octets_are_shown_not_fatal(octets: bytes, front: bytes) -> None:
    """Whatever the octets, there is a listing; what cannot be read is the layer's fault line."""
    for layer in decode_layers([front + octets]):
        assert as_text(layer)


def every(layers: tuple[Layer, ...]) -> Iterator[Layer]:
    for one in layers:
        yield one
        yield from every(one.inside)


def names_of(octets: str, kind: str = "auto") -> list[str]:
    """The names of all labels, inner layers included."""
    return [label.name for one in every(decode_layers([bytes.fromhex(octets)], kind)) for label in one.labels]


# pySim's keys of COMMAND, for packets that are sealed here
KEYS = DecodeKeys(
    {0: KeySet(SecretKey(bytes.fromhex("20" + "01" * 15)), SecretKey(bytes.fromhex("20" + "11" * 15)))},
    OpenSslProvider(),
)


def sealed(data: bytes, tar: str, *, spi: str = "1639") -> bytes:
    packet = CommandPacket(Spi.decode(bytes.fromhex(spi)), 0x12, 0x12, Tar.from_hex(tar), 42, data)
    return seal_command(packet, KEYS.of(0x12), KEYS.provider)


def test_a_deciphered_packet_shows_counter_check_data_and_padding() -> None:
    """Behind the ciphertext stands what it was, octet for octet, and the script in it."""
    octets = sealed(bytes.fromhex("00a40004023f00"), "B00001")
    (packet,) = decode_layers([octets], "command-packet", KEYS)
    (clear,) = packet.inside
    assert [label.name for label in clear.labels] == ["CNTR", "PCNTR", "RC/CC/DS", "secured data", "padding"]
    assert [len(label.octets) for label in clear.labels] == [5, 1, 8, 7, 11]
    assert len(clear.octets) == len(octets) - 10
    assert "SELECT" in as_text(clear)


def test_a_password_is_stars_in_every_layer_and_in_json() -> None:
    """The member's password stands in the request, in the data around it and in the packet in clear around that."""
    request = bytes.fromhex("0101000000079868001032547698103200000000" + "00") + b"\x81\x06123456" + bytes(37)
    for spi in ("1639", "0000"):
        layers = decode_layers([sealed(request, "594B80", spi=spi)], "command-packet", KEYS)
        text = json.dumps([as_json(one) for one in layers]) + "\n".join(as_text(one) for one in layers)
        assert b"123456".hex() not in text
        assert b"******".hex() in text
        assert "(hidden)" in text


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        ("0020000108" + b"1234".hex() + "ffffffff", "apdu"),  # VERIFY PIN
        ("810301230482028281830100" + "8d0504" + b"4711".hex(), "terminal-response"),  # hidden GET INPUT
        ("00000021000000090000000000000001" + b"esme\0s3cret9\0".hex() + "0034000000", "smpp"),  # bind
    ],
)
def test_pins_and_hidden_entries_are_stars(octets: str, kind: str) -> None:
    """What no screen shows, no listing shows."""
    text = "\n".join(as_text(one) for one in decode_layers([bytes.fromhex(octets)], kind))
    assert not any(secret.hex() in text for secret in (b"1234ffff", b"4711", b"s3cret9"))
    assert "2a2a2a2a" in text


def test_an_expanded_script_and_its_answer_are_opened() -> None:
    """TS 102 226 §5.2: a TLV for each command, a TLV for each answer; FCP inside is named."""
    assert {"scripting template", "C-APDU", "INS", "P1"} <= set(names_of("aa09220700a40004023f00", "script"))
    answer = "ab1a800101231562118202412183023f008a01058b032f06018800" + "9000"
    assert {"number of executed commands", "R-APDU", "file descriptor octet", "EF.ARR", "status word"} <= set(
        names_of("ab1c800101231762138202412183023f008a01058b032f06018801" + "08" + "9000", "response")
    )
    assert "commands executed" in names_of(answer.replace("ab1a", "0190"), "response")


def test_install_parameters_are_labelled_to_the_menu_entry() -> None:
    """Live parameters of an applet: AIDs, quotas, toolkit resources, MSL, TARs."""
    parameters = InstallParameters(
        non_volatile=2048,
        uicc_toolkit=UiccToolkitParameters(
            text_length=20, menu=(MenuEntry(1, 1),), msl=minimum_security_level(0x16), tars=(Tar.from_hex("594B01"),)
        ),
    )
    aid = Aid(bytes.fromhex("A000000559"))
    install = InstallForInstall(aid, aid, aid, parameters=parameters.encode()).apdu().encode().hex()
    names = names_of(install, "apdu")
    assert {"application AID", "non-volatile memory quota", "menu entries", "position", "MSL", "TAR"} <= set(names)
    assert "more block, format BER-TLV" in text_of("80e21000044f02a000")


def test_reports_of_the_other_direction_are_read_when_named() -> None:
    """A PoR comes in a DELIVER-REPORT; its numbers are those of a DELIVER, so one has to say."""
    report = "40" + "07" + "7f" + "f6" + "10" + "027100" + "000b0ab00001000000002a0000"
    names = names_of(report, "deliver-report")
    assert {"TP-PI", "TP-PID", "TP-DCS", "TP-UDL", "RPL", "TAR"} <= set(names)
    assert "TP-ST" in names_of("06010b918613800000f1621122020000236211220210002300", "tpdu")


@needs_vectors
def test_every_octet_of_every_layer_is_labelled() -> None:
    """Over all vectors: commands, responses, scripts, toolkit messages; joined, the labels are the octets."""
    messages = [(vector["hex"], KIND_OF.get(vector["kind"], "proactive")) for vector in foreign("cat")]
    messages += [(vector["packet"], "auto") for vector in foreign("ota") if vector.get("packet")]
    for octets, kind in messages:
        for one in every(decode_layers([bytes.fromhex(octets)], kind, KEYS)):
            assert labelled(one) == one.octets, octets
            assert all(label.name for label in one.labels)


@needs_vectors
def test_no_object_of_a_toolkit_vector_is_without_a_name() -> None:
    """What the codec knows is named in the listing; only tags that no standard names are "object"."""
    unnamed = set()
    for vector in foreign("cat"):
        if vector["kind"] in {"proactive_command", "envelope", "terminal_response"}:
            kind = KIND_OF.get(vector["kind"], "proactive")
            for one in every(decode_layers([bytes.fromhex(vector["hex"])], kind)):
                unnamed |= {label.meaning[:6] for label in one.labels if label.name == "object"}
    assert len(unnamed) <= 3, unnamed


def test_a_text_in_hindi_is_read_by_the_tables_its_header_names() -> None:
    """Locking and single shift to language 6: septets 15 16 (क ख), and 1B 1C (the digit ०)."""
    deliver = "40" + "0b918613800000f1" + "0000" + "62112202000023" + "0c" + "06" + "250106" + "240106" + "15cb8603"
    assert "“कख०”" in text_of(deliver)


def test_segments_of_a_text_show_the_whole_text_and_other_messages_stay_apart() -> None:
    """Any order; a segment with another reference is of another message."""
    text = "您的余额为 12.30 元。" * 8
    segments = [SmsDeliver(Address("10086", ton=0), 0, one.dcs, Scts.decode(bytes.fromhex("62112202000023")),
                           one.user_data, udhi=True).encode() for one in split_text(text, reference=7)]  # fmt: skip
    stranger = segments[0].replace(bytes.fromhex("050003070201"), bytes.fromhex("050003080201"))
    layers = decode_layers([segments[1], stranger, segments[0]])
    assert [one.name for one in layers if "joined" in one.name] == ["text, joined from 2 segments"]
    assert f"“{text}”" in as_text(layers[-1])
