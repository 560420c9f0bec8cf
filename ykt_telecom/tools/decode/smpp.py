"""SMPP PDUs as layers — SMPP 3.4 §4, labelled from the gateway's own declarations."""

from __future__ import annotations

from smsc_gateway.smpp.fields import COctetString, Kind, Octet, ShortMessage, declared
from smsc_gateway.smpp.operations import CLASSES, DeliverSm, SubmitSm, decode, name_of
from smsc_gateway.smpp.status import CommandStatus
from telecom_codecs.errors import CodecError

from .layer import Layer, Walk, layer
from .secured import DecodeKeys
from .sms import dcs_meaning, user_data


def _status(value: int) -> str:
    try:
        return CommandStatus(value).name
    except ValueError:
        return f"{value:08X}"


def _field(walk: Walk, name: str, kind: Kind, octets: bytes, position: int) -> int:
    match kind:
        case Octet():
            walk.number(1, name, lambda value: f"{value:02X}" + (f" {dcs_meaning(value)}" * (name == "data_coding")))
            return position + 1
        case COctetString():
            end = octets.find(0, position)
            length = (end if end >= 0 else len(octets)) + 1 - position
            secret = name == "password"
            if secret:
                walk.take(max(length - 1, 0), name, "(hidden)", secret=True)
                walk.take(1, "end of the password")
            else:
                walk.take(length, name, lambda value: repr(value[:-1].decode("latin-1")))
            return position + length
        case ShortMessage():
            length = walk.number(1, "sm_length", lambda value: f"{value} octets")
            walk.take(length, name)
            return position + 1 + length
    return position + len(walk.rest(name))


def pdu(octets: bytes, keys: DecodeKeys | None = None) -> Layer:
    """One PDU, header to TLVs."""

    def read(walk: Walk) -> tuple[Layer, ...]:
        walk.number(4, "command_length", lambda value: f"{value} octets")
        command = walk.number(4, "command_id", name_of)
        walk.number(4, "command_status", _status)
        walk.number(4, "sequence_number")
        kinds = CLASSES.get(command)
        if kinds is None or not walk.remaining:
            return ()
        position = 16
        for name, kind in declared(kinds).items():
            position = _field(walk, name, kind, octets, position)
        while walk.remaining:
            walk.number(2, "TLV tag", lambda value: f"{value:04X}")
            walk.take(walk.number(2, "TLV length"), "TLV value")
        return _short_message(octets, keys)

    return layer("SMPP PDU (SMPP 3.4 §4)", octets, read)


def _short_message(octets: bytes, keys: DecodeKeys | None) -> tuple[Layer, ...]:
    value = decode(octets)
    if not isinstance(value, SubmitSm | DeliverSm) or not value.short_message:
        return ()
    udhi = bool(value.esm_class & 0x40)
    try:
        return (user_data(value.short_message, udhi=udhi, dcs=value.data_coding, septets=None, keys=keys),)
    except CodecError:
        return ()
