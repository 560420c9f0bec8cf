"""Command packets made by other implementations, fed to cards that hold their keys."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from stk_applet_sim.uicc.packets import PacketContext
from stk_applet_sim.uicc.profile import CardProfile, KeyEntry, KeyKind
from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.ota.packet_security import open_response
from telecom_codecs.ota.secured_packet import PorRequest, PorStatus, Spi
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET
from tests.vectors import foreign, needs_vectors

from .ota import OPENSSL, a_card, deliver, fetch_submitted, joined

pytestmark = needs_vectors

ROWS = {row["name"]: row for row in foreign("ota")}
#: Some segment vectors name the packet they were cut from.
COMMANDS = [
    {**ROWS.get(row.get("base", ""), {}), **row}
    for row in ROWS.values()
    if row["kind"] in ("command", "concat_command")
]


def excluded(row: dict[str, Any]) -> str:
    """Why a vector says nothing about a card; empty when it does."""
    if not row.get("packet"):
        return "no packet given"
    if not row.get("kic_key") and int(row["spi1"], 16) & 0b110:
        return "no keys given"
    return ""


APPLIED = [row for row in COMMANDS if not excluded(row)]


def keys_of(row: dict[str, Any]) -> KeySet:
    fallback = "00" * 16
    return KeySet(*(SecretKey(bytes.fromhex(row.get(name) or fallback)) for name in ("kic_key", "kid_key")))


def a_card_with(row: dict[str, Any]) -> CardProfile:
    """A card with the vector's keys under its index, no minimum level, counter below the vector's."""
    spi1, kic, kid = (int(row[name], 16) for name in ("spi1", "kic", "kid"))
    nibble = kic & 0xF if spi1 & 4 else kid & 0xF
    index = kic >> 4 if spi1 & 4 else kid >> 4
    kind = KeyKind.AES if nibble == 2 else KeyKind.DES
    entry = KeyEntry.of(index, keys_of(row), kind)
    return replace(
        CardProfile.named("plain"),
        keys={index: entry},
        minimum_security=0,
        minimum_security_of={},
        weak_algorithms=True,
    )


def segments_of(row: dict[str, Any]) -> tuple[bytes, ...]:
    """The short messages of a vector: its own segments, or those of a packet too long for one."""
    if row.get("user_data_segments"):
        return tuple(bytes.fromhex(segment) for segment in row["user_data_segments"])
    return split_packet(bytes.fromhex(row["packet"]), iei=IEI_COMMAND_PACKET, reference=1)


@pytest.mark.parametrize("row", APPLIED, ids=lambda row: row["name"])
def test_the_card_understands_foreign_packets(row: dict[str, Any]) -> None:
    """The receiver of the TAR gets the plaintext of the vector, whatever else the card makes of it."""
    card = a_card(a_card_with(row))
    got: list[tuple[bytes, PacketContext]] = []

    def receive(script: bytes, context: PacketContext) -> bytes:
        got.append((script, context))
        return b"\x01\x90\x00"

    card.register_receiver(Tar.from_hex(row["tar"]), 0, receive)
    counter = int(row["cntr"], 16)
    [index] = card.profile.keys
    card.memory.write(f"key/{index}/counter", max(counter - 1, 0).to_bytes(5, "big"))
    answers = [deliver(card, segment) for segment in reversed(segments_of(row))]
    [(script, context)] = got
    assert script == bytes.fromhex(row["plaintext"])
    assert context.counter == counter
    spi = Spi.decode(bytes.fromhex(row["spi1"] + row["spi2"]))
    assert context.authentic is (spi.check == 2)
    if spi.por is PorRequest.ALWAYS:
        octets = joined(fetch_submitted(card)) if spi.por_in_submit else answers[-1].data[3:]
        kic, kid = int(row["kic"], 16), int(row["kid"], 16)
        asked = spi if context.authentic else replace(spi, por_check=type(spi.por_check)(0), por_ciphered=False)
        opened = open_response(octets, asked, kic, kid, keys_of(row), OPENSSL, weak_algorithms=True)
        assert opened.packet.status == PorStatus.OK
        assert opened.packet.data == b"\x01\x90\x00"


def test_the_counts() -> None:
    """How many foreign command packets were fed to a card, and why the others were not."""
    reasons = Counter(excluded(row) for row in COMMANDS)
    applied = reasons.pop("")
    print(f"command vectors fed to a card: {applied}, excluded: {dict(reasons)}")  # noqa: T201 - the count is the result
    assert applied == len(APPLIED)
    assert sum(reasons.values()) == len(COMMANDS) - applied
    assert applied == 156
