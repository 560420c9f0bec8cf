"""Rows and providers that the tests of the secure channels share."""

from __future__ import annotations

from typing import Any

import pytest

from telecom_codecs.crypto.key_derivation import DomainKeys
from telecom_codecs.crypto.openssl import OpenSslProvider
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import CryptoProvider, SecretKey
from tests.vectors import curated, foreign

PROVIDERS: tuple[CryptoProvider, ...] = (OpenSslProvider(), PycryptodomeProvider())
EACH_PROVIDER = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: type(provider).__name__)


def foreign_rows(kind: str) -> list[Any]:
    """The foreign vectors of a kind, each under its own name."""
    return [pytest.param(row, id=row["name"]) for row in foreign("ota") if row["kind"] == kind]


def curated_rows(kind: str) -> list[Any]:
    """Those of them that every clone has."""
    return [pytest.param(row, id=row["name"]) for row in curated("scp") if row["kind"] == kind]


def key(octets: str) -> SecretKey:
    return SecretKey(bytes.fromhex(octets))


def domain_keys(row: dict[str, Any]) -> DomainKeys:
    keys = row["keys"]
    return DomainKeys(key(keys["enc"]), key(keys["mac"]), key(keys["dek"]))


def host_challenge(row: dict[str, Any]) -> bytes:
    """The data field of INITIALIZE UPDATE."""
    return bytes.fromhex(row["init_update"])[5:-1]
