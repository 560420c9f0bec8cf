"""The data objects of frames, multimedia messages, applications, contactless, position and home cells.

TS 102 223 §8.78 ff. and TS 31.111 §8."""

from __future__ import annotations

from typing import ClassVar

from .objects import data_object
from .shapes import LatinObject, OctetObject, OctetsObject


@data_object(0x66, "frame layout", "TS 102 223 8.78")
class FrameLayout(OctetsObject):
    """Direction and sizes of the frames."""

    __slots__ = ()


@data_object(0x67, "frames information", "TS 102 223 8.79")
class FramesInformation(OctetsObject):
    """Default frame and, for each, its size."""

    __slots__ = ()


@data_object(0x6A, "multimedia message reference", "TS 102 223 8.82")
class MultimediaReference(OctetsObject):
    """Reference of the message on its server."""

    __slots__ = ()


@data_object(0x6B, "multimedia message identifier", "TS 102 223 8.83")
class MultimediaIdentifier(OctetsObject):
    """Number of the message in its file."""

    __slots__ = ()


@data_object(0x6C, "multimedia message transfer status", "TS 102 223 8.84")
class MultimediaTransferStatus(OctetsObject):
    """How the transfer went."""

    __slots__ = ()


@data_object(0x6E, "multimedia message content identifier", "TS 102 223 8.85")
class MultimediaContent(OctetsObject):
    """Which part of the message."""

    __slots__ = ()


@data_object(0x6F, "multimedia message notification", "TS 102 223 8.86")
class MultimediaNotification(OctetsObject):
    """Notification as received from the network."""

    __slots__ = ()


@data_object(0x70, "last envelope", "TS 102 223 8.87")
class LastEnvelope(OctetsObject):
    """No more envelopes follow this one; the value is empty."""

    __slots__ = ()
    SIZE: ClassVar = range(1)


@data_object(0x71, "registry application data", "TS 102 223 8.88")
class RegistryApplication(OctetsObject):
    """Port, DCS and name of a terminal application."""

    __slots__ = ()


@data_object(0x7A, "broadcast network information", "TS 102 223 8.90")
class BroadcastNetwork(OctetsObject):
    """Technology and location of the broadcast network."""

    __slots__ = ()


@data_object(0x7B, "ACTIVATE descriptor", "TS 102 223 8.89")
class ActivateDescriptor(OctetObject):
    """What to activate: 1 the UICC-CLF interface."""

    __slots__ = ()


@data_object(0x53, "contactless functionality state request", "TS 102 223 8.91")
class ContactlessStateRequest(OctetObject):
    """0 disable, 1 enable."""

    __slots__ = ()


@data_object(0x54, "contactless functionality state", "TS 102 223 8.92")
class ContactlessState(OctetObject):
    """0 disabled, 1 enabled."""

    __slots__ = ()


@data_object(0x48, "CDMA SMS TPDU", "TS 102 223 8.71")
class CdmaSmsTpdu(OctetsObject):
    """A short message of 3GPP2 C.S0015."""

    __slots__ = ()


@data_object(0x55, "CSG cell selection status", "TS 31.111 8.101")
class CsgCellSelection(OctetsObject):
    """Two octets: general information and further cause."""

    __slots__ = ()


@data_object(0x56, "CSG ID", "TS 31.111 8.102")
class CsgIdentifier(OctetsObject):
    """Closed subscriber group of the cell."""

    __slots__ = ()


@data_object(0x57, "HNB name", "TS 31.111 8.103")
class HomeNodeName(OctetsObject):
    """Name of the home cell in UTF-8."""

    __slots__ = ()


@data_object(0x7E, "CSG ID list", "TS 31.111 8.100")
class CsgIdentifierList(OctetsObject):
    """PLMNs with their CSG identifiers and names."""

    __slots__ = ()


@data_object(0x60, "MAC", "TS 102 223 8.100")
class MessageAuthentication(OctetsObject):
    """Check over a secured container."""

    __slots__ = ()


@data_object(0x61, "emergency call object", "TS 31.111 8.104")
class EmergencyCall(OctetsObject):
    """The minimum set of an eCall."""

    __slots__ = ()


@data_object(0x76, "geographical location parameters", "TS 31.111 8.94")
class LocationParameters(OctetsObject):
    """Quality of the position wanted."""

    __slots__ = ()


@data_object(0x77, "GAD shapes", "TS 31.111 8.95")
class GadShape(OctetsObject):
    """Shape and velocity of TS 23.032."""

    __slots__ = ()


@data_object(0x78, "NMEA sentence", "TS 31.111 8.96")
class NmeaSentence(LatinObject):
    """A position as the receiver wrote it."""

    __slots__ = ()


@data_object(0x3B, "application specific refresh data", "TS 102 223 8.107")
class ApplicationRefresh(OctetsObject):
    """What the application asks the ME to refresh."""

    __slots__ = ()
