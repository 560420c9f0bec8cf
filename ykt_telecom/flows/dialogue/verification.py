"""Judges passwords beside the loop: a bounded pool hashes, and every reply is released at one fixed deadline.

Orders with and without a verifier wait equally long, so that right, wrong, locked and unknown look the same from
outside (T07). A judgement that is late, because many are waiting, is released at the next multiple
of the deadline.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from ...storage.faults import StorageUnavailable
from .neighbours import Verdict, VerifyOrder
from .password import PasswordSeal

DEADLINE_SECONDS = 1.0
WORKERS = 2

Sleep = Callable[[float], Awaitable[None]]


class Verification:
    """Takes orders as effects after a commit and comes back with a verdict in a transaction of its own.

    `store` hands a verdict to `DialogueSteps.on_verdicts`; `monotonic` is a clock in seconds. A verdict that could not
    be stored is asked for again by `DialogueSteps.recover` at the next start.
    """

    def __init__(
        self,
        seal: PasswordSeal,
        *,
        store: Callable[[Verdict], Awaitable[object]],
        monotonic: Callable[[], float],
        deadline: float = DEADLINE_SECONDS,
        workers: int = WORKERS,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._seal = seal
        self._store = store
        self._monotonic = monotonic
        self._deadline = deadline
        self._sleep = sleep
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="password")
        self._tasks: set[asyncio.Task[None]] = set()
        #: Candidates that were hashed and compared since start.
        self.evaluated = 0

    @property
    def pending(self) -> int:
        return len(self._tasks)

    def submit(self, order: VerifyOrder) -> None:
        """Begin to judge; call it in the running loop."""
        task = asyncio.get_running_loop().create_task(self._judge(order))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self) -> None:
        """Wait until every order has its verdict stored."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Give up what is not judged yet: the dialogues stay VERIFYING and are taken up at the next start."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._pool.shutdown(wait=True, cancel_futures=True)

    async def _judge(self, order: VerifyOrder) -> None:
        began = self._monotonic()
        matched: bool | None = None
        if order.verifier is not None and order.candidate is not None:
            self.evaluated += 1
            matched = await asyncio.get_running_loop().run_in_executor(
                self._pool, self._seal.matches, order.verifier, order.candidate, order.iccid
            )
        took = self._monotonic() - began
        release = max(1, math.ceil(took / self._deadline)) * self._deadline
        await self._sleep(release - took)
        verdict = Verdict(order.dialogue_id, matched)
        while True:
            try:
                await self._store(verdict)
            except StorageUnavailable:
                await self._sleep(self._deadline)  # until the disk is back, or the service stops
            else:
                return
