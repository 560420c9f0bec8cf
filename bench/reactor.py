"""Runs a bench in the one loop of Twisted and asyncio."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import structlog


def run_in_reactor(work: Callable[[Any], Awaitable[None]]) -> None:
    """Run `work(reactor)`; what it raises is raised here. Warnings of the program go to stderr."""
    from smsc_gateway.line.reactor import install  # noqa: PLC0415 - before anything imports the reactor

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    reactor = install()
    outcome: list[BaseException] = []

    async def life() -> None:
        try:
            await work(reactor)
        except BaseException as error:  # noqa: BLE001 - raised again below
            outcome.append(error)
        reactor.stop()

    tasks: list[asyncio.Future[None]] = []
    reactor.callWhenRunning(lambda: tasks.append(asyncio.ensure_future(life())))
    reactor.run()
    for error in outcome:
        raise error
