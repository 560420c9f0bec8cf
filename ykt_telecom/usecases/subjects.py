"""What an order is about, found inside what the principal may see. The only place that knows tenants' borders.

A principal of an enterprise sees that enterprise, its members, and the cards that carry its application or belong to
one of its members. What lies outside is refused in the very words of what does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from telecom_codecs.card.identities import Msisdn
from telecom_codecs.errors import CodecError

from ..registry.audit.subject import Subject
from ..registry.cards.states import ENDED_APPLICATION_STATES, LIVE_CARD_STATES
from ..registry.cards.tables import card, card_application
from ..registry.directory.steps import ACTIVE, enterprises, find_enterprises
from ..registry.directory.tables import enterprise, member
from ..registry.people.principals import Principal
from ..storage.literal import among, outside
from ..texts.refusals import Code, Refused, refuse

#: The digits by which a card is shown everywhere, and by which it can be named.
TAIL = 6
_ICCID_DIGITS = (19, 20)
_NUMBER_DIGITS = 11
_MOST_CHOICES = 5
_AT_ONCE = 5000  #: values in one statement


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An enterprise that the principal may act on."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """A card that the principal may act on."""

    iccid: str = field(repr=False)
    msisdn: str | None = field(repr=False)
    state: str
    profile: str

    @property
    def tail(self) -> str:
        """How it is shown."""
        return f"…{self.iccid[-TAIL:]}"

    @property
    def subject(self) -> Subject:
        """How the audit log names it."""
        return Subject.card(self.iccid)


def enterprises_named(conn: Connection, who: Principal, names: Iterable[str]) -> dict[str, Enterprise | Refused]:
    """By code, however it is written, or by id; one SELECT for all."""
    wanted = list(dict.fromkeys(names))
    rows = find_enterprises(conn, wanted)
    found: dict[str, Enterprise | Refused] = {}
    for name in wanted:
        row = rows.get(name)
        if row is None or who.tenant not in (None, row.id):
            found[name] = refuse(Code.NO_ENTERPRISE, code=repr(name[:40]))
        else:
            found[name] = Enterprise(row.id, row.code, row.name)
    return found


def enterprise_codes(conn: Connection, ids: Iterable[int | None]) -> dict[int, str]:
    """The codes of enterprises that are going to be shown."""
    wanted = sorted({one for one in ids if one is not None})
    return {
        row.id: row.code
        for row in conn.execute(select(enterprise.c.id, enterprise.c.code).where(enterprise.c.id.in_(wanted)))
    }


def scoped_cards(who: Principal) -> list[ColumnElement[bool]]:
    """Conditions on `card` for what the principal may see."""
    if who.tenant is None:
        return []
    carried = select(card_application.c.iccid).where(
        card_application.c.enterprise_id == who.tenant,
        outside(card_application.c.state, ENDED_APPLICATION_STATES),
    )
    held = select(member.c.msisdn).where(member.c.enterprise_id == who.tenant, among(member.c.state, (ACTIVE,)))
    return [or_(card.c.iccid.in_(carried), card.c.msisdn.in_(held))]


class _Way(StrEnum):
    """By what a card is named."""

    ICCID = "ICCID"
    NUMBER = "NUMBER"
    TAIL = "TAIL"


def cards_named(conn: Connection, who: Principal, names: Iterable[str]) -> dict[str, Card | Refused]:
    """By ICCID, by number, or by the last six digits of the ICCID (or more of them); one look for each way."""
    wanted = {name: _named(name) for name in names}
    found: dict[tuple[_Way, str], list[Any]] = {}
    for way in _Way:
        values = sorted({value for one in wanted.values() if one is not None for kind, value in [one] if kind is way})
        for start in range(0, len(values), _AT_ONCE):
            for row in _look(conn, who, way, values[start : start + _AT_ONCE]):
                for value in _names_of(way, row, values):
                    found.setdefault((way, value), []).append(row)
    return {name: _chosen(name, found.get(one, []) if one is not None else []) for name, one in wanted.items()}


def _named(name: str) -> tuple[_Way, str] | None:
    """The way and the value by which this names a card; None when it names none."""
    digits = name.strip().replace(" ", "").removeprefix("…")
    is_plain = digits.isascii() and digits.isdigit()
    if is_plain and len(digits) in _ICCID_DIGITS:
        return _Way.ICCID, digits
    if is_plain and TAIL <= len(digits) < _NUMBER_DIGITS:
        return _Way.TAIL, digits
    try:
        return _Way.NUMBER, Msisdn.of(name).digits
    except CodecError:
        return (_Way.TAIL, digits) if is_plain and TAIL <= len(digits) < min(_ICCID_DIGITS) else None


def _look(conn: Connection, who: Principal, way: _Way, values: list[str]) -> Sequence[Any]:
    last = func.substr(card.c.iccid, func.length(card.c.iccid) - (TAIL - 1))
    condition = {
        _Way.ICCID: card.c.iccid.in_(values),
        _Way.NUMBER: card.c.msisdn.in_(values),
        _Way.TAIL: last.in_([value[-TAIL:] for value in values]),
    }[way]
    columns = (card.c.iccid, card.c.msisdn, card.c.state, card.c.profile)
    return conn.execute(select(*columns).where(condition, *scoped_cards(who)).order_by(card.c.iccid)).all()


def _names_of(way: _Way, row: Any, values: list[str]) -> list[str]:
    """Which of the values name this card."""
    if way is _Way.TAIL:
        return [value for value in values if row.iccid.endswith(value)]
    return [row.iccid if way is _Way.ICCID else row.msisdn]


def _chosen(name: str, rows: Sequence[Any]) -> Card | Refused:
    live = [row for row in rows if row.state in LIVE_CARD_STATES]
    found = live if len(live) == 1 else rows
    if not found:
        return refuse(Code.NO_CARD, card=_shown(name))
    if len(found) > 1:
        choices = ", ".join(f"{row.iccid[:6]}…{row.iccid[-TAIL:]}" for row in found[:_MOST_CHOICES])
        return refuse(Code.AMBIGUOUS, card=_shown(name), choices=choices)
    return Card(found[0].iccid, found[0].msisdn, found[0].state, found[0].profile)


def _shown(name: str) -> str:
    """What was named, without showing a whole number again."""
    text = name.strip()
    return f"…{text[-TAIL:]}" if len(text) > TAIL else repr(text)


def enterprises_in_files(conn: Connection, who: Principal) -> dict[str, int]:
    """What may stand in a file's column of the enterprise: the codes in small letters, and the ids in digits."""
    names: dict[str, int] = {}
    for row in enterprises(conn, who.tenant):
        names |= {row.code.lower(): row.id, str(row.id): row.id}
    return names
