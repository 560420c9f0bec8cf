"""Steps on cards and their applications. Every change writes its audit row in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn
from telecom_codecs.onecard.names import SLOTS

from ...runtime.errors import Refusal
from ...storage.literal import among, outside
from ..audit.steps import record
from ..audit.subject import Subject
from .states import (
    APPLICATION,
    CARD,
    ENDED_APPLICATION_STATES,
    LIVE_CARD_STATES,
    ApplicationEvent,
    ApplicationState,
    CardEvent,
    CardState,
    Refused,
)
from .tables import card, card_application

#: Key set octets (TS 102 225 §5.1.2/3) by profile of the card's OTA keys: (MT KIc, MT KID, MO KIc, MO KID).
KEY_PROFILES = {"aes": (0x12, 0x12, 0x52, 0x52), "3des": (0x15, 0x15, 0x55, 0x55)}


_FIND = select(card).where(card.c.iccid == bindparam("iccid"))
_FIND_LIVE = select(card).where(card.c.msisdn == bindparam("msisdn"), among(card.c.state, LIVE_CARD_STATES))


class NoSuchCard(Refusal, LookupError):
    """There is no such card. `ykt card list` shows those there are."""


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card as it is imported. `msisdn` may be missing while the card lies in stock."""

    iccid: Iccid
    imsi: Imsi | None
    msisdn: Msisdn | None
    profile: str = "ykt"
    keys: str = "aes"


def add_card(conn: Connection, new: NewCard, *, actor: str, now: datetime) -> bool:
    """Import a washed card and bind it when it has a number. False when the very same card is there already.

    Raises :class:`Refused` when the ICCID is known with other facts or the number has another live card (INV-1).
    """
    octets = KEY_PROFILES.get(new.keys)
    if octets is None:
        raise Refused(f"card keys {new.keys!r}: choose one of {', '.join(KEY_PROFILES)}")
    if not is_new_card(conn, new):
        return False
    iccid, msisdn = new.iccid.digits, new.msisdn.digits if new.msisdn else None
    state = CardState.WASHED if msisdn is None else CARD.follow(CardState.WASHED, CardEvent.BIND)
    conn.execute(
        insert(card).values(
            iccid=iccid,
            imsi=new.imsi.digits if new.imsi else None,
            msisdn=msisdn,
            profile=new.profile,
            state=state,
            mt_kic=octets[0],
            mt_kid=octets[1],
            mo_kic=octets[2],
            mo_kid=octets[3],
            key_generation=1,
            created_at=now,
            updated_at=now,
        )
    )
    record(conn, at=now, actor=actor, action="card.import", subject=Subject.card(iccid), facts={"state": state})
    return True


def is_new_card(conn: Connection, new: NewCard) -> bool:
    """Whether the card can be imported; False when the very same one is there. Writes nothing.

    Raises :class:`Refused` as :func:`add_card` does.
    """
    msisdn = new.msisdn.digits if new.msisdn else None
    known = conn.execute(select(card).where(card.c.iccid == new.iccid.digits)).one_or_none()
    if known is not None:
        if known.msisdn == msisdn and known.imsi == (new.imsi.digits if new.imsi else None):
            return False
        raise Refused(f"card {new.iccid.masked()} is already there with another number or IMSI")
    if msisdn is not None and live_card_of(conn, msisdn) is not None:
        raise Refused(f"{Msisdn(msisdn).masked()} has a live card already: replace or cancel that one first")
    return True


def find_card(conn: Connection, iccid: str) -> Row[Any]:
    """The card's row; raises :class:`NoSuchCard`."""
    found = conn.execute(_FIND, {"iccid": iccid}).one_or_none()
    if found is None:
        raise NoSuchCard(f"no card …{iccid[-6:]}; `ykt card list` shows those there are")
    return found


def live_card_of(conn: Connection, msisdn: str) -> Row[Any] | None:
    """The one live card behind a number (INV-1)."""
    return conn.execute(_FIND_LIVE, {"msisdn": msisdn}).one_or_none()


def move_card(conn: Connection, iccid: str, event: CardEvent, *, actor: str, now: datetime) -> CardState:
    """Take the card through one event."""
    before = CardState(find_card(conn, iccid).state)
    after = CARD.follow(before, event)
    if after != before:
        conn.execute(update(card).where(card.c.iccid == iccid).values(state=after, updated_at=now))
        record(
            conn,
            at=now,
            actor=actor,
            action=f"card.{event.lower()}",
            subject=Subject.card(iccid),
            facts={"from": before, "to": after},
        )
    return after


# built once: building costs more than SQLite does
_LIVE = select(card_application).where(
    card_application.c.iccid == bindparam("card"), outside(card_application.c.state, ENDED_APPLICATION_STATES)
)
_LIVE_BY_SLOT = _LIVE.order_by(card_application.c.slot)
_LIVE_OF_ENTERPRISE = _LIVE.where(card_application.c.enterprise_id == bindparam("enterprise"))


def live_applications(conn: Connection, iccid: str) -> list[Row[Any]]:
    """The applications that are, or may be, on the card, by slot."""
    return list(conn.execute(_LIVE_BY_SLOT, {"card": iccid}))


def live_application(conn: Connection, iccid: str, enterprise_id: int) -> Row[Any] | None:
    """The enterprise's one application on the card (INV-4)."""
    return conn.execute(_LIVE_OF_ENTERPRISE, {"card": iccid, "enterprise": enterprise_id}).one_or_none()


def free_slot(conn: Connection, iccid: str) -> int:
    """The lowest free slot; raises :class:`Refused` when all are taken."""
    taken = {row.slot for row in live_applications(conn, iccid)}
    for slot in SLOTS:
        if slot not in taken:
            return slot
    raise Refused(f"card …{iccid[-6:]} has no free slot: delete an application first")


def add_application(
    conn: Connection,
    *,
    application_id: int,
    iccid: str,
    enterprise_id: int,
    slot: int,
    aid: str,
    name: str,
    rights: int,
    key_version: int,
    actor: str,
    now: datetime,
) -> None:
    """Make the row of an application that is about to be installed. Raises :class:`Refused` when one is there."""
    state = APPLICATION.follow(ApplicationState.NONE, ApplicationEvent.ORDER_INSTALL)
    try:
        conn.execute(
            insert(card_application).values(
                id=application_id,
                iccid=iccid,
                enterprise_id=enterprise_id,
                slot=slot,
                aid=aid,
                name=name,
                rights=rights,
                key_version=key_version,
                state=state,
                created_at=now,
                updated_at=now,
            )
        )
    except IntegrityError as error:
        raise Refused(f"card …{iccid[-6:]} or enterprise {enterprise_id} unknown, or the slot is taken") from error
    record(
        conn,
        at=now,
        actor=actor,
        action="application.order_install",
        subject=Subject.application(application_id),
        facts={"card": iccid[-6:], "enterprise": enterprise_id, "slot": slot},
    )


def move_application(
    conn: Connection, application_id: int, event: ApplicationEvent, *, actor: str, now: datetime
) -> ApplicationState:
    """Take the application through one event, and its card with it (ACTIVE with the first, ISSUED after the last)."""
    found = conn.execute(select(card_application).where(card_application.c.id == application_id)).one()
    before = ApplicationState(found.state)
    after = APPLICATION.follow(before, event)
    if after == before:
        return after
    conn.execute(
        update(card_application).where(card_application.c.id == application_id).values(state=after, updated_at=now)
    )
    record(
        conn,
        at=now,
        actor=actor,
        action=f"application.{event.lower()}",
        subject=Subject.application(application_id),
        facts={"from": before, "to": after},
    )
    if after is ApplicationState.ACTIVE:
        move_card(conn, found.iccid, CardEvent.APPLICATION_CONFIRMED, actor=actor, now=now)
    elif after is ApplicationState.DELETED and not live_applications(conn, found.iccid):
        move_card(conn, found.iccid, CardEvent.LAST_APPLICATION_GONE, actor=actor, now=now)
    return after
