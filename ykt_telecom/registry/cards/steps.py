"""Steps on cards and their applications. Every change writes its audit row in the same transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from telecom_codecs.card.identities import Iccid, Imsi, Msisdn

from ...runtime.errors import Refusal
from ...storage.literal import among
from ..audit.steps import record
from ..audit.subject import Subject
from .states import (
    CARD,
    LIVE_CARD_STATES,
    CardEvent,
    CardState,
    Refused,
)
from .tables import card

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
