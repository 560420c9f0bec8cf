"""smpp.twisted3's client as a load, in its own environment: twisted3_load.py PORT N WINDOW; one JSON line."""
# mypy: ignore-errors
# ruff: noqa: S106 - the password is that of the bench

import json
import sys
import time

from smpp.pdu.operations import SubmitSM
from smpp.pdu.pdu_types import (
    DataCoding,
    DataCodingDefault,
    EsmClass,
    EsmClassGsmFeatures,
    EsmClassMode,
    EsmClassType,
)
from smpp.twisted.client import SMPPClientTransceiver
from smpp.twisted.config import SMPPClientConfig
from twisted.internet import defer, reactor

port, n, window = map(int, sys.argv[1:])
TEXT = bytes.fromhex("027000") + bytes(range(1, 138))


def message():
    return SubmitSM(
        source_addr=b"106900001",
        destination_addr=b"8613900000009",
        esm_class=EsmClass(EsmClassMode.DEFAULT, EsmClassType.DEFAULT, [EsmClassGsmFeatures.UDHI_INDICATOR_SET]),
        data_coding=DataCoding(schemeData=DataCodingDefault.OCTET_UNSPECIFIED),
        short_message=TEXT,
    )


@defer.inlineCallbacks
def worker(smpp, numbers):
    for _ in numbers:
        yield smpp.sendDataRequest(message())


@defer.inlineCallbacks
def run():
    config = SMPPClientConfig(host="127.0.0.1", port=port, username="bench", password="bench")
    smpp = yield SMPPClientTransceiver(config, lambda smpp, pdu: None).connectAndBind()
    start = time.perf_counter()
    numbers = iter(range(n))
    yield defer.gatherResults([worker(smpp, numbers) for _ in range(window)])
    print(json.dumps({"seconds": time.perf_counter() - start}), flush=True)
    yield smpp.unbindAndDisconnect()
    reactor.stop()


reactor.callWhenRunning(run)
reactor.run()
