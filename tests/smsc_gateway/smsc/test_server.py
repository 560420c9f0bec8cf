"""The simulator on a real port: strangers on the wire, limits, observers, early receipts, handset failures."""

from __future__ import annotations

import asyncio
import io
import json
import struct

import pytest

from smsc_gateway.line.observers import PcapLog, PduLog, public
from smsc_gateway.smpp import operations as op
from smsc_gateway.smpp.status import CommandStatus
from smsc_gateway.smsc.accounts import Account
from smsc_gateway.smsc.air import Refusal
from smsc_gateway.smsc.handsets import PlainHandset
from smsc_gateway.smsc.server import MAX_UNBOUND, SmscServer
from telecom_codecs.pcap import decode_file
from telecom_codecs.sms.tpdu import DeliverReport, SmsDeliver
from tests.tasks import in_task

from ..loopback import PHONE, a_server, a_submit, lab, now

HOSTILE = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    bytes.fromhex("160301 0200 010001fc0303") + bytes(64),
    b"SSH-2.0-OpenSSH_9.2\r\n",
    struct.pack(">I", 0x7FFFFFFF),
    bytes(4),
    bytes.fromhex("0000000f") + bytes(11),
]


async def talk(port: int, octets: bytes) -> bytes:
    """Send octets on an own connection and read until the server closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    async with asyncio.timeout(5):
        answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("octets", HOSTILE, ids=["http", "tls", "ssh", "2**31-1", "zero", "15"])
@in_task
async def test_hostile_octets_are_nacked_and_other_binds_unharmed(octets: bytes) -> None:
    """One generic_nack, closed; the bound ESME goes on."""
    async with lab() as made:
        await made.link.bound.wait()
        answer = op.decode(await talk(made.port, octets))
        assert (answer.command_id, answer.status) == (op.GenericNack.command_id, CommandStatus.RINVCMDLEN)
        assert (await made.link.submit(a_submit())).status == 0
        assert made.link.counts["lines lost"] == 0


@in_task
async def test_three_hundred_dribblers_do_not_keep_an_esme_out() -> None:
    """Connections that never bind make room for one that does."""
    server = a_server()
    port = server.listen(port=0)
    writers = []
    for _ in range(300):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"\0\0")
        writers.append(writer)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(op.encode(op.BindTransceiver(system_id=b"ykt", password=b"secret"), 1))
    async with asyncio.timeout(1):
        head = await reader.readexactly(16)
    assert struct.unpack(">IIII", head)[1:3] == (op.BindTransceiverResp.command_id, 0)
    assert len(server._unbound) <= MAX_UNBOUND
    for each in [*writers, writer]:
        each.close()
    await server.stop()


@in_task
async def test_observers_see_every_pdu_and_no_password() -> None:
    """The log counts what the capture shows; the password is in neither."""
    text, capture = io.StringIO(), io.BytesIO()
    pdu_log, pcap = PduLog(text, now), PcapLog(capture, now)
    async with lab(observers=[pdu_log, pcap]) as made:
        await made.link.bound.wait()
        await made.link.submit(a_submit())
        await made.until(lambda: len(made.received) == 1)
    lines = [json.loads(line) for line in text.getvalue().splitlines()]
    names = [line["pdu"] for line in lines]
    assert names[:4] == ["bind_transceiver", "bind_transceiver_resp", "submit_sm", "submit_sm_resp"]
    assert {"deliver_sm", "deliver_sm_resp", "unbind", "unbind_resp"} <= set(names)
    assert pdu_log.count == len(lines)
    carried = b"".join(frame[40:] for _, frame in decode_file(capture.getvalue()))
    assert carried == b"".join(bytes.fromhex(line["octets"]) for line in lines)
    assert b"secret" not in carried
    assert b"******" in carried


def test_bind_that_cannot_be_read_shows_its_header_only() -> None:
    """Not even half a password is logged."""
    octets = op.encode(op.BindTransceiver(system_id=b"ykt", password=b"secret"), 1)
    cut = len(octets[:-8]).to_bytes(4, "big") + octets[4:-8]
    assert public(cut) == bytes.fromhex("00000010") + octets[4:16]


class BrokenHandset(PlainHandset):
    """A phone with a programming error."""

    def deliver(self, tpdu: SmsDeliver) -> DeliverReport | None:
        raise RuntimeError("no such file")


@in_task
async def test_handset_that_fails_costs_its_own_message_only() -> None:
    """The centre reports UNDELIV and goes on."""
    async with lab() as made:
        made.server.attach(BrokenHandset("8613800000002"))
        await made.link.bound.wait()
        await made.link.submit(a_submit(destination_addr=b"8613800000002"))
        await made.link.submit(a_submit())
        await made.until(lambda: len(made.received) == 2)
        assert b"stat:UNDELIV" in made.received[0].short_message
        assert b"stat:DELIVRD" in made.received[1].short_message


class BrokenRange:
    """A range that cannot make its phones."""

    def station_of(self, msisdn: str) -> PlainHandset | None:
        raise RuntimeError("no profile")


@in_task
async def test_range_that_fails_costs_its_own_message_only() -> None:
    """Its number counts as unknown; the other phone has its message."""
    async with lab() as made:
        made.server.attach(BrokenRange())
        await made.link.bound.wait()
        await made.link.submit(a_submit(destination_addr=b"8613800000002"))
        await made.link.submit(a_submit())
        await made.until(lambda: len(made.received) == 2)
    texts = [pdu.short_message for pdu in made.received]
    assert sorted(b"DELIVRD" in text for text in texts) == [False, True]


@in_task
async def test_receipts_wait_for_an_account_that_is_not_bound() -> None:
    """Whoever binds next gets them, once."""
    async with lab() as made:
        await made.link.bound.wait()
        made.phone.is_on = False
        await made.link.submit(a_submit())
        await made.link.stop()
        made.phone.is_on = True
        made.server.centre.mailbox.hasten(PHONE, now())
        made.server._soon()
        await made.until(lambda: len(made.server.centre.outgoing["ykt"]) == 1)
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(op.encode(op.BindReceiver(system_id=b"ykt", password=b"secret", interface_version=0x33), 1))
        octets = b""
        async with asyncio.timeout(5):
            while b"stat:DELIVRD" not in octets:
                octets += await reader.read(4096)
        answer_length = int.from_bytes(octets[:4], "big")
        receipt = op.decode(octets[answer_length:])
        assert receipt.tlvs == ()  # the peer bound as 3.3
        writer.write(op.encode(op.DeliverSmResp(), receipt.sequence))
        await made.until(lambda: made.server.counts["delivered to accounts"] == 1)
        writer.close()


@in_task
async def test_other_operations_are_answered_on_the_wire() -> None:
    """data_sm, submit_multi, query_sm, cancel_sm, replace_sm."""
    async with lab() as made:
        made.phone.is_on = False
        asks: list[op.Pdu] = [
            op.DataSm(destination_addr=PHONE.encode(), source_addr=b"1", tlvs=(op.Tlv(op.Tag.MESSAGE_PAYLOAD, b"x"),)),
            op.SubmitMulti(destinations=(op.Destination(PHONE.encode()),), short_message=b"x"),
            op.QuerySm(message_id=b"000000A1", source_addr=b"1"),
            op.ReplaceSm(message_id=b"000000A1", source_addr=b"1", short_message=b"y"),
            op.CancelSm(message_id=b"000000A1", source_addr=b"1"),
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(op.encode(op.BindTransmitter(system_id=b"ykt", password=b"secret"), 1))
        await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)
        writer.write(b"".join(op.encode(ask, number) for number, ask in enumerate(asks, 2)))
        found = []
        for _ in asks:
            async with asyncio.timeout(5):
                head = await reader.readexactly(16)
                length, command_id, status, sequence = struct.unpack(">IIII", head)
                await reader.readexactly(length - 16)
            found.append((command_id & 0x7FFFFFFF, status, sequence))
        assert found == [(ask.command_id, 0, number) for number, ask in enumerate(asks, 2)]
        writer.close()


@in_task
async def test_stop_says_good_bye_to_its_esmes() -> None:
    """SIGTERM: unbind, not a cut."""
    server: SmscServer
    async with lab() as made:
        await made.link.bound.wait()
        server = made.server
        await server.stop()
        await made.until(lambda: made.link.counts["lines lost"] == 1)
    assert not server._lines


@in_task
async def test_message_cancelled_before_its_first_attempt_is_still_answered() -> None:
    """With receipts before the answer, a cancel_sm that overtakes the first attempt does not swallow the answer."""
    async with lab(deliver_before_resp=True) as made:
        await made.link.bound.wait()
        (line,) = made.server._lines.values()
        made.server._working = True  # the turn that would try it is still to come
        future = made.link.submit(a_submit(registered_delivery=0))
        await made.until(lambda: bool(made.server._held))
        (message,) = made.server._held
        cancel = op.CancelSm(message_id=message.message_id.encode(), source_addr=b"10086", sequence=900)
        line.dataReceived(op.encode(cancel))
        made.server._working = False
        made.server._soon()
        assert (await future).message_id == message.message_id
        assert made.phone.inbox == []


@in_task
async def test_account_with_a_rate_is_throttled_above_it() -> None:
    """The burst of one second goes, the rest is told to wait."""
    account = Account.parse("ykt:secret:10086:rate=5")
    server = a_server(account)
    port = server.listen(port=0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(op.encode(op.BindTransceiver(system_id=b"ykt", password=b"secret"), 1))
    async with asyncio.timeout(5):
        head = await reader.readexactly(4)
        await reader.readexactly(int.from_bytes(head, "big") - 4)
        writer.write(b"".join(op.encode(a_submit(registered_delivery=0), number) for number in range(2, 12)))
        statuses = []
        for _ in range(10):
            head = await reader.readexactly(4)
            statuses.append(int.from_bytes((await reader.readexactly(int.from_bytes(head, "big") - 4))[4:8], "big"))
    assert statuses == [0] * 5 + [CommandStatus.RTHROTTLED] * 5
    writer.close()
    await writer.wait_closed()
    await server.stop()


@in_task
async def test_account_with_a_queue_is_refused_when_it_is_full() -> None:
    """Its own messages count, and room comes back."""
    account = Account.parse("ykt:secret:10086:queue=3")
    server = a_server(account)
    phone = PlainHandset(PHONE)
    phone.is_on = False
    server.attach(phone)
    centre = server.centre
    for _ in range(3):
        centre.submit(account, a_submit(), now())
    with pytest.raises(Refusal) as caught:
        centre.submit(account, a_submit(), now())
    assert caught.value.status == CommandStatus.RMSGQFUL
    phone.is_on = True
    centre.work(now(), 10)
    centre.submit(account, a_submit(), now())
    assert centre.mailbox.open_of("ykt") == 1


@pytest.mark.parametrize("text", ["a:b::speed=3", "a:b::rate=0", "a:b::rate=x", "a:b::rate", "a:b:1:rate=1:x"])
def test_limit_that_is_none_is_refused(text: str) -> None:
    """The message lists what there is."""
    with pytest.raises(ValueError, match=r"window=NUMBER|an account is"):
        Account.parse(text)
