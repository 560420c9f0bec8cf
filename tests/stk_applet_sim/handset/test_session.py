"""The whole talk on the real card: key press to sealed request, sealed answer to text, and the capture of it all."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from stk_applet_sim.applet.enterprise import EnterpriseApplication
from stk_applet_sim.applet.menu_messages import AnswerKind, AnswerStatus, Operation, Request, RequestTag
from stk_applet_sim.applet.purse import ApplicationState, Rights
from stk_applet_sim.handset.capture import Capture, merged
from stk_applet_sim.handset.screen import Idle, Input, List, Screen, Text
from stk_applet_sim.handset.station import HandsetStation
from stk_applet_sim.population import SeededCard, seeded_population
from telecom_codecs.identities import Tar
from telecom_codecs.key_derivation import KeyUsage
from telecom_codecs.packet_security import open_command, open_response, seal_command
from telecom_codecs.providers.openssl import OpenSslProvider
from telecom_codecs.secret_key import SecretKey
from telecom_codecs.secured_packet import CommandPacket, PorStatus, ResponsePacket, Spi
from telecom_codecs.sms_tpdu import SmsDeliver
from telecom_codecs.udh import split_user_data

from ..network import Network, answer_to, packet_message, text_message

PROVIDER = OpenSslProvider()
MENU = Tar.from_hex("594B54")
PLATFORM = Tar.from_hex("594B80")
IN_REPORT, IN_SUBMIT = Spi.decode(bytes.fromhex("1619")), Spi.decode(bytes.fromhex("1639"))
PASSWORD = "907788"

needs_tshark = pytest.mark.skipif(
    shutil.which("tshark") is None, reason="tshark: not installed; apt-get install tshark"
)


@dataclass(slots=True)
class Line:
    """A member's phone with a real card, and the platform's end of the keys."""

    identity: SeededCard
    station: HandsetStation
    network: Network
    counter: int = 0

    def screen(self) -> Screen:
        return self.station.handset.screen

    def opened_request(self) -> Request:
        """The last message of the phone, opened with the card's MO keys by the other crypto library."""
        header, packet = split_user_data(True, self.network.sent[-1].user_data)
        assert header is not None
        opened = open_command(packet, self.identity.keys[5], PROVIDER).packet
        assert (opened.tar, opened.spi.encode().hex(), opened.kic, opened.kid) == (PLATFORM, "1600", 0x52, 0x52)
        return Request.decode(opened.data)

    def sealed(self, octets: bytes, spi: Spi = IN_REPORT) -> tuple[SmsDeliver, ...]:
        """A command packet for the menu applet under the next counter."""
        self.counter += 1
        packet = CommandPacket(spi, 0x12, 0x12, MENU, self.counter, octets)
        return packet_message(seal_command(packet, self.identity.keys[1], PROVIDER), reference=self.counter)

    def proof(self, octets: bytes, spi: Spi = IN_REPORT) -> ResponsePacket:
        """The PoR in `octets` (UDH and packet), checked."""
        _, packet = split_user_data(True, octets)
        response = open_response(packet, spi, 0x12, 0x12, self.identity.keys[1], PROVIDER)
        assert response.authentic
        return response.packet


def a_line(*, profile: str = "ykt", on: bool = True) -> Line:
    """A card with two applications: 华信科技 with a purse of 116.30, 翠湖小区 with door and attendance."""
    (identity,) = seeded_population(1, "session", profile=profile)
    station = identity.station(random=bytes)
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


def test_balance_from_key_press_to_text_on_the_screen() -> None:
    """One request under the MO keys, one answer under the MT keys, one authentic proof that it was queued."""
    line = a_line()
    ask_balance(line)
    (submit,) = line.network.sent
    assert (submit.pid, submit.dcs, submit.udhi, submit.user_data[:3].hex()) == (0, 0xF6, True, "027000")
    assert len(submit.user_data) == 93, "66 octets of data whatever is asked"
    request = line.opened_request()
    assert request == Request(Operation.BALANCE, 1, line.identity.iccid, 1001)
    (message,) = line.sealed(answer_to(request, "华信科技 余额116.30元\n有效期至2010-12-31").encode())
    report = line.station.deliver(message)
    assert report is not None
    proof = line.proof(report.user_data)
    assert (proof.tar, proof.counter, proof.status, proof.data) == (MENU, 1, PorStatus.OK, b"\x00")
    assert line.screen() == Text("华信科技 余额116.30元\n有效期至2010-12-31", high_priority=True)
    line.station.handset.press("ok")
    assert line.screen() == Idle("移动一卡通")


def test_deletion_carries_the_password_in_the_sealed_packet_only() -> None:
    """As long as a balance request, and opened by nobody but the platform."""
    line = a_line()
    delete_second(line)
    (submit,) = line.network.sent
    assert PASSWORD.encode() not in submit.user_data
    assert len(submit.user_data) == 93
    request = line.opened_request()
    assert (request.operation, request.enterprise) == (Operation.DELETE, 1002)
    assert request.fields == ((RequestTag.PASSWORD, PASSWORD.encode()),)


def test_proof_by_short_message_leaves_before_the_text_holds_the_screen() -> None:
    """SPI2 39: the PoR is sent while the member has not yet dismissed anything."""
    line = a_line()
    ask_balance(line)
    request = line.opened_request()
    (message,) = line.sealed(answer_to(request, "余额").encode(), IN_SUBMIT)
    report = line.station.deliver(message)
    assert report is not None
    assert report.user_data == b""
    assert len(line.network.sent) == 2
    assert line.proof(line.network.sent[-1].user_data, IN_SUBMIT).data == bytes((AnswerStatus.QUEUED,))
    assert line.screen() == Text("余额", high_priority=True)


def test_answer_of_two_segments_fills_one_screen() -> None:
    """Concatenated, in the wrong order, shown whole."""
    line = a_line()
    ask_balance(line)
    text = "华信科技 余额116.30元\n有效期至2010-12-31\n截至10-12 12:03\n(机具离线消费可能稍后入账)"
    first, second = line.sealed(answer_to(line.opened_request(), text).encode())
    for message in (second, first):
        report = line.station.deliver(message)
        assert report is not None
        assert report.is_ack
    assert line.screen() == Text(text, high_priority=True)


def test_answer_under_another_cards_keys_changes_nothing() -> None:
    """The card answers without data and shows nothing."""
    line, other = a_line(), seeded_population(2, "other")[1]
    ask_balance(line)
    request = line.opened_request()
    packet = CommandPacket(IN_REPORT, 0x12, 0x12, MENU, 9, answer_to(request, "假").encode())
    (message,) = packet_message(seal_command(packet, other.keys[1], PROVIDER))
    line.station.deliver(message)
    assert line.screen() == Text("正在查询…", waits=False)
    (message,) = line.sealed(answer_to(request, "真").encode())
    line.station.deliver(message)
    assert line.screen() == Text("真", high_priority=True)


def test_replayed_answer_is_refused_by_the_counter() -> None:
    """The same octets again: no second text."""
    line = a_line()
    ask_balance(line)
    (message,) = line.sealed(answer_to(line.opened_request(), "余额").encode())
    line.station.deliver(message)
    line.station.handset.press("ok")
    line.station.deliver(message)
    assert line.screen() == Idle("移动一卡通")


def test_requests_and_answers_survive_a_swap_of_the_phone() -> None:
    """The card's memory goes into another phone: number, counter, language and the open request go with it."""
    line = a_line()
    ask_balance(line)
    request = line.opened_request()
    moved = line.identity.station(state=line.station.card.snapshot())
    line.station = moved
    moved.attach(line.network.submit)
    (message,) = line.sealed(answer_to(request, "余额").encode())
    moved.deliver(message)
    assert line.screen() == Text("余额", high_priority=True)
    moved.handset.press("ok")
    ask_balance(line)
    assert line.opened_request().request == 2
    assert moved.card.counter(5) == 2


def test_plain_card_sends_nothing_until_asked_but_takes_answers() -> None:
    """The profile for tools: no menu, no proactive command after the profile."""
    line = a_line(profile="plain")
    assert line.screen() == Idle("")
    line.station.handset.press("ok")
    assert line.screen() == Idle("")
    (message,) = line.sealed(bytes.fromhex("0101000000003030303030310441"))
    line.station.deliver(message)
    assert line.screen() == Text("A", high_priority=True)


def test_not_shown_is_reported_under_the_mo_keys() -> None:
    """After three tries the platform learns which serial to send as SMS."""
    line = a_line()
    ask_balance(line)
    (message,) = line.sealed(answer_to(line.opened_request(), "余额", kind=AnswerKind.FINAL).encode())
    line.station.deliver(message)
    for now in (61.0, 92.0, 153.0, 184.0, 245.0):
        line.station.handset.tick(now)
    request = line.opened_request()
    assert (request.operation, request.fields) == (Operation.NOT_SHOWN, ((RequestTag.SERIAL, b"000087"),))


# the capture


def captured_session(path: Path) -> Capture:
    """A session with every command of the path, written to `path`."""
    line = a_line(on=False)
    capture = Capture(started_at=1_790_000_000.0)
    line.station.handset.observers.append(capture)
    line.station.attach(line.network.submit)
    ask_balance(line)
    (message,) = line.sealed(answer_to(line.opened_request(), "华信科技 余额116.30元").encode())
    line.station.deliver(message)
    line.station.handset.press("ok")
    delete_second(line)
    line.station.handset.press("ok")
    line.station.deliver(text_message("【移动一卡通】您好")[0])
    path.write_bytes(capture.pcap())
    return capture


def test_capture_joins_get_response_to_its_command(tmp_path: Path) -> None:
    """One frame a command; the password is stars."""
    capture = captured_session(tmp_path / "stk.pcap")
    frames = merged(capture.exchanges)
    assert not any(frame.command[1] == 0xC0 for frame in frames)
    assert sum(frame.command[1] == 0xC0 for frame in capture.exchanges) >= 1
    assert PASSWORD.encode() not in capture.pcap()
    assert b"******" in capture.pcap()


@needs_tshark
def test_wireshark_reads_the_session_with_its_chinese_texts(tmp_path: Path) -> None:
    """Every command we sent is dissected with the right texts, nothing is malformed."""
    path = tmp_path / "stk.pcap"
    capture = captured_session(path)
    frames = tshark(path, "-T", "fields", "-e", "frame.number").split()
    assert len(frames) == len(merged(capture.exchanges))
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 8388608") == ""
    listing = tshark(path)
    assert re.findall(r"FETCH Proactive Command ([A-Z ]+[A-Z])", listing) == [
        "SET UP MENU", "SELECT ITEM", "SEND SHORT MESSAGE", "DISPLAY TEXT", "DISPLAY TEXT", "SELECT ITEM",
        "SELECT ITEM", "GET INKEY", "GET INPUT", "SEND SHORT MESSAGE", "DISPLAY TEXT",
    ]  # fmt: skip
    details = tshark(path, "-V")
    for label, text in (
        ("Alpha Identifier String", "移动一卡通"), ("Item String", "余额查询"), ("Item String", "Language"),
        ("Alpha Identifier String", "选择单位"), ("Item String", "华信科技"), ("Item String", "翠湖小区"),
        ("Item String", "删除应用"), ("Alpha Identifier String", "正在查询…"),
        ("Alpha Identifier String", "正在提交…"), ("Text String", "请输入6位一卡通服务密码"),
        ("Text String", "删除“翠湖小区”应用？删除后该单位门禁、考勤将不能使用。确定删除？"),
        ("Text String", "请求已提交，请保持开机。结果将显示在屏幕或以短信通知。"),
        ("Text String", "华信科技 余额116.30元"), ("Text String", "******"),
    ):  # fmt: skip
        assert f"{label}: {text}" in details, text


def tshark(path: Path, *options: str) -> str:
    """What tshark prints about a capture."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8"}
    found = subprocess.run(
        ["tshark", "-r", str(path), *options],
        capture_output=True, check=True, timeout=60, env=environment, encoding="utf-8",
    )  # fmt: skip
    return found.stdout


def test_list_of_a_card_without_states_is_plain() -> None:
    """Two active applications show their names only."""
    line = a_line()
    line.station.handset.press("ok")
    line.station.handset.select(4)
    assert line.screen() == List("我的应用", ("华信科技", "翠湖小区"))
