"""Cards by the hundred thousand: attached by number, made when needed, their requests sealed ahead."""

from __future__ import annotations

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from smsc_gateway.smsc.air import StationRange
from stk_applet_sim.load import SHARED, Application, CardRange, SilentMember, build_cards, sealed_requests
from stk_applet_sim.population import BadSpecification, SeededCards, seeded_population
from telecom_codecs.card.identities import Tar
from telecom_codecs.crypto.key_derivation import KeyUsage, derive_application_key
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.answers import AnswerKind, MenuAnswer
from telecom_codecs.onecard.names import application_aid
from telecom_codecs.onecard.requests import CardRequest, Operation
from telecom_codecs.ota.packet_security import open_command, seal_command
from telecom_codecs.ota.secured_packet import CommandPacket, Spi
from telecom_codecs.sms.udh import split_user_data

from .network import SERIAL, Network, packet_message

MOTHER = SecretKey(bytes(range(16)))
WORK = Application(1001, "华信科技", 7, MOTHER)


def test_a_hundred_thousand_cards_are_there_at_once_and_are_the_same_ones() -> None:
    """Attaching makes no card; the card of a number is that of the seeded population."""
    begun = time.process_time()
    cards = CardRange(SeededCards(100_000, 7), applications=(WORK,), random=bytes)
    assert time.process_time() - begun < 0.1
    assert (len(cards), len(cards.made)) == (100_000, 0)
    station = cards.station_of("8613800100000")
    assert station is not None
    assert station is cards.station_of("8613800100000")
    assert station.card.iccid == SeededCards(100_000, 7)[99_999].iccid
    assert list(cards.made) == ["8613800100000"]


@pytest.mark.parametrize("msisdn", ["8613800100001", "8613800000000", "861380010000", "8613900000001", "86138000000x1"])
def test_numbers_of_others_make_no_card(msisdn: str) -> None:
    """One past the end, one before the beginning, too short, another operator's, no number."""
    assert CardRange(SeededCards(100_000, 7)).station_of(msisdn) is None


def test_lazy_cards_equal_the_population() -> None:
    """By place, from the end, as a slice and one after the other."""
    lazy, made = SeededCards(5, "x"), seeded_population(5, "x")
    assert (tuple(lazy), lazy[1:4], lazy[-1], len(lazy)) == (made, made[1:4], made[-1], 5)
    assert [lazy.number_of(card.msisdn.digits) for card in made] == [0, 1, 2, 3, 4]
    with pytest.raises(IndexError):
        _ = lazy[5]


def test_a_card_is_born_with_the_application_the_platform_has_keys_for() -> None:
    """Enterprise, name and rights as issued; the keys derive from the mother key alone."""
    station = CardRange(SeededCards(1, 7), applications=(WORK,), random=bytes).station_of("8613800000001")
    assert station is not None
    (application,) = station.card.enterprise_applications()
    assert (application.enterprise, application.name, application.balance) == (1001, "华信科技", 0)
    record = application.tap_attendance(bytes(6), bytes.fromhex("20261122120000"))
    aid = application_aid(1001, 1)
    key = derive_application_key(MOTHER, KeyUsage.TAC, 1, station.card.iccid, aid, SHARED)
    binding = aid.octets + station.card.iccid.octets()
    assert record.tac == SHARED.cmac(key, binding + record.record.encode())[:8]


def test_requests_sealed_ahead_are_those_of_the_menu() -> None:
    """They open under the MO keys with rising counters, and go from the card's number."""
    cards = SeededCards(1, 7)
    station = CardRange(cards, applications=(WORK,), random=bytes).station_of(cards[0].msisdn.digits)
    assert station is not None
    network = Network()
    station.attach(network.submit)
    for number, submit in sealed_requests(station.card, Operation.BALANCE, 3, enterprise=1001, first=7):
        station.submit(submit)
        _, packet = split_user_data(True, network.sent[-1].user_data)
        opened = open_command(packet, cards[0].keys[5], SHARED).packet
        request = CardRequest.decode(opened.data)
        assert (request.number, request.operation, request.iccid, request.enterprise_id) == (
            number,
            Operation.BALANCE,
            cards[0].iccid,
            1001,
        )
        assert opened.counter == number - 6
    assert (submit.destination.digits, submit.dcs, submit.pid, len(submit.user_data)) == ("106572000", 0xF6, 0, 93)


def test_a_silent_member_takes_answers_without_phone_or_menu() -> None:
    """The proof says queued, whoever waits is told, nothing is shown; octets that are no answer are refused."""
    cards, network, heard = SeededCards(1, 7), Network(), list[MenuAnswer]()
    station = CardRange(cards, random=bytes).station_of(cards[0].msisdn.digits)
    assert station is not None
    station.attach(network.submit)
    SilentMember(station, heard.append)
    answer = MenuAnswer(AnswerKind.FINAL, 3, SERIAL, "余额116.30元")
    for counter, data in enumerate((answer.encode(), b"\x02\x00"), 1):
        spi = Spi.decode(bytes.fromhex("1639"))
        packet = CommandPacket(spi, 0x12, 0x12, Tar.from_hex("594B54"), counter, data)
        station.deliver(packet_message(seal_command(packet, cards[0].keys[1], SHARED))[0])
    assert heard == [answer]
    assert len(network.sent) == 2
    assert not station.has_handset


def test_a_table_of_a_handsets_file_makes_a_range() -> None:
    """`kind = "cards"`: the message centre takes it as one, and the file's key is known to the package."""
    spec = {"kind": "cards", "msisdn": "8613800000001", "count": 1000, "seed": 7}
    made = build_cards(spec)
    assert isinstance(made, StationRange)
    assert len(made) == 1000
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["ykt.handsets"]["cards"] == "stk_applet_sim.load:build_cards"


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"count": 0}, "count"),
        ({"count": "many"}, "count"),
        ({"count": True}, "count"),
        ({"msisdn": "8613800000002"}, "msisdn"),
        ({"profile": "gold"}, "profile"),
        ({"model": "brick"}, "model"),
        ({"access_code": "+86"}, "access_code"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_table_is_told_by_its_key(changes: dict[str, Any], key: str) -> None:
    """The message begins with what to correct."""
    spec = {"kind": "cards", "msisdn": "8613800000001", "count": 10, "seed": "s", **changes}
    with pytest.raises(BadSpecification, match=f"^{key}"):
        build_cards(spec)
