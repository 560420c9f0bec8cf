"""smpp.twisted3 as an SMSC, in its own environment: twisted3_smsc.py MO; prints its port, and counts at the end."""
# mypy: ignore-errors
# ruff: noqa: T201, N802 - a program for another environment, it reports by printing

import json
import sys

from smpp.pdu.operations import DeliverSM
from smpp.pdu.pdu_types import (
    CommandStatus,
    DataCoding,
    DataCodingDefault,
    EsmClass,
    EsmClassMode,
    EsmClassType,
    MessageState,
)
from smpp.twisted.config import SMPPServerConfig
from smpp.twisted.protocol import DataHandlerResponse
from smpp.twisted.server import SMPPServerFactory
from twisted.cred.checkers import InMemoryUsernamePasswordDatabaseDontUse
from twisted.cred.portal import Portal
from twisted.internet import reactor

mo = int(sys.argv[1])
report = {"submitted": 0, "acknowledged": 0, "refused": 0}


class Realm:
    def requestAvatar(self, avatar_id, mind, *interfaces):
        return interfaces[0], avatar_id, lambda: None


def deliver(smpp, **fields):
    smpp.sendDataRequest(DeliverSM(**fields)).addCallbacks(acknowledged, refused)


def acknowledged(_):
    report["acknowledged"] += 1


def refused(failure):
    report["refused"] += 1


def submitted(system_id, smpp, pdu):
    report["submitted"] += 1
    if report["submitted"] == 1:
        for number in range(mo):
            deliver(
                smpp,
                source_addr=b"8613800000001",
                destination_addr=b"10086",
                data_coding=DataCoding(schemeData=DataCodingDefault.UCS2),
                short_message=f"余额 {number}".encode("utf-16-be"),
            )
    message_id = b"%08x" % report["submitted"]
    reactor.callLater(
        0,
        deliver,
        smpp,
        source_addr=pdu.params["destination_addr"],
        destination_addr=pdu.params["source_addr"],
        esm_class=EsmClass(EsmClassMode.DEFAULT, EsmClassType.SMSC_DELIVERY_RECEIPT),
        short_message=b"id:%b sub:001 dlvrd:001 submit date:2607251200 done date:2607251201 stat:DELIVRD err:000 text:"
        % message_id,
        receipted_message_id=message_id,
        message_state=MessageState.DELIVERED,
    )
    return DataHandlerResponse(CommandStatus.ESME_ROK, message_id=message_id)


config = SMPPServerConfig(systems={"ykt": {"max_bindings": 2}}, msgHandler=submitted)
checker = InMemoryUsernamePasswordDatabaseDontUse()
checker.addUser("ykt", "secret")
factory = SMPPServerFactory(config, Portal(Realm(), [checker]))
port = reactor.listenTCP(0, factory, interface="127.0.0.1")
print(port.getHost().port, flush=True)


def ended(smpp):
    original(smpp)
    print(json.dumps(report), flush=True)
    reactor.callLater(0.1, reactor.stop)


original = factory.removeConnection
factory.removeConnection = ended
reactor.callLater(150, reactor.stop)
reactor.run()
