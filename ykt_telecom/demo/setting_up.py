"""A new demo's first minutes: enterprises and members are entered, cards imported, applications issued over the air.

Then a month of life: every card is held to terminals, and what the terminals took away is uploaded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TypeVar

from sqlalchemy import Connection, func, select

from stk_applet_sim.applet.enterprise import TapRecord
from stk_applet_sim.population import SeededCard
from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.rights import Rights

from ..flows.dialogue.password_steps import set_password
from ..flows.statements.period import Period
from ..flows.statements.schedule import set_schedule
from ..flows.statements.states import StatementKind
from ..ledger.attendance.steps import AttendanceEvent, post_events
from ..ledger.money.steps import CardTransaction, NotTaken, post_transactions
from ..ledger.money.steps import Kind as MoneyKind
from ..ota.states import TERMINAL_STATES
from ..ota.tables import job
from ..registry.cards.steps import NewCard, add_card
from ..registry.keys.steps import KeyUsage, store_card_keys
from ..registry.people.principals import OWNER, Principal
from ..runtime.clock import BUSINESS_ZONE
from ..runtime.errors import Refusal
from ..storage.context import StepContext
from ..texts.signature import DEFAULT_SIGNATURE
from ..usecases.applications import ISSUE_APPLICATION, IssueApplication
from ..usecases.enterprises import ADD_ENTERPRISE, AddEnterprise
from ..usecases.means import Context, means_of
from ..usecases.members import ADD_MEMBER, AddMember
from ..usecases.results import Done
from ..usecases.runner import UseCase, run
from ..wiring.service import Service
from .generator import generate_month
from .people import ENTERPRISES, YEAR_OF_VALIDITY, DemoEnterprise, enterprises_of, member_name
from .world import Tap, TapKind, World

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

ACTOR = "demo"
#: In whose name the demo is set up.
SETTER = Principal(OWNER, "setting-up", frozenset(), channel=ACTOR)
PASSWORD = ServicePassword(b"135790")  #: of every member; a demo's secret is none


@dataclass(frozen=True, slots=True)
class Membership:
    """The `number`-th member's place in an enterprise."""

    number: int
    card: SeededCard
    enterprise: DemoEnterprise


def memberships(cards: Iterable[SeededCard]) -> tuple[Membership, ...]:
    return tuple(
        Membership(number, card, enterprise)
        for number, card in enumerate(cards)
        for enterprise in enterprises_of(number)
    )


def do(
    conn: Connection, context: StepContext, service: Service, use_case: UseCase[I, R], orders: Sequence[I]
) -> list[R]:
    """Orders of the demo's own; raises `Refusal` for one that is not done."""
    whole = Context(context, means_of(service.settings, service.ring, context.tokens))
    values = []
    for result in run(conn, whole, SETTER, use_case, orders):
        if not isinstance(result, Done):
            raise Refusal(f"{use_case.name}: {result}")
        values.append(result.value)
    return values


async def enter_everything(service: Service, world: World) -> None:
    """Directory, cards, keys, passwords, purses and schedules, in one transaction."""
    committer = service.open_storage()
    seal = means_of(service.settings, service.ring, service.tokens).seal
    verifier = seal.seal(PASSWORD, service.tokens.octets(16))

    def step(conn: Connection, context: StepContext) -> None:
        _enter_enterprises(conn, context, service)
        people = []
        for number, card in enumerate(world.cards):
            _enter_card(conn, context, service, card)
            bound = seal.bind(verifier, card.iccid.digits)
            set_password(conn, iccid=card.iccid.digits, verifier=bound, now=context.now)
            for enterprise in enterprises_of(number):
                employee_no = f"{enterprise.number}{number:04d}"
                people.append(AddMember(enterprise.code, card.msisdn.digits, member_name(number), employee_no))
        do(conn, context, service, ADD_MEMBER, people)

    await committer.perform(step)


def _enter_enterprises(conn: Connection, context: StepContext, service: Service) -> None:
    orders = [AddEnterprise(one.code, one.name, DEFAULT_SIGNATURE, one.number) for one in ENTERPRISES]
    do(conn, context, service, ADD_ENTERPRISE, orders)
    for enterprise in ENTERPRISES:
        for kind in StatementKind:
            set_schedule(conn, enterprise_id=enterprise.number, kind=kind, day=1, hour=9, since=Period.of(context.now))


def _enter_card(conn: Connection, context: StepContext, service: Service, card: SeededCard) -> None:
    add_card(conn, NewCard(card.iccid, card.imsi, card.msisdn, card.profile), actor=ACTOR, now=context.now)
    mt, mo = card.keys[1], card.keys[5]
    assert mt.key_encryption is not None
    store_card_keys(
        conn,
        service.ring,
        card.iccid.digits,
        {
            KeyUsage.MT_KIC: mt.ciphering,
            KeyUsage.MT_KID: mt.check,
            KeyUsage.MT_DEK: mt.key_encryption,
            KeyUsage.MO_KIC: mo.ciphering,
            KeyUsage.MO_KID: mo.check,
        },
        generation=1,
        provider=service.provider,
        nonce=lambda: context.tokens.octets(12),
    )


async def issue(service: Service, wanted: Iterable[Membership]) -> list[int]:
    """Order the applications of these memberships; the ids of the jobs."""
    orders = [
        IssueApplication(
            one.card.iccid.digits,
            one.enterprise.code,
            rights=int(one.enterprise.rights),
            valid_until=date(YEAR_OF_VALIDITY, 12, 31),
        )
        for one in wanted
    ]

    def step(conn: Connection, context: StepContext) -> list[int]:
        return [ordered.job for ordered in do(conn, context, service, ISSUE_APPLICATION, orders)]

    return await service.committer.perform(step)


def open_jobs(conn: Connection) -> int:
    """How many jobs have not ended."""
    return int(conn.execute(select(func.count()).where(job.c.state.not_in(tuple(TERMINAL_STATES)))).scalar_one())


def month_of_taps(chance: Random, one: Membership, period: Period) -> list[Tap]:
    """What the member does with the card in a month, in its order."""
    plan = generate_month(
        chance,
        iccid=one.card.iccid.digits,
        enterprise_id=one.enterprise.number,
        year=period.year,
        month=period.month,
        attends=bool(one.enterprise.rights & Rights.ATTENDANCE),
    )
    kinds = {MoneyKind.LOAD: TapKind.TOP_UP, MoneyKind.PURCHASE: TapKind.PURCHASE}
    taps = [Tap(kinds[what.kind], what.terminal, what.occurred_at, what.amount_fen) for what in plan.transactions]
    taps += [Tap(TapKind.PUNCH, event.terminal, event.occurred_at) for event in plan.events]
    return sorted(taps, key=lambda tap: tap.at)


async def upload(service: Service, records: Iterable[tuple[Tap, TapRecord]]) -> int:
    """What terminals took away, posted once; how many were taken."""
    taken = [_report(tap, record) for tap, record in records]

    def step(conn: Connection, context: StepContext) -> int:
        bought = [one for one in taken if isinstance(one, CardTransaction)]
        seen = [one for one in taken if isinstance(one, AttendanceEvent)]
        results = [
            *post_transactions(conn, context, bought, origin=ACTOR),
            *post_events(conn, context, seen, origin=ACTOR),
        ]
        refused = [result for result in results if isinstance(result, NotTaken)]
        if refused:
            raise RuntimeError(f"the platform does not take what its own cards did: {refused[0]}")
        return len(results)

    return await service.committer.perform(step)


def _report(tap: Tap, record: TapRecord) -> CardTransaction | AttendanceEvent:
    iccid, moment = record.iccid.digits, tap.at.astimezone(BUSINESS_ZONE).replace(microsecond=0)
    if tap.kind is TapKind.PUNCH:
        return AttendanceEvent(iccid, record.enterprise, record.counter, tap.terminal, moment, tac=record.tac)
    kind = MoneyKind.LOAD if tap.kind is TapKind.TOP_UP else MoneyKind.PURCHASE
    return CardTransaction(
        iccid,
        record.enterprise,
        kind,
        record.amount,
        record.counter,
        tap.terminal,
        moment,
        record.balance,
        record.tac,
    )
