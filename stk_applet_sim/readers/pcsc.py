"""Readers of this machine through PC/SC: which there are, and a line to the card in one of them.

The only place that knows pyscard (extra `pcsc`); without it, or without the pcscd service, :class:`NoReaders` says
what to install.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from .card_session import Exchange

INSTALL: Final = (
    "PC/SC needs pyscard and pcscd: apt-get install -y pcscd libpcsclite-dev swig gcc python3-dev "
    "&& pip install 'ykt-telecom[pcsc]'"
)


class NoReaders(Exception):
    """There is no PC/SC here, or no reader of that name, or no card in it: the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class CardInReader:
    """A card on the line: its ATR and how to exchange APDUs with it."""

    reader: str
    atr: bytes
    exchange: Exchange


def reader_names() -> tuple[str, ...]:
    """The readers of this machine, in PC/SC's order."""
    return tuple(str(reader) for reader in _readers())


@contextmanager
def card_in(name: str) -> Iterator[CardInReader]:
    """Connect to the card in the reader whose name contains `name`; NoReaders when that is not exactly one."""
    exceptions = _pyscard("smartcard.Exceptions")
    found = [reader for reader in _readers() if name.casefold() in str(reader).casefold()]
    exact = [reader for reader in found if str(reader) == name]
    if len(exact or found) != 1:
        names = ", ".join(map(str, _readers())) or "none"
        raise NoReaders(f"{name!r} names {len(found)} readers; there are: {names}")
    reader = (exact or found)[0]
    connection = reader.createConnection()
    try:
        connection.connect()
    except (exceptions.NoCardException, exceptions.CardConnectionException) as error:
        raise NoReaders(f"{reader}: no card answers ({error}); put one in, or `ykt sim serve`") from None

    def exchange(octets: bytes) -> bytes:
        try:
            answer, sw1, sw2 = connection.transmit(list(octets))
        except exceptions.CardConnectionException as error:
            raise NoReaders(f"{reader}: the card is gone ({error}); put it in again") from None
        return bytes(answer) + bytes((sw1, sw2))

    try:
        yield CardInReader(str(reader), bytes(connection.getATR()), exchange)
    finally:
        connection.disconnect()


def _readers() -> list[Any]:
    system = _pyscard("smartcard.System")
    exceptions = _pyscard("smartcard.pcsc.PCSCExceptions")
    try:
        return list(system.readers())
    except exceptions.EstablishContextException:
        raise NoReaders("the PC/SC service does not answer: start pcscd (apt-get install -y pcscd)") from None


def _pyscard(module: str) -> Any:
    import importlib  # noqa: PLC0415 - only who asks for a reader pays for pyscard

    try:
        return importlib.import_module(module)
    except ImportError:
        raise NoReaders(INSTALL) from None
