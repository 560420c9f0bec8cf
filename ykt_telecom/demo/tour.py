"""The guided tour: what a member and an operator would do, each step verified on both sides of the air."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

from sqlalchemy import Connection, select

from stk_applet_sim.applet.enterprise import EnterpriseApplication
from stk_applet_sim.handset.me import Handset, Occupation
from stk_applet_sim.handset.screen import Screen, render
from telecom_codecs.crypto.openssl import OpenSslProvider

from ..flows.statements.overview import runs_of, statements_of
from ..flows.statements.period import Period
from ..flows.statements.runs import run_statements
from ..ledger.money.steps import balance
from ..ota.tables import job
from ..registry.cards.tables import card_application
from ..texts.amount import format_yuan
from .lab import Lab
from .people import CLUB, HOME, WORK, DemoEnterprise
from .setting_up import PASSWORD, Membership, issue, memberships, month_of_taps, upload
from .timeline import concerns
from .timeline import render as render_timeline
from .world import Tap, TapKind

GUIDE = 0  #: the member whose phone the tour shows
WRONG_PASSWORD = "864209"  # noqa: S105 - wrong on purpose
BALANCE, APPLICATIONS = 1, 4  #: lines of the card's menu
DELETE_LINE = 3
PATIENCE_OF_A_PHONE = 31.0  #: seconds after which an applet tries a busy screen again
TRIES = 12


class NotVerified(AssertionError):
    """A step of the tour did not end as it must. The message says what was seen instead."""


def left_for_the_tour(one: Membership) -> bool:
    """The application that the tour itself issues."""
    return one.number == GUIDE and one.enterprise is CLUB


class Tour:
    """Plays the steps in their order and prints what a person would see."""

    def __init__(self, lab: Lab, write: Callable[[str], None]) -> None:
        self.lab = lab
        self._write = write
        self._number = 0
        self._member = lab.world.stations[GUIDE]
        self._card = lab.world.cards[GUIDE]
        self._handset.watchers.append(self._came_up)
        self._handset.observers.append(lab.timeline.exchange)
        self.verified = 0
        self._text = ""
        self._shown = ""

    @property
    def _handset(self) -> Handset:
        return self._member.station.handset

    async def play(self) -> None:
        """All steps; raises :class:`NotVerified` or :class:`~.lab.TookTooLong` at the first that fails."""
        await self._greet()
        await self._issue()
        await self._live_a_month()
        await self._query_balance()
        await self._delete_with_wrong_password()
        await self._delete()
        await self._delete_while_talking()
        await self._statements()
        self._timeline()
        self._write(f"\nAll {self.verified} facts verified, on the phone, on the card and in the platform's database.")

    # the steps

    async def _greet(self) -> None:
        cards = len(self.lab.world.cards)
        applications = sum(len(station.station.card.enterprise_applications()) for station in self.lab.world.stations)
        self._step("The service is running", "服务已启动")
        self._say(
            f"SMSC simulator on 127.0.0.1:{self.lab.port}, platform bound as a transceiver, {cards} phones on the air."
        )
        self._say(f"{applications} applications were issued over the air while starting.")
        if self.lab.service.http is not None:
            self._say(f"Health: {self.lab.service.http.url}/healthz")
        self._show(self._handset.screen)

    async def _issue(self) -> None:
        self._step("An application is issued over the air", f"空中发卡：{CLUB.name}")
        (one,) = [one for one in memberships(self.lab.world.cards) if left_for_the_tour(one)]
        (job_id,) = await issue(self.lab.service, [one])
        await self.lab.jobs_done()
        row = await self.lab.read(lambda conn: conn.execute(select(job).where(job.c.id == job_id)).one())
        self._say(f"INSTALL and STORE DATA in {row.attempts} packet(s); the card's own response packet proves it.")
        self._verify(row.state == "APPLIED", f"job {row.state}, last status word {row.status_word:04X}")
        application = self._application(CLUB)
        self._verify(application is not None, f"{CLUB.name} is on the card")
        self._verify(await self._state_of(CLUB) == "ACTIVE", "the platform holds it for ACTIVE")

    async def _live_a_month(self) -> None:
        period = self._last_month
        self._step("A month of life", f"刷卡一个月：{period}")
        taps = 0
        for one in memberships(self.lab.world.cards):
            if one.enterprise is not WORK:
                continue
            chance = Random(f"{self.lab.options.seed}/{one.number}/{period}")  # noqa: S311 - a story, no secret
            done = [
                (tap, self.lab.world.tap(one.number, WORK.number, tap)) for tap in month_of_taps(chance, one, period)
            ]
            taps += await upload(self.lab.service, done)
            await asyncio.sleep(0)
        self._say(f"{taps} taps at tills and time clocks, each with the card's counter and TAC, uploaded once.")
        now = self.lab.clock.now()
        tap = Tap(TapKind.TOP_UP, "CZ01", now, 10_000)
        await upload(self.lab.service, [(tap, self.lab.world.tap(GUIDE, CLUB.number, tap))])
        application = self._application(WORK)
        assert application is not None
        booked = await self._booked(WORK)
        self._verify(
            booked == application.balance, f"card and books agree on {format_yuan(booked)} yuan at {WORK.name}"
        )

    async def _query_balance(self) -> None:
        self._step("Balance query", "余额查询")
        handset = self._handset
        application = self._application(WORK)
        assert application is not None
        self._press("ok")
        self._show(handset.screen)
        self._select(BALANCE, "余额查询")
        self._show(handset.screen)
        self._select(application.slot, WORK.name)
        await self._text_on_screen()
        self._verify(
            f"余额{format_yuan(application.balance)}元" in self._text, "the screen shows the card's own balance"
        )
        self._press("ok")
        await self.lab.jobs_done()

    async def _delete_with_wrong_password(self) -> None:
        self._step("Deletion with a wrong service password", "应用删除：服务密码错误")
        await self._ask_deletion(HOME, WRONG_PASSWORD)
        self._press("ok")
        await self._text_on_screen()
        self._verify("验证未通过" in self._text, "refused, with the one text for every refusal")
        self._press("ok")
        await self.lab.jobs_done()
        self._verify(self._application(HOME) is not None, f"{HOME.name} is still on the card")
        self._verify(await self._state_of(HOME) == "ACTIVE", "and ACTIVE in the platform")

    async def _delete(self) -> None:
        self._step("Deletion with the right service password", "应用删除")
        self.lab.timeline.recording = True
        await self._ask_deletion(HOME, PASSWORD.octets().decode())
        self._press("ok")
        await self._text_on_screen()
        self._verify(f"“{HOME.name}”应用已删除" in self._text, "the result is on the screen")
        self._press("ok")
        await self.lab.jobs_done()
        self.lab.timeline.recording = False
        self._verify(self._application(HOME) is None, f"{HOME.name} is gone from the card")
        self._verify(await self._state_of(HOME) == "DELETED", "and DELETED in the platform, by the card's word")

    async def _delete_while_talking(self) -> None:
        """The purse is not empty: the card says so itself. Then it is, and the result must come by SMS."""
        self._step("Deletion with money on the purse, then during a call", "应用删除：余额与短信通知")
        handset = self._handset
        self._press("ok")
        self._select(APPLICATIONS, "我的应用")
        application = self._application(CLUB)
        assert application is not None
        self._select(self._line_of(CLUB), CLUB.name)
        self._select(DELETE_LINE, "删除应用")
        self._show(handset.screen)
        self._verify("先处理余额" in self._text_of(handset.screen), "refused on the card: the purse is not empty")
        self._press("ok")
        self._press("end")
        tap = Tap(TapKind.PURCHASE, "YY01", self.lab.clock.now(), application.balance)
        await upload(self.lab.service, [(tap, self.lab.world.tap(GUIDE, CLUB.number, tap))])
        self._say(f"The last {format_yuan(tap.fen)} yuan are spent at the club's counter.")
        before = len(handset.inbox.messages)
        await self._ask_deletion(CLUB, PASSWORD.octets().decode())
        self._press("ok")
        handset.occupation = Occupation.CALL
        self._say("A call comes in: nothing can be shown.")
        await self.lab.until(self._gone(CLUB), "the deletion")
        for _ in range(TRIES):
            if len(handset.inbox.messages) > before:
                break
            await asyncio.sleep(0.3)
            self.lab.world.phone_clock.skip(PATIENCE_OF_A_PHONE)
            self.lab.world.tick()
        await self.lab.until(lambda: len(handset.inbox.messages) > before, "the SMS")
        handset.occupation = None
        await self.lab.jobs_done()
        (message,) = handset.inbox.messages[before:]
        self._sms(message.sender, message.text or "")
        self._verify(f"{CLUB.name}应用已从卡中删除" in (message.text or ""), "the one final notice came by SMS")
        self._verify(self._application(CLUB) is None, f"{CLUB.name} is gone from the card")

    async def _statements(self) -> None:
        period = self._last_month
        self._step("Monthly statements", f"月账单：{period}")
        handset = self._handset
        before = len(handset.inbox.messages)
        reports = await run_statements(self.lab.service.committer, period)
        written, segments = sum(report.written for report in reports), sum(report.segments for report in reports)
        self._say(f"{written} statements, {segments} segments; each member and enterprise gets each kind once.")

        async def receipted() -> bool:
            lines = await self.lab.read(lambda conn: statements_of(conn, period))
            return all(line.state in {"DELIVERED", "SUPPRESSED"} for line in lines)

        await self.lab.until(receipted, "the delivery receipts")
        again = await run_statements(self.lab.service.committer, period)
        self._verify(sum(report.written for report in again) == 0, "a second run writes nothing")
        for run in await self.lab.read(lambda conn: runs_of(conn, period)):
            states = ", ".join(f"{state} {count}" for state, count in run.states)
            self._say(f"{run.enterprise} {run.kind} {run.state}: {states or 'none'}")
        texts = [message for message in handset.inbox.messages[before:] if message.text]
        for message in texts:
            self._sms(message.sender, message.text or "")
        wanted = [f"{WORK.name}{period.month}月考勤", f"{WORK.name}{period.month}月消费"]
        for piece in wanted:
            found = sum(piece in (message.text or "") for message in texts)
            self._verify(found == 1, f"“{piece}” is on the phone exactly once")
        self._verify(
            all((text.text or "").startswith("【移动一卡通】") for text in texts), "each begins with the signature"
        )

    def _timeline(self) -> None:
        self._step("The deletion, octet by octet", "删除过程逐层解码")
        msisdn = self._member.msisdn
        notes = [note for note in self.lab.timeline.notes if concerns(note, msisdn)]
        self._write(render_timeline(notes, self._card.keys, OpenSslProvider()))
        words = [note.answer[-2:].hex().upper() for note in notes if note.answer]
        self._verify(
            bool(words), f"{len(notes)} events, {len(words)} status words, the last {words[-1] if words else '-'}"
        )

    # what the guide does

    async def _ask_deletion(self, enterprise: DemoEnterprise, password: str) -> None:
        handset = self._handset
        self._press("ok")
        self._select(APPLICATIONS, "我的应用")
        self._show(handset.screen)
        self._select(self._line_of(enterprise), enterprise.name)
        self._select(DELETE_LINE, "删除应用")
        self._show(handset.screen)
        self._press("ok")
        self._show(handset.screen)
        self._key(f"types {'*' * len(password)} (6 digits, hidden)")
        handset.enter(password)
        await asyncio.sleep(0)

    def _line_of(self, enterprise: DemoEnterprise) -> int:
        applications = self._member.station.card.enterprise_applications()
        return 1 + [one.enterprise for one in applications].index(enterprise.number)

    def _press(self, key: str) -> None:
        self._key(f"presses {key}")
        self._handset.press(key)

    def _select(self, line: int, name: str) -> None:
        self._key(f"chooses {line} {name}")
        self._handset.select(line)

    async def _text_on_screen(self) -> None:
        """Wait for a text that came from the platform."""
        self._text = ""

        def shown() -> bool:
            screen = self._handset.screen
            self._text = self._text_of(screen) if getattr(screen, "high_priority", False) else ""
            return bool(self._text)

        await self.lab.until(shown, "an answer on the screen")

    @staticmethod
    def _text_of(screen: Screen) -> str:
        return str(getattr(screen, "text", ""))

    # what the guide checks

    def _application(self, enterprise: DemoEnterprise) -> EnterpriseApplication | None:
        return self._member.station.card.application_of(enterprise.number)

    def _gone(self, enterprise: DemoEnterprise) -> Callable[[], Any]:
        async def look() -> bool:
            return await self._state_of(enterprise) == "DELETED"

        return look

    async def _state_of(self, enterprise: DemoEnterprise) -> str:
        def look(conn: Connection) -> str:
            rows = conn.execute(
                select(card_application.c.state)
                .where(
                    card_application.c.iccid == self._card.iccid.digits,
                    card_application.c.enterprise_id == enterprise.number,
                )
                .order_by(card_application.c.created_at.desc())
            ).all()
            return str(rows[0].state) if rows else "NONE"

        return await self.lab.read(look)

    async def _booked(self, enterprise: DemoEnterprise) -> int:
        iccid = self._card.iccid.digits
        return await self.lab.read(lambda conn: balance(conn, iccid=iccid, enterprise_id=enterprise.number))

    @property
    def _last_month(self) -> Period:
        return Period.of(self.lab.clock.now()).before()

    def _verify(self, fact: bool, words: str) -> None:
        if not fact:
            raise NotVerified(f"step {self._number}: not true that {words}")
        self.verified += 1
        self._write(f"   ✓ {words}")

    # what is printed

    def _step(self, title: str, chinese: str) -> None:
        self._number += 1
        self._write(f"\n── {self._number}. {title} · {chinese} " + "─" * max(2, 60 - len(title) - 2 * len(chinese)))

    def _say(self, words: str) -> None:
        self._write(f"   {words}")

    def _key(self, words: str) -> None:
        self.lab.timeline.say(f"member {words}")
        self._write(f"   › {words}")

    def _sms(self, sender: str, text: str) -> None:
        self._write(f"   SMS from {sender}:\n     {text}")

    def _came_up(self, screen: Screen) -> None:
        """A screen that came up by itself."""
        if self._text_of(screen):
            self.lab.timeline.say(f"screen shows “{self._text_of(screen)}”".replace("\n", " / "))
            self._show(screen)

    def _show(self, screen: Screen) -> None:
        """The screen, unless it is what was printed last."""
        shown = "\n".join(f"     {line}" for line in render(screen).splitlines())
        if shown != self._shown:
            self._write(shown)
            self._shown = shown
