"""The socket by which a running service takes orders: in the data folder, for its owner alone.

The folder is 0700, the socket 0600, and the kernel says who is at the other end: the user of the service, or root.
Without a token the order is the owner's; with one it is its principal's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import structlog

from ..registry.keys.wrapping import KeyRing
from ..registry.people.tokens import Token
from ..runtime.clock import Clock
from ..runtime.errors import Refusal, Trouble
from ..runtime.settings import Settings
from ..runtime.tokens import Tokens
from ..storage.committer import Committer
from ..texts.refusals import Refused
from ..usecases.catalogue import USE_CASES
from ..usecases.means import means_of
from ..usecases.office import Asker, Office
from ..usecases.wire import orders_from_json, results_to_json
from .socket_frames import LENGTH_OCTETS, VERSION, BadFrame, frame, framed, length_of, parse, short_name
from .transactions import ServiceTransactions

log = structlog.get_logger(__name__)

#: Seconds that a stop waits for orders that are being carried out.
PATIENCE = 5.0
_PEER = struct.Struct("3i")  #: struct ucred: pid, uid, gid


class Host(Protocol):
    """What the service offers to those who join it."""

    settings: Settings
    clock: Clock
    tokens: Tokens
    ring: KeyRing
    on_start: list[Callable[[], Awaitable[object]]]
    on_stop: list[Callable[[], Awaitable[object]]]

    @property
    def committer(self) -> Committer: ...


def join_orders(host: Host) -> None:
    """Let the service take orders from its start to its stop."""
    means = means_of(host.settings, host.ring, host.tokens)
    taking = OrderSocket(host.settings.socket_path, Office(ServiceTransactions(host), means))
    host.on_start.append(taking.start)
    host.on_stop.append(taking.stop)


class OrderSocket:
    """Listens on one path and carries out what comes."""

    def __init__(self, path: Path, office: Office) -> None:
        self._path = path
        self._office = office
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen. A socket of a service that was killed is no obstacle: who holds the database is alone here."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            with short_name(self._path) as name:
                listening.bind(name)
        except OSError:
            listening.close()
            raise
        finally:
            os.umask(mask)
        self._server = await asyncio.start_unix_server(self._meet, sock=listening)

    async def stop(self) -> None:
        """Take no more orders; those that are being carried out get a few seconds."""
        if self._server is None:
            return
        self._server.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        if self._talks:
            await asyncio.wait(self._talks, timeout=PATIENCE)
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.ensure_future(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One order after the other until the other side ends."""
        try:
            owner = _owner_of(writer.get_extra_info("socket"))
            if owner is None:
                log.warning("order socket: another user was turned away")
                return
            while True:
                length = length_of(await reader.readexactly(LENGTH_OCTETS))
                request = parse(await reader.readexactly(length))
                writer.write(await self._answer(owner, request, writer))
                await writer.drain()
        except (BadFrame, asyncio.IncompleteReadError, ConnectionError) as error:
            if isinstance(error, BadFrame):
                writer.write(_trouble(f"{error}", 1))
        finally:
            writer.close()

    async def _answer(self, owner: str, request: dict[str, Any], writer: asyncio.StreamWriter) -> bytes:
        use_case = USE_CASES.get(str(request.get("use_case")))
        if request.get("version") != VERSION or use_case is None:
            return _trouble("the service is of another version; use its own `ykt`, or start it again", 1)
        told = request.get("orders")
        orders = orders_from_json(use_case.order, json.dumps(told).encode())
        if isinstance(orders, Refused):
            refused = [orders] * (len(told) if isinstance(told, list) else 1)
            return framed(b'{"results":' + results_to_json(use_case.result, refused) + b"}")
        token = request.get("token")
        asker = Asker(owner, None if token is None else Token(str(token)))
        loop = asyncio.get_running_loop()

        def progress(done: int, of: int) -> None:
            loop.call_soon_threadsafe(writer.write, frame({"progress": [done, of]}))

        try:
            results = await self._office.perform(
                asker, use_case, orders, key=str(request.get("key") or ""), progress=progress
            )
        except (Refusal, Trouble) as error:
            return _trouble(str(error), error.exit_status)
        return framed(b'{"results":' + results_to_json(use_case.result, results) + b"}")


def _trouble(text: str, status: int) -> bytes:
    return frame({"trouble": text, "status": status})


def _owner_of(peer: socket.socket) -> str | None:
    """The name of the user at the other end, when it is the service's own or root."""
    _, uid, _ = _PEER.unpack(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    if uid not in (os.geteuid(), 0):
        return None
    return user_name(uid)


def user_name(uid: int) -> str:
    """The user's name; its number when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
