"""pySim, run as a program, takes our simulated card in a PC/SC reader for a real one.

To enable, as root: apt-get install -y pcscd vsmartcard-vpcd, a checkout of pySim as test_pysim_ota_tool.py describes
(with cmd2 below 3, colorlog, termcolor, jsonpath-ng, pyyaml and pyscard in its virtual environment), its folder in
``YKT_PYSIM``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from stk_applet_sim.uicc.files import Directory, ElementaryFile
from stk_applet_sim.uicc.profile import CardProfile

from . import island as pcsc
from .island import Island
from .test_pysim_ota_tool import CHECKOUT, ENABLE, PYTHON
from .test_pysim_ota_tool import missing as missing_pysim

WHY_NOT = f"pysim: {missing_pysim()}; {ENABLE}" if missing_pysim() else ""
WHY_NOT = WHY_NOT or (f"pcscd: {pcsc.missing()}" if pcsc.missing() else "")
pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)

YKT = CardProfile.named("ykt")
USIM = "select MF/ADF.USIM"
STRICT = "set apdu_strict true"  #: without it the tool asks for more data after a 63Cx
ADM = "verify_adm --adm-type ADM1 --pin-is-hex 3535363637373838"

# 3GPP TS 35.208 §4.3.1, test set 1: AUTN = (SQN xor AK) | AMF | MAC-A
RAND = "23553cbe9637a89d218ae64dae47bf35"
AUTN = "55f328b43577b9b94a9ffac354dfafb3"
ANSWER = {
    "res": "a54211d5e3ba50bf",
    "ck": "b40ba9a3c58b2a05bbf0d987b21bf8cb",
    "ik": "f769bcd751044604127672711c6d3441",
    "kc": "eae4be823af9a08b",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Island]:
    with pcsc.island(tmp_path_factory.mktemp("pysim")) as made:
        yield made


def tool(world: Island, *words: str, profile: str = "ykt") -> str:
    """One run of a pySim program against a fresh card; what it printed."""
    with world.card(profile):
        ran = world.run(PYTHON, *words, cwd=CHECKOUT, timeout=120, PYTHONPATH=".")
    assert "Traceback" not in ran.stdout, ran.stdout[-3000:]
    return ran.stdout


def shell(world: Island, *commands: str, profile: str = "ykt") -> str:
    """Commands of one pySim-shell session."""
    words = [word for command in commands for word in ("-e", command)]
    return tool(world, "pySim-shell.py", "-p0", "--noprompt", *words, profile=profile)


def objects(printed: str) -> list[dict[str, object]]:
    """The JSON objects among the output."""
    return [json.loads(text) for text in re.findall(r"^\{\n.*?^\}$", printed, re.MULTILINE | re.DOTALL)]


@pytest.mark.parametrize("profile", ["ykt", "plain", "weak"])
def test_pysim_read_prints_the_identities(world: Island, profile: str) -> None:
    """ICCID, IMSI, own number and service provider name."""
    identity = CardProfile.named(profile).identity
    printed = tool(world, "pySim-read.py", "-p0", profile=profile)
    assert f"ICCID: {identity.iccid.digits}" in printed
    assert f"IMSI: {identity.imsi.digits}" in printed
    assert f"MSISDN (NPI=1 ToN=1): +{identity.msisdn.digits}" in printed
    assert "SPN: YKT OneCard" in printed
    assert "Done !" in printed
    assert "Not available" not in printed.split("SPN")[0]


def test_pysim_shell_selects_reads_and_decodes(world: Island) -> None:
    """A directory, a transparent file and records, in pySim's own words."""
    found = objects(
        shell(world, USIM, "select EF.IMSI", "read_binary_decoded", "select EF.AD", "read_binary_decoded")
        + shell(world, "select MF", "select EF.DIR", "read_record_decoded 1")
    )
    adf, imsi_file, imsi, _, administrative, *_, directory = found
    assert adf["df_name"] == "a0000000871002ffffffff8906190000"
    assert (imsi_file["file_size"], imsi_file["short_file_identifier"]) == (9, 7)
    assert imsi == {"imsi": YKT.identity.imsi.digits}
    assert (administrative["ms_operation_mode"], administrative["mnc_len"]) == ("normal", 2)
    assert "a0000000871002ffffffff8906190000" in json.dumps(directory)


def test_pins_are_verified_and_counted(world: Island) -> None:
    """A wrong PIN costs one of three tries, a right one gives them back; the same for ADM1 with its ten."""
    printed = shell(
        world, STRICT, USIM, "enable_chv 1234", "verify_chv 9999", "apdu 00200001", "verify_chv 1234", "apdu 00200001",
        "verify_adm --adm-type ADM1 --pin-is-hex 3131313131313131", "apdu 0020000A", ADM, "apdu 0020000A",
    )  # fmt: skip
    counted = re.findall(r"SW: (63c.)", printed)
    assert counted == ["63c2", "63c3", "63c9", "63ca"]


def test_blocked_pin_is_unblocked(world: Island) -> None:
    """Three wrong ones block PIN 2; its unblock value brings it back."""
    pin_2 = "--pin-nr 0x81"
    printed = shell(
        world, STRICT, USIM, *[f"verify_chv {pin_2} 0000"] * 3, "apdu 00200081",
        f"unblock_chv {pin_2} 87654321 4321", f"verify_chv {pin_2} 4321", "apdu 00200081",
    )  # fmt: skip
    assert re.findall(r"SW: (6...)", printed) == ["6983", "63c3"]


def test_card_authenticates_with_test_set_1(world: Island) -> None:
    """The published answers; the same challenge again is a replay: AUTS."""
    printed = shell(world, USIM, f"authenticate {RAND} {AUTN}", f"authenticate {RAND} {AUTN}")
    first, second = objects(printed)[-2:]
    assert first == {"successful_3g_authentication": ANSWER}
    assert [*second] == ["synchronisation_failure"]


def test_export_lacks_only_what_the_profile_lacks(world: Island) -> None:
    """Every file of ours that pySim knows is exported; each one it could not export is one that we do not have."""
    printed = shell(world, ADM, "export")
    exported = set(re.findall(r"^# file: .*?\((\w{4})\)$", printed, re.MULTILINE))
    summary = printed.partition("Export summary")[2]
    faults = re.findall(r"^#  (\S+), (.*)$", summary, re.MULTILINE)
    assert faults
    assert {reason for _, reason in faults} == {
        "SW match failed! Expected 9000 and got 6a82: Wrong parameters - File not found"
    }
    menu = YKT.tree.root.files[0x7F59]  # a directory of our own, which no tool knows
    assert isinstance(menu, Directory)
    known = {
        node.fid for node in YKT.tree.root.walk() if isinstance(node, ElementaryFile) and node not in menu.elementary
    }
    assert {f"{fid:04x}" for fid in known} <= exported


def test_apdu_cases_pass_pysims_own_script(world: Island) -> None:
    """tests/pySim-shell_test/apdu/test_apdu.script: cases 1 to 4, told apart by the transport."""
    script = "tests/pySim-shell_test/apdu/test_apdu.script"
    printed = tool(world, "pySim-shell.py", "-p0", "--noprompt", "--script", script, profile="plain")
    statuses = re.findall(r"^SW: (\w+)", printed, re.MULTILINE)
    assert statuses == ["9000", "63ca", "9000", "63ca", "9000", "9000"]
    assert "EXCEPTION" not in printed
    assert "WARNING" not in printed


TDES = (
    "establish_scp02 --key-ver 0x21 --key-enc 51D4FC44BCBA7C4589DFADA3297720AF "
    "--key-mac 0449699C472CE71E2FB7B56245EF7684 --key-dek 000102030405060708090A0B0C0D0E0F"
)
AES = (
    "establish_scp03 --key-ver 0x32 --key-enc 200102030405060708090A0B0C0D0E0F "
    "--key-mac 201102030405060708090A0B0C0D0E0F --key-dek 202102030405060708090A0B0C0D0E0F"
)


@pytest.mark.parametrize("channel", [f"{TDES} --security-level {level}" for level in (1, 3)]
    + [f"{AES} --security-level {level}" for level in (1, 3, 0x33)])  # fmt: skip
def test_pysim_manages_the_card_through_a_secure_channel(world: Island, channel: str) -> None:
    """SCP02 and SCP03 by pySim's own code: the registry and the key information come back."""
    printed = shell(
        world, "set apdu_trace true", "select ADF.ISD", "get_status isd", channel, "get_status isd",
        "get_data key_information", "release_scp", profile="plain",
    )  # fmt: skip
    before, opened, after = printed.partition("Successfully established")
    assert "6982" in before
    assert opened
    assert "a000000151000000" in after
    assert "EXCEPTION" not in after
    assert len(re.findall(r'"key_version_number": ', after)) == 12
