"""Submits user data to an SMSC and prints what comes back: ``python -m tests.interop.submitting PORT HEX…``.

A program of its own, so that it can run where the SMSC listens. DCS 04, because not every simulator reads F6. One JSON
list: for each submission the status and the short message that came for it, in hexadecimal, null for none within ten
seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
from random import Random
from typing import Any

from smsc_gateway.line.reactor import install

SECONDS = 10


async def submitted(reactor: Any, port: int, messages: list[bytes]) -> list[dict[str, Any]]:
    """The outcome of each message, one after the other."""
    from smsc_gateway.links.awaited import AwaitedLink  # noqa: PLC0415 - after the reactor
    from smsc_gateway.links.config import LinkConfig  # noqa: PLC0415
    from smsc_gateway.smpp.operations import DeliverSm, SubmitSm  # noqa: PLC0415

    arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def on_deliver(pdu: DeliverSm) -> int:
        if pdu.short_message:  # this SMSC also sends empty ones
            arrived.put_nowait(pdu.short_message)
        return 0

    config = LinkConfig("127.0.0.1", port, "test", "test")
    link = AwaitedLink(config, on_deliver=on_deliver, reactor=reactor, random=Random(1))
    link.start()
    await link.bound.wait()
    outcomes: list[dict[str, Any]] = []
    for message in messages:
        result = await link.submit(SubmitSm(
            source_addr_ton=1, source_addr_npi=1, source_addr=b"12",
            dest_addr_ton=1, dest_addr_npi=1, destination_addr=b"23",
            esm_class=0x40, protocol_id=0x7F, data_coding=0x04, short_message=message,
        ))  # fmt: skip
        try:
            answer: str | None = (await asyncio.wait_for(arrived.get(), SECONDS)).hex()
        except TimeoutError:
            answer = None
        outcomes.append({"status": result.status, "answer": answer})
    await link.stop()
    return outcomes


def main() -> None:
    reactor = install()

    async def work() -> None:
        try:
            outcomes = await submitted(reactor, int(sys.argv[1]), [bytes.fromhex(word) for word in sys.argv[2:]])
            sys.stdout.write(json.dumps(outcomes) + "\n")
        finally:
            reactor.stop()

    reactor.callWhenRunning(lambda: asyncio.ensure_future(work(), loop=reactor._asyncioEventloop))
    reactor.run()


if __name__ == "__main__":
    main()
