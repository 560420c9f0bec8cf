"""Cards on the air without a phone: the same octets for the platform, and a phone as soon as something needs one."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from stk_applet_sim.handset.card_station import TEXTS_KEPT, CardStation
from stk_applet_sim.handset.screen import Idle, Text
from stk_applet_sim.load import SHARED, Application
from stk_applet_sim.population import SeededCard, seeded_population
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer
from telecom_codecs.ota.packet_security import open_response, seal_command
from telecom_codecs.ota.secured_packet import CommandPacket, ResponsePacket, Spi
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver
from telecom_codecs.sms.udh import split_user_data

from ..network import SERIAL, Network, packet_message, text_message

CARD = seeded_population(1, "light")[0]
WORK = Application(1001, "华信科技", 7, SecretKey(bytes(range(16))))
SLOT, MENU, FILES = Tar.from_hex("594B01"), Tar.from_hex("594B54"), Tar.from_hex("B00000")
QUERY = bytes.fromhex("805C000108") + bytes(8) + bytes.fromhex("00C0000000")
IN_SUBMIT, IN_REPORT = "1639", "1619"


@dataclass
class Lab:
    """One card, its network, and the platform's counter."""

    station: CardStation
    network: Network = field(default_factory=Network)
    counter: int = 0
    spi: str = IN_SUBMIT
    card: SeededCard = CARD

    def packet(self, tar: Tar, data: bytes) -> SmsDeliver:
        self.counter += 1
        spi = Spi.decode(bytes.fromhex(self.spi))
        sealed = seal_command(CommandPacket(spi, 0x12, 0x12, tar, self.counter, data), self.card.keys[1], SHARED)
        return packet_message(sealed)[0]

    def proof(self, octets: bytes) -> ResponsePacket:
        _, packet = split_user_data(True, octets)
        spi = Spi.decode(bytes.fromhex(self.spi))
        opened = open_response(packet, spi, 0x12, 0x12, self.card.keys[1], SHARED)
        assert opened.authentic
        return opened.packet


def a_lab(*, spi: str = IN_SUBMIT) -> Lab:
    station = CARD.card_station(provider=SHARED, random=bytes)
    WORK.put_on(station.card)
    lab = Lab(station, spi=spi)
    station.attach(lab.network.submit)
    return lab


def test_a_query_is_proved_by_short_message_without_a_phone() -> None:
    """What the platform sees is what a whole phone sends, to the octet; no phone was made for it."""
    lab = a_lab()
    assert lab.station.deliver(lab.packet(SLOT, QUERY)) == DeliverReport()
    (submit,) = lab.network.sent
    assert lab.proof(submit.user_data).data[:3].hex() == "029000"
    assert not lab.station.has_handset

    whole = CARD.station(random=bytes)
    WORK.put_on(whole.card)
    other = Network()
    whole.attach(other.submit)
    other.sent.clear()
    lab.counter = 0
    whole.deliver(lab.packet(SLOT, QUERY))
    (theirs,) = other.sent
    assert (theirs.pid, theirs.dcs, theirs.udhi, theirs.user_data) == (
        submit.pid,
        submit.dcs,
        submit.udhi,
        submit.user_data,
    )


def test_a_proof_in_the_report_goes_back_in_the_report() -> None:
    """SPI2 19: the answer of the delivery itself."""
    lab = a_lab(spi=IN_REPORT)
    report = lab.station.deliver(lab.packet(SLOT, QUERY))
    assert report is not None
    assert lab.proof(report.user_data).status == 0
    assert not lab.network.sent


def test_a_packet_that_came_before_is_answered_and_changes_nothing() -> None:
    """The counter is kept without a phone, too."""
    lab = a_lab()
    lab.station.deliver(message := lab.packet(SLOT, QUERY))
    lab.station.deliver(message)
    assert lab.proof(lab.network.sent[-1].user_data).status == 2, "counter low"


@pytest.mark.parametrize("octets", [b"", b"\x02\x70\x00", bytes.fromhex("027000000F0D")], ids=["none", "head", "cut"])
def test_octets_that_are_no_packet_are_swallowed(octets: bytes) -> None:
    """As the card does behind a phone: no answer, no harm."""
    lab = a_lab()
    message = lab.packet(SLOT, QUERY)
    broken = SmsDeliver(message.originating, message.pid, message.dcs, message.scts, octets, udhi=bool(octets))
    report = lab.station.deliver(broken)
    assert report is not None
    assert not report.user_data
    assert not lab.network.sent


def test_an_answer_for_the_member_makes_the_phone_and_shows_on_its_screen() -> None:
    """The first thing that has to be shown switches the phone on, and nothing of it is lost."""
    lab = a_lab()
    answer = MenuAnswer(AnswerKind.FINAL, 0, SERIAL, "您的卡已更换")
    assert lab.station.deliver(lab.packet(MENU, answer.encode())) == DeliverReport()
    assert lab.station.has_handset
    assert lab.proof(lab.network.sent[-1].user_data).data == b"\x00"
    assert lab.station.handset.screen == Text("您的卡已更换", high_priority=True)


def test_a_key_press_makes_the_phone() -> None:
    """The menu is there, and a request leaves by the same network."""
    lab = a_lab()
    phone = lab.station.handset
    assert phone.screen == Idle("移动一卡通")
    phone.press("ok")
    phone.select(1)
    assert len(lab.network.sent) == 1
    assert lab.station.deliver(lab.packet(SLOT, QUERY)) is not None, "packets go through the phone now"
    assert lab.proof(lab.network.sent[-1].user_data).status == 0


def test_a_file_the_phone_holds_a_copy_of_is_read_anew_by_the_phone_that_comes() -> None:
    """A REFRESH has nobody to go to: the phone is made and reads the files when it is switched on."""
    lab = a_lab()
    commands = [CommandApdu(0x00, 0xA4, 0, 0x0C, bytes.fromhex(name)) for name in ("7F10", "6F40")]
    commands.append(CommandApdu(0x00, 0xDC, 1, 4, bytes(28)))
    lab.station.deliver(lab.packet(FILES, b"".join(command.encode() for command in commands)))
    assert lab.station.has_handset
    assert not lab.station.card.toolkit.busy


def test_texts_wait_for_the_phone_and_only_the_last_are_kept() -> None:
    """A statement run costs no phone; whoever looks finds the newest texts in the inbox."""
    lab = a_lab()
    for number in range(TEXTS_KEPT + 2):
        for message in text_message(f"statement {number}", reference=number):
            assert lab.station.deliver(message) == DeliverReport()
    assert not lab.station.has_handset
    texts = [message.text for message in lab.station.handset.inbox.messages]
    assert texts == [f"statement {number}" for number in range(2, TEXTS_KEPT + 2)]


def test_nothing_is_sent_before_the_station_is_on_the_air() -> None:
    """A sealed request needs a network; a proof that has none is lost."""
    station = CARD.card_station(provider=SHARED, random=bytes)
    lab = Lab(station)
    WORK.put_on(station.card)
    assert station.deliver(lab.packet(SLOT, QUERY)) == DeliverReport()
    on_the_air = a_lab()
    on_the_air.station.deliver(on_the_air.packet(SLOT, QUERY))
    with pytest.raises(LookupError, match="attach it first"):
        station.submit(on_the_air.network.sent[0])
    assert on_the_air.station.submit(on_the_air.network.sent[0]).failure_cause is None
