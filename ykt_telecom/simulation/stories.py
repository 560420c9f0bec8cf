"""What members and operators do, each with the patience that people have: a story goes on whatever went wrong."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, select

from stk_applet_sim.applet.enterprise import EnterpriseApplication
from stk_applet_sim.handset.screen import Idle, Text

from ..demo.people import HOME, WORK, DemoEnterprise
from ..demo.setting_up import Membership, issue, upload
from ..demo.world import Tap, TapKind
from ..flows.statements.period import Period
from ..flows.statements.runs import run_statements
from ..registry.cards.states import Refused
from ..registry.cards.tables import card_application
from ..runtime.clock import BUSINESS_ZONE
from ..wiring.service import Service
from .lab import START, Beginning, Lab, Phone, left_by, play

WAITS = 180.0  #: seconds a member looks at the phone before giving up
BALANCE, APPLICATIONS, DELETE_LINE = 1, 4, 3
RIGHT, WRONG = "135790", "864209"
PERIOD = Period(2026, 2)


def application(phone: Phone, enterprise: DemoEnterprise) -> EnterpriseApplication | None:
    return phone.station.card.application_of(enterprise.number)


async def issue_both(lab: Lab, number: int = 0) -> None:
    """WORK and HOME on the card of member `number`."""
    phone = lab.phones[number]

    async def order(service: Service) -> None:
        for enterprise in (WORK, HOME):
            try:
                await issue(service, [Membership(number, phone.card, enterprise)])
            except Refused:
                continue  # ordered already, by an earlier life

    def are_active() -> bool:
        return all(_state(lab, phone, enterprise) == "ACTIVE" for enterprise in (WORK, HOME))

    await lab.operator(order)
    await lab.until(are_active, "two applications to be issued", every=1.0)


def _state(lab: Lab, phone: Phone, enterprise: DemoEnterprise) -> str:
    def look(conn: Connection) -> str:
        found = conn.execute(
            select(card_application.c.state)
            .where(
                card_application.c.iccid == phone.card.iccid.digits,
                card_application.c.enterprise_id == enterprise.number,
            )
            .order_by(card_application.c.created_at.desc())
        ).first()
        return "NONE" if found is None else str(found.state)

    return lab.read(look)


async def live_a_month(lab: Lab, number: int = 0) -> None:
    """A top-up, a lunch and a day at work last month, at WORK's terminals, and their upload."""
    found = application(lab.phones[number], WORK)
    assert found is not None
    month = START.replace(month=2, day=10)
    done = []
    for kind, hour, terminal, fen in (
        (TapKind.PUNCH, 8, "KQ01", 0),
        (TapKind.TOP_UP, 11, "CZ01", 5_000),
        (TapKind.PURCHASE, 12, "ST01", 1_250),
        (TapKind.PUNCH, 18, "KQ01", 0),
    ):
        tap = Tap(kind, terminal, month.replace(hour=hour), fen)
        octets = terminal.ljust(6).encode("ascii")
        moment = bytes.fromhex(tap.at.astimezone(BUSINESS_ZONE).strftime("%Y%m%d%H%M%S"))
        if kind is TapKind.PUNCH:
            done.append((tap, found.tap_attendance(octets, moment)))
        elif kind is TapKind.TOP_UP:
            done.append((tap, found.tap_load(fen, octets, moment)))
        else:
            done.append((tap, found.tap_purchase(fen, octets, moment)))
    await lab.operator(lambda service: upload(service, done))


async def answered(lab: Lab, phone: Phone) -> str:
    """What the member reads in the end: the screen's text, dismissed, or the short message; "" after giving up."""
    texts = len(phone.texts)
    deadline = lab.clock.monotonic() + WAITS
    while lab.clock.monotonic() < deadline:
        screen = phone.station.handset.screen
        if isinstance(screen, Text) and screen.high_priority:
            phone.station.handset.press("ok")
            return screen.text
        if len(phone.texts) > texts:
            return phone.texts[-1]
        await pause(lab)
    return ""


async def pause(lab: Lab, seconds: float = 0.5) -> None:
    """Let time pass."""
    began = lab.clock.monotonic()
    await lab.until(lambda: lab.clock.monotonic() >= began + seconds, "time to pass")


async def at_rest(lab: Lab, phone: Phone) -> None:
    """The member puts every text away until nothing is on the screen."""
    handset = phone.station.handset
    while not isinstance(handset.screen, Idle):
        handset.press("ok" if isinstance(handset.screen, Text) else "end")
        await pause(lab)


async def ask_balance(lab: Lab, phone: Phone) -> str:
    """余额查询 at WORK."""
    await at_rest(lab, phone)
    found = application(phone, WORK)
    assert found is not None
    handset = phone.station.handset
    handset.press("ok")
    handset.select(BALANCE)
    if len(phone.station.card.enterprise_applications()) > 1:
        handset.select(1 + [one.enterprise for one in _listed(phone)].index(WORK.number))
    return await answered(lab, phone)


async def ask_deletion(lab: Lab, phone: Phone, password: str) -> str:
    """删除应用 of HOME."""
    await at_rest(lab, phone)
    handset = phone.station.handset
    handset.press("ok")
    handset.select(APPLICATIONS)
    handset.select(1 + [one.enterprise for one in _listed(phone)].index(HOME.number))
    handset.select(DELETE_LINE)
    handset.press("ok")
    handset.enter(password)
    handset.press("ok")
    return await answered(lab, phone)


def _listed(phone: Phone) -> list[EnterpriseApplication]:
    return list(phone.station.card.enterprise_applications())


async def run_bills(lab: Lab) -> None:
    """Both statements of February, for every enterprise."""
    await lab.operator(lambda service: run_statements(service.committer, PERIOD))


async def begin_membership(lab: Lab) -> None:
    """Applications issued, a month lived."""
    await issue_both(lab)
    await live_a_month(lab)


@cache
def a_member() -> Beginning:
    """Where stories of members begin."""
    return left_by(play(begin_membership), "a member")


async def member_story(lab: Lab) -> None:
    """Balance, wrong password, deletion as often as a member would try, statements."""
    phone = lab.phones[0]
    await ask_balance(lab, phone)
    await ask_deletion(lab, phone, WRONG)
    for _ in range(3):
        await ask_deletion(lab, phone, RIGHT)
        if application(phone, HOME) is None:
            break
        await pause(lab, 60)
    await run_bills(lab)
    await at_rest(lab, phone)


async def whole_story(lab: Lab) -> None:
    """From the first application to the bills."""
    await begin_membership(lab)
    await member_story(lab)
