"""smpplib, an independent stack, exchanges messages with our simulator over a real port."""

from __future__ import annotations

import asyncio
import re
import threading
from pathlib import Path
from typing import Any

import smpplib.client
import smpplib.consts
import smpplib.gsm

from smsc_gateway.smsc.handsets import PlainHandset
from tests.interop.dissection import Captured, needs_tshark
from tests.smsc_gateway.loopback import PHONE, a_server
from tests.tasks import in_task

COUNT = 1_000
MO = 200
LONG = "长" * 80


def a_text(number: int) -> str:
    """ASCII, UCS-2, and one that takes two segments, in turn."""
    return (f"message {number}", f"消息 {number}", f"{LONG} {number}")[number % 3]


class SmpplibEsme:
    """smpplib's client in its own thread: submits, then reads until every receipt is there."""

    def __init__(self, port: int) -> None:
        self.client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=True)
        self.sent = 0
        self.accepted: list[str] = []
        self.receipted: list[str] = []
        self.texts: list[bytes] = []
        self.errors: list[str] = []
        self.client.set_message_sent_handler(self._sent)
        self.client.set_message_received_handler(self._received)
        self.client.set_error_pdu_handler(lambda pdu: self.errors.append(repr(pdu)))

    def _sent(self, pdu: Any) -> None:
        self.accepted.append(pdu.message_id.decode())

    def _received(self, pdu: Any) -> int:
        found = re.match(rb"id:(\S+) .* stat:DELIVRD", pdu.short_message)
        if pdu.esm_class & 4 and found:
            assert pdu.receipted_message_id.rstrip(b"\0") == found[1]
            self.receipted.append(found[1].decode())
        else:
            self.texts.append(pdu.short_message)
        return 0

    def run(self) -> None:
        try:
            self._talk()
        except Exception as error:  # noqa: BLE001 - a thread's failure must reach the test
            self.errors.append(repr(error))

    def _talk(self) -> None:
        self.client.connect()
        self.client.bind_transceiver(system_id="ykt", password="secret")
        for number in range(COUNT):
            parts, encoding, flags = smpplib.gsm.make_parts(a_text(number))
            for part in parts:
                self.sent += 1
                self.client.send_message(
                    source_addr="10086",
                    dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                    destination_addr=PHONE,
                    short_message=part,
                    data_coding=encoding,
                    esm_class=flags,
                    registered_delivery=True,
                )
            while self.sent - len(self.accepted) > 50:
                self.client.read_once()
        while len(self.receipted) < self.sent or len(self.texts) < MO:
            self.client.read_once()
        self.client.unbind()
        self.client.disconnect()


@needs_tshark
@in_task
async def test_smpplib_exchanges_a_thousand_messages_and_receipts_with_our_simulator(tmp_path: Path) -> None:
    """Each segment accepted, a receipt for the same id, every message of the phone, no error; tshark agrees."""
    captured = Captured(tmp_path / "smpp.pcap")
    server = a_server(observers=captured.observers)
    phone = PlainHandset(PHONE)
    server.attach(phone)
    esme = SmpplibEsme(server.listen(port=0))
    for number in range(MO):
        phone.send("10086", f"hello {number}")
    thread = threading.Thread(target=esme.run, daemon=True)
    thread.start()
    async with asyncio.timeout(30):
        while thread.is_alive():
            await asyncio.sleep(0.01)
    await server.stop()
    assert esme.errors == []
    assert len(esme.accepted) == esme.sent > COUNT
    assert sorted(esme.receipted) == sorted(esme.accepted)
    assert sorted(esme.texts) == sorted(b"hello %d" % number for number in range(MO))
    assert sorted(tpdu.text() or "" for tpdu in phone.inbox if not tpdu.udhi) == sorted(
        a_text(number) for number in range(COUNT) if number % 3 < 2
    )
    assert sum(tpdu.udhi for tpdu in phone.inbox) == 2 * (COUNT // 3)
    captured.tshark_agrees()
