"""A simulator and a link to it on a real loopback port."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from twisted.internet import reactor

from smsc_gateway.links.awaited import AwaitedLink
from smsc_gateway.links.backoff import Backoff
from smsc_gateway.links.config import LinkConfig
from smsc_gateway.smpp import operations as op
from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.handsets import PlainHandset
from smsc_gateway.smsc.server import SmscServer

PHONE = "8613800000001"
ACCOUNT = Account("ykt", "secret", "10086")


def now() -> datetime:
    return datetime.now(ZoneInfo("Asia/Shanghai"))


def a_server(*accounts: Account, **options: Any) -> SmscServer:
    """A centre that does not listen yet."""
    ids = (f"{number:08X}" for number in itertools.count(0xA1))
    return SmscServer(accounts or (ACCOUNT,), reactor=reactor, clock=now, message_ids=ids, **options)


@dataclass
class Lab:
    """Both ends, a phone, and what the link's owner was given."""

    server: SmscServer
    link: AwaitedLink
    phone: PlainHandset
    port: int
    received: list[op.DeliverSm] = field(default_factory=list)
    answers: list[int | Exception | None] = field(default_factory=list)

    async def until(self, claim: Callable[[], bool], seconds: float = 10.0) -> None:
        """Let the loop run until the claim holds."""
        async with asyncio.timeout(seconds):
            while not claim():
                await asyncio.sleep(0.002)


@asynccontextmanager
async def lab(
    *, password: str = ACCOUNT.password, backoff: Backoff | None = None, **options: Any
) -> AsyncIterator[Lab]:
    """A bound link; `config_…` options go to LinkConfig, the others to the server."""
    changes = {name.removeprefix("config_"): options.pop(name) for name in list(options) if name.startswith("config_")}
    server = a_server(**options)
    phone = PlainHandset(PHONE)
    server.attach(phone)
    port = server.listen(port=0)
    config = replace(LinkConfig("127.0.0.1", port, "ykt", password), **changes)
    made: Lab

    async def on_deliver(pdu: op.DeliverSm) -> int | None:
        made.received.append(pdu)
        answer = made.answers.pop(0) if made.answers else 0
        if isinstance(answer, Exception):
            raise answer
        return answer

    waits = backoff or Backoff(Random(1), first=0.01)
    link = AwaitedLink(config, on_deliver=on_deliver, reactor=reactor, random=Random(1), backoff=waits)
    made = Lab(server, link, phone, port)
    link.start()
    try:
        yield made
    finally:
        await link.stop()
        await server.stop()


def a_submit(**changes: Any) -> op.SubmitSm:
    """A text to the phone with a receipt wanted."""
    fields: dict[str, Any] = {
        "source_addr": b"10086",
        "destination_addr": PHONE.encode(),
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "registered_delivery": 1,
        "short_message": b"hello",
    }
    return op.SubmitSm(**{**fields, **changes})
