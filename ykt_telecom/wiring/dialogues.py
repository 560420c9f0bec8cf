"""Joins the dialogues to the service: whom OTA tells, and where passwords are judged."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from ..flows.dialogue.book import ORIGIN
from ..flows.dialogue.neighbours import Neighbours, Verdict, VerifyOrder
from ..flows.dialogue.password import PasswordSeal, password_seal
from ..flows.dialogue.steps import DialogueSteps
from ..flows.dialogue.verification import DEADLINE_SECONDS, WORKERS, Verification
from ..ota.means import OtaMeans
from ..registry.keys.wrapping import KeyRing
from ..runtime.clock import Clock
from ..storage.committer import Committer


class Host(Protocol):
    """What the service offers to those who join it."""

    means: OtaMeans
    clock: Clock
    ring: KeyRing
    on_start: list[Callable[[], Awaitable[object]]]
    on_stop: list[Callable[[], Awaitable[object]]]

    @property
    def committer(self) -> Committer: ...


def join_dialogues(
    host: Host, *, seal: PasswordSeal | None = None, deadline: float = DEADLINE_SECONDS, workers: int = WORKERS
) -> Verification:
    """Hang the dialogues into the service; at start they take up what was being judged.

    `deadline` in seconds is when every reply to a password is released.
    """
    used = seal or password_seal(host.ring)

    def verify(order: VerifyOrder) -> None:
        verification.submit(order)

    steps = DialogueSteps(Neighbours(verify, used))

    def store(verdict: Verdict) -> Awaitable[object]:
        return host.committer.together(steps.on_verdicts, verdict)

    async def begin() -> None:
        await host.committer.perform(steps.recover)

    verification = Verification(used, store=store, monotonic=host.clock.monotonic, deadline=deadline, workers=workers)
    host.means.requests = steps.on_mo_requests
    host.means.followers[ORIGIN] = steps.on_job_outcomes
    host.on_start.append(begin)
    host.on_stop.append(verification.stop)
    return verification
