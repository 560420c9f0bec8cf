"""Wireshark reads what we write to and from a card: as many messages as written, none malformed, the same texts."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from telecom_codecs import cat, pcap
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.cat import Item, ProactiveCommand
from telecom_codecs.sms.tpdu import SmsDeliver, SmsSubmit

from . import toolkit_examples as examples

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark: not installed; apt-get install tshark")

DONE = b"\x90\x00"
TEXT_FIELDS = {
    "etsi_cat.comp_tlv.text",
    "etsi_cat.comp_tlv.alpha_id.string",
    "etsi_cat.comp_tlv.item.string",
    "gsm_sms.sms_text",
}

Exchange = tuple[bytes, bytes]


def fetched(command: ProactiveCommand) -> Exchange:
    """FETCH and what the card gives."""
    octets = cat.encode_proactive(command)
    return CommandApdu(0x80, 0x12, 0, 0, le=len(octets)).encode(), octets + DONE


def enveloped(envelope: cat.Envelope) -> Exchange:
    """ENVELOPE and the card's consent."""
    return CommandApdu(0x80, 0xC2, 0, 0, cat.encode_envelope(envelope)).encode(), DONE


def dissected(tmp_path: Path, exchanges: Sequence[Exchange]) -> list[dict[str, Any]]:
    """The layers tshark finds in each exchange."""
    path = tmp_path / "card.pcap"
    frames = (pcap.gsmtap_sim_frame(*exchange) for exchange in exchanges)
    path.write_bytes(pcap.file_header() + b"".join(pcap.packet_record(frame, at) for at, frame in enumerate(frames)))
    command = ["tshark", "-r", str(path), "-T", "json", "--no-duplicate-keys"]
    run = subprocess.run(command, capture_output=True, check=True)
    return [packet["_source"]["layers"] for packet in json.loads(run.stdout)]


def fields(tree: Any, names: set[str]) -> Iterator[str]:
    """The values of these fields, in the order of the packet; of a reassembled text only the piece that is here."""
    if isinstance(tree, list):
        for branch in tree:
            yield from fields(branch, names)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            if name in names:
                yield value if isinstance(value, str) else value[-1]
            else:
                yield from fields(value, names)


def complaints(packets: Sequence[dict[str, Any]]) -> list[str]:
    """Packets with an expert remark or a malformed layer."""
    return [text for text in map(json.dumps, packets) if "_ws.expert" in text or "_ws.malformed" in text]


def check(packets: Sequence[dict[str, Any]], count: int) -> None:
    """As many as written, all down to the toolkit's objects, without a complaint."""
    assert len(packets) == count
    assert all("gsm_sim.cat.ber_tlv_tag" in packet["gsm_sim"] for packet in packets)
    assert all("etsi_cat" in packet["gsm_sim"] for packet in packets)
    assert complaints(packets) == []


def shown(command: ProactiveCommand) -> list[str]:
    """The texts of a command in the order they are written; an empty one is not sent."""
    match command:
        case cat.SetUpMenu() | cat.SelectItem():
            return [command.title or "", *(item.text for item in command.items)]
        case cat.DisplayText() | cat.GetInkey() | cat.GetInput() | cat.SetUpIdleModeText():
            return [command.text]
    alpha = getattr(command, "alpha", None)
    return [] if alpha is None else [alpha]


def generated(count: int) -> tuple[ProactiveCommand, ...]:
    """Commands with texts nobody chose: Chinese, ASCII, mixed, and characters that only the GSM alphabet has.

    tshark 4.0 takes a text string with DCS 04 for ASCII, where TS 102 223 8.15 has the GSM default alphabet. Ours are
    written so that both readings agree (packed, or UCS-2, where they would not).
    """
    source = random.Random("interop")
    wider = ("的一是在不了有和人这中大为上个国我以要他时来用们", "abcXYZ 0189.,?!", "余额abc：12.5￥", "éàñÄßΔΦ@£$")
    found: list[ProactiveCommand] = []
    for number in range(count):
        text = "".join(source.choices(source.choice(wider), k=source.randint(1, 30)))
        name = "".join(source.choices(source.choice(wider), k=source.randint(1, 30)))
        items = tuple(Item(at, name[:at]) for at in range(1, min(len(name), 5) + 1))
        commands = (
            cat.DisplayText(text, wait_for_user=bool(number & 1)),
            cat.GetInput(text, 1, source.randint(1, 20), digits_only=bool(number & 1)),
            cat.GetInkey(text, digits_only=False),
            cat.SetUpMenu(name, items),
            cat.SelectItem(name, items),
            cat.PlayTone(name, 0x11),
            cat.SendUssd("*100#", name),
        )
        found.append(commands[number % len(commands)])
    return tuple(found)


def test_the_examples_hold_every_type_of_command() -> None:
    """A new command is shown to Wireshark too."""
    assert {type(command) for command in (*examples.texts(), *examples.one_of_each())} == set(
        cat.registered_commands().values()
    )


def test_every_proactive_command_is_read(tmp_path: Path) -> None:
    """The type of command is the one we wrote, and every text is the same."""
    commands = (*examples.texts(), *examples.one_of_each(), *generated(350))
    packets = dissected(tmp_path, [fetched(command) for command in commands])
    check(packets, len(commands))
    for command, packet in zip(commands, packets, strict=True):
        (kind,) = fields(packet, {"etsi_cat.comp_tlv.cmd_type"})
        assert int(kind, 16) == command.type
        if not isinstance(command, cat.SendShortMessage):
            assert list(fields(packet, TEXT_FIELDS)) == shown(command)


def test_a_submit_inside_send_short_message_is_read(tmp_path: Path) -> None:
    """Destination, header and text of what the card sends; Chinese, packed septets, segments, command packets."""
    tpdus = examples.submits()
    packets = dissected(tmp_path, [fetched(cat.SendShortMessage(tpdu, "发送中")) for tpdu in tpdus])
    check(packets, len(tpdus))
    for tpdu, packet in zip(tpdus, packets, strict=True):
        submit = SmsSubmit.decode(tpdu)
        assert list(fields(packet, {"gsm_sms.tp-da"})) == [submit.destination.digits]
        check_body(packet, submit, ["发送中"])


def test_a_deliver_inside_an_envelope_is_read(tmp_path: Path) -> None:
    """Originator, header and text of what the network hands to the card."""
    tpdus = examples.delivers()
    packets = dissected(tmp_path, [enveloped(cat.SmsPpDownload(examples.CODE, tpdu)) for tpdu in tpdus])
    check(packets, len(tpdus))
    for tpdu, packet in zip(tpdus, packets, strict=True):
        deliver = SmsDeliver.decode(tpdu)
        assert list(fields(packet, {"gsm_sms.tp-oa"})) == [deliver.originating.digits]
        check_body(packet, deliver, [])


def check_body(packet: dict[str, Any], message: SmsSubmit | SmsDeliver, before: list[str]) -> None:
    """The elements of the header, and the text behind it where the message is one."""
    elements = [] if message.header is None else [f"0x{element.iei:02x}" for element in message.header.elements]
    assert list(fields(packet, {"gsm_sms.ie_identifier"})) == elements
    text = message.text()
    found = list(fields(packet, TEXT_FIELDS))
    assert found == before + ([] if text is None else [text])


def test_a_broken_command_would_be_noticed(tmp_path: Path) -> None:
    """The count of complaints is not zero because nobody looks."""
    fetch, answer = fetched(cat.DisplayText("余额 12.30 元"))
    cut = bytearray(answer[:-6] + DONE)
    assert len(complaints(dissected(tmp_path, [(fetch, answer), (fetch, bytes(cut))]))) == 1
