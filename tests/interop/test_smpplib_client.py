"""smpplib, an independent stack, exchanges messages with our simulator over a real port."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import Any

import smpplib.client
import smpplib.consts
import smpplib.gsm

from smsc_gateway.smsc.handsets import PlainHandset
from tests.smsc_gateway.loopback import PHONE, a_server
from tests.tasks import in_task

COUNT = 100


class SmpplibEsme:
    """smpplib's client in its own thread: submits, then reads until every receipt is there."""

    def __init__(self, port: int) -> None:
        self.client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=True)
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
            parts, encoding, flags = smpplib.gsm.make_parts(f"消息 {number}" if number % 2 else f"message {number}")
            self.client.send_message(
                source_addr="10086",
                dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
                destination_addr=PHONE,
                short_message=parts[0],
                data_coding=encoding,
                esm_class=flags,
                registered_delivery=True,
            )
        while len(self.receipted) < COUNT or not self.texts:
            self.client.read_once()
        self.client.unbind()
        self.client.disconnect()


@in_task
async def test_smpplib_exchanges_a_hundred_messages_and_receipts_with_our_simulator() -> None:
    """100 accepted, 100 receipts for the same ids, one message of the phone, no error."""
    server = a_server()
    phone = PlainHandset(PHONE)
    server.attach(phone)
    esme = SmpplibEsme(server.listen(port=0))
    phone.send("10086", "hello from the phone")
    thread = threading.Thread(target=esme.run, daemon=True)
    thread.start()
    async with asyncio.timeout(30):
        while thread.is_alive():
            await asyncio.sleep(0.01)
    await server.stop()
    assert esme.errors == []
    assert len(esme.accepted) == COUNT
    assert sorted(esme.receipted) == sorted(esme.accepted)
    assert esme.texts == [b"hello from the phone"]
    assert sorted(tpdu.text() or "" for tpdu in phone.inbox) == sorted(
        f"消息 {number}" if number % 2 else f"message {number}" for number in range(COUNT)
    )
