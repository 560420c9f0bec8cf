"""Cards and phones gone mad: neither stops the other."""

from __future__ import annotations

import random

import pytest

from stk_applet_sim.handset.me import Handset
from stk_applet_sim.handset.screen import render
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.cat import (
    DisplayText,
    GetInkey,
    GetInput,
    Item,
    MoreTime,
    ProactiveCommand,
    SelectItem,
    SendShortMessage,
    SetUpMenu,
    encode_proactive,
)
from telecom_codecs.onecard.requests import Operation
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import SmsSubmit

from ..line import a_line, delete_second
from ..network import Network, text_message


@pytest.mark.parametrize("seed", range(40))
def test_nonsense_from_the_phone_never_stops_the_card(seed: int) -> None:
    """Random responses and selections in any order: a status word each time, and the menu works after switching on."""
    line, chance = a_line(), random.Random(seed)
    card = line.station.card
    for _ in range(60):
        number = chance.choice([1, 2, 3, chance.randrange(256)])
        details = bytes((0x81, 3, number, chance.choice([0x24, 0x21, 0x22, 0x23, 0x13, 0x27]), 0x82, 2, 0x82, 0x81))
        result = bytes((0x83, 1, chance.randrange(256)))
        octets = chance.choice([
            b"", chance.randbytes(chance.randrange(60)), details + result, details[:5] + b"\x00" + details[5:] + result,
            details[:5] + b"\x00" + details[5:] + b"\x83\x01\x00\x90\x01" + bytes((chance.randrange(4),)),
        ])  # fmt: skip
        command = chance.choice([
            CommandApdu(0x80, 0x14, 0, 0, octets), CommandApdu(0x80, 0x12, 0, 0, le=256),
            CommandApdu(0x80, 0xC2, 0, 0, bytes.fromhex("D30782020181900104")),
            CommandApdu(0x80, 0xC2, 0, 0, b"\xd3" + chance.randbytes(9)),
        ])  # fmt: skip
        assert len(card.process(command.encode())) >= 2
    line.station.handset.power_on()
    delete_second(line)
    assert line.opened_request().operation == Operation.DELETE


@pytest.mark.parametrize("seed", range(40))
def test_nonsense_from_the_card_never_stops_the_phone(seed: int) -> None:
    """Random answers to anything, cards that never end included: texts still arrive."""

    class Mad:
        def __init__(self) -> None:
            self.chance = random.Random(seed)

        def reset(self) -> bytes:
            return b""

        def process(self, c_apdu: bytes) -> bytes:
            chance = self.chance
            status = chance.choice(
                [b"\x90\x00", b"\x91\x20", b"\x61\x10", b"\x6c\x05", b"\x93\x00", chance.randbytes(2)]
            )
            known = encode_proactive(chance.choice(COMMANDS))
            broken = bytearray(known)
            broken[chance.randrange(len(broken))] ^= 1 << chance.randrange(8)
            return chance.choice([b"", known, known, bytes(broken), chance.randbytes(chance.randrange(40))]) + status

    phone = Handset(Mad())
    phone.attach(Network().submit)
    phone.power_on()
    chance = random.Random(seed)
    for now in range(60):
        phone.press(chance.choice(["ok", "back", "end", "no", "help", "1", "2"]))
        phone.enter("123456")
        phone.tick(now * 20.0)
        phone.poll()
        render(phone.screen)
    phone.deliver(text_message("still here")[0])
    assert phone.inbox.messages[-1].text == "still here"


COMMANDS: tuple[ProactiveCommand, ...] = (
    SetUpMenu("m", (Item(1, "一"), Item(2, "二"))),
    SelectItem("t", (Item(1, "一"), Item(2, "二")), help_available=True),
    GetInput("密码", 6, 6, hidden=True),
    GetInkey("?", yes_no=True),
    DisplayText("文", wait_for_user=True),
    SendShortMessage(SmsSubmit(Address("10086"), 0, 0xF6, b"x").encode(), alpha="…"),
    MoreTime(),
)
