"""The way of a command to the use cases: through the socket of a running service, else on the database itself.

Both ways carry out the same functions and answer with the same values.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError

from ..registry.audit.chain import seal_audit
from ..registry.keys.wrapping import open_key_ring
from ..registry.people.tokens import Token
from ..runtime.clock import Clock, SystemClock
from ..runtime.errors import Refusal, Trouble
from ..runtime.settings import Settings
from ..runtime.tokens import SystemTokens
from ..storage.database import Database, create_all, is_there, open_database, open_for_reading
from ..storage.faults import AlreadyRunning
from ..storage.numbers import highest_number
from ..usecases.means import Means, Progress, means_of
from ..usecases.office import Asker, Office
from ..usecases.results import Result
from ..usecases.runner import UseCase
from ..usecases.wire import orders_to_json, results_from_json
from .orders import user_name
from .socket_frames import LENGTH_OCTETS, VERSION, framed, length_of, parse, short_name
from .transactions import HeldDatabase, drive

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")

#: A service that starts or stops holds the database while it has no socket: so often, and so long, it is asked again.
_TRIES, _PAUSE = 50, 0.1
_CONNECT_SECONDS = 5.0


class NoDatabase(Refusal):
    """There is no installation here. Name another folder, or make one with `ykt init --data DIR`."""


class ServiceGone(Trouble):
    """The service ended the connection. Look at its log, and at what was done, before ordering again."""


class DatabaseSilent(Trouble):
    """The database does not answer, or answers nonsense. Restore it from a backup."""


@contextlib.contextmanager
def said_plainly() -> Iterator[None]:
    """Turn what the database says into one line."""
    try:
        yield
    except DBAPIError as error:
        raise DatabaseSilent(f"the database does not answer: {error.orig}; restore it from a backup") from None


class InstallationDoor:
    """Carries out orders for one installation, wherever its database is held."""

    def __init__(
        self, settings: Settings, token: Token | None, *, pause: Callable[[float], object] = time.sleep
    ) -> None:
        self._settings = settings
        self._token = token
        self._pause = pause

    def perform(
        self, use_case: UseCase[I, R], orders: Sequence[I], *, key: str = "", progress: Progress
    ) -> Sequence[Result[R]]:
        """One result for each order; raises `Refusal` or `Trouble` when none could be had."""
        for _ in range(_TRIES):
            service = self._connect()
            if service is not None:
                with service:
                    return _order(service, _request(self._token, use_case, orders, key), use_case, progress)
            try:
                with said_plainly():
                    return self._perform_here(use_case, orders, key, progress)
            except AlreadyRunning as error:
                held = error
                self._pause(_PAUSE)
        raise AlreadyRunning(f"{held}: it holds the database and takes no orders")

    def _connect(self) -> socket.socket | None:
        """The running service; None when there is none. A socket that nobody listens on is as good as none."""
        path = self._settings.socket_path
        if not path.exists():
            return None
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.settimeout(_CONNECT_SECONDS)
        try:
            with short_name(path) as name:
                made.connect(name)
        except (ConnectionRefusedError, FileNotFoundError):
            made.close()
            return None
        made.settimeout(None)
        return made

    def _perform_here(
        self, use_case: UseCase[I, R], orders: Sequence[I], key: str, progress: Progress
    ) -> Sequence[Result[R]]:
        settings, tokens, clock = self._settings, SystemTokens(), SystemClock()
        if not is_there(settings.database_location):
            raise NoDatabase(f"no database at {settings.database_path}: `ykt init --data DIR` makes one")
        os.umask(0o077)
        ring = open_key_ring(settings.kek_path, settings.database_path)
        means = means_of(settings, ring, tokens)
        asker = Asker(user_name(os.geteuid()), self._token)
        with opened(settings, clock, means, reads=use_case.reads) as database:
            if not use_case.reads:
                with database.reading() as conn:
                    tokens.at_least(highest_number(conn))
            office = Office(HeldDatabase(database, clock, tokens), means)
            return drive(office.perform(asker, use_case, orders, key=key, progress=progress))


@contextlib.contextmanager
def opened(settings: Settings, clock: Clock, means: Means, *, reads: bool) -> Iterator[Database]:
    """The database: this command's alone, or beside whoever holds it when it is only looked at."""
    if reads:
        database = open_for_reading(settings.database_location)
        try:
            yield database
        finally:
            database.close()
        return
    database = open_database(settings.database_location)
    try:
        create_all(database, clock.now())
        seal_audit(database, means.chain_key, means.anchor)
        yield database
    finally:
        database.close()


def _request(token: Token | None, use_case: UseCase[I, R], orders: Sequence[I], key: str) -> bytes:
    head = {
        "version": VERSION,
        "use_case": use_case.name,
        "token": None if token is None else token.text(),
        "key": key,
    }
    return framed(json.dumps(head)[:-1].encode() + b',"orders":' + orders_to_json(use_case.order, orders) + b"}")


def _order(service: socket.socket, request: bytes, use_case: UseCase[I, R], progress: Progress) -> Sequence[Result[R]]:
    """Order it from the service, and wait for its answer."""
    try:
        service.sendall(request)
        return _answer(service, use_case, progress)
    except ConnectionError:
        raise ServiceGone("the service ended the connection: look at its log, and at what was done") from None


def _answer(service: socket.socket, use_case: UseCase[I, R], progress: Progress) -> Sequence[Result[R]]:
    """What the service says; raises what it was in trouble with."""
    while True:
        told = parse(_read(service, length_of(_read(service, LENGTH_OCTETS))))
        if "progress" in told:
            progress(*told["progress"])
        elif "trouble" in told:
            raise _told_trouble(told)
        else:
            return results_from_json(use_case.result, json.dumps(told["results"]).encode())


def _told_trouble(told: dict[str, Any]) -> Trouble:
    trouble = Trouble(str(told["trouble"]))
    trouble.exit_status = int(told.get("status", 1))
    return trouble


def _read(service: socket.socket, count: int) -> bytes:
    octets = bytearray()
    while len(octets) < count:
        some = service.recv(min(count - len(octets), 1 << 20))
        if not some:
            raise ConnectionResetError
        octets += some
    return bytes(octets)
