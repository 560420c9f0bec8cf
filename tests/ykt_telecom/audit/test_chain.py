"""The audit chain: whoever edits, drops or swaps a row is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from tests.ykt_telecom.lab import NOON, Lab
from ykt_telecom.audit.steps import ChainVerdict, record, seal, verify
from ykt_telecom.audit.tables import audit_row

KEY = bytes(32)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def fill(lab: Lab) -> int:
    """Some rows, sealed in several goes; how many there are."""
    for number in range(6):
        lab.step(
            lambda conn, _, number=number: record(  # type: ignore[misc]
                conn, at=NOON, actor="test", action="tried", subject=str(number), facts={"name": "张三", "n": number}
            )
        )
    while lab.step(lambda conn, _: seal(conn, KEY, limit=2)):
        pass
    return check(lab).sealed


def check(lab: Lab, key: bytes = KEY) -> ChainVerdict:
    return lab.step(lambda conn, _: verify(conn, key))


def test_an_untouched_chain_fits(lab: Lab) -> None:
    """Sealed in pieces, verified as one; what is not sealed yet is counted."""
    sealed = fill(lab)
    assert sealed >= 6
    lab.step(lambda conn, _: record(conn, at=NOON, actor="test", action="new", subject="x"))
    assert check(lab) == ChainVerdict(sealed, 1, None)


def test_an_edited_row_is_named(lab: Lab) -> None:
    """Any column."""
    fill(lab)
    lab.step(lambda conn, _: conn.execute(update(audit_row).where(audit_row.c.seq == 4).values(actor="nobody")))
    assert check(lab).bad == 4


def test_a_dropped_row_is_missed(lab: Lab) -> None:
    """The row after the gap does not fit."""
    fill(lab)
    lab.step(lambda conn, _: conn.execute(delete(audit_row).where(audit_row.c.seq == 3)))
    assert check(lab).bad == 4


def test_another_key_fits_nothing(lab: Lab) -> None:
    """Without the KEK nobody can forge the chain."""
    fill(lab)
    assert check(lab, bytes([1]) * 32).bad == 1
