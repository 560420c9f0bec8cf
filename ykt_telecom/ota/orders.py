"""Orders: what is wanted from cards, saved for their lanes in one step for all of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from telecom_codecs.onecard.names import SLOTS, application_aid

from ..messaging.outgoing import PRIORITY_JOB
from ..registry.cards.applications import (
    LiveApplication,
    Move,
    NewApplication,
    add_applications,
    live_applications_of,
    move_applications,
)
from ..registry.cards.states import ApplicationEvent, CardState
from ..registry.cards.tables import card
from ..registry.keys.steps import NoKey, newest_mother_key_version
from ..storage.context import StepContext
from ..storage.marks import JOBS, mark
from ..storage.sql import Statement, in_list, instant
from .jobs import SCRIPT, record_jobs
from .outcome import JobKind
from .states import JobState
from .tables import job

#: How long a job may look for its card before it expires.
LIFETIME: Mapping[JobKind, timedelta] = {
    JobKind.ISSUE: timedelta(days=3),
    JobKind.CLOSE: timedelta(days=3),
    JobKind.REOPEN: timedelta(days=3),
    JobKind.DELETE: timedelta(days=3),
    JobKind.QUERY: timedelta(days=1),
    JobKind.ANSWER: timedelta(minutes=10),
}
#: Nothing is ordered from a card in one of these.
_ENDED_CARDS = (CardState.STOCK, CardState.WASHED, CardState.REPLACED, CardState.CANCELLED, CardState.SCRAPPED)
#: A name on the card: at most 8 UCS-2 characters.
NAME_LENGTH = 8

_CARDS = Statement(select(card.c.iccid, card.c.state, card.c.msisdn).where(in_list(card.c.iccid, "iccids")))
_INSERT = Statement(
    insert(job),
    (
        "id", "kind", "iccid", "enterprise_id", "application_id", "payload", "origin", "origin_id", "priority",
        "reference", "state", "purpose", "attempts", "resyncs", "due_at", "deadline", "created_at", "updated_at",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Order:
    """Something wanted from one card. `payload` as :class:`JobKind` says; `origin_id` names the order to its origin."""

    kind: JobKind
    iccid: str = field(repr=False)
    enterprise_id: int | None
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    origin: str = "cli"
    origin_id: int | None = None
    priority: int = PRIORITY_JOB


@dataclass(frozen=True, slots=True)
class Ordered:
    """The order is saved."""

    job_id: int
    application_id: int | None


@dataclass(frozen=True, slots=True)
class NotOrdered:
    """The card or the application does not allow it now; `reason` says why and what to do."""

    reason: str


class _Refused(Exception):
    """Within one order; it becomes a :class:`NotOrdered`."""


class _Desk:
    """What the orders of one step find, and what they make."""

    def __init__(self, conn: Connection, context: StepContext, orders: Sequence[Order]) -> None:
        self.conn = conn
        self.context = context
        self.at = instant(context.now)
        wanted = sorted({order.iccid for order in orders})
        self.cards = {iccid: (state, msisdn) for iccid, state, msisdn in _CARDS.rows(conn, iccids=wanted)}
        self.live: dict[str, list[LiveApplication]] = {}
        if any(order.kind is not JobKind.ANSWER for order in orders):
            self.live = live_applications_of(conn, wanted)
        self.versions: dict[int, int] = {}
        self.rows: list[dict[str, Any]] = []
        self.news: list[NewApplication] = []
        self.moves: list[Move] = []
        self.placed: dict[tuple[str, JobKind], list[int]] = defaultdict(list)

    def take(self, order: Order) -> Ordered | NotOrdered:
        job_id = self.context.next_number()
        try:
            application_id = self._application(order)
        except (_Refused, NoKey) as refused:
            return NotOrdered(str(refused))
        self.rows.append(self._row(order, job_id, application_id))
        self.placed[order.origin, order.kind].append(job_id)
        return Ordered(job_id, application_id)

    def _row(self, order: Order, job_id: int, application_id: int | None) -> dict[str, Any]:
        return {
            "id": job_id,
            "kind": order.kind.value,
            "iccid": order.iccid,
            "enterprise_id": order.enterprise_id,
            "application_id": application_id,
            "payload": json.dumps(dict(order.payload), separators=(",", ":")) if order.payload else "{}",
            "origin": order.origin,
            "origin_id": order.origin_id,
            "priority": order.priority,
            # never 0, which is what a new application remembers; by chance, so that a restored database repeats none
            "reference": int.from_bytes(self.context.tokens.octets(4), "big") or 1,
            "state": JobState.QUEUED.value,
            "purpose": SCRIPT,
            "attempts": 0,
            "resyncs": 0,
            "due_at": (deadline := self.at + LIFETIME[order.kind] // timedelta(microseconds=1)),
            "deadline": deadline,
            "created_at": self.at,
            "updated_at": self.at,
        }

    def _application(self, order: Order) -> int | None:
        """Bring the application into the state that the order asks for; its id (None for ANSWER)."""
        state, msisdn = self.cards.get(order.iccid, (None, None))
        if state is None:
            raise _Refused(f"no card …{order.iccid[-6:]}; `ykt card list` shows those there are")
        if CardState(state) in _ENDED_CARDS or msisdn is None:
            raise _Refused(f"card …{order.iccid[-6:]} is {state}: it cannot be reached over the air")
        if order.kind is JobKind.ANSWER:
            return None
        if order.enterprise_id is None:
            raise _Refused(f"{order.kind} wants an enterprise")
        here = next((one for one in self.live[order.iccid] if one.enterprise_id == order.enterprise_id), None)
        if order.kind is JobKind.ISSUE:
            return self._new_application(order, state, here)
        if here is None:
            raise _Refused(f"enterprise {order.enterprise_id} has no application on card …{order.iccid[-6:]}")
        if order.kind in (JobKind.CLOSE, JobKind.DELETE):
            self._to_be_deleted(order, here)
        return here.id

    def _to_be_deleted(self, order: Order, here: LiveApplication) -> None:
        if not here.may(ApplicationEvent.ORDER_DELETE):
            raise _Refused(f"{ApplicationEvent.ORDER_DELETE} does not fit the state {here.state}")
        self.moves.append(Move(here.id, (ApplicationEvent.ORDER_DELETE,)))

    def _new_application(self, order: Order, state: str, here: LiveApplication | None) -> int:
        tail, enterprise_id = order.iccid[-6:], order.enterprise_id
        assert enterprise_id is not None
        if state not in (CardState.ISSUED, CardState.ACTIVE):
            raise _Refused(f"card …{tail} is {state}: it takes no new application")
        if here is not None:
            raise _Refused(f"enterprise {enterprise_id} has an application on card …{tail} already")
        name = str(order.payload.get("name", ""))
        if len(name.encode("utf-16-be")) > 2 * NAME_LENGTH:
            raise _Refused(f"the application's name {name!r} has more than {NAME_LENGTH} characters")
        slot = self._slot(order)
        new = NewApplication(
            id=self.context.next_number(),
            iccid=order.iccid,
            enterprise_id=enterprise_id,
            slot=slot,
            aid=str(application_aid(enterprise_id, slot)),
            name=name,
            rights=int(order.payload.get("rights", 0x07)),
            key_version=self._key_version(enterprise_id),
        )
        self.news.append(new)
        self.live[order.iccid].append(LiveApplication.pending(new))
        return new.id

    def _slot(self, order: Order) -> int:
        taken = {one.slot for one in self.live[order.iccid]}
        wanted = int(order.payload.get("slot") or 0)
        if wanted:
            if wanted in taken or wanted not in SLOTS:
                raise _Refused(f"slot {wanted} of card …{order.iccid[-6:]} is taken, or not from 1 to {SLOTS[-1]}")
            return wanted
        free = next((slot for slot in SLOTS if slot not in taken), None)
        if free is None:
            raise _Refused(f"card …{order.iccid[-6:]} has no free slot: delete an application first")
        return free

    def _key_version(self, enterprise_id: int) -> int:
        if enterprise_id not in self.versions:
            self.versions[enterprise_id] = newest_mother_key_version(self.conn, enterprise_id)
        return self.versions[enterprise_id]

    def write(self) -> None:
        add_applications(self.conn, self.context, self.news, actor="ota")
        move_applications(self.conn, self.context, self.moves)
        _INSERT.many(self.conn, self.rows)
        now: datetime = self.context.now
        for (origin, kind), ids in self.placed.items():
            record_jobs(self.conn, now, origin, f"job.order.{kind.lower()}", ids)
        if self.rows:
            mark(self.conn, JOBS)


def order_jobs(conn: Connection, context: StepContext, orders: Sequence[Order]) -> list[Ordered | NotOrdered]:
    """Save the orders; each is built and sent as soon as its card's lane is free.

    ISSUE takes a free slot and makes the application's row; CLOSE and DELETE put it into PENDING_DELETE. An order that
    the card or the application does not allow now comes back as :class:`NotOrdered` and undoes nothing.
    """
    desk = _Desk(conn, context, orders)
    results = [desk.take(order) for order in orders]
    desk.write()
    return results
