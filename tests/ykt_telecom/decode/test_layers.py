"""`ykt decode` shows what any octets of this field are, and never falls over them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from tests.vectors import foreign, needs_vectors
from ykt_telecom.decode import Layer, as_text, decode_layers
from ykt_telecom.decode.cli import decode

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
        (GET_INPUT, ["GET INPUT", "“Enter Hello”", "2 to 2 characters"]),
        (MENU_SELECTION, ["MENU SELECTION", "keypad → UICC", "item 2"]),
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
