"""The Task that sweeps jobs: at once after a change, and when something falls due."""

from __future__ import annotations

import asyncio

from ..runtime.clock import Clock
from ..storage.committer import Committer
from ..storage.faults import StorageUnavailable
from .means import OtaMeans
from .sweeping import sweep


class Dispatcher:
    """Runs :func:`sweep`; `longest` is the longest sleep in seconds."""

    def __init__(self, committer: Committer, means: OtaMeans, clock: Clock, *, longest: float = 1.0) -> None:
        self._committer = committer
        self._means = means
        self._clock = clock
        self._longest = longest
        self._wanted = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Sweep soon."""
        self._wanted.set()

    def stop(self) -> None:
        self._stopping = True
        self._wanted.set()

    async def run(self) -> None:
        """Sweep until stopped."""
        while not self._stopping:
            self._wanted.clear()
            try:
                due = await self._committer.perform(lambda conn, context: sweep(conn, context, self._means))
            except StorageUnavailable:
                due = None
                if self._stopping:
                    return
                await asyncio.sleep(min(1.0, self._longest))
            pause = self._longest
            if due is not None:
                pause = min(pause, max(0.01, (due - self._clock.now()).total_seconds()))
            try:
                await asyncio.wait_for(self._wanted.wait(), pause)
            except TimeoutError:
                continue
