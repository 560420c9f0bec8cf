"""A link to a centre that calls us: it connects and says outbind, we bind on that connection — SMPP 3.4 §2.2.1."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

import structlog

from ..smpp.events import OutbindReceived
from .esme import EsmeLine, EsmeLink, LinkLines

log = structlog.get_logger(__name__)


class OutbindLink(EsmeLink):
    """Like :class:`EsmeLink`, but `config.host` and `config.port` are where we listen.

    `caller` and `caller_password` are what the centre must say of itself; one that says something else is cut off
    before it sees our password.
    """

    def __init__(self, *arguments: Any, caller: str, caller_password: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._caller = caller.encode("latin-1")
        self._caller_password = caller_password.encode("latin-1")
        self._port: Any = None

    @property
    def port(self) -> int:
        """Where we listen (the one chosen for 0)."""
        chosen: int = self._port.getHost().port
        return chosen

    def start(self) -> None:
        """Listen."""
        self._loop = self._reactor._asyncioEventloop
        self._port = self._reactor.listenTCP(self.config.port, LinkLines(self), interface=self.config.host)

    async def stop(self) -> None:
        """Take no call any more, drain, unbind, close."""
        if self._port is not None:
            stopped = self._port.stopListening()
            if stopped is not None:
                await stopped.asFuture(asyncio.get_running_loop())
        await super().stop()

    @property
    def takes_calls(self) -> bool:
        """One call at a time: a second centre would push the first one out."""
        return self._line is None

    def _opened(self, line: EsmeLine) -> None:
        """Wait for the outbind; the session's bind timer closes a line on which none comes."""

    def _outbind(self, line: EsmeLine, event: OutbindReceived) -> None:
        self.counts["outbinds"] += 1
        same = hmac.compare_digest(event.pdu.system_id, self._caller)
        if not (hmac.compare_digest(event.pdu.password, self._caller_password) and same):
            log.warning("outbind refused", link=self.config.name)
            line.close("outbind with wrong credentials")
            return
        line.session.request(self.config.bind_pdu(), self._seconds())
        line.wake()
