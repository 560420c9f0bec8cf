"""What a handset does for its card without its user, texts kept on the card, and a SIM that moves to another phone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from stk_applet_sim.applet.menu_files import hotline_record
from stk_applet_sim.handset.equipment import date_of
from stk_applet_sim.handset.me import Handset, Occupation
from stk_applet_sim.handset.screen import Idle, Text
from stk_applet_sim.population import BadSpecification, build_handset, seeded_population
from stk_applet_sim.uicc.toolkit import Flow
from telecom_codecs.card.apdu import CommandApdu
from telecom_codecs.cat import (
    AccessTechnology,
    DateTimeZone,
    Duration,
    Event,
    GeneralResult,
    Imei,
    Language,
    LanguageNotification,
    LocalInformation,
    LocationInformation,
    PollingOff,
    PollInterval,
    ProactiveCommand,
    ProvideLocalInformation,
    RefreshCommand,
    RefreshMode,
    SetUpCall,
    SetUpEventList,
    TerminalProblem,
    TerminalResponse,
    TimerAction,
    TimerManagement,
    TimerValue,
    decode_envelope,
)
from telecom_codecs.cat.envelopes import EventDownload
from telecom_codecs.cat.network_objects import LocationStatusObject, TransactionIdentifiers
from telecom_codecs.onecard.requests import Operation
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.tpdu import SmsDeliver

from ..line import a_line, ask_balance
from ..network import NOON, Network, answer_to, text_message
from ..stub_card import StubCard

SHANGHAI = timezone(timedelta(hours=8))


def noon() -> datetime:
    return datetime(2026, 10, 12, 12, 3, 5, tzinfo=SHANGHAI)


def told(handset: Handset, card: StubCard, *commands: ProactiveCommand) -> list[TerminalResponse]:
    """What the handset answers to commands of its card."""
    heard: list[TerminalResponse] = []

    def flow() -> Flow:
        for command in commands:
            heard.append((yield command))

    card.toolkit.queue(flow())
    handset.poll()
    return heard


def a_pair() -> tuple[Handset, StubCard, list[bytes]]:
    """A phone with a calendar, its card, and the envelopes the card gets."""
    card = StubCard()
    envelopes: list[bytes] = []

    def watch(command: CommandApdu) -> None:
        if command.ins == 0xC2:
            envelopes.append(command.data)

    card.override = watch
    handset = Handset(card, calendar=noon)
    handset.attach(Network().submit)
    handset.power_on()
    card.toolkit.terminal_profile(b"\xff" * 33)
    return handset, card, envelopes


# local information


def test_phone_tells_its_number_its_date_its_place() -> None:
    """PROVIDE LOCAL INFORMATION, each with its object."""
    handset, card, _ = a_pair()
    what = (LocalInformation.IMEI, LocalInformation.DATE_TIME_ZONE, LocalInformation.LANGUAGE,
            LocalInformation.LOCATION, LocalInformation.ACCESS_TECHNOLOGY)  # fmt: skip
    imei, date, language, location, access = told(handset, card, *map(ProvideLocalInformation, what))
    assert imei.find(Imei) == Imei("352099000000014")
    assert date.find(DateTimeZone) == DateTimeZone(26, 10, 12, 12, 3, 5, 32)
    assert language.find(Language) == "zh"
    found = location.find(LocationInformation)
    assert isinstance(found, LocationInformation)
    assert found.plmn == "46000"
    assert access.find(AccessTechnology) == (8,)


def test_what_the_phone_does_not_know_it_does_not_invent() -> None:
    """No date without a calendar, no place without coverage, 30 for what no phone of ours has."""
    card = StubCard()
    handset = Handset(card)
    handset.power_on()
    card.toolkit.terminal_profile(b"\xff" * 33)
    handset.in_coverage = False
    kinds = (LocalInformation.DATE_TIME_ZONE, LocalInformation.LOCATION, LocalInformation.BATTERY_STATE)
    date, place, battery = told(handset, card, *map(ProvideLocalInformation, kinds))
    assert date.result == GeneralResult.TERMINAL_UNABLE
    assert place.problem == TerminalProblem.NO_SERVICE
    assert battery.result == GeneralResult.BEYOND_CAPABILITIES


def test_date_without_a_zone_leaves_it_out() -> None:
    """FF on the card."""
    assert date_of(datetime(2026, 1, 2, 3, 4, 5)).zone is None  # noqa: DTZ001 - that is the case
    assert date_of(datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))).zone == -14


# events


def test_events_are_reported_while_the_card_wants_them() -> None:
    """The end of a call and a free screen (once), the coverage; nothing that was not asked for."""
    handset, card, envelopes = a_pair()
    handset.occupation = Occupation.CALL
    handset.occupation = None
    handset.in_coverage = False
    assert envelopes == []
    told(
        handset,
        card,
        SetUpEventList((Event.CALL_DISCONNECTED, Event.LOCATION_STATUS, Event.IDLE_SCREEN_AVAILABLE)),
    )
    for _ in range(2):
        handset.occupation = Occupation.CALL
        handset.occupation = None
    handset.in_coverage = True
    handset.in_coverage = True
    events = [decode_envelope(octets) for octets in envelopes]
    assert all(isinstance(event, EventDownload) for event in events)
    seen = [event.events[0] for event in events if isinstance(event, EventDownload)]
    assert seen == [2, 5, 2, 3]
    assert events[0].find(TransactionIdentifiers) == (0,)
    assert events[3].find(LocationStatusObject) == 0
    assert events[3].find(LocationInformation) is not None


def test_switched_off_phone_reports_nothing_and_forgets_the_list() -> None:
    """The next card session begins without events."""
    handset, card, envelopes = a_pair()
    told(handset, card, SetUpEventList((Event.LOCATION_STATUS,)))
    handset.power_off()
    handset.in_coverage = False
    handset.power_on()
    handset.in_coverage = True
    assert envelopes == []


# timers and polling


def test_timer_can_be_read_and_stopped() -> None:
    """The time left; 24 for a timer that does not run."""
    handset, card, _ = a_pair()
    handset.tick(100.0)
    told(handset, card, TimerManagement(2, TimerAction.START, TimerValue.of_seconds(90)))
    handset.tick(130.0)
    read, stopped, again = told(
        handset,
        card,
        TimerManagement(2, TimerAction.GET_CURRENT_VALUE),
        TimerManagement(2, TimerAction.DEACTIVATE),
        TimerManagement(2, TimerAction.GET_CURRENT_VALUE),
    )
    for response in (read, stopped):
        left = response.find(TimerValue)
        assert isinstance(left, TimerValue)
        assert left.in_seconds == 60
    assert again.result == GeneralResult.TIMER_CONTRADICTION


def test_polling_goes_on_at_the_interval_until_it_is_switched_off() -> None:
    """STATUS by the clock, and the interval in the answer."""
    handset, card, _ = a_pair()
    asked: list[float] = []

    def watch(command: CommandApdu) -> None:
        if command.ins == 0xF2:
            asked.append(handset.now)

    (response,) = told(handset, card, PollInterval(Duration.seconds(30)))
    assert response.duration == Duration.seconds(30)
    card.override = watch
    for now in (29.0, 31.0, 40.0, 62.0):
        handset.tick(now)
    assert asked == [31.0, 62.0]
    told(handset, card, PollingOff())
    asked.clear()
    handset.tick(500.0)
    assert asked == []


# language, refresh, calls


def test_language_of_the_card_is_known_until_power_off() -> None:
    """LANGUAGE NOTIFICATION."""
    handset, card, _ = a_pair()
    told(handset, card, LanguageNotification("en", specific=True))
    assert handset.card_language == "en"
    handset.power_on()
    assert handset.card_language is None


def test_refresh_of_files_is_done_and_a_reset_starts_the_card_afresh() -> None:
    """After a reset no response is sent: the card sees TERMINAL PROFILE."""
    handset, card, _ = a_pair()
    (response,) = told(handset, card, RefreshCommand(RefreshMode.FILE_CHANGE, files=(bytes.fromhex("3F002FE2"),)))
    assert response.performed
    profiles = 0

    def watch(command: CommandApdu) -> None:
        nonlocal profiles
        profiles += command.ins == 0x10

    card.override = watch
    assert told(handset, card, RefreshCommand(RefreshMode.UICC_RESET)) == []
    assert profiles == 1
    assert handset.is_on


@pytest.mark.parametrize(
    ("key", "result"),
    [
        ("ok", GeneralResult.OK),
        ("no", GeneralResult.USER_REFUSED),
        ("back", GeneralResult.BACKWARD_MOVE),
        ("end", GeneralResult.SESSION_TERMINATED_BY_USER),
    ],
)
def test_call_is_made_only_when_the_user_says_so(key: str, result: int) -> None:
    """SET UP CALL asks first."""
    handset, card, _ = a_pair()
    heard = told(handset, card, SetUpCall(Address("10086", ton=0), alpha="10086?"))
    handset.press(key)
    assert [response.result for response in heard] == [result]
    assert handset.calls == (["10086"] if key == "ok" else [])


def test_call_during_a_call_is_refused_by_the_phone() -> None:
    """20/02."""
    handset, card, _ = a_pair()
    handset.occupation = Occupation.CALL
    (response,) = told(handset, card, SetUpCall(Address("10086", ton=0), alpha="10086?"))
    assert response.problem == TerminalProblem.BUSY_ON_CALL


# texts on the card


def class_2(text: str, sender: str = "106572000") -> SmsDeliver:
    """A text for the card's memory: no SIM data download, DCS 1A (UCS-2, class 2)."""
    return SmsDeliver(Address(sender, ton=0), 0x00, 0x1A, NOON, text.encode("utf-16-be"))


def test_text_of_class_2_is_kept_on_the_card_and_goes_with_it() -> None:
    """EF.SMS has the whole message; the other phone that gets the SIM can read it, this one keeps its inbox."""
    line, other = a_line(), seeded_population(2, "other")[1].station(random=bytes)
    other.attach(Network().submit)
    report = line.station.deliver(class_2("请保存：工单号00012345"))
    assert report is not None
    assert report.is_ack
    record = line.station.card.file(0x7F10, 0x6F3C)[:176]
    assert record[0] == 0x03, "received, to be read"
    assert record[1:10].hex() == "0891683108200305f0", "the service centre"
    first = line.station.handset
    assert [message.text for message in first.inbox.messages] == ["请保存：工单号00012345"]
    assert [stored.user_data.decode("utf-16-be") for stored in first.card_messages()] == ["请保存：工单号00012345"]
    line.station.change_handset(other)
    assert line.station.handset is not first
    assert [kept.user_data.decode("utf-16-be") for kept in line.station.handset.card_messages()] == [
        "请保存：工单号00012345"
    ]
    assert first.card_messages() == ()
    assert len(first.inbox.messages) == 1


def test_full_card_memory_is_told_to_the_network() -> None:
    """Ten records; the eleventh message gets TP-FCS D0 and is not lost from the centre."""
    line = a_line()
    reports = [line.station.deliver(class_2(f"第{number}条")) for number in range(11)]
    causes = [None if report is None else report.failure_cause for report in reports]
    assert causes == [None] * 10 + [0xD0]
    assert len(line.station.handset.card_messages()) == 10


def test_card_without_memory_for_texts_refuses_class_2() -> None:
    """TP-FCS D1."""
    card = StubCard()
    card.override = lambda command: b"\x6a\x82" if command.ins == 0xA4 else None
    handset = Handset(card)
    handset.power_on()
    report = handset.deliver(class_2("x"))
    assert report is not None
    assert report.failure_cause == 0xD1
    assert handset.inbox.messages == []


@pytest.mark.parametrize("text", ["ends in ÿ\uffff", "短"])
def test_message_is_read_back_whatever_its_last_octets(text: str) -> None:
    """A text may end in the octets a record is filled with."""
    line = a_line()
    line.station.deliver(class_2(text))
    (message,) = line.station.handset.card_messages()
    assert message.user_data == text.encode("utf-16-be")


# another phone


def test_subscriber_takes_the_sim_to_another_phone() -> None:
    """Number, menu, open answers and counters go with the SIM; the model is the other phone's."""
    line = a_line()
    ask_balance(line)
    request = line.opened_request()
    assert request.operation == Operation.BALANCE
    other = seeded_population(2, "other")[1].station(random=bytes, model="feature")
    other.attach(Network().submit)
    line.station.change_handset(other)
    assert line.station.handset.model.name == "feature"
    assert line.screen() == Idle("移动一卡通")
    (message,) = line.sealed(answer_to(request, "余额116.30元").encode())
    report = line.station.deliver(message)
    assert report is not None
    assert line.screen() == Text("余额116.30元", high_priority=True)
    ask_after = line.station.handset
    ask_after.press("ok")
    ask_balance(line)
    assert line.opened_request().number == request.number + 1, "sent from the other phone by the same subscriber"


def test_phone_without_its_card_is_off_and_keeps_its_texts() -> None:
    """Insert a card and switch on."""
    line = a_line()
    line.station.deliver(text_message("您好")[0])
    handset = line.station.handset
    handset.insert(StubCard())
    assert not handset.is_on
    handset.power_on()
    assert handset.screen == Idle("")
    assert [message.text for message in handset.inbox.messages] == ["您好"]


def test_model_is_named_in_a_handset_file() -> None:
    """A wrong name is told with those there are."""
    assert build_handset({"msisdn": "8613800000007", "model": "iphone"}).handset.model.name == "iphone"
    with pytest.raises(BadSpecification, match="model: brick: one of standard, feature"):
        build_handset({"msisdn": "8613800000007", "model": "brick"})


def test_hotline_record_is_forty_octets() -> None:
    """Alpha identifier 26, number 14 as in EF.ADN: worked by hand for 10086."""
    record = hotline_record("10086", Address("10086", ton=0))
    assert record.hex() == "3130303836" + "ff" * 21 + "04" + "81" + "0180f6" + "ff" * 9
