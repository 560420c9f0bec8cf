"""Owns every Task: none dies silently, and the death of a critical one stops the service with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Supervisor:
    """Keeps references to running Tasks and looks at how they end.

    `on_death` is called once, with a sentence, when a critical Task ends by an exception.
    """

    def __init__(self, on_death: Callable[[str], None]) -> None:
        self._on_death = on_death
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False
        #: The first critical death, as a sentence.
        self.reason: str | None = None

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str, critical: bool = False) -> asyncio.Task[Any]:
        """Run the coroutine as a Task that this supervisor owns."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._look(ended, critical=critical))
        return task

    def _look(self, task: asyncio.Task[Any], *, critical: bool) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        log.error("a task died", task=task.get_name(), critical=critical, exc_info=error)
        if critical and self.reason is None and not self._stopping:
            self.reason = f"{task.get_name()} died: {type(error).__name__}: {error}"
            self._on_death(self.reason)

    async def stop(self, patience: float = 5.0) -> None:
        """Wait for the Tasks to end by themselves, then cancel the rest. The Task that calls is not counted."""
        self._stopping = True
        own = asyncio.current_task()
        waiting = [task for task in self._tasks if task is not own]
        if waiting:
            await asyncio.wait(waiting, timeout=patience)
        for task in [task for task in self._tasks if task is not own]:
            task.cancel()
        rest = [task for task in self._tasks if task is not own]
        if rest:
            await asyncio.gather(*rest, return_exceptions=True)
