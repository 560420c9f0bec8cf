"""Cards and applications: total state tables, and invariants that the database itself holds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn
from telecom_codecs.onecard.names import application_aid
from tests.ykt_telecom.lab import ENTERPRISE, ICCID, MSISDN, NOON, Lab
from ykt_telecom.registry.cards.applications import NewApplication, add_applications
from ykt_telecom.registry.cards.states import (
    APPLICATION,
    CARD,
    ApplicationState,
    CardEvent,
    CardState,
    Refused,
)
from ykt_telecom.registry.cards.steps import NewCard, add_card, live_card_of, move_card
from ykt_telecom.registry.cards.tables import card, card_application
from ykt_telecom.storage.database import Location

SPARE = "89860012345678905555"


@pytest.fixture
def lab(place: Location) -> Iterator[Lab]:
    made = Lab(place)
    yield made
    made.close()


def a_new_card(iccid: str = SPARE, msisdn: str | None = None) -> NewCard:
    return NewCard(Iccid(iccid), Imsi("460001234567890"), Msisdn(msisdn) if msisdn else None)


def import_card(lab: Lab, new: NewCard) -> bool:
    return lab.step(lambda conn, context: add_card(conn, new, actor="test", now=context.now))


def an_application(lab: Lab, application_id: int, *, slot: int = 1, enterprise_id: int = ENTERPRISE) -> None:
    new = NewApplication(
        application_id, ICCID, enterprise_id, slot, str(application_aid(ENTERPRISE, 1)), "x", rights=7, key_version=1
    )
    lab.step(lambda conn, context: add_applications(conn, context, [new], actor="test"))


def test_ends_are_ends() -> None:
    """No event leads out of REPLACED, CANCELLED, SCRAPPED, DELETED or FAILED."""
    assert CARD.ends == (CardState.REPLACED, CardState.CANCELLED, CardState.SCRAPPED)
    assert APPLICATION.ends == (ApplicationState.DELETED, ApplicationState.FAILED)


def test_a_number_has_one_live_card(lab: Lab) -> None:
    """INV-1: the second card of a number is refused by the step, and by the database if a step forgot."""
    with pytest.raises(Refused, match="live card"):
        import_card(lab, a_new_card(msisdn=MSISDN))
    row = {
        "iccid": SPARE,
        "msisdn": MSISDN,
        "profile": "ykt",
        "state": "ISSUED",
        "mt_kic": 1,
        "mt_kid": 1,
        "mo_kic": 1,
        "mo_kid": 1,
        "key_generation": 1,
        "created_at": NOON,
        "updated_at": NOON,
    }
    with pytest.raises(IntegrityError):
        lab.step(lambda conn, _: conn.execute(insert(card).values(row)))


def test_a_number_is_free_again_when_its_card_has_ended(lab: Lab) -> None:
    """A replaced card lets its number go."""
    lab.issue()
    lab.step(lambda conn, context: move_card(conn, ICCID, CardEvent.REPLACE, actor="test", now=context.now))
    assert import_card(lab, a_new_card(msisdn=MSISDN)) is True
    found = lab.step(lambda conn, _: live_card_of(conn, MSISDN))
    assert found is not None
    assert found.iccid == SPARE


def test_an_import_can_be_repeated(lab: Lab) -> None:
    """The same card again changes nothing; with another number it is refused."""
    assert import_card(lab, a_new_card()) is True
    assert import_card(lab, a_new_card()) is False
    with pytest.raises(Refused, match="another number"):
        import_card(lab, a_new_card(msisdn="8613900000000"))


def test_an_enterprise_has_one_application_on_a_card(lab: Lab) -> None:
    """INV-4: by enterprise and by slot, whatever the steps think; a failed one frees both."""
    an_application(lab, 1)
    for slot, enterprise_id in ((2, ENTERPRISE), (1, 9999)):
        with pytest.raises(IntegrityError):
            an_application(lab, 2, slot=slot, enterprise_id=enterprise_id)
    lab.step(
        lambda conn, _: conn.execute(
            card_application.update().where(card_application.c.id == 1).values(state=ApplicationState.FAILED)
        )
    )
    an_application(lab, 3)
