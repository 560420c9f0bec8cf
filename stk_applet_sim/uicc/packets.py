"""Who on the card takes command packets, by TAR, and what they are told about a packet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from telecom_codecs.card.identities import Tar
from telecom_codecs.sms.address import Address

from .profile import KeyEntry


@dataclass(frozen=True, slots=True)
class PacketContext:
    """How a packet came. `authentic`: its cryptographic check was good; `keys` is then the key set it used."""

    tar: Tar
    counter: int
    originator: Address
    authentic: bool
    keys: KeyEntry | None


#: Takes the data of a packet, gives the data of its PoR.
PacketReceiver = Callable[[bytes, PacketContext], bytes]


@dataclass(frozen=True, slots=True)
class Registration:
    """A receiver and its minimum security level, coded as SPI octet 1."""

    minimum_security: int
    receiver: PacketReceiver


class PacketReceivers:
    """TAR → receiver. What is not registered is asked of `installed`, for applications that come and go."""

    __slots__ = ("_fixed", "_installed")

    def __init__(self, installed: Callable[[Tar], Registration | None]) -> None:
        self._fixed: dict[Tar, Registration] = {}
        self._installed = installed

    def register(self, tar: Tar, minimum_security: int, receiver: PacketReceiver) -> None:
        """The last registration of a TAR counts."""
        self._fixed[tar] = Registration(minimum_security, receiver)

    def find(self, tar: Tar) -> Registration | None:
        return self._fixed.get(tar) or self._installed(tar)
