"""The one rule book of taps: whose they are, whether they are known, and whether they can be true."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, func, insert, select

from ...registry.cards.tables import card_application
from ...storage.context import StepContext
from ...storage.sql import Statement, in_list, instant
from .rules import Fault, NotTaken, Tap, fault_of
from .tables import tap

_A, _T = card_application.c, tap.c
_APPLICATIONS = Statement(
    select(_A.iccid, _A.enterprise_id, _A.id, _A.created_at)
    .where(in_list(_A.iccid, "iccids"))
    .order_by(_A.created_at, _A.id)
)
_KNOWN = Statement(
    select(_T.counter, _T.kind, _T.terminal, _T.amount_fen, _T.card_balance_fen, _T.tac, _T.occurred_at).where(
        _T.application_id == bindparam("application"), _T.counter.between(bindparam("low"), bindparam("high"))
    )
)
_COUNT = Statement(
    select(func.count()).where(
        _T.application_id == bindparam("application"), _T.counter.between(bindparam("low"), bindparam("high"))
    )
)
_COLUMNS = (
    "application_id", "counter", "kind", "terminal", "amount_fen", "card_balance_fen", "tac", "occurred_at",
    "accepted_at", "origin",
)  # fmt: skip
_INSERT = Statement(insert(tap), _COLUMNS)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The tap is new, and belongs to this application."""

    application_id: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The very same tap is known: the terminal did not hear our answer and sent it again."""


Verdict: TypeAlias = Accepted | Duplicate | NotTaken


class Applications:
    """The applications that some cards have or had, by the moment."""

    def __init__(self, conn: Connection, iccids: Iterable[str]) -> None:
        self._found: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for iccid, enterprise_id, number, created_at in _APPLICATIONS.rows(conn, iccids=sorted(set(iccids))):
            self._found.setdefault((iccid, enterprise_id), []).append((created_at, number))

    def at(self, iccid: str, enterprise_id: int, moment: datetime) -> int | None:
        """The application on the card at that moment: one that was deleted and issued again counts from 1 again.

        The youngest that existed then, else the oldest there is; None when the card never had one of this enterprise.
        """
        there = self._found.get((iccid, enterprise_id))
        if there is None:
            return None
        existing = [number for created_at, number in there if created_at <= instant(moment)]
        return existing[-1] if existing else there[0][1]


def take_taps(conn: Connection, context: StepContext, taps: Sequence[Tap], *, origin: str) -> list[Verdict]:
    """Take what was reported; whoever hangs something on an accepted tap does so in the same transaction.

    A counter that is known is a duplicate when everything that was reported is equal, TAC and balance included; else
    the report is a conflict and is not taken.
    """
    applications = Applications(conn, (one.iccid for one in taps))
    owners = [applications.at(one.iccid, one.enterprise_id, one.occurred_at) for one in taps]
    known = _known(conn, taps, owners)
    verdicts: list[Verdict] = []
    rows: list[dict[str, Any]] = []
    for one, owner in zip(taps, owners, strict=True):
        refusal = fault_of(one)
        if refusal is not None or owner is None:
            verdicts.append(refusal or _stranger(one))
            continue
        contents = _contents(one)
        same = known.setdefault((owner, one.counter), contents)
        if same is contents:
            rows.append(_row(owner, one, contents, instant(context.now), origin))
            verdicts.append(Accepted(owner))
        elif same == contents:
            verdicts.append(Duplicate())
        else:
            words = f"counter {one.counter} of the card ending {one.iccid[-4:]} is taken by another tap"
            verdicts.append(NotTaken(Fault.CONFLICT, words))
    _INSERT.many(conn, rows)
    return verdicts


def _stranger(one: Tap) -> NotTaken:
    words = f"the card ending {one.iccid[-4:]} has no application of enterprise {one.enterprise_id}"
    return NotTaken(Fault.NO_APPLICATION, words)


_Contents: TypeAlias = tuple[Any, ...]


def _contents(one: Tap) -> _Contents:
    """All that was reported, as the database keeps it."""
    return (
        one.kind.value,
        one.terminal,
        one.amount_fen,
        one.card_balance_fen,
        one.tac,
        instant(one.occurred_at),
    )


def _known(conn: Connection, taps: Sequence[Tap], owners: Sequence[int | None]) -> dict[tuple[int, int], _Contents]:
    """What is stored in the range of counters that the reports name, application by application."""
    ranges: dict[int, tuple[int, int]] = {}
    for one, owner in zip(taps, owners, strict=True):
        if owner is not None:
            low, high = ranges.get(owner, (one.counter, one.counter))
            ranges[owner] = (min(low, one.counter), max(high, one.counter))
    found: dict[tuple[int, int], _Contents] = {}
    for owner, (low, high) in ranges.items():
        for counter, *contents in _KNOWN.rows(conn, application=owner, low=low, high=high):
            found[owner, counter] = tuple(contents)
    return found


def _row(owner: int, one: Tap, contents: _Contents, now: int, origin: str) -> dict[str, Any]:
    return dict(zip(_COLUMNS, (owner, one.counter, *contents, now, origin), strict=True))


def application_at(conn: Connection, iccid: str, enterprise_id: int, moment: datetime) -> int | None:
    """The application on the card at that moment; see :meth:`Applications.at`."""
    return Applications(conn, (iccid,)).at(iccid, enterprise_id, moment)


def taps_between(conn: Connection, application_id: int, low: int, high: int) -> int:
    """How many counters from `low` to `high` are known."""
    found: int = _COUNT.rows(conn, application=application_id, low=low, high=high)[0][0]
    return found


def is_complete(conn: Connection, application_id: int, offline_counter: int) -> bool:
    """Every tap up to the card's own counter has been uploaded."""
    return taps_between(conn, application_id, 1, offline_counter) >= offline_counter
