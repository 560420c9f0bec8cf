"""Judging beside the loop: bounded, and every reply at one deadline."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from telecom_codecs.onecard.password import ServicePassword
from telecom_codecs.onecard.requests import Operation
from tests.tasks import in_task
from tests.ykt_telecom.flows.dialogue.desk import RIGHT, WRONG, Pepper, a_desk
from tests.ykt_telecom.ledger.money.world import iccid_of
from ykt_telecom.flows.dialogue.neighbours import Verdict, VerifyOrder
from ykt_telecom.flows.dialogue.password import PasswordSeal
from ykt_telecom.flows.dialogue.verification import Verification
from ykt_telecom.storage.faults import StorageUnavailable

pytestmark = pytest.mark.usefixtures("worlds")
CARD = iccid_of(1)


@dataclass
class Lab:
    """A verification on a clock that hashing moves and sleeping notes."""

    hashing_takes: float = 0.1
    now: float = 0.0
    slept: list[float] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    failures: int = 0

    def __post_init__(self) -> None:
        self.seal = SlowSeal(self)
        self.verification = Verification(
            self.seal,
            store=self.store,
            monotonic=lambda: self.now,
            deadline=1.0,
            workers=2,
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        await asyncio.sleep(0)

    async def store(self, verdict: Verdict) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageUnavailable("disk full")
        self.verdicts.append(verdict)


class SlowSeal(PasswordSeal):
    """Moves the lab's clock while it compares."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(Pepper(), cheap=True)
        self.lab = lab

    def matches(self, bound: str, password: ServicePassword, iccid: str) -> bool:
        self.lab.now += self.lab.hashing_takes
        return super().matches(bound, password, iccid)


def an_order(lab: Lab, dialogue_id: int, candidate: ServicePassword | None) -> VerifyOrder:
    verifier = None if candidate is None else lab.seal.bind(lab.seal.seal(RIGHT, bytes(16)), CARD)
    return VerifyOrder(dialogue_id, CARD, verifier, candidate)


@in_task
async def test_right_wrong_and_not_evaluated_are_released_at_the_same_moment() -> None:
    """T07: the wait tells nothing."""
    released = []
    for candidate in (RIGHT, WRONG, None):
        lab = Lab()
        lab.verification.submit(an_order(lab, 1, candidate))
        await lab.verification.drain()
        released.append(round(lab.now + sum(lab.slept), 6))
        assert lab.verdicts == [Verdict(1, None if candidate is None else candidate == RIGHT)]
        await lab.verification.stop()
    assert released == [1.0, 1.0, 1.0]


@in_task
async def test_a_late_judgement_waits_for_the_next_multiple() -> None:
    """Under load the deadline is missed for all alike, in whole steps."""
    lab = Lab(hashing_takes=1.3)
    lab.verification.submit(an_order(lab, 1, RIGHT))
    await lab.verification.drain()
    assert lab.slept == [0.7]
    await lab.verification.stop()


@in_task
async def test_a_verdict_waits_for_the_disk() -> None:
    """Intake may resume before anybody notices; the dialogue is not forgotten."""
    lab = Lab(failures=3)
    lab.verification.submit(an_order(lab, 1, RIGHT))
    await lab.verification.drain()
    assert lab.verdicts == [Verdict(1, True)]
    assert lab.slept == [0.9, 1.0, 1.0, 1.0]
    await lab.verification.stop()


@in_task
async def test_stopping_leaves_what_is_not_judged_for_the_next_start() -> None:
    """SIGTERM in the middle of a judgement."""
    lab = Lab(failures=1_000_000)
    lab.verification.submit(an_order(lab, 1, RIGHT))
    await asyncio.sleep(0)
    assert lab.verification.pending == 1
    await lab.verification.stop()
    assert lab.verdicts == []
    assert lab.verification.pending == 0


@in_task
async def test_a_dialogue_runs_through_the_verification() -> None:
    """Step, effect, pool, deadline, step: on one world."""
    desk = a_desk()

    async def store(verdict: Verdict) -> None:
        desk.decide(verdict)

    async def at_once(_seconds: float) -> None:
        await asyncio.sleep(0)

    verification = Verification(desk.seal, store=store, monotonic=lambda: 0.0, sleep=at_once)
    desk.ask(Operation.DELETE, password=RIGHT)
    for order in desk.waiting:
        verification.submit(order)
    await verification.drain()
    assert desk.state == "CLOSING"
    assert verification.evaluated == 1
    await verification.stop()
