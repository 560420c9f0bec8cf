"""The data objects of other cards, the AT interface and the browser — TS 102 223 §8.33 to §8.51."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from ..errors import BadValue, LocalError
from .objects import DataObject, data_object
from .shapes import LatinObject, ListObject, OctetObject, OctetsObject


@data_object(0x20, "card reader status", "TS 102 223 8.33")
@dataclass(frozen=True, slots=True)
class CardReaderStatus(DataObject):
    """State of additional card reader 0 to 7."""

    reader: int
    removable: bool = False
    present: bool = False
    accepts_id_1: bool = False
    card_present: bool = False
    card_powered: bool = False

    @classmethod
    def decode(cls, value: bytes) -> Self:
        if len(value) != 1:
            raise BadValue(f"{len(value)} octets instead of 1", clause=cls.CLAUSE)
        flags = [bool(value[0] >> bit & 1) for bit in range(3, 8)]
        return cls(value[0] & 7, *flags)

    def encode(self) -> bytes:
        if not 0 <= self.reader <= 7:
            raise LocalError(f"card reader {self.reader}", clause=self.CLAUSE)
        flags = (self.removable, self.present, self.accepts_id_1, self.card_present, self.card_powered)
        return bytes((self.reader | sum(flag << 3 + at for at, flag in enumerate(flags)),))


@data_object(0x21, "card ATR", "TS 102 223 8.34")
class CardAtr(OctetsObject):
    """Answer to reset of the other card."""

    __slots__ = ()
    SIZE: ClassVar = range(1, 34)


@data_object(0x22, "C-APDU", "TS 102 223 8.35")
class CardCommand(OctetsObject):
    """Command for the other card; :mod:`telecom_codecs.card.apdu` reads it."""

    __slots__ = ()


@data_object(0x23, "R-APDU", "TS 102 223 8.36")
class CardResponse(OctetsObject):
    """The other card's response."""

    __slots__ = ()


@data_object(0x28, "AT command", "TS 102 223 8.40")
class AtCommand(LatinObject):
    """A command line of the AT interface."""

    __slots__ = ()


@data_object(0x29, "AT response", "TS 102 223 8.41")
class AtResponse(LatinObject):
    """The ME's answer to it."""

    __slots__ = ()


@data_object(0x3A, "card reader identifier", "TS 102 223 8.57")
class CardReaderIdentifier(OctetsObject):
    """Name of a card reader, as its maker coded it."""

    __slots__ = ()


@data_object(0x30, "browser identity", "TS 102 223 8.47", required=False)
class BrowserIdentity(OctetObject):
    """Which browser: 0 default, 1 WML, 2 HTML, 3 XHTML, 4 cHTML."""

    __slots__ = ()


@data_object(0x31, "URL", "TS 102 223 8.48", required=False)
class Url(LatinObject):
    """Address to open; empty for the ME's default."""

    __slots__ = ()


@data_object(0x32, "bearer", "TS 102 223 8.49", required=False)
class BearerList(ListObject):
    """Bearers in order of preference: 0 SMS, 1 CSD, 2 USSD, 3 packet data."""

    __slots__ = ()


@data_object(0x33, "provisioning reference file", "TS 102 223 8.50", required=False)
class ProvisioningFile(OctetsObject):
    """Path of a file with settings of the browser."""

    __slots__ = ()


@data_object(0x34, "browser termination cause", "TS 102 223 8.51")
class BrowserTermination(OctetObject):
    """0 the user closed the browser, 1 an error did."""

    __slots__ = ()
