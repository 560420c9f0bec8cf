"""What a deliver_sm carries, however the centre writes it."""

from __future__ import annotations

import pytest

from smsc_gateway.smpp.operations import DeliverSm, Tag, Tlv
from smsc_gateway.smpp.user_data import UserData, user_data_of


def sar(reference: int, total: int, sequence: int) -> tuple[Tlv, ...]:
    return (
        Tlv(Tag.SAR_MSG_REF_NUM, reference.to_bytes(2, "big")),
        Tlv(Tag.SAR_TOTAL_SEGMENTS, bytes((total,))),
        Tlv(Tag.SAR_SEGMENT_SEQNUM, bytes((sequence,))),
    )


@pytest.mark.parametrize(
    ("pdu", "expected"),
    [
        (DeliverSm(data_coding=8, short_message=b"\x4f\x59"), UserData(8, False, b"\x4f\x59")),
        (
            DeliverSm(short_message=b"part", tlvs=sar(7, 2, 1)),
            UserData(0, True, bytes.fromhex("050003070201") + b"part"),
        ),
        (
            DeliverSm(short_message=b"part", tlvs=sar(0x1234, 3, 2)),
            UserData(0, True, bytes.fromhex("06080412340302") + b"part"),
        ),
        (DeliverSm(short_message=b"whole", tlvs=sar(7, 1, 1)), UserData(0, False, b"whole")),
        (
            DeliverSm(esm_class=0x40, short_message=bytes.fromhex("05000309020161"), tlvs=sar(7, 2, 1)),
            UserData(0, True, bytes.fromhex("05000309020161")),  # a header wins
        ),
        (DeliverSm(tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"long"),)), UserData(0, False, b"long")),
        (DeliverSm(data_coding=1, short_message=b"price $5 [x]"), UserData(0, False, b"price \x025 \x1b<x\x1b>")),
        (DeliverSm(data_coding=1, short_message=b"back`tick"), UserData(8, False, "back`tick".encode("utf-16-be"))),
        (DeliverSm(data_coding=3, short_message="é".encode("latin-1")), UserData(0, False, b"\x05")),
        (DeliverSm(data_coding=2, short_message=b"\x01\xff"), UserData(4, False, b"\x01\xff")),
        (
            DeliverSm(esm_class=0x40, data_coding=0xF6, short_message=bytes.fromhex("027100000B")),
            UserData(0xF6, True, bytes.fromhex("027100000B")),
        ),
        (DeliverSm(esm_class=0x40, data_coding=1, short_message=b"\xff"), UserData(1, True, b"\xff")),  # unreadable
    ],
)
def test_user_data_has_one_form(pdu: DeliverSm, expected: UserData) -> None:
    """sar_* as a header, IA5 and Latin-1 as the alphabets of the phone, everything else untouched."""
    assert user_data_of(pdu) == expected
