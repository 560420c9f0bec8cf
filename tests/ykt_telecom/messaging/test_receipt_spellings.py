"""Ids that read as hexadecimal and as decimal: a receipt never lands on another message to the same number."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from tests.ykt_telecom.lab import Lab
from ykt_telecom.messaging.tables import outbox
from ykt_telecom.storage.database import Location

from .test_delivery import a_receipt, a_text


@pytest.fixture
def lab(place: Location) -> Iterator[Lab]:
    made = Lab(place)
    yield made
    made.close()


def send(lab: Lab, origin_id: int, number: int) -> None:
    """A text that the SMSC accepts under this message id."""
    lab.smsc.numbers = number - 1
    a_text(lab, origin_id=origin_id)
    lab.send()


OLDER, NEWER = 1, 2


def receipts(lab: Lab) -> dict[int, str | None]:
    return {row.origin_id: row.receipt for row in lab.read(select(outbox))}


def test_an_early_receipt_waits_though_an_older_id_looks_like_it(lab: Lab) -> None:
    """Receipt 12 comes before its answer; message C, delivered long ago, is twelve in decimal: it is not meant."""
    send(lab, OLDER, 0x0C)
    assert lab.receive(a_receipt("0000000C")) == "receipt.matched"
    assert lab.receive(a_receipt("00000012")) == "receipt.parked"
    lab.clock.advance(0)
    send(lab, NEWER, 0x12)
    assert receipts(lab) == {OLDER: "DELIVRD", NEWER: "DELIVRD"}


def test_a_receipt_from_before_a_message_left_is_not_its_own(lab: Lab) -> None:
    """Receipt D was never claimed, its answer being lost; message 13, sent later, is not what it tells of."""
    assert lab.receive(a_receipt("0000000D", "EXPIRED")) == "receipt.parked"
    lab.clock.advance(60)
    send(lab, NEWER, 0x13)
    assert receipts(lab) == {NEWER: None}
