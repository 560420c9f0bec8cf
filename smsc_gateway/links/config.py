"""How one link to an SMSC is configured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..line.tls import Tls
from ..smpp import operations as op
from ..smpp.session import Limits
from ..smpp.status import RetryClass
from .outbind import Caller
from .outcome import NO_STATUSES
from .profile import AS_SUBMITTED, Profile

BINDS: dict[str, type[op.Bind]] = {
    "transceiver": op.BindTransceiver,
    "transmitter": op.BindTransmitter,
    "receiver": op.BindReceiver,
}


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """One link as configured; times in seconds. The password is never printed."""

    host: str
    port: int
    system_id: str
    password: str = field(default="", repr=False)
    bind: str = "transceiver"
    system_type: str = ""
    window: int = 50
    rate: float | None = None  #: segments a second; None: as fast as the window allows
    queue: int = 10_000  #: submissions that wait in an :class:`.awaited.AwaitedLink`; more are "not sent"
    deliveries: int = 1_000  #: deliver_sm being stored; more are answered RMSGQFUL
    enquire_link: float = 15.0
    response_timeout: float = 10.0
    bind_timeout: float = 10.0
    connect_timeout: float = 10.0
    drain_timeout: float = 5.0
    address_ton: int = 0
    address_npi: int = 0
    address_range: str = ""
    statuses: Mapping[int, RetryClass] = field(default_factory=lambda: NO_STATUSES)  #: where the SMSC is not standard
    profile: Profile = AS_SUBMITTED
    name: str = "smsc"
    tls: Tls | None = None
    caller: Caller | None = None  #: the centre connects to us at `host` and `port` and says this in its outbind

    def limits(self) -> Limits:
        """The session's part of it; a missed enquire_link shows within half its interval."""
        return Limits(
            window=self.window,
            response_timeout=self.response_timeout,
            bind_timeout=self.bind_timeout,
            enquire_link=self.enquire_link,
            enquire_timeout=self.enquire_link / 2,
            drain_timeout=self.drain_timeout,
        )

    def bind_pdu(self) -> op.Bind:
        """The bind as configured."""
        return BINDS[self.bind](
            system_id=self.system_id.encode("latin-1"),
            password=self.password.encode("latin-1"),
            system_type=self.system_type.encode("latin-1"),
            interface_version=op.InterfaceVersion.V34,
            addr_ton=self.address_ton,
            addr_npi=self.address_npi,
            address_range=self.address_range.encode("latin-1"),
        )
