"""SIMTester, the public scanner for weak SIMs, finds what we made weak and nothing else.

To enable, as root: apt-get install -y pcscd vsmartcard-vpcd openjdk-17-jdk-headless; clone the public repository
https://github.com/srlabs/SIMTester (2.x) outside this one and compile both source trees into one folder ``out`` of it:
``javac -d out -cp "SIMTester/lib/*" $(find SIMLibrary/src SIMTester/src -name '*.java')``. ``YKT_SIMTESTER`` names the
clone. The scanner runs without network; nothing is uploaded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import island as pcsc
from .island import Island

CHECKOUT = Path(os.environ.get("YKT_SIMTESTER") or "SIMTester").absolute()
CLASS = "de.srlabs.simtester.SIMTester"
NOTHING_FOUND = "SIMTester hasn't detected any weaknesses it tests for."
UNSECURED = "The following TARs/keysets returned a valid response without any security:"
PCSC_LIBRARY = "/usr/lib/x86_64-linux-gnu/libpcsclite.so.1"


def missing() -> str:
    """The skip reason, empty when the scanner can be run."""
    if "YKT_SIMTESTER" not in os.environ:
        return "simtester: not asked for; set YKT_SIMTESTER to a compiled checkout"
    if not (CHECKOUT / "out" / (CLASS.replace(".", "/") + ".class")).is_file():
        return f"simtester: {CHECKOUT} is not compiled into out"
    lacking = pcsc.missing("java")
    return f"pcscd: {lacking}" if lacking else ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    with pcsc.island(tmp_path_factory.mktemp("simtester")) as made:
        yield made


def scan(world: Island, profile: str, folder: Path, *options: str) -> str:
    """The default scan (every fuzzer, key sets 0 to 15, all usual TARs); what was printed, without colours."""
    classes = f"{CHECKOUT}/out:{CHECKOUT}/SIMTester/lib/*"
    with world.card(profile):
        ran = world.run(
            "java", f"-Dsun.security.smartcardio.library={PCSC_LIBRARY}", "-cp", classes, CLASS, "-ri", "0", *options,
            cwd=folder, timeout=1800,
        )  # fmt: skip
    printed = re.sub("\x1b\\[[0-9;]*m", "", ran.stdout)
    assert "Exception" not in printed, printed[-3000:]
    assert "Execution time" in printed
    return printed


@pytest.mark.parametrize("profile", ["ykt", "plain"])
def test_scanner_finds_nothing_on_a_secured_card(world: Island, profile: str, tmp_path: Path) -> None:
    """No TAR answers without security, no signature or deciphered octet leaks for a bad check."""
    printed = scan(world, profile, tmp_path)
    assert NOTHING_FOUND in printed
    assert UNSECURED not in printed


def test_scanner_finds_the_one_weak_tar(world: Island, tmp_path: Path) -> None:
    """The positive control: B00010 of profile `weak`, under every key set, and no other finding."""
    printed = scan(world, "weak", tmp_path)
    _, found, table = printed.partition(UNSECURED)
    assert found
    assert NOTHING_FOUND not in printed
    assert printed.count("The following") == 1
    rows = re.findall(r"^([0-9A-F]{6}) +(\d+) 0271", table, re.MULTILINE)
    assert {tar for tar, _ in rows} == {"B00010"}
    assert {int(key_set) for _, key_set in rows} == set(range(16))
