"""The simulated card: APDUs and OTA packets a second on one core, memory of idle cards, a network of phones.

`python -m bench.card [--cards N] [--phones N]`; each part in a process of its own. APDUs and packets are per second of
CPU time. Packets are sealed beforehand by the other crypto provider; what is timed is the card: ENVELOPE, opening,
executing a two-command script, sealing the PoR, GET RESPONSE. The phones are whole ones (card, applet, handset) on
one SMSC simulator; a client on a real SMPP line, in the same process, then sends packets to some of them.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import structlog

from stk_applet_sim.applet.enterprise import EnterpriseApplication
from stk_applet_sim.applet.purse import ApplicationState
from stk_applet_sim.population import SeededCard, seeded_population
from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.card.identities import Tar
from telecom_codecs.cat import SmsPpDownload, encode_envelope
from telecom_codecs.crypto.key_derivation import KeyUsage
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import KeySet, SecretKey
from telecom_codecs.ota.packet_security import open_response, seal_command
from telecom_codecs.ota.remote_command import CompactResponse
from telecom_codecs.ota.secured_packet import CommandPacket, Spi
from telecom_codecs.sms.address import Address
from telecom_codecs.sms.concat import split_packet
from telecom_codecs.sms.dcs import DCS_OTA
from telecom_codecs.sms.time import Scts
from telecom_codecs.sms.tpdu import SmsDeliver
from telecom_codecs.sms.udh import IEI_COMMAND_PACKET

PARTS = ("speed", "memory", "memory of issued", "network")
REPEAT = 5
GIB = 1 << 30
FILES = Tar(bytes.fromhex("B00010"))
SPI = Spi.decode(bytes.fromhex("1619"))
READ_ICCID = bytes.fromhex("00A40004022FE200B000000A")
OPENSSL = OpenSslProvider()
MIDNIGHT = Scts(2026, 11, 22, 0, 0, 0, 32)


def report(bench: str, n: int, rates: list[float], **extra: object) -> None:
    """One JSON line: the median of the repetitions and their spread."""
    line: dict[str, object] = {"bench": bench, "n": n}
    if rates:
        line |= {"rate": round(statistics.median(rates)), "least": round(min(rates)), "most": round(max(rates))}
    rss_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps({**line, **extra, "rss_mb": rss_mb}), flush=True)


def resident() -> int:
    """Octets of this process in memory now."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


def a_card() -> Uicc:
    return Uicc(CardProfile.named("ykt"), provider=PycryptodomeProvider(), random=bytes)


def packets(keys: KeySet, counters: Iterable[int]) -> list[bytes]:
    """Sealed command packets that read EF.ICCID, as user data of one short message each."""
    sealed = (
        seal_command(CommandPacket(SPI, 0x12, 0x12, FILES, counter, READ_ICCID), keys, OPENSSL) for counter in counters
    )
    return [split_packet(packet, iei=IEI_COMMAND_PACKET, reference=0)[0] for packet in sealed]


def rate_of(card: Uicc, commands: list[bytes]) -> float:
    process = card.process
    begun = time.process_time()
    for command in commands:
        process(command)
    return len(commands) / (time.process_time() - begun)


def apdus(n: int) -> None:
    """Reading and selecting by the contacts."""
    for bench, sequence in (
        ("card: READ BINARY", ["00B000000A"]),
        ("card: SELECT, GET RESPONSE, READ BINARY", ["00A40004022FE2", "00C0000020", "00B000000A"]),
    ):
        card = a_card()
        card.process(bytes.fromhex("00A40004022FE2"))
        commands = [bytes.fromhex(command) for command in sequence] * (n // len(sequence))
        report(bench, len(commands), [rate_of(card, commands) for _ in range(REPEAT)], unit="APDU/s")


def ota(n: int) -> None:
    """Whole packets: ENVELOPE and GET RESPONSE, the PoR checked at the end."""
    card = a_card()
    keys = card.profile.keys[1].keys
    rates, counters = [], itertools.count(1)
    for _ in range(REPEAT):
        envelopes = []
        for user_data in packets(keys, itertools.islice(counters, n)):
            message = SmsDeliver(Address("8610086"), 0x7F, DCS_OTA, MIDNIGHT, user_data, udhi=True)
            octets = encode_envelope(SmsPpDownload(Address("8613800100500"), message.encode()))
            envelopes.append(bytes((0x80, 0xC2, 0, 0, len(octets))) + octets)
        begun = time.process_time()
        for envelope in envelopes:
            answer = card.process(envelope)
            answer = card.process(bytes((0x80, 0xC0, 0, 0, answer[1])))
        rates.append(n / (time.process_time() - begun))
        opened = open_response(answer[3:-2], SPI, 0x12, 0x12, keys, OPENSSL)
        assert opened.authentic
        assert CompactResponse.decode(opened.packet.data).data == card.iccid.octets()
    report("card: OTA packet with PoR", n, rates, unit="packet/s")


def idle_cards(n: int, *, issued: bool) -> None:
    """Octets of one more card: own identity, own keys, what it changed; the image is shared.

    `issued`: with an enterprise application that was loaded once, and the OTA counter of that.
    """
    people = seeded_population(n, "bench")
    shared, provider = CardProfile.named("ykt"), PycryptodomeProvider()
    before = resident()
    cards = [
        Uicc(
            shared.with_identity(iccid=who.iccid, imsi=who.imsi, msisdn=who.msisdn, keys=who.keys),
            provider=provider,
            random=bytes,
        )
        for who in people
    ]
    for card in cards if issued else ():
        state = ApplicationState(7, 1, 7, 100_000, "一卡通", rsn=1, last_amount=5000, last_job=1, balance=5000)
        EnterpriseApplication.install(card.memory, state)
        [application] = card.enterprise_applications()
        application.personalise({usage: SecretKey(bytes([usage]) * 16) for usage in KeyUsage})
        card.memory.write("key/1/counter", bytes(5))
    each = (resident() - before) / n
    image = sum(map(len, shared.tree.contents.values()))
    million = {"million_gib": round(each * 1_000_000 / GIB, 2)}
    kind = "an issued idle card" if issued else "a blank idle card"
    report(f"card: memory of {kind}", n, [], octets=round(each), image_octets=image, **million)
    assert len(cards) == n


async def phones(reactor: Any, n: int, sending: int) -> None:
    """n whole phones in one network; packets go to `sending` of them by SMPP and their PoRs come back."""
    from smsc_gateway.links.awaited import AwaitedLink  # noqa: PLC0415 - after the reactor
    from smsc_gateway.links.config import LinkConfig  # noqa: PLC0415
    from smsc_gateway.links.outcome import Certainty  # noqa: PLC0415
    from smsc_gateway.smpp.operations import DeliverSm, SubmitSm  # noqa: PLC0415
    from smsc_gateway.smsc.accounts import Account  # noqa: PLC0415
    from smsc_gateway.smsc.server import SmscServer  # noqa: PLC0415

    people = seeded_population(n, "bench")
    server = SmscServer(
        [Account.parse("bench:bench:10086")],
        reactor=reactor,
        clock=lambda: datetime.now(UTC),
        message_ids=(str(number) for number in itertools.count(1)),
    )
    before, begun = resident(), time.perf_counter()
    for who in people:
        server.attach(who.station())
    seconds, each = time.perf_counter() - begun, (resident() - before) / n
    report("phones attached to one simulator", n, [n / seconds], unit="phone/s", octets=round(each))

    proofs: list[bytes] = []
    answered = asyncio.Event()

    async def on_deliver(pdu: DeliverSm) -> int:
        proofs.append(pdu.short_message)
        if len(proofs) == sending:
            answered.set()
        return 0

    port = server.listen(port=0)
    config = LinkConfig("127.0.0.1", port, "bench", "bench")
    link = AwaitedLink(config, on_deliver=on_deliver, reactor=reactor, random=Random(1))
    link.start()
    await link.bound.wait()
    chosen = iter(Random(1).sample(people, sending))

    async def work(whom: Iterable[SeededCard]) -> None:
        for who in whom:
            [user_data] = packets(who.keys[1], [1])
            result = await link.submit(SubmitSm(
                source_addr_ton=1, source_addr_npi=1, source_addr=b"10086",
                dest_addr_ton=1, dest_addr_npi=1, destination_addr=who.msisdn.digits.encode(),
                esm_class=0x40, protocol_id=0x7F, data_coding=DCS_OTA, short_message=user_data,
            ))  # fmt: skip
            assert result.certainty is Certainty.ACCEPTED, result

    begun = time.perf_counter()
    await asyncio.gather(*(work(chosen) for _ in range(50)))
    await answered.wait()
    seconds = time.perf_counter() - begun
    assert all(proof.startswith(bytes.fromhex("027100")) for proof in proofs)
    report("OTA through SMPP to one phone of many", sending, [sending / seconds], unit="packet/s", phones=n)
    await link.stop()
    await server.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=30_000, help="APDUs a repetition; a tenth of it OTA packets")
    parser.add_argument("--cards", type=int, default=50_000)
    parser.add_argument("--phones", type=int, default=100_000)
    parser.add_argument("--part", choices=PARTS)
    options = parser.parse_args()
    if options.part is None:
        for part in PARTS:
            subprocess.run([sys.executable, "-m", "bench.card", *sys.argv[1:], "--part", part], check=True)
    elif options.part == "speed":
        apdus(options.n)
        ota(options.n // 10)
    elif options.part == "memory":
        idle_cards(options.cards, issued=False)
    elif options.part == "memory of issued":
        idle_cards(options.cards, issued=True)
    else:
        network(options.phones)


def network(n: int) -> None:
    """A reactor for the phones."""
    from smsc_gateway.line.reactor import install  # noqa: PLC0415 - before anything imports the reactor

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    reactor = install()
    reactor.callWhenRunning(_start, reactor, phones(reactor, n, min(2_000, n)))
    reactor.run()


def _start(reactor: Any, work: Any) -> None:
    task = asyncio.ensure_future(work, loop=reactor._asyncioEventloop)
    task.add_done_callback(lambda done: (reactor.stop(), done.result()))


if __name__ == "__main__":
    main()
