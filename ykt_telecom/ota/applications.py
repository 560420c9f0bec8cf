"""What a job means for the enterprise application it is about: before it is sent, and when the card has answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from telecom_codecs.onecard.enterprise_answer import EnterpriseAnswer
from telecom_codecs.onecard.install import NAME_OCTETS
from telecom_codecs.onecard.names import application_aid
from telecom_codecs.sms import ucs2

from ..registry.cards.states import APPLICATION, ApplicationEvent, CardState, Refused
from ..registry.cards.steps import add_application, find_card, free_slot, live_application, move_application
from ..registry.cards.tables import card_application
from ..registry.keys.steps import newest_mother_key_version
from .outcome import JobKind

#: Nothing is ordered from a card in one of these.
_ENDED_CARDS = (CardState.STOCK, CardState.WASHED, CardState.REPLACED, CardState.CANCELLED, CardState.SCRAPPED)

_STATE = select(card_application.c.state).where(card_application.c.id == bindparam("id"))
_NOTE = update(card_application).where(card_application.c.id == bindparam("key"))


def prepare_application(
    conn: Connection,
    kind: JobKind,
    iccid: str,
    enterprise_id: int | None,
    payload: Mapping[str, Any],
    *,
    job_id: str,
    now: datetime,
) -> str | None:
    """Bring the application into the state that the order asks for; returns its id (None for ANSWER).

    Raises :class:`Refused` or `NoSuchCard`.
    """
    found = find_card(conn, iccid)
    if CardState(found.state) in _ENDED_CARDS or found.msisdn is None:
        raise Refused(f"card …{iccid[-6:]} is {found.state}: it cannot be reached over the air")
    if kind is JobKind.ANSWER:
        return None
    if enterprise_id is None:
        raise Refused(f"{kind} wants an enterprise")
    if kind is JobKind.ISSUE:
        return _prepare_issue(conn, found.state, iccid, enterprise_id, payload, job_id=job_id, now=now)
    application = live_application(conn, iccid, enterprise_id)
    if application is None:
        raise Refused(f"enterprise {enterprise_id} has no application on card …{iccid[-6:]}")
    if kind in (JobKind.CLOSE, JobKind.DELETE):
        move_application(conn, application.id, ApplicationEvent.ORDER_DELETE, actor="ota", now=now)
    return str(application.id)


def _prepare_issue(
    conn: Connection,
    card_state: str,
    iccid: str,
    enterprise_id: int,
    payload: Mapping[str, Any],
    *,
    job_id: str,
    now: datetime,
) -> str:
    if card_state not in (CardState.ISSUED, CardState.ACTIVE):
        raise Refused(f"card …{iccid[-6:]} is {card_state}: it takes no new application")
    if live_application(conn, iccid, enterprise_id) is not None:
        raise Refused(f"enterprise {enterprise_id} has an application on card …{iccid[-6:]} already")
    name = str(payload.get("name", ""))
    if 2 * ucs2.unit_count(name) > NAME_OCTETS:
        raise Refused(f"the application's name {name!r} has more than {NAME_OCTETS // 2} characters")
    slot = int(payload["slot"]) if payload.get("slot") else free_slot(conn, iccid)
    add_application(
        conn,
        application_id=job_id,
        iccid=iccid,
        enterprise_id=enterprise_id,
        slot=slot,
        aid=str(application_aid(enterprise_id, slot)),
        name=name,
        rights=int(payload.get("rights", 0x07)),
        key_version=newest_mother_key_version(conn, enterprise_id),
        actor="ota",
        now=now,
    )
    return job_id


def learn(conn: Connection, application_id: str | None, *events: ApplicationEvent, now: datetime) -> None:
    """Take the application through what the card has proved; events that no longer fit its state are passed over.

    A late proof may meet an application that has moved on: then the later truth stands.
    """
    if application_id is None:
        return
    for event in events:
        state = conn.execute(_STATE, {"id": application_id}).scalar_one()
        if APPLICATION.after(state, event) is not None:
            move_application(conn, application_id, event, actor="card", now=now)


def note_answer(conn: Connection, application_id: str, answer: EnterpriseAnswer, now: datetime) -> None:
    """Keep what the card itself said last about this application."""
    conn.execute(
        _NOTE,
        {
            "key": application_id,
            "card_status": answer.status,
            "card_balance_fen": answer.balance_fen,
            "card_rsn": answer.rsn,
            "card_offline_counter": answer.offline_counter,
            "card_answered_at": now,
        },
    )
