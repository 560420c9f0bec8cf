"""`ykt decode` reads the one-card contract to the last octet: every row worked by hand is labelled, none is faulty."""

from __future__ import annotations

from typing import Any

import pytest

from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.ota.packet_security import seal_command, seal_response
from telecom_codecs.ota.secured_packet import CommandPacket, ResponsePacket, Spi
from tests.vectors import curated
from ykt_telecom.tools.decode import DecodeKeys, Layer, as_text, decode_layers

KEYS = DecodeKeys({0: KeySet(SecretKey(bytes(range(16))), SecretKey(bytes(range(16, 32))))}, OpenSslProvider())
SPI = Spi.decode(bytes.fromhex("1639"))


def rows(kind: str) -> list[Any]:
    return [pytest.param(row, id=row["name"]) for row in curated("onecard") if row["kind"] == kind]


def octets_of(row: dict[str, Any]) -> bytes:
    return bytes.fromhex(row["hex"]).ljust(row.get("fill", 0), b"\0")


def shown(data: bytes, tar: str, *, response: bool = False) -> str:
    """What is shown of a sealed packet with this data."""
    keys = KEYS.of(0x12)
    assert keys is not None
    if response:
        packet = ResponsePacket(Tar.from_hex(tar), 7, 0, data)
        octets = seal_response(packet, SPI, 0x12, 0x12, keys, KEYS.provider)
    else:
        octets = seal_command(CommandPacket(SPI, 0x12, 0x12, Tar.from_hex(tar), 7, data), keys, KEYS.provider)
    (layer,) = decode_layers([octets], "response-packet" if response else "command-packet", KEYS)
    assert not layer.is_faulty, as_text(layer)
    assert_labelled(layer)
    return as_text(layer)


def assert_labelled(layer: Layer) -> None:
    """The labels, joined, are the octets."""
    assert b"".join(label.octets for label in layer.labels) == layer.octets
    for inner in layer.inside:
        assert_labelled(inner)


@pytest.mark.parametrize("row", rows("onecard_request"))
def test_every_request_is_read(row: dict[str, Any]) -> None:
    """Its operation by name, its passwords as stars."""
    text = shown(octets_of(row), "594B80")
    assert "request of the menu applet" in text
    assert not any(password in text for password in ("313934383337", "343832393135"))


@pytest.mark.parametrize("row", rows("onecard_answer"))
def test_every_answer_is_read(row: dict[str, Any]) -> None:
    """The serial is a number."""
    text = shown(octets_of(row), "594B54")
    assert f"serial  {row['serial']}" in text
    assert f"“{row['text']}”" in text


@pytest.mark.parametrize("row", rows("onecard_order"))
def test_every_order_is_read(row: dict[str, Any]) -> None:
    """Field by field."""
    text = shown(octets_of(row), "594B02")
    wanted = {
        "load": ["NUMBERED LOAD", "valid until", "job reference", "MAC"],
        "query": ["QUERY", "challenge"],
        "administration": ["CLOSE / REOPEN", "job reference  18194", "MAC"],
        "read": ["READ RECORD"],
    }
    assert all(words in text for words in wanted[row["order"]])


@pytest.mark.parametrize("row", rows("onecard_enterprise_answer"))
def test_every_answer_of_an_application_is_read(row: dict[str, Any]) -> None:
    """Status by name, money in yuan."""
    text = shown(bytes.fromhex("029000") + octets_of(row), "594B02", response=True)
    assert f"balance  {row['balance_fen'] // 100}.{row['balance_fen'] % 100:02d} yuan" in text
    assert {0: "done", 4: "closed"}[row["status"]] in text


def test_an_application_that_refuses_has_a_status_word() -> None:
    """No answer of 27 octets."""
    assert "conditions" in shown(bytes.fromhex("016985"), "594B02", response=True).lower()


def test_the_menu_says_what_became_of_an_answer() -> None:
    """Queued, an older one replaced, or unknown."""
    for octet, words in ((0, "queued"), (1, "replaced"), (2, "unknown request"), (9, "09")):
        assert f"status  {words}" in shown(bytes((octet,)), "594B54", response=True)


@pytest.mark.parametrize("row", rows("onecard_parameters"))
def test_parameters_of_an_installation_are_read(row: dict[str, Any]) -> None:
    """Enterprise, slot, rights, cap and name; those of another applet stay one value."""
    aids = "07F0594B54310000" + "07F0594B54310002" + "10F0594B54310002000003E9594B020000"
    for parameters, words in ((row["hex"].replace(" ", ""), f"“{row['title']}”"), ("C9020102", "value")):
        fields = f"{aids}0100{len(parameters) // 2:02X}{parameters}00"
        text = shown(bytes.fromhex(f"80E60C00{len(fields) // 2:02X}{fields}"), "000000")
        assert words in text
