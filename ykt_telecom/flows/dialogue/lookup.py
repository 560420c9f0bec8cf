"""What a dialogue looks up before it decides: the card, the application, the member and the money."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from telecom_codecs.onecard.requests import Operation

from ...ledger.money.tables import purse
from ...ledger.taps.steps import is_complete
from ...ota.states import TERMINAL_STATES
from ...ota.tables import job
from ...registry.cards.states import ENDED_APPLICATION_STATES, ApplicationState, CardState
from ...registry.cards.tables import card, card_application
from ...registry.directory.tables import enterprise, member
from ...storage.literal import outside
from .machine import DELETING_STATES
from .tables import dialogue

#: A card in one of these may ask and be answered; the others are told E103.
SERVED_CARD_STATES = frozenset({CardState.ISSUED, CardState.ACTIVE})
_IN_USE = frozenset({ApplicationState.ACTIVE, ApplicationState.FROZEN})
#: Where a deletion may have left it: closed or not, nobody knows. Beginning again does no harm.
_LEFT_BEHIND = frozenset({ApplicationState.PENDING_DELETE, ApplicationState.UNKNOWN})

# statements of the hot path are built once: building costs more than SQLite does
_CARD = select(card).where(card.c.iccid == bindparam("iccid"))
_APPLICATION = (
    select(card_application, enterprise.c.name.label("enterprise_name"), enterprise.c.signature)
    .join(enterprise, enterprise.c.id == card_application.c.enterprise_id)
    .where(
        card_application.c.iccid == bindparam("iccid"),
        card_application.c.enterprise_id == bindparam("enterprise"),
        outside(card_application.c.state, ENDED_APPLICATION_STATES),
    )
)
_MEMBER = select(member.c.id).where(
    member.c.msisdn == bindparam("msisdn"),
    member.c.enterprise_id == bindparam("enterprise"),
    member.c.state == "ACTIVE",
)
_OPEN_ORDER = (
    select(job.c.id)
    .where(
        job.c.iccid == bindparam("iccid"),
        job.c.application_id == bindparam("application"),
        outside(job.c.state, TERMINAL_STATES),
    )
    .limit(1)
)
_PURSE = select(purse).where(purse.c.iccid == bindparam("iccid"), purse.c.enterprise_id == bindparam("enterprise"))


def find_card(connection: Connection, iccid: str) -> Row[Any] | None:
    return connection.execute(_CARD, {"iccid": iccid}).one_or_none()


def find_application(connection: Connection, iccid: str, enterprise_id: int) -> Row[Any] | None:
    """The live application with its enterprise's name and signature."""
    return connection.execute(_APPLICATION, {"iccid": iccid, "enterprise": enterprise_id}).one_or_none()


def is_member(connection: Connection, msisdn: str, enterprise_id: int) -> bool:
    return connection.execute(_MEMBER, {"msisdn": msisdn, "enterprise": enterprise_id}).first() is not None


def find_purse(connection: Connection, iccid: str, enterprise_id: int) -> Row[Any] | None:
    return connection.execute(_PURSE, {"iccid": iccid, "enterprise": enterprise_id}).one_or_none()


def is_deletable(connection: Connection, application: Row[Any]) -> bool:
    """In use; or left half-way by orders that all came to their end without an answer, none being on its way."""
    if application.state in _IN_USE:
        return True
    order = {"iccid": application.iccid, "application": application.id}
    return application.state in _LEFT_BEHIND and connection.execute(_OPEN_ORDER, order).first() is None


def is_being_deleted(connection: Connection, iccid: str, enterprise_id: int) -> bool:
    """An earlier request of this card to delete the same application has not ended yet."""
    return (
        connection.execute(
            select(dialogue.c.id)
            .where(
                dialogue.c.iccid == iccid,
                dialogue.c.enterprise_id == enterprise_id,
                dialogue.c.operation == Operation.DELETE,
                dialogue.c.state.in_(DELETING_STATES),
            )
            .limit(1)
        ).first()
        is not None
    )


def outstanding(
    connection: Connection, application: Row[Any], card_balance_fen: int, card_offline_counter: int
) -> tuple[int, bool]:
    """Why a closed application may not be deleted: money left (by the card, else by the books), an upload missing.

    A deletion destroys the card's records, so both sides must say zero and every tap must have been uploaded.
    """
    row = find_purse(connection, application.iccid, application.enterprise_id)
    booked = 0 if row is None else int(row.balance_fen)
    return card_balance_fen or booked, not is_complete(connection, application.id, card_offline_counter)
