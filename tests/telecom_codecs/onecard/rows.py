"""The rows of tests/vectors/onecard.toml by kind, with their octets."""

from __future__ import annotations

from typing import Any

import pytest

from telecom_codecs.card.identities import Aid, Iccid
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider
from telecom_codecs.crypto.secret_key import SecretKey
from telecom_codecs.onecard.macs import application_mac
from tests.vectors import curated

ICCID = Iccid("89860012345678901234")
AID = Aid(bytes.fromhex("F0594B54310002 000003E9 594B02 0000"))
KEY = SecretKey(bytes(range(16)))


def rows(kind: str) -> list[Any]:
    """For `parametrize("row", …)`, each under its name."""
    return [pytest.param(row, id=row["name"]) for row in curated("onecard") if row["kind"] == kind]


def octets_of(row: dict[str, Any]) -> bytes:
    """The octets of a row, filled with zeros where it says so."""
    return bytes.fromhex(row["hex"]).ljust(row.get("fill", 0), b"\0")


def mac_of(covered: bytes) -> bytes:
    """Under the key of the rows' MACs."""
    return application_mac(KEY, AID, ICCID, covered, PycryptodomeProvider())
