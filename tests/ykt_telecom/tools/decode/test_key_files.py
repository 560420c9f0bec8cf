"""Key files of `ykt decode` and `ykt packet`: what does not fit is told without printing what the file holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ykt_telecom.faces.cli.decode import decode
from ykt_telecom.faces.cli.packet import packet

KEYS = 'kic_key = "00112233445566778899aabbccddeeff"\nkid_key = "ffeeddccbbaa99887766554433221100"\n'


@pytest.mark.parametrize(
    "text",
    [
        "kic_key = 5\nkid_key = 6\n",
        'kic_key = "0011"\nkid_key = "00"\n',
        KEYS + "kic = 12\n",
        KEYS + 'kic = "1234"\n',
        KEYS + "spi = [1]\n",
        KEYS + 'spi = "16"\n',
        "root:x:0:0\n",
    ],
)
@pytest.mark.parametrize("command", [decode, packet], ids=["decode", "packet decode"])
def test_a_key_file_that_does_not_fit_is_refused_with_its_form(tmp_path: Path, text: str, command: object) -> None:
    """Status 2, the file, and how it has to look; never a traceback, never a key."""
    path = tmp_path / "keys.toml"
    path.write_text(text, encoding="utf-8")
    words = ["--keys", str(path), "0002b000"]
    result = CliRunner().invoke(decode, words) if command is decode else CliRunner().invoke(packet, ["decode", *words])
    assert result.exit_code == 2
    assert "TOML file with kic_key" in " ".join(result.output.split())
    assert "00112233" not in result.output


def test_a_key_file_that_is_not_there_says_so() -> None:
    """In words, not by the name of an exception."""
    result = CliRunner().invoke(decode, ["--keys", "/nowhere/keys.toml", "00"])
    assert (result.exit_code, "No such file" in result.output) == (2, True)
