"""The whole talk on the real card: key press to sealed request, sealed answer to text on the screen."""

from __future__ import annotations

from stk_applet_sim.handset.card_link import Exchange
from stk_applet_sim.handset.screen import Idle, List, Text
from stk_applet_sim.population import seeded_population
from telecom_codecs.cat import RefreshCommand, RefreshMode, decode_proactive
from telecom_codecs.onecard.answers import AnswerKind, QueueStatus
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import CardRequest, Operation
from telecom_codecs.ota.packet_security import seal_command
from telecom_codecs.ota.secured_packet import CommandPacket, PorStatus
from telecom_codecs.sms.tpdu import SmsSubmit, SubmitReport

from ..line import IN_REPORT, IN_SUBMIT, MENU, PASSWORD, PROVIDER, a_line, ask_balance, delete_second
from ..network import answer_to, packet_message


def test_balance_from_key_press_to_text_on_the_screen() -> None:
    """One request under the MO keys, one answer under the MT keys, one authentic proof that it was queued."""
    line = a_line()
    ask_balance(line)
    (submit,) = line.network.sent
    assert (submit.pid, submit.dcs, submit.udhi, submit.user_data[:3].hex()) == (0, 0xF6, True, "027000")
    assert len(submit.user_data) == 93, "66 octets of data whatever is asked"
    request = line.opened_request()
    assert request == CardRequest(Operation.BALANCE, 1, line.identity.iccid, 1001)
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
    assert (request.operation, request.enterprise_id) == (Operation.DELETE, 1002)
    assert request.password == ServicePassword(PASSWORD.encode())


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
    assert line.proof(line.network.sent[-1].user_data, IN_SUBMIT).data == bytes((QueueStatus.QUEUED,))
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
    assert line.opened_request().number == 2
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
    assert (request.operation, request.serial) == (Operation.NOT_SHOWN, 87)


def test_platform_that_answers_before_the_message_counts_as_sent() -> None:
    """The answer reaches the card inside SEND SHORT MESSAGE and is shown after the dialogue's own text."""
    line = a_line(on=False)

    def submit(message: SmsSubmit) -> SubmitReport:
        report = line.network.submit(message)
        for part in line.sealed(answer_to(line.opened_request(), "快").encode()):
            line.station.deliver(part)
        return report

    line.station.attach(submit)
    ask_balance(line)
    assert line.screen() == Text("快", high_priority=True)


def test_list_of_a_card_without_states_is_plain() -> None:
    """Two active applications show their names only."""
    line = a_line()
    line.station.handset.press("ok")
    line.station.handset.select(4)
    assert line.screen() == List("我的应用", ("华信科技", "翠湖小区", "联网核对"))


def test_phone_is_told_of_files_that_were_changed_over_the_air() -> None:
    """REFRESH names the file whose copy the phone holds; the files of the menu are the applet's business."""
    line = a_line()
    fetched: list[bytes] = []

    def watch(exchange: Exchange) -> None:
        if exchange.command[1] == 0x12:
            fetched.append(exchange.response[:-2])

    line.station.handset.observers.append(watch)
    line.write_file("7F206F46", bytes.fromhex("01594B54"))
    assert [decode_proactive(octets) for octets in fetched] == [
        RefreshCommand(RefreshMode.FILE_CHANGE, files=(bytes.fromhex("3F007F206F46"),), number=2)
    ]
    line.write_file("7F596F06", b"\x0f")
    assert len(fetched) == 1
    quiet = a_line(profile="plain")
    quiet.station.handset.observers.append(watch)
    quiet.write_file("7F206F46", bytes.fromhex("01594B54"))
    assert len(fetched) == 1, "a card without a menu says nothing by itself"
