"""A centre that calls us: it connects and says outbind, we bind on that connection — SMPP 3.4 §2.2.1."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory

from ..smpp import operations as op


@dataclass(frozen=True, slots=True)
class Caller:
    """What the centre that calls must say of itself; one that says something else never sees our password."""

    system_id: str
    password: str = field(repr=False)

    def is_meant(self, pdu: op.Outbind) -> bool:
        """Whether this outbind is from it."""
        same = hmac.compare_digest(pdu.system_id, self.system_id.encode("latin-1"))
        return hmac.compare_digest(pdu.password, self.password.encode("latin-1")) and same


class Listening:
    """Stands where a ClientService does: waits for calls at `host` and `port` instead of making one."""

    def __init__(self, reactor: Any, host: str, port: int, lines: Factory) -> None:
        self._reactor = reactor
        self._host = host
        self._wanted = port
        self._lines = lines
        self._port: Any = None

    @property
    def port(self) -> int:
        """Where we listen (the one chosen for 0)."""
        chosen: int = self._port.getHost().port
        return chosen

    def startService(self) -> None:  # noqa: N802 - Twisted's names
        self._port = self._reactor.listenTCP(self._wanted, self._lines, interface=self._host)

    def stopService(self) -> Deferred[Any]:  # noqa: N802
        port, self._port = self._port, None
        return maybeDeferred(port.stopListening if port is not None else lambda: None)
