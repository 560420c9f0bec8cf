"""Every foreign vector is claimed by a test: 331 of 331 in ota.json, 949 of 949 in cat.json.

A test that is parametrized with rows claims those rows by name. The few that walk a kind in a loop (and assert how many
they saw) are named here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.vectors import foreign, needs_vectors

from .cat import test_vectors as test_cat_vectors
from .globalplatform import test_scp02, test_scp03
from .ota import test_scp81
from .ota import test_vectors as test_ota_vectors
from .sms import test_address, test_udh
from .sms import test_tpdu as test_sms_tpdu

PARAMETRIZED: tuple[ModuleType, ...] = (test_ota_vectors, test_cat_vectors, test_scp02, test_scp03, test_scp81)

#: kinds that one test walks as a whole
LOOPS: dict[str, Callable[..., object]] = {
    "udh": test_udh.test_foreign_headers_agree_both_ways,
    "sms_address": test_address.test_foreign_addresses_agree_both_ways,
    "sms_tpdu": test_sms_tpdu.test_foreign_tpdus_agree_both_ways,
    "sms_concat": test_sms_tpdu.test_foreign_tpdus_agree_both_ways,
    "envelope_sms_pp": test_sms_tpdu.test_foreign_tpdus_agree_both_ways,
}

KINDS = {
    "ota": {
        "command": 154, "response": 117, "response_negative": 1, "concat_command": 2, "concat_response": 1,
        "udh": 4, "sms_address": 3, "sms_tpdu": 3, "sms_concat": 3, "envelope_sms_pp": 1,
        "key_information": 14, "kcv": 5, "key_diversification": 5, "put_key": 1, "crc": 2, "install_parameters": 2,
        "scp02": 1, "scp02_session": 1, "scp03": 9, "scp81": 2,
    },
    "cat": {"proactive_command": 693, "terminal_response": 183, "envelope": 63, "comprehension_tlv": 5, "apdu": 5},
}  # fmt: skip


def _rows_of(function: Any) -> Iterator[dict[str, Any]]:
    """The rows a test is parametrized with."""
    for mark in getattr(function, "pytestmark", ()):
        if mark.name != "parametrize" or mark.args[0] != "row":
            continue
        for row in mark.args[1]:
            yield row if isinstance(row, dict) else row.values[0]


def _claimed() -> dict[str, set[str]]:
    """Kind to the names that some test takes."""
    claims: dict[str, set[str]] = {}
    for module in PARAMETRIZED:
        for name, function in vars(module).items():
            if name.startswith("test_"):
                for row in _rows_of(function):
                    claims.setdefault(row["kind"], set()).add(row["name"])
    for row in foreign("ota"):
        if row["kind"] in LOOPS:
            claims.setdefault(row["kind"], set()).add(row["name"])
    return claims


@needs_vectors
@pytest.mark.parametrize(("name", "count"), [("ota", 331), ("cat", 949)])
def test_no_vector_is_left_out_in_silence(name: str, count: int) -> None:
    """Whoever adds a vector adds the test that reads it."""
    claims, rows = _claimed(), foreign(name)
    assert Counter(row["kind"] for row in rows) == KINDS[name]
    assert len(rows) == len({row["name"] for row in rows}) == sum(KINDS[name].values()) == count
    assert [row["name"] for row in rows if row["name"] not in claims.get(row["kind"], ())] == []


def test_the_tests_that_walk_a_kind_are_tests() -> None:
    """A renamed test does not go unnoticed."""
    assert all(function.__name__.startswith("test_") for function in LOOPS.values())
