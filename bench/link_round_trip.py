"""CPU of a link for one OTA round trip (submit_sm, its answer, a receipt, a PoR), on a real socket to another process.

    python -m bench.link_round_trip [--round-trips N] [--window N]

The platform's side does nothing but hand over and answer; process_time of its process alone, by the round trip.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import subprocess
import sys
import time
from datetime import UTC, datetime
from random import Random
from typing import Any

from smsc_gateway.line.reactor import install

PACKET = bytes.fromhex("027000") + bytes(60)
POR = bytes.fromhex("027100000B0A") + bytes(40)
DEADLINE = 300.0


def centre(reactor: Any) -> int:
    """A simulator whose phones answer every packet with a PoR; its port."""
    from smsc_gateway.smsc.accounts import Account  # noqa: PLC0415 - after the reactor
    from smsc_gateway.smsc.server import SmscServer  # noqa: PLC0415
    from telecom_codecs.sms.tpdu import DeliverReport  # noqa: PLC0415

    class Card:
        """A phone whose card answers at once."""

        def __init__(self, msisdn: str) -> None:
            self.msisdn = msisdn

        def deliver(self, tpdu: Any) -> DeliverReport:
            return DeliverReport(user_data=POR, udhi=True, pid=0x7F, dcs=0xF6)

        def attach(self, submit: Any) -> None:
            """It sends nothing of its own."""

    server = SmscServer(
        [Account.parse("bench:bench:10086")],
        reactor=reactor,
        clock=lambda: datetime.now(UTC),
        message_ids=(str(number) for number in itertools.count(1)),
    )
    for number in range(1000):
        server.attach(Card(f"86138{number:08}"))
    return server.listen(port=0)


async def measured(reactor: Any, port: int, round_trips: int, window: int) -> float:
    """Microseconds of CPU for a round trip."""
    from smsc_gateway.links.config import LinkConfig  # noqa: PLC0415 - after the reactor
    from smsc_gateway.links.delivery import Delivery  # noqa: PLC0415
    from smsc_gateway.links.esme import EsmeLink  # noqa: PLC0415
    from smsc_gateway.smpp.operations import SubmitSm  # noqa: PLC0415

    link = EsmeLink(LinkConfig("127.0.0.1", port, "bench", "bench", window=window), reactor=reactor, random=Random(1))
    done = asyncio.Event()
    left, answers, deliveries = round_trips, 0, 0
    numbers = [f"86138{number:08}".encode() for number in range(1000)]

    def submissions(count: int, first: int) -> list[tuple[int, SubmitSm]]:
        return [
            (
                key,
                SubmitSm(
                    source_addr_npi=1,
                    source_addr=b"10086",
                    dest_addr_ton=1,
                    dest_addr_npi=1,
                    destination_addr=numbers[key % 1000],
                    esm_class=0x40,
                    protocol_id=0x7F,
                    registered_delivery=1,
                    data_coding=0xF6,
                    short_message=PACKET,
                ),
            )
            for key in range(first, first + count)
        ]

    def on_room() -> None:
        nonlocal left
        count = min(link.room, left)
        if count:
            batch = submissions(count, left)
            left -= count
            link.submit_many(batch)

    def on_answers(told: list[Any]) -> None:
        nonlocal answers
        answers += len(told)

    def on_deliver_many(told: list[Delivery]) -> None:
        nonlocal deliveries
        deliveries += len(told)
        for delivery in told:
            delivery.answer(0)
        if deliveries >= 2 * round_trips and answers >= round_trips:
            done.set()

    link.on_room, link.on_answers, link.on_deliver_many = on_room, on_answers, on_deliver_many
    begun = time.process_time()
    link.start()
    async with asyncio.timeout(DEADLINE):
        await done.wait()
    cpu = time.process_time() - begun
    await link.stop()
    return cpu / round_trips * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--round-trips", type=int, default=50_000)
    parser.add_argument("--window", type=int, default=100)
    parser.add_argument("--serve", action="store_true")
    options = parser.parse_args()
    reactor = install()
    if options.serve:
        sys.stdout.write(f"{centre(reactor)}\n")
        sys.stdout.flush()
        reactor.run()
        return
    command = [sys.executable, "-m", "bench.link_round_trip", "--serve"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    outcome: dict[str, Any] = {}

    async def work() -> None:
        try:
            outcome["micros"] = await measured(reactor, port, options.round_trips, options.window)
        except BaseException as error:  # noqa: BLE001 - raised again below, once the reactor has stopped
            outcome["error"] = error
        reactor.stop()

    reactor.callWhenRunning(lambda: outcome.setdefault("task", asyncio.ensure_future(work())))
    try:
        reactor.run()
    finally:
        process.kill()
    if "error" in outcome:
        raise outcome["error"]
    sys.stdout.write(f"link: {outcome['micros']:.1f} us of CPU for each OTA round trip\n")


if __name__ == "__main__":
    main()
