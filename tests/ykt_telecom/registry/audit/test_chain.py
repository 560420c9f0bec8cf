"""The audit chain: whoever edits, drops or swaps a row is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, update

from tests.ykt_telecom.lab import NOON, Lab
from ykt_telecom.registry.audit.steps import ChainVerdict, record, seal, verify
from ykt_telecom.registry.audit.tables import audit_head, audit_row
from ykt_telecom.storage.context import StepContext

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


def test_a_tail_that_was_cut_off_is_missed(lab: Lab) -> None:
    """Drop the last three rows: the first of them is named."""
    sealed = fill(lab)
    lab.step(lambda conn, _: conn.execute(delete(audit_row).where(audit_row.c.seq > sealed - 3)))
    assert check(lab).bad == sealed - 2
    lab.step(lambda conn, _: record(conn, at=NOON, actor="test", action="new", subject="x"))
    lab.step(lambda conn, _: seal(conn, KEY))
    assert check(lab).bad == sealed + 1


def test_a_row_edited_and_unsealed_is_not_sealed_again(lab: Lab) -> None:
    """Whoever can write the table cannot have the service forge the chain for him."""
    sealed = fill(lab)

    def tamper(conn: Connection, _context: StepContext) -> None:
        conn.execute(update(audit_row).where(audit_row.c.seq == 4).values(actor="nobody"))
        conn.execute(update(audit_row).where(audit_row.c.seq >= 4).values(seal=None))

    lab.step(tamper)
    lab.step(lambda conn, _: seal(conn, KEY))
    assert check(lab).bad == 4
    lab.step(lambda conn, _: conn.execute(delete(audit_head)))
    lab.step(lambda conn, _: seal(conn, KEY))
    assert check(lab).bad == 4
    assert sealed > 4


def test_another_key_fits_nothing(lab: Lab) -> None:
    """Without the KEK nobody can forge the chain."""
    fill(lab)
    assert check(lab, bytes([1]) * 32).bad == 1
