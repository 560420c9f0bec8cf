"""The line to the virtual reader: orders, C-APDUs, and octets that come as they like."""

from __future__ import annotations

import pytest

from stk_applet_sim.readers.vpcd_link import VpcdLink

ATR = bytes.fromhex("3B00")


class RecordingCard:
    """Answers every command with 9000 and notes what it was asked."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def process(self, c_apdu: bytes) -> bytes:
        self.seen.append(c_apdu.hex())
        return bytes.fromhex("9000")

    def reset(self) -> bytes:
        self.seen.append("reset")
        return ATR


TALK = bytes.fromhex("000101000104000500A4000000000102000400B00000000100")
ANSWERS = bytes.fromhex("00023B000002900000029000")
SEEN = ["reset", "reset", "00a4000000", "reset", "00b00000", "reset"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, len(TALK)])
def test_every_command_is_answered_however_the_octets_arrive(size: int) -> None:
    """A whole session in slices: the same answers, nothing lost, nothing doubled."""
    card = RecordingCard()
    link = VpcdLink(card)
    answers = b"".join(link.receive(TALK[at : at + size]) for at in range(0, len(TALK), size))
    assert (answers, card.seen) == (ANSWERS, SEEN)


def test_atr_is_told_without_a_reset() -> None:
    """The reader asks for the ATR several times a second: that must not disturb the card."""
    card = RecordingCard()
    link = VpcdLink(card)
    assert link.receive(bytes.fromhex("000104")) == bytes.fromhex("00023B00")
    assert card.seen == ["reset"]


@pytest.mark.parametrize("order", ["000103", "0001FF", "0000"])
def test_unknown_orders_get_no_answer(order: str) -> None:
    """An answer nobody awaits would be taken for the next command's."""
    card = RecordingCard()
    assert VpcdLink(card).receive(bytes.fromhex(order)) == b""
    assert card.seen == ["reset"]


def test_long_command_comes_whole() -> None:
    """65,535 octets are one message."""
    card = RecordingCard()
    link = VpcdLink(card)
    link.receive(bytes.fromhex("FFFF"))
    assert link.receive(bytes(0xFFFE)) == b""
    assert link.receive(bytes(1)) == bytes.fromhex("00029000")
    assert card.seen[-1] == bytes(0xFFFF).hex()
