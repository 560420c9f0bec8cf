"""The one event loop: asyncio's, under Twisted, on the monotonic clock."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from typing import Any


def install() -> Any:
    """Install AsyncioSelectorReactor, or take the one that is there, and return the reactor.

    Call it before anything imports `twisted.internet.reactor`; RuntimeError when another kind is already installed.
    """
    from twisted.internet.asyncioreactor import AsyncioSelectorReactor  # noqa: PLC0415 - imports no reactor yet

    if "twisted.internet.reactor" not in sys.modules:
        from twisted.internet import asyncioreactor  # noqa: PLC0415

        asyncioreactor.install(asyncio.new_event_loop())
    from twisted.internet import reactor  # noqa: PLC0415

    if not isinstance(reactor, AsyncioSelectorReactor):
        raise RuntimeError(
            f"{type(reactor).__name__} is installed already: import smsc_gateway.line.reactor, then install() first"
        )
    gc.set_threshold(50_000, 20, 50)  # messages die by their reference counts; looking for rings costs a tenth
    asyncio.set_event_loop(reactor._asyncioEventloop)
    reactor.seconds = time.monotonic
    return reactor
