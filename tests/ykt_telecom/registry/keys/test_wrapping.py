"""Keys at rest: bound to their row, opaque, refused when they must not be used."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.secret_key import SecretKey
from ykt_telecom.registry.directory.steps import NewEnterprise, add_enterprises
from ykt_telecom.registry.keys.steps import prove_key_ring, store_mother_key
from ykt_telecom.registry.keys.wrapping import BindingMismatch, KekRefused, KeyBinding, KeyRing
from ykt_telecom.runtime.clock import BUSINESS_ZONE
from ykt_telecom.runtime.tokens import SeededTokens
from ykt_telecom.storage.context import StepContext
from ykt_telecom.storage.database import create_all, open_database

KEY = SecretKey(bytes(range(100, 116)))
HERE = KeyBinding(0, "89860012345678901234", "MT_KIC", 1)
NONCE = bytes(range(12))
NOW = datetime(2026, 11, 1, 9, tzinfo=BUSINESS_ZONE)


def a_ring(first: int = 0) -> KeyRing:
    return KeyRing(SecretKey(bytes([first]) + bytes(31)))


def test_a_key_opens_in_its_own_row() -> None:
    """What was wrapped comes back, and no octet of it stands in the ciphertext."""
    wrapped = a_ring().wrap(KEY, HERE, NONCE)
    assert a_ring().unwrap(wrapped, HERE) == KEY
    assert KEY.octets()[:8] not in wrapped


@pytest.mark.parametrize(
    "there",
    [
        KeyBinding(1, HERE.iccid, HERE.usage, 1),
        KeyBinding(0, "89860012345678901235", HERE.usage, 1),
        KeyBinding(0, HERE.iccid, "MT_KID", 1),
        KeyBinding(0, HERE.iccid, HERE.usage, 2),
        KeyBinding(0, HERE.iccid, HERE.usage, 1, 2),
    ],
    ids=["tenant", "card", "usage", "version", "row version"],
)
def test_a_key_moved_to_another_row_does_not_open(there: KeyBinding) -> None:
    """Whoever copies a ciphertext to another tenant, card, usage or version gets nothing."""
    wrapped = a_ring().wrap(KEY, HERE, NONCE)
    with pytest.raises(BindingMismatch, match=r"key\.binding_mismatch"):
        a_ring().unwrap(wrapped, there)


def test_a_spoilt_key_or_another_kek_does_not_open() -> None:
    """Every flipped bit is found; so is the wrong KEK and a cut row."""
    wrapped = a_ring().wrap(KEY, HERE, NONCE)
    for at in range(len(wrapped)):
        spoilt = wrapped[:at] + bytes((wrapped[at] ^ 1,)) + wrapped[at + 1 :]
        with pytest.raises(BindingMismatch):
            a_ring().unwrap(spoilt, HERE)
    with pytest.raises(BindingMismatch):
        a_ring(9).unwrap(wrapped, HERE)
    with pytest.raises(BindingMismatch):
        a_ring().unwrap(wrapped[:10], HERE)


def test_each_purpose_has_its_own_secret() -> None:
    """The audit key says nothing about the pepper; another KEK gives others."""
    ring = a_ring()
    assert len({ring.derive("audit chain"), ring.derive("pepper"), a_ring(1).derive("pepper")}) == 3
    assert ring.derive("pepper") == a_ring().derive("pepper")


def test_a_ring_shows_nothing_and_wants_a_whole_kek() -> None:
    """No octet in its repr; 32 octets or nothing."""
    assert repr(a_ring()) == "KeyRing(…)"
    with pytest.raises(KekRefused):
        KeyRing(SecretKey(bytes(16)))


def test_a_kek_of_another_installation_is_refused_at_start(tmp_path: Path) -> None:
    """A valid KEK file, but not the one the database was wrapped with: said before anything is sent."""
    database = open_database(tmp_path / "ykt.db")
    create_all(database, NOW)
    with database.writing() as conn:
        add_enterprises(conn, StepContext(NOW, SeededTokens()), [NewEnterprise("E1", "华信科技")])
        store_mother_key(conn, a_ring(), 1001, 1, KEY, provider=OpenSslProvider(), nonce=NONCE, actor="test", now=NOW)
        prove_key_ring(conn, a_ring())
        with pytest.raises(KekRefused, match="restore"):
            prove_key_ring(conn, a_ring(1))
    database.close()
