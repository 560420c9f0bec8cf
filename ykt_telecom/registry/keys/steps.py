"""Steps on wrapped keys: store them, open them for one use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, func, insert, select

from telecom_codecs.crypto.secret_key import BlockCipher, CryptoProvider, KeySet, SecretKey

from ...runtime.errors import Refusal
from ...storage.sql import Statement, in_list
from ..audit.steps import record
from ..audit.subject import Subject
from ..cards.tables import card_key
from .tables import mother_key
from .wrapping import BindingMismatch, KekRefused, KeyBinding, KeyRing

#: The operator, to whom the cards' OTA keys belong.
OPERATOR = 0


class KeyUsage(StrEnum):
    """What a card's key is for."""

    MT_KIC = "MT_KIC"
    MT_KID = "MT_KID"
    MT_DEK = "MT_DEK"
    MO_KIC = "MO_KIC"
    MO_KID = "MO_KID"


class NoKey(Refusal, LookupError):
    """The key is not there. Import the card's keys, or make the enterprise's mother key."""


class KeyRefused(Refusal, ValueError):
    """The key must not be used like this (equal keys for different purposes, wrong length). Get a proper one."""


def check_card_keys(iccid: str, keys: Mapping[KeyUsage, SecretKey], *, weak_algorithms: bool = False) -> None:
    """Whether these keys may be a card's; raises :class:`KeyRefused`."""
    if set(keys) != set(KeyUsage):
        raise KeyRefused(f"card …{iccid[-6:]} wants the keys {', '.join(KeyUsage)}")
    if len(set(keys.values())) != len(keys) and not weak_algorithms:
        raise KeyRefused(f"card …{iccid[-6:]}: the same key stands for two usages")
    for usage, key in keys.items():
        if key.length == 8 and not weak_algorithms:
            raise KeyRefused(f"card …{iccid[-6:]}: {usage} is a single DES key; get an AES-128 key")


def store_card_keys(
    conn: Connection,
    ring: KeyRing,
    iccid: str,
    keys: dict[KeyUsage, SecretKey],
    *,
    generation: int,
    provider: CryptoProvider,
    nonce: Callable[[], bytes],
    weak_algorithms: bool = False,
) -> None:
    """Wrap and store a card's keys. All five are wanted and all must differ; raises :class:`KeyRefused`."""
    check_card_keys(iccid, keys, weak_algorithms=weak_algorithms)
    rows = []
    for usage, key in keys.items():
        binding = KeyBinding(OPERATOR, iccid, usage, generation)
        rows.append(
            {
                "iccid": iccid,
                "usage": usage,
                "generation": generation,
                "row_version": binding.row_version,
                "wrapped": ring.wrap(key, binding, nonce()),
                "kcv": key.kcv(provider, BlockCipher.AES).hex() if key.length != 24 else "",
            }
        )
    conn.execute(insert(card_key), rows)


_KEYS = Statement(
    select(card_key.c.iccid, card_key.c.generation, card_key.c.usage, card_key.c.row_version, card_key.c.wrapped).where(
        in_list(card_key.c.iccid, "iccids")
    )
)


def open_key_sets(
    conn: Connection, ring: KeyRing, wanted: Iterable[tuple[str, int]], *, direction: str
) -> dict[tuple[str, int], KeySet]:
    """The MT or MO key sets of these (ICCID, generation), with one look; those that are incomplete or whose rows were
    tampered with are left out."""
    names = frozenset(wanted)
    opened: dict[tuple[str, int], dict[str, SecretKey]] = {}
    for iccid, generation, usage, row_version, wrapped in _KEYS.rows(conn, iccids=sorted({one for one, _ in names})):
        if (iccid, generation) in names and usage.startswith(direction):
            binding = KeyBinding(OPERATOR, iccid, usage, generation, row_version)
            with contextlib.suppress(BindingMismatch):
                opened.setdefault((iccid, generation), {})[usage] = ring.unwrap(wrapped, binding)
    kic, kid, dek = (f"{direction}_{part}" for part in ("KIC", "KID", "DEK"))
    return {
        name: KeySet(keys[kic], keys[kid], keys.get(dek))
        for name, keys in opened.items()
        if kic in keys and kid in keys
    }


def open_key_set(conn: Connection, ring: KeyRing, iccid: str, generation: int, *, direction: str) -> KeySet:
    """The MT or MO key set of a card; raises :class:`NoKey`."""
    found = open_key_sets(conn, ring, [(iccid, generation)], direction=direction).get((iccid, generation))
    if found is None:
        raise NoKey(f"card …{iccid[-6:]} has no {direction} keys that open: import the card's keys")
    return found


def store_mother_key(
    conn: Connection,
    ring: KeyRing,
    enterprise_id: int,
    version: int,
    key: SecretKey,
    *,
    provider: CryptoProvider,
    nonce: bytes,
    actor: str,
    now: datetime,
) -> None:
    """Wrap and store a mother key of an enterprise."""
    binding = KeyBinding(enterprise_id, "", "MOTHER", version)
    conn.execute(
        insert(mother_key).values(
            enterprise_id=enterprise_id,
            version=version,
            row_version=binding.row_version,
            wrapped=ring.wrap(key, binding, nonce),
            kcv=key.kcv(provider).hex(),
            created_at=now,
        )
    )
    record(
        conn,
        at=now,
        actor=actor,
        action="key.mother.store",
        subject=Subject.enterprise(enterprise_id),
        facts={"version": version},
    )


def newest_mother_key_version(conn: Connection, enterprise_id: int) -> int:
    """The version new applications get; raises :class:`NoKey`."""
    found = conn.execute(
        select(func.max(mother_key.c.version)).where(mother_key.c.enterprise_id == enterprise_id)
    ).scalar()
    if found is None:
        raise NoKey(f"enterprise {enterprise_id} has no mother key: `ykt enterprise add` makes one")
    return int(found)


def open_mother_key(conn: Connection, ring: KeyRing, enterprise_id: int, version: int) -> SecretKey:
    """An enterprise's mother key; raises :class:`NoKey`."""
    row = conn.execute(
        select(mother_key).where(mother_key.c.enterprise_id == enterprise_id, mother_key.c.version == version)
    ).one_or_none()
    if row is None:
        raise NoKey(f"enterprise {enterprise_id} has no mother key of version {version}")
    return ring.unwrap(row.wrapped, KeyBinding(enterprise_id, "", "MOTHER", version, row.row_version))


def prove_key_ring(conn: Connection, ring: KeyRing) -> None:
    """Open one wrapped key; raises `KekRefused` when the KEK is not the one this database was wrapped with."""
    row = conn.execute(select(mother_key).limit(1)).one_or_none()
    if row is None:
        return
    try:
        ring.unwrap(row.wrapped, KeyBinding(row.enterprise_id, "", "MOTHER", row.version, row.row_version))
    except BindingMismatch:
        raise KekRefused("this KEK does not open the keys in the database: restore the one it was made with") from None
