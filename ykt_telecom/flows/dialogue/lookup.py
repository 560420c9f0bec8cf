"""What dialogues look up before they decide, for all of a step's cards at once: holders, members, what is under way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection, select

from telecom_codecs.onecard.requests import Operation

from ...ledger.money.tables import purse
from ...ledger.taps.steps import is_complete
from ...ota.states import TERMINAL_STATES
from ...ota.tables import job
from ...registry.cards.states import ENDED_APPLICATION_STATES, ApplicationState, CardState
from ...registry.cards.tables import card, card_application
from ...registry.directory.states import MemberState
from ...registry.directory.tables import enterprise, member
from ...storage.literal import among, outside
from ...storage.sql import Statement, in_list
from ...texts.signature import signature_or_default
from .machine import DELETING_STATES, OPEN_STATES
from .tables import dialogue

#: A card in one of these may ask and be answered; the others are told E103.
_SERVED = frozenset({CardState.ISSUED, CardState.ACTIVE})
_IN_USE = frozenset({ApplicationState.ACTIVE, ApplicationState.FROZEN})
#: Where a deletion may have left it: closed or not, nobody knows. Beginning again does no harm.
_LEFT_BEHIND = frozenset({ApplicationState.PENDING_DELETE, ApplicationState.UNKNOWN})

_A, _E, _P, _D = card_application.c, enterprise.c, purse.c, dialogue.c
_HOLDERS = Statement(
    select(
        card.c.iccid, card.c.state, card.c.msisdn,
        _A.id, _A.enterprise_id, _A.state, _E.name, _E.signature, _P.balance_fen, _P.valid_until,
        _A.card_balance_fen, _A.card_offline_counter,
    )
    .select_from(
        card.outerjoin(card_application, (_A.iccid == card.c.iccid) & outside(_A.state, ENDED_APPLICATION_STATES))
        .outerjoin(enterprise, _E.id == _A.enterprise_id)
        .outerjoin(purse, (_P.iccid == card.c.iccid) & (_P.enterprise_id == _A.enterprise_id))
    )
    .where(in_list(card.c.iccid, "iccids"))
)  # fmt: skip
_MEMBERS = Statement(
    select(member.c.msisdn, member.c.enterprise_id).where(
        in_list(member.c.msisdn, "numbers"), among(member.c.state, (MemberState.ACTIVE,))
    )
)
_OPEN = Statement(
    select(_D.iccid, _D.enterprise_id, _D.state).where(
        among(_D.state, OPEN_STATES), in_list(_D.iccid, "iccids"), _D.operation == int(Operation.DELETE)
    )
)
_ORDERED = Statement(
    select(job.c.application_id).where(
        in_list(job.c.iccid, "iccids"), job.c.application_id.is_not(None), outside(job.c.state, TERMINAL_STATES)
    )
)
_ENTERPRISES = Statement(select(_E.id, _E.name, _E.signature).where(in_list(_E.id, "ids")))


@dataclass(frozen=True, slots=True)
class Enterprise:
    """How an enterprise is named, and how it signs."""

    name: str
    signature: str


@dataclass(frozen=True, slots=True)
class Application:
    """A live application with its enterprise and its money by the books."""

    id: int
    enterprise_id: int
    state: str
    enterprise: Enterprise
    balance_fen: int
    valid_until: date | None
    #: what the card itself said last; None until it has said anything
    card_balance_fen: int | None
    card_offline_counter: int | None


@dataclass(frozen=True, slots=True)
class Holder:
    """A card with the number it is registered to, and its live applications by enterprise."""

    state: str
    msisdn: str | None = field(repr=False)
    applications: Mapping[int, Application]

    @property
    def is_served(self) -> bool:
        return self.state in _SERVED


def find_holders(conn: Connection, iccids: Iterable[str]) -> Mapping[str, Holder]:
    """The cards that there are, each with its applications."""
    wanted = sorted(set(iccids))
    if not wanted:
        return {}
    found: dict[str, Holder] = {}
    live: defaultdict[str, dict[int, Application]] = defaultdict(dict)
    for iccid, state, msisdn, number, of, stands, *rest in _HOLDERS.rows(conn, iccids=wanted):
        if iccid not in found:
            found[iccid] = Holder(state, msisdn, live[iccid])
        if number is not None:
            name, signature, fen, until, *said = rest
            day = date.fromisoformat(until) if isinstance(until, str) else until
            known = Enterprise(name, signature_or_default(signature))
            live[iccid][of] = Application(number, of, stands, known, fen or 0, day, *said)
    return found


def find_application(conn: Connection, iccid: str, enterprise_id: int) -> Application | None:
    """One live application."""
    holder = find_holders(conn, [iccid]).get(iccid)
    return None if holder is None else holder.applications.get(enterprise_id)


def outstanding(
    conn: Connection, application: Application, card_balance_fen: int, card_offline_counter: int
) -> tuple[int, bool]:
    """Why a closed application may not be deleted: money left (by the card, else by the books), an upload missing.

    A deletion destroys the card's records, so both sides must say zero and every tap must have been uploaded.
    """
    owed = card_balance_fen or application.balance_fen
    return owed, not is_complete(conn, application.id, card_offline_counter)


def find_enterprises(conn: Connection, numbers: Iterable[int]) -> Mapping[int, Enterprise]:
    """How these enterprises are named, whether or not anything of theirs is still on a card."""
    wanted = sorted(set(numbers))
    rows = _ENTERPRISES.rows(conn, ids=wanted) if wanted else ()
    return {number: Enterprise(name, signature_or_default(signature)) for number, name, signature in rows}


class Deletable:
    """Which deletions may begin: whose member asks, and whether nothing stands in the way."""

    def __init__(self, conn: Connection, holders: Mapping[str, Holder]) -> None:
        numbers = {holder.msisdn for holder in holders.values() if holder.msisdn is not None}
        self._members = {(msisdn, of) for msisdn, of in _MEMBERS.rows(conn, numbers=sorted(numbers))}
        self._under_way = {
            (iccid, of) for iccid, of, state in _OPEN.rows(conn, iccids=sorted(holders)) if state in DELETING_STATES
        }
        left = [
            iccid
            for iccid, holder in holders.items()
            if any(one.state in _LEFT_BEHIND for one in holder.applications.values())
        ]
        self._ordered = {row[0] for row in _ORDERED.rows(conn, iccids=left)} if left else frozenset[int]()

    def is_member(self, msisdn: str, enterprise_id: int) -> bool:
        return (msisdn, enterprise_id) in self._members

    def is_free(self, iccid: str, application: Application) -> bool:
        """In use, or left half-way by orders that all ended without an answer; and no deletion of it has begun."""
        if (iccid, application.enterprise_id) in self._under_way:
            return False
        if application.state in _IN_USE:
            return True
        return application.state in _LEFT_BEHIND and application.id not in self._ordered

    def begin(self, iccid: str, enterprise_id: int) -> None:
        """A deletion begins in this step: the next one has to wait for it."""
        self._under_way.add((iccid, enterprise_id))
