"""An event loop whose time jumps: when nothing is ready it is at once as late as the next timer says.

One thread, no selector, no sockets: the same program gives the same order of events every time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import timedelta
from typing import Any, TypeVar, TypeVarTuple

from ..runtime.clock import ManualClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class WorldClock(ManualClock):
    """A manual clock whose wall clock somebody may set, while the monotonic one goes on."""

    def step(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


class NothingToWaitFor(RuntimeError):
    """Everybody waits and no timer runs: the program is stuck."""


class _Jump:
    """In the place of a selector: waiting moves the clock."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise NothingToWaitFor("everybody waits and no timer runs")
        if timeout > 0:
            self._clock.advance(timeout)
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs on a :class:`ManualClock`; what goes to an executor is done on the spot."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self._selector = _Jump(clock)

    def time(self) -> float:
        return self._clock.monotonic()

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits, as an executor does
            future.set_exception(error)
        return future

    def _process_events(self, event_list: list[Any]) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody sleeps, so nobody needs waking."""


def run_virtually(clock: ManualClock, live: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run `live()` to its end on a loop of its own, in a thread of its own: the reactor's loop has this one."""
    outcome: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        loop = VirtualLoop(clock)
        asyncio.set_event_loop(loop)
        try:
            outcome.append(loop.run_until_complete(live()))
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's thread
            failure.append(error)
        finally:
            _end(loop)
            asyncio.set_event_loop(None)
            loop.close()

    thread = threading.Thread(target=run, name="virtual time")
    thread.start()
    thread.join()
    for error in failure:
        raise error
    return outcome[0]


def _end(loop: VirtualLoop) -> None:
    """Cancel what still runs, and let it end."""
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
