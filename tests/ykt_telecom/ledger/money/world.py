"""A small world in an empty database: enterprises, members with cards, applications; time and ids under control."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, Engine

from tests.ykt_telecom import engines
from ykt_telecom.registry.cards.tables import card, card_application
from ykt_telecom.registry.directory.tables import enterprise, member
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.runtime.tokens import SeededTokens
from ykt_telecom.storage.context import StepContext

T = TypeVar("T")

HUAXIN, CUIHU = 1001, 1002
NOON = datetime(2026, 10, 12, 12, 3, tzinfo=BUSINESS_ZONE)


def iccid_of(number: int) -> str:
    return f"898600{number:013d}"


def msisdn_of(number: int) -> str:
    return f"86138{number:08d}"


@dataclass
class World:
    """The database with a clock and ids; `run` is one committed transaction."""

    engine: Engine
    now: datetime = NOON
    tokens: SeededTokens = field(default_factory=SeededTokens)

    def run(self, step: Callable[[Connection, StepContext], T]) -> T:
        """Commit the step, then run its effects."""
        context = StepContext(self.now, self.tokens)
        with self.engine.begin() as connection:
            result = step(connection, context)
        for effect in context.effects:
            effect()
        return result

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        with self.engine.connect() as connection:
            yield connection

    def add_member(self, number: int, enterprise_id: int, name: str = "张三") -> None:
        """A member with the card of that number, and an active application with all rights."""
        created = self.now - timedelta(days=400)
        with self.engine.begin() as connection:
            connection.execute(
                member.insert().values(
                    enterprise_id=enterprise_id,
                    msisdn=msisdn_of(number),
                    name=name,
                    state="ACTIVE",
                    created_at=created,
                )
            )
            known = connection.execute(card.select().where(card.c.iccid == iccid_of(number))).first()
            if known is None:
                connection.execute(
                    card.insert().values(
                        iccid=iccid_of(number),
                        msisdn=msisdn_of(number),
                        profile="ykt",
                        state="ACTIVE",
                        mt_kic=0x12,
                        mt_kid=0x12,
                        mo_kic=0x52,
                        mo_kid=0x52,
                        key_generation=1,
                        created_at=created,
                        updated_at=created,
                    )
                )
            slot = 1 + enterprise_id % 8
            connection.execute(
                card_application.insert().values(
                    id=number * 10_000 + enterprise_id,
                    iccid=iccid_of(number),
                    enterprise_id=enterprise_id,
                    slot=slot,
                    aid=f"F0594B54310002{enterprise_id:08X}594B{slot:02X}0000",
                    name="应用",
                    rights=7,
                    key_version=1,
                    state="ACTIVE",
                    created_at=created,
                    updated_at=created,
                )
            )


def a_world(**names: str) -> World:
    """Two enterprises without members; `huaxin` and `cuihu` may rename them."""
    engine = engines.worlds.empty()
    world = World(engine)
    with engine.begin() as connection:
        for number, name in ((HUAXIN, names.get("huaxin", "华信科技")), (CUIHU, names.get("cuihu", "翠湖小区"))):
            connection.execute(
                enterprise.insert().values(
                    id=number,
                    code=f"E{number}",
                    name=name,
                    signature="移动一卡通",
                    load_cap_fen=100_000,
                    state="ACTIVE",
                    created_at=world.now,
                )
            )
    return world
