"""Phones by the dozen: the same ones for the same seed, all of them different, none of them telling its keys."""

from __future__ import annotations

import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from stk_applet_sim.handset.screen import Idle
from stk_applet_sim.population import BadSpecification, build_handset, seeded_keys, seeded_population
from telecom_codecs.card.identities import Iccid

from .network import Network, text_message


def test_same_seed_same_cards() -> None:
    """A demo that is started again finds its cards; a larger one contains the smaller."""
    first, again, larger = seeded_population(5, 7), seeded_population(5, "7"), seeded_population(9, 7)
    assert first == again == larger[:5]
    assert seeded_population(5, 8)[0].iccid != first[0].iccid


def test_all_cards_of_a_population_differ() -> None:
    """No identity and no key twice, check digits right."""
    cards = seeded_population(200, "many")
    assert len({card.iccid for card in cards}) == len({card.imsi for card in cards}) == 200
    assert len({card.msisdn for card in cards}) == 200
    assert all(card.iccid.has_check_digit for card in cards)
    keys = [
        key for card in cards for one in card.keys.values() for key in (one.ciphering, one.check, one.key_encryption)
    ]
    assert len({key.octets() for key in keys if key is not None}) == 200 * 6


def test_keys_are_not_printable() -> None:
    """Neither a card of a population nor its station shows key octets."""
    (card,) = seeded_population(1, 7)
    key = card.keys[1].ciphering.octets()
    assert key.hex() not in repr(card) + repr(card.station()) + repr(card.keys)
    assert repr(key) not in repr(card)


def test_station_has_the_identity_of_its_card() -> None:
    """ICCID on the card, number on the air, the menu after attaching."""
    (card,) = seeded_population(1, 7)
    station = card.station()
    assert (station.card.iccid, station.msisdn) == (card.iccid, card.msisdn.digits)
    station.attach(Network().submit)
    assert station.handset.screen == Idle("移动一卡通")


def test_handset_from_a_line_of_a_file() -> None:
    """Only the number is needed."""
    station = build_handset({"kind": "card", "msisdn": "8613800000042"})
    station.attach(Network().submit)
    assert station.msisdn == "8613800000042"
    report = station.deliver(text_message("hello")[0])
    assert report is not None
    assert station.handset.inbox.messages[0].text == "hello"


def test_handset_with_seeded_keys_and_own_identities() -> None:
    """The keys are those a population of that seed has for this ICCID."""
    iccid = Iccid("8986001234567890123")
    spec = {"msisdn": "8613800000042", "iccid": iccid.digits, "imsi": "460001234500042", "seed": 7, "profile": "plain"}
    station = build_handset(spec)
    assert station.card.iccid == iccid
    assert station.card.profile.identity.imsi.digits == "460001234500042"
    assert station.card.profile.keys[1].keys == seeded_keys(iccid, 7)[1]
    station.attach(Network().submit)
    assert station.handset.screen == Idle("")


def test_handset_with_keys_from_a_file(tmp_path: Path) -> None:
    """One row a key set."""
    row = {name: "00" * 15 + f"{number:02x}" for number, name in enumerate(("ciphering", "check", "key_encryption"))}
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"1": row, "5": row}))
    station = build_handset({"msisdn": "8613800000042", "keys": str(path)})
    assert station.card.profile.keys[1].keys.check.octets() == bytes(15) + b"\x01"


@pytest.mark.parametrize(
    ("spec", "complaint"),
    [
        ({}, "msisdn"),
        ({"msisdn": "abc"}, "msisdn"),
        ({"msisdn": "8613800000042", "iccid": "12"}, "iccid"),
        ({"msisdn": "8613800000042", "imsi": "x"}, "imsi"),
        ({"msisdn": "8613800000042", "profile": "nokia"}, "profile"),
        ({"msisdn": "8613800000042", "profile": "/nowhere.json"}, "profile"),
        ({"msisdn": "8613800000042", "keys": "/nowhere.json"}, "keys"),
        ({"msisdn": "8613800000042", "access_code": "code"}, "access_code"),
        ({"msisdn": "8613800000042", "colour": "red"}, "colour"),
    ],
)
def test_wrong_specification_names_the_key(spec: dict[str, object], complaint: str) -> None:
    """One line that says what to correct."""
    with pytest.raises(BadSpecification, match=complaint):
        build_handset(spec)


def test_broken_key_file_is_not_quoted(tmp_path: Path) -> None:
    """An error about keys shows no key."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"1": {"ciphering": "0011223344556677", "check": "secret-octets"}}))
    with pytest.raises(BadSpecification) as caught:
        build_handset({"msisdn": "8613800000042", "keys": str(path)})
    assert "secret" not in str(caught.value)
    assert "0011" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_message_centre_finds_handsets_by_their_entry_point() -> None:
    """`ykt smsc serve --handsets` needs no import of this package."""
    found = {point.name: point for point in entry_points(group="ykt.handsets")}
    assert found["card"].load() is build_handset
