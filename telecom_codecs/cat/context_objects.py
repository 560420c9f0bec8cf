"""Second meanings that one command, envelope or event gives to a tag — TS 101 220 table 7.23.

They are not in the registry; a message names them in its table or in its `meanings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from ..errors import BadValue, LocalError
from .channel_objects import OtherAddress
from .objects import DataObject, data_object
from .shapes import LatinObject, OctetObject, OctetsObject


@data_object(0x0F, "eCAT client identity", "TS 101 220 7.2", context=True)
class ClientIdentity(OctetsObject):
    """Which client of the encapsulated toolkit."""

    __slots__ = ()


@data_object(0x10, "encapsulated envelope type", "TS 101 220 7.2", context=True)
class EncapsulatedEnvelopeType(OctetObject):
    """What a container carries."""

    __slots__ = ()


@data_object(0x21, "eCAT sequence number", "TS 102 223 8.98", context=True)
@dataclass(frozen=True, slots=True)
class ContainerSequence(DataObject):
    """Two bits for the direction (0 command, 1 response, 2 and 3 profile container), 22 bits of counter."""

    kind: int
    counter: int

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 3:
            raise BadValue(f"{len(value)} octets instead of 3", clause=cls.CLAUSE)
        number = int.from_bytes(value, "big")
        return cls(number >> 22, number & 0x3FFFFF)

    def encode(self) -> bytes:
        if not (0 <= self.kind <= 3 and 0 <= self.counter < 1 << 22):
            raise LocalError("direction in two bits, counter in 22", clause=self.CLAUSE)
        return (self.kind << 22 | self.counter).to_bytes(3, "big")


@data_object(0x22, "encrypted TLV list", "TS 102 223 8.99", context=True)
class EncryptedObjects(OctetsObject):
    """Objects of a container, ciphered."""

    __slots__ = ()


@data_object(0x23, "SA template", "TS 102 223 8.101", context=True)
class SecurityTemplate(OctetsObject):
    """What the two ends agree on before they cipher."""

    __slots__ = ()


@data_object(0x3A, "refresh enforcement policy", "TS 102 223 8.103", context=True)
class RefreshEnforcement(OctetObject):
    """Bit 1: refresh even while the user is in a menu; bit 2: even in a data call; bit 3: even in a call."""

    __slots__ = ()


@data_object(0x40, "DNS server address", "TS 102 223 8.104", context=True)
class DnsServerAddress(OtherAddress):
    """Where the ME of this bearer asks for names."""

    __slots__ = ()


@data_object(0x1D, "data connection status", "TS 31.111 8.137", context=True)
class DataConnectionStatus(OctetObject):
    """0 successful, 1 rejected, 2 dropped."""

    __slots__ = ()


@data_object(0x2A, "data connection type", "TS 31.111 8.138", context=True)
class DataConnectionType(OctetObject):
    """0 PDP, 1 PDN, 2 PDU."""

    __slots__ = ()


@data_object(0x2E, "(E/5G)SM cause", "TS 31.111 8.139", context=True)
class SessionCause(OctetObject):
    """Cause of TS 24.008, 24.301 or 24.501 for a session."""

    __slots__ = ()


@data_object(0x0B, "PDP/PDN/PDU type", "TS 31.111 8.142", context=True)
class SessionType(OctetObject):
    """IP version of the session."""

    __slots__ = ()


@data_object(0x31, "IMS URI", "TS 31.111 8.108", context=True)
class ImsUri(LatinObject):
    """Who calls."""

    __slots__ = ()


@data_object(0x73, "URI truncated", "TS 31.111 8.135", context=True)
class UriTruncated(OctetsObject):
    """The IMS URI was too long."""

    __slots__ = ()


@data_object(0x7E, "media type", "TS 31.111 8.132", context=True)
class MediaType(OctetObject):
    """Bit 1 voice, bit 2 video."""

    __slots__ = ()


@data_object(0x55, "IMS call disconnection cause", "TS 31.111 8.133", context=True)
class ImsDisconnection(OctetsObject):
    """Protocol and cause."""

    __slots__ = ()


@data_object(0x57, "extended rejection cause code", "TS 31.111 8.134", context=True)
class ExtendedRejectionCause(OctetsObject):
    """Cause of the 5G network."""

    __slots__ = ()


@data_object(0x09, "PLMN identity", "TS 31.111 8.136", context=True)
class PlmnIdentity(OctetsObject):
    """Network of the closed subscriber group."""

    __slots__ = ()
    SIZE: ClassVar = range(3, 4)


@data_object(0x76, "IARI", "TS 31.111 8.110", context=True)
class ImsApplication(LatinObject):
    """IMS application reference identifier."""

    __slots__ = ()


@data_object(0x77, "IMPU list", "TS 31.111 8.111", context=True)
class PublicIdentities(OctetsObject):
    """Public identities that are registered."""

    __slots__ = ()


@data_object(0x78, "IMS status code", "TS 31.111 8.112", context=True)
class ImsStatus(LatinObject):
    """SIP status code of the registration."""

    __slots__ = ()
