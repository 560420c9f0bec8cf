"""The links as they are configured, and several of them as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from random import Random
from typing import Any, Protocol, cast

from smsc_gateway.line.tls import Tls
from smsc_gateway.links.config import LinkConfig
from smsc_gateway.links.esme import EsmeLink
from smsc_gateway.links.outbind import Caller
from smsc_gateway.links.profile import FAILURES, NEVER, Profile
from smsc_gateway.links.route import LinkPair, Links, Route, Submitting
from smsc_gateway.links.trace import LinkTrace
from smsc_gateway.smpp.status import RetryClass

from ..messaging.link import Link, relative_time
from ..runtime.link_settings import LinkSettings, SmscSettings, TlsSettings

_RECEIPTS = {"asked": None, "failures": FAILURES, "never": NEVER}
_MEANINGS = {
    "throttled": RetryClass.THROTTLED,
    "retry": RetryClass.RETRY,
    "unclear": RetryClass.UNCLEAR,
    "final": RetryClass.FINAL,
}


class ManagedLink(Link, Protocol):
    """A link that the service starts and stops. `is_mute`: bound, and nobody answers."""

    @property
    def is_mute(self) -> bool: ...

    def start(self) -> None: ...

    async def stop(self) -> None: ...


class TracedLink(EsmeLink):
    """A link that writes its PDUs down."""

    def __init__(self, config: LinkConfig, *, trace: LinkTrace, **options: Any) -> None:
        super().__init__(config, on_pdu=trace, **options)
        self._trace = trace

    async def stop(self) -> None:
        await super().stop()
        self._trace.close()


def make_link(
    settings: LinkSettings, *, reactor: Any, random: Random, clock: Callable[[], datetime]
) -> EsmeLink | LinkPair:
    """The link of one `[[smsc.links]]`, not started."""
    options = {"reactor": reactor, "random": random}
    if settings.bind == "pair":
        halves = [EsmeLink(_config(settings, bind), **options) for bind in ("transmitter", "receiver")]
        return LinkPair(settings.name, *halves)
    config = _config(settings, settings.bind)
    if settings.pdu_log is None and settings.capture is None:
        return EsmeLink(config, **options)
    smsc = (settings.host, settings.port)
    trace = LinkTrace(pdu_log=settings.pdu_log, capture=settings.capture, smsc=smsc, clock=clock)
    return TracedLink(config, trace=trace, **options)


def sending_link(settings: SmscSettings, links: Mapping[str, ManagedLink], reactor: Any) -> ManagedLink | None:
    """What the outbox sends over: the only link that may submit itself, else all of them under their routes."""
    senders = [one.name for one in settings.links if one.name in links and one.bind != "receiver"]
    if not senders:
        return None
    if len(senders) == 1 and not settings.routes:
        return links[senders[0]]
    routes = [Route(one.prefix, one.links, one.balance) for one in settings.routes] or [Route("", tuple(senders))]
    kept = [Route(one.prefix, names, one.balance) for one in routes if (names := _enabled(one.links, senders))]
    return Links([cast(Submitting, links[name]) for name in senders], kept, reactor=reactor)


def _enabled(names: Sequence[str], senders: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in senders)


def _config(settings: LinkSettings, bind: str) -> LinkConfig:
    caller = settings.outbind
    return LinkConfig(
        host=settings.host,
        port=settings.port,
        system_id=settings.system_id,
        password=settings.secret(),
        bind=bind,
        system_type=settings.system_type,
        window=settings.window,
        rate=settings.rate or None,
        deliveries=settings.deliveries,
        enquire_link=settings.enquire_link,
        response_timeout=settings.response_timeout,
        bind_timeout=settings.bind_timeout,
        connect_timeout=settings.connect_timeout,
        drain_timeout=settings.drain_timeout,
        address_ton=settings.address_ton,
        address_npi=settings.address_npi,
        address_range=settings.address_range,
        statuses={status: _MEANINGS[word] for status, word in settings.status_words().items()},
        profile=_profile(settings),
        name=settings.name if bind == settings.bind else f"{settings.name}/{bind}",
        tls=None if settings.tls is None else _tls(settings.tls),
        caller=None if caller is None else Caller(caller.system_id, caller.password.get_secret_value()),
    )


def _profile(settings: LinkSettings) -> Profile:
    return Profile(
        source_ton=settings.source_ton,
        source_npi=settings.source_npi,
        destination_ton=settings.destination_ton,
        destination_npi=settings.destination_npi,
        validity=relative_time(settings.validity) if settings.validity else b"",
        receipts=_RECEIPTS[settings.receipts],
        packet_receipts=_RECEIPTS[settings.packet_receipts],
    )


def _tls(settings: TlsSettings) -> Tls:
    return Tls(
        authority=settings.authority,
        pin=settings.pin,
        certificate=settings.certificate,
        server_name=settings.server_name,
    )
