"""Runs an async test body as an asyncio Task under Twisted's reactor (pytest-twisted)."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec

from twisted.internet.defer import Deferred

P = ParamSpec("P")


def in_task(body: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, Deferred[None]]:
    """Decorate an `async def` test: its body is a Task, so `await` of asyncio things works."""

    @functools.wraps(body)
    def run(*args: P.args, **kwargs: P.kwargs) -> Deferred[None]:
        return Deferred.fromFuture(asyncio.ensure_future(body(*args, **kwargs)))

    return run
