"""Receipts find their submissions, whatever the centre does to ids, order and number."""

from __future__ import annotations

import pytest

from smsc_gateway.links.correlation import Correlation, Match
from smsc_gateway.smpp.operations import MessageState
from smsc_gateway.smpp.receipt import Receipt

PHONE = b"8613800000001"


def a_receipt(message_id: str = "A1", state: MessageState = MessageState.DELIVERED) -> Receipt:
    return Receipt(message_id, state)


@pytest.mark.parametrize("spelling", ["A1", "a1", "00A1", "161", '"A1"', "0000000161"])
def test_receipt_is_found_under_every_spelling(spelling: str) -> None:
    """Hexadecimal in the answer, decimal or padded in the receipt."""
    book = Correlation()
    assert book.accepted("A1", PHONE, "job", 0.0) == []
    assert book.receipt(a_receipt(spelling), b"+" + PHONE, 1.0) == Match("job", a_receipt(spelling))


def test_early_receipt_waits_for_its_answer() -> None:
    """It is told with the acceptance."""
    book = Correlation()
    assert book.receipt(a_receipt(), PHONE, 0.0) is None
    assert book.accepted("A1", PHONE, "job", 5.0) == [Match("job", a_receipt(), early=True)]
    assert (book.counts["early"], book.counts["unknown"], book.open) == (1, 0, 0)


def test_receipt_for_nothing_is_counted_after_a_minute() -> None:
    """It is parked first."""
    book = Correlation()
    book.receipt(a_receipt("FF"), PHONE, 0.0)
    book.receipt(a_receipt("FE"), PHONE, 61.0)
    assert (book.counts["parked"], book.counts["unknown"]) == (2, 1)


def test_other_phone_does_not_take_a_receipt() -> None:
    """One id for all messages: the destination decides, the oldest first."""
    book = Correlation()
    book.accepted("same", PHONE, 1, 0.0)
    book.accepted("same", PHONE, 2, 0.0)
    book.accepted("same", b"8613800000002", 3, 0.0)
    found = [book.receipt(a_receipt("same"), PHONE, 1.0) for _ in range(2)]
    assert [match.token for match in found if match] == [1, 2]
    third = book.receipt(a_receipt("same"), b"8613800000002", 1.0)
    assert third is not None
    assert third.token == 3


def test_second_and_contradicting_receipts_are_counted_and_not_told() -> None:
    """The first final one stays; intermediate ones are told."""
    book = Correlation()
    book.accepted("A1", PHONE, "job", 0.0)
    assert book.receipt(a_receipt(state=MessageState.ENROUTE), PHONE, 1.0) is not None
    assert book.receipt(a_receipt(), PHONE, 1.0) is not None
    assert book.receipt(a_receipt(), PHONE, 1.0) is None
    assert book.receipt(a_receipt(state=MessageState.UNDELIVERABLE), PHONE, 1.0) is None
    assert book.receipt(a_receipt(state=MessageState.ENROUTE), PHONE, 1.0) is None
    assert {name: book.counts[name] for name in ("doubled", "contradictory", "after the final one")} == {
        "doubled": 1,
        "contradictory": 1,
        "after the final one": 1,
    }


def test_memory_is_bounded() -> None:
    """The oldest go first, in both directions."""
    book = Correlation(capacity=10, parked=5)
    for number in range(30):
        book.accepted(f"{number:X}x", PHONE, number, 0.0)
        book.receipt(a_receipt(f"none{number}"), PHONE, 0.0)
    assert (book.open, len(book._parked), book.counts["unknown"]) == (10, 5, 25)
    assert len(book._sent) <= 40


def test_acceptance_without_an_id_is_counted() -> None:
    """Accepted, not trackable."""
    book = Correlation()
    book.accepted(None, PHONE, 1, 0.0)
    assert book.counts["accepted without an id"] == 1
