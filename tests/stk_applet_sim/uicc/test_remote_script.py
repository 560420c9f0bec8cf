"""Scripts in the expanded format, and how much a card takes at once."""

from __future__ import annotations

import pytest

from telecom_codecs.card.apdu import CommandApdu, ResponseApdu
from telecom_codecs.ota.remote_command import (
    CommandScript,
    ErrorAction,
    ImmediateAction,
    ResponseScript,
    encode_expanded,
)
from telecom_codecs.ota.secured_packet import PorStatus
from telecom_codecs.tlv import BerTlv

from .issuing import install_command
from .ota import Platform, a_card

ICCID = bytes.fromhex("98680021436587092143")
SELECT = CommandApdu(0x00, 0xA4, 0x00, 0x04, bytes.fromhex("2FE2"))
SELECT_LE = CommandApdu(0x00, 0xA4, 0x00, 0x04, bytes.fromhex("2FE2"), le=256)
READ = CommandApdu(0x00, 0xB0, 0x00, 0x00, le=10)
MISSING = CommandApdu(0x00, 0xA4, 0x00, 0x04, bytes.fromhex("6FFF"))


def answered(script: bytes, tar: str = "B00010") -> ResponseScript:
    response = Platform.of(a_card()).send(tar, script)
    assert response.authentic
    assert response.packet.status == PorStatus.OK
    return ResponseScript.decode(response.packet.data)


@pytest.mark.parametrize("indefinite", [False, True])
def test_answers_of_commands_with_le_come_back(indefinite: bool) -> None:
    """Definite scripts also say how many commands were executed."""
    script = answered(encode_expanded([SELECT, READ], indefinite=indefinite))
    assert script.responses == (ResponseApdu(ICCID, 0x9000),)
    assert script.executed == (None if indefinite else 2)


def test_several_answers_come_in_order() -> None:
    """The compact format would bring the last one only."""
    script = answered(encode_expanded([SELECT_LE, READ, READ]))
    assert [response.sw for response in script.responses] == [0x9000] * 3
    assert script.responses[0].data[:1] == b"\x62"
    assert script.responses[1:] == (ResponseApdu(ICCID, 0x9000),) * 2


def test_script_ends_at_the_first_error() -> None:
    """The answer to the command that failed is the last; what follows is not begun."""
    script = answered(encode_expanded([SELECT, READ, MISSING, READ]))
    assert script.responses == (ResponseApdu(ICCID, 0x9000), ResponseApdu(b"", 0x6A82))
    assert script.executed == 3


def test_applications_are_installed_by_an_expanded_script() -> None:
    """RAM reads both formats."""
    platform = Platform.of(a_card())
    install = CommandApdu.decode(bytes.fromhex(install_command()))
    script = ResponseScript.decode(platform.send("000000", encode_expanded([install])).packet.data)
    assert script.responses == (ResponseApdu(b"", 0x9000),)
    assert len(platform.card.enterprise_applications()) == 1


def test_what_to_do_on_errors_is_read_and_not_done() -> None:
    """An error action counts as a command TLV and disturbs nothing."""
    script = answered(CommandScript((ErrorAction(), SELECT, READ)).encode())
    assert (script.executed, script.responses) == (3, (ResponseApdu(ICCID, 0x9000),))


@pytest.mark.parametrize(
    ("script", "bad_format", "chaining"),
    [
        (CommandScript((SELECT, BerTlv(0x99, b"\x01"), READ)).encode(), 1, None),
        (CommandScript((ImmediateAction(b"\x81"), READ)).encode(), 1, None),
        (CommandScript((READ,), chaining=1).encode(), None, 2),
        (encode_expanded([SELECT, READ])[:-1], 2, None),
        (b"\xaa", 2, None),
    ],
)
def test_script_that_cannot_be_read_runs_nothing(script: bytes, bad_format: int | None, chaining: int | None) -> None:
    """The card says what it did not understand, and that it executed no command."""
    answer = answered(script)
    assert (answer.executed, answer.responses) == (0, ())
    assert (answer.bad_format, answer.chaining) == (bad_format, chaining)


def test_packet_beyond_the_cards_memory_is_refused_with_07() -> None:
    """Secured, without data, nothing executed; the next packet is welcome."""
    platform = Platform.of(a_card())
    update = bytes.fromhex("00d60000f0") + bytes(0xF0)
    script = bytes.fromhex("00a40004027f5900a40004026f01") + update * 17
    response = platform.send("B00010", script)
    assert response.authentic
    assert (response.packet.status, response.packet.data) == (PorStatus.INSUFFICIENT_MEMORY, b"")
    assert platform.card.file(0x7F59, 0x6F01)[:4] == b"\xff" * 4
    assert platform.run("B00010", "00a40004022fe2", "00b000000a").data == ICCID
