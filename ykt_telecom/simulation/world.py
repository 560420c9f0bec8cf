"""One seed, one world: people, faults and the service on virtual time, then healed, quiet, and looked at."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from dataclasses import dataclass
from random import Random

from sqlalchemy import select

from ..messaging.tables import outbox
from ..ota.tables import job, packet
from .faults import Fault, Script
from .lab import Lab
from .nemesis import Nemesis
from .oracles import check_world
from .people import operate, press_keys, run_bills
from .stories import a_member
from .virtual import WorldClock, run_virtually

#: Virtual seconds after the last fault until everything has ended: the slowest wait, and ten minutes put back often.
QUIET = 10_000.0


#: Above the numbers of all rows that a world begins with.
FIRST_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """What a seed gave. `violation` is what did not hold, None when everything did."""

    seed: int
    digest: str
    events: int
    lives: int
    hits: Counter[Fault]
    violation: str | None


def run_seed(seed: int, faults: tuple[Fault, ...] = tuple(Fault)) -> Run:
    """Play the world of this seed. The same seed and program give the same digest."""
    beginning = a_member()
    clock = WorldClock(beginning.at)
    script = Script.swarm(seed, faults)
    seen: list[Lab] = []

    async def live() -> str | None:
        lab = Lab(clock, beginning, script)
        seen.append(lab)
        try:
            await _live(lab, clock, seed)
            check_world(lab)
        except AssertionError as error:
            return str(error)
        return None

    violation = run_virtually(clock, live)
    return Run(seed, _digest(seen[0]), seen[0].wire.events, seen[0].lives, script.happened, violation)


async def _live(lab: Lab, clock: WorldClock, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a world that can be repeated, nothing secret
    script, nemesis = lab.script, Nemesis(lab, clock, Random(chance.random()))  # noqa: S311
    lab.tokens.at_least(FIRST_NUMBER)
    await lab.begin()
    people = [operate(lab, Random(chance.random())), run_bills(lab, Random(chance.random()))]  # noqa: S311
    people += [press_keys(lab, phone, Random(chance.random())) for phone in lab.phones]  # noqa: S311
    evil = asyncio.ensure_future(nemesis.act())
    living = [asyncio.ensure_future(one) for one in people]
    try:
        await asyncio.gather(*living)
    finally:
        evil.cancel()
        for one in living:
            one.cancel()
    script.heal()
    nemesis.heal()
    await lab.quiet(QUIET)


def _digest(lab: Lab) -> str:
    """Of all that crossed, and of where jobs, packets and texts stand in the end."""
    whole = hashlib.sha256(lab.wire.digest.encode())
    for table in (job, packet, outbox):
        for row in lab.read(lambda conn, table=table: conn.execute(select(table).order_by(table.c.id)).all()):  # type: ignore[misc]
            whole.update(repr(tuple(row)).encode())
    return whole.hexdigest()
