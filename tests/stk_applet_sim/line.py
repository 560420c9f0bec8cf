"""A member's phone with a real card, and the platform's end of its keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stk_applet_sim.applet.enterprise import EnterpriseApplication
from stk_applet_sim.applet.purse import ApplicationState
from stk_applet_sim.handset.screen import Input, Screen
from stk_applet_sim.handset.station import HandsetStation
from stk_applet_sim.population import SeededCard, seeded_population
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.requests import CardRequest
from telecom_codecs.onecard.rights import Rights
from telecom_codecs.ota.packet_security import open_command, open_response, seal_command
from telecom_codecs.ota.secured_packet import CommandPacket, ResponsePacket, Spi
from telecom_codecs.sms.tpdu import SmsDeliver
from telecom_codecs.sms.udh import split_user_data

from .network import Network, packet_message

PROVIDER = OpenSslProvider()
MENU = Tar.from_hex("594B54")
FILES = Tar.from_hex("B00000")
PLATFORM = Tar.from_hex("594B80")
IN_REPORT, IN_SUBMIT = Spi.decode(bytes.fromhex("1619")), Spi.decode(bytes.fromhex("1639"))
PASSWORD = "907788"


@dataclass(slots=True)
class Line:
    """A member's phone with a real card, and the platform's end of the keys."""

    identity: SeededCard
    station: HandsetStation
    network: Network
    counter: int = 0

    def screen(self) -> Screen:
        return self.station.handset.screen

    def opened_request(self) -> CardRequest:
        """The last message of the phone, opened with the card's MO keys by the other crypto library."""
        header, packet = split_user_data(True, self.network.sent[-1].user_data)
        assert header is not None
        opened = open_command(packet, self.identity.keys[5], PROVIDER).packet
        assert (opened.tar, opened.spi.encode().hex(), opened.kic, opened.kid) == (PLATFORM, "1600", 0x52, 0x52)
        return CardRequest.decode(opened.data)

    def sealed(self, octets: bytes, spi: Spi = IN_REPORT, tar: Tar = MENU) -> tuple[SmsDeliver, ...]:
        """A command packet for the menu applet (or another TAR) under the next counter."""
        self.counter += 1
        packet = CommandPacket(spi, 0x12, 0x12, tar, self.counter, octets)
        return packet_message(seal_command(packet, self.identity.keys[1], PROVIDER), reference=self.counter)

    def write_file(self, path: str, octets: bytes, at: int = 0) -> None:
        """Write a transparent EF by remote file management, 180 octets a packet; the card must report 9000 for each."""
        for start in range(0, len(octets), 180):
            piece = octets[start : start + 180]
            script = b"".join(
                CommandApdu(0x00, 0xA4, 0, 0x0C, bytes.fromhex(path[at : at + 4])).encode() for at in (0, 4)
            )
            script += CommandApdu(0x00, 0xD6, at + start >> 8, at + start & 0xFF, piece).encode()
            reports = [self.station.deliver(message) for message in self.sealed(script, tar=FILES)]
            assert reports[-1] is not None
            assert self.proof(reports[-1].user_data).data.hex() == "039000"

    def write_record(self, path: str, number: int, octets: bytes) -> None:
        """Write one record of a linear EF by remote file management."""
        commands = [CommandApdu(0x00, 0xA4, 0, 0x0C, bytes.fromhex(path[at : at + 4])) for at in (0, 4)]
        commands.append(CommandApdu(0x00, 0xDC, number, 4, octets))
        (message,) = self.sealed(b"".join(command.encode() for command in commands), tar=FILES)
        report = self.station.deliver(message)
        assert report is not None
        assert self.proof(report.user_data).data.hex() == "039000"

    def proof(self, octets: bytes, spi: Spi = IN_REPORT) -> ResponsePacket:
        """The PoR in `octets` (UDH and packet), checked."""
        _, packet = split_user_data(True, octets)
        response = open_response(packet, spi, 0x12, 0x12, self.identity.keys[1], PROVIDER)
        assert response.authentic
        return response.packet


def a_line(*, profile: str = "ykt", on: bool = True, **options: Any) -> Line:
    """A card with two applications: 华信科技 with a purse of 116.30, 翠湖小区 with door and attendance.

    `options` are those of the station: a model, a calendar.
    """
    (identity,) = seeded_population(1, "session", profile=profile)
    station = identity.station(random=bytes, **options)
    card = station.card
    keys = {usage: SecretKey(bytes((usage,)) * 16) for usage in KeyUsage}
    everything = Rights.DOOR | Rights.ATTENDANCE | Rights.PURSE
    for state in (
        ApplicationState(1001, 1, everything, 100_000, "华信科技", balance=11630),
        ApplicationState(1002, 2, Rights.DOOR | Rights.ATTENDANCE, 100_000, "翠湖小区"),
    ):
        EnterpriseApplication.install(card.memory, state)
    for application in card.enterprise_applications():
        application.personalise(keys)
    network = Network()
    if on:
        station.attach(network.submit)
    return Line(identity, station, network)


def ask_balance(line: Line) -> None:
    phone = line.station.handset
    phone.press("ok")
    phone.select(1)
    phone.select(1)


def delete_second(line: Line, password: str = PASSWORD) -> None:
    phone = line.station.handset
    phone.press("ok")
    for choice in (4, 2, 3):
        phone.select(choice)
    phone.press("ok")
    assert line.screen() == Input("请输入6位一卡通服务密码", True, 6, 6)
    phone.enter(password)
