"""Foreign SMPP stacks and ours exchange 1,000 messages each way over loopback: ASCII, UCS-2, long ones, MO, receipts.

node-smpp: `npm i smpp` anywhere, YKT_NODE_SMPP names its folder (…/node_modules/smpp). smpp.twisted3: a virtual
environment of its own, because it pins an old Twisted; YKT_SMPP_TWISTED3 names its python. Net::SMPP: Debian.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from twisted.internet import reactor

from smsc_gateway.links.awaited import AwaitedLink
from smsc_gateway.links.config import LinkConfig
from smsc_gateway.links.outcome import Certainty
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.receipt import find_receipt
from smsc_gateway.smsc.handsets import PlainHandset
from telecom_codecs.sms.concat import split_text
from tests.interop.dissection import Captured, needs_tshark
from tests.smsc_gateway.book import Book
from tests.smsc_gateway.loopback import PHONE, a_server
from tests.tasks import in_task

COUNT = 1_002
MO = 200
PEERS = Path(__file__).parent / "peers"
NODE_SMPP = os.environ.get("YKT_NODE_SMPP", "")
TWISTED3 = os.environ.get("YKT_SMPP_TWISTED3", "")


def _perl_has_net_smpp() -> bool:
    perl = shutil.which("perl")
    return (
        perl is not None
        and subprocess.run([perl, "-MNet::SMPP", "-e", "1"], check=False, stderr=subprocess.DEVNULL).returncode == 0
    )


needs_node = pytest.mark.skipif(
    not NODE_SMPP or shutil.which("node") is None,
    reason="node-smpp: npm i smpp, then YKT_NODE_SMPP=…/node_modules/smpp",
)
needs_net_smpp = pytest.mark.skipif(
    not _perl_has_net_smpp(), reason="net-smpp: not installed; apt-get install libnet-smpp-perl"
)
needs_twisted3 = pytest.mark.skipif(
    not TWISTED3,
    reason="smpp.twisted3: pip install smpp.twisted3 pyOpenSSL in a venv, then YKT_SMPP_TWISTED3=its python",
)


async def run(command: Sequence[str]) -> dict[str, Any]:
    """Run a peer beside the loop; the JSON of its last line."""
    loop = asyncio.get_running_loop()
    done = await loop.run_in_executor(
        None, lambda: subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


CLIENTS = [
    pytest.param(["node", str(PEERS / "node_esme.js"), NODE_SMPP], marks=needs_node, id="node-smpp"),
    pytest.param(["perl", str(PEERS / "net_smpp_esme.pl")], marks=needs_net_smpp, id="Net-SMPP"),
    pytest.param([TWISTED3, str(PEERS / "twisted3_esme.py")], marks=needs_twisted3, id="smpp.twisted3"),
]


@needs_tshark
@pytest.mark.parametrize("command", CLIENTS)
@in_task
async def test_peer_and_our_simulator_exchange_a_thousand_messages(command: list[str], tmp_path: Path) -> None:
    """No error on either side, a receipt for each, and tshark sees what our log counts."""
    captured = Captured(tmp_path / "smpp.pcap")
    server = a_server(observers=captured.observers)
    phone = PlainHandset(PHONE)
    server.attach(phone)
    for number in range(MO):
        phone.send("10086", f"余额 {number}" if number % 2 else f"balance {number}")
    report = await run([*command, str(server.listen(port=0)), str(COUNT), str(MO)])
    await server.stop()
    assert report == {"accepted": COUNT, "receipts": COUNT, "mo": MO, "errors": []}
    assert len(phone.inbox) == COUNT
    kinds = Counter("long" if tpdu.udhi else tpdu.dcs for tpdu in phone.inbox)
    assert kinds == {"long": COUNT // 3, 8: COUNT // 3, 0: COUNT // 3}
    assert {name: server.counts[name] for name in ("delivered to accounts", "refused PDUs", "submissions refused")} == {
        "delivered to accounts": COUNT + MO,
        "refused PDUs": 0,
        "submissions refused": 0,
    }
    captured.tshark_agrees()


SERVERS = [
    pytest.param(["node", str(PEERS / "node_smsc.js"), NODE_SMPP], marks=needs_node, id="node-smpp"),
    pytest.param([TWISTED3, str(PEERS / "twisted3_smsc.py")], marks=needs_twisted3, id="smpp.twisted3"),
]


@pytest.mark.parametrize("command", SERVERS)
@in_task
async def test_our_link_and_the_peers_server_exchange_a_thousand_messages(command: list[str]) -> None:
    """Each accepted, each receipt matched, every message of the phone stored."""
    loop = asyncio.get_running_loop()
    process = subprocess.Popen([*command, str(MO)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(await loop.run_in_executor(None, process.stdout.readline))
    book, texts = Book(), []

    async def on_deliver(pdu: op.DeliverSm) -> int:
        receipt = find_receipt(pdu)
        if receipt is None:
            texts.append(op.content(pdu).decode("utf-16-be"))
        else:
            book.receipt(receipt, pdu.source_addr)
        return 0

    link = AwaitedLink(
        LinkConfig("127.0.0.1", port, "ykt", "secret"), on_deliver=on_deliver, reactor=reactor, random=Random(1)
    )
    link.start()
    async with asyncio.timeout(90):
        await link.bound.wait()
        pdus = [pdu for number in range(COUNT // 3) for pdu in _messages(number)]
        futures = [link.submit(pdu) for pdu in pdus]
        for number, future in enumerate(futures):
            result = await future
            assert result.certainty is Certainty.ACCEPTED, result
            book.accepted(result.message_id, pdus[number].destination_addr, number)
        while len(book.told) < len(pdus) or len(texts) < MO:
            await asyncio.sleep(0.01)
    await link.stop()
    out, errors = await loop.run_in_executor(None, lambda: process.communicate(timeout=30))
    assert sorted(book.told) == list(range(len(pdus)))
    assert sorted(texts) == sorted(f"余额 {number}" for number in range(MO))
    report = json.loads(out.splitlines()[-1]) if out else errors
    assert report == {"submitted": len(pdus), "acknowledged": len(pdus) + MO, "refused": 0}
    assert {name: link.counts[name] for name in ("unanswered", "refused PDUs", "stray answers")} == {
        "unanswered": 0,
        "refused PDUs": 0,
        "stray answers": 0,
    }


def _messages(number: int) -> list[op.SubmitSm]:
    """An ASCII text, and a Chinese one that takes two segments."""
    fields: dict[str, Any] = {
        "source_addr": b"10086",
        "destination_addr": PHONE.encode(),
        "dest_addr_ton": 1,
        "dest_addr_npi": 1,
        "registered_delivery": 1,
    }
    long = split_text(f"对账单 {number} " + "长" * 70, reference=number & 0xFF)
    return [
        op.SubmitSm(short_message=f"message {number}".encode(), **fields),
        *(op.SubmitSm(esm_class=0x40, data_coding=8, short_message=one.user_data, **fields) for one in long),
    ]
