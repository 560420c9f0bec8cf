"""The one bridge between the two worlds: our code runs in asyncio Tasks, Twisted stands at the protocol edge.

Awaiting a Deferred in a Task raises, and an already fired Deferred hides that in tests; go through here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


def aio(waiting: Deferred[T]) -> asyncio.Future[T]:
    """A Future for a Deferred: `await aio(deferred)` inside a Task."""
    return waiting.asFuture(asyncio.get_running_loop())


def deferred(work: Coroutine[Any, Any, T]) -> Deferred[T]:
    """A Deferred for a coroutine, which runs as a Task."""
    return Deferred.fromFuture(asyncio.ensure_future(work))
