"""smpp.twisted3 as an ESME, in its own environment: twisted3_esme.py PORT COUNT MO; one JSON line at the end."""
# mypy: ignore-errors
# ruff: noqa: BLE001, T201 - a program for another environment, it reports by printing

import json
import sys

from smpp.pdu.operations import SubmitSM
from smpp.pdu.pdu_types import (
    DataCoding,
    DataCodingDefault,
    EsmClass,
    EsmClassGsmFeatures,
    EsmClassMode,
    EsmClassType,
    RegisteredDelivery,
    RegisteredDeliveryReceipt,
)
from smpp.twisted.client import SMPPClientTransceiver
from smpp.twisted.config import SMPPClientConfig
from twisted.internet import defer, reactor

port, count, mo = map(int, sys.argv[1:])
report = {"accepted": 0, "receipts": 0, "mo": 0, "errors": []}
ids, receipted = set(), set()
finished = defer.Deferred()


def octets(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def message(number):
    fields = {"data_coding": DataCoding(schemeData=DataCodingDefault.SMSC_DEFAULT_ALPHABET)}
    text = b"message %d" % number
    if number % 3:
        fields["data_coding"] = DataCoding(schemeData=DataCodingDefault.UCS2)
        text = f"消息 {number}".encode("utf-16-be")
    if number % 3 == 2:
        features = [EsmClassGsmFeatures.UDHI_INDICATOR_SET]
        fields["esm_class"] = EsmClass(EsmClassMode.DEFAULT, EsmClassType.DEFAULT, features)
        head = bytes((5, 0, 3, number // 6 & 255, 2, number // 3 % 2 + 1))
        text = head + ("长" * 60).encode("utf-16-be")
    return SubmitSM(
        source_addr=b"10086",
        destination_addr=b"8613800000001",
        registered_delivery=RegisteredDelivery(RegisteredDeliveryReceipt.SMSC_DELIVERY_RECEIPT_REQUESTED),
        short_message=text,
        **fields,
    )


def received(smpp, pdu):
    if "receipted_message_id" in pdu.params:
        receipted.add(octets(pdu.params["receipted_message_id"]))
    else:
        report["mo"] += 1
    check()


def check():
    if (report["accepted"], len(receipted), report["mo"]) == (count, count, mo) and not finished.called:
        finished.callback(None)


@defer.inlineCallbacks
def worker(smpp, numbers):
    for number in numbers:
        try:
            answer = yield smpp.sendDataRequest(message(number))
        except Exception as error:
            report["errors"].append(repr(error))
            continue
        report["accepted"] += 1
        ids.add(octets(answer.response.params["message_id"]))
        check()


@defer.inlineCallbacks
def run():
    config = SMPPClientConfig(host="127.0.0.1", port=port, username="ykt", password="secret")
    try:
        smpp = yield SMPPClientTransceiver(config, received).connectAndBind()
        numbers = iter(range(count))
        for _ in range(10):
            worker(smpp, numbers)
        yield finished
        yield smpp.unbindAndDisconnect()
    except Exception as error:
        report["errors"].append(repr(error))
    report["receipts"] = len(ids & receipted)
    print(json.dumps(report))
    reactor.stop()


reactor.callWhenRunning(run)
reactor.callLater(
    100, lambda: finished.called or finished.errback(RuntimeError(f"too long: {report} {len(receipted)}"))
)
reactor.run()
