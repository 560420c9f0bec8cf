"""The user data header of a short message and its information elements.

3GPP TS 23.040 §9.2.3.24; national language elements §9.2.3.24.15 and 16; command and response packets
TS 31.115 §4.2. Elements nobody knows are kept as they are. An element that contradicts itself (segment 0, or 4 of 3)
is ignored by the properties here, as §9.2.3.24.1 demands, and refused by the `decode` of its own class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from ..errors import BadValue, LocalError, Truncated
from ..octets import Cursor

CLAUSE = "TS 23.040 9.2.3.24"

IEI_CONCAT_8: Final = 0x00
IEI_PORTS_8: Final = 0x04
IEI_PORTS_16: Final = 0x05
IEI_CONCAT_16: Final = 0x08
IEI_SINGLE_SHIFT: Final = 0x24
IEI_LOCKING_SHIFT: Final = 0x25
IEI_COMMAND_PACKET: Final = 0x70
IEI_RESPONSE_PACKET: Final = 0x71

MAX_OCTETS = 140  #: a header fills at most the user data of one message


@dataclass(frozen=True, slots=True)
class Element:
    """One information element: identifier and value; the length is derived."""

    iei: int
    value: bytes = b""

    def encode(self) -> bytes:
        if not 0 <= self.iei <= 0xFF or len(self.value) > 0xFF:
            raise LocalError("IEI is an octet, a value has at most 255 octets", clause=CLAUSE)
        return bytes((self.iei, len(self.value))) + self.value


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Which segment of how many: IEI 00, or IEI 08 (`wide`: 16-bit reference). §9.2.3.24.1 and 8.

    >>> Concatenation(1, 3, 2).element().encode().hex()
    '0003010302'
    """

    reference: int
    total: int
    sequence: int
    wide: bool = False

    def element(self) -> Element:
        width = 2 if self.wide else 1
        if not (0 <= self.reference < 1 << 8 * width and 1 <= self.sequence <= self.total <= 0xFF):
            raise LocalError(
                f"segment {self.sequence} of {self.total}, reference {self.reference}", clause="TS 23.040 9.2.3.24.1"
            )
        value = self.reference.to_bytes(width, "big") + bytes((self.total, self.sequence))
        return Element(IEI_CONCAT_16 if self.wide else IEI_CONCAT_8, value)

    @classmethod
    def decode(cls, element: Element) -> Self:
        """From an element 00 or 08; BadValue where length, total or sequence cannot be."""
        wide = element.iei == IEI_CONCAT_16
        clause = "TS 23.040 9.2.3.24.8" if wide else "TS 23.040 9.2.3.24.1"
        value = element.value
        if element.iei not in (IEI_CONCAT_8, IEI_CONCAT_16) or len(value) != 3 + wide:
            raise BadValue(f"IEI {element.iei:02X} with {len(value)} octets", offset=0, clause=clause)
        total, sequence = value[-2], value[-1]
        if not 1 <= sequence <= total:
            raise BadValue(f"segment {sequence} of {total}", offset=len(value) - 2, clause=clause)
        return cls(int.from_bytes(value[:-2], "big"), total, sequence, wide)


@dataclass(frozen=True, slots=True)
class Ports:
    """Application ports: IEI 04 (8-bit) or 05 (`wide`: 16-bit). §9.2.3.24.3 and 4."""

    destination: int
    source: int
    wide: bool = True

    def element(self) -> Element:
        width = 2 if self.wide else 1
        if not (0 <= self.destination < 1 << 8 * width and 0 <= self.source < 1 << 8 * width):
            raise LocalError(f"ports {self.destination}, {self.source}", clause=_ports_clause(self.wide))
        value = self.destination.to_bytes(width, "big") + self.source.to_bytes(width, "big")
        return Element(IEI_PORTS_16 if self.wide else IEI_PORTS_8, value)

    @classmethod
    def decode(cls, element: Element) -> Self:
        """From an element 04 or 05; BadValue for another identifier or length."""
        wide = element.iei == IEI_PORTS_16
        width = 2 if wide else 1
        value = element.value
        if element.iei not in (IEI_PORTS_8, IEI_PORTS_16) or len(value) != 2 * width:
            raise BadValue(f"IEI {element.iei:02X} with {len(value)} octets", offset=0, clause=_ports_clause(wide))
        return cls(int.from_bytes(value[:width], "big"), int.from_bytes(value[width:], "big"), wide)


def _ports_clause(wide: bool) -> str:
    return "TS 23.040 9.2.3.24.4" if wide else "TS 23.040 9.2.3.24.3"


@dataclass(frozen=True, slots=True)
class UserDataHeader:
    """Information elements in the order they came; UDHL is derived.

    >>> UserDataHeader((Element(IEI_COMMAND_PACKET),)).encode().hex()
    '027000'
    """

    elements: tuple[Element, ...] = ()

    def encode(self) -> bytes:
        """UDHL and the elements; LocalError where they do not fit one message."""
        octets = b"".join([element.encode() for element in self.elements])
        if len(octets) >= MAX_OCTETS:
            raise LocalError(f"header of {len(octets) + 1} octets", clause=CLAUSE)
        return bytes((len(octets),)) + octets

    @classmethod
    def decode(cls, source: Cursor | bytes) -> Self:
        """UDHL and the elements it covers; a header in `bytes` must fill all of them."""
        if not isinstance(source, Cursor):
            whole = Cursor(source)
            header = cls.decode(whole)
            whole.expect_end("UDH")
            return header
        start = source.offset
        length = source.u8("UDHL")
        if length >= MAX_OCTETS:
            raise BadValue(f"UDHL {length}", offset=start, clause=CLAUSE)
        inner = source.sub(length, "UDH")
        elements: list[Element] = []
        while inner.remaining:
            iei = inner.u8("IEI")
            elements.append(Element(iei, inner.take(inner.u8("IEIDL"), f"IEI {iei:02X}")))
        return cls(tuple(elements))

    def find(self, iei: int) -> Element | None:
        """The last element with `iei`: it is the one that counts (§9.2.3.24)."""
        return next((element for element in reversed(self.elements) if element.iei == iei), None)

    @property
    def concatenation(self) -> Concatenation | None:
        """The last valid element 00 or 08."""
        for element in reversed(self.elements):
            if element.iei in (IEI_CONCAT_8, IEI_CONCAT_16):
                try:
                    return Concatenation.decode(element)
                except BadValue:
                    continue
        return None

    @property
    def ports(self) -> Ports | None:
        """The last valid element 04 or 05."""
        for element in reversed(self.elements):
            if element.iei in (IEI_PORTS_8, IEI_PORTS_16):
                try:
                    return Ports.decode(element)
                except BadValue:
                    continue
        return None

    @property
    def single_shift(self) -> int:
        """National language identifier of the extension table, 0 for the default one."""
        return self._language(IEI_SINGLE_SHIFT)

    @property
    def locking_shift(self) -> int:
        """National language identifier of the whole table, 0 for the default one."""
        return self._language(IEI_LOCKING_SHIFT)

    def _language(self, iei: int) -> int:
        element = self.find(iei)
        return element.value[0] if element is not None and len(element.value) == 1 else 0


def split_user_data(udhi: bool, user_data: bytes) -> tuple[UserDataHeader | None, bytes]:
    """Header and body of TP-UD as `user_data` holds it; no header where `udhi` is not set."""
    if not udhi:
        return None, user_data
    if not user_data:
        raise Truncated("UDHI without user data", offset=0, clause=CLAUSE)
    cursor = Cursor(user_data)
    header = UserDataHeader.decode(cursor)
    return header, cursor.rest()
