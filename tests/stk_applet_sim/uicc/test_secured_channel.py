"""The card's OTA channel: what is obeyed, what is refused, and what a refusal gives away."""

from __future__ import annotations

from dataclasses import replace

import pytest

from stk_applet_sim.uicc.memory import PowerLoss
from stk_applet_sim.uicc.packets import PacketContext
from telecom_codecs.cat import CommandDetails, SendShortMessage, TerminalResponse, decode_proactive
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.errors import LocalError
from telecom_codecs.onecard.names import TAR_MENU
from telecom_codecs.ota.packet_security import open_command
from telecom_codecs.ota.remote_command import CompactResponse
from telecom_codecs.ota.secured_packet import PorStatus, ResponseHeader
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.dcs import DCS_OTA
from telecom_codecs.sms.tpdu import SmsSubmit

from .ota import OPENSSL, PLATFORM, Platform, a_card, deliver, fetch_submitted, is_unsecured, joined

READ_IMSI = ("00A40004026F07", "00B0000009")
SELECT_MF = bytes.fromhex("00A40000023F00")
WRONG = KeySet(SecretKey(b"\x55" * 16), SecretKey(b"\x66" * 16))


@pytest.mark.parametrize("spi", ["1619", "1639", "1601", "1609", "1611", "1e19", "1629"])
def test_the_card_reads_a_file_for_an_authentic_packet(spi: str) -> None:
    """The platform reads EF.IMSI; the proof of receipt comes back the way it asked."""
    card = a_card()
    platform = Platform.of(card, spi=spi)
    script = bytes.fromhex("".join(READ_IMSI))
    response = platform.send("B00001", script).packet
    assert (response.status, response.counter) == (PorStatus.OK, 1)
    assert CompactResponse.decode(response.data) == CompactResponse(2, 0x9000, card.profile.identity.imsi.octets())


@pytest.mark.parametrize("index", [1, 2, 3])
@pytest.mark.parametrize("tar", ["B00010", "B00011"])
def test_public_tools_read_the_imsi_of_the_plain_card(index: int, tar: str) -> None:
    """3DES, AES-128 and AES-256 key sets of a well-known command line tool, without a counter."""
    card = a_card("plain")
    first = "00A40004027F20" if tar == "B00010" else "00A40004026F07"
    apdus = [first] if tar == "B00011" else [first, "00A40004026F07"]
    answer = Platform.of(card, index, spi="0619").run(tar, *apdus, "00B0000009")
    assert answer == CompactResponse(len(apdus) + 1, 0x9000, card.profile.identity.imsi.octets())


def test_a_2g_script_is_answered_in_2g_words() -> None:
    """SELECT DF.GSM with class A0, then GET RESPONSE of 22 octets."""
    answer = Platform.of(a_card("plain"), spi="0619").run("B00010", "A0A40000027F20", "A0C0000016")
    assert (answer.executed, answer.sw, len(answer.data)) == (2, 0x9000, 22)
    assert answer.data[:6] == bytes.fromhex("0000FFFF7F20")


def test_key_information_comes_over_the_air() -> None:
    """GET DATA E0 by RAM."""
    answer = Platform.of(a_card("plain"), spi="0619").run("000000", "80CA00E000")
    assert answer.sw == 0x9000
    assert answer.data[0] == 0xE0


def test_a_replayed_packet_is_refused_with_02() -> None:
    """The same octets again: counter low, authentic, nothing executed."""
    platform = Platform.of(a_card())
    packet = platform.packet("B00010", SELECT_MF)
    assert platform.opened(platform.carry(packet).data[3:]).packet.status == PorStatus.OK
    again = platform.opened(platform.carry(packet).data[3:])
    assert again.authentic
    assert (again.packet.status, again.packet.data) == (PorStatus.COUNTER_LOW, b"")


def test_one_higher_means_exactly_one() -> None:
    """SPI counter mode 11: a gap is 03, the next number is good."""
    platform = Platform.of(a_card(), spi="1e19")
    assert platform.send("B00010", SELECT_MF, counter=2).packet.status == PorStatus.COUNTER_HIGH
    assert platform.send("B00010", SELECT_MF, counter=1).packet.status == PorStatus.OK


def test_a_counter_at_its_end_is_blocked() -> None:
    """After 2**40 - 1 nothing is accepted any more."""
    platform = Platform.of(a_card())
    assert platform.send("B00010", SELECT_MF, counter=2**40 - 1).packet.status == PorStatus.OK
    assert platform.send("B00010", SELECT_MF, counter=2**40 - 1).packet.status == PorStatus.COUNTER_BLOCKED


def test_the_counter_is_one_for_all_tars_of_a_key_set() -> None:
    """A number used for files is used up for applications too."""
    platform = Platform.of(a_card())
    assert platform.send("B00010", SELECT_MF, counter=9).packet.status == PorStatus.OK
    assert platform.send("000000", bytes.fromhex("80CA00E000"), counter=9).packet.status == PorStatus.COUNTER_LOW


@pytest.mark.parametrize(
    ("tar", "changes", "status"),
    [
        ("B00010", {"keys": WRONG}, PorStatus.CHECK_FAILED),
        ("123456", {}, PorStatus.TAR_UNKNOWN),
        ("594B01", {}, PorStatus.TAR_UNKNOWN),  # an empty slot
        ("B00010", {"spi": "0219"}, PorStatus.INSUFFICIENT_SECURITY_LEVEL),  # not ciphered, no counter
        ("B00010", {"spi": "0619"}, PorStatus.INSUFFICIENT_SECURITY_LEVEL),  # no counter
        ("B00010", {"spi": "1519", "kid": 0x15}, PorStatus.INSUFFICIENT_SECURITY_LEVEL),  # RC only
        ("B00010", {"spi": "0019"}, PorStatus.INSUFFICIENT_SECURITY_LEVEL),
        ("B00010", {"kic": 0x72, "kid": 0x72}, PorStatus.SECURITY_ERROR),  # no such key set
        ("B00010", {"kic": 0x15, "kid": 0x15}, PorStatus.SECURITY_ERROR),  # 3DES named, AES keys
        ("B00010", {"kic": 0x12, "kid": 0x52}, PorStatus.SECURITY_ERROR),  # two key sets in one packet
    ],
)
@pytest.mark.parametrize("por", ["19", "39"])
def test_a_refusal_before_trust_is_unsecured_and_empty(
    tar: str, changes: dict[str, object], status: PorStatus, por: str
) -> None:
    """Whatever PoR the sender asked for: no check, no ciphering, no data, no deciphered counter."""
    card = a_card()
    platform = Platform.of(card)
    spi = str(changes.get("spi", "1619"))[:2] + por
    packet = platform.packet(tar, SELECT_MF, **{**changes, "spi": spi, "counter": 0x1122334455})
    answer = platform.carry(packet)
    octets = joined(fetch_submitted(card)) if por == "39" else answer.data[3:]
    assert is_unsecured(octets)
    header = ResponseHeader.peek(octets)
    assert header.secured[6] == status
    if int(spi[:2], 16) & 4:
        assert header.secured[:5] == bytes(5)
    assert card.counter(1) == 0


def test_a_command_that_asks_for_an_impossible_por_is_not_executed() -> None:
    """A signed PoR, or one ciphered with an algorithm nobody has: 06, and the counter stays."""
    card = a_card("plain")
    platform = Platform.of(card, 2)
    for spi, kic in (("161d", 0x22), ("1615", 0x22)):
        answer = platform.carry(platform.packet("B00010", SELECT_MF, spi=spi, kic=kic))
        assert answer.data[-1] == PorStatus.SECURITY_ERROR
    relaxed = a_card(replace(card.profile, minimum_security=0x02))
    answer = Platform.of(relaxed, 2).carry(platform.packet("B00010", SELECT_MF, spi="0219", kic=0x2F))
    assert answer.data[-1] == PorStatus.SECURITY_ERROR
    assert card.counter(2) == relaxed.counter(2) == 0


def test_single_des_is_refused_by_policy() -> None:
    """A key set of single DES length is not even tried."""
    platform = Platform.of(a_card("plain"), spi="0619")
    weak = KeySet(SecretKey(bytes(range(8))), SecretKey(bytes(range(8))))
    answer = platform.carry(platform.packet("B00010", SELECT_MF, kic=0x11, kid=0x11, keys=weak))
    assert answer.data[-1] == PorStatus.INSUFFICIENT_SECURITY_LEVEL


def test_a_cut_ciphered_part_is_05() -> None:
    """A packet that lost octets on the way, its CPL mended."""
    platform = Platform.of(a_card())
    packet = platform.packet("B00010", SELECT_MF)[:-3]
    answer = platform.carry((len(packet) - 2).to_bytes(2, "big") + packet[2:])
    assert is_unsecured(answer.data[3:])
    assert answer.data[-1] == PorStatus.CIPHERING_ERROR


def test_weak_answers_an_unsecured_packet_and_nobody_else_does() -> None:
    """The scanner's prey: TAR B00010 of profile weak reads public files without keys, and only public ones."""
    read_iccid = bytes.fromhex("00A40000022FE200B000000A")
    packet = Platform.of(a_card("weak"), spi="0019").packet("B00010", read_iccid)
    weak = a_card("weak")
    assert Platform.of(weak).carry(packet).data[3 + 13 + 3 :] == weak.profile.identity.iccid.octets()
    assert Platform.of(a_card("ykt")).carry(packet).data[-1] == PorStatus.INSUFFICIENT_SECURITY_LEVEL
    secret = bytes.fromhex("00A40004027F2000A40004026F0700B0000009")
    refused = Platform.of(weak).carry(Platform.of(weak, spi="0019").packet("B00010", secret))
    assert CompactResponse.decode(refused.data[3 + 13 :]) == CompactResponse(3, 0x6982)
    assert weak.counter(1) == 0


def test_an_unsecured_packet_cannot_use_up_the_counter() -> None:
    """Anybody may send CNTR FFFFFFFFFF without a check; the next real command still works."""
    card = a_card("weak")
    forged = Platform.of(card, spi="1019").packet("B00010", SELECT_MF, counter=2**40 - 1)
    assert Platform.of(card).carry(forged).data
    assert Platform.of(card).send("B00010", SELECT_MF).packet.status == PorStatus.OK


def test_no_por_when_none_is_asked() -> None:
    """SPI2 00 never answers, SPI2 02 only an error."""
    platform = Platform.of(a_card())
    assert platform.carry(platform.packet("B00010", SELECT_MF, spi="1600")).data == b""
    assert platform.carry(platform.packet("B00010", SELECT_MF, spi="160a")).data == b""
    assert platform.carry(platform.packet("123456", SELECT_MF, spi="160a")).data[-1] == PorStatus.TAR_UNKNOWN


def test_segments_may_come_in_any_order_and_twice() -> None:
    """Three segments, the last first; a repeated one changes nothing."""
    card = a_card()
    platform = Platform.of(card)
    update = "00D60000C8" + "AB" * 200
    script = bytes.fromhex("00A40004027F59" + "00A40004026F01" + update)
    packet = platform.packet("B00010", script)
    answer = platform.carry(packet, backwards=True)
    assert platform.opened(answer.data[3:]).packet.status == PorStatus.OK
    assert card.file(0x7F59, 0x6F01)[:201] == b"\xab" * 200 + b"\xff"
    assert platform.carry(platform.packet("B00010", script)).sw == 0x9000


def test_a_long_por_comes_in_several_short_messages() -> None:
    """200 octets of a file do not fit one message; the identifier stands in the first only."""
    card = a_card()
    platform = Platform.of(card, spi="1639")
    packet = platform.packet("B00010", bytes.fromhex("00A40004027F5900A40004026F0100B00000C8"))
    platform.carry(packet)
    messages = fetch_submitted(card)
    assert len(messages) == 2
    assert all(m.destination == PLATFORM and m.udhi and (m.pid, m.dcs) == (0, DCS_OTA) for m in messages)
    response = platform.opened(joined(messages))
    assert response.authentic
    assert CompactResponse.decode(response.packet.data) == CompactResponse(3, 0x9000, b"\xff" * 200)


def test_a_por_too_long_for_the_report_is_announced_there_and_sent_after_it() -> None:
    """Status 0B in the DELIVER-REPORT, the whole in SMS-SUBMIT."""
    card = a_card()
    platform = Platform.of(card, spi="1619")
    packet = platform.packet("B00010", bytes.fromhex("00A40004027F5900A40004026F0100B00000C8"))
    first = platform.opened(platform.carry(packet).data[3:])
    assert (first.authentic, first.packet.status) == (True, PorStatus.RESPONSE_IN_SUBMIT)
    second = platform.opened(joined(fetch_submitted(card)))
    assert CompactResponse.decode(second.packet.data).data == b"\xff" * 200


def test_a_por_that_could_not_be_sent_is_tried_again() -> None:
    """The network refuses the first SEND SHORT MESSAGE; the card waits and repeats it."""
    card = a_card("plain")
    card.process(bytes.fromhex("8010000004FFFFFFFF"))
    platform = Platform.of(card, spi="0621")
    platform.carry(platform.packet("B00010", SELECT_MF))
    pending = card.toolkit.pending()
    assert pending is not None
    command = decode_proactive(card.process(bytes([0x80, 0x12, 0, 0, len(pending)]))[:-2])
    assert isinstance(command, SendShortMessage)
    refused = TerminalResponse(CommandDetails(1, 0x13), 0x21, b"\x00").encode()
    card.process(bytes([0x80, 0x14, 0, 0, len(refused)]) + refused)
    card.process(bytes.fromhex("80F200000C"))
    assert len(fetch_submitted(card)) <= 1


def test_an_alphanumeric_sender_is_answered_at_the_service_centre() -> None:
    """Nobody can send a short message to a name."""
    card = a_card("plain")
    platform = Platform.of(card, spi="0621")
    packet = platform.packet("B00010", SELECT_MF)
    deliver(card, bytes.fromhex("027000") + packet, Address("YKT", ton=5, npi=0))
    [message] = fetch_submitted(card)
    assert message.destination.digits == "8613800100500"


def test_text_and_broken_packets_leave_the_card_alone() -> None:
    """No command packet, no answer."""
    card = a_card()
    before = card.snapshot()
    for user_data in ["027100" + "00" * 20, "027000", "027000FFFF", "0270000003AABBCC", "03A90101414243"]:
        answer = deliver(card, bytes.fromhex(user_data))
        assert (answer.sw, answer.data) == (0x9000, b"")
    assert card.snapshot() == before


def test_the_counter_is_durable_before_the_command_runs() -> None:
    """Power is cut at the first write of the script: the counter has moved, the file has not."""
    card = a_card()
    platform = Platform.of(card)
    packet = platform.packet("B00010", bytes.fromhex("00A40004027F5900A40004026F0500D600000101"))
    card.memory.tear_at = card.memory.writes + 2
    with pytest.raises(PowerLoss):
        platform.carry(packet)
    after = a_card(state=card.snapshot())
    assert after.counter(1) == 1
    assert after.file(0x7F59, 0x6F05) == b"\x00"
    platform.card = after
    assert platform.opened(platform.carry(packet).data[3:]).packet.status == PorStatus.COUNTER_LOW


def test_power_loss_forgets_half_a_message() -> None:
    """A segment received before the power cycle does not meet one received after it."""
    card = a_card()
    platform = Platform.of(card)
    deliver(card, bytes.fromhex("0700030102017000") + bytes(100))
    card.reset()
    assert deliver(card, bytes.fromhex("050003010202") + bytes(10)).data == b""
    assert platform.send("B00010", SELECT_MF).packet.status == PorStatus.OK


def test_a_request_to_the_platform_tells_nothing_by_its_length() -> None:
    """Key set 5, SPI 1600, TAR 594B80, its own counter, 66 or 98 octets of data."""
    card = a_card()
    keys = card.profile.keys[5].keys
    for number, (message, length) in enumerate([(b"\x01", 66), (b"\x02" * 66, 66), (b"\x03" * 67, 98)], start=1):
        packet = open_command(card.seal_mo(message), keys, OPENSSL).packet
        assert (packet.spi.encode().hex(), packet.kic, packet.kid, str(packet.tar)) == ("1600", 0x52, 0x52, "594B80")
        assert (packet.counter, packet.data) == (number, message.ljust(length, b"\x00"))
    with pytest.raises(LocalError):
        card.seal_mo(bytes(99))
    assert a_card(state=card.snapshot()).counter(5) == 3


def test_an_applet_receives_packets_of_its_tar() -> None:
    """The menu applet's seam: data in, response data out, with what is known of the packet."""
    card = a_card()
    seen: list[tuple[bytes, bool, Address]] = []

    def receive(message: bytes, context: PacketContext) -> bytes:
        seen.append((message, context.authentic, context.originator))
        return b"\x00"

    card.register_receiver(TAR_MENU, 0x16, receive)
    response = Platform.of(card).send(str(TAR_MENU), b"hello")
    assert response.packet.data == b"\x00"
    assert seen == [(b"hello", True, PLATFORM)]


def test_the_por_goes_to_whoever_sent_the_command() -> None:
    """Destination of the SMS-SUBMIT is the originating address."""
    card = a_card("plain")
    platform = Platform.of(card, spi="0621")
    deliver(card, bytes.fromhex("027000") + platform.packet("B00010", SELECT_MF), Address("12345", ton=0))
    [message] = fetch_submitted(card)
    assert isinstance(message, SmsSubmit)
    assert message.destination == Address("12345", ton=0)
