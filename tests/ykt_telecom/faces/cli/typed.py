"""`ykt …` as a person types it: in this process, on a data folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ykt_telecom.__main__ import main

ICCID, MSISDN = "89860012345678901238", "8613800000001"
OTHER_ICCID, OTHER_MSISDN = "89860012345678901246", "8613800000002"
CARD_HEADING = "iccid,imsi,msisdn,mt_kic,mt_kid,mt_dek,mo_kic,mo_kid"


class Typed:
    """Runs `ykt …` in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.folder = folder
        self.data = folder / "installation"

    def __call__(self, *words: str, status: int = 0) -> str:
        """What was printed; the exit status must be the one expected."""
        told = self.both(*words, status=status)
        return told[0] + told[1]

    def both(self, *words: str, status: int = 0) -> tuple[str, str]:
        """What was printed on stdout and on stderr."""
        self._monkeypatch.setattr("sys.argv", ["ykt", *words, "--data", str(self.data)])
        with pytest.raises(SystemExit) as ended:
            main()
        told = self._capsys.readouterr()
        assert (ended.value.code or 0) == status, told.out + told.err
        return told.out, told.err

    def json(self, *words: str, status: int = 0) -> Any:
        """What was printed on stdout, as a program reads it."""
        return json.loads(self.both(*words, "--json", status=status)[0])

    def as_user(self, token: str) -> None:
        """Act by this token from now on."""
        self._monkeypatch.setenv("YKT_TOKEN", token)

    def as_owner(self) -> None:
        """Act as the owner of the data folder again."""
        self._monkeypatch.delenv("YKT_TOKEN", raising=False)

    def file(self, text: str, name: str = "file.csv", encoding: str = "utf-8") -> str:
        """A file with this text; its path."""
        path = self.folder / name
        path.write_text(text, encoding=encoding)
        return str(path)

    def cards(self, *lines: tuple[str, str]) -> str:
        """A file of cards with their numbers, each with keys of its own."""
        rows = [
            f"{iccid},46000123456789{at},{msisdn},{','.join(f'c0ffee{at}{number:025x}' for number in range(1, 6))}"
            for at, (iccid, msisdn) in enumerate(lines)
        ]
        return self.file("\n".join([CARD_HEADING, *rows, ""]), "cards.csv")


@pytest.fixture
def ykt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Typed:
    """An installation that was just made."""
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    for name in ("YKT_TOKEN", "YKT_TOKEN_FILE", "YKT_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    typed = Typed(monkeypatch, capsys, tmp_path)
    typed("init")
    return typed
