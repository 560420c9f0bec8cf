"""pySim-smpp2sim as message centre between our sender and our card: a stranger carries the packets both ways.

To enable: as test_pysim_card.py, plus smpp.pdu3 and smpp.twisted3 in pySim's virtual environment.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Imsi, Tar
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.ota.packet_security import OpenedResponse, open_response, seal_command
from telecom_codecs.ota.remote_command import CompactResponse, encode_compact
from telecom_codecs.ota.secured_packet import CommandPacket, PorStatus, Spi
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET

from . import island as pcsc
from .test_pysim_card import WHY_NOT
from .test_pysim_ota_tool import CHECKOUT, PYTHON

PORT = 12775
#: The address form that this program needs to listen on IPv4; the trace tells when it has the card.
SMSC = (
    "pySim-smpp2sim.py",
    "-p",
    "0",
    "--smpp-bind-ip",
    "::ffff:127.0.0.1",
    "--smpp-bind-port",
    str(PORT),
    "--apdu-trace",
)
PLAIN = CardProfile.named("plain")
PROVIDER = OpenSslProvider()
USIM_FILES = Tar(bytes.fromhex("B00011"))
SPI = Spi.decode(bytes.fromhex("1619"))
READ_IMSI = encode_compact(
    [CommandApdu(0x00, 0xA4, 0x00, 0x04, bytes.fromhex("6F07")), CommandApdu(0, 0xB0, 0, 0, le=9)]
)
KEY_OCTETS = {1: 0x15, 2: 0x22, 3: 0x32}  #: KIc and KID by key set: 3DES, AES-128, AES-256

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


def sealed(index: int, counter: int, tar: Tar = USIM_FILES) -> bytes:
    """The user data of one short message that reads EF.IMSI under a key set."""
    octet = KEY_OCTETS[index]
    packet = seal_command(CommandPacket(SPI, octet, octet, tar, counter, READ_IMSI), PLAIN.keys[index].keys, PROVIDER)
    [user_data] = split_packet(packet, iei=IEI_COMMAND_PACKET, reference=0)
    return user_data


def opened(index: int, answer: str | None) -> OpenedResponse:
    assert answer is not None
    octets = bytes.fromhex(answer)
    assert octets[:3] == bytes.fromhex("027100")
    octet = KEY_OCTETS[index]
    return open_response(octets[3:], SPI, octet, octet, PLAIN.keys[index].keys, PROVIDER)


def test_our_packets_reach_our_card_through_a_foreign_smsc(tmp_path: Path) -> None:
    """3DES, AES-128 and AES-256 read the IMSI; a replay gets 02, an unknown TAR 09; every PoR comes back."""
    sent = [
        (1, sealed(1, 1)),
        (2, sealed(2, 1)),
        (3, sealed(3, 1)),
        (2, sealed(2, 1)),
        (2, sealed(2, 9, Tar(b"\xff" * 3))),
    ]
    with (
        pcsc.island(tmp_path) as world,
        world.card("plain"),
        world.background(PYTHON, *SMSC, ready="8010000020", cwd=CHECKOUT, PYTHONPATH=".", PYTHONUNBUFFERED="1"),
    ):
        ran = world.run(sys.executable, "-m", "tests.interop.submitting", str(PORT), *(data.hex() for _, data in sent))
    outcomes = json.loads(ran.stdout.splitlines()[-1])
    assert [outcome["status"] for outcome in outcomes] == [0] * len(sent), ran.stdout
    answers = [opened(index, outcome["answer"]) for (index, _), outcome in zip(sent, outcomes, strict=True)]
    assert [answer.packet.status for answer in answers] == [
        PorStatus.OK, PorStatus.OK, PorStatus.OK, PorStatus.COUNTER_LOW, PorStatus.TAR_UNKNOWN,
    ]  # fmt: skip
    for answer in answers[:3]:
        assert answer.authentic
        response = CompactResponse.decode(answer.packet.data)
        assert (response.executed, response.sw) == (2, 0x9000)
        assert Imsi.from_octets(response.data) == PLAIN.identity.imsi
