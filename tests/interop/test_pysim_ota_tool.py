"""pySim's contrib/smpp-ota-tool, run as a program, manages our simulated card through our SMSC simulator.

The tool seals every command and opens every proof of receipt with its own code: an independent witness for SMPP, the
secured packet, the remote file and application management of the card. To enable: clone the public repository
https://github.com/osmocom/pysim, make it a virtual environment of its own in ``venv`` with what its requirements name
(at least smpplib, construct, bidict, osmocom, pycryptodomex, pyscard), and set ``YKT_PYSIM`` to the folder;
``YKT_PYSIM_PYTHON`` names another interpreter than ``venv/bin/python``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from smsc_gateway.smpp.codec import decode
from smsc_gateway.smpp.operations import DeliverSm, SubmitSm
from telecom_codecs.card.identities import Imsi
from telecom_codecs.globalplatform.commands import key_information
from telecom_codecs.globalplatform.keys import KeyComponent
from telecom_codecs.sms.dcs import DCS_OCTET

CHECKOUT = Path(os.environ.get("YKT_PYSIM") or "pysim").absolute()
PYTHON = Path(os.environ.get("YKT_PYSIM_PYTHON") or CHECKOUT / "venv/bin/python").absolute()
TOOL = CHECKOUT / "contrib/smpp-ota-tool.py"
ENABLE = "set YKT_PYSIM to a checkout of pySim with its virtual environment in venv (or YKT_PYSIM_PYTHON)"

PHONE = "8613800000002"
ACCESS_CODE = "10086"
IMSI = "460001234505678"  #: of profile `plain`

# Key sets 1 to 3 of profile `plain`, as an operator would hand them to the tool.
TDES = (
    "--kic 51D4FC44BCBA7C4589DFADA3297720AF --kid 0449699C472CE71E2FB7B56245EF7684 --kic-idx 1 --kid-idx 1 "
    "--algo-crypt triple_des_cbc2 --algo-auth triple_des_cbc2"
)
AES = "--algo-crypt aes_cbc --algo-auth aes_cmac "
AES_128 = AES + "--kic 200102030405060708090A0B0C0D0E0F --kid 201102030405060708090A0B0C0D0E0F --kic-idx 2 --kid-idx 2"
AES_256 = AES + f"--kic {'11' * 32} --kid {'22' * 32} --kic-idx 3 --kid-idx 3"
KEY_SETS = (pytest.param(TDES, id="3DES"), pytest.param(AES_128, id="AES-128"), pytest.param(AES_256, id="AES-256"))
FOREIGN_KEY = "000102030405060708090A0B0C0D0E0F"

GSM_FILES, USIM_FILES, CARD_MANAGER, NOBODY = "--tar B00010", "--tar B00011", "--tar 000000", "--tar FFFF00"
READ_IMSI = "-a 00A40004026F07 -a 00B0000009"
SMPP_BINARY = 2  #: data_coding "8-bit binary" of SMPP 3.4 §5.2.19, which the tool sends where GSM says 04
MUST_BE_HIGHER = "--cntr-req counter_must_be_higher"


def missing() -> str:
    """Why the tool cannot be run, empty when it can."""
    if "YKT_PYSIM" not in os.environ:
        return "not asked for"
    return "".join(f"{path} is missing, " for path in (TOOL, PYTHON) if not path.is_file()).rstrip(", ")


pytestmark = pytest.mark.skipif(bool(missing()), reason=f"pysim: {missing()}; {ENABLE}")


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run of the tool came to: exit code, last line printed, and PoR statuses decoded by the tool."""

    code: int
    printed: str
    statuses: tuple[tuple[int, str], ...]

    def read_imsi(self) -> str:
        """The digits of EF.IMSI, when everything went well."""
        assert (self.code, self.statuses) == (0, ((0, "por_ok"),)), self
        octets, sw = self.printed.split()
        assert sw == "9000"
        return Imsi.from_octets(bytes.fromhex(octets)).digits


@dataclass(frozen=True, slots=True)
class Simulator:
    """`ykt smsc serve` with one `plain` card, in a process of its own."""

    port: int
    pdu_log: Path

    def ota(self, *options: str) -> Ran:
        """Run the tool against it with these options."""
        command = [str(PYTHON), str(TOOL), "--host", "127.0.0.1", "--port", str(self.port), "--dest-addr", PHONE]
        words = [word for option in options for word in option.split()]
        ran = subprocess.run(
            [*command, *words], cwd=CHECKOUT, env={**os.environ, "PYTHONPATH": "."},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        statuses = re.findall(r"response_status=\w+\.new\((\d+), '(\w+)'\)", ran.stderr)
        return Ran(ran.returncode, ran.stdout.strip(), tuple((int(number), name) for number, name in statuses))


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    """One simulator for the module; it leaves with 0, having logged no error."""
    folder = tmp_path_factory.mktemp("smsc")
    handsets, pdu_log, log = folder / "handsets.toml", folder / "pdus.jsonl", folder / "stderr.jsonl"
    handsets.write_text(f'[[handset]]\nkind = "card"\nprofile = "plain"\nmsisdn = "{PHONE}"\n')
    command = [sys.executable, "-c", "from smsc_gateway.cli.smsc import smsc; smsc()", "serve", "--port", "0"]
    command += ["--account", f"test:test:{ACCESS_CODE}", "--handsets", str(handsets), "--pdu-log", str(pdu_log)]
    with (
        log.open("w") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("listening "), log.read_text()
            yield Simulator(int(line.rsplit(":", 1)[1]), pdu_log)
            process.terminate()
            assert process.wait(15) == 0
        finally:
            process.kill()
    assert {json.loads(line)["level"] for line in log.read_text().splitlines()} <= {"info"}


def test_3des_reads_the_gsm_directory(simulator: Simulator) -> None:
    """CLA A0: the answer to GET RESPONSE is the directory's header of TS 51.011."""
    ran = simulator.ota(TDES, GSM_FILES, "-a A0A40000027F20 -a A0C0000016")
    assert (ran.code, ran.statuses) == (0, ((0, "por_ok"),))
    assert re.fullmatch("0000ffff7f2002.{22}838a838a 9000", ran.printed)


@pytest.mark.parametrize("keys", KEY_SETS)
@pytest.mark.parametrize(
    "proof",
    [
        pytest.param("", id="PoR ciphered and signed"),
        pytest.param("--por-no-ciphering", id="PoR signed"),
        pytest.param("--por-no-ciphering --por-rc-cc-ds no_rc_cc_ds", id="PoR open"),
        pytest.param(f"--por-in-submit --src-addr {ACCESS_CODE}", id="PoR in SMS-SUBMIT"),
    ],
)
def test_every_key_set_reads_the_imsi(simulator: Simulator, keys: str, proof: str) -> None:
    """The digits of EF.IMSI come back however the proof of receipt is asked for."""
    assert simulator.ota(keys, USIM_FILES, proof, READ_IMSI).read_imsi() == IMSI


@pytest.mark.parametrize("keys", KEY_SETS)
def test_card_manager_tells_its_keys(simulator: Simulator, keys: str) -> None:
    """GET DATA 00E0 over the air lists three keys in each of four key sets, with their lengths."""
    ran = simulator.ota(keys, CARD_MANAGER, "-a 80CA00E000")
    assert (ran.code, ran.statuses) == (0, ((0, "por_ok"),))
    template, sw = ran.printed.split()
    assert sw == "9000"
    listed = {(key.key_version, key.key_id): key.components for key in key_information(bytes.fromhex(template))}
    tdes, aes_128, aes_256 = (KeyComponent(0x80, 16),), (KeyComponent(0x88, 16),), (KeyComponent(0x88, 32),)
    expected = {1: tdes, 2: aes_128, 3: aes_256, 5: aes_128}
    assert listed == {(version, use): kind for version, kind in expected.items() for use in (1, 2, 3)}


def test_missing_file_ends_with_the_cards_status_word(simulator: Simulator) -> None:
    """The packet is good, the command in it is not: PoR 00 and 6A82, the rest of the script not executed."""
    ran = simulator.ota(AES_128, USIM_FILES, "-a 00A40004026FFF -a 00B0000009")
    assert (ran.code, ran.statuses, ran.printed) == (0, ((0, "por_ok"),), "6a82")


@pytest.mark.parametrize(
    ("options", "status"),
    [
        pytest.param(f"{AES_128} --kid {FOREIGN_KEY} {USIM_FILES}", (0x01, "rc_cc_ds_failed"), id="wrong KID"),
        pytest.param(f"{AES_128} --kic {FOREIGN_KEY} {USIM_FILES}", (0x01, "rc_cc_ds_failed"), id="wrong KIc"),
        pytest.param(f"{TDES} --kid {FOREIGN_KEY} {USIM_FILES}", (0x01, "rc_cc_ds_failed"), id="wrong 3DES KID"),
        pytest.param(f"{TDES} {NOBODY}", (0x09, "tar_unknown"), id="wrong TAR"),
        pytest.param(
            f"{AES_128} {NOBODY} --por-req por_only_when_error", (0x09, "tar_unknown"), id="wrong TAR, PoR on error"
        ),
        pytest.param(f"{TDES} {USIM_FILES} --rc-cc-ds rc", (0x0A, "insufficient_security_level"), id="RC for CC"),
        pytest.param(f"{TDES} {USIM_FILES} --no-ciphering", (0x0A, "insufficient_security_level"), id="not ciphered"),
        pytest.param(
            f"{TDES} {USIM_FILES} --rc-cc-ds no_rc_cc_ds", (0x0A, "insufficient_security_level"), id="no check"
        ),
        pytest.param(
            f"{TDES} {USIM_FILES} --kic-idx 7 --kid-idx 7", (0x06, "undefined_security_error"), id="no such key set"
        ),
        pytest.param(f"{TDES} {USIM_FILES} --kid-idx 2", (0x06, "undefined_security_error"), id="mixed key sets"),
    ],
)
def test_card_refuses_with_the_status_of_the_fault(simulator: Simulator, options: str, status: tuple[int, str]) -> None:
    """Nothing is executed, and the tool reads from the PoR why."""
    ran = simulator.ota(options, READ_IMSI)
    assert ran.statuses == (status,)
    assert (ran.code, ran.printed) == (1, "")  # the tool's way to say that no R-APDU came


@pytest.mark.parametrize("keys", [KEY_SETS[0], KEY_SETS[1]])
def test_card_refuses_a_counter_it_has_seen(simulator: Simulator, keys: str) -> None:
    """The same counter twice: executed once, then status 02, and the next counter is good again."""
    request = (keys, USIM_FILES, MUST_BE_HIGHER, READ_IMSI)
    assert simulator.ota(*request, "--cntr 1").read_imsi() == IMSI
    assert simulator.ota(*request, "--cntr 1").statuses == ((0x02, "cntr_low"),)
    assert simulator.ota(*request, "--cntr 2").read_imsi() == IMSI


def test_forger_cannot_move_the_counter(simulator: Simulator) -> None:
    """A high counter under a wrong key is refused and forgotten; the rightful low one is still accepted."""
    request = (AES_256, USIM_FILES, MUST_BE_HIGHER, READ_IMSI)
    assert simulator.ota(*request, "--cntr 1000", f"--kid {FOREIGN_KEY * 2}").statuses == ((0x01, "rc_cc_ds_failed"),)
    assert simulator.ota(*request, "--cntr 1").read_imsi() == IMSI


def test_what_went_over_the_line_is_one_short_message_each_way(simulator: Simulator) -> None:
    """Command and proof carry UDHI, PID 7F, an 8-bit DCS and at most 140 octets; the ends are the right numbers."""
    already = len(simulator.pdu_log.read_text().splitlines())
    assert simulator.ota(AES_128, USIM_FILES, READ_IMSI).read_imsi() == IMSI
    lines = [json.loads(line) for line in simulator.pdu_log.read_text().splitlines()[already:]]
    assert {line["status"] for line in lines} == {0}
    messages = [decode(bytes.fromhex(line["octets"])) for line in lines if line["pdu"] in ("submit_sm", "deliver_sm")]
    assert [type(message) for message in messages] == [SubmitSm, DeliverSm]
    command, proof = messages
    assert (command.destination_addr.decode(), command.short_message[:3]) == (PHONE, b"\x02\x70\x00")
    assert (proof.source_addr.decode(), proof.short_message[:3]) == (PHONE, b"\x02\x71\x00")
    assert proof.destination_addr == command.source_addr
    assert (command.data_coding, proof.data_coding) == (SMPP_BINARY, DCS_OCTET)
    for message in messages:
        assert (message.esm_class, message.protocol_id) == (0x40, 0x7F)
        assert len(message.short_message) <= 140
