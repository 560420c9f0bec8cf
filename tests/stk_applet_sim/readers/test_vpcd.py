"""A card in the virtual reader over a real socket, and the file that keeps what it remembers."""

from __future__ import annotations

import socket
import stat
import threading
from pathlib import Path

import pytest

from stk_applet_sim.readers.vpcd import KeptCard, serve
from stk_applet_sim.uicc.card import Uicc
from stk_applet_sim.uicc.profile import CardProfile
from telecom_codecs.crypto.pycryptodome import PycryptodomeProvider

WRONG_PIN2 = bytes.fromhex("00200081083131313131313131")
TRIES_LEFT = bytes.fromhex("00200081")


def a_card(state: bytes | None = None) -> Uicc:
    return Uicc(CardProfile.named("plain"), provider=PycryptodomeProvider(), random=bytes, state=state)


def test_card_answers_until_the_reader_goes_away() -> None:
    """Power on, ATR, a command; then the reader closes and `serve` returns."""
    with socket.create_server(("127.0.0.1", 0)) as reader:
        serving = threading.Thread(target=serve, args=(a_card(), "127.0.0.1", reader.getsockname()[1]))
        serving.start()
        line, _ = reader.accept()
        with line:
            line.sendall(bytes.fromhex("000101000104"))
            length = int.from_bytes(line.recv(2, socket.MSG_WAITALL), "big")
            assert line.recv(length, socket.MSG_WAITALL) == CardProfile.named("plain").atr
            line.sendall(b"\x00\x07")
            line.sendall(bytes.fromhex("00A40004023F00"))
            assert line.recv(4, socket.MSG_WAITALL)[:3] == bytes.fromhex("000261")
        serving.join(10)
    assert not serving.is_alive()


def test_no_reader_is_an_error_to_the_caller() -> None:
    """Whether to wait for it is for the command line to decide."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        serve(a_card(), "127.0.0.1", port)


def test_what_the_reader_saw_happen_is_in_the_file(tmp_path: Path) -> None:
    """A wrong PIN costs a try even when the process dies right after the answer; the file is for its owner only."""
    path = tmp_path / "card.json"
    card = KeptCard(a_card(), path)
    card.reset()
    assert not path.exists()
    assert card.process(WRONG_PIN2) == bytes.fromhex("63C2")
    assert a_card(path.read_bytes()).process(TRIES_LEFT) == bytes.fromhex("63C2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["card.json"]


def test_reading_writes_no_file(tmp_path: Path) -> None:
    """A card that only answers questions costs no disk writes."""
    card = KeptCard(a_card(), tmp_path / "card.json")
    card.process(bytes.fromhex("00A40004022FE2"))
    assert list(tmp_path.iterdir()) == []
