"""A message from the SMSC and the way to answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ..smpp import operations as op
from ..smpp.codec import HEADER
from ..smpp.status import CommandStatus
from ..smpp.values import quick


class Replying(Protocol):
    """Where an answer goes."""

    @property
    def name(self) -> str: ...

    def reply(self, octets: bytes) -> None: ...


@quick
@dataclass(frozen=True, slots=True)
class Delivery:
    """A deliver_sm (or a data_sm, in its form). Answer it once, with 0 only when it is stored for good."""

    pdu: op.DeliverSm
    line: Replying
    response: int  #: command_id of the answer

    @property
    def link(self) -> str:
        """The name of the link it came over."""
        return self.line.name

    def answer(self, status: int) -> None:
        """Tell the SMSC; nothing happens when the line is gone: the message will come again."""
        self.line.reply(HEADER.pack(17, self.response, status, self.pdu.sequence) + b"\0")


def as_deliver_sm(pdu: op.DataSm) -> op.DeliverSm:
    """A data_sm from the SMSC in the form owners know; the text stays in message_payload."""
    return op.DeliverSm(
        sequence=pdu.sequence,
        tlvs=pdu.tlvs,
        service_type=pdu.service_type,
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        registered_delivery=pdu.registered_delivery,
        data_coding=pdu.data_coding,
    )


def refuse_for_now(deliveries: list[Delivery]) -> None:
    """Nobody stores anything: the SMSC keeps it and brings it again."""
    for delivery in deliveries:
        delivery.answer(CommandStatus.RX_T_APPN)
