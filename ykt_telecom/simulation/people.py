"""Who lives in a simulated world: an operator who orders, members who press keys, a clerk who runs the bills."""

from __future__ import annotations

import asyncio
from datetime import date
from random import Random
from typing import Any

from sqlalchemy import Connection

from stk_applet_sim.handset.screen import Busy, Confirm, Idle, Input, List, Menu, Off, Text

from ..demo.people import YEAR_OF_VALIDITY, enterprises_of
from ..demo.setting_up import SETTER
from ..flows.statements.runs import run_statements
from ..storage.context import StepContext
from ..storage.faults import StorageUnavailable
from ..usecases.applications import (
    CLOSE_APPLICATION,
    DELETE_APPLICATION,
    ISSUE_APPLICATION,
    QUERY_CARD,
    REOPEN_APPLICATION,
    CardAndEnterprise,
    IssueApplication,
)
from ..usecases.means import Context, means_of
from ..usecases.runner import UseCase, run
from ..wiring.service import Service
from .lab import MEMBERS, Lab, Phone
from .stories import PERIOD, RIGHT, WRONG, pause

ORDERS = (QUERY_CARD, QUERY_CARD, CLOSE_APPLICATION, REOPEN_APPLICATION, DELETE_APPLICATION, ISSUE_APPLICATION)
MOST_KEYS = 14  #: that a member presses before giving up


async def operate(lab: Lab, chance: Random) -> None:
    """A handful of orders, those that make no sense among them."""
    for _ in range(chance.randrange(4, 10)):
        await pause(lab, chance.uniform(1.0, 60.0))
        number = chance.randrange(MEMBERS)
        enterprise = chance.choice(enterprises_of(number))
        use_case: UseCase[Any, Any] = chance.choice(ORDERS)
        card = lab.phones[number].card.iccid.digits
        order: Any = CardAndEnterprise(card, enterprise.code)
        if use_case is ISSUE_APPLICATION:
            rights, until = int(enterprise.rights), date(YEAR_OF_VALIDITY, 12, 31)
            order = IssueApplication(card, enterprise.code, rights=rights, valid_until=until)
        await lab.operator(lambda service, use_case=use_case, order=order: _order(service, use_case, order))  # type: ignore[misc]


async def _order(service: Service, use_case: UseCase[Any, Any], order: Any) -> None:
    def step(conn: Connection, context: StepContext) -> None:
        whole = Context(context, means_of(service.settings, service.ring, context.tokens))
        run(conn, whole, SETTER, use_case, [order])  # a refusal is an answer, too

    while True:
        try:
            return await service.committer.perform(step)
        except StorageUnavailable:
            await asyncio.sleep(1.0)


async def press_keys(lab: Lab, phone: Phone, chance: Random) -> None:
    """The menu, up and down, three to six times, with the right password mostly."""
    for _ in range(chance.randrange(3, 7)):
        await pause(lab, chance.uniform(5.0, 60.0))
        for _ in range(MOST_KEYS):
            _press(phone, chance)
            await pause(lab, chance.uniform(0.2, 2.0))


def _press(phone: Phone, chance: Random) -> None:
    handset = phone.station.handset
    screen = handset.screen
    match screen:
        case Idle() | Confirm():
            handset.press("ok")
        case Menu(items=items) | List(items=items):
            handset.select(1 + chance.randrange(min(4, len(items))))
        case Input(minimum=least, maximum=most):
            typed = RIGHT if chance.random() < 0.8 else WRONG
            handset.enter(typed if least <= len(typed) <= most else "1" * max(least, 1))
        case Text():
            handset.press("ok")
        case Busy() | Off():
            pass


async def run_bills(lab: Lab, chance: Random) -> None:
    """The statements of a month, once."""
    await pause(lab, chance.uniform(1.0, 120.0))

    async def work(service: Service) -> None:
        while True:
            try:
                await run_statements(service.committer, PERIOD)
                return
            except StorageUnavailable:
                await asyncio.sleep(1.0)

    await lab.operator(work)
