"""Applications: for members, for days to come, and deleted only when nothing is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import update

from telecom_codecs.card.identities import Iccid
from tests.ykt_telecom.lab import NOON
from tests.ykt_telecom.usecases.desk import CARDS, HEADING, Desk, two_enterprises
from ykt_telecom.ledger.money.tables import purse
from ykt_telecom.registry.cards.tables import card_application
from ykt_telecom.storage.database import Location
from ykt_telecom.usecases.applications import (
    CLOSE_APPLICATION,
    DELETE_APPLICATION,
    ISSUE_APPLICATION,
    CardAndEnterprise,
    IssueApplication,
)
from ykt_telecom.usecases.cards import IMPORT_CARDS, SHOW_CARD, ImportCards, ShowCard
from ykt_telecom.usecases.results import Refused

ICCID, MSISDN = CARDS["A"]


@pytest.fixture
def desk(place: Location, tmp_path: Path) -> Iterator[Desk]:
    made = Desk(place, tmp_path)
    two_enterprises(made)
    yield made
    made.close()


def test_an_application_is_for_a_member_of_that_enterprise(desk: Desk) -> None:
    """Whoever holds the card; being somebody else's member is not enough."""
    assert desk.code(ISSUE_APPLICATION, IssueApplication(ICCID, "B")) == "not-a-member"
    assert desk.value(ISSUE_APPLICATION, IssueApplication(ICCID, "a")).enterprise == "A"
    assert desk.code(ISSUE_APPLICATION, IssueApplication(ICCID, "A")) == "card-state"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_until": date(2026, 2, 28)}, "validity-past"),
        ({"rights": 0}, "validation"),
        ({"rights": 8}, "validation"),
        ({"name": "九个字的应用名称吗"}, "validation"),
        ({"name": " "}, "validation"),
        ({"enterprise": "C"}, "no-such-enterprise"),
        ({"card": "13900000009"}, "no-such-card"),
    ],
)
def test_what_cannot_be_meant_is_refused(desk: Desk, changes: dict[str, object], code: str) -> None:
    """Before anything goes over the air, and without a purse left behind."""
    order = IssueApplication(**{"card": ICCID, "enterprise": "A", **changes})  # type: ignore[arg-type]
    assert desk.code(ISSUE_APPLICATION, order) == code
    assert desk.rows("select * from purse") == []
    assert desk.rows("select * from job") == []


def test_today_is_a_day_to_come(desk: Desk) -> None:
    """The last day counts."""
    desk.value(ISSUE_APPLICATION, IssueApplication(ICCID, "A", valid_until=NOON.date()))
    assert len(desk.rows("select * from purse")) == 1


def _told(desk: Desk, *, balance: int = 0, booked: int = 0, counter: int = 0) -> None:
    """What the card answered to CLOSE, and what the books say."""
    with desk.database.writing() as conn:
        conn.execute(
            update(card_application)
            .where(card_application.c.iccid == ICCID)
            .values(card_balance_fen=balance, card_offline_counter=counter, card_answered_at=NOON)
        )
        conn.execute(update(purse).where(purse.c.iccid == ICCID).values(balance_fen=booked))


def _active(desk: Desk) -> None:
    with desk.database.writing() as conn:
        conn.execute(update(card_application).where(card_application.c.iccid == ICCID).values(state="ACTIVE"))


def test_what_is_deleted_is_closed_empty_and_uploaded(desk: Desk) -> None:
    """A deletion destroys the card's records: each reason is said with what to do about it."""
    both = CardAndEnterprise(MSISDN, "A")
    desk.value(ISSUE_APPLICATION, IssueApplication(ICCID, "A"))
    _active(desk)
    assert desk.code(DELETE_APPLICATION, both) == "not-closed"
    desk.value(CLOSE_APPLICATION, both)
    assert desk.code(DELETE_APPLICATION, both) == "not-closed"
    for facts, code in (
        ({"balance": 1}, "balance-open"),
        ({"booked": 1}, "balance-open"),
        ({"counter": 1}, "uploads-missing"),
    ):
        _told(desk, **facts)
        assert desk.code(DELETE_APPLICATION, both) == code
    _told(desk)
    assert desk.value(DELETE_APPLICATION, both).card == f"…{ICCID[-6:]}"


def test_one_tail_of_two_cards_is_told_with_its_choices(desk: Desk) -> None:
    """Nothing is guessed when both are in use; more digits or the number decide."""
    twin, keys = "8986009900007" + ICCID[-6:], ",".join(f"{number:032x}" for number in range(11, 16))
    assert Iccid(twin).has_check_digit
    other = f"{HEADING}\n{twin},,13800000009,{keys}\n"
    desk.value(IMPORT_CARDS, ImportCards(other.encode(), plaintext_keys=True))
    (refused,) = desk.ask(SHOW_CARD, ShowCard(ICCID[-6:]))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.words.en.count(ICCID[-6:])) == ("ambiguous", 3)
    for name, iccid in ((ICCID[-7:], ICCID), (twin[-8:], twin), (MSISDN, ICCID), ("13800000009", twin)):
        assert desk.value(SHOW_CARD, ShowCard(name)).iccid == iccid


def test_a_card_file_again_changes_nothing(desk: Desk) -> None:
    """The cards that are there stay as they are; the number of a live card is not given twice."""
    keys = ",".join(f"{number:032x}" for number in range(11, 16))
    again = f"{HEADING}\n{ICCID},,{MSISDN},{keys}\n"
    imported = desk.value(IMPORT_CARDS, ImportCards(again.encode(), plaintext_keys=True))
    assert (imported.added, imported.unchanged) == (0, 1)
    other = f"{HEADING}\n89860012345678905502,,{MSISDN},{keys}\n"
    assert desk.code(IMPORT_CARDS, ImportCards(other.encode(), plaintext_keys=True)) == "rows"
