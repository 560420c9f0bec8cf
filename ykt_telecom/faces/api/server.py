"""uvicorn as a Task of our loop: it takes no signals and never ends the process by itself."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from ...runtime.errors import Trouble


class PortTaken(Trouble, RuntimeError):
    """The HTTP port cannot be opened. Choose another (`http.port`), or stop who holds it."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals stay Twisted's


class HttpServer:
    """Serves the application on one address."""

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._host = host
        self._socket = _listen(host, port)
        configuration = uvicorn.Config(app, log_config=None, lifespan="off", access_log=False, server_header=False)
        self._server = _Server(configuration)

    @property
    def url(self) -> str:
        """Where it listens; the port is the real one even if 0 was asked for."""
        port = self._socket.getsockname()[1]
        return f"http://[{self._host}]:{port}" if ":" in self._host else f"http://{self._host}:{port}"

    async def run(self) -> None:
        """Serve until stopped."""
        await self._server.serve(sockets=[self._socket])

    async def stop(self) -> None:
        """Take no more connections; running answers end within a second."""
        self._server.should_exit = True
        await asyncio.sleep(0)

    def close(self) -> None:
        """Release the socket when it was never served."""
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise PortTaken(f"http.port {port} on {host}: {error.strerror}; choose another port") from None
    listening.setblocking(False)
    return listening
